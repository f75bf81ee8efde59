"""What it would take, as text: the answer in sentences, then what was tried."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from simulator.analysis.intervals import Estimate
from simulator.analysis.solve import Setting, Solution
from simulator.report.layout import WIDTH, Column, as_lines, path_head, ruled
from simulator.report.wording import counted, ends, percent

MOST_ROWS = 24
"""Settings listed along one lever; more, and those of several levers, stand in the JSON document."""
_SUREST = 0.999
"""Written as over 99 %: no finite number of futures makes anything certain."""
_NUMBERS = 24
"""Width of the columns of costs and estimates."""


def solve_text(found: Solution) -> str:
    """Return a solution as text of at most 124 columns."""
    parts: list[str] = []
    for sentence in _sentences(found):
        parts += textwrap.wrap(sentence, WIDTH)
    if found.runners_up:
        parts += ["", "Runners-up, another mix of the levers", _table(found, found.runners_up)]
    if found.tried and (len(found.levers) == 1 or not found.complete):
        shown = found.tried[:MOST_ROWS]
        rest = f", the first {len(shown)} of {len(found.tried)}" if len(shown) < len(found.tried) else ""
        parts += ["", f"Tried on the futures of seed {found.seed}{rest}", _table(found, shown)]
    parts += ["", *textwrap.wrap(_foot(found), WIDTH)]
    return as_lines(parts)


def _sentences(found: Solution) -> Iterator[str]:
    yield f"{found.scenario}: what it would take for {found.goal.text}."
    if not found.complete:
        yield "Stopped before there was an answer; what had been simulated stands below."
        return
    if found.counted:
        yield f"Headline commodities that count, those that miss it at the start: {', '.join(found.counted)}."
    if found.answer is None:
        yield from _unreachable(found)
    else:
        yield from _answered(found, found.answer)
    for before, after, difference in found.falls:
        yield (
            f"Not monotone: more of the lever does harm between {before} and {after} (change of the measure "
            f"{difference.value:+.3f}, {difference.low:+.3f} to {difference.high:+.3f}), so the answer is where the "
            "goal is first reached on the coarse grid, and a smaller one between its points may have been passed over."
        )
    if len(found.levers) == 1 and not found.falls:
        yield "Monotone on the coarse grid: nowhere does more of the lever do harm beyond noise."
    if found.inert:
        yield "No setting made any difference in any of these futures: the lever does not move what the goal asks for."


def _answered(found: Solution, answer: Setting) -> Iterator[str]:
    if len(found.levers) == 1:
        (lever,) = found.levers
        high = f"beyond {lever.text(lever.steps)}" if found.high is None else found.high
        ends = f"95 % interval {found.low} to {high}"
        yield f"Reached with {_values(found, answer)} ({ends}; steps of {lever.resolution:g}){_costing(answer)}."
    else:
        yield f"Cheapest found: {_values(found, answer)}{_costing(answer)}."
    yield _sureness(found, answer)
    if found.safe is None:
        yield "No setting tried reaches it with its whole interval: more replications, or wider bounds, would tell."
    elif found.safe.values != answer.values:
        yield f"To be safe: {_values(found, found.safe)}{_costing(found.safe)}. {_sureness(found, found.safe)}"


def _unreachable(found: Solution) -> Iterator[str]:
    bounds = "; ".join(f"{lever.path} from {lever.text(0)} to {lever.text(lever.steps)}" for lever in found.levers)
    yield f"Not reachable within bounds ({bounds})."
    if found.best is not None:
        best = found.best
        fresh = (
            "" if best.fresh is None else f"; on fresh futures (seed {found.check_seed}) {_number(found, best.fresh)}"
        )
        yield f"Best: {_number(found, best.estimate)} with {_values(found, best)}{fresh}."


def _values(found: Solution, item: Setting) -> str:
    return ", ".join(f"{lever.path} = {value}" for lever, value in zip(found.levers, item.values, strict=True))


def _costing(item: Setting) -> str:
    return "" if item.cost is None else f", at a cost of {item.cost:,.6g}"


def _sureness(found: Solution, item: Setting) -> str:
    text = f"In the futures of the search it comes to {_number(found, item.estimate)}"
    if item.fresh is None or item.confidence is None:
        return f"{text}."
    return (
        f"{text}; in fresh ones (seed {found.check_seed}) to {_number(found, item.fresh)}, which makes it "
        f"{percent(min(item.confidence, _SUREST))} % sure that the goal is really reached."
    )


def _number(found: Solution, item: Estimate) -> str:
    if found.goal.is_probability:
        return f"{percent(item.value)} % ({ends(item.low, item.high)})"
    return f"{item.value:.4g} ({item.low:.4g} to {item.high:.4g})"


def _table(found: Solution, settings: tuple[Setting, ...]) -> str:
    costs = all(item.cost is not None for item in settings)
    fresh = any(item.fresh is not None for item in settings)
    others = 1 + costs + fresh
    width = min(60, (WIDTH - others * (_NUMBERS + 1)) // len(found.levers) - 1)
    columns: list[Column] = [(path_head(lever.path, width), width, "left") for lever in found.levers]
    columns += [("cost", _NUMBERS, "right")] * costs
    columns += [("P(met), % (95 %)" if found.goal.is_probability else "mean (95 %)", _NUMBERS, "right")]
    columns += [("fresh futures", _NUMBERS, "right")] * fresh
    rows = []
    for item in settings:
        cells = [*item.values]
        cells += [f"{item.cost:,.6g}"] if item.cost is not None and costs else []
        cells += [_number(found, item.estimate)]
        cells += ["-" if item.fresh is None else _number(found, item.fresh)] if fresh else []
        rows.append(cells)
    return ruled(columns, rows)


def _foot(found: Solution) -> str:
    case = found.case
    return (
        f"{counted(len(found.tried), 'setting', 'settings')} on the same {found.replications:,} futures, seed "
        f"{found.seed}; the check on {found.replications:,} others, seed {found.check_seed}. Data "
        f"{case.data_sha256[:12]}, start {case.start}, deadline {case.deadline}."
    )
