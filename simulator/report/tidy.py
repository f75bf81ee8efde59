"""A report as one tidy table: one number a row, with its interval, its futures and its unit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from simulator.analysis.compare import compare
from simulator.analysis.intervals import Estimate
from simulator.analysis.study import Study
from simulator.analysis.verdict import CommodityVerdict, YardstickVerdict
from simulator.metrics.registry import metrics
from simulator.report.figures.survival import survival_data

HEAD: Final = (
    "scenario", "scenario_sha256", "reference", "commodity", "measure", "moment", "kind", "value", "low", "high",
    "n", "ess", "unit",
)  # fmt: skip
"""``kind`` says what value, low and high are: ``probability`` and ``difference`` with a 95 % interval, ``mean`` and
``median`` with the same, ``quantiles`` as median, 5 % and 95 %. ``ess`` is how many futures of equal weight would say
as much, where observations weight them; else empty."""
Row = tuple[str, str, str, str, str, str, str, str, str, str, str, str, str]


def tidy(studies: Sequence[Study]) -> str:
    """Return the numbers of runs, and the differences of the others to the first, as CSV text."""
    buffer = io.StringIO()
    lines = csv.writer(buffer, lineterminator="\n")
    lines.writerow(HEAD)
    for study in studies:
        lines.writerows(_study(study))
    for other in studies[1:]:
        lines.writerows(_differences(studies[0], other))
    return buffer.getvalue()


def _study(study: Study) -> Iterator[Row]:
    def row(commodity: str, measure: str, moment: str, kind: str, item: Estimate, unit: str) -> Row:
        return _row(study, "", commodity, measure, moment, kind, item, unit)

    for name, overall in study.verdict.overall.items():
        if overall.commodities:
            for k, each in enumerate(overall.at_least[1:], start=1):
                yield row("all headline", f"at_least_{k}_met/{name}", "deadline", "probability", each, "1")
            yield row("all headline", f"weighted_share_met/{name}", "deadline", "mean", overall.weighted_share, "1")
            yield row("all headline", f"list_rule/{name}", "deadline", "probability", overall.rule_holds, "1")
            yield row("all headline", f"all_met/{name}", "deadline", "probability", overall.probability, "1")
            yield row("all headline", f"expected_met/{name}", "deadline", "mean", overall.expected_met, "commodities")
    for item in (*study.verdict.commodities, *study.verdict.end_products):
        yield from _commodity(study, item)


def _commodity(study: Study, item: CommodityVerdict) -> Iterator[Row]:
    def row(measure: str, moment: str, kind: str, estimate: Estimate, unit: str) -> Row:
        return _row(study, "", item.commodity, measure, moment, kind, estimate, unit)

    for name, yardstick in item.yardsticks.items():
        yield row(f"met/{name}", "start", "probability", yardstick.at_start, "1")
        yield row(f"met/{name}", "deadline", "probability", yardstick.probability, "1")
        if yardstick.later is not None:
            yield row(f"met/{name}", "later", "probability", yardstick.later, "1")
        yield from (row(*each) for each in _beyond(name, yardstick))
    yield row("never_short", "deadline", "probability", survival_data(study, item.commodity).surviving[-1], "1")
    known, observed = metrics(), study.verdict.conditioning
    ess = None if observed is None else observed.ess
    for name, moments in item.kpis.items():
        for moment, spread in moments.items():
            quantiles = Estimate(spread.p50, spread.p05, spread.p95, study.futures, ess)
            yield row(name, moment, "quantiles", quantiles, known[name.removesuffix("_365d")].unit)


def _beyond(name: str, item: YardstickVerdict) -> Iterator[tuple[str, str, str, Estimate, str]]:
    """Yield what a yardstick says beyond P(met): when, for how long, how far, and between which bounds."""
    if item.still_met is not None:
        yield f"still_met/{name}", "later", "probability", item.still_met, "1"
    if item.first_met is not None:
        yield f"ever_met/{name}", "horizon", "probability", item.first_met.ever, "1"
        yield f"first_met/{name}", "horizon", "median", item.first_met.days.quantiles["p50"], "days"
    for measure, distance in (("distance", item.distance), ("unmet_distance", item.unmet_distance)):
        if distance is not None:
            yield f"{measure}/{name}", "deadline", "mean", distance.mean, distance.unit
            yield f"{measure}/{name}", "deadline", "median", distance.quantiles["p50"], distance.unit
    for side, bound in (("exposed_min", item.exposed_min), ("exposed_max", item.exposed_max)):
        if bound is not None:
            yield f"met/{name}/{side}", "deadline", "probability", bound, "1"


def _differences(reference: Study, other: Study) -> Iterator[Row]:
    comparison = compare(reference, other)
    name = reference.case.name
    for yardstick, overall in comparison.overall.items():
        for measure, item in (("expected_met", overall.expected_met), ("all_met", overall.all_met)):
            full = f"{measure}/{yardstick}"
            yield _row(other, name, "all headline", full, "deadline", "difference", item.difference, item.unit)
    for one in (*comparison.commodities, *comparison.end_products):
        measures = {**{f"met/{key}": value for key, value in one.yardsticks.items()}, **one.kpis}
        for measure, item in measures.items():
            yield _row(other, name, one.commodity, measure, "deadline", "difference", item.difference, item.unit)


def _row(
    study: Study, reference: str, commodity: str, measure: str, moment: str, kind: str, item: Estimate, unit: str
) -> Row:
    numbers = ("" if value != value else f"{value:.9g}" for value in (item.value, item.low, item.high))
    value, low, high = numbers
    name, digest = study.case.name, study.case.sha256
    ess = "" if item.ess is None else f"{item.ess:.9g}"
    return (name, digest, reference, commodity, measure, moment, kind, value, low, high, str(item.n), ess, unit)
