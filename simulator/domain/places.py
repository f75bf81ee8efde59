"""Countries, consuming regions and partner groups.

A country is its ISO 3166-1 alpha-3 code. Producers are countries (or ``OTH``, the unnamed rest of
the world); final demand is grouped in six consuming regions.
"""

from __future__ import annotations

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
    if country in REGIONS:
        return country
    return "EUU" if country in EU_MEMBERS else "ROW"
