"""The file format: what a scenario may say, with its defaults.

Docstrings of fields are the descriptions an editor shows.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Discriminator,
    Field,
    Strict,
    Tag,
    TypeAdapter,
    WithJsonSchema,
)

from simulator.domain.target import METRICS, PUBLISHED, Criterion, ListRule
from simulator.instruments.base import Instrument, instrument_types
from simulator.instruments.dates import IsoDate, Offset, Period, iso_date
from simulator.instruments.fields import STRICT, at_least_one, nearest, reject
from simulator.instruments.names import Commodities, CommodityName, Targets
from simulator.scenario.expectations import Expectations
from simulator.scenario.focal import Focal
from simulator.scenario.observed import ObservedModel
from simulator.scenario.rules import Rule, fireable_types, one_of

if TYPE_CHECKING:
    Event = Instrument
else:
    Event = one_of(instrument_types().values())

_DEADLINE_HELP = "is not a day; write a date such as 2027-05-06, or +18mo from the start"


def _deadline(value: object) -> object:
    if isinstance(value, Offset):
        return value
    if isinstance(value, str) and re.match(Offset.PATTERN, value):
        return Offset.parse(value)
    return iso_date(value, _DEADLINE_HELP)


Deadline = Annotated[
    Annotated[date, WithJsonSchema({"type": "string", "format": "date"})] | Period,
    Field(union_mode="left_to_right"),
    BeforeValidator(_deadline),
]


class _Part(BaseModel):
    model_config = STRICT


class SignedBefore(_Part):
    """Agreements signed before a day."""

    signed_before: IsoDate
    """Only agreements signed before this day count."""


def _agreements(value: Any) -> Any:
    words = ("known", "none")
    if isinstance(value, dict | SignedBefore) or value in words:
        return value
    return reject(value, "is not accepted; write known, none, or {signed_before: 2025-10-01}", nearest(value, words))


class CatalogueChoice(_Part):
    """What the scenario takes from the catalogue."""

    agreements: Annotated[
        Annotated[Literal["known", "none"], Tag("word")] | Annotated[SignedBefore, Tag("SignedBefore")],
        Discriminator(lambda value: "SignedBefore" if isinstance(value, dict | SignedBefore) else "word"),
        BeforeValidator(_agreements),
    ] = "known"
    """Agreements: all known at ``as_of``, none, or those signed before a day."""
    projects: Literal["known", "none"] = "known"
    """Projects: all known at ``as_of``, or none."""
    project_dates: Literal["evidence", "promised"] = "evidence"
    """Start of projects: by gates and slip as the record shows, or every promise kept."""
    inputs: Literal["posterior", "prior"] = "posterior"
    """Behavioural inputs: as past episodes leave them (``simulator calibrate``), or as assumed before."""
    partners: Targets | None = None
    """Only agreements with one of these countries (or with all), and projects in them, count, ISO 3166-1 alpha-3 or
    ``EUU``; all where not given. Plants that already run at ``as_of`` stay wherever they stand."""


class InputRange(_Part):
    """Another range for an uncertain input; what is left out keeps the catalogue's value."""

    low: float | None = None
    """Value that 5 % of futures lie below, in the input's unit."""
    median: float | None = None
    """Middle value, in the input's unit."""
    high: float | None = None
    """Value that 95 % of futures lie below, in the input's unit."""


class CriterionModel(_Part):
    """A published yardstick with its threshold."""

    yardstick: Literal["reliance", "direct", "crma65", "nminus1", "cutoff"]
    """reliance (China at any stage), direct (declared origin China), crma65 (no third country above the share), nminus1
    (the world's supply without its largest supplier) or cutoff (supply after China stops everything)."""
    window_days: Annotated[int, Field(ge=1, le=730)] | None = None
    """Length of the window that ends on the deadline, days; 90, and 365 for nminus1. cutoff looks a year ahead."""
    max_share: Annotated[float, Field(ge=0, le=1)] | None = None
    """Largest share that meets it, 0 to 1; 0.50, for crma65 0.65, where not given."""
    max_unmet_share: Annotated[float, Field(ge=0, le=1)] | None = None
    """Largest unmet share of demand (reliance and cutoff only), 0 to 1; 0.05, for cutoff 0.10, where not given."""
    min_ratio: Annotated[float, Field(ge=0, le=10)] | None = None
    """Least ratio of supply to demand (nminus1 only); 1 where not given."""

    def criterion(self) -> Criterion:
        """Return it as the domain's word."""
        usual = PUBLISHED[self.yardstick]
        own = {"cutoff": self.max_unmet_share, "nminus1": self.min_ratio}.get(self.yardstick, self.max_share)
        return replace(
            usual,
            window_days=usual.window_days if self.window_days is None else self.window_days,
            threshold=usual.threshold if own is None else own,
            max_unmet_share=usual.max_unmet_share if self.max_unmet_share is None else self.max_unmet_share,
        )


def _observed(value: Any) -> Any:
    if isinstance(value, str):
        reject(
            value, "names a file where rows are meant; `observed: FILE` stands in a scenario file, --observed on a run"
        )
    return value


