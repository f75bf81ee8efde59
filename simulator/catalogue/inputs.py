"""Uncertain inputs: what is the same in a whole future but not known today, with its distribution.

Behavioural inputs that ``simulator calibrate`` learnt something about from past episodes have its posterior
(``input_posteriors.csv``), unless priors are asked for; all others, and those on a row of the user's own, their prior.
Priors come from ``behaviour.csv`` (rows marked "recommended prior": low, median, high), else from
``input_priors.csv``. ``sobol_dimensions.csv`` fixes each input's dimension: a new input takes a new
number at the end, so that it moves no other input's draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal, TypeVar, cast

from simulator.catalogue.own_rows import OWN
from simulator.catalogue.tables import Row, from_tables, number, required, rows
from simulator.domain.facts import Quality, UncertainInput
from simulator.domain.sampling import three_point
from simulator.errors import CatalogueError

Key = TypeVar("Key", bound=Hashable)

ALL: Final = "ALL"
INF: Final = math.inf
PERCENT: Final = 0.01


@dataclass(frozen=True, slots=True)
class _FromBehaviour:
    """Where a role's prior stands in ``behaviour.csv`` and how it is expressed here."""

    parameter: str
    unit: str
    horizon: str = ""
    """Beginning of the ``horizon`` cell; empty for any."""
    scale: float = 1.0
    minimum: float = -INF
    maximum: float = INF


Distribution = Literal["posterior", "prior"]
"""Whether calibrated inputs are as past episodes leave them, or as they were assumed before."""
BY_COMMODITY: Final[Mapping[str, _FromBehaviour | None]] = {
    "demand_elasticity": _FromBehaviour("elasticity_demand_own", "elasticity", "short", maximum=0),
    "supply_elasticity": _FromBehaviour("elasticity_supply_own", "elasticity", "short", minimum=0),
    "recycled_elasticity": _FromBehaviour("elasticity_supply_recycled", "elasticity", minimum=0),
    "stock_cover_months": _FromBehaviour("stock_cover_industry", "months", minimum=0),
    "contract_share": _FromBehaviour("share_long_term_contract", "1", "", PERCENT, 0, 1),
    "demand_growth": _FromBehaviour("demand_growth", "1/yr", "", PERCENT, -1, INF),
    "qualification_months": None,
    "focal_demand_level": None,
    "capacity_level": None,
}
_GLOBAL: Final[Mapping[str, _FromBehaviour | None]] = {
    "price_gap_elasticity": _FromBehaviour("elasticity_sum_supply_plus_demand", "elasticity", "short", minimum=0),
    "price_halving_months": _FromBehaviour("price_halving_time", "months", minimum=0),
    "hoarding_multiple": _FromBehaviour("hoarding_multiple_before_control", "1", minimum=1),
    "reroute_share": None,
    "reroute_lag_months": _FromBehaviour("transshipment_lag", "months", minimum=0),
    "reroute_premium": _FromBehaviour("price_gap_trigger_rerouting", "1", "", PERCENT, 0),
    "licence_approval": _FromBehaviour("licence_approval_share", "1", "", PERCENT, 0, 1),
    "licence_fill": _FromBehaviour("licence_partial_fill", "1", "", 1.0, 0, 1),
    "licence_lag_months": None,
    "licence_validity_months": _FromBehaviour("licence_validity", "months", minimum=0),
    "truce_renewal": None,
    "outage_rate_per_plant_year": None,
    "cancellation_hazard_per_year": None,
    "start_slip_scale": None,
    "restart_months": _FromBehaviour("restart_time", "months", minimum=0),
}
CALIBRATED: Final = (
    "price_gap_elasticity",
    "price_halving_months",
    "hoarding_multiple",
    "reroute_share",
    "reroute_lag_months",
    "reroute_premium",
    "licence_approval",
    "licence_fill",
    "licence_lag_months",
    "licence_validity_months",
    "demand_elasticity",
    "supply_elasticity",
    "recycled_elasticity",
    "stock_cover_months",
    "contract_share",
    "qualification_months",
)
"""Behaviour that past episodes are held against: how buyers, sellers and licence desks react. What is known of
quantities (demand, capacity, outages, projects) is no behaviour."""
_LESS_ELASTIC_HALF: Final = frozenset({"magnesium_metal", "tantalum", "ree_light", "ree_heavy"})
"""Their estimated elasticities contain stock draw and panic buying, which the model adds itself."""


@from_tables
def inputs(distribution: Distribution = "posterior") -> tuple[UncertainInput, ...]:
    """Every uncertain input in order of its Sobol dimension."""
    if distribution == "posterior":
        learnt = _posteriors()
        return tuple(calibrated(item, learnt.get(item.name.partition("/")[0])) for item in inputs("prior"))
    return tuple(_input(name, dimension) for name, dimension in _dimensions().items())


