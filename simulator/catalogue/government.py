"""Government stockpile of the United States: published ceilings, since holdings are secret.

Annual Materials Plan rows of ``us_balance.csv`` are authorities, neither purchases nor holdings: of a
ceiling to buy, the share ``stockpile_ceiling_use`` is taken as bought in a year. Nobody sells what is
not held, so the authority to dispose of a material bounds the opening stock from below; where there is
none, the opening stock is taken as nil. ``stockpile_forms.csv`` turns a form into the chain's basis, or
leaves it out with a reason; other forms count one to one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, cast

from simulator.catalogue.inputs import commodities
from simulator.catalogue.parameters import parameter
from simulator.catalogue.tables import Row, from_tables, number, rows
from simulator.domain.chain import GovernmentStock
from simulator.domain.facts import Fact, Quality
from simulator.errors import CatalogueError

PLAN_YEAR: Final = "2025"
"""Last fiscal year with a public plan at the start of the baseline."""
_CEILING: Final = "stockpile_potential_acquisition"
_BUY: Final = (_CEILING, "stockpile_planned_acquisition")
_SELL: Final = "stockpile_potential_disposal"


@from_tables
def stock(commodity: str) -> GovernmentStock:
    """Opening stock and planned purchases of a commodity, with the rows behind them as facts."""
    if commodity not in commodities():
        raise CatalogueError(f"no government stock of {commodity!r}: not a commodity of commodities.csv")
    bought = _plan(commodity, _BUY)
    sold = _plan(commodity, (_SELL,))
    opening = sum(fact.value for fact in sold)
    # Several buying rows are lines of one plan (forms of one material): they add up.
    use = parameter("stockpile_ceiling_use")
    purchases = sum(fact.value * (use.value if _CEILING in fact.name else 1.0) for fact in bought)
    if sold:
        note = "holdings are not public since 2023; opening stock set to the disposal authority, a lower bound"
    else:
        note = "holdings are not public since 2023 and no disposal is authorised; opening stock set to nil"
    opening_fact = Fact(
        f"{commodity}.government.opening",
        opening,
        "t",
        int(PLAN_YEAR),
        "us_balance.csv stockpile rows",
        "assumed",
        note,
    )
    behind = (opening_fact, *bought, *sold) if purchases == 0 else (opening_fact, use, *bought, *sold)
    return GovernmentStock(opening, purchases, behind)


def _plan(commodity: str, measures: tuple[str, ...]) -> tuple[Fact, ...]:
    facts = []
    for row in rows("us_balance"):
        if row["commodity"] != commodity or row["year"] != PLAN_YEAR or row["measure"] not in measures:
            continue
        value = number(row["value_std"])
        if value is not None and (fact := _fact(commodity, row, value)) is not None:
            facts.append(fact)
    return tuple(facts)


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
        # A plan over several years says so in its form (``oxide_5_year``); the model wants tonnes a year.
        if years := re.search(r"_(\d+)_year$", row["form"]):
            value /= int(years.group(1))
            notes.append(f"Divided by {years.group(1)} years.")
            quality = "derived"
    name = f"{commodity}.government.{row['measure']}.{row['form']}"
    return Fact(name, value, unit, int(row["year"]), row["source"], quality, " ".join(notes))


@from_tables
def _forms() -> Mapping[tuple[str, str], Row]:
    return {(row["commodity"], row["form"]): row for row in rows("stockpile_forms")}
