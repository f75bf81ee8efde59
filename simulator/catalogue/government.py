"""Government stockpile of the United States: published ceilings, since holdings are secret.

Annual Materials Plan rows of ``us_balance.csv`` are authorities, neither purchases nor holdings: of a
ceiling to buy, the share ``stockpile_ceiling_use`` is taken as bought in the fiscal year it is for (October to
September), and nothing after the last year with a public plan. Nobody sells what
is not held, so the authority to dispose of a material bounds the opening stock from below; where there is
none, the opening stock is taken as nil. ``stockpile_forms.csv`` turns a form into the chain's basis, or
leaves it out with a reason; other forms count one to one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, cast

from simulator.catalogue.inputs import commodities
from simulator.catalogue.parameters import parameter
from simulator.catalogue.tables import Row, from_tables, number, rows, rows_of
from simulator.domain.chain import GovernmentStock, PurchasePlan
from simulator.domain.facts import Fact, Quality
from simulator.errors import CatalogueError

PLAN_YEARS: Final = ("2024", "2025")
"""Fiscal years with a public plan that the model's clock meets; that of 2026 has not been released."""
_FIRST_MONTH: Final = 10
"""A fiscal year of the United States begins on 1 October of the year before (31 U.S.C. 1102)."""
_CEILING: Final = "stockpile_potential_acquisition"
_BUY: Final = (_CEILING, "stockpile_planned_acquisition")
_SELL: Final = "stockpile_potential_disposal"


@from_tables
def stock(commodity: str) -> GovernmentStock:
    """Opening stock and planned purchases of a commodity, with the rows behind them as facts."""
    if commodity not in commodities():
        raise CatalogueError(f"no government stock of {commodity!r}: not a commodity of commodities.csv")
    plans, facts = [], []
    use = parameter("stockpile_ceiling_use")
    # Several buying rows of a year are lines of one plan (forms of one material): they add up.
    for row, fact in _authorities(commodity, _BUY, PLAN_YEARS):
        begins, ends = _span(row)
        if row["measure"] == _CEILING:
            plans.append(PurchasePlan(fact.value * use.value, begins, ends))
            facts += [] if use in facts else [use]
        else:
            plans.append(PurchasePlan(fact.value, begins, ends))
        facts.append(fact)
    sold = [fact for _, fact in _authorities(commodity, (_SELL,), PLAN_YEARS[-1:])]
    opening = sum(fact.value for fact in sold)
    if sold:
        note = "holdings are not public since 2023; opening stock set to the disposal authority, a lower bound"
    else:
        note = "holdings are not public since 2023 and no disposal is authorised; opening stock set to nil"
    opening_fact = Fact(
        f"{commodity}.government.opening",
        opening,
        "t",
        int(PLAN_YEARS[-1]),
        "us_balance.csv stockpile rows",
        "assumed",
        note,
    )
    return GovernmentStock(opening, tuple(plans), (opening_fact, *facts, *sold))


def _authorities(commodity: str, measures: tuple[str, ...], years: tuple[str, ...]) -> tuple[tuple[Row, Fact], ...]:
    """Rows of a commodity with what each stands for, in the order of the table."""
    found = []
    for row in rows_of("us_balance", commodity):
        if row["year"] not in years or row["measure"] not in measures:
            continue
        value = number(row["value_std"])
        if value is not None and (fact := _fact(commodity, row, value)) is not None:
            found.append((row, fact))
    return tuple(found)


def _years(row: Row) -> int | None:
    """Years of a plan over several, as its form says (``oxide_5_year``); None for a plan of its fiscal year."""
    said = re.search(r"_(\d+)_year$", row["form"])
    return int(said.group(1)) if said else None


def _span(row: Row) -> tuple[str, str]:
    """First day of a plan and first day after it: its fiscal year, or so many years from that year's end."""
    last = int(row["year"])
    years = _years(row)
    begins, ends = (last - 1, last) if years is None else (last, last + years)
    return date(begins, _FIRST_MONTH, 1).isoformat(), date(ends, _FIRST_MONTH, 1).isoformat()


def _fact(commodity: str, row: Row, value: float) -> Fact | None:
    form = _forms().get((commodity, row["form"]))
    notes = [row["note"]]
    unit = "t"
    quality = cast(Quality, row["quality"])
    if form is not None:
        factor = number(form["factor"])
        if not factor:
            return None
        value *= factor
        notes.append(f"Times {form['factor']}: {form['reason']}.")
        quality = cast(Quality, form["quality"])
    if row["measure"] in _BUY:
        unit = "t/yr"
        if years := _years(row):
            value /= years
            notes.append(f"Divided by {years} years; taken to begin with the next fiscal year.")
            quality = "derived"
    name = f"{commodity}.government.{row['measure']}.{row['form']}"
    return Fact(name, value, unit, int(row["year"]), row["source"], quality, " ".join(notes))


@from_tables
def _forms() -> Mapping[tuple[str, str], Row]:
    return {(row["commodity"], row["form"]): row for row in rows("stockpile_forms")}
