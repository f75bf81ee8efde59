"""Government purchases for the stockpile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import model_validator

from simulator.domain.changes import Change, PurchaseChange
from simulator.instruments.base import EventDraws, Instrument
from simulator.instruments.fields import reject
from simulator.instruments.names import Commodities, expand
from simulator.instruments.quantities import Amount, DateSpec

AMOUNTS = ("tonnes_per_year", "tonnes", "usd_m_per_year", "usd_m")
"""Ways to say how much; a purchase gives one of them."""
MILLION = 1e6


class StockpilePurchase(Instrument):
    """The focal government buys material for its stockpile out of industry's stock, which industry refills.

    It never buys what industry needs to keep its reserve. Money buys at the price of the day: the price
    index times the base-year price.
    """

    type: Literal["stockpile_purchase"] = "stockpile_purchase"
    fireable: ClassVar[bool] = True
    example: ClassVar[str] = """
        - id: vault_antimony
          type: stockpile_purchase
          at: 2026-02-01
          until: 2027-02-01
          commodities: [antimony]
          usd_m: 60
          source_rule: non_chinese
    """

    at: DateSpec
    """First day of the purchases: a date, ``+18mo`` or ``+90d`` from the start, or a distribution of days."""
    commodities: Commodities
    """Commodities bought, by catalogue name, ``ALL`` for every one; the amount is for each of them."""
    tonnes_per_year: Amount | None = None
    """Tonnes a year of the commodity's basis; give one of the four amounts."""
    tonnes: Amount | None = None
    """Tonnes in all, spread evenly until ``until``; what one interval falls short of, the next ones make up."""
    usd_m_per_year: Amount | None = None
    """Million USD a year."""
    usd_m: Amount | None = None
    """Million USD in all, spread evenly until ``until``."""
    source_rule: Literal["any", "non_chinese"] = "any"
    """Buys what industry holds as it is mixed, or only what China touched at no modelled stage, declared or not."""

    @model_validator(mode="after")
    def _one_amount(self) -> StockpilePurchase:
        given = [name for name in AMOUNTS if getattr(self, name) is not None]
        if len(given) != 1:
            reject(self.id, f"needs one amount of {', '.join(AMOUNTS)}")
        if given[0] in ("tonnes", "usd_m") and self.until is None:
            reject(self.id, f"needs an `until` over which to spread {given[0]}")
        return self

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One change for each commodity, which carries its own end."""
        begins, ends, mask = self.span(draws)
        field = next(name for name in AMOUNTS if getattr(self, name) is not None)
        money = field.startswith("usd")
        amount = draws.number(getattr(self, field), field, 0.0) * (MILLION if money else 1.0)
        for commodity in expand(self.commodities):
            yield PurchaseChange(
                event_id=self.id,
                day=begins,
                until=ends,
                mask=mask,
                commodity=commodity,
                amount=amount,
                unit="usd" if money else "t",
                per_year=field.endswith("per_year"),
                clean=self.source_rule == "non_chinese",
            )
