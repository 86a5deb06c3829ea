"""The whole encoder: frames of samples to packets. decoder.py is its inverse.

gate -> delta -> (lms) ---------> zigzag -> fixed | rice | huffman -> auxiliary -> packer -> framer
gate -> (highpass) -> projection -> zigzag -> huffman -------------> auxiliary -> packer -> framer
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from . import auxiliary, delta, framer, gate, order, packer, zigzag
from .coders import coder, predictors
from .config import EncoderConfig
from .format import Flag, Kind, Mode
from .measurer import Measurer, coded, spread

_NO_CAUSE = Flag(0)


class Encoder:
    """One stream from reset on; each call of `packet` makes one data packet.

    Parameters
    ----------
    config : EncoderConfig

    Attributes
    ----------
    channel_bits : int64 (channels,)
        Payload bits so far, by channel.
    """

    def __init__(self, config: EncoderConfig) -> None:
        self.config = config
        self.channel_bits = np.zeros(config.channels, np.int64)
        self._mode = config.modes[0]
        self._channels = order.channels(config)
        self._coders = {mode: coder(config, mode) for mode in config.modes}
        self._predictors = predictors(config)
        self._measurer = Measurer(config.projection) if config.projection else None
        self._previous = np.zeros(config.channels, np.int64)
        self._previous_aux = 0
        self._raw = True  # nothing was coded since the restart
        self._fresh = True  # the next frame does not go on from the one before
        self._sequence = 0
        self._frame_index = 0
        self._drop_count = 0
        self._until_restart = 0  # packets

    def packet(
        self,
        samples: NDArray[np.int64],
        aux: NDArray[np.int64],
        *,
        mode: Mode | None = None,
        dropped: int = 0,
        cause: Flag = _NO_CAUSE,
        restart: bool = False,
    ) -> bytes:
        """Return one data packet, preceded by a metadata packet if it restarts.

        Parameters
        ----------
        samples : int64 (frames, channels)
        aux : int64 (frames,)
        mode : Mode, optional
            The coder; a change restarts. By default the one in use.
        dropped : int
            Frames dropped just before.
        cause : Flag
            OVERRUN and MISFRAME, as they happened just before. A disabled core drops frames for
            neither reason, and a frame that is too long drops none.
        restart : bool
            Force a restart, as the gate does after a broken frame, and after a packet without
            frames, which is what a frame broken off at once leaves.
        """
        if mode is not None and mode not in self._coders:
            raise ValueError(f"mode {mode!r} is not built: modes = {self.config.modes}")
        if mode is not None and mode != self._mode:
            self._mode, restart = mode, True
        self._fresh |= restart
        restart |= self._until_restart == 0
        self._frame_index += dropped
        self._drop_count += dropped
        flags = cause
        parts = []
        if restart:
            flags |= Flag.RESTART
            self._until_restart = self.config.restart_interval
            parts.append(self._frame(Kind.METADATA, flags, self.config.metadata, 0))
        self._until_restart = self._until_restart - 1 if len(samples) else 0
        payload = self._payload(samples, aux, restart)
        self._fresh = not len(samples)
        parts.append(self._frame(Kind.DATA, flags, payload, len(samples)))
        self._frame_index += len(samples)
        return b"".join(parts)

    def checked_packet(
        self,
        samples: NDArray[np.integer],
        aux: NDArray[np.integer] | None,
        frame: int,
        mode: Mode | None = None,
        dropped: int = 0,
    ) -> bytes:
        """Return a data packet as `packet` does; ``frame`` is the first's index in the recording.

        Raises ``ValueError`` where a value does not fit its width; it names frame and channel.
        """
        rows = samples.astype(np.int64)
        words = np.zeros(len(rows), np.int64) if aux is None else aux.astype(np.int64)
        check_range(self.config, rows, words, frame)
        cause = Flag.OVERRUN if dropped else _NO_CAUSE
        return self.packet(rows, words, mode=mode, dropped=dropped, cause=cause)

    def packets(
        self,
        samples: NDArray[np.integer],
        aux: NDArray[np.integer] | None = None,
        dropped: NDArray[np.bool_] | None = None,
    ) -> Iterator[bytes]:
        """Yield the packets of a recording.

        Parameters
        ----------
        samples : integer (frames, channels)
            Signed values within ``config.sample_bits``.
        aux : integer (frames,), optional
            Auxiliary words; zeros by default.
        dropped : bool (frames,), optional
            Frames to leave out, as an overrun link does.

        Raises
        ------
        ValueError
            Where the shape does not match, or a value does not fit its width; the message names
            the frame and channel.
        """
        config = self.config
        samples = np.asarray(samples)
        if samples.ndim != 2 or samples.shape[1] != config.channels:
            raise ValueError(f"samples have shape {samples.shape}, not (frames, {config.channels})")
        words = np.zeros(len(samples), np.int64) if aux is None else np.asarray(aux)
        mask = np.zeros(len(samples), bool) if dropped is None else np.asarray(dropped)
        for name, values in (("aux", words), ("dropped", mask)):
            if values.shape != (len(samples),):
                raise ValueError(f"{name} has shape {values.shape}, not ({len(samples)},)")
        for name, values, kind in (
            ("samples", samples, np.integer),
            ("aux", words, np.integer),
            ("dropped", mask, np.bool_),
        ):
            if not np.issubdtype(values.dtype, kind):
                raise ValueError(f"{name} must be of type {kind.__name__}, not {values.dtype}")
        for start, stop, lost in gate.plan(config, mask):
            yield self.checked_packet(samples[start:stop], words[start:stop], start, dropped=lost)

    def _frame(self, kind: Kind, flags: Flag, payload: bytes, frames: int) -> bytes:
        position = framer.Position(self._sequence, self._frame_index, self._drop_count)
        self._sequence += 1
        return framer.packet(self.config, kind, self._mode, flags, position, payload, frames)

    def _payload(self, samples: NDArray[np.int64], aux: NDArray[np.int64], restart: bool) -> bytes:
        coder = self._coders[self._mode]
        if restart:
            self._previous[:] = 0
            for predictor in self._predictors.values():
                predictor.restart()
            coder.restart()
            self._raw = True
        samples = samples[:, self._channels]
        if self._mode == Mode.PROJECTION:
            assert self._measurer is not None
            residuals = self._measurer.encode(samples, self._fresh)
        else:
            residuals = delta.encode(samples, self._previous, self.config.sample_bits)
            if self._mode in self._predictors:
                residuals = self._predictors[self._mode].encode(residuals)
        codes = coder.encode(zigzag.encode(residuals), self._raw)
        codes = spread(codes, coded(self.config, self._mode, len(samples)))
        self._raw &= not codes.length.any()
        codes = auxiliary.encode(codes, aux, self._previous_aux, self.config, restart)
        if len(samples):
            self._previous, self._previous_aux = samples[-1].copy(), int(aux[-1])
        self.channel_bits[self._channels] += codes.length.sum(axis=0)
        return framer.words_to_bytes(packer.encode(codes))


def encode(
    config: EncoderConfig,
    samples: NDArray[np.integer],
    aux: NDArray[np.integer] | None = None,
    dropped: NDArray[np.bool_] | None = None,
) -> Iterator[bytes]:
    """Yield the packets of a recording; see `Encoder.packets`."""
    return Encoder(config).packets(samples, aux, dropped)


def check_range(
    config: EncoderConfig, samples: NDArray[np.integer], aux: NDArray[np.integer], frame: int
) -> None:
    """Raise ``ValueError`` where a value does not fit its width; ``frame`` is the first's index."""
    half = 1 << (config.sample_bits - 1)
    _check_range(samples, -half, half, f"{config.sample_bits}-bit sample", frame)
    _check_range(aux, 0, 1 << config.aux_bits, f"{config.aux_bits}-bit aux word", frame)


def _check_range(values: NDArray[np.integer], low: int, high: int, what: str, frame: int) -> None:
    bad = np.argwhere((values < low) | (values >= high))
    if len(bad):
        place = f"frame {frame + bad[0][0]}" + "".join(f", channel {c}" for c in bad[0][1:])
        raise ValueError(f"{place}: {values[tuple(bad[0])]} does not fit a {what}")
