"""Scenarios held against their baselines, and baselines made anew: all over one pool of workers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.analysis.baseline_verdict import Check, verdicts
from simulator.analysis.baselines import (
    REPLICATIONS,
    Baseline,
    baseline_case,
    simulated_baselines,
    why_apart,
)
from simulator.errors import IncompleteError, InputError, NotComparableError, UsageError
from simulator.experiment.blocks import Progress
from simulator.experiment.executors import Jobs
from simulator.experiment.many import Wanted
from simulator.report.baseline_files import (
    paths_of,
    read_baseline,
    with_materiality,
    write_baseline,
)
from simulator.scenario.library import at_hand
from simulator.scenario.loader import load

if TYPE_CHECKING:
    from simulator.scenario.case import Case

SCENARIOS: Final = "scenarios"
FOLDER: Final = "tests/baselines"


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A scenario and the baseline it is held against."""

    stem: str
    file: str
    case: Case
    kept: Baseline | None
    """None where there is none to compare with."""
    refused: str
    """Why it cannot be compared; empty when it can."""


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """What became of scenarios held against their baselines."""

    checks: tuple[Check, ...]
    baselines: dict[str, Baseline]
    """Scenario -> its numbers now, of those simulated."""
    stopped: IncompleteError | None = None
    """Why some are missing; None when none is."""

    @property
    def exit_code(self) -> int:
        """5 where any scenario could not be compared, 1 where any number moved, 0 otherwise; or why it stopped."""
        if self.stopped is not None:
            return self.stopped.exit_code
        if any(check.refused for check in self.checks):
            return NotComparableError.exit_code
        return 0 if all(check.passed for check in self.checks) else 1


def scenario_files(asked: Sequence[str]) -> list[str]:
    """Return scenario files: those named by path or by short name, or all of the folder ``scenarios``.

    Without such a folder here, those that come with the program.

    Raises
    ------
    InputError
        If there is none.
    """
    if asked:
        return [
            name if "/" in name or name.endswith((".yaml", ".yml")) else f"{SCENARIOS}/{name}.yaml" for name in asked
        ]
    found = sorted(path.as_posix() for path in at_hand(SCENARIOS).glob("*.yaml"))
    if not found:
        raise InputError(f"the folder {SCENARIOS!r} holds no scenarios; name them, or go to the project's folder")
    return found


def baselines_folder(asked: str) -> Path:
    """Return the folder of baselines to hold scenarios against: the shipped ones where there is no project here."""
    return at_hand(FOLDER) if asked == FOLDER else Path(asked)


def orphans(folder: Path, stems: Sequence[str]) -> list[str]:
    """Return baselines whose scenario is gone."""
    return sorted(path.stem for path in folder.glob("*.json") if path.stem not in stems)


def with_orphans(library: Library, stems: Sequence[str], folder: str) -> Library:
    """Return what became of a whole library, in which a baseline without its scenario does not pass."""
    lost = tuple(
        Check(stem, f"{folder}/{stem}.json", 0, 0, (), "its scenario is gone; remove the baseline") for stem in stems
    )
    return replace(library, checks=library.checks + lost)


def held(files: Sequence[str], folder: Path) -> list[Held]:
    """Load scenarios and their baselines; everything is checked before anything runs.

    Raises
    ------
    InputError
        If a scenario or a baseline is invalid.
    """
    stems = [Path(file).stem for file in files]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    if twice:
        raise UsageError(f"two scenarios are named {twice[0]!r}, and a baseline goes by the name of its file")
    found = []
    for file, stem in zip(files, stems, strict=True):
        case = baseline_case(load(file))
        kept: Baseline | None = None
        try:
            kept = read_baseline(folder, stem)
            refused = why_apart(kept, case)
            if refused:
                refused = f"{paths_of(folder, stem)[0].as_posix()}: {refused}"
        except NotComparableError as error:
            refused = str(error)
        found.append(Held(stem, file, case, kept, refused))
    return found


def checked(items: Sequence[Held], *, jobs: Jobs = 1, progress: Progress | None = None) -> Library:
    """Simulate scenarios as their baselines were and judge every number; those that cannot be compared are not run."""
    running = [item for item in items if not item.refused]
    wanted = [Wanted(item.case, item.kept.replications, item.kept.seed) for item in running if item.kept is not None]
    now, stopped = _simulated(running, wanted, jobs, progress)
    checks = [_check(item, now.get(item.stem)) for item in items if item.refused or item.stem in now]
    return Library(tuple(checks), now, stopped)


def updated(
    items: Sequence[Held],
    folder: Path,
    *,
    replications: int | None = None,
    jobs: Jobs = 1,
    progress: Progress | None = None,
) -> list[tuple[Held, Check | None]]:
    """Simulate scenarios, write their baselines and return how each moved, None where there was none to compare with.

    Without ``replications`` a scenario keeps those of its baseline.

    Raises
    ------
    IncompleteError
        If it was stopped: nothing is written.
    """
    wanted = [
        Wanted(item.case, replications or (REPLICATIONS if item.kept is None else item.kept.replications))
        for item in items
    ]
    now, stopped = _simulated(items, wanted, jobs, progress)
    if stopped is not None:
        raise stopped
    moved = []
    for item in items:
        found = now[item.stem]
        if item.kept is None:
            check = None
        else:
            found = with_materiality(found, item.kept)
            check = _check(item, found, same_futures=True)
        write_baseline(folder, item.stem, found)
        moved.append((item, check))
    return moved


def _simulated(
    items: Sequence[Held], wanted: Sequence[Wanted], jobs: Jobs, progress: Progress | None
) -> tuple[dict[str, Baseline], IncompleteError | None]:
    now: dict[str, Baseline] = {}
    try:
        for position, baseline in simulated_baselines(wanted, jobs=jobs, progress=progress):
            now[items[position].stem] = baseline
    except IncompleteError as error:
        return now, error
    return now, None


def _check(item: Held, now: Baseline | None, *, same_futures: bool = False) -> Check:
    """Judge a scenario; with ``same_futures`` also one whose scenario or data are others, if numbers can be paired."""
    refused = item.refused
    if same_futures and item.kept is not None and now is not None:
        pairs = (
            [kpi.name for kpi in baseline.kpis] + [str((baseline.seed, baseline.replications))]
            for baseline in (item.kept, now)
        )
        refused = "" if len({tuple(pair) for pair in pairs}) == 1 else "other futures or measures"
    if refused or item.kept is None or now is None:
        return Check(item.stem, item.file, 0, 0, (), refused)
    return Check(item.stem, item.file, now.replications, now.seed, verdicts(item.kept, now))
