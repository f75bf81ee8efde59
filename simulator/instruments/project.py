"""New capacity: a catalogue project with other terms, or a project of the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from simulator.domain.changes import CapacityChange, Change
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.fields import reject
from simulator.instruments.names import CommodityName, Country
from simulator.instruments.quantities import Amount, FixedShare

OWN_FIELDS = ("country", "commodity", "stage", "capacity_t_per_year", "at")
"""Fields a project needs when it is not one of the catalogue's."""

NEED_A_DAY = ("probability", "announced", "until", "country", "stage", "focal_offtake_share")
"""Fields that mean nothing for a catalogue project that keeps its gates."""


class Project(Instrument):
    """New capacity starts on a day and ramps up: the user's own, or a catalogue project on other terms.

    A catalogue project named by ``project`` takes the place of the catalogue's entry. With ``at`` it
    starts that day, without gates, and closes on ``until``, and where the event does not happen it is never built;
    without ``at`` it passes its gates in the catalogue's place, with the capacity, ramp and Chinese share given here.
    """

    type: Literal["project"] = "project"
    example: ClassVar[str] = """
        - id: second_smelter
          type: project
          at: +12mo
          country: USA
          commodity: antimony
          stage: smelter_metal
          capacity_t_per_year: 3000
    """

    project: str | None = None
    """Catalogue id of the project whose terms change; a new project where not given."""
    country: Country | None = None
    """Country of the plant, ISO 3166-1 alpha-3."""
    commodity: CommodityName | None = None
    """Commodity produced, by catalogue name."""
    stage: str | None = None
    """Stage of the commodity's chain at which it produces."""
    capacity_t_per_year: Amount | None = None
    """Design output, t/yr in the commodity's basis."""
    ramp_type: Annotated[int, Field(ge=0, le=4)] | None = None
    """McNulty type of the ramp-up, 1 (best) to 4; 0 for full output from the first day; 2 where not given."""
    china_offtake_share: FixedShare | None = None
    """Share of the output owned by or sold to Chinese buyers, 0 to 1."""
    focal_offtake_share: FixedShare | None = None
    """Share of the output tied to the focal buyer, 0 to 1."""

    @model_validator(mode="after")
    def _complete(self) -> Project:
        missing = [name for name in OWN_FIELDS if getattr(self, name) is None]
        if self.project is None and missing:
            reject(self.id, f"is a new project and lacks {', '.join(missing)}; or name a catalogue project")
        return self

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change on the day of first output; none for a catalogue project that keeps its gates."""
        if self.at is None:
            return
        if self.country is None or self.commodity is None or self.stage is None or self.capacity_t_per_year is None:
            raise ValueError(f"project {self.project!r} has not been looked up in the catalogue")
        from simulator.catalogue.parameters import parameter

        begins, ends, mask = self.span(draws)
        yield CapacityChange(
            event_id=self.id,
            day=begins,
            until=ends,
            mask=mask,
            country=self.country,
            commodity=self.commodity,
            stage=self.stage,
            capacity=draws.number(self.capacity_t_per_year, "capacity_t_per_year", 0.0),
            ramp_type=int(parameter("usual_ramp_type").value) if self.ramp_type is None else self.ramp_type,
            china_offtake=self.china_offtake_share or 0.0,
            focal_offtake=self.focal_offtake_share or 0.0,
        )
