"""The independence target: a deadline, the criteria that say whether it is met, and how they count over a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

METRICS: Final = (
    "china_dependent_share",
    "china_exposed_share",
    "china_exposed_share_max",
    "china_exposed_share_min",
    "days_of_cover",
    "direct_china_share",
    "hhi",
    "landed_by_origin",
    "n_minus_1",
    "price_index",
    "project_output",
    "stage_china_share",
    "top_country_share",
    "unmet_share",
)
"""Metrics that a scenario's own yardstick may judge: every one there is."""
METRICS_WITH_AXIS: Final = ("landed_by_origin", "project_output", "stage_china_share")
"""Those with a number per origin, project or stage."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One yardstick with its threshold."""

    yardstick: str
    """A published yardstick by its name, or the user's own."""
    window_days: int = 90
    """Length of the window that ends on the deadline, days."""
    threshold: float = 0.50
    """Value that still meets the yardstick: the largest, or the smallest where ``at_least``."""
    max_unmet_share: float = 0.05
    """Largest unmet share of demand in the window (``reliance`` and ``complete`` only), 0 to 1."""
    at_least: bool = False
    """Whether the metric must reach the threshold instead of not exceeding it."""
    metric: str | None = None
    """Metric of a user's own yardstick; None for a published one."""
    of: str | None = None
    """Origin, project or stage that the metric is asked of; every one must meet it where None."""
    deadline: date | None = None
    """Day of its own; None for the target's."""


PUBLISHED: Final[Mapping[str, Criterion]] = {
    item.yardstick: item
    for item in (
        Criterion("reliance"),
        # "Complete" reliance: nine tenths, the claim read at its weakest.
        Criterion("complete", threshold=0.90),
        Criterion("direct"),
        # Regulation (EU) 2024/1252, article 5(1)(b).
        Criterion("crma65", threshold=0.65),
        # Supply and demand of a year, as the IEA compares them.
        Criterion("nminus1", window_days=365, threshold=1.0, at_least=True),
        Criterion("cutoff", window_days=365, threshold=0.10),
    )
}
"""Every published yardstick with its usual threshold, the headline first."""
BRANCHED: Final = ("cutoff",)
"""Those that need the same futures once more, with something else happening in them; judged on request."""


@dataclass(frozen=True, slots=True)
class ListRule:
    """When a list of commodities meets a yardstick, given which of them do."""

    kind: Literal["all", "at_least", "weighted"] = "all"
    least: float = 1.0
    """``at_least``: number of commodities; ``weighted``: share of the list's weight, 0 to 1; else not used."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Commodity -> weight of its own; the value of the focal buyer's use where not given."""


@dataclass(frozen=True, slots=True)
class Target:
    """Criteria to be met on a day."""

    deadline: date
    criteria: tuple[Criterion, ...]
    list_rule: ListRule = field(default_factory=ListRule)

    @property
    def days(self) -> tuple[date, ...]:
        """The deadline and those of yardsticks with a day of their own, each once, in order."""
        return tuple(sorted({self.deadline, *(item.deadline for item in self.criteria if item.deadline is not None)}))
