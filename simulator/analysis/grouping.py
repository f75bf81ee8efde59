"""Which contributors stand together: by type, by partner, or as a user groups them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.analysis.contributors import Contributor
from simulator.domain.countries import COUNTRIES
from simulator.domain.places import ASIAN_PARTNERS, C5, CHINA, EU_MEMBERS, country_of
from simulator.errors import UsageError
from simulator.instruments.fields import nearest

BY_TYPE: Final = "by-type"
BY_PARTNER: Final = "by-partner"
REST: Final = "rest"
"""Group of what stands in no other."""
RUSSIA: Final = "RUS"


@dataclass(frozen=True, slots=True)
class Group:
    """Contributors that come and go together."""

    name: str
    members: tuple[str, ...]
    """Ids of the contributors, in the case's order."""


def groups_of(
    contributors: Sequence[Contributor], asked: str | Mapping[str, Sequence[str]], focal: str
) -> tuple[Group, ...]:
    """Return the groups asked for; every contributor stands in one of them.

    Parameters
    ----------
    contributors
        What there is to group.
    asked
        ``by-type``, ``by-partner``, or group -> ids of contributors, countries, or ``C5``. An id counts before a
        country, so that a deal can be told from its country's others.
    focal
        Focal buyer, whose own acts are a group of ``by-partner``.

    Raises
    ------
    UsageError
        If a name is not known or stands in two groups.
    """
    if isinstance(asked, str):
        if asked not in (BY_TYPE, BY_PARTNER):
            raise UsageError(f"groups {asked!r} are not known; give {BY_PARTNER}, {BY_TYPE} or a mapping")
        names = {
            item.id: item.kind.replace("_", " ") if asked == BY_TYPE else partner_group(item.country, focal)
            for item in contributors
        }
        if asked == BY_TYPE:
            names |= {item.id: "stockpile" for item in contributors if item.kind.startswith("stockpile")}
        order = tuple(dict.fromkeys(names.values())) if asked == BY_TYPE else partner_groups(focal)
    else:
        wrong = [problem for _, _, problem in problems(contributors, asked)]
        if wrong:
            raise UsageError("; ".join(wrong))
        names = _named(contributors, asked)
        order = (*asked, REST)
    found = (Group(name, tuple(item.id for item in contributors if names[item.id] == name)) for name in order)
    return tuple(group for group in found if group.members)


def partner_groups(focal: str) -> tuple[str, ...]:
    """Return the six groups of ``by-partner``, the focal economy under its own name."""
    return ("C5", "Asian partners", country_of(focal), "China", "Russia", "others")


def partner_group(country: str, focal: str) -> str:
    """Return the group of a country.

    >>> [partner_group(country, "USA") for country in ("TJK", "MYS", "USA", "CHN", "RUS", "AUS", "ALL")]
    ['C5', 'Asian partners', 'USA', 'China', 'Russia', 'others', 'others']
    """
    own = country_of(focal)
    if country == own or (own == "EUU" and country in EU_MEMBERS):
        return own
    if country in C5:
        return "C5"
    if country in ASIAN_PARTNERS:
        return "Asian partners"
    return {CHINA: "China", RUSSIA: "Russia"}.get(country, "others")


def problems(
    contributors: Sequence[Contributor], asked: Mapping[str, Sequence[str]]
) -> tuple[tuple[str, int, str], ...]:
    """Return what is wrong with groups that a user names: group, place in its list, and the problem.

    The place is -1 where the group's own name is at fault.
    """
    ids = {item.id for item in contributors}
    there = {item.country for item in contributors}
    found = []
    first: dict[str, str] = {}
    for group, members in asked.items():
        if group == REST:
            found.append((group, -1, f"{REST!r} is what stands in no group; choose another name"))
        for place, name in enumerate(members):
            if name in first:
                found.append((group, place, f"{name!r} stands in {first[name]!r} already"))
            first.setdefault(name, group)
            if name not in ids | there and name != "C5":
                found.append((group, place, _unknown(name, ids, there)))
    return tuple(found)


def _unknown(name: str, ids: set[str], there: set[str]) -> str:
    if name in COUNTRIES:
        return f"nothing in this scenario is {name}'s; countries with something are {', '.join(sorted(there))}"
    near = nearest(name, (*ids, *there, "C5"))
    hint = f"did you mean {near!r}?" if near else "`--groups by-type --json` lists them under `levers`"
    return f"{name!r} is no event, agreement, project, rule or partner of this scenario; {hint}"


def _named(contributors: Sequence[Contributor], asked: Mapping[str, Sequence[str]]) -> dict[str, str]:
    group_of = {name: group for group, members in asked.items() for name in members}
    return {
        item.id: group_of.get(
            item.id, group_of.get(item.country, group_of.get("C5", REST) if item.country in C5 else REST)
        )
        for item in contributors
    }
