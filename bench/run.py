"""Runs a bench: lossless methods, entropies and lossy families on one recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ..host.options import Failure
from ..host.recording import Recording, doubts
from .bench import Bench
from .entropies import entropies
from .methods import METHODS
from .ours import OURS, our_result
from .projection.families import FAMILIES
from .projection.options import NEEDS, Options
from .projection.result import Results
from .projection.run import run as run_lossy
from .result import Result

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured.

    Attributes
    ----------
    methods : tuple of str
        Of `METHODS` and `OURS`.
    lossy : bool
    families : tuple of str
        Of `FAMILIES`; empty for a choice of them.
    """

    methods: tuple[str, ...]
    lossy: bool
    families: tuple[str, ...]

    @classmethod
    def of(cls, names: str | None, *, peers: bool, lossy: bool) -> Plan:
        """Take the methods and families in ``names``, commas between; all where it is None.

        Without ``peers``, lossless ones of ours alone. `Failure` for an unknown name, or where
        nothing is left.
        """
        known = [*METHODS, *OURS, *FAMILIES]
        wanted = [name.strip() for name in names.split(",")] if names else known
        for name in wanted:
            if name not in known:
                raise Failure(f"no method is named {name!r}; there are {', '.join(known)}")
        lossless = [*METHODS, *OURS] if peers else OURS
        methods = tuple(name for name in lossless if name in wanted)
        families = tuple(name for name in FAMILIES if name in wanted) if names else ()
        lossy = lossy and (bool(families) or not names)
        if not methods and not lossy:
            raise Failure("no method is left: --methods, --no-peers and --no-lossy leave none")
        return cls(methods=methods, lossy=lossy, families=families)


def run(plan: Plan, name: str, recording: Recording, progress: Progress) -> Bench:
    """Measure all of ``plan`` on ``recording``, which is called ``name``.

    ``progress`` gets the step under way, how many are done, and how many there are.
    """
    path = Path(name)
    stem, notes = path.stem, doubts(path, recording) if path.is_file() else []
    results = []
    for done, method in enumerate(plan.methods):
        progress(f"{stem}: {method}", done, len(plan.methods))
        results.append(_result(method, recording))
    lossy = None
    if plan.lossy and not recording.lsb_uv:
        notes.append(
            "Its step in µV is unknown (--lsb-uv): in lossy tables its noise counts as 10 µV."
        )
    if plan.lossy:
        try:
            lossy = _lossy(
                plan, recording, lambda step, *counts: progress(f"{stem}: {step}", *counts)
            )
        except ValueError as error:
            notes.append(f"Lossy families are left out: {error}")
    return Bench(
        name=name,
        recording=recording,
        results=results,
        entropies=entropies(recording.samples),
        lossy=lossy,
        notes=notes,
    )


def _result(name: str, recording: Recording) -> Result:
    if name in OURS:
        return our_result(name, recording)
    kind, method = METHODS[name]
    return method.result(name, kind, recording)


def _lossy(plan: Plan, recording: Recording, progress: Progress) -> Results:
    missing = [package for module, package in NEEDS.items() if find_spec(module) is None]
    if missing:
        raise ValueError(f"they need {', '.join(missing)}: pip install 'probecodec[bench]'")
    options = Options(source="real", families=plan.families).brief()
    return run_lossy(options, progress, recording)
