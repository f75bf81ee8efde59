"""A scenario with every name resolved: what the model runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from simulator.catalogue.tables import Overlay
from simulator.domain.chain import Chain, Project
from simulator.domain.company import Company
from simulator.domain.facts import UncertainInput
from simulator.domain.meters import FlowMeter
from simulator.domain.observations import Observation
from simulator.domain.target import Target
from simulator.instruments.base import Instrument
from simulator.scenario.rules import Rule


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One resolved scenario; picklable, so that workers can receive it."""

    name: str
    question: str
    sha256: str
    """Digest of the resolved, validated scenario as sorted JSON."""
    data_sha256: str
    """Digest of the catalogue tables."""
    start: date
    as_of: date
    spin_up: date
    """First day of the model; the state at ``start`` has been spun up from here."""
    deadline: date
    horizon: date
    """End of the model's clock, exclusive."""
    review_days: int
    """Days between market reviews."""
    focal: str
    """Buyer whose independence is judged: a consuming region, or a company as ``Company.buyer``."""
    chains: tuple[Chain, ...]
    projects: tuple[Project, ...]
    """Projects known at ``as_of`` and kept by the scenario."""
    project_dates: Literal["evidence", "promised"]
    """Start dates by gates and slip, or every promise kept."""
    instruments: tuple[Instrument, ...]
    """The scenario's events in order, then the catalogue's agreements."""
    inputs: tuple[UncertainInput, ...]
    """Epistemic inputs with the scenario's overrides."""
    target: Target
    overlay: Overlay | None = None
    """The user's own rows, with which the tables were read; the model reads its parameters with them too."""
    rules: tuple[Rule, ...] = ()
    """Reactions of rivals and partners, in the scenario's order."""
    company: Company | None = None
    """The company that is the focal buyer, where it is one."""
    watched: tuple[date, ...] = ()
    """Further days on which every series is recorded."""
    meters: tuple[FlowMeter, ...] = ()
    """Trade flows that are recorded review by review, and prices with them; none in an ordinary run."""
    observations: tuple[Observation, ...] = ()
    """What has been observed of these chains, in the model's units; futures are weighted by it, never changed."""

    def day(self, when: date) -> int:
        """Days from ``start``; negative before it."""
        return (when - self.start).days

    def calendar_day(self, day: float) -> date:
        """Calendar day that is ``day`` days from ``start``."""
        return self.start + timedelta(days=day)
