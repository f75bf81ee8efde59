"""The page: valid, closed in itself, the same bytes, and complete."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from simulator.analysis.intervals import Estimate
from simulator.cli.main import exit_code
from simulator.errors import NotComparableError
from simulator.report.page.build import html, markdown, sections
from simulator.report.page.status import status, undecided
from simulator.report.tidy import HEAD, tidy
from tests.support.kept import banned, baseline, hostile

VOID = {"meta", "br", "img", "link", "input", "hr"}
ORDER = (
    "verdict", "status", "yardsticks", "exposure", "shortages", "drivers", "flows", "months", "comparison", "caveats",
    "data", "inputs", "manifest",
)  # fmt: skip


class Page(HTMLParser):
    """Reads a page as a browser would, and keeps what a test asks about."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.outside: list[str] = []
        self.text = ""
        self.feed(text)
        self.close()
        self.faults += [f"never closed: {tag}" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        names = [name for name, _ in attrs]
        self.faults += [f"{tag} has {name} twice" for name in set(names) if names.count(name) > 1]
        for name, value in attrs:
            value = value or ""
            if name.startswith("on"):
                self.faults.append(f"{tag} listens: {name}")
            if name == "id":
                self.ids.append(value)
            self.references += value.split() if name in ("aria-labelledby", "aria-describedby") else []
            self.references += re.findall(r"url\(#([^)]+)\)", value)
            if name in ("href", "src", "xlink:href", "action"):
                if value.startswith("#"):
                    self.references.append(value[1:])
                else:
                    self.outside.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"closes what is not open: {tag}")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def text() -> str:
    return html([baseline(), banned()])


FLOW = {"p", "figure", "table", "div", "section", "nav", "ol", "ul", "h1", "h2", "header", "main"}
WITHIN = {
    "li": {"ol", "ul"}, "tr": {"thead", "tbody"}, "td": {"tr"}, "th": {"tr"}, "thead": {"table"}, "tbody": {"table"},
    "figcaption": {"figure"}, "desc": {"svg"}, "title": {"head", "svg"}, "section": {"main"}, "h1": {"header"},
}  # fmt: skip
NAMED = {"svg", "table", "nav", "section"}
"""Elements that a screen reader announces by name."""


