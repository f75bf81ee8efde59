"""The user's own rows over the catalogue: what they replace and add, how they are marked, and what is refused."""

from __future__ import annotations

import pickle
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.catalogue import own_columns
from simulator.catalogue.chains import chain
from simulator.catalogue.csv_cells import MAX_BYTES, FileFaultError, cells_of
from simulator.catalogue.inputs import inputs
from simulator.catalogue.own_columns import KEYS, columns
from simulator.catalogue.own_rows import read_own_rows
from simulator.catalogue.parameters import parameter
from simulator.catalogue.tables import TABLES, data_sha256, laid_over, overlay, rows, shipped
from simulator.errors import InputError

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "own_data"
CATALOGUE = Path(own_columns.__file__).parent
"""Of the package that is tested, which need not lie beside the tests."""
HEADER = ",".join(shipped("us_balance")[0])
GALLIUM = "gallium,2024,consumption_reported,all_forms,{value},kg,eq,,,{std},t,{source},{quality},"
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    def make(name: str = "us_balance.csv", *lines: str, header: str = HEADER, raw: bytes | None = None) -> Path:
        text = "\n".join([header, *lines]) + "\n"
        (tmp_path / name).write_bytes(text.encode() if raw is None else raw)
        return tmp_path

    return make


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    before = data_sha256()
    yield
    assert overlay() is None
    assert data_sha256() == before


def gallium(value: str = "21000", std: str = "21", source: str = "own survey", quality: str = "estimated") -> str:
    return GALLIUM.format(value=value, std=std, source=source, quality=quality)


def demand_of_gallium() -> float:
    stage = chain("gallium").stages[1]
    return float(stage.demand[stage.regions.index("USA")])


def test_a_row_with_the_same_key_replaces_and_the_chain_follows() -> None:
    assert demand_of_gallium() == pytest.approx(18.7)
    with laid_over(read_own_rows(EXAMPLE)):
        assert demand_of_gallium() == pytest.approx(21.0)
        assert len(rows("us_balance")) == len(shipped("us_balance"))
    assert demand_of_gallium() == pytest.approx(18.7)


def test_a_row_with_a_new_key_is_added() -> None:
    def cover() -> float:
        return next(item.median for item in inputs() if item.name == "stock_cover_months/gallium")

    before = cover()
    with laid_over(read_own_rows(EXAMPLE)):
        assert cover() == 2.0 != before
        assert len(rows("input_priors")) == len(shipped("input_priors")) + 1


def test_a_number_from_an_own_row_carries_the_mark_and_what_it_replaced() -> None:
    with laid_over(read_own_rows(EXAMPLE)):
        fact = next(fact for fact in chain("gallium").facts if fact.name == "gallium.refined_high_purity.demand.USA")
        assert fact.source == "own data: own survey of buyers, 2025-09"
        assert "replaces value 18700, value_std 18.7 (USGS" in fact.note
        assert parameter("demand_noise_sd").source.startswith("own data: ")
        assert not [fact for fact in chain("antimony").facts if fact.source.startswith("own data")]


def test_the_digest_says_which_facts_a_run_rests_on(folder: Folder) -> None:
    plain = data_sha256()
    digests = set()
    for value, std in (("21000", "21"), ("22000", "22")):
        with laid_over(read_own_rows(folder("us_balance.csv", gallium(value, std)))):
            digests.add(data_sha256())
    assert len(digests | {plain}) == 3


def test_line_ends_a_mark_and_the_order_of_columns_do_not_matter(tmp_path: Path, folder: Folder) -> None:
    plain = read_own_rows(folder("us_balance.csv", gallium()))
    names, cells = HEADER.split(","), gallium().split(",")
    turned = ",".join(reversed(names)) + "\r\n" + ",".join(f' "{cell}" ' for cell in reversed(cells)) + "\r\n\r\n"
    assert read_own_rows(folder(raw=b"\xef\xbb\xbf" + turned.encode())).sha256 == plain.sha256


