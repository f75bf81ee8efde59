"""Observed series: which rows belong together, what quantity of the model answers to each, and what was known before.

A series is what shares commodity, measure, form, origin, destination and unit. Its measure is read by its words:

* ``exports`` in it: tonnes sold by the origin; ``imports`` or ``shipments``: tonnes landed at the destination, by
  declared origin; both with ``share``: a share of these imports;
* ``unit_value``: the price of what lands, of the day it left, for its contract share of the year before; ``price`` at
  the beginning: a price index, in China where the destination is China, else of the stage's product outside;
* ``consumption``: use of the focal buyer.

Changes, flags and ready-made ratios (``stylised_fact``) are told apart as not predicted. The form names stages where a
stage's name begins with it (``spherical``, ``ore`` for mines); any other form stands for all of the chain. Where a
series counts a part of what the model counts, or in another basis, its level before the event is the measure: the
model predicts by which factor it moves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Final, Literal

from simulator.domain.chain import Chain
from simulator.domain.meters import ANY, FlowMeter
from simulator.domain.observations import TONNES, Observation

Kind = Literal["exports", "imports", "import_share", "unit_value", "price", "price_china", "consumption"]

SAME_COMMODITY: Final = {
    "rare_earths": "ree_light",
    "cerium": "ree_light",
    "lanthanum": "ree_light",
    "cerium_oxide": "ree_light",
    "cerium_compounds": "ree_light",
    "dysprosium": "ree_heavy",
    "terbium": "ree_heavy",
}
"""Names of observed goods that the chains hold under another name."""
_BUYERS: Final = {"us": "USA", "japan": "JPN", "eu": "EUU", "korea": "KOR", "china": "CHN"}
_NOT_LEVELS: Final = ("change", "ratio", "quota", "reliance", "stocks")
HISTORY: Final = timedelta(days=1096)
"""How far back a level or a noise is taken from."""
RECENT: Final = timedelta(days=366)
_MONTH: Final = 31
_ENOUGH: Final = 3


@dataclass(frozen=True, slots=True)
class Series:
    """One observed series and what the model says about it."""

    id: str
    commodity: str
    """Catalogue name of the chain."""
    kind: Kind
    stages: tuple[str, ...]
    """Stages whose product it counts; all where empty."""
    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    unit: str
    history: tuple[Observation, ...]
    """Seen before the start, within two years, by period."""
    after: tuple[Observation, ...]
    """To be predicted: periods that begin on the start or later, by period."""

    @property
    def monthly(self) -> bool:
        """Whether it is observed month by month."""
        return sum(item.days <= _MONTH for item in self.after) > len(self.after) / 2

    @property
    def is_flow(self) -> bool:
        """Whether it counts tonnes over a period."""
        return self.kind in ("exports", "imports", "consumption")

    @property
    def per_month(self) -> bool:
        """Whether its values are mean monthly amounts."""
        return self.unit.endswith("/month")

    @property
    def factor(self) -> float:
        """Units of the series in a tonne; 1 where the unit is no mass."""
        return 1.0 / TONNES.get(self.unit.removesuffix("/month").split("_")[0], 1.0)

    def amount(self, item: Observation) -> float:
        """What was seen over the whole period of an observation, for flows; the value as it is, for others."""
        return item.value * item.days / (365.25 / 12) if self.per_month and self.is_flow else item.value

    def meters(self) -> tuple[FlowMeter, ...]:
        """Flows of the model that answer to it."""
        if self.kind in ("exports", "imports"):
            return (self._meter(self.id, self.origins, arrivals=self.kind == "imports"),)
        if self.kind == "import_share":
            return (
                self._meter(self.id, self.origins, arrivals=True),
                self._meter(f"{self.id}/all", (ANY,), arrivals=True),
            )
        return ()

    def _meter(self, name: str, origins: tuple[str, ...], *, arrivals: bool) -> FlowMeter:
        return FlowMeter(name, self.commodity, self.stages, origins, self.destinations, arrivals)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A series that is not predicted, with the reason."""

    id: str
    observations: int
    why: str


def series_of(
    rows: Iterable[Observation], chains: Iterable[Chain], focal: str, start: date, last: date
) -> tuple[tuple[Series, ...], tuple[LeftOut, ...]]:
    """Sort observations into series, and say which of them cannot be predicted.

    Parameters
    ----------
    rows
        Observations in any order.
    chains
        Chains of the case.
    focal
        Focal buyer: the destination where none is given.
    start
        First day that is predicted.
    last
        Last day that the model's clock may reach.
    """
    by_name = {chain.commodity: chain for chain in chains}
    groups: dict[str, list[Observation]] = {}
    for row in rows:
        groups.setdefault(series_id(row), []).append(row)
    found, left = [], []
    for name, group in groups.items():
        made = _series(name, sorted(group, key=_by_period), by_name, focal, start, last)
        if isinstance(made, Series):
            found.append(made)
        else:
            left.append(LeftOut(name, len(group), made))
    return tuple(found), tuple(left)


