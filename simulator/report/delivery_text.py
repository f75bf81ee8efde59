"""Tonnes by agreement and by partner country as two tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Final

from simulator.analysis.delivery import Delivered, agreement_deliveries, partner_deliveries
from simulator.analysis.study import Study
from simulator.report.layout import WIDTH, Column, as_lines, ruled
from simulator.report.wording import chance, tonnes

AGREEMENTS: Final[tuple[Column, ...]] = (
    ("agreement", 28, "left"),
    ("signed", 11, "left"),
    ("commodity, stage", 28, "left"),
    ("made by\ndeadline, t", 18, "right"),
    ("P(any)\n%", 11, "right"),
    ("accessible\nt", 17, "right"),
    ("P(any)\n%", 11, "right"),
)
"""Head, width and alignment; the widths fill ``WIDTH``."""
PARTNERS: Final[tuple[Column, ...]] = (
    ("partner", 8, "left"),
    ("commodity, stage", 28, "left"),
    ("used, year\nto start, t", 22, "right"),
    ("used, year to\ndeadline, t", 22, "right"),
    ("new output\nby deadline, t", 17, "right"),
    ("P(any)\n%", 11, "right"),
    ("accessible\nt", 16, "right"),
)


def delivery_tables(study: Study, *, colour: bool = False) -> str:
    """Return the tonnes by agreement and by partner as two tables of at most 124 columns."""
    lines = [
        f"Tonnes by agreement, {study.case.name}",
        ruled(AGREEMENTS, _agreement_rows(study), colour=colour),
        "",
        f"Tonnes by partner country, {study.case.name}",
        ruled(PARTNERS, _partner_rows(study), colour=colour),
        "",
        *textwrap.wrap(
            f"Median (5-95 % of futures) and probability (95 % confidence interval) by {study.case.deadline}, in "
            "tonnes of the commodity's mass basis. Made: output since the start, or since signature where that is "
            "later, of the plants an agreement supports, whether or not they would have come without it. Accessible: "
            "the part made after qualification that is tied to the focal buyer or to nobody. Used: consumed by the "
            "focal economy with the partner as first partner touched. Agreements may share plants, and one stage feeds "
            "the next: do not add rows up.",
            WIDTH,
        ),
    ]
    return as_lines(lines)


def _agreement_rows(study: Study) -> Iterable[Sequence[str]]:
    for item in agreement_deliveries(study.case, study.counted):
        name, signed = item.agreement.id, study.case.calendar_day(item.signed_day).isoformat()
        if not item.delivered:
            yield name, signed, "no project that adds output", "0", "0", "0", "0"
        for one in item.delivered:
            yield name, signed, _what(one.commodity, one.stage), *_amounts(one)
            name = signed = ""


def _partner_rows(study: Study) -> Iterable[Sequence[str]]:
    for item in partner_deliveries(study.case, study.counted):
        name = item.partner
        for flow in item.flows:
            what = _what(*flow.commodity.partition(":")[::2])
            yield name, what, tonnes(flow.consumed_at_start), tonnes(flow.consumed), "", "", ""
            name = ""
        for one in item.delivered:
            made, any_made, accessible, _ = _amounts(one)
            yield name, _what(one.commodity, one.stage), "", "", made, any_made, accessible
            name = ""
        if name:
            yield name, "nothing in this run", "", "", "", "", ""


def _amounts(one: Delivered) -> tuple[str, str, str, str]:
    return tonnes(one.output), chance(one.any_output), tonnes(one.accessible), chance(one.any_accessible)


def _what(commodity: str, stage: str) -> str:
    return f"{commodity}, {stage}".replace("_", " ") if stage else commodity.replace("_", " ")