class Strict(HTMLParser):
    """Finds what a validator of HTML objects to, as far as our pages go: nesting, tables, headings, names, head."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.path: list[str] = []
        self.faults: list[str] = []
        self.seen: list[str] = []
        self.columns: list[int] = []
        self.feed(text)
        self.close()
        for tag in ("html", "head", "title", "body", "main", "h1"):
            # An SVG has a title too.
            number = self.seen.count(tag) - (self.seen.count("svg") if tag == "title" else 0)
            self.faults += [f"{number} times {tag}"] if number != 1 else []
        if not text.startswith("<!DOCTYPE html>"):
            self.faults.append("no document type")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        above = self.path[-1] if self.path else ""
        self.seen.append(tag)
        if tag in WITHIN and above not in WITHIN[tag]:
            self.faults.append(f"{tag} in {above or 'nothing'}")
        if tag in FLOW and "p" in self.path:
            self.faults.append(f"{tag} in a paragraph")
        if tag == "h2" and "h1" not in self.seen:
            self.faults.append("h2 before h1")
        if tag == "a" and "a" in self.path:
            self.faults.append("a link in a link")
        named = given.get("aria-label") or given.get("aria-labelledby")
        if (tag in NAMED or given.get("role") in ("img", "region")) and not named:
            self.faults.append(f"{tag} without a name")
        if "tabindex" in given and "role" not in given:
            self.faults.append(f"{tag} takes the focus and has no role")
        if tag == "th" and "scope" not in given:
            self.faults.append("th without scope")
        if tag == "html" and not given.get("lang"):
            self.faults.append("no language")
        if re.search(r"\s", given.get("id", "x")) or given.get("id") == "":
            self.faults.append(f"bad id {given['id']!r}")
        self._count(tag, given)
        if tag not in VOID:
            self.path.append(tag)

    def _count(self, tag: str, given: dict[str, str]) -> None:
        """Every row of a table has as many cells as its head."""
        if tag == "table":
            self.columns = []
        elif tag == "tr":
            self.columns.append(0)
        elif tag in ("td", "th") and self.columns:
            self.columns[-1] += int(given.get("colspan", 1))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.path.pop()

    def handle_endtag(self, tag: str) -> None:
        if self.path:
            self.path.pop()
        if tag == "table" and len(set(self.columns)) > 1:
            self.faults.append(f"rows of {sorted(set(self.columns))} cells in one table")


def faults(text: str) -> list[str]:
    page = Page(text)
    twice = {name for name in page.ids if page.ids.count(name) > 1}
    return [
        *page.faults,
        *(f"id twice: {name}" for name in twice),
        *(f"refers to nothing: {name}" for name in page.references if name not in page.ids),
        *(f"outside: {name}" for name in page.outside),
        *(f"forbidden: {tag}" for tag in ("script", "iframe", "object", "link", "base", "form") if tag in page.tags),
        *re.findall(r"https?:(?!//www\.w3\.org)[^\s\"<]*(?=\")", re.sub(r">[^<]*<", "><", text)),
    ]


def test_the_page_is_valid_and_closed_in_itself(text: str) -> None:
    assert faults(text) == []
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in text
    assert "@import" not in text
    assert len(text.encode()) < 3_000_000


def test_the_check_of_pages_sees_what_it_forbids() -> None:
    assert faults("<p><b></p></b>")
    assert faults('<p id="a"></p><p id="a"></p>')
    assert faults('<a href="https://example.org">x</a>')
    assert faults('<a href="#nowhere">x</a>')
    assert faults("<script></script>")
    assert faults('<p onclick="x()">x</p>')
    assert not faults('<p id="a"><a href="#a">x</a></p>')


def test_a_strict_reading_finds_nothing_wrong(text: str) -> None:
    """As the Nu validator does, which passed the pages of the baseline and of a comparison without a word."""
    assert Strict(text).faults == []


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ("<p><table aria-label='x'></table></p>", "table in a paragraph"),
        ("<table aria-label='x'><tbody><tr><td></td></tr><tr><td></td><td></td></tr></tbody></table>",
         "rows of [1, 2] cells in one table"),
        ("<svg></svg>", "svg without a name"),
        ("<ol><p></p></ol><li></li>", "li in nothing"),
        ("<div tabindex='0'></div>", "div takes the focus and has no role"),
        ("<table aria-label='x'><thead><tr><th></th></tr></thead></table>", "th without scope"),
        ("<h2></h2>", "h2 before h1"),
        ("", "no document type"),
    ],
)  # fmt: skip
def test_the_strict_reading_sees_what_it_forbids(wrong: str, fault: str) -> None:
    assert fault in Strict(wrong).faults


def test_the_same_runs_give_the_same_bytes(text: str) -> None:
    assert html([baseline(), banned()]) == text


def test_the_sections_stand_in_the_order_in_which_people_ask() -> None:
    assert tuple(section.key for section in sections([baseline(), banned()])) == ORDER
    assert "comparison" not in [section.key for section in sections([baseline()])]


def test_every_run_has_its_fan_where_runs_differ_and_one_stands_for_all_where_they_do_not(text: str) -> None:
    said = " ".join(Page(text).text.split())
    assert "Antimony: China-exposed share of use, run by run" in said
    assert "The same month by month in every run: Gallium." in said
    fan = text[text.index('id="fan-antimony"') : text.index('id="fan-gallium"')]
    for name in (">Baseline<", ">Ban of antimony<", ">met in "):
        assert name in fan
    table = text[text.index('id="fan-data-antimony"') :]
    assert table.index(">Baseline</th>") < table.index(">Ban of antimony</th>") < table.index("</table>")


def test_every_figure_has_a_name_a_description_and_its_numbers(text: str) -> None:
    page = Page(text)
    assert page.tags.count("svg") == page.tags.count("figure") == page.tags.count("desc") > 8
    assert text.count('role="img"') == page.tags.count("svg")
    assert text.count("Numbers of this figure") == page.tags.count("figure")


def test_the_verdict_comes_first_with_frequency_interval_and_futures(text: str) -> None:
    said = " ".join(Page(text).text.split()).partition("Manifest Verdict")[2]  # after the list of contents
    assert re.search(
        r"Baseline: both headline commodities .* in none of 64 simulated futures \(95 % interval 0-6", said
    )
    assert said.index("simulated futures") < said.index("Status by commodity") < said.index("Before you quote this")
    assert re.search(r"0\.\d\d \(0\.\d\d-0\.\d\d\)", said)
    assert "■ failing" in said


def test_no_folder_of_this_machine_is_passed_on(text: str) -> None:
    assert str(Path(__file__).parents[2]) not in text
    assert "baseline.yaml:" in text


def test_a_name_that_would_do_harm_is_only_a_name() -> None:
    page = html([hostile()])
    assert faults(page) == []
    assert "<script>alert(1)</script>" in Page(page).text
    assert "<b>$x$ & </style>" in Page(page).text
    assert "<script" not in markdown([hostile()])


def test_runs_on_other_futures_are_not_compared() -> None:
    with pytest.raises(NotComparableError):
        html([baseline(), hostile()])


def test_the_markdown_has_the_verdict_the_status_and_the_differences() -> None:
    lines = markdown([baseline(), banned()]).splitlines()
    assert lines[0] == "# Baseline and Ban of antimony"
    assert [line for line in lines if line.startswith("## ")] == [
        "## Verdict", "## Status by commodity", "## Scenarios compared", "## Before you quote this",
    ]  # fmt: skip
    tables = [line for line in lines if line.startswith("|")]
    assert {line.count("|") for line in tables if "failing" in line} == {11}
    assert any(line.startswith("| antimony | ") for line in tables)


def test_the_tidy_table_gives_every_number_its_interval_and_futures() -> None:
    rows = list(csv.DictReader(io.StringIO(tidy([baseline(), banned()]))))
    assert tuple(rows[0]) == HEAD
    assert {row["kind"] for row in rows} == {"probability", "mean", "median", "quantiles", "difference"}
    known = [row for row in rows if row["value"]]
    assert all(int(row["n"]) > 0 and row["unit"] for row in known)
    ends = [row for row in known if row["low"]]
    assert len(ends) > 0.95 * len(known)
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in ends)
    assert {row["reference"] for row in rows if row["kind"] == "difference"} == {"Baseline"}
    assert {row["ess"] for row in rows} == {""}, "all futures count alike"


def test_a_status_follows_the_bound_and_not_the_estimate() -> None:
    assert status(Estimate(0.7, 0.6, 0.8, 64)).word == "at risk"
    assert undecided(Estimate(0.7, 0.6, 0.8, 64))
    assert status(Estimate(0.7, 0.67, 0.73, 64)).word == "on track"
    assert status(Estimate(0.3, 0.2, 0.4, 64)).word == "at risk"
    assert not undecided(Estimate(0.5, 0.4, 0.6, 64))


def test_reports_are_made_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [str(result.save(tmp_path)) for result in (baseline(), banned())]
    page, summary, table = (tmp_path / name for name in ("r.html", "r.md", "r.csv"))
    out = ["--html", str(page), "--markdown", str(summary), "--csv", str(table)]
    assert exit_code(["report", *folders, *out]) == 0
    assert page.read_text("utf-8") == html([baseline(), banned()])
    assert summary.read_text("utf-8") == markdown([baseline(), banned()])
    assert capsys.readouterr().out == ""
    assert exit_code(["report", *folders]) == 2
    assert exit_code(["report", str(tmp_path), "--html", str(page)]) == 3
    assert exit_code(["report", *folders, "--html", str(page), "--csv", str(page)]) == 2
    assert exit_code(["report", *folders, "--html", str(tmp_path / "no" / "r.html")]) == 3
    other = str(hostile().save(tmp_path))
    assert exit_code(["report", folders[0], other, "--html", str(page)]) == 5


def test_a_run_writes_its_page_as_it_ends(tmp_path: Path) -> None:
    scenario = str(Path(__file__).parents[2] / "scenarios" / "baseline.yaml")
    small = ("--commodity", "gallium", "--replications", "16", "--jobs", "1", "--quiet")
    assert exit_code(["run", scenario, *small, "--html", str(tmp_path / "r.html")]) == 0
    assert faults((tmp_path / "r.html").read_text("utf-8")) == []


def test_titles_of_fans_side_by_side_fit_their_panels(text: str) -> None:
    """The name of a run and what it says stand in two lines: in one, long names were cut off at the panel's edge."""
    fan = text[text.index('id="fan-antimony"') : text.index('id="fan-gallium"')]
    assert ": met in" not in fan
    assert fan.count(">met in ") == 2
