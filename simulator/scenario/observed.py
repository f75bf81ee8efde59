"""Observations in a scenario: rows of a CSV file beside it, by which the futures of a run are weighted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, Field

from simulator.catalogue.place_names import suggest_place
from simulator.domain.countries import COUNTRIES
from simulator.domain.observations import MEASURES, SAME_AS, WORLD, Observation
from simulator.domain.places import CHINA, at_home
from simulator.instruments.dates import IsoDate
from simulator.instruments.fields import STRICT, nearest, reject
from simulator.instruments.names import CommodityName
from simulator.scenario.focal import CompanyModel
from simulator.scenario.nodes import Path

UNIT: Final = {"imports": "t", "consumption": "t", "stocks": "t"}
"""Measure -> unit the model counts it in; ``1`` for the others."""


def _measure(value: str) -> str:
    known = (*MEASURES, *SAME_AS)
    if value not in known:
        reject(value, f"cannot weigh futures; {', '.join(MEASURES)} can", nearest(value, known))
    return value


def _origin(value: str) -> str:
    if value not in COUNTRIES and value != WORLD:
        reject(value, f"is not a country code (ISO 3166-1 alpha-3) or {WORLD}", suggest_place(value))
    return value


class ObservedModel(BaseModel):
    """One observed figure of the focal buyer."""

    model_config = STRICT

    commodity: CommodityName
    """Commodity, by catalogue name."""
    stage: str = ""
    """Stage of an end product that is a market of its own, such as ``permanent_magnet``; else empty."""
    measure: Annotated[str, AfterValidator(_measure)]
    """imports, import_share, consumption, stocks, price_index or price_index_china (the average of 2024 is 1)."""
    origin: Annotated[str, AfterValidator(_origin)] = WORLD
    """Declared origin, ISO 3166-1 alpha-3; ``WLD`` for all together."""
    destination: str = ""
    """Buying economy, which must be the focal buyer; empty for it."""
    period_start: IsoDate
    """First day of the period."""
    period_end: IsoDate
    """Last day of the period."""
    value: float
    """What was observed, in ``unit``."""
    unit: Annotated[str, Field(min_length=1)]
    """Unit of the value: kg, t or kt; percent or 1; ratio."""
    source: Annotated[str, Field(min_length=1)]
    """Where the figure comes from."""
    quality: Literal["reported", "estimated", "derived", "assumed"]
    """How good the figure is."""
    sd: Annotated[float, Field(gt=0)] | None = None
    """Standard deviation of the figure's error where its source states one: relative, for shares in shares."""
    form: str = ""
    """What the source counts, in its own words."""
    note: str = ""
    """What else is to be said."""

    @property
    def meaning(self) -> str:
        """The measure without the destination that its name may hold."""
        return SAME_AS[self.measure][0] if self.measure in SAME_AS else self.measure

    def observation(self) -> Observation:
        """Return it as the domain's word, in the unit the model counts in; only of a row without a fault."""
        origin = self.origin
        if self.measure.startswith("china_share") and origin == WORLD:
            origin = CHINA
        return Observation(
            commodity=self.commodity,
            measure=self.meaning,
            period_start=self.period_start,
            period_end=self.period_end,
            value=self.value * MEASURES[self.meaning][self.unit],
            unit=UNIT.get(self.meaning, "1"),
            source=self.source,
            quality=self.quality,
            origin=origin,
            destination=self.destination,
            stage=self.stage,
            form=self.form,
            sd=self.sd,
            note=self.note,
        )


def observed_checks(model: Any) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong between observations, the focal buyer, the clock and what is known when."""
    as_of: date = model.as_of or model.start
    company = isinstance(model.focal, CompanyModel)
    seen: dict[str, int] = {}
    for index, row in enumerate(model.observed):
        at: Path = ("observed", index)
        units = MEASURES[row.meaning]
        if row.unit not in units:
            yield (*at, "unit"), f"{row.unit!r} is not a unit of {row.meaning}; {', '.join(units)}"
            continue
        found = row.observation()
        yield from _bounds(found, at)
        asked = SAME_AS[row.measure][1] if row.measure in SAME_AS else row.destination
        if {asked, row.destination} - {""} and ({asked, row.destination} - {"", model.focal} or company):
            buyer = model.focal.name if company else model.focal
            yield (*at, "destination"), f"{asked or row.destination!r} is not the focal buyer, {buyer}"
        if found.origin != WORLD and not company and at_home(found.origin, model.focal):
            yield (*at, "origin"), f"{found.origin!r} is the focal buyer itself; imports come from others"
        if row.stage:
            yield from _stage(row, at)
        if row.period_end < row.period_start:
            first = row.period_start.isoformat()
            yield (*at, "period_end"), f"{row.period_end.isoformat()!r} is before the period begins, on {first}"
        if row.period_end > as_of:
            text = f"{row.period_end.isoformat()!r} is after what is known, as_of {as_of.isoformat()}"
            yield (*at, "period_end"), f"{text}; move it, such as by --set as_of={row.period_end.isoformat()}"
        if row.period_start < model.spin_up:
            first = row.period_start.isoformat()
            yield (*at, "period_start"), f"{first!r} is before the model's clock begins, on {model.spin_up.isoformat()}"
        if found.key in seen:
            yield at, f"the same figure is already given by observed[{seen[found.key]}]; keep one of them"
        seen.setdefault(found.key, index)


def _bounds(found: Observation, at: Path) -> Iterator[tuple[Path, str]]:
    highest = 1.0 if found.measure == "import_share" else float("inf")
    if not 0 <= found.value <= highest or (found.value == 0 and found.measure.startswith("price")):
        yield (*at, "value"), f"{found.value:g} cannot be {found.measure}"
    if found.measure == "import_share" and found.origin == WORLD:
        yield (*at, "origin"), f"a share of imports needs one origin, not {WORLD}"
    if found.measure not in ("imports", "import_share") and found.origin != WORLD:
        yield (*at, "origin"), f"{found.measure} has no origin; leave it empty"


def _stage(row: ObservedModel, at: Path) -> Iterator[tuple[Path, str]]:
    from simulator.catalogue.chains import chain

    built = chain(row.commodity)
    judged = built.stages[built.verdict_stage].name
    known = [stage.name for stage in built.stages[built.verdict_stage + 1 :] if stage.demand.any()]
    if row.stage == judged:
        yield (*at, "stage"), f"{row.stage!r} is the stage {row.commodity} is judged at; leave it empty"
    elif row.stage not in known:
        text = f"end products of {row.commodity} are {', '.join(known)}" if known else "it has no end product"
        yield (*at, "stage"), f"{row.stage!r} is no market the focal buyer is counted in; {text}"
