"""How long the core takes from a sample to its bits, in cycles, as the RTL states it."""

from __future__ import annotations

from ..golden.config import EncoderConfig
from ..hdl import encoder
from ..hdl.fifo import Fifo
from ..hdl.packer import Packer

_FRAMER = 1  # cycle: the register of the word on the link


def latency(config: EncoderConfig) -> dict[str, int]:
    """Return the cycles from a sample to what it becomes.

    Only what the pipeline takes. A code waits in the packer until its word of 32 bits is full or
    its packet ends, and no longer; a packet's words wait in the FIFO while its header goes out (and
    the metadata packet before a restart), and while the link is not ready. The packet need not be
    complete: its words leave while later samples come.

    Returns
    -------
    dict
        "code": to the sample's code at the packer. "word": from a packet's last sample to its last
        word at the FIFO; a word that is completed within a packet is there a cycle earlier. "link":
        to that word on the link, where the header has gone, the FIFO is empty and the link ready.
    """
    word = encoder.latency(config)
    return {"code": word - Packer.LATENCY, "word": word, "link": word + Fifo.LATENCY + _FRAMER}
