"""Flows somebody asks a run to write down review by review: which goods, from whom, to whom."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.domain.places import belongs, region_of

ANY = "WLD"
"""Everybody, as trade statistics say it."""


@dataclass(frozen=True, slots=True)
class FlowMeter:
    """A trade flow as customs statistics count it: by declared origin, on departure or on arrival."""

    name: str
    commodity: str
    stages: tuple[str, ...]
    """Stages whose product counts; every one where empty."""
    origins: tuple[str, ...]
    """Declared origins, countries or regions; ``WLD`` for every one."""
    destinations: tuple[str, ...]
    """Countries or regions that buy; ``WLD`` for every one. What stays in its own country is no trade."""
    arrivals: bool
    """Counted when it lands; otherwise when it is sold."""

    def counts(self, origin: str, buyer: str) -> bool:
        """Whether a sale from an origin to a buyer is part of the flow.

        A buyer that is a region stands for its countries: what Germany buys is counted with what the EU buys.

        >>> FlowMeter("x", "antimony", (), ("CHN",), ("DEU",), False).counts("CHN", "EUU")
        True
        """
        if belongs(buyer, origin):
            return False
        from_it = ANY in self.origins or any(belongs(origin, name) for name in self.origins)
        return from_it and (ANY in self.destinations or any(self._at(buyer, name) for name in self.destinations))

    @staticmethod
    def _at(buyer: str, name: str) -> bool:
        return belongs(buyer, name) or (buyer == region_of(name) and buyer != "ROW")