def names() -> tuple[str, ...]:
    """Names of the uncertain inputs in order of their Sobol dimension; costs little where nothing else is asked."""
    return tuple(_dimensions())


@from_tables
def _dimensions() -> Mapping[str, int]:
    """Name of every uncertain input -> its Sobol dimension, ascending."""
    stated = {row["name"]: int(row["dimension"]) for row in rows("sobol_dimensions")}
    known = [f"{role}/{ALL}" for role in _GLOBAL]
    known += [f"{role}/{commodity}" for commodity in commodities() for role in BY_COMMODITY]
    for name in known:
        if name not in stated:
            raise CatalogueError(f"sobol_dimensions.csv gives no dimension to the uncertain input {name!r}")
    return {name: stated[name] for name in sorted(known, key=stated.__getitem__)}


@dataclass(frozen=True, slots=True)
class Position:
    """What past episodes say of an input: where in its prior it lies."""

    low: float
    """Share of the prior below the value that 5 % of the posterior lie below."""
    median: float
    high: float
    source: str


@from_tables
def _posteriors() -> Mapping[str, Position]:
    """Role -> position, for the inputs that something was learnt about."""
    return {
        row["role"]: Position(required(row, "low"), required(row, "median"), required(row, "high"), row["source"])
        for row in rows("input_posteriors")
        if row["learnt"] == "yes"
    }


def calibrated(prior: UncertainInput, position: Position | None) -> UncertainInput:
    """Return an input with its posterior in the place of its prior; as it is without one, or on a user's own row."""
    if position is None or prior.source.startswith(OWN) or prior.low == prior.high:
        return prior
    low, median, high = (
        float(value)
        for value in three_point(
            (position.low, position.median, position.high),
            prior.low, prior.median, prior.high, prior.minimum, prior.maximum,
        )
    )  # fmt: skip
    note = (
        f"prior {prior.low:.4g} / {prior.median:.4g} / {prior.high:.4g} ({prior.quality}: {prior.source}); {prior.note}"
    )
    return replace(
        prior, low=low, median=median, high=high, source=position.source, quality="derived", note=note.rstrip("; ")
    )


@from_tables
def roles(commodity: str) -> Mapping[str, str]:
    """Role -> input name for a commodity; global roles included (``reroute_share`` -> ``reroute_share/ALL``)."""
    if commodity not in commodities():
        raise CatalogueError(f"no uncertain inputs for {commodity!r}: not a commodity of commodities.csv")
    names = {role: f"{role}/{commodity}" for role in BY_COMMODITY}
    names.update({role: f"{role}/{ALL}" for role in _GLOBAL})
    return MappingProxyType(names)


@from_tables
def commodities() -> tuple[str, ...]:
    """Catalogue names of all commodities, in the order of ``commodities.csv``."""
    return tuple(row["commodity"] for row in rows("commodities"))


def _input(name: str, dimension: int) -> UncertainInput:
    role, _, subject = name.partition("/")
    prior = _prior(role, subject)
    if role == "demand_elasticity" and subject in _LESS_ELASTIC_HALF:
        prior = _upper_half(prior)
    if not prior.low <= prior.median <= prior.high:
        raise CatalogueError(f"prior of {name!r} is not ordered: {prior.low}, {prior.median}, {prior.high}")
    return UncertainInput(
        name=name,
        dimension=dimension,
        low=prior.low,
        median=prior.median,
        high=prior.high,
        unit=prior.unit,
        source=prior.source,
        quality=prior.quality,
        minimum=prior.minimum,
        maximum=prior.maximum,
        note=prior.note,
    )


@dataclass(frozen=True, slots=True)
class _Prior:
    low: float
    median: float
    high: float
    unit: str
    source: str
    quality: Quality
    minimum: float
    maximum: float
    note: str


def _prior(role: str, subject: str) -> _Prior:
    """Own row of ``input_priors.csv``, else the recommended prior, else a spread from the tables, else the default."""
    stated = _stated_priors()
    if (role, subject) in stated:
        return stated[role, subject]
    spec = (_GLOBAL if subject == ALL else BY_COMMODITY)[role]
    if spec is not None and (found := _recommended(spec, subject)) is not None:
        return found
    if role == "focal_demand_level" and (found := _demand_spread(subject, stated[role, "DEFAULT"])) is not None:
        return found
    if role == "capacity_level" and (found := _revision_spread(subject, stated)) is not None:
        return found
    if (role, "DEFAULT") in stated:
        return stated[role, "DEFAULT"]
    raise CatalogueError(f"no prior for the uncertain input {role}/{subject}")


@from_tables
def _stated_priors() -> Mapping[tuple[str, str], _Prior]:
    return {(row["role"], row["subject"]): _stated(row) for row in rows("input_priors")}


def _stated(row: Row) -> _Prior:
    return _Prior(
        low=required(row, "low"),
        median=required(row, "median"),
        high=required(row, "high"),
        unit=row["unit"],
        source=row["source"],
        quality=_quality(row),
        minimum=required(row, "minimum"),
        maximum=required(row, "maximum"),
        note=row["note"],
    )