def _metric(value: str) -> str:
    if value not in METRICS:
        reject(value, f"is not a metric; known are {', '.join(METRICS)}", nearest(value, METRICS))
    return value


class OwnYardstick(_Part):
    """A yardstick of the user's own: any metric, its threshold, its window and its day."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Name under which reports show it: small letters, digits and underscores."""
    metric: Annotated[str, AfterValidator(_metric), WithJsonSchema({"type": "string", "enum": list(METRICS)})]
    """Metric that is judged, such as days_of_cover, unmet_share, hhi or landed_by_origin (tonnes in the window)."""
    max_value: float | None = None
    """Largest value that meets it, in the metric's unit."""
    min_value: float | None = None
    """Smallest value that meets it, in the metric's unit. Give either this or ``max_value``."""
    of: str | None = None
    """Origin, project or stage asked of, for metrics with a number of each; every one must meet it where not given."""
    window_days: Annotated[int, Field(ge=1, le=730)] = 90
    """Length of the window that ends on the deadline, days."""
    deadline: Deadline | None = None
    """Day of its own by which it must be met: a date, or ``+24mo`` from the start; the target's where not given."""

    def criterion(self, start: date) -> Criterion:
        """Return it as the domain's word."""
        threshold = self.min_value if self.max_value is None else self.max_value
        assert threshold is not None, "checked when the file was read"
        day = self.deadline
        return Criterion(
            yardstick=self.name,
            window_days=self.window_days,
            threshold=threshold,
            at_least=self.min_value is not None,
            metric=self.metric,
            of=self.of,
            deadline=day.after(start) if isinstance(day, Offset) else day,
        )


Yardstick = Annotated[
    Annotated[CriterionModel, Tag("CriterionModel")] | Annotated[OwnYardstick, Tag("OwnYardstick")],
    Discriminator(
        lambda value: (
            "OwnYardstick"
            if isinstance(value, OwnYardstick)
            or (isinstance(value, dict) and "yardstick" not in value and value.keys() & {"name", "metric"})
            else "CriterionModel"
        )
    ),
]


def _default_criteria() -> tuple[CriterionModel, ...]:
    return (
        CriterionModel(yardstick="reliance"),
        CriterionModel(yardstick="direct"),
        CriterionModel(yardstick="crma65"),
    )


class ListRuleModel(_Part):
    """When the list of commodities meets a yardstick: at least so many of them, or so much of their value."""

    at_least: Annotated[int, Field(ge=1)] | None = None
    """So many of the commodities counted, or all where fewer are."""
    weighted: Annotated[float, Field(gt=0, le=1)] | None = None
    """So large a share of the commodities counted, by weight, 0 to 1. Give either this or ``at_least``."""
    weights: dict[CommodityName, Annotated[float, Field(ge=0)]] = {}
    """Weight of each commodity, in any unit; the value of the focal buyer's use where none is given."""

    def rule(self) -> ListRule:
        """Return it as the domain's word."""
        if self.at_least is not None:
            return ListRule("at_least", float(self.at_least))
        return ListRule("weighted", 1.0 if self.weighted is None else self.weighted, dict(self.weights))


def _list_rule(value: Any) -> Any:
    if isinstance(value, dict | ListRuleModel) or value == "all":
        return value
    form = "is not accepted; write all, {at_least: 3}, or {weighted: 0.8}"
    return reject(value, form, nearest(value, ("all",)))


class TargetModel(_Part):
    """The claim under test."""

    deadline: Deadline = Offset(months=18)
    """Day by which the target must be met: a date, or ``+18mo`` from the start."""
    criteria: Annotated[tuple[Yardstick, ...], Strict(False), at_least_one("yardstick")] = Field(
        default_factory=_default_criteria
    )
    """Yardsticks: published ones with other thresholds, and the user's own. Published ones are judged whether named or
    not, but for cutoff: it takes the same futures once more, and is judged where it is named."""
    list_rule: Annotated[
        Annotated[Literal["all"], Tag("word")] | Annotated[ListRuleModel, Tag("ListRuleModel")],
        Discriminator(lambda value: "ListRuleModel" if isinstance(value, dict | ListRuleModel) else "word"),
        BeforeValidator(_list_rule),
    ] = "all"
    """When the list of headline commodities that missed a yardstick at the start meets it: all of them, at least so
    many, or so much of the value of what the focal buyer uses of them."""

    def own_names(self) -> tuple[str, ...]:
        """Names of the user's own yardsticks."""
        return tuple(item.name for item in self.criteria if isinstance(item, OwnYardstick))

    def rule(self) -> ListRule:
        """Return the list rule as the domain's word."""
        return ListRule() if self.list_rule == "all" else self.list_rule.rule()


class BacktestModel(_Part):
    """What a scenario of the past is held against."""

    observations: str = ""
    """CSV file of observations, relative to this file; what was seen before ``start`` sets levels and noise, what was
    seen after it is held against the prediction."""
    episode: str = ""
    """Rows of the file that belong to it, by their column ``episode``; all where not given."""
    main: Annotated[tuple[str, ...], Strict(False)] = ()
    """Series that must beat the null models, as ``commodity/measure/form/origin-destination``; the one with the most
    observations where not given."""
    reasons: dict[str, str] = {}
    """Why a main series need not beat the null models, by its name; shown with its score."""
    opening: str = ""
    """Folder of CSV files with opening conditions that no edition of the tables gives, relative to this file, named
    like the tables."""