def series_id(row: Observation) -> str:
    """Name of the series a row belongs to: ``commodity/measure/form/origin-destination``."""
    parts = [row.commodity, row.measure, *(part for part in (row.form or row.stage,) if part)]
    return "/".join([*parts, f"{row.origin}-{row.destination or '*'}", *([row.unit] if _odd(row.unit) else [])])


def _odd(unit: str) -> bool:
    return unit in ("percent_of_value", "t_Sb_content")


def _by_period(row: Observation) -> tuple[date, date]:
    return row.period_start, row.period_end


def _series(
    name: str, group: list[Observation], chains: dict[str, Chain], focal: str, start: date, last: date
) -> Series | str:
    row = group[0]
    commodity = SAME_COMMODITY.get(row.commodity, row.commodity)
    if commodity not in chains:
        return f"{row.commodity} is not simulated here"
    kind = kind_of(row.measure, row.destination)
    if kind is None:
        return "a change, a flag or a ready-made ratio, not a level"
    chain = chains[commodity]
    stages = stages_of(chain, row.stage or row.form)
    if kind == "consumption":
        stages = ()
    destination = row.destination or next(
        (code for word, code in _BUYERS.items() if row.measure.startswith(f"{word}_")), focal
    )
    if kind == "consumption" and destination != focal:
        return f"use of {destination}, and the focal buyer is {focal}"
    if kind == "import_share" and row.origin == ANY:
        return "a share of imports needs an origin"
    history = tuple(item for item in group if item.period_end < start and item.period_start >= start - HISTORY)
    after = tuple(item for item in group if item.period_start >= start and item.period_end <= last)
    if not after:
        straddle = any(item.period_start < start <= item.period_end for item in group)
        return "its periods begin before the start" if straddle else "nothing was observed after the start"
    if kind in ("unit_value", "price", "price_china") and not history:
        return "no price before the start, and an index needs one"
    if not history and row.form and not stages and not _is_all(row.form):
        return "counts a part of what the chain holds, and nothing was seen of it before the start"
    return Series(
        name,
        commodity,
        kind,
        stages,
        tuple(row.origin.split("+")),
        tuple(destination.split("+")),
        row.unit,
        history,
        after,
    )


def _is_all(form: str) -> bool:
    return form.startswith("all") or form.endswith("_all")


def kind_of(measure: str, destination: str) -> Kind | None:
    """Return what quantity of the model answers to a measure; None for none.

    >>> [kind_of(name, "USA") for name in ("us_import_unit_value", "china_share_of_us_imports", "policy_event")]
    ['unit_value', 'import_share', None]
    """
    if ":" in measure or any(word in measure for word in _NOT_LEVELS):
        return None
    if "unit_value" in measure:
        return "unit_value"
    if measure.startswith("price"):
        return "price_china" if destination == "CHN" else "price"
    if "import" in measure or "shipments" in measure:
        return "import_share" if "share" in measure else "imports"
    if "export" in measure:
        return "exports"
    return "consumption" if measure.endswith("consumption") else None


def stages_of(chain: Chain, form: str) -> tuple[str, ...]:
    """Return the stages a form names, by the beginning of their names; none where it stands for the whole chain."""
    words = {"ore": "mine", "concentrate": "mine", "natural_flake": "mine", "natural_crystalline": "mine"}
    begins = next((stage for word, stage in words.items() if form.startswith(word)), form)
    return tuple(stage.name for stage in chain.stages if begins and stage.name.startswith(begins))


def level_of(series: Series) -> float | None:
    """Mean level before the start: amount per day of a flow, mean value of another series; None where nothing was seen.

    A price is what it was last: the median of the last three observations. Of others, the last twelve months count
    where they hold three observations, else all that was seen; longer periods only where no month was seen.
    """
    rows = _for_level(series)
    if not rows:
        return None
    if series.kind in ("unit_value", "price", "price_china"):
        return median(item.value for item in rows[-_ENOUGH:])
    days = sum(item.days for item in rows)
    if series.is_flow:
        return sum(series.amount(item) for item in rows) / days
    return sum(item.value * item.days for item in rows) / days


def _for_level(series: Series) -> tuple[Observation, ...]:
    months = tuple(item for item in series.history if item.days <= _MONTH)
    if not months:
        return series.history
    newest = max(item.period_end for item in months)
    recent = tuple(item for item in months if item.period_start > newest - RECENT)
    return recent if len(recent) >= _ENOUGH else months
