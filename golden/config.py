"""The encoder's configuration: frozen, validated, with named presets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .errors import ConfigError, check_range, require
from .format import (
    HUFFMAN_ESCAPE_ZEROS,
    MAX_CODE_BITS,
    MAX_PACKET_FRAMES,
    MAX_PAYLOAD_WORDS,
    METADATA,
    ORDER_STEPS,
    RICE_ESCAPE_ZEROS,
    WORD_BITS,
    Family,
    Mode,
    Order,
)
from .projection_config import ProjectionConfig

_SAMPLES_PER_PACKET = 1 << 16  # keeps the 44 bytes around a payload near 0.005 bit/sample
_FRAMES_PER_RESTART = 7500  # what a restart costs, by mode: docs/design.md
_WORDS_UNDER_WAY = 32  # in the pipeline before the FIFO, and headers while the payload waits


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
    projection : ProjectionConfig, optional
        High-pass and matrix of mode PROJECTION; ``None`` (default) takes the default ones.
    packet_frames : int
        Frames in a packet; with mode PROJECTION whole windows. ``0`` (default) takes about 65,536
        samples.
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
    projection: ProjectionConfig | None = None
    packet_frames: int = 0
    restart_interval: int = 0
    fifo_words: int = 0
    stream_id: int = 0
    rate_hz: float = 30_000.0
    lsb_uv: float = 0.0
    probe: str = ""

    def __post_init__(self) -> None:
        check_range(self, "channels", 2, 4096)
        check_range(self, "sample_bits", 8, 16)
        check_range(self, "aux_bits", 0, 16)
        check_range(self, "stream_id", 0, 255)
        require(
            isinstance(self.modes, tuple)
            and len(self.modes) > 0
            and len(set(self.modes)) == len(self.modes)
            and set(self.modes) <= set(Mode),
            f"modes must be a tuple of Mode, at least one and none twice, not {self.modes!r}",
        )
        self._check_order()
        self._default("fixed_bits", self.sample_bits // 2 + 1)
        check_range(self, "fixed_bits", 2, self.sample_bits)
        self._check_projection()
        fit = self._most_frames()
        about = min(_SAMPLES_PER_PACKET // self.channels, _FRAMES_PER_RESTART)
        step = self.projection.window if self.projection else 1
        self._default("packet_frames", max(1, min(about, fit) // step) * step)
        check_range(self, "packet_frames", 1, MAX_PACKET_FRAMES)
        require(
            self.packet_frames % step == 0,
            f"packet_frames = {self.packet_frames} are no whole windows of {step} frames; use "
            f"{max(1, self.packet_frames // step) * step}",
        )
        self._default("restart_interval", max(1, _FRAMES_PER_RESTART // self.packet_frames))
        check_range(self, "restart_interval", 1, 65535)
        self._check_metadata()
        require(
            self.max_code_bits <= MAX_CODE_BITS,
            f"an auxiliary word of {self.aux_bits} bits on {self.channels} channels makes codes of "
            f"{self.max_code_bits} bits, over {MAX_CODE_BITS}; use fewer auxiliary bits",
        )
        require(
            self.packet_frames <= self._most_frames(),
            f"packet_frames = {self.packet_frames} may fill more than {MAX_PAYLOAD_WORDS} words; "
            f"use at most {self._most_frames()} frames"
            + (f", or windows shorter than {step}" if step > self._most_frames() else ""),
        )
        needed = self.max_frame_words + self.max_frame_words // 4 + _WORDS_UNDER_WAY
        self._default("fifo_words", max(64, 1 << (needed - 1).bit_length()))
        check_range(self, "fifo_words", 1, 1 << 16)

    def _most_frames(self) -> int:
        """The most frames whose codes fit into a packet, whatever they are."""
        room = MAX_PAYLOAD_WORDS * WORD_BITS
        if self.projection and len(self.modes) == 1:  # most frames have no codes
            codes = self.max_frame_bits * self.projection.measurements
            window = codes + self.projection.window * (self.aux_bits + (self.aux_bits > 0))
            return room // window * self.projection.window
        return room // self.max_frame_bits

    def _default(self, name: str, value: int) -> None:
        if getattr(self, name) == 0:
            object.__setattr__(self, name, value)

    def _check_order(self) -> None:
        require(isinstance(self.order, Order), f"order must be an Order, not {self.order!r}")
        steps = ORDER_STEPS[self.order]
        require(
            steps == 1 or self.channels % (2 * steps) == 0,
            f"order {self.order.name.lower()} needs a multiple of {2 * steps} channels, "
            f"not {self.channels}; use another order",
        )

    def _check_projection(self) -> None:
        if Mode.PROJECTION not in self.modes:
            require(self.projection is None, "projection is for mode projection; leave it out")
            return
        given = self.projection or ProjectionConfig()
        # A shift that was settled for samples of another width is settled anew.
        untold = given.sample_bits != self.sample_bits and given.shift == given.least_shift
        own = replace(
            given,
            channels=self.channels,
            sample_bits=self.sample_bits,
            shift=0 if untold else given.shift,
        )
        object.__setattr__(self, "projection", own)

    def _check_metadata(self) -> None:
        require(
            1e-3 <= self.rate_hz <= 1e9,  # in microhertz, 64 bits
            f"rate_hz must be from 0.001 to 1e9 Hz, not {self.rate_hz!r}",
        )
        require(
            0 <= self.lsb_uv <= 4294,  # in picovolts, 32 bits
            f"lsb_uv must be from 0 to 4294 microvolts, not {self.lsb_uv!r}",
        )
        require(
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

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> EncoderConfig:
        """Return what ``json.loads`` makes of ``json.dumps(dataclasses.asdict(config))``."""
        fields = dict(told)
        fields["modes"] = tuple(Mode(mode) for mode in fields["modes"])
        fields["order"] = Order(fields["order"])
        if matrix := fields["projection"]:
            rows = tuple(map(tuple, matrix["coefficients"]))
            own = {"family": Family(matrix["family"]), "coefficients": rows}
            fields["projection"] = ProjectionConfig(**matrix | own)
        return cls(**fields)

    @property
    def aux_group_bits(self) -> int:
        """Bits of a changed auxiliary word that ride on each code after a frame's first."""
        return -(-self.aux_bits // (self.channels - 1))

    def symbol_bits(self, mode: Mode) -> int:
        """Width of the symbols of ``mode``: W, or what is sent of a measurement."""
        if mode == Mode.PROJECTION and self.projection is not None:
            return self.projection.code_bits
        return self.sample_bits

    @property
    def max_code_bits(self) -> int:
        """Longest code of any mode built, auxiliary bits included."""
        longest = {
            Mode.FIXED: self.sample_bits + (self.fixed_bits % self.sample_bits),
            Mode.RICE: RICE_ESCAPE_ZEROS + self.sample_bits,
            Mode.HUFFMAN: HUFFMAN_ESCAPE_ZEROS + self.sample_bits,
            Mode.ADAPTIVE: HUFFMAN_ESCAPE_ZEROS + self.sample_bits,
            Mode.PROJECTION: HUFFMAN_ESCAPE_ZEROS + self.symbol_bits(Mode.PROJECTION),
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

    def extension(self, mode: Mode) -> bytes:
        """The words between header and payload for ``mode``."""
        return self.projection.extension if self.projection and mode == Mode.PROJECTION else b""

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
    "projection": EncoderConfig(
        modes=(Mode.HUFFMAN, Mode.PROJECTION), projection=ProjectionConfig(hold=4)
    ),
}
