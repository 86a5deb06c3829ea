"""Neuropixels part numbers, and the table of sites (IMRO) that their family's ``.meta`` has.

Part numbers and table layouts: https://github.com/billkarsh/ProbeTable.
"""

from __future__ import annotations

from dataclasses import dataclass

_GAINS_1 = (50, 125, 250, 500, 1000, 1500, 2000, 3000)
_RANGE_1 = 0.6  # volts to full scale, at 10 bits


@dataclass(frozen=True)
class Family:
    """Probes whose table of sites is made alike.

    Attributes
    ----------
    imro_type : int
        Number of the table's layout.
    row : str
        A channel's entry in it.
    sites : int
        Channels that the family's smallest probe can have.
    fixed_gain : int
        0 where the gain is chosen for each recording.
    """

    imro_type: int
    row: str
    sites: int
    fixed_gain: int = 0

    @property
    def steps_512(self) -> bool:
        """Read by the rules of Neuropixels 1.0."""
        return self.fixed_gain == 0

    def gain(self, gain_uv: float) -> int:
        """The probe's own gain that comes nearest to ``gain_uv`` microvolts a step."""
        if self.fixed_gain:
            return self.fixed_gain
        return min(_GAINS_1, key=lambda gain: abs(_RANGE_1 * 1e6 / 512 / gain - gain_uv))


_ROW_1 = "{channel} 0 0 {gain} {gain} 1"  # bank, reference, AP gain, LF gain, filter
_ROW_2 = "{channel} 1 0 {channel}"  # bank mask, reference, electrode
_ROW_3 = "{channel} 0 0 {channel}"  # bank, reference, electrode
_ROW_SHANKS = "{channel} {shank} 0 0 {electrode}"  # shank, bank, reference, electrode
_SHANKS = 4
_SHANK_CHANNELS = 384  # the fewest that fill one shank before the next

_FAMILIES = {
    "NP1000 NP1001 NP1010 NP1011 NP1012 NP1013 NP1014 NP1015 NP1016 NP1017 NP1400 "
    "PRB_1_2_0480_2 PRB_1_4_0480_1 PRB_1_4_0480_1_C": Family(0, _ROW_1, 960),
    "NP1020 NP1021 NP1022": Family(1020, _ROW_1, 2496),
    "NP1030 NP1031 NP1032 NP1033 NP1040 NP1041 NP1042 NP1050 NP1051": Family(1030, _ROW_1, 4416),
    "NP1100": Family(1100, _ROW_1, 384),
    "NP1120": Family(1120, _ROW_1, 384),
    "NP1121": Family(1121, _ROW_1, 384),
    "NP1122": Family(1122, _ROW_1, 384),
    "NP1123": Family(1123, _ROW_1, 384),
    "NP1300": Family(1300, _ROW_1, 960),
    "NP1200 NP1210 NP3000": Family(1200, _ROW_1, 128),
    "NP2000 PRB2_1_2_0640_0": Family(21, _ROW_2, 1280, 80),
    "NP2003 NP2004 NP2005 NP2006 NP2300": Family(2003, _ROW_2, 1280, 100),
    "NP2010 PRB2_4_2_0640_0": Family(24, _ROW_SHANKS, 1280, 80),
    "NP2013 NP2014": Family(2013, _ROW_SHANKS, 5120, 100),
    "NP2020 NP2021 NP2022": Family(2020, _ROW_SHANKS, 5120, 100),
    "NP3010 NP3011 NP3012": Family(3010, _ROW_3, 1280, 100),
    "NP3020 NP3021 NP3022 NP3023 NP3024": Family(3020, _ROW_SHANKS, 5120, 100),
}
PROBES = {part: family for parts, family in _FAMILIES.items() for part in parts.split()}

_BY_BITS = {10: "NP1000", 14: "NP2000"}  # what a recording of that width most likely is


def resolve(name: str, channels: int, sample_bits: int) -> tuple[str, Family]:
    """The part number and family of the probe ``name``, or of one that stands in for it.

    One stands in where ``name`` is unknown, or has fewer sites than ``channels``.
    """
    if name in PROBES and channels <= PROBES[name].sites:
        return name, PROBES[name]
    part = _BY_BITS.get(sample_bits, "NP2003")
    if channels > PROBES[part].sites:
        part = "NP2020"
    return part, PROBES[part]


def imro(family: Family, channels: int, gain: int) -> str:
    """The table of sites, the lowest ones of each shank."""
    per_shank = max(_SHANK_CHANNELS, -(-channels // _SHANKS))
    rows = (
        family.row.format(channel=n, gain=gain, shank=n // per_shank, electrode=n % per_shank)
        for n in range(channels)
    )
    return f"({family.imro_type},{channels})" + "".join(f"({row})" for row in rows)