def _recommended(spec: _FromBehaviour, subject: str) -> _Prior | None:
    """Low, median and high of the rows marked "recommended prior", or None where there are none."""
    marked = _recommendations().get((spec.parameter, subject), ())
    found = {row["statistic"]: row for row in marked if row["horizon"].startswith(spec.horizon)}
    if not {"low", "median", "high"} <= set(found):
        return None
    low, median, high = (required(found[key], "value") * spec.scale for key in ("low", "median", "high"))
    row = found["median"]
    note = "; ".join(part for part in (row["sample_or_context"], row["note"]) if part)
    return _Prior(low, median, high, spec.unit, row["source"], _quality(row), spec.minimum, spec.maximum, note)


@from_tables
def _recommendations() -> Mapping[tuple[str, str], list[Row]]:
    """(parameter, commodity) -> rows marked "recommended prior", in file order."""
    marked = (row for row in rows("behaviour") if "recommended prior" in row["sample_or_context"])
    return _grouped(marked, lambda row: (row["parameter"], row["commodity"]))


def _grouped(of: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = {}
    for row in of:
        found.setdefault(key(row), []).append(row)
    return found


def _upper_half(prior: _Prior) -> _Prior:
    """The half of a prior above its median: quantiles 52.5 %, 75 % and 97.5 % of the piecewise-linear whole."""
    slope = (prior.high - prior.median) / 0.45
    low, median, high = (min(prior.median + slope * (q - 0.5), prior.maximum) for q in (0.525, 0.75, 0.975))
    note = f"{prior.note}; less elastic half, because stock draw and panic buying are modelled apart"
    return _Prior(low, median, high, prior.unit, prior.source, prior.quality, prior.minimum, prior.maximum, note)


def _demand_spread(commodity: str, default: _Prior) -> _Prior | None:
    """Published low and high of US consumption over its value, in the latest base-year row that has them."""
    for row in sorted(_consumption().get(commodity, ()), key=lambda row: row["year"], reverse=True):
        # The bounds are in the row's own unit, so the value must be too.
        value, low, high = (number(row[key]) for key in ("value", "value_low", "value_high"))
        if row["year"] > "2024" or value is None or low is None or high is None:
            continue
        note = f"us_balance.csv {row['measure']} {row['year']}: low and high over value; {row['note']}"
        return _Prior(
            low / value, 1.0, high / value, "1", row["source"], _quality(row), default.minimum, default.maximum, note
        )
    return None


@from_tables
def _consumption() -> Mapping[str, list[Row]]:
    """Commodity -> rows of US consumption, in file order."""
    found = (row for row in rows("us_balance") if row["measure"].startswith("consumption"))
    return _grouped(found, lambda row: row["commodity"])


def _revision_spread(commodity: str, stated: Mapping[tuple[str, str], _Prior]) -> _Prior | None:
    """Spread of output outside China between the first estimate of 2024 and its revision.

    The absolute log ratio of the two totals over the countries both editions list is taken as the
    90 % half-width, between the floor and the cap of ``input_priors.csv``.
    """
    pairs = _revised_output(commodity)
    final, first = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    if not final or not first:
        return None
    floor, cap = stated["capacity_level", "FLOOR"], stated["capacity_level", "CAP"]
    width = min(max(abs(math.log(first / final)), math.log(floor.high)), math.log(cap.high))
    source = "world_production.csv production against production_superseded, 2024, without China"
    note = f"{first:.6g} t first printed, {final:.6g} t revised, {len(pairs)} countries; floor and cap are assumed"
    return _Prior(math.exp(-width), 1.0, math.exp(width), "1", source, "derived", floor.minimum, floor.maximum, note)


def _revised_output(commodity: str) -> list[tuple[float, float]]:
    values: dict[tuple[str, str], dict[str, float]] = {}
    for row in _estimates().get(commodity, ()):
        value = number(row["value_std"])
        if value is not None:
            values.setdefault((row["stage"], row["country"]), {}).setdefault(row["measure"], value)
    return [(pair["production"], pair["production_superseded"]) for pair in values.values() if len(pair) == 2]


@from_tables
def _estimates() -> Mapping[str, list[Row]]:
    """Commodity -> rows of output in 2024 outside China, first estimates and revised ones, in file order."""
    found = (
        row
        for row in rows("world_production")
        if row["year"] == "2024"
        and row["country"] not in ("CHN", "WLD")
        and row["measure"] in ("production", "production_superseded")
    )
    return _grouped(found, lambda row: row["commodity"])


def _quality(row: Row) -> Quality:
    if row["quality"] not in ("reported", "estimated", "derived", "assumed"):
        raise CatalogueError(f"{row['quality']!r} is not a quality grade, in the row {dict(row)}")
    return cast(Quality, row["quality"])
