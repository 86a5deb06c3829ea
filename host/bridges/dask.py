"""Captures on Dask: lazy arrays for any of its schedulers, and decoding on a cluster's workers.

Each part (parts.py) travels by itself: where the file is, and what the index tells of it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..blocks import CaptureError, Flaw, Piece
from ..capture import Capture
from ..fill import Fill
from ..reader import Reader
from ..recording import write_recording
from ..timeline import Outline
from .parts import Part, cut, path_of

if TYPE_CHECKING:
    import dask.array as da
    import distributed

_CHUNK_BYTES = 64_000_000  # of a Dask array: what Dask advises
_PART_BYTES = 16_000_000  # of a task of `decode_to`: progress is smooth, little is done twice
_CONNECT_S = 8.0
_PATIENCE_S = 30.0  # without any worker: one that died is restarted sooner
_TICK_S = 0.5
_TRANSFER_S = 60.0  # of one part


class ClusterError(CaptureError):
    """A cluster that cannot be used; the message says why and what to do."""


def to_dask(capture: Capture, chunk_frames: int | None = None) -> da.Array:
    """Return the samples (frames, channels) as a Dask array, gaps filled as the capture has them.

    Computing a chunk with a gap raises `MissingFrames` where the capture's ``fill`` is "error".

    Parameters
    ----------
    chunk_frames : int, optional
        Frames of a chunk, about 64 MB by default. A chunk holds whole blocks, at least one: it is
        shorter where they do not fit evenly, and longer where restarts are farther apart.

    Raises
    ------
    CaptureError
        Where Dask is not installed, or the capture was not opened by its path.
    """
    array, base = _package("dask.array"), _package("dask.base")
    if chunk_frames is not None and chunk_frames < 1:
        raise CaptureError(f"a chunk cannot have {chunk_frames} frames: give 1 or more")
    outline, policy = capture.outline, capture._policy
    step = chunk_frames or _CHUNK_BYTES // (capture.dtype.itemsize * capture.shape[1])
    span = outline.first_frame, outline.first_frame + outline.frames
    parts = list(cut(capture._reader, outline, *span, step, held=policy == Fill.HOLD))
    if not parts:
        return array.zeros(capture.shape, dtype=capture.dtype)
    # Named after what it holds: the same path with other content is another array.
    name = "probecodec-" + base.tokenize(pickle.dumps((parts, policy)))
    graph = {(name, n, 0): (_samples, part, policy) for n, part in enumerate(parts)}
    rows = tuple(part.stop - part.start for part in parts)
    return array.Array(graph, name, (rows, (capture.shape[1],)), capture.dtype)


def decode_to(
    capture: Capture,
    out: str | Path,
    scheduler: str,
    *,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write ``out`` as `write_recording` does, byte for byte, decoded on the workers of a cluster.

    No more than a few parts for each of their threads are under way, and one is here. What a worker
    was to decode when it died, others decode.

    Parameters
    ----------
    out : path
        ``.bin`` or ``.npy``.
    scheduler : str
        Address of the Dask scheduler, as tcp://HOST:8786.
    force : bool
        Replace ``out`` where it exists.
    progress : callable, optional
        Called as ``progress(done, total)``, in frames.

    Raises
    ------
    ClusterError
        Where Dask is not installed, the scheduler cannot be reached or loses its last worker, or a
        worker has not this version of the package, or not the capture.
    CaptureError, RecordingError, OSError
        As `Capture.chunks` and `write_recording` raise.
    """
    with _connected(scheduler) as client:
        reader = _ClusterReader(capture._reader, client)
        reader.check_workers()
        remote = Capture(reader, capture._policy, capture.number)
        write_recording(out, remote, force=force, progress=progress)


