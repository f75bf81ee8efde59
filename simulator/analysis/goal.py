"""The goal of a search: what must be reached, how it is written, and how far a set of futures is from it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, stdtr

from simulator.analysis.deadline import MEANS
from simulator.analysis.intervals import LEVEL, Estimate, known_mean_interval, mean_interval, probability
from simulator.analysis.verdict import USUALLY
from simulator.errors import UsageError
from simulator.experiment.points import RANDOMISATIONS
from simulator.instruments.fields import nearest
from simulator.metrics.outcome import Outcome
from simulator.metrics.yardsticks import ON_REQUEST, YARDSTICKS

if TYPE_CHECKING:
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]

EXPECTED: Final = "expected_met"
"""Name of the expected number of headline commodities that meet a yardstick."""
ACCEPTED: Final = (
    "write YARDSTICK>=P (P(met) at the deadline, such as reliance>=0.8), expected_met>=K or "
    "expected_met/YARDSTICK>=K (expected number of headline commodities that meet it), or KPI<=X or KPI>=X (mean at "
    f"the deadline, such as unmet_share<=0.1); yardsticks: {', '.join(YARDSTICKS)}; KPIs: {', '.join(MEANS)}"
)
_FORM: Final = re.compile(r"\s*([a-z0-9_]+)(?:/([a-z0-9_]+))?\s*(>=|<=)\s*(\S+)\s*\Z", re.A)


@dataclass(frozen=True, slots=True)
class Goal:
    """What must be reached at the deadline."""

    measure: str
    """A yardstick (its P(met)), ``expected_met/YARDSTICK`` or a KPI (its mean)."""
    at_least: bool
    """Whether more is better."""
    wanted: float
    commodity: str | None = None
    """Commodity it is about; None for the headline commodities together."""

    @property
    def is_probability(self) -> bool:
        """Whether it asks for a probability."""
        return not self.measure.startswith(EXPECTED) and self.measure not in MEANS

    @property
    def text(self) -> str:
        """The goal in words."""
        sign = "at least" if self.at_least else "at most"
        if self.measure.startswith(EXPECTED):
            yardstick = self.measure.partition("/")[2]
            return f"expected number of headline commodities that meet {yardstick} {sign} {self.wanted:g}"
        whose = self.commodity or "all headline commodities"
        if self.is_probability:
            return f"P({whose} met {self.measure}) {sign} {self.wanted:g}"
        return f"mean {self.measure} of {whose} {sign} {self.wanted:g}"

    def reached(self, value: float) -> bool:
        """Whether a value reaches the goal; one that is not defined does not."""
        return value >= self.wanted if self.at_least else value <= self.wanted

    def easy(self, found: Estimate) -> float:
        """Return the end of an interval that lies nearer the goal."""
        return found.high if self.at_least else found.low

    def hard(self, found: Estimate) -> float:
        """Return the end of an interval that lies farther from the goal."""
        return found.low if self.at_least else found.high

    def better(self, one: float, other: float) -> bool:
        """Whether the first value is nearer the goal or farther beyond it."""
        return one > other if self.at_least else one < other

    def estimate(self, scores: Floats, level: float = LEVEL) -> Estimate:
        """Estimate what the goal asks for from one score per future, in replication order."""
        if self.is_probability:
            return probability(scores, level)
        return mean_interval(scores, level) if self.measure.startswith(EXPECTED) else known_mean_interval(scores, level)


def read_goal(
    text: str, commodities: Sequence[str], asked: Sequence[str], yardsticks: Sequence[str] = tuple(YARDSTICKS)
) -> Goal:
    """Read ``--want``.

    Parameters
    ----------
    text
        ``reliance>=0.8``, ``expected_met>=3``, ``unmet_share<=0.1`` and the like.
    commodities
        Commodities of the scenario.
    asked
        Those named by ``--commodity``; exactly one makes a yardstick or KPI that commodity's own.
    yardsticks
        Yardsticks of the scenario, its own included.

    Raises
    ------
    UsageError
        If it is not understood; the text says what is accepted.
    """
    found = _FORM.match(text)
    if found is None:
        # An unquoted > is the shell's: it takes the rest for the name of a file.
        quoted = "" if set("<>") & set(text) else 'put it in quotes, as in --want "reliance>=0.8"; '
        raise UsageError(f"--want {text!r} is not understood; {quoted}{ACCEPTED}")
    name, yardstick, sign, number = found.groups()
    try:
        wanted = float(number)
    except ValueError:
        wanted = math.nan
    if not math.isfinite(wanted):
        raise UsageError(f"--want {text!r}: {number!r} is not a number; {ACCEPTED}")
    at_least = sign == ">="
    if name == EXPECTED:
        return _expected(text, yardstick or yardsticks[0], at_least, wanted, yardsticks)
    if yardstick is not None or name not in (*yardsticks, *MEANS):
        word = f"{name}/{yardstick}" if yardstick is not None else name
        near = nearest(word, (*yardsticks, EXPECTED, *MEANS))
        hint = f"did you mean {near!r}? " if near else ""
        if word in ON_REQUEST:
            hint = f"{word} takes a branch of its own, which `simulator stress` makes, not solve; "
        raise UsageError(f"--want {text!r}: {word!r} is neither a yardstick nor a KPI; {hint}{ACCEPTED}")
    single = asked[0] if len(asked) == 1 else commodities[0] if len(commodities) == 1 else None
    if name in yardsticks:
        if not at_least or not 0.0 < wanted <= 1.0:
            raise UsageError(f"--want {text!r}: a probability is wanted as {name}>=P with P above 0 and at most 1")
        return Goal(name, at_least, wanted, single)
    if single is None:
        raise UsageError(f"--want {text!r}: {name} is a number of one commodity; name it with --commodity")
    return Goal(name, at_least, wanted, single)


def _expected(text: str, yardstick: str, at_least: bool, wanted: float, yardsticks: Sequence[str]) -> Goal:
    if yardstick not in yardsticks:
        raise UsageError(f"--want {text!r}: {yardstick!r} is no yardstick; known are {', '.join(yardsticks)}")
    if not at_least or wanted <= 0.0:
        raise UsageError(f"--want {text!r}: an expected number is wanted as {EXPECTED}>=K with K above 0")
    return Goal(f"{EXPECTED}/{yardstick}", at_least, wanted)


def open_commodities(goal: Goal, case: Case, found: Outcome) -> tuple[str, ...]:
    """Return the headline commodities a goal about them together counts: those that miss the yardstick at the start.

    Asked of the scenario before any lever moves, so that all levers are judged by the same list.
    """
    if goal.commodity is not None:
        return ()
    yardstick, start = goal.measure.rpartition("/")[2], found.moment("start")
    headline = {chain.commodity for chain in case.chains if chain.headline}
    chains = [chain for chain in found.chains if chain.commodity in headline]
    names = tuple(chain.commodity for chain in chains if chain.met[yardstick][:, start].mean() < USUALLY)
    if not names:
        raise UsageError(f"no headline commodity of this scenario misses {yardstick} at the start; nothing to reach")
    return names


def scores_of(goal: Goal, counted: Sequence[str], found: Outcome) -> Floats:
    """Return (n,) what each future adds to the goal: 1 or 0, a number met, or a KPI (nan where not defined)."""
    deadline = found.moment("deadline")
    chains = {chain.commodity: chain for chain in found.chains}
    if goal.commodity is not None:
        chain = chains[goal.commodity]
        table = chain.met if goal.is_probability else chain.values
        return np.asarray(table[goal.measure][:, deadline], dtype=np.float64)
    yardstick = goal.measure.rpartition("/")[2]
    met = np.stack([chains[name].met[yardstick][:, deadline] for name in counted], axis=1)
    return np.asarray(met.all(axis=1) if goal.is_probability else met.sum(axis=1), dtype=np.float64)


def confidence(goal: Goal, scores: Floats) -> float:
    """Return how sure these futures make one that the truth reaches the goal, 0 to 1.

    One minus the level at which the one-sided t interval over the 16 randomisations just holds the wanted
    value: the t distribution with 15 degrees of freedom at ``(mean - wanted) / standard error``. Where all
    randomisations agree and a probability is wanted: 1 - F(wanted) of Jeffreys' posterior
    ``Beta(s + 1/2, n - s + 1/2)`` [1]_. Only of futures that did not choose the answer is it honest.

    References
    ----------
    .. [1] Brown, L. D., Cai, T. T. and DasGupta, A. (2001). Interval estimation for a binomial proportion.
       *Statist. Sci.* 16.
    """
    found = goal.estimate(scores)
    if math.isnan(found.low):  # some randomisation knows nothing: neither do we
        return 0.0
    whole = len(scores) // RANDOMISATIONS * RANDOMISATIONS
    means = np.nanmean(scores[:whole].reshape(-1, RANDOMISATIONS), axis=0)
    spread = float(means.std(ddof=1)) / math.sqrt(RANDOMISATIONS)
    if spread > 0.0:
        ahead = (found.value - goal.wanted) * (1.0 if goal.at_least else -1.0)
        return float(stdtr(RANDOMISATIONS - 1, ahead / spread))
    if goal.is_probability:
        successes = float(scores.sum())
        return 1.0 - float(betainc(successes + 0.5, len(scores) - successes + 0.5, goal.wanted))
    return 1.0 if goal.reached(found.value) else 0.0
