"""Distributions that may stand for a number in a scenario file; each draws one value per replication."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, Strict, model_validator

from simulator.domain import sampling
from simulator.instruments.fields import STRICT, reject

Floats = NDArray[np.float64]


class _Spec(BaseModel):
    model_config = STRICT


class LognormalShape(_Spec):
    """Median and 90th percentile of a lognormal distribution."""

    median: float = Field(gt=0)
    """Middle value, above 0, in the unit of the field."""
    p90: float = Field(gt=0)
    """Value that 9 of 10 futures stay below, at least the median."""

    @model_validator(mode="after")
    def _ordered(self) -> LognormalShape:
        if self.p90 < self.median:
            reject(self.p90, f"as p90 is below the median {self.median!r}")
        return self


class Lognormal(_Spec):
    """Lognormal distribution, given by its median and 90th percentile."""

    lognormal: LognormalShape

    def sample(self, u: Floats) -> Floats:
        """Return one value for each uniform."""
        return sampling.lognormal(u, self.lognormal.median, self.lognormal.p90)

    def range(self) -> tuple[float, float]:
        """Return the lowest and highest value it can give."""
        return 0.0, float("inf")


class TriangularShape(_Spec):
    """Lowest, likeliest and highest value of a triangular distribution."""

    low: float
    """Lowest value, in the unit of the field."""
    mode: float
    """Likeliest value."""
    high: float
    """Highest value."""

    @model_validator(mode="after")
    def _ordered(self) -> TriangularShape:
        if not self.low <= self.mode <= self.high:
            reject([self.low, self.mode, self.high], "is out of order; low <= mode <= high")
        return self


class Triangular(_Spec):
    """Triangular distribution."""

    triangular: TriangularShape

    def sample(self, u: Floats) -> Floats:
        """Return one value for each uniform."""
        return sampling.triangular(u, self.triangular.low, self.triangular.mode, self.triangular.high)

    def range(self) -> tuple[float, float]:
        """Return the lowest and highest value it can give."""
        return self.triangular.low, self.triangular.high


class UniformShape(_Spec):
    """Ends of a uniform distribution."""

    low: float
    """Lowest value, in the unit of the field."""
    high: float
    """Highest value."""

    @model_validator(mode="after")
    def _ordered(self) -> UniformShape:
        if self.high < self.low:
            reject([self.low, self.high], "is out of order; low <= high")
        return self


class Uniform(_Spec):
    """Uniform distribution."""

    uniform: UniformShape

    def sample(self, u: Floats) -> Floats:
        """Return one value for each uniform."""
        return sampling.uniform(u, self.uniform.low, self.uniform.high)

    def range(self) -> tuple[float, float]:
        """Return the lowest and highest value it can give."""
        return self.uniform.low, self.uniform.high


class NormalShape(_Spec):
    """Mean and standard deviation of a normal distribution."""

    mean: float
    """Mean, in the unit of the field."""
    sd: float = Field(ge=0)
    """Standard deviation, 0 or more, in the same unit."""


class Normal(_Spec):
    """Normal distribution; values outside what the field accepts are cut at its bounds."""

    normal: NormalShape

    def sample(self, u: Floats) -> Floats:
        """Return one value for each uniform."""
        return sampling.normal(u, self.normal.mean, self.normal.sd)

    def range(self) -> tuple[float, float]:
        """Return the mean twice: the tails are cut at the bounds of the field, the middle must lie inside."""
        return self.normal.mean, self.normal.mean


class ChoiceShape(_Spec):
    """Values and their weights."""

    values: Annotated[tuple[float, ...], Strict(False), Field(min_length=1)]
    """Possible values, in the unit of the field."""
    weights: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Strict(False)] | None = None
    """Relative weight of each value; equal where not given."""

    @model_validator(mode="after")
    def _paired(self) -> ChoiceShape:
        if self.weights is not None and (len(self.weights) != len(self.values) or sum(self.weights) <= 0):
            reject(list(self.weights), f"does not give {len(self.values)} weights, one above 0")
        return self


class Choice(_Spec):
    """One of several values."""

    choice: ChoiceShape

    def sample(self, u: Floats) -> Floats:
        """Return one value for each uniform."""
        return sampling.choice(u, self.choice.values, self.choice.weights)

    def range(self) -> tuple[float, float]:
        """Return the lowest and highest value it can give."""
        return min(self.choice.values), max(self.choice.values)


class InputReference(_Spec):
    """The value of one of the model's uncertain inputs, such as ``{input: truce_renewal/ALL}``."""

    input: str
    """Name of the uncertain input."""

    def range(self) -> tuple[float, float]:
        """Return nothing that could be out of bounds: the catalogue states the input's own."""
        return float("-inf"), float("inf")


Distribution = Lognormal | Triangular | Uniform | Normal | Choice
SHAPES = ("lognormal", "triangular", "uniform", "normal", "choice")
"""Names of the distributions, as written in a file."""
