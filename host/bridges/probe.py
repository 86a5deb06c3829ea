"""The probe behind a recording: where its sites are, and when each channel is sampled.

A stream names the probe's part number, but not the sites that were selected on it.
"""

from __future__ import annotations

import re

import numpy as np
import probeinterface
from numpy.typing import NDArray

from ...golden import order
from ...golden.config import EncoderConfig
from ...golden.format import ORDER_STEPS, Order

# Steps of an ADC in a frame: that of Neuropixels 1.0 takes one more, for the LF band.
_CYCLES = {Order.NP1: ORDER_STEPS[Order.NP1] + 1, Order.NP2: ORDER_STEPS[Order.NP2]}
_NO_BANKS = ("NP1110",)  # its sites are selected by groups


def catalogue_probe(part_number: str) -> probeinterface.Probe | None:
    """Return the probe with all its sites; None where the number is unknown."""
    try:
        return probeinterface.neuropixels_tools.build_neuropixels_probe(part_number)
    except KeyError:
        return None


def assume_sites(
    full: probeinterface.Probe, channels: int
) -> tuple[probeinterface.Probe | None, str]:
    """Return the probe with the sites that its channels have at first, and what to say of it.

    These are bank 0: channel n at site n. With several shanks there is no usual selection.

    Parameters
    ----------
    full : Probe
        As `catalogue_probe` gives it.
    channels : int

    Returns
    -------
    probe : Probe or None
        None where no selection can be assumed.
    note : str
        A sentence; "" where there are no other sites than these.
    """
    name, contacts = full.model_name, full.get_contact_count()
    note = f"the capture does not tell which sites of its {name} were selected"
    whole = channels == full.annotations["num_readout_channels"] <= contacts
    if full.shank_ids is not None or name in _NO_BANKS or not whole:
        return None, f"{note}, so it has no probe: give probe"
    probe = full.get_slice(np.arange(channels))
    probe.set_device_channel_indices(np.arange(channels))
    return probe, f"{note}; the first {channels} are assumed: give probe" * (contacts > channels)


def sample_shifts(
    config: EncoderConfig, probe: probeinterface.Probe | None
) -> NDArray[np.float64] | None:
    """Return when each channel is sampled, in frames after the first: float64 (channels,).

    By the order in which the source delivers its channels; where that is sequential, by the table
    of the probe's ADCs, if it has just these channels. None where neither tells.
    """
    if config.order in _CYCLES:
        steps = np.arange(config.channels) // (config.channels // ORDER_STEPS[config.order])
        shifts = np.empty(config.channels)
        shifts[order.channels(config)] = steps / _CYCLES[config.order]
        return shifts
    about = {} if probe is None else probe.annotations
    size, *rows = re.findall(r"\(([^()]*)\)", about.get("adc_sampling_table", "")) or [""]
    groups = [np.array(row.split(), int) for row in rows]  # sampled at once, one by each ADC
    listed = np.sort(np.concatenate(groups)) if groups else np.empty(0)
    if not np.array_equal(listed, np.arange(config.channels)):
        return None
    lf, ap = about["lf_sample_frequency_hz"], about["ap_sample_frequency_hz"]
    cycles = int(int(size.split(",")[1]) * (1 + lf / ap))
    shifts = np.empty(config.channels)
    for step, group in enumerate(groups):
        shifts[group] = step / cycles
    return shifts
