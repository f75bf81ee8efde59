"""How far an observation may lie from what a right model gives: the error of the figure and that of the model.

``observation_errors.csv`` states, by measure, the standard deviation of the published figure (by its grade), the
scatter from month to month that the model does not have, and a lasting bias of the model with its memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from simulator.catalogue.tables import from_tables, required, rows
from simulator.domain.facts import Quality
from simulator.domain.observations import WORLD, Observation
from simulator.errors import CatalogueError

MONTH_DAYS: Final = 365.25 / 12.0
_GRADES: Final[tuple[Quality, ...]] = ("reported", "estimated", "derived", "assumed")


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """Error of one measure; standard deviations in log points or, on the linear scale, in the measure's unit."""

    measure: str
    scale: Literal["log", "linear"]
    figure: Mapping[Quality, float]
    """Grade of the figure -> its standard deviation."""
    scatter_month: float
    """Scatter of a month's figure around the model; independent between months."""
    bias: float
    """Lasting error of the model."""
    memory_days: float
    """Time in which the correlation of that error falls to 1 / e."""
    floor_share: float
    """Part of the usual amount that is added before the logarithm is taken, so that nothing at all is a figure too."""
    source: str
    quality: str
    note: str

    def own_variance(self, observation: Observation) -> float:
        """Return the variance that an observation shares with no other: of the figure, and of its months' scatter."""
        figure = self.figure[observation.quality] if observation.sd is None else observation.sd
        months = max(observation.days / MONTH_DAYS, 1.0)
        return figure**2 + self.scatter_month**2 / months

    def shared_covariance(self, days_apart: float) -> float:
        """Return the covariance of two figures of one series whose periods have their middles so far apart."""
        return self.bias**2 * math.exp(-abs(days_apart) / self.memory_days)


def row_of(observation: Observation) -> str:
    """Return the row of the table an observation is judged by: single origins have one of their own."""
    by_origin = observation.measure == "imports" and observation.origin != WORLD
    return "imports_by_origin" if by_origin else observation.measure


@from_tables
def error_models() -> Mapping[str, ErrorModel]:
    """Row of the table -> error model."""
    found = {}
    for row in rows("observation_errors"):
        if row["scale"] not in ("log", "linear"):
            raise CatalogueError(f"observation_errors.csv: scale {row['scale']!r} is neither log nor linear")
        found[row["measure"]] = ErrorModel(
            measure=row["measure"],
            scale=cast(Literal["log", "linear"], row["scale"]),
            figure={grade: required(row, grade) for grade in _GRADES},
            scatter_month=required(row, "scatter_month"),
            bias=required(row, "bias"),
            memory_days=required(row, "memory_months") * MONTH_DAYS,
            floor_share=required(row, "floor_share"),
            source=row["source"],
            quality=row["quality"],
            note=row["note"],
        )
    return found
