"""What else a notebook asks: stress, explain, sensitivity, sweep and solve, with answers that show as reports.

Arguments are those of the functions in ``analysis``, whose documentation they keep. ``progress=None`` draws a bar in a
notebook, ``progress=False`` none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from simulator.analysis import explain as _explain
from simulator.analysis import sensitivity as _sensitivity
from simulator.analysis import solve as _solve
from simulator.analysis import stress as _stress
from simulator.analysis import sweep as _sweep
from simulator.api.notebook import telling
from simulator.errors import IncompleteError

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, repr=False)
class StressResult(_stress.Stress):
    """A scenario with and without a cut-off."""

    def summary(self) -> str:
        """Return the report as ``simulator stress`` prints it."""
        from simulator.report.stress_text import stress_text

        return stress_text(self)

    def __repr__(self) -> str:
        cut = self.cut
        days = f"{cut.begins} to {cut.ends}"
        return f"<Stress of {self.scenario!r}: {cut.what} cut from {days}, {self.replications:,} pairs>"

    def _repr_html_(self) -> str:
        return _html(self.summary())


@dataclass(frozen=True, slots=True, repr=False)
class SweepResult(_sweep.Sweep):
    """A scenario over grids of values."""

    def summary(self) -> str:
        """Return the report as ``simulator sweep`` prints it."""
        from simulator.report.sweep_text import sweep_text

        return sweep_text(self)

    def __repr__(self) -> str:
        return f"<Sweep of {self.scenario!r}: {len(self.points)} of {self.requested} combinations>"

    def _repr_html_(self) -> str:
        return _html(self.summary())


@dataclass(frozen=True, slots=True, repr=False)
class SolveResult(_solve.Solution):
    """The smallest or cheapest change that reaches a goal."""

    def summary(self) -> str:
        """Return the report as ``simulator solve`` prints it."""
        from simulator.report.solve_text import solve_text

        return solve_text(self)

    def __repr__(self) -> str:
        return f"<Solution for {self.scenario!r}>"

    def _repr_html_(self) -> str:
        return _html(self.summary())


@dataclass(frozen=True, slots=True, repr=False)
class SensitivityResult(_sensitivity.Sensitivity):
    """Which uncertain inputs move the verdict."""

    def summary(self) -> str:
        """Return the report as ``simulator sensitivity`` prints it."""
        from simulator.report.sensitivity_text import sensitivity_text

        return sensitivity_text(self)

    def __repr__(self) -> str:
        names = ", ".join(item.commodity for item in self.commodities)
        return f"<Sensitivity of {names}: {self.simulated:,} replications>"

    def _repr_html_(self) -> str:
        return _html(self.summary())


@dataclass(frozen=True, slots=True, repr=False)
class ExplainResult(_explain.Attribution):
    """What each event, deal and project adds to the verdict."""

    def summary(self) -> str:
        """Return the report as ``simulator explain`` prints it."""
        from simulator.report.explain_text import explain_text

        return explain_text(self)

    def __repr__(self) -> str:
        return f"<Attribution of {self.scenario!r}: {len(self.groups)} groups, {self.runs} of {self.runs_needed} runs>"

    def _repr_html_(self) -> str:
        return _html(self.summary())


def _html(text: str) -> str:
    from simulator.report.notebook_html import text_html

    return text_html(text)


def _as(kind: Callable[..., R], found: Any) -> R:
    return kind(**{field.name: getattr(found, field.name) for field in fields(found)})


_PARTIAL: Final = ("stress", "sweep", "solution", "sensitivity", "attribution")
"""Where the errors of a stopped study hold what was finished."""


def _shown(verb: Callable[P, Any], kind: Callable[..., R]) -> Callable[P, R]:
    """Return the verb with a progress bar in notebooks, and answers of a kind that shows itself."""

    @wraps(verb)
    def shown(*args: P.args, **kwargs: P.kwargs) -> R:
        asked: Any = kwargs.pop("progress", None)
        try:
            with telling(asked, verb.__name__) as told:
                return _as(kind, verb(*args, progress=told, **kwargs))  # type: ignore[arg-type]  # every verb takes it
        except IncompleteError as error:
            for name in _PARTIAL:
                finished = getattr(error, name, None)
                if finished is not None:
                    setattr(error, name, _as(kind, finished))
            raise

    return shown


stress = _shown(_stress.stress, StressResult)
sweep = _shown(_sweep.sweep, SweepResult)
solve = _shown(_solve.solve, SolveResult)
sensitivity = _shown(_sensitivity.sensitivity, SensitivityResult)
explain = _shown(_explain.explain, ExplainResult)
