"""The catalogue's tables: read as text, complete, and equal to a second reader's copy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib import resources

import pytest

from simulator.catalogue import tables
from simulator.catalogue.dates import table_date
from simulator.catalogue.tables import TABLES, data_sha256, number, rows
from simulator.errors import CatalogueError

GRADES = {"reported", "estimated", "derived", "assumed"}

KEYS: Mapping[str, tuple[str, ...]] = {
    "us_balance": ("commodity", "year", "measure", "form"),
    "us_import_sources": ("commodity", "form", "period", "country"),
    "world_production": ("commodity", "stage", "measure", "country", "year"),
    "processing_shares": ("commodity", "stage", "country", "year"),
}
"""Columns behind the ``|``-separated key of ``second_reader_check.csv``."""

OTHER_NAMES: Mapping[str, str] = {
    "uranium|2024|consumption_reported|purchases": (
        "uranium|2024|consumption_reported|purchases_by_us_reactor_operators_u3o8e"
    ),
}
"""Keys the second reader shortened."""


def second_readings() -> list[tuple[str, str, str, str]]:
    """(table, key, second value, unit) of every plain number a second reader found to be the same."""
    return [
        (row["file"].removesuffix(".csv"), row["key"], row["second_value"], row["unit"])
        for row in rows("second_reader_check")
        if row["agreement"] == "exact" and row["file"].removesuffix(".csv") in KEYS
    ]


def published(table: str, key: str) -> set[str]:
    """Values the table gives under a key, as text."""
    columns, wanted = KEYS[table], tuple(OTHER_NAMES.get(key, key).split("|"))
    value = "value" if "value" in rows(table)[0] and table != "processing_shares" else "share_pct"
    found = set()
    for row in rows(table):
        if tuple(row[column] for column in columns) == wanted:
            found.add({"gt": ">", "lt": "<"}.get(row.get("qualifier", ""), "") + row[value])
    return found


@pytest.mark.parametrize(("table", "key", "second", "unit"), second_readings())
def test_second_reading_equals_the_table(table: str, key: str, second: str, unit: str) -> None:
    """A number copied twice by different readers is the same number."""
    values = published(table, key)
    assert values, f"{table}.csv has no row {key}"
    number_of = {float(value.lstrip("<>")) for value in values}
    assert any(value == second for value in values) or float(second.lstrip("<>")) in number_of


def test_second_readings_are_many() -> None:
    """The comparison above covers the sample it was made for; fewer would mean the keys stopped matching."""
    assert len(second_readings()) >= 50


def test_agreement_figures_equal_the_second_reading() -> None:
    """Money and tonnes of agreements were read twice."""
    table = {row["agreement_id"]: row for row in rows("agreements")}
    checked = 0
    for row in rows("second_reader_check"):
        agreement, _, column = row["key"].partition("|")
        if row["file"] == "agreements.csv" and row["agreement"] == "exact" and column in table.get(agreement, {}):
            second = number(row["second_value"])
            assert second is None or number(table[agreement][column]) == second, row["key"]
            checked += second is not None
    assert checked >= 4


def test_backtest_observations_are_held_back() -> None:
    """What the model is tested against later is not among the facts it is built from."""
    assert "backtest_observations" not in TABLES


def test_every_graded_row_has_a_known_grade_and_a_source() -> None:
    """A number without a grade or source cannot be defended."""
    for table in TABLES:
        for row in rows(table):
            if "quality" in row and "source" in row:
                # stage_map and lead_times may add a word after the grade.
                assert row["quality"].split(" ")[0] in GRADES | {""}, (table, dict(row))
                assert row["source"] or not row["quality"], (table, dict(row))


def test_an_empty_cell_is_no_number_rather_than_zero() -> None:
    """A withheld value must not be read as nothing traded."""
    withheld = [row for row in rows("us_balance") if row["qualifier"] == "withheld"]
    assert withheld
    assert all(number(row["value_std"]) is None for row in withheld)


def test_digest_covers_names_and_bytes_of_every_table() -> None:
    """Two catalogues with the same digest hold the same facts."""
    folder = resources.files("simulator.catalogue").joinpath("tables")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".csv"))
    digest = hashlib.sha256()
    for name in names:
        content = folder.joinpath(name).read_bytes()
        digest.update(f"{name[:-4]}:{len(content)}\n".encode() + content)
    assert data_sha256() == digest.hexdigest()


def test_a_row_with_a_missing_cell_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comma lost in a table would shift every number after it."""
    monkeypatch.setattr(tables, "_bytes", lambda table: b"a,b\n1,2\n3\n")
    with pytest.raises(CatalogueError, match="line 3: 1 cells where the header has 2"):
        tables.rows.__wrapped__("broken")


def test_an_unknown_table_is_refused_by_name() -> None:
    """The message lists what there is."""
    with pytest.raises(CatalogueError, match=r"no table 'us_balances'; it has .*us_balance"):
        rows("us_balances")


@pytest.mark.parametrize("text", ["2026-13", "soon", "2026-02-30", "1-2-3-4"])
def test_a_cell_that_is_no_date_is_refused(text: str) -> None:
    """A date is a year, a month or a day."""
    with pytest.raises(CatalogueError, match="is not a date"):
        table_date(text)
