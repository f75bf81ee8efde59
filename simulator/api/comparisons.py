"""Several scenarios on the same random futures, as a notebook compares them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from simulator.analysis import compare as analysis
from simulator.analysis.compare import Comparison, Difference
from simulator.analysis.frames import dataframe
from simulator.analysis.study import HEADLINE, Study
from simulator.api.notebook import Told
from simulator.api.plots import displayed
from simulator.api.results import Result, result_of, run
from simulator.errors import UsageError
from simulator.scenario.difference import shown
from simulator.scenario.loader import Scenario

if TYPE_CHECKING:
    from simulator.report.figures.style import Axes

Comparable = Study | Scenario | str | os.PathLike[str]
"""A result, or a scenario (or its file) that is to be run."""
_NAMED = 2
"""Changes that the name of a variant tells; further ones are counted."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Compared:
    """Scenarios against the first of them, future by future.

    ``compared["name"]`` is the comparison of one of the others with the reference: every yardstick and KPI with the
    interval of its paired difference.
    """

    results: Mapping[str, Result]
    """Name -> result, the reference first."""
    pairs: Mapping[str, Comparison]
    """Name of each of the others -> what it changes."""

    def __getitem__(self, name: str) -> Comparison:
        if name not in self.pairs:
            raise UsageError(f"{name!r} is not compared; known are {', '.join(map(repr, self.pairs))}")
        return self.pairs[name]

    def __repr__(self) -> str:
        reference, *others = self.results
        return f"<Compared {', '.join(map(repr, others))} against {reference!r}: {self._replications:,} paired futures>"

    def _repr_html_(self) -> str:
        from simulator.report.notebook_html import comparison_html

        return comparison_html(self.pairs.values())

    @property
    def _replications(self) -> int:
        return next(iter(self.results.values())).replications

    @property
    def identical(self) -> bool:
        """Whether no number of any future differs."""
        return all(item.identical for item in self.pairs.values())

    @property
    def plot(self) -> ComparedPlots:
        """Figures of the comparison, such as ``compared.plot.reliance("antimony")``; each returns matplotlib Axes."""
        return ComparedPlots(self)

    def summary(self, *, everything: bool = False) -> str:
        """Return the report as ``simulator compare`` prints it; ``everything`` is its ``--all``."""
        from simulator.report.compare_text import comparison_text

        return comparison_text(tuple(self.results.values()), tuple(self.pairs.values()), everything=everything)

    def to_dataframe(self) -> Any:
        """Return one row per scenario, commodity and measure: both means, their paired difference, its interval."""
        return dataframe(self._rows())

    def _rows(self) -> Iterator[dict[str, Any]]:
        for name, pair in self.pairs.items():
            for yardstick, overall in pair.overall.items():
                yield _row(name, "headline", f"expected_met/{yardstick}", overall.expected_met)
                yield _row(name, "headline", f"all_met/{yardstick}", overall.all_met)
            for item in (*pair.commodities, *pair.end_products):
                for yardstick, difference in item.yardsticks.items():
                    yield _row(name, item.commodity, f"met/{yardstick}", difference)
                for kpi, difference in item.kpis.items():
                    yield _row(name, item.commodity, kpi, difference)


def _row(scenario: str, commodity: str, measure: str, item: Difference) -> dict[str, Any]:
    return {
        "scenario": scenario,
        "commodity": commodity,
        "measure": measure,
        "reference": item.reference,
        "other": item.other,
        "difference": item.difference.value,
        "low": item.difference.low,
        "high": item.difference.high,
        "p_improvement": item.improvement.value,
        "tied": item.tied,
        "n": item.difference.n,
        "unit": item.unit,
    }


class ComparedPlots:
    """What ``compared.plot`` offers; ``ax=None`` makes a figure of its own, which a notebook shows."""

    def __init__(self, compared: Compared) -> None:
        self._compared = compared

    def reliance(self, commodity: str, ax: Axes | None = None) -> Axes:
        """Share of use that reliance judges, month by month: median and 90 % of futures of every scenario."""
        return self.over_time(commodity, HEADLINE, ax)

    def direct(self, commodity: str, ax: Axes | None = None) -> Axes:
        """Declared China share of imports, month by month."""
        return self.over_time(commodity, "direct", ax)

    def unmet(self, commodity: str, ax: Axes | None = None) -> Axes:
        """Unmet share of demand, month by month."""
        return self.over_time(commodity, "unmet", ax)

    def price(self, commodity: str, ax: Axes | None = None) -> Axes:
        """Scarcity price index outside China, month by month."""
        return self.over_time(commodity, "price", ax)

    def over_time(self, commodity: str, measure: str, ax: Axes | None = None) -> Axes:
        """One of reliance, direct, exposed, unmet, cover and price, month by month.

        Raises
        ------
        UsageError
            If there is no such measure, or the runs have no such commodity.
        """
        from simulator.report.figures.contrast import MEASURES, contrast

        if measure not in MEASURES:
            raise UsageError(f"{measure!r} is not drawn over time; known are {', '.join(MEASURES)}")
        return displayed(contrast(self._compared.results, commodity, measure, ax))

    def differences(self, measure: str = HEADLINE, name: str | None = None, ax: Axes | None = None) -> Axes:
        """Paired differences of a yardstick's P(met) or a KPI, commodity by commodity.

        Parameters
        ----------
        measure
            A yardstick or a KPI.
        name
            Which of the other scenarios; the first of them where None.
        ax
            Axes to draw into.
        """
        from simulator.report.figures.differences import difference_axes

        pair = self._compared[next(iter(self._compared.pairs)) if name is None else name]
        return displayed(difference_axes(pair, measure, ax))


