"""Countries, consuming regions and partner groups.

A country is its ISO 3166-1 alpha-3 code. Producers are countries (or ``OTH``, the unnamed rest of
the world); final demand is grouped in six consuming regions.
"""

from __future__ import annotations

from functools import cache
from typing import Final

CHINA: Final = "CHN"
REST: Final = "OTH"
"""The unnamed rest of the world in a table of producers."""

REGIONS: Final = ("USA", "CHN", "JPN", "EUU", "KOR", "ROW")
"""Consuming regions; ``EUU`` is the European Union, ``ROW`` everything else."""

C5: Final = ("KAZ", "KGZ", "TJK", "TKM", "UZB")
"""The five Central Asian states of the C5+1."""

ASIAN_PARTNERS: Final = ("JPN", "MYS", "THA")
"""The Asian states that signed minerals agreements in October 2025."""

PARTNER_LABELS: Final = ("other", *C5, *ASIAN_PARTNERS, "USA")
"""First partner a tonne touched on its way; ``other`` until it touches one."""

EU_MEMBERS: Final = frozenset(
    (
        "AUT BEL BGR HRV CYP CZE DNK EST FIN FRA DEU GRC HUN IRL ITA LVA LTU LUX MLT NLD POL PRT ROU SVK SVN ESP SWE"
    ).split()
)


def region_of(country: str) -> str:
    """Consuming region in which a country's final demand and processors' purchases are counted.

    >>> region_of("DEU"), region_of("KAZ"), region_of("JPN")
    ('EUU', 'ROW', 'JPN')
    """
    country = country_of(country)
    if country in REGIONS:
        return country
    return "EUU" if country in EU_MEMBERS else "ROW"


def country_of(place: str) -> str:
    """Country or region of a place; that of its seat for a company (``DEU:Acme``, see ``Company.buyer``).

    >>> country_of("KAZ"), country_of("DEU:Acme")
    ('KAZ', 'DEU')
    """
    return place.partition(":")[0]


def belongs(place: str, to: str) -> bool:
    """Whether a place is the country named, or lies in the region named.

    >>> belongs("DEU", "EUU"), belongs("DEU:Acme", "DEU"), belongs("KAZ", "EUU")
    (True, True, False)
    """
    return to in (country_of(place), region_of(place))


@cache
def at_home(place: str, focal: str) -> bool:
    """Whether a place belongs to the focal buyer's economy: its country, or the region that trades as one with it.

    >>> at_home("DEU", "EUU"), at_home("BEL", "DEU:Acme"), at_home("KAZ", "GBR:Acme"), at_home("CAN", "USA")
    (True, True, False, False)
    """
    country, own = country_of(place), country_of(focal)
    return country == own or (region_of(own) != "ROW" and region_of(country) == region_of(own))