def test_rows_may_travel_to_a_worker() -> None:
    own = read_own_rows(EXAMPLE)
    assert pickle.loads(pickle.dumps(own)) == own


def test_the_shipped_rows_come_back_after_a_failure() -> None:
    with pytest.raises(RuntimeError), laid_over(read_own_rows(EXAMPLE)):
        raise RuntimeError


@pytest.mark.parametrize("table", sorted(KEYS))
def test_the_key_of_a_table_tells_its_rows_apart(table: str) -> None:
    keys = [tuple(row[name] for name in KEYS[table]) for row in shipped(table)]
    assert len(set(keys)) == len(keys)
    assert set(columns(table).grading) <= set(shipped(table)[0])


@pytest.mark.parametrize("table", sorted(KEYS))
def test_any_shipped_row_may_be_given_again(table: str, tmp_path: Path) -> None:
    """What the catalogue says in its own words is never refused (grades and empty sources of its own apart)."""
    header = list(shipped(table)[0])
    row = next(row for row in shipped(table) if all(row[name] for name in columns(table).grading))
    cells = [row[name] if name != "quality" else row[name].split(" ")[0] for name in header]
    text = ",".join(header) + "\n" + ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"
    (tmp_path / f"{table}.csv").write_text(text, "utf-8")
    (own,) = read_own_rows(tmp_path).tables[table]
    assert own.replaced is not None


def test_every_table_the_model_reads_may_be_laid_over() -> None:
    modules = set(CATALOGUE.glob("*.py")) - {Path(own_columns.__file__)}
    source = "\n".join(path.read_text("utf-8") for path in modules)
    read = set(re.findall(r'"(\w+)"', source)) & set(TABLES)
    read |= {row["table"] for row in shipped("stage_supply")}
    read |= {row[name] for row in shipped("consumption_map") for name in ("us_table", "import_table") if row[name]}
    # What earlier editions printed is fixed; own rows lie over the tables that are made of it.
    printed = {"world_production_vintages", "us_vintages"}
    assert read - {"sobol_dimensions", "stage_map"} - printed == set(KEYS)


FAULTS = [
    ("us_balance.csv", [gallium(source="")], "us_balance.csv:2:64: source is empty; say where it comes from"),
    ("us_balance.csv", [gallium(quality="")], "quality is empty; say how good the number is: reported, estimated"),
    ("us_balance.csv", [gallium(quality="good")], "quality: 'good' is not known here; known are assumed, derived"),
    ("us_balance.csv", [gallium(value="21 t")], "us_balance.csv:2:45: value: '21 t' is not a number; write it as"),
    ("us_balance.csv", [gallium(value="nan")], "value: 'nan' is not a number"),
    ("us_balance.csv", [gallium(value="21_000")], "value: '21_000' is not a number"),
    ("us_balance.csv", [gallium(std="18.7")], "value_std: '18.7' is not value times 0.001, as in the row it replaces"),
    ("us_balance.csv", [gallium().replace(",kg,", ",t,")], "unit: 't' is not the unit of the row it replaces; give"),
    ("us_balance.csv", [gallium().replace("gallium", "galium")], "'galium' is not known here; did you mean 'gallium'?"),
    ("us_balance.csv", [gallium().replace("reported,all", "reportet,all")], "did you mean 'consumption_reported'?"),
    ("us_balance.csv", [gallium(), gallium("1", "0.001")], ":3:1: the row of 'gallium', '2024', "),
    ("us_balance.csv", ["gallium,2024"], "us_balance.csv:2:1: 2 cells where the header has 14"),
    ("us_balance.csv", ['gallium,"2024'], "us_balance.csv:2:9: a quote is not closed"),
    ("us_balances.csv", [], "'us_balances.csv' is not a table of the catalogue; did you mean us_balance.csv?"),
    ("sobol_dimensions.csv", [], "this table takes no rows: the model does not read it"),
    ("notes.xlsx", [], "'notes.xlsx' is not a table of the catalogue"),
]


