"""The cheapest combination of several levers that reaches a goal: ranking and selection on common random numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.analysis.goal import Floats, Goal
from simulator.analysis.intervals import LEVEL
from simulator.analysis.levers import Lever
from simulator.errors import UsageError
from simulator.experiment.points import RANDOMISATIONS

Place = tuple[int, ...]
"""One step per lever."""
Ask = Callable[[Sequence[Place], int], Mapping[Place, Floats]]
"""Simulates some places on the first so many futures and returns place -> score of each future."""
Enough = Callable[[Floats], bool]
"""Whether the scores of a place are enough to be an answer."""

LEVELS: Final = {2: 6, 3: 4, 4: 3}
"""Number of levers -> levels of each on the coarse grid."""
SCREENED_PART: Final = 4
"""The screening uses one future in so many."""
FEWEST_SCREENED: Final = 64
RUNNERS_UP: Final = 2
BATCH: Final = 8
"""Places simulated together; fixed, so that the search takes the same way whatever the workers."""
MOST_MOVES: Final = 16
"""Moves on one spacing of the refinement."""


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What a search over several levers found."""

    scores: Mapping[Place, Floats]
    """Every place simulated on all futures."""
    answer: Place | None
    """Cheapest place whose estimate reaches the goal."""
    safe: Place | None
    """Cheapest place simulated whose whole interval reaches it."""
    runners_up: tuple[Place, ...]
    """Next cheapest that reach it and differ from all before by a level of the coarse grid in some lever."""
    screened: int
    """Places of the coarse grid."""
    contested: int
    """Of them, those the screening could not decide."""


def cheapest(ask: Ask, levers: Sequence[Lever], goal: Goal, replications: int) -> Selection:
    """Search a grid of all levers, coarse to fine.

    1. *Screen*: every place of a coarse grid (6 levels of two levers, 4 of three, 3 of four) on a quarter of the
       futures. With K places, intervals at the level ``1 - 0.05 / K`` hold all at once (Bonferroni). A place is
       out when its better end misses the goal, or when it costs more than a place whose whole interval
       reaches it.
    2. *Contest*: the places left, cheapest first, on all futures, until an answer and its runners-up reach the
       goal, and one of them with its whole interval; effort so goes where cheap and good enough meet, as in
       OCBA [1]_.
    3. *Refine*: from the cheapest that reaches it, all neighbours at half the spacing that cost less; move to the
       cheapest that reaches it, as long as there is one; halve again down to single steps. The same from
       the cheapest that reaches it with its whole interval.

    The answer is a local optimum of the fine grid: the cheapest near the best of the coarse one.

    References
    ----------
    .. [1] Chen, C.-H. and Lee, L. H. (2011). *Stochastic Simulation Optimization: An Optimal Computing Budget
       Allocation*. World Scientific.
    """
    if len(levers) not in LEVELS:
        raise UsageError(f"at most {max(LEVELS)} levers are searched together, not {len(levers)}")
    levels = LEVELS[len(levers)]
    grid = list(itertools.product(*(_spread(lever.steps, levels) for lever in levers)))

    def likely(scores: Floats) -> bool:
        return goal.reached(goal.estimate(scores).value)

    def surely(scores: Floats) -> bool:
        return goal.reached(goal.hard(goal.estimate(scores)))

    contested = _screened(ask, levers, goal, grid, replications)
    known: dict[Place, Floats] = {}
    for first in range(0, len(contested), BATCH):
        known |= ask(contested[first : first + BATCH], replications)
        if len(_those(likely, known, levers)) > RUNNERS_UP and _those(surely, known, levers):
            break
    spacing = [lever.steps / (levels - 1) for lever in levers]
    for enough in (likely, surely):
        if _those(enough, known, levers):
            _refine(ask, levers, enough, known, spacing, replications)
    reaching = _those(likely, known, levers)
    return Selection(
        scores=known,
        answer=reaching[0] if reaching else None,
        safe=next(iter(_those(surely, known, levers)), None),
        runners_up=_apart(reaching, spacing),
        screened=len(grid),
        contested=len(contested),
    )


def price(levers: Sequence[Lever], place: Place) -> float:
    """Return what a place costs: the sum over levers of unit cost times change."""
    return sum(lever.price(step) for lever, step in zip(levers, place, strict=True))


def _spread(steps: int, levels: int) -> list[int]:
    return sorted({round(level * steps / (levels - 1)) for level in range(levels)})


def _in_order(levers: Sequence[Lever], places: Iterable[Place]) -> list[Place]:
    return sorted(places, key=lambda place: (price(levers, place), place))


def _screened(ask: Ask, levers: Sequence[Lever], goal: Goal, grid: Sequence[Place], replications: int) -> list[Place]:
    """Return the places that may still be the cheapest, cheapest first; the best where none may reach the goal."""
    few = max(FEWEST_SCREENED, replications // SCREENED_PART // RANDOMISATIONS * RANDOMISATIONS)
    if few >= replications:
        return _in_order(levers, grid)
    scores = ask(grid, few)
    level = 1.0 - (1.0 - LEVEL) / len(grid)
    found = {place: goal.estimate(scores[place], level) for place in grid}
    sure = [price(levers, place) for place in grid if goal.reached(goal.hard(found[place]))]
    limit = min(sure, default=float("inf"))
    left = [place for place in grid if goal.reached(goal.easy(found[place])) and price(levers, place) <= limit]
    if not left:
        best = grid[0]
        for place in grid:
            best = place if goal.better(found[place].value, found[best].value) else best
        left = [best]
    return _in_order(levers, left)


def _those(enough: Enough, known: Mapping[Place, Floats], levers: Sequence[Lever]) -> list[Place]:
    """Return the places whose scores are enough, cheapest first."""
    return _in_order(levers, (place for place, scores in known.items() if enough(scores)))


def _refine(
    ask: Ask,
    levers: Sequence[Lever],
    enough: Enough,
    known: dict[Place, Floats],
    spacing: Sequence[float],
    replications: int,
) -> None:
    """Move from the cheapest place that is enough to cheaper ones beside it, at ever smaller spacing."""
    here = _those(enough, known, levers)[0]
    while max(spacing) > 1.0:
        spacing = [max(1.0, step / 2) for step in spacing]
        for _ in range(MOST_MOVES):
            near = [place for place in _around(levers, here, spacing) if price(levers, place) < price(levers, here)]
            missing = [place for place in _in_order(levers, near) if place not in known]
            if missing:
                known |= ask(missing, replications)
            cheaper = [place for place in _in_order(levers, near) if enough(known[place])]
            if not cheaper:
                break
            here = cheaper[0]


def _around(levers: Sequence[Lever], here: Place, spacing: Sequence[float]) -> list[Place]:
    """Return the neighbours of a place, at one spacing in any of the levers."""
    choices = [
        sorted({min(max(step + move * round(size), 0), lever.steps) for move in (-1, 0, 1)})
        for lever, step, size in zip(levers, here, spacing, strict=True)
    ]
    return [place for place in itertools.product(*choices) if place != here]


def _apart(reaching: Sequence[Place], spacing: Sequence[float]) -> tuple[Place, ...]:
    """Return the next cheapest after the first that are not mere neighbours of it or of each other."""
    chosen = list(reaching[:1])
    for place in reaching[1:]:
        if len(chosen) > RUNNERS_UP:
            break
        if all(any(abs(a - b) >= size for a, b, size in zip(place, one, spacing, strict=True)) for one in chosen):
            chosen.append(place)
    return tuple(chosen[1:])
