"""The encoder's configuration: frozen, validated, with named presets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .format import (
    HUFFMAN_ESCAPE_ZEROS,
    MAX_CODE_BITS,
    MAX_PACKET_FRAMES,
    MAX_PAYLOAD_WORDS,
    METADATA,
    ORDER_STEPS,
    RICE_ESCAPE_ZEROS,
    WORD_BITS,
    Mode,
    Order,
)

_SAMPLES_PER_PACKET = 1 << 16  # keeps the 44 bytes around a payload near 0.005 bit/sample
_FRAMES_PER_RESTART = 7500  # what a restart costs, by mode: docs/design.md
_WORDS_UNDER_WAY = 32  # in the pipeline before the FIFO, and headers while the payload waits


class ConfigError(ValueError):
    """A configuration that cannot be built; the message says why and what to change."""


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ConfigError(message)


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """What is fixed when the core is elaborated.

    Parameters
    ----------
    channels : int
        Samples in a frame, 2 … 4096.
    sample_bits : int
        Width W of the signed samples, 8 … 16.
    aux_bits : int
        Width of the auxiliary word that travels with each frame, 0 … 16.
    order : Order
        The order in which the source delivers a frame's channels. Recordings and decoded samples
        are in channel order, whatever it is.
    modes : tuple of Mode
        The coders to build; a register picks among them. The first is active after reset.
    fixed_bits : int
        Symbol width w of mode FIXED, 2 … W. ``0`` (default) takes W // 2 + 1.
    packet_frames : int
        Frames in a packet. ``0`` (default) takes about 65,536 samples.
    restart_interval : int
        Packets from one restart to the next, 1 … 65535: the reset value of a register. ``0``
        (default) takes about 7,500 frames.
    fifo_words : int
        Depth of the output FIFO in 32-bit words. ``0`` (default) takes the smallest power of two
        that holds one worst-case frame, a quarter more, and 32 words.
    stream_id : int
        Names the probe where several share a capture, 0 … 255: the reset value of a register.
    rate_hz : float
        Frames a second, for the metadata packet.
    lsb_uv : float
        Microvolts of one ADC step at the electrode, for the metadata packet; 0 where unknown.
    probe : str
        Probe name for the metadata packet, up to 16 ASCII characters.

    Raises
    ------
    ConfigError
        Where a value is out of range or the values do not go together.
    """

    channels: int = 384
    sample_bits: int = 10
    aux_bits: int = 0
    order: Order = Order.SEQUENTIAL
    modes: tuple[Mode, ...] = (Mode.RICE,)
    fixed_bits: int = 0
    packet_frames: int = 0
    restart_interval: int = 0
    fifo_words: int = 0
    stream_id: int = 0
    rate_hz: float = 30_000.0
    lsb_uv: float = 0.0
    probe: str = ""

    def __post_init__(self) -> None:
        self._check_range("channels", 2, 4096)
        self._check_range("sample_bits", 8, 16)
        self._check_range("aux_bits", 0, 16)
        self._check_range("stream_id", 0, 255)
        _require(
            isinstance(self.modes, tuple)
            and len(self.modes) > 0
            and len(set(self.modes)) == len(self.modes)
            and set(self.modes) <= set(Mode),
            f"modes must be a tuple of Mode, at least one and none twice, not {self.modes!r}",
        )
        self._check_order()
        self._default("fixed_bits", self.sample_bits // 2 + 1)
        self._check_range("fixed_bits", 2, self.sample_bits)
        fit = MAX_PAYLOAD_WORDS * WORD_BITS // self.max_frame_bits
        about = min(_SAMPLES_PER_PACKET // self.channels, _FRAMES_PER_RESTART)
        self._default("packet_frames", max(1, min(about, fit)))
        self._check_range("packet_frames", 1, MAX_PACKET_FRAMES)
        self._default("restart_interval", max(1, _FRAMES_PER_RESTART // self.packet_frames))
        self._check_range("restart_interval", 1, 65535)
        self._check_metadata()
        _require(
            self.max_code_bits <= MAX_CODE_BITS,
            f"an auxiliary word of {self.aux_bits} bits on {self.channels} channels makes codes of "
            f"{self.max_code_bits} bits, over {MAX_CODE_BITS}; use fewer auxiliary bits",
        )
        words = -(-self.packet_frames * self.max_frame_bits // WORD_BITS)
        _require(
            words <= MAX_PAYLOAD_WORDS,
            f"packet_frames = {self.packet_frames} may fill {words} words, over "
            f"{MAX_PAYLOAD_WORDS}; use at most "
            f"{MAX_PAYLOAD_WORDS * WORD_BITS // self.max_frame_bits} frames",
        )
        needed = self.max_frame_words + self.max_frame_words // 4 + _WORDS_UNDER_WAY
        self._default("fifo_words", max(64, 1 << (needed - 1).bit_length()))
        self._check_range("fifo_words", 1, 1 << 16)

    def _default(self, name: str, value: int) -> None:
        if getattr(self, name) == 0:
            object.__setattr__(self, name, value)

    def _check_range(self, name: str, low: int, high: int) -> None:
        value = getattr(self, name)
        _require(
            isinstance(value, int) and low <= value <= high,
            f"{name} must be a whole number from {low} to {high}, not {value!r}",
        )

    def _check_order(self) -> None:
        _require(isinstance(self.order, Order), f"order must be an Order, not {self.order!r}")
        steps = ORDER_STEPS[self.order]
        _require(
            steps == 1 or self.channels % (2 * steps) == 0,
            f"order {self.order.name.lower()} needs a multiple of {2 * steps} channels, "
            f"not {self.channels}; use another order",
        )

    def _check_metadata(self) -> None:
        _require(
            1e-3 <= self.rate_hz <= 1e9,  # in microhertz, 64 bits
            f"rate_hz must be from 0.001 to 1e9 Hz, not {self.rate_hz!r}",
        )
        _require(
            0 <= self.lsb_uv <= 4294,  # in picovolts, 32 bits
            f"lsb_uv must be from 0 to 4294 microvolts, not {self.lsb_uv!r}",
        )
        _require(
            isinstance(self.probe, str)
            and self.probe.isascii()
            and len(self.probe) * 8 <= METADATA.fields["probe"],
            f"probe must be at most 16 ASCII characters, not {self.probe!r}",
        )

    @classmethod
    def preset(cls, name: str, **changes: Any) -> EncoderConfig:
        """Return the preset ``name`` with ``changes`` to its fields."""
        if name not in PRESETS:
            raise ConfigError(f"no preset is named {name!r}; there are {', '.join(PRESETS)}")
        return replace(PRESETS[name], **(_UNSET | changes))

    @property
    def aux_group_bits(self) -> int:
        """Bits of a changed auxiliary word that ride on each code after a frame's first."""
        return -(-self.aux_bits // (self.channels - 1))

    @property
    def max_code_bits(self) -> int:
        """Longest code of any mode built, auxiliary bits included."""
        longest = {
            Mode.FIXED: self.sample_bits + (self.fixed_bits % self.sample_bits),
            Mode.RICE: RICE_ESCAPE_ZEROS + self.sample_bits,
            Mode.HUFFMAN: HUFFMAN_ESCAPE_ZEROS + self.sample_bits,
            Mode.ADAPTIVE: HUFFMAN_ESCAPE_ZEROS + self.sample_bits,
        }
        return max(longest[mode] for mode in self.modes) + self.aux_group_bits

    @property
    def max_frame_bits(self) -> int:
        """Longest frame of any mode built, auxiliary word included."""
        code_bits = self.max_code_bits - self.aux_group_bits
        return self.channels * code_bits + self.aux_bits + (self.aux_bits > 0)

    @property
    def max_frame_words(self) -> int:
        """``max_frame_bits`` in whole words."""
        return -(-self.max_frame_bits // WORD_BITS)

    @property
    def metadata(self) -> bytes:
        """The metadata packet's payload."""
        return METADATA.pack(
            rate_microhertz=round(self.rate_hz * 1e6),
            lsb_picovolts=round(self.lsb_uv * 1e6),
            probe=int.from_bytes(self.probe.encode("ascii").ljust(16, b"\0"), "big"),
            packet_frames=self.packet_frames,
            restart_interval=self.restart_interval,
        )

    def parameter(self, mode: Mode) -> int:
        """The header's ``parameter`` field for ``mode``."""
        return self.fixed_bits if mode == Mode.FIXED else 0


# Values that depend on others are chosen anew when a preset is changed.
_UNSET: dict[str, Any] = {
    "fixed_bits": 0,
    "packet_frames": 0,
    "restart_interval": 0,
    "fifo_words": 0,
}

PRESETS = {
    "fixed": EncoderConfig(modes=(Mode.FIXED,)),
    "tiny": EncoderConfig(modes=(Mode.RICE,)),
    "small": EncoderConfig(modes=(Mode.HUFFMAN,)),
    "adaptive": EncoderConfig(modes=(Mode.ADAPTIVE,)),
    "dual": EncoderConfig(modes=(Mode.RICE, Mode.FIXED)),
}