@pytest.mark.parametrize(("name", "lines", "message"), FAULTS, ids=[fault[2][-40:] for fault in FAULTS])
def test_a_wrong_row_is_refused_with_its_place_and_the_fix(
    name: str, lines: list[str], message: str, folder: Folder
) -> None:
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        read_own_rows(folder(name, *lines))
    assert caught.value.exit_code == 3


def test_a_name_the_model_never_asks_for_is_refused(folder: Folder) -> None:
    header = ",".join(shipped("model_parameters")[0])
    line = "demand_noise,0.1,0.05,0.2,log points per review,2025,own,derived,"
    with pytest.raises(InputError, match="only replaced; did you mean 'demand_noise_sd'"):
        read_own_rows(folder("model_parameters.csv", line, header=header))


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (
            HEADER.replace("qualifier", "qualifer"),
            "'qualifer' is not a column of us_balance; did you mean 'qualifier'?",
        ),
        (HEADER.replace(",note", ""), "columns are missing: note"),
        (HEADER + ",note", "column 'note' stands twice"),
        (HEADER.replace(",", ";"), "separate cells by commas"),
    ],
)
def test_a_header_other_than_the_tables_is_refused(header: str, message: str, folder: Folder) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read_own_rows(folder("us_balance.csv", gallium(), header=header))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"commodity\x00", "us_balance.csv:1:10: character 0x00 is no text"),
        (b"commodity,\xff", "us_balance.csv:1:11: byte 0xff is not UTF-8 text"),
        (b"x" * (MAX_BYTES + 1), "is longer than 4,000,000 bytes"),
        (b"", "is empty; its first line is commodity,year"),
    ],
)
def test_a_file_that_is_no_table_is_refused(raw: bytes, message: str, folder: Folder) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        read_own_rows(folder(raw=raw))


def test_a_folder_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        read_own_rows(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no rows"):
        read_own_rows(tmp_path)


def test_every_fault_of_every_file_is_told_at_once(tmp_path: Path, folder: Folder) -> None:
    shutil.copy(EXAMPLE / "input_priors.csv", tmp_path)
    priors = tmp_path / "input_priors.csv"
    priors.write_text(priors.read_text("utf-8").replace(",reported,", ",certain,"), "utf-8")
    with pytest.raises(InputError) as caught:
        read_own_rows(folder("us_balance.csv", gallium(value="much"), gallium(source="")))
    assert len(str(caught.value).splitlines()) == 4


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])), min_size=2), min_size=1))
def test_what_is_written_in_quotes_is_read_as_it_stands(records: list[list[str]]) -> None:
    text = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in record) for record in records)
    assert [[cell.text for cell in record] for record in cells_of(text)] == [[c.strip() for c in r] for r in records]


@given(st.text(st.sampled_from('a,"\n\t 1')))
def test_any_text_is_read_or_refused_with_a_place_inside_it(text: str) -> None:
    try:
        found = [(cell.line, cell.column) for record in cells_of(text) for cell in record]
    except FileFaultError as error:
        found = [(error.line, error.column)]
    lines = text.split("\n")
    assert all(1 <= line <= len(lines) and 1 <= column <= len(lines[line - 1]) + 1 for line, column in found)


MAY_CACHE = {"tables", "own_columns"}
"""Modules of the catalogue that remember only what the shipped files say."""


def test_what_is_remembered_from_the_tables_is_forgotten_when_they_change() -> None:
    """In the catalogue, and wherever else the tables are read, ``from_tables`` remembers."""
    found = set()
    for path in CATALOGUE.parent.rglob("*.py"):
        source = path.read_text("utf-8")
        reads = path.parent.name == "catalogue" or "tables.rows" in source
        if reads and re.search(r"functools\.(lru_)?cache|from functools import .*cache", source):
            found.add(path.stem)
    assert found == MAY_CACHE
