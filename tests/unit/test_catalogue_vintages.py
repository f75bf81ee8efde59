"""What could be read on an earlier day: no number of a later edition, no hindsight."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import MappingProxyType

import pytest

from simulator.catalogue import vintages
from simulator.catalogue.chains import chain
from simulator.catalogue.tables import Overlay, Row, laid_over, rows, shipped
from simulator.catalogue.vintages import as_known, known_from

DAY = date(2023, 7, 1)
EARLIER = ("world_production_vintages", "us_vintages")


def known_with(monkeypatch: pytest.MonkeyPatch, change: Callable[[Row], bool]) -> Overlay:
    """What is known on ``DAY`` where every row of the vintage tables that ``change`` picks says ten times as much."""

    def tampered(table: str) -> tuple[Row, ...]:
        found = shipped(table)
        if table not in EARLIER:
            return found
        out = []
        for row in found:
            new = dict(row)
            for column in ("value", "value_std"):
                if change(row) and row.get(column):
                    new[column] = f"{10.0 * float(row[column]):g}"
            out.append(MappingProxyType(new))
        return tuple(out)

    monkeypatch.setattr(vintages, "shipped", tampered)
    known = as_known(DAY)
    monkeypatch.undo()
    assert known is not None
    return known


def test_a_later_edition_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_later(row: Row) -> bool:
        known = known_from(row)
        return known is not None and known > DAY

    assert known_with(monkeypatch, is_later).earlier == known_with(monkeypatch, lambda row: False).earlier


def test_hindsight_and_outcomes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def is_hindsight(row: Row) -> bool:
        return "HINDSIGHT" in row["note"] or "OUTCOME" in row["note"]

    assert any(is_hindsight(row) for table in EARLIER for row in shipped(table))
    assert known_with(monkeypatch, is_hindsight).earlier == known_with(monkeypatch, lambda row: False).earlier


def test_an_edition_known_by_then_does_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard above is no accident of a table that nobody reads."""

    def is_known(row: Row) -> bool:
        known = known_from(row)
        return known is not None and known <= DAY

    assert known_with(monkeypatch, is_known).earlier != known_with(monkeypatch, lambda row: False).earlier


def test_shipped_editions_are_out_of_reach() -> None:
    """Every row of world output and of the US balance names a day on which it was known, and none is later."""
    with laid_over(as_known(DAY)):
        for table in ("world_production", "us_balance"):
            assert rows(table)
            assert all((known := known_from(row)) is not None and known <= DAY for row in rows(table)), table
        assert all("2024" not in row["period"] for row in rows("us_import_sources"))


def test_a_chain_of_an_earlier_day_has_the_year_of_its_edition() -> None:
    with laid_over(as_known(DAY)):
        then = chain("gallium")
    now = chain("gallium")
    assert (then.base_year, now.base_year) == (2022, 2024)
    china = then.stages[0].output[then.stages[0].producers.index("CHN")]
    assert china == pytest.approx(540.0)  # USGS MCS 2023 for 2022


def test_ranks_without_shares_split_what_is_left() -> None:
    """The shares of a commodity's origins add up to all imports, and follow the published order."""
    with laid_over(as_known(DAY)):
        found = {r["country"]: float(r["share_pct"]) for r in rows("us_import_sources") if r["commodity"] == "gallium"}
    assert sum(found.values()) == pytest.approx(100.0, abs=1e-3)
    assert found["CHN"] == pytest.approx(53.0)
    assert found["DEU"] > found["JPN"] > found["UKR"]


def test_days_after_the_base_year_read_the_shipped_tables() -> None:
    assert as_known(date(2025, 11, 6)) is None
