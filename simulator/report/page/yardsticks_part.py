"""The section on the yardsticks: what each means, what it says of every commodity, when it is met and how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from simulator.analysis.input_range import Spread
from simulator.analysis.overall import OverallVerdict
from simulator.analysis.study import HEADLINE, Study
from simulator.analysis.verdict import CommodityVerdict, Quantiles
from simulator.metrics.outcome import MONTH_DAYS
from simulator.metrics.yardsticks import criteria
from simulator.report.figures.first_met import first_met, first_met_of, still_open
from simulator.report.figures.subjects import short_name, verdict_of
from simulator.report.page.blocks import Block, Cell, Drawing, Paragraph, Section, Table
from simulator.report.terminal import groups
from simulator.report.wording import chance, spread
from simulator.report.yardstick_text import away, months, sides
from simulator.report.yardstick_wording import limit_of, meaning_of, rule_in_words


def yardsticks_section(studies: Sequence[Study]) -> Section:
    """Say what every yardstick means and finds; several runs one after another."""
    blocks: list[Block] = [_meanings(studies[0])]
    for number, study in enumerate(studies):
        name = f"{study.case.name}: " if len(studies) > 1 else ""
        blocks += [_by_commodity(study, number, name), _when(study, number, name), *_list(study, number, name)]
        blocks += _over_inputs(study, number, name)
    blocks += _curves(studies[0])
    blocks.append(
        Paragraph(
            "First met: median over futures with its 95 % interval, months from the start, on the days of recorded "
            "market reviews; futures that have not met it by the last day are censored there. Use to replace, demand "
            "to fill: median (5-95 % of futures) of tonnes a year above the threshold at the deadline. Spare/load: "
            "P(met), had every seller given the focal buyer the China-exposed tonnes of each sale last, and first; a "
            "star where half of the futures meet it under one and not under the other: the verdict is then not "
            "identified.",
            "small",
        )
    )
    return Section("yardsticks", "Yardsticks side by side", tuple(blocks))


def _meanings(study: Study) -> Table:
    rows = []
    for criterion in criteria(study.case.target, branched=True):
        if criterion.yardstick in study.verdict.overall:
            meaning = meaning_of(criterion)
            unmet = f", unmet demand at most {100 * criterion.max_unmet_share:g} %" if meaning.counts_unmet else ""
            limit = f"{limit_of(criterion)}{unmet}, {criterion.window_days} days"
            limit += f", by {criterion.deadline}" if criterion.deadline is not None else ""
            rows.append((criterion.yardstick, meaning.definition, limit, meaning.formula, meaning.source))
    return Table(
        key="yardstick-meanings",
        caption="What each yardstick means",
        head=("yardstick", "met when", "threshold and window", "formula", "source"),
        rows=tuple(rows),
        wide=True,
    )


def _rows(study: Study) -> Iterator[tuple[str, list[CommodityVerdict]]]:
    yield from ((title, items) for title, items in groups(study) if items)


def _grouped(
    study: Study, cells: Mapping[str, tuple[Cell, ...]]
) -> tuple[tuple[tuple[Cell, ...], ...], tuple[tuple[int, str], ...]]:
    """Return the rows of all commodities in the order of the status table, and its headings."""
    rows: list[tuple[Cell, ...]] = []
    headings: list[tuple[int, str]] = []
    for title, items in _rows(study):
        headings.append((len(rows), title))
        rows += [(short_name(item), *cells[item.commodity]) for item in items]
    return tuple(rows), tuple(headings)


def _everything(study: Study) -> tuple[CommodityVerdict, ...]:
    return (*study.verdict.commodities, *study.verdict.end_products)


def _by_commodity(study: Study, number: int, name: str) -> Table:
    judged = tuple(study.verdict.overall)
    cells: dict[str, tuple[Cell, ...]] = {
        item.commodity: tuple(chance(item.yardsticks[each].probability) for each in judged)
        for item in _everything(study)
    }
    rows, headings = _grouped(study, cells)
    return Table(
        key=f"yardstick-odds-{number}",
        caption=f"{name}P(met) at the deadline by every yardstick, %",
        head=("commodity", *judged),
        rows=rows,
        groups=headings,
    )


def _when(study: Study, number: int, name: str) -> Table:
    cells: dict[str, tuple[Cell, ...]] = {}
    for item in _everything(study):
        found = item.yardsticks[HEADLINE]
        cells[item.commodity] = (
            chance(found.first_met.ever) if found.first_met is not None else "–",
            months(found.first_met) if found.first_met is not None else "–",
            chance(found.still_met) if found.still_met is not None else "–",
            away(found.distance),
            away(found.unmet_distance),
            sides(found),
        )
    rows, headings = _grouped(study, cells)
    return Table(
        key=f"yardstick-when-{number}",
        caption=f"{name}{HEADLINE}: when, for how long, how far, and how sure of who got which tonne",
        head=(
            "commodity",
            "ever met, %",
            "first met, months",
            "still met 12 months later, %",
            "use to replace, t/yr",
            "demand to fill, t/yr",
            "spare/load, %",
        ),
        rows=rows,
        groups=headings,
    )


def _curves(study: Study) -> Iterator[Block]:
    """Draw the curves of the first run: how many futures have not met the headline yardstick yet."""
    shown = still_open(study)
    found = [(verdict_of(study, name), first_met_of(study, name)) for name in shown]
    ends = "; ".join(f"{short_name(item)} {chance(curve.ever)} %" for item, curve in found)
    yield Drawing(
        key="first-met",
        title=f"Time until {HEADLINE} is first met",
        description=f"Survival curves of futures that have not met it yet. Met by the last day watched: {ends}.",
        draw=partial(first_met, study, shown),
        table="first-met-data",
    )
    days = found[0][1].watched
    marks = sorted(
        {min(range(len(days)), key=lambda i: abs(days[i] - at * MONTH_DAYS)) for at in (0, 6, 12, 18, 24, 30)}
    )
    yield Table(
        key="first-met-data",
        caption=f"{HEADLINE}: not met yet, % of futures (95 % interval)",
        head=("commodity", *(f"month {days[i] / MONTH_DAYS:.0f}" for i in marks)),
        rows=tuple((short_name(item), *(chance(curve.not_yet[i]) for i in marks)) for item, curve in found),
    )


def _list(study: Study, number: int, name: str) -> Iterator[Table]:
    rows = []
    for yardstick, overall in study.verdict.overall.items():
        of = len(overall.commodities)
        if of:
            rows.append(
                (
                    yardstick,
                    rule_in_words(overall.rule, of),
                    chance(overall.rule_holds),
                    "–" if overall.rule_first is None else months(overall.rule_first),
                    "–" if overall.rule_still_holds is None else chance(overall.rule_still_holds),
                    chance(overall.weighted_share),
                    _counts(overall),
                )
            )
    if rows:
        yield Table(
            key=f"yardstick-list-{number}",
            caption=f"{name}The list of headline commodities that missed a yardstick at the start",
            head=(
                "yardstick",
                "the list meets it when met by",
                "P, %",
                "first, months",
                "still 12 months later, %",
                "share met by weight, %",
                "P(at least 1, 2, ... met), %",
            ),
            rows=tuple(rows),
            words=2,
            last_words=1,
        )


def _counts(overall: OverallVerdict) -> str:
    return "; ".join(chance(item) for item in overall.at_least[1:])


def _over_inputs(study: Study, number: int, name: str) -> Iterator[Table]:
    over = study.input_range
    if over is None:
        return
    judged = [each for each in study.verdict.overall if any(each in item for item in over.commodities.values())]
    cells: dict[str, tuple[Cell, ...]] = {
        commodity: tuple(_spread(found, each) for each in judged) for commodity, found in over.commodities.items()
    }
    rows, headings = _grouped(study, cells)
    yield Table(
        key=f"yardstick-inputs-{number}",
        caption=(
            f"{name}P(met | inputs), %: median (5-95 %) over {over.points} sets of values of {over.inputs} uncertain "
            f"inputs, {over.repeats} futures each, the scatter of so few taken out"
        ),
        head=("commodity", *judged),
        rows=(*rows, ("all that count", *(_spread(over.overall, each) for each in judged))),
        groups=headings,
    )


def _spread(found: Mapping[str, Spread], yardstick: str) -> str:
    if yardstick not in found:
        return "–"
    item = found[yardstick]
    return spread(Quantiles(item.p05.value, item.p50.value, item.p95.value))