class _ClusterReader(Reader):
    """Reads a capture as ``local`` does, but streams what workers of a cluster decode."""

    def __init__(self, local: Reader, client: distributed.Client) -> None:
        super().__init__(local.source, local.index)
        self.flaws = local.flaws  # those that workers meet are for the report here
        self._client, self._scheduler = client, client.scheduler.address

    def check_workers(self) -> None:
        """Raise unless there are workers, all with this package, and with the capture."""
        own, path, size = version("probecodec"), path_of(self.source), self.index.size
        try:
            self._client.wait_for_workers(1, timeout=_PATIENCE_S)
        except TimeoutError:
            raise self._alone() from None
        for worker, found in self._ask(version, "probecodec"):
            if found != own:
                has = "no probecodec" if isinstance(found, Exception) else f"probecodec {found}"
                raise ClusterError(f"worker {worker} has {has}: install {own} there, as here")
        for worker, found in self._ask(os.path.getsize, path):
            if isinstance(found, Exception):
                sees = f"cannot read {path} ({getattr(found, 'strerror', None) or found})"
            elif found < size:
                sees = f"sees another {path}, of {found} bytes, not {size}"
            else:
                continue
            raise ClusterError(f"worker {worker} {sees}: put the capture where all workers see it")

    def _ask(self, function: Callable[[str], Any], argument: str) -> list[tuple[str, Any]]:
        """Call a function of the standard library on all workers: their answers, or exceptions."""
        answers = self._client.run(function, argument, on_error="return")

        def gone(answer: Any) -> bool:  # just now: others take over
            return isinstance(answer, OSError) and answer.errno is None

        return [(worker, answer) for worker, answer in answers.items() if not gone(answer)]

    def stream(self, outline: Outline, start: int, stop: int) -> Iterator[Piece]:
        """Yield frames ``start`` to ``stop`` - 1 in order, a part at once."""
        step = _PART_BYTES // (2 * outline.config.channels)
        ahead = 2 * sum(self._client.nthreads().values()) + 1
        pending: deque[tuple[Part, distributed.Future]] = deque()
        for part in cut(self, outline, start, stop, step):
            # Retried where a file system hiccups; that a worker dies does not count.
            future = self._client.submit(_read, part, retries=2, pure=False)
            pending.append((part, future))
            if len(pending) > ahead:
                yield self._take(outline, *pending.popleft())
        while pending:
            yield self._take(outline, *pending.popleft())

    def _take(self, outline: Outline, part: Part, future: distributed.Future) -> Piece:
        """Wait for a part, and note its flaws."""
        piece, flaws = self._wait(part, future)
        with self._lock:
            known = {flaw.gap for one, flaw in self.flaws if one is outline}
            self.flaws += [(outline, flaw) for flaw in flaws if flaw.gap not in known]
        # What came over the network may be read-only; gaps are yet to be filled.
        return Piece(piece.start, *(np.require(each, requirements="W") for each in piece[1:]))

    def _wait(self, part: Part, future: distributed.Future) -> tuple[Piece, list[Flaw]]:
        """What came of a part; raise where that is an error, or nothing can come any longer."""
        seen = time.monotonic()  # a worker
        try:
            while True:
                with suppress(TimeoutError):
                    if error := future.exception(timeout=_TICK_S):
                        break
                    return future.result(timeout=_TRANSFER_S)
                if self._client.nthreads():
                    seen = time.monotonic()
                elif time.monotonic() - seen > _PATIENCE_S:
                    raise self._alone()
        except (CancelledError, _package("distributed").comm.CommClosedError):
            raise ClusterError(
                f"the Dask scheduler at {self._scheduler} is gone: start it and its workers again, "
                "and decode again"
            ) from None
        raise self._explained(part, error) from None

    def _alone(self) -> ClusterError:
        return ClusterError(
            f"the Dask scheduler at {self._scheduler} has had no worker for {_PATIENCE_S:g} s: "
            f"start some with dask worker {self._scheduler}"
        )

    def _explained(self, part: Part, error: BaseException) -> BaseException:
        """Why a part was given up."""
        frames = f"frames {part.start} to {part.stop - 1}"
        if isinstance(error, _package("distributed").KilledWorker):
            return ClusterError(
                f"several workers died over {frames}: see their logs, or give them more memory"
            )
        if isinstance(error, CaptureError | OSError) and not isinstance(error, TimeoutError):
            return error  # as if it had been decoded here
        return ClusterError(f"a worker failed on {frames}: {type(error).__name__}: {error}")


def _samples(part: Part, policy: Fill) -> NDArray[Any]:
    """Decode a part: (frames, channels), gaps filled."""
    with Capture(part.reader(), policy, 0) as capture:
        start = part.start - capture.first_frame
        samples = np.empty((part.stop - part.start, capture.shape[1]), capture.dtype)
        for chunk in capture.chunks(start):
            row = chunk.start - start
            samples[row : row + len(chunk.samples)] = chunk.samples
    return samples


def _read(part: Part) -> tuple[Piece, list[Flaw]]:
    """Decode a part, zeros in its gaps, and tell what made no sense."""
    reader = part.reader()
    try:
        piece = reader.read(part.outline, part.start, part.stop, keep=False)
        return piece, [flaw for _, flaw in reader.flaws]
    finally:
        reader.close()


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise ClusterError(
            f"Dask needs the package {error.name}: pip install 'probecodec[dask]'"
        ) from None


@contextmanager
def _connected(address: str) -> Iterator[distributed.Client]:
    """Connect to a scheduler; tasks are cancelled at the end."""
    package = _package("distributed")
    try:
        with ThreadPoolExecutor(1) as thread:  # a notebook's has a loop that runs
            kind = thread.submit(asyncio.run, _kind(address)).result()
    except (OSError, ValueError, MemoryError) as error:  # what parsers make of other protocols
        why = str(error) or "no answer"
        raise ClusterError(
            f"no Dask scheduler answers at {address} ({why}): start one with dask scheduler, or "
            "correct the address"
        ) from None
    if kind != "Scheduler":
        raise ClusterError(f"{address} is a Dask {kind}: give the address of its scheduler")
    logger = logging.getLogger("distributed.client")
    before = logger.level
    logger.setLevel(logging.CRITICAL)  # what it would log with a traceback is raised as a sentence
    try:
        with warnings.catch_warnings():  # of packages that differ: tasks need only this one
            warnings.simplefilter("ignore", package.versions.VersionMismatchWarning)
            client = package.Client(address, timeout=_CONNECT_S, set_as_default=False)
        try:
            yield client
        finally:
            with suppress(TimeoutError):
                client.close(timeout=_CONNECT_S)
    finally:
        logger.setLevel(before)


async def _kind(address: str) -> str:
    """What answers at ``address``; a `Client` that fails would leave a thread behind."""
    package = _package("distributed")
    how = package.security.Security().get_connection_args("client")
    async with package.rpc(address, timeout=_CONNECT_S, connection_args=how) as remote:
        return (await asyncio.wait_for(remote.identity(), _CONNECT_S + 1))["type"]