class ScenarioModel(_Part):
    """A scenario of the critical-mineral supply simulator."""

    name: Annotated[str, Field(min_length=1)]
    """Short name, shown in reports."""
    question: str = ""
    """The question the scenario answers."""
    extends: str | None = None
    """Scenario file this one is laid over, relative to this file."""
    start: IsoDate = date(2025, 11, 6)
    """First day after the spin-up, day 0 of every ``+18mo``; the day of the C5+1 summit where not given."""
    as_of: IsoDate | None = None
    """Facts published after this day are not used; ``start`` where not given."""
    spin_up: IsoDate = date(2024, 7, 1)
    """First day of the model's clock; the controls in force then must be given as events."""
    review_days: Annotated[int, Field(ge=7, le=91, multiple_of=7)] = 14
    """Days between market reviews: a multiple of 7, since lots land on weekly services."""
    focal: Focal = "USA"
    """Buyer whose independence is judged: an economy by its code, or a company described by its own numbers."""
    commodities: Commodities | None = None
    """Commodities to simulate, by catalogue name; all where not given."""
    catalogue: CatalogueChoice = CatalogueChoice()
    """What is taken from the catalogue."""
    inputs: dict[
        str,
        Annotated[
            Annotated[float, Tag("number")] | Annotated[InputRange, Tag("InputRange")],
            Discriminator(lambda value: "InputRange" if isinstance(value, dict | InputRange) else "number"),
        ],
    ] = {}
    """Other values or ranges for uncertain inputs, by name, such as ``truce_renewal/ALL: 0.5``."""
    events: Annotated[tuple[Event, ...], Strict(False)] = ()
    """Instruments on the clock."""
    rules: Annotated[tuple[Rule, ...], Strict(False)] = ()
    """Reactions: what an actor watches, and the events it then sets off."""
    observed: Annotated[tuple[ObservedModel, ...], Strict(False), BeforeValidator(_observed)] = ()
    """Observed figures by which the futures are weighted: a CSV file beside this one, or the rows themselves."""
    target: TargetModel = Field(default_factory=TargetModel)
    """The claim under test: its deadline and yardsticks."""
    sources: Annotated[tuple[str, ...], Strict(False)] = ()
    """Where the scenario's dated facts come from."""
    expected: str = ""
    """The direction of the result common sense expects, in one line."""
    directions: Expectations | None = None
    """The same as measures that rise or fall against another scenario on the same random futures."""
    backtest: BacktestModel | None = None
    """What really happened, for ``simulator backtest``."""


class _Known:
    """The instruments that the models were last built from."""

    types = instrument_types()


def take_in_instruments() -> None:
    """Let the models know the instruments registered since they were built; nothing to do where there are none.

    The models are module-level classes, so that other code can name them; what they accept as an event is a union that
    pydantic compiles once, and compiles again here.
    """
    types = instrument_types()
    if types is _Known.types:
        return
    Rule.model_fields["then"].annotation = tuple[one_of(fireable_types().values()), ...]  # type: ignore[misc, assignment]
    Rule.model_rebuild(force=True)
    ScenarioModel.model_fields["events"].annotation = tuple[one_of(types.values()), ...]  # type: ignore[misc, assignment]
    ScenarioModel.model_rebuild(force=True)
    for forget in (_json_schema, event_adapter, rule_adapter):
        forget.cache_clear()
    _Known.types = types


@cache
def event_adapter() -> TypeAdapter[Instrument]:
    """Return what checks one event by itself."""
    return TypeAdapter(one_of(instrument_types().values()))


@cache
def rule_adapter() -> TypeAdapter[Rule]:
    """Return what checks one rule by itself."""
    return TypeAdapter(Rule)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files, labelled draft-07 for editors."""
    take_in_instruments()
    return _json_schema()


@cache
def _json_schema() -> dict[str, Any]:
    schema = ScenarioModel.model_json_schema()
    # A layer over another file need not repeat what that file says: neither the name nor the fields of an event,
    # which it may change by its id alone. The loader checks the merged whole.
    schema.pop("required", None)
    change = {"type": "object", "required": ["id"], "not": {"required": ["type"]}}
    for instrument in instrument_types().values():
        schema["$defs"][instrument.__name__]["required"] = ["id", "type"]
    events = schema["properties"]["events"]
    events["items"] = {"anyOf": [events["items"], change]}
    schema["$defs"]["Rule"]["required"] = ["id"]
    observed = schema["properties"]["observed"]
    rows = {key: observed.pop(key) for key in ("items", "type")}
    observed["anyOf"] = [{"type": "string", "description": "CSV file, relative to this one"}, rows]
    schema["$defs"]["Condition"].pop("required")
    return {"$schema": "http://json-schema.org/draft-07/schema#", **schema}
