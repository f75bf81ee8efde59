"""What each agreement and each partner country delivers by the deadline, over all replications."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.conditioning import weights_of
from simulator.analysis.intervals import Estimate, probability
from simulator.analysis.verdict import Quantiles, quantiles
from simulator.instruments.agreement import Agreement
from simulator.metrics.delivery import ACCESSIBLE, OUTPUT, PARTNERS, groups

if TYPE_CHECKING:
    from simulator.metrics.outcome import Outcome
    from simulator.scenario.case import Case

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Delivered:
    """New output of one commodity at one stage by the deadline, tonnes of the commodity's mass basis."""

    commodity: str
    stage: str
    projects: tuple[str, ...]
    output: Quantiles
    """Made anywhere."""
    any_output: Estimate
    """P(at least something is made)."""
    accessible: Quantiles
    """The part of it open to the focal buyer: qualified, and tied to it or to nobody."""
    any_accessible: Estimate


@dataclass(frozen=True, slots=True)
class AgreementDelivery:
    """What the plants that an agreement supports make from its day, or the start if that is later, to the deadline."""

    agreement: Agreement
    signed_day: float
    """Days from start; the earliest possible one where it is drawn."""
    happens: Estimate | None
    """P(it is signed at all), where that is drawn; the tonnes are nil where it is not."""
    delivered: tuple[Delivered, ...]
    """By commodity and stage; empty where it supports no project that adds output."""


@dataclass(frozen=True, slots=True)
class PartnerFlow:
    """Material of a partner at the focal economy in the 365 days before the deadline, tonnes."""

    commodity: str
    """Catalogue name, or ``commodity:stage`` for an end product."""
    consumed: Quantiles
    """Consumed with the partner as first partner touched at any modelled stage."""
    consumed_at_start: Quantiles
    """The same before the start."""
    landed: Quantiles
    """Landed with the partner as declared origin."""


@dataclass(frozen=True, slots=True)
class PartnerDelivery:
    """What reaches the focal economy from a partner country, and what its new projects make by the deadline."""

    partner: str
    flows: tuple[PartnerFlow, ...]
    """Commodities of which anything came or was used in some replication."""
    delivered: tuple[Delivered, ...]


def agreement_deliveries(case: Case, outcome: Outcome) -> tuple[AgreementDelivery, ...]:
    """Return what each agreement of a case delivers, in the order of the case."""
    weights = weights_of(case, outcome)
    found = []
    for event in case.instruments:
        if isinstance(event, Agreement):
            happens = outcome.branches.get(f"event/{event.id}/happens")
            found.append(
                AgreementDelivery(
                    event,
                    event.first_day(case.start),
                    None if happens is None else probability(happens, weights=weights),
                    tuple(_delivered(case, outcome, weights, f"agreement/{event.id}/", happens)),
                )
            )
    return tuple(found)


def partner_deliveries(case: Case, outcome: Outcome) -> tuple[PartnerDelivery, ...]:
    """Return what each partner country delivers: the five Central Asian states, Japan, Malaysia and Thailand."""
    deadline, start = outcome.moment("deadline"), outcome.moment("start")
    weights = weights_of(case, outcome)
    found = []
    for partner in PARTNERS:
        flows = []
        for chain in outcome.chains:
            tonnes = chain.values[f"partner/{partner}"]
            if (tonnes[:, deadline] > 0).any():
                flows.append(
                    PartnerFlow(
                        chain.commodity,
                        consumed=quantiles(tonnes[:, deadline, 0], weights),
                        consumed_at_start=quantiles(tonnes[:, start, 0], weights),
                        landed=quantiles(tonnes[:, deadline, 1], weights),
                    )
                )
        new = tuple(_delivered(case, outcome, weights, f"partner/{partner}/"))
        found.append(PartnerDelivery(partner, tuple(flows), new))
    return tuple(found)


def _delivered(
    case: Case, outcome: Outcome, weights: Floats | None, prefix: str, happens: NDArray[np.bool_] | None = None
) -> Iterable[Delivered]:
    deadline = outcome.moment("deadline")
    for chain in outcome.chains:
        if ":" in chain.commodity:
            continue
        for group in groups(case, chain.commodity):
            if not group.key.startswith(prefix):
                continue
            tonnes = chain.values[group.key][:, deadline]
            if happens is not None:
                tonnes = np.where(happens[:, None], tonnes, 0.0)
            yield Delivered(
                chain.commodity,
                group.key.removeprefix(prefix),
                group.projects,
                output=quantiles(tonnes[:, OUTPUT], weights),
                any_output=probability(tonnes[:, OUTPUT] > 0, weights=weights),
                accessible=quantiles(tonnes[:, ACCESSIBLE], weights),
                any_accessible=probability(tonnes[:, ACCESSIBLE] > 0, weights=weights),
            )
