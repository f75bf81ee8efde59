"""Agreements known on a day: deals between governments or firms that may move projects.

A status dated after ``as_of`` is invisible: the agreement then counts as signed and no more, and its
milestones and binding money fall back with it. Whether a deal bound anybody, when signed and by its
status date, is read once by a person into ``agreement_terms.csv``, not parsed from prose; so are the
plants it names and the buyer it ties their output to. A tie holds only where the contract binds.
"""

from __future__ import annotations

from datetime import date
from typing import Final, cast

from simulator.catalogue.dates import table_date
from simulator.catalogue.tables import Row, from_tables, number, rows
from simulator.domain.chain import Agreement
from simulator.domain.facts import Fact, Quality
from simulator.errors import CatalogueError

SIGNED: Final = 1
BOUND: Final = 2
ALL: Final = "ALL"


@from_tables
def agreements(as_of: date) -> tuple[Agreement, ...]:
    """Agreements signed by ``as_of`` in order of signature, with status and milestones as known then."""
    known = [_agreement(row, as_of) for row in rows("agreements") if _signed(row) <= as_of]
    return tuple(sorted(known, key=lambda agreement: (agreement.signed, agreement.id)))


def _signed(row: Row) -> date:
    signed = table_date(row["date"])
    if signed is None:
        raise CatalogueError(f"agreements.csv: {row['agreement_id']} has no date")
    return signed


def _agreement(row: Row, as_of: date) -> Agreement:
    signed = _signed(row)
    status_date = table_date(row["status_date"]) or signed
    current = status_date <= as_of
    id_ = row["agreement_id"]
    terms = _terms(id_)
    # A deal known to have ended supports nothing; one that ended later still counted as signed.
    ended = current and terms["ended"] == "1"
    binding = not ended and terms["binding_by_status_date" if current else "binding_when_signed"] == "1"
    milestones = 0 if ended else int(number(row["milestones_met"]) or 0)
    if not current:
        milestones = min(milestones, BOUND if binding else SIGNED)
    status = row["status"] if current else "signed"
    facts = tuple(
        Fact(f"{id_}.{column}", value, unit, signed.year, row["source"], cast(Quality, row["quality"]), status)
        for column, unit in (("money_usd_m", "million USD"), ("tonnes_per_year", "t/yr"), ("timeline_months", "months"))
        if (value := number(row[column])) is not None
    )
    return Agreement(
        id=id_,
        signed=signed.isoformat(),
        partners=tuple(part for part in row["partner_country"].split(";") if part),
        type=row["type"],
        commodities=_commodities(row["model_commodities"]),
        binding=binding,
        money_usd_m=number(row["money_usd_m"]),
        tonnes_per_year=number(row["tonnes_per_year"]),
        milestones=milestones,
        status_date=(status_date if current else signed).isoformat(),
        promise=row["promise"],
        projects=tuple(part for part in terms["projects"].split(";") if part),
        offtaker=(terms["offtaker"] or None) if binding else None,
        offtake_share=(number(terms["offtake_share"]) or 0.0) if binding else 0.0,
        facts=facts,
    )


def _commodities(cell: str) -> tuple[str, ...]:
    """Catalogue names; a list that contains ALL names every one, as the specific ones are inside it."""
    names = tuple(part for part in cell.split(";") if part)
    return (ALL,) if ALL in names else names


@from_tables
def _terms(agreement_id: str) -> Row:
    found = {row["agreement_id"]: row for row in rows("agreement_terms")}
    if agreement_id not in found:
        raise CatalogueError(f"agreement_terms.csv does not say whether {agreement_id} binds")
    return found[agreement_id]