def compare(
    reference: Comparable | Mapping[str, Comparable],
    *others: Comparable,
    replications: int | None = None,
    seed: int | None = None,
    commodities: Sequence[str] | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    progress: Told = None,
) -> Compared:
    """Compare scenarios with the first one on the same random futures.

    Parameters
    ----------
    reference, others
        Results, or scenarios that are run first; or one mapping from names to them.
    replications, seed, commodities
        Of the scenarios that are run; those of the first result given where None, else 1,024, 0 and all.
    jobs
        Worker processes of the runs.
    executor
        Any ``concurrent.futures.Executor`` instead, such as ``client.get_executor()`` of distributed.
    progress
        As for ``run``.

    Raises
    ------
    UsageError
        If there is nothing to compare with.
    NotComparableError
        If their futures are not the same futures, or they are judged by different measures.

    Examples
    --------
    >>> base = Scenario.load("scenarios/baseline.yaml").only("antimony")
    >>> ban = base.with_event(type="export_ban", imposer="CHN", target="USA", commodities=["antimony"], at="+12mo")
    >>> compared = compare(run(base, replications=32), ban)
    >>> compared
    <Compared 'Baseline with export_ban_1' against 'Baseline': 32 paired futures>
    >>> difference = compared["Baseline with export_ban_1"].commodities[0].kpis["direct_china_share"].difference
    >>> difference.value < 0 < difference.high - difference.low
    True
    """
    given = _named(reference, others)
    if len(given) < 2:
        raise UsageError("nothing to compare with: give a reference and at least one other result or scenario")
    first = next((item for item in given.values() if isinstance(item, Study)), None)
    if first is not None:
        replications = first.requested if replications is None else replications
        seed = first.seed if seed is None else seed
        commodities = commodities or [chain.commodity for chain in first.case.chains]
    scenarios = {name: _scenario(item) for name, item in given.items() if not isinstance(item, Study)}
    results = {
        name: result_of(item)
        if isinstance(item, Study)
        else run(
            scenarios[name],
            replications=1024 if replications is None else replications,
            seed=0 if seed is None else seed,
            commodities=commodities,
            jobs=jobs,
            executor=executor,
            progress=progress,
        )
        for name, item in given.items()
    }
    base, *rest = results
    pairs = {name: replace(analysis.compare(results[base], results[name]), reference=base, other=name) for name in rest}
    return Compared(results, pairs)


def _scenario(item: Scenario | str | os.PathLike[str]) -> Scenario:
    return item if isinstance(item, Scenario) else Scenario.load(item)


def _named(
    reference: Comparable | Mapping[str, Comparable], others: Sequence[Comparable]
) -> dict[str, Study | Scenario]:
    """Return what is compared by name, files read: names given, or those of the scenarios, told apart."""
    if isinstance(reference, Mapping):
        if others:
            raise UsageError("give either one mapping from names, or results and scenarios one after another")
        return {str(name): _read(item) for name, item in reference.items()}
    given = [_read(item) for item in (reference, *others)]
    named: dict[str, Study | Scenario] = {}
    for item in given:
        name = told = _variant(_of(given[0]), _of(item)) if named else _of(item).name
        number = 2
        while name in named:
            name, number = f"{told} ({number})", number + 1
        named[name] = item
    return named


def _read(item: Comparable) -> Study | Scenario:
    return item if isinstance(item, Study) else _scenario(item)


def _of(item: Study | Scenario) -> Scenario:
    return item.scenario if isinstance(item, Study) else item


def _variant(base: Scenario, other: Scenario) -> str:
    """Return the name of a scenario; where it is that of the base, with what was changed."""
    if other.name != base.name:
        return other.name
    before, after = ([event.id for event in item.model.events] for item in (base, other))
    changes = [f"with {name}" for name in after if name not in before]
    changes += [f"without {name}" for name in before if name not in after]
    prefixes = tuple(f"events.{name}." for name in {*before, *after} if (name in before) != (name in after))
    changes += [
        f"{item.path.removeprefix('events.')}={shown(item.after)}"
        for item in base.diff(other)
        if item.after is not None and not item.path.startswith(prefixes)
    ]
    more = f" and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
    return f"{other.name} {', '.join(changes[:_NAMED])}{more}".strip()
