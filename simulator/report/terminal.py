"""The result of a run as text: one sentence, one table, where it came from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Final

from simulator.analysis.study import HEADLINE, Study
from simulator.analysis.verdict import USUALLY, CommodityVerdict
from simulator.catalogue.tables import Overlay
from simulator.domain.company import Company
from simulator.domain.target import Criterion
from simulator.experiment.points import RANDOMISATIONS
from simulator.metrics.yardsticks import criteria
from simulator.report.conditioning_document import conditioning_text
from simulator.report.layout import WIDTH, Column, as_lines, ruled
from simulator.report.precision_text import precision_text
from simulator.report.wording import chance, counted, frequency, percent, spread
from simulator.report.yardstick_text import identified_lines, list_lines, range_table, tables
from simulator.report.yardstick_wording import sentence_of
from simulator.scenario.case import Case

COLUMNS: Final[tuple[Column, ...]] = (
    ("commodity", 16, "left"),
    ("data", 4, "left"),
    ("China-exposed\nnow, %", 13, "right"),
    ("China-exposed\ndeadline, %", 13, "right"),
    ("with\nwithheld, %", 13, "right"),
    ("P(met)\nreliance, %", 12, "right"),
    ("P(met)\ndirect, %", 12, "right"),
    ("P(met)\ncrma65, %", 12, "right"),
    ("binding\nstage", 10, "left"),
    ("unmet\ndemand, %", 10, "right"),
)
"""Head, width and alignment; the widths and the gaps between them fill ``WIDTH``."""


def terminal(study: Study, *, colour: bool = False) -> str:
    """Return the report of a study as text of at most 124 columns, without colour codes unless asked."""
    return as_lines(
        (
            sentence(study),
            "",
            *_tables(study, colour),
            *list_lines(study),
            *_in_doubt(study),
            *identified_lines(study),
            *_other_yardsticks(study),
            *_branches(study),
            *_rules(study),
            *_constraints(study),
            *_conditioning(study),
            *_precision(study),
            *_footer(study),
        )
    )


def sentence(study: Study) -> str:
    """Return the verdict in one sentence, in frequencies of simulated futures."""
    overall = study.verdict.overall[HEADLINE]
    name, deadline = f"{study.case.name}{_whose(study.case)}", study.case.deadline
    number = len(overall.commodities)
    if number == 0:
        text = (
            f"{name}: no commodity of this run is in the headline and short of the target at the start, "
            f"so there is no overall verdict for {deadline}; the table says how each one stands."
        )
    else:
        who = {1: "the one headline commodity", 2: "both headline commodities"}.get(
            number, f"all {number} headline commodities"
        )
        text = (
            f"{name}: {who} that missed the reliance target at the start {'meets' if number == 1 else 'meet'} it by "
            f"{deadline} {frequency(overall.probability)}"
        )
        if number > 1:
            text += f"; {overall.expected_met.value:.1f} of {number} are expected to"
        text += "."
    return textwrap.fill(text + "".join(f" {missing}" for missing in missing_futures(study)), WIDTH)


def missing_futures(study: Study) -> Iterator[str]:
    """Sentences on the futures that are missing, and on those that do not count for it; none of a whole run."""
    failed = len(study.failed)
    if failed:
        yield f"{failed:,} of {study.requested:,} replications failed."
    if study.replications + failed < study.requested:
        yield f"Stopped early: {study.replications:,} of {study.requested:,} replications."
    apart = study.replications - study.futures
    if apart:
        yield f"{apart:,} others do not count: futures count in whole rounds of {RANDOMISATIONS}."


def remarks(study: Study) -> tuple[str, ...]:
    """Return what else is said of the verdict, one paragraph each: doubts of the start, what fired, what bound."""
    doubts = (list_lines(study), _in_doubt(study), identified_lines(study))
    parts = (*doubts, _rules(study), _constraints(study), _conditioning(study), _precision(study))
    return tuple(text for part in parts if (text := " ".join(part)))


def definitions(study: Study) -> tuple[str, ...]:
    """Return what meets each yardstick, one sentence each."""
    return tuple(sentence_of(criterion) for criterion in _judged(study))


def _judged(study: Study) -> tuple[Criterion, ...]:
    return tuple(
        criterion
        for criterion in criteria(study.case.target, branched=True)
        if criterion.yardstick in study.verdict.overall
    )


def groups(study: Study) -> list[tuple[str, list[CommodityVerdict]]]:
    """Return the commodities in the order of the table: open headline ones, those met at start, the others."""
    headline = [item for item in study.verdict.commodities if item.headline]
    met = [item for item in headline if item.yardsticks[HEADLINE].met_at_start]
    return [
        ("Headline commodities", [item for item in headline if item not in met]),
        ("Met at the start, not counted", met),
        ("Graded C or outside the headline, not counted", [i for i in study.verdict.commodities if not i.headline]),
        ("End products, markets of their own", list(study.verdict.end_products)),
    ]


def _tables(study: Study, colour: bool) -> Iterable[str]:
    for place, (title, items) in enumerate((title, items) for title, items in groups(study) if items):
        yield from ("", title) if place else (title,)
        yield ruled(COLUMNS, map(_row, items), header=place == 0, colour=colour)
    # Those of the headline that are open; all of them where none is.
    listed = groups(study)
    shown = listed[0][1] or [item for _, items in listed for item in items]
    yield from tables(study, shown, colour=colour)
    yield from range_table(study, shown, colour=colour)
    yield ""


def _row(item: CommodityVerdict) -> tuple[str, ...]:
    exposed = item.kpis["china_exposed_share"]
    return (
        item.commodity.partition(":")[2] or item.commodity,
        item.grade,
        spread(exposed["start"]),
        spread(exposed["deadline"]),
        spread(item.kpis["china_dependent_share"]["deadline"]),
        *(chance(item.yardsticks[name].probability) for name in ("reliance", "direct", "crma65")),
        (item.binding_stage or "-").replace("_", " "),
        spread(item.kpis["unmet_share"]["deadline"]),
    )


def _in_doubt(study: Study) -> Iterable[str]:
    """Name the headline commodities whose place in the table more replications could change."""
    parts = [
        f"{item.commodity} {chance(item.yardsticks[HEADLINE].at_start)} %"
        for item in study.verdict.commodities
        if item.headline and item.yardsticks[HEADLINE].start_in_doubt
    ]
    if parts:
        yield from textwrap.wrap(
            f"Close to one half at the start, so that other replications may count it otherwise: {'; '.join(parts)} of "
            "futures meet reliance then.",
            WIDTH,
        )


def _other_yardsticks(study: Study) -> Iterable[str]:
    """Ask the same of the headline commodities by the other yardsticks, each over those that missed it at the start."""
    parts = [
        f"{name} {chance(overall.probability)} % ({counted(len(overall.commodities), 'commodity', 'commodities')})"
        for name, overall in study.verdict.overall.items()
        if name != HEADLINE and overall.commodities
    ]
    if parts:
        yield from textwrap.wrap(
            f"By other yardsticks, all headline commodities that missed one at the start meet it: {'; '.join(parts)}.",
            WIDTH,
        )


def _branches(study: Study) -> Iterable[str]:
    """Split the verdict by whether suspended controls stay suspended: the largest single unknown."""
    overall = study.verdict.overall[HEADLINE]
    # Suspensions renewed in the same futures are one branch, and would print the same numbers.
    together: dict[bytes, list[str]] = {}
    for name in study.verdict.branches:
        if name.startswith("suspension/") and f"not {name}" in overall.by_branch:
            together.setdefault(study.counted.branches[name].tobytes(), []).append(name)
    for names in together.values():
        name, events = names[0], [item.split("/")[1] for item in names]

        def outlook(branch: str) -> str:
            expected = f"{overall.expected_by_branch[branch]:.1f} of {len(overall.commodities)} expected"
            return f"all met in {chance(overall.by_branch[branch])} %, {expected}"

        yield from textwrap.wrap(
            f"If {' and '.join(events)} {'is' if len(events) == 1 else 'are'} renewed "
            f"({percent(study.verdict.branches[name].value)} % of futures): {outlook(name)}; "
            f"if not: {outlook(f'not {name}')}.",
            WIDTH,
        )


def _rules(study: Study) -> Iterable[str]:
    """Say how often each rule fired before the deadline, and by when in half of those futures."""
    parts = []
    for rule in study.case.rules:
        item = study.verdict.rules[rule.id]
        text = f"{rule.id} ({rule.actor}) in {chance(item.fired)} %"
        if item.fired.value > 0:
            text += f", half of them by {study.case.calendar_day(round(item.first_day.p50))}"
        parts.append(text)
    if parts:
        yield from textwrap.wrap(f"Rules that fired before the deadline, of futures: {'; '.join(parts)}.", WIDTH)


def _constraints(study: Study) -> Iterable[str]:
    """Say which constraints bound: while no corridor does and no rule fires, a commodity alone has the same numbers."""
    parts = []
    for name, item in study.verdict.bound.items():
        kind, _, subject = name.partition("/")
        if kind != "rule":  # told of already
            what = (
                f"capacity of {subject}"
                if kind == "corridor"
                else f"industry's reserve against the purchases {subject}"
            )
            day = study.case.calendar_day(round(item.first_day.p50))
            parts.append(f"{what} in {chance(item.fired)} %, half of them by {day}")
    text = "; ".join(parts) if parts else "none (capacity of corridors, industry's reserve)"
    yield from textwrap.wrap(f"Constraints that bound before the deadline, of futures: {text}.", WIDTH)


def _conditioning(study: Study) -> Iterable[str]:
    """Say by what the futures are weighted and how far that went."""
    for text in conditioning_text(study):
        yield from textwrap.wrap(text, WIDTH)


def _footer(study: Study) -> Iterable[str]:
    case = study.case
    yield ""
    yield from textwrap.wrap(
        "Shares: median (5-95 % of futures). P(met): probability under stated priors (95 % confidence interval). "
        "With withheld: China-exposed share at the deadline, what Chinese controls keep back counted as exposed, less "
        "what later licences make up for; reliance judges it. Unmet demand includes use that price rises since the "
        "start squeezed out. "
        f"Met at the start: in at least {percent(USUALLY)} % of futures. Data: grade of the commodity's data, A to C.",
        WIDTH,
    )
    thresholds = "; ".join(definitions(study))
    yield from textwrap.wrap(
        "First met: median over futures and its interval, on the days of recorded market reviews; beyond the horizon "
        "where later. Use to replace, demand to fill: median (5-95 % of futures) of tonnes a year above what reliance "
        "allows. If sellers spare/load it: P(met) had they given the focal buyer their exposed tonnes last, and first.",
        WIDTH,
    )
    yield from textwrap.wrap(f"Yardsticks - {thresholds}.", WIDTH)
    yield from textwrap.wrap(_assumptions(study), WIDTH)
    if case.company is not None:
        yield from textwrap.wrap(_described(case.company), WIDTH)
    if case.overlay is not None:
        yield from textwrap.wrap(_own_rows(case.overlay), WIDTH)
    yield from textwrap.wrap(
        f"Scenario {case.sha256[:12]}, data {case.data_sha256[:12]}, seed {study.seed}, "
        f"{study.replications:,} replications, start {case.start}, known as of {case.as_of}, deadline {case.deadline}.",
        WIDTH,
    )


def _whose(case: Case) -> str:
    """Say whose reliance is judged, where it is not that of the United States."""
    if case.company is not None:
        return f", for {case.company.name} ({case.company.country})"
    return "" if case.focal == "USA" else f", for {case.focal}"


def _described(company: Company) -> str:
    """Say what a company states of itself."""
    parts = []
    for commodity, demand in company.demand.items():
        days, suppliers = company.stock_days.get(commodity), company.suppliers.get(commodity, {})
        shares = [name if share is None else f"{name} {percent(share)} %" for name, share in suppliers.items()]
        parts.append(
            f"{commodity} {demand:g} t a year, "
            + ("cover as in its industry" if days is None else f"{days:g} days of cover")
            + f", from {', '.join(shares) or 'where its region buys'}"
        )
    return f"Focal buyer {company.name} ({company.country}): {'; '.join(parts)}. Other commodities are left out."


def _own_rows(overlay: Overlay) -> str:
    parts = [
        f"{table}.csv {sum(row.replaced is not None for row in rows)} replaced, "
        f"{sum(row.replaced is None for row in rows)} added"
        for table, rows in overlay.tables.items()
    ]
    return f"Own rows laid over the catalogue: {'; '.join(parts)}."


def _precision(study: Study) -> Iterable[str]:
    if study.precision is not None:
        yield from textwrap.wrap(precision_text(study), WIDTH)


def _assumptions(study: Study) -> str:
    facts = [fact for chain in study.case.chains for fact in chain.facts]
    assumed = sum(fact.quality == "assumed" for fact in facts)
    inputs = study.case.inputs
    assumed_inputs = sum(item.quality == "assumed" for item in inputs)
    return (
        f"Assumptions: {assumed:,} of {counted(len(facts), 'number', 'numbers')} behind the chains and "
        f"{assumed_inputs} of {counted(len(inputs), 'uncertain input', 'uncertain inputs')} are graded assumed; "
        "`simulator data show COMMODITY` lists them with their reasons."
    )
