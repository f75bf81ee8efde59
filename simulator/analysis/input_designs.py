"""Which uncertain inputs a study of their influence moves, and the values it gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from simulator.domain.facts import UncertainInput
from simulator.experiment.many import Wanted
from simulator.experiment.points import input_uniforms, input_values
from simulator.instruments.names import commodity_names

if TYPE_CHECKING:
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]

DUMMIES_PER_INPUT: Final = 20
"""Dummy inputs per real one: 20 make the band of a family of inputs at 95 % the extreme one dummy."""
LEAST_DUMMIES: Final = 1000
REPEATS: Final = 16
"""Futures by chance under each set of input values, where means over chance are taken."""
OTHERS: Final = "all others"
DUMMY: Final = "dummy"


def inputs_of(case: Case) -> tuple[UncertainInput, ...]:
    """Return the inputs that can touch a case: not those named for another commodity, nor those fixed to a value."""
    own = {chain.commodity for chain in case.chains}
    foreign = set(commodity_names()) - own
    return tuple(item for item in case.inputs if item.name.rpartition("/")[2] not in foreign and item.low != item.high)


def columns(inputs: Sequence[UncertainInput], count: int, seed: int) -> Floats:
    """Return (count, k) values that a run of so many futures gives its inputs."""
    found = input_values(inputs, count, seed)
    return np.stack([found[item.name] for item in inputs], axis=1)


def dummies(case: Case, inputs: int, count: int, seed: int) -> Floats:
    """Return (count, d) values of inputs that nobody reads, drawn like the others in dimensions of their own."""
    first = max((item.dimension for item in case.inputs), default=-1) + 1
    number = max(LEAST_DUMMIES, DUMMIES_PER_INPUT * inputs)
    nobody = [
        UncertainInput(f"{DUMMY}/{place}", first + place, 0.05, 0.5, 0.95, "1", "drawn and read by nobody", "assumed")
        for place in range(number)
    ]
    return np.stack(list(input_uniforms(nobody, count, seed).values()), axis=1)


def extremes(case: Case, item: UncertainInput, replications: int, seed: int) -> tuple[Wanted, Wanted]:
    """Return the case with an input at its low (5 %) and at its high (95 %) value, the rest as in a run."""
    low, high = (
        Wanted(case, replications, seed, {item.name: np.full(replications, np.clip(value, item.minimum, item.maximum))})
        for value in (item.low, item.high)
    )
    return low, high


def repeated(case: Case, inputs: Sequence[UncertainInput], points: int, seed: int, repeats: int = REPEATS) -> Wanted:
    """Return the case at the first so many points of a run, each under ``repeats`` futures by chance."""
    values = input_values(inputs, points, seed)
    return _at(case, values, seed, repeats)


def saltelli(
    case: Case, inputs: Sequence[UncertainInput], top: Sequence[UncertainInput], points: int, seed: int
) -> tuple[Wanted, ...]:
    """Return the cases of a Saltelli design: A, B, A with each factor from B, and A under other chance.

    The factors are the ``top`` inputs, then all others together. Row j has the same chance in all but the
    last, which is the dummy factor's.
    """
    apart = max(item.dimension for item in case.inputs) + 1
    a = input_values(inputs, points, seed)
    second = [replace(item, name=f"second/{item.name}", dimension=apart + item.dimension) for item in inputs]
    b = {name.removeprefix("second/"): values for name, values in input_values(second, points, seed).items()}
    single = {item.name for item in top}
    groups = [{item.name} for item in top] + [{item.name for item in inputs if item.name not in single}]
    mixed = [{**a, **{name: b[name] for name in group}} for group in groups]
    return (*(_at(case, values, seed) for values in (a, b, *mixed)), _at(case, a, seed + 1))


def _at(case: Case, values: Mapping[str, Floats], seed: int, repeats: int = REPEATS) -> Wanted:
    """Every point under ``repeats`` futures; futures of one point stand side by side."""
    spread = {name: np.repeat(column, repeats) for name, column in values.items()}
    count = len(next(iter(spread.values())))
    return Wanted(case, count, seed, spread)
