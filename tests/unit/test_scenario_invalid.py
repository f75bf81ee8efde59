"""A wrong scenario file is refused with the place, the value found and what is accepted."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from simulator.errors import InputError, UsageError
from simulator.scenario import load

INVALID = Path(__file__).parents[1] / "scenarios_invalid"
FILES = sorted(INVALID.glob("*.yaml"))
FAST_S = 5.0


def write(folder: Path, text: str | bytes, name: str = "scenario.yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def target(criteria: str) -> str:
    return f"name: X\ntarget: {{criteria: [{criteria}]}}\n"


def catalogue_project(field: str) -> str:
    return f"name: X\nevents: [{{id: a, type: project, project: KAZ_W_NKATPAR, capacity_t_per_year: 9, {field}}}]\n"


def refusal(path: Path, *sets: str) -> str:
    with pytest.raises(InputError) as caught:
        load(path, sets)
    return str(caught.value)


def test_there_are_ten_invalid_files() -> None:
    assert len(FILES) == 10


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_fault_is_named_with_its_place(path: Path) -> None:
    phrase = path.read_text().splitlines()[0].removeprefix("# expect: ")
    message = refusal(path)
    assert phrase in message
    assert re.match(rf"{re.escape(str(path))}:\d+:\d+: ", message)
    assert "Traceback" not in message
    assert len(re.findall(re.escape(path.name) + r":\d+:\d+: ", message)) == 1, "one fault, one problem"


@pytest.mark.parametrize(("code", "meant"), [("CHX", "CHN"), ("KAX", "KAZ"), ("JAP", "JPN"), ("UAS", "USA")])
def test_a_wrong_code_most_likely_means_a_place_that_occurs_in_the_tables(
    tmp_path: Path, code: str, meant: str
) -> None:
    ban = f"{{id: a, type: export_ban, imposer: {code}, target: ALL, commodities: [gallium], at: 2026-12-01}}"
    assert f"did you mean {meant!r}?" in refusal(write(tmp_path, f"name: X\nevents: [{ban}]\n"))


def test_the_caret_stands_under_the_value(tmp_path: Path) -> None:
    path = write(tmp_path, "name: X\nfocal: USA\nreview_days: 14.5\n")
    assert refusal(path).splitlines() == [
        f"{path}:3:14: review_days: 14.5 is not a whole number",
        "  |",
        "3 | review_days: 14.5",
        "  |              ^^^^",
    ]


def test_all_problems_are_reported_at_once_in_order_of_line(tmp_path: Path) -> None:
    outage = "{id: a, type: outage, country: Kazakstan, commodities: antimon, at: soon}"
    text = f"name: X\nfoo: 1\nreview_days: 0\nevents:\n- {outage}\n"
    message = refusal(write(tmp_path, text))
    places = [tuple(map(int, found)) for found in re.findall(r"yaml:(\d+):(\d+)", message)]
    assert len(places) == 5
    assert places == sorted(places)
    assert "did you mean 'KAZ'?" in message
    assert "did you mean 'antimony'?" in message


def test_faults_between_events_are_reported_beside_faults_within_them(tmp_path: Path) -> None:
    text = """\
name: X
foo: 1
events:
- {id: a, type: export_ban, imposer: CHN, target: USA, commodities: [gallium], at: 2026-02-01, stages: [refinery]}
- {id: b, type: suspension, at: 2026-03-01, until: 2026-02-01, suspends: [aa]}
"""
    message = refusal(write(tmp_path, text))
    for phrase in ("unknown field", "is not a stage of gallium", "is not after `at`", "did you mean 'a'?"):
        assert phrase in message


def test_at_most_twenty_problems_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, "name: X\n" + "".join(f"key{n}: 1\n" for n in range(30))))
    assert message.count("unknown field") == 20
    assert message.endswith("... and 10 more problems")


@pytest.mark.parametrize(
    ("line", "phrase"),
    [
        ("probability: 1.5", "1.5 is not accepted; a share lies between 0 and 1"),
        ("probability: .inf", "is not"),
        ("probability: .nan", "is not"),
        ("probability: true", "true is not a number"),
        ("probability: '0.5'", "'0.5' is not a number"),
        ("leakage: {triangular: {low: 0, mode: 2, high: 1}}", "is out of order; low <= mode <= high"),
        ("leakage: {lognorml: {median: 1, p90: 2}}", "did you mean 'lognormal'?"),
        ("leakage: {input: truce_renewl/ALL}", "did you mean 'truce_renewal/ALL'?"),
        ("leakage: {uniform: {low: 0.5, high: 3}}", "3 is not accepted; a share lies between 0 and 1"),
        ("until: 2026-02-30", "is not a day of the calendar; did you mean '2026-02-28'?"),
        ("until: 2026-13-01", "is not a day of the calendar; did you mean '2026-01-13'?"),
        ("until: 2026/7/1", "or +18mo or +90d from the start; did you mean '2026-07-01'?"),
        ("until: 18mo", "is not a day; write a date such as"),
        ("announced: 2027-01-01", "is after `at`, 2026-12-01"),
        ("commodities: []", "name at least one"),
        ("stages: [mine]", "is not a stage of gallium"),
        ("id: 7", "7 is not text"),
    ],
)
def test_a_wrong_field_of_an_event_is_explained(tmp_path: Path, line: str, phrase: str) -> None:
    fields = {
        "id": "ban",
        "type": "export_ban",
        "imposer": "CHN",
        "target": "USA",
        "commodities": "[gallium]",
        "at": "2026-12-01",
    }
    key, _, value = line.partition(": ")
    fields[key] = value
    body = "\n    ".join(f"{name}: {text}" for name, text in fields.items())
    message = refusal(write(tmp_path, f"name: X\nevents:\n  - {body}\n"))
    assert phrase in message
    assert re.search(r"yaml:\d+:\d+: events\[0\]\." + key, message)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("", "the file is empty"),
        ("---\n", "the file is empty"),
        ("- a\n", "a scenario is a mapping"),
        ("name: X\n---\nname: Y\n", "a second document begins here"),
        ("name: !!python/object:os.system x\n", "tag"),
        ("name: X\n\tfocal: USA\n", "not valid YAML"),
        ("name: [X\n", "not valid YAML"),
        ("name: *x\n", "refers to nothing above it"),
        ("name: &a [*a]\n", "refers to nothing above it"),
        ("? [a]\n: b\n", "a key must be plain text"),
        ("name: X\n<<: {focal: USA}\n", "unknown field"),
        ("name: X\nspin_up: 2026-01-01\n", "leaves no time to settle before the start"),
        ("name: X\ntarget: {deadline: 2025-01-01}\n", "is not after the start"),
        ("name: X\ntarget: {deadline: +5000mo}\n", "target.deadline: '2442-07-06' is too late; at latest 2035-11-06"),
        (
            "name: X\nspin_up: 1999-01-01\n",
            "'1999-01-01' is too long before the start; at earliest 2015-11-01",
        ),
        ("name: X\ntarget: {criteria: [{yardstick: relience}]}\n", "did you mean 'reliance'?"),
        ("name: X\ninputs: {truce_renewal/AL: 0.5}\n", "did you mean 'truce_renewal/ALL'?"),
        ("name: X\ninputs: {truce_renewal/ALL: 1.5}\n", "out of bounds; 0 to 1"),
        ("name: X\ninputs: {truce_renewal/ALL: {low: 0.9}}\n", "low <= median <= high"),
        ("name: X\nevents: [{id: a, type: outage, at: +1mo}]\n", "country: is missing; outage needs it"),
        ("name: X\nevents: [{id: a}]\n", "events[0].type: is missing; known are agreement"),
        ("name: X\nevents: [{id: a, type: project, at: +1mo}]\n", "lacks country"),
        ("name: X\nevents: [{id: a, type: project, project: KAZ_W_NKATPA}]\n", "did you mean 'KAZ_W_NKATPAR'?"),
        (catalogue_project("until: +24mo"), "events[0].until: means nothing without `at`"),
        (catalogue_project("focal_offtake_share: 0.5"), "events[0].focal_offtake_share: means nothing without `at`"),
        (catalogue_project("probability: 0.5"), "pace and ties is an agreement that names it"),
        (catalogue_project("country: AUS"), "keeps the catalogue's place"),
        ("name: X\nevents:\n- {id: a, type: x}\n- {id: a, type: x}\n", "is already the id of the event on line 3"),
        ("name: X\ninputs: {truce_renewal/ALL: often}\n", "'often' is not a number"),
        (
            "name: X\ninputs: {truce_renewal/ALL: {mean: 1}}\n",
            "unknown field of an input's range; did you mean 'median'?",
        ),
        ("name: X\ncatalogue: {agreements: {signed_befor: 2025-01-01}}\n", "did you mean 'signed_before'?"),
        ("name: X\nstart: 9999-12-01\n", "is too far away; days lie between 1900 and 2200"),
        ("name: X\ntarget: {deadline: +18}\n", "18 is not a day"),
        ("name: X\ntarget: {deadline: +18y}\n", "'+18y' is not a day"),
        ("focal: USA\n", "name: is missing"),
        ('name: "a\\x1b[31mb"\n', "yaml:1:7: name: holds the control character U+001B; write plain text"),
        ('name: X\nquestion: "a\\rb"\n', "yaml:2:11: question: holds the control character U+000D"),
        ('name: "a\\nb"\n', "yaml:1:7: name: is more than one line"),
        ('name: X\nsources: ["a\\x07"]\n', "sources[0]: holds the control character U+0007"),
        ('name: X\n"a\\x1bb": 1\n', r"a\x1bb: unknown field of a scenario"),
        (target("{name: x, metric: days_of_covr, min_value: 60}"), "is not a metric; known are china_dependent_share"),
        (target("{name: x, metric: days_of_covr, min_value: 60}"), "did you mean 'days_of_cover'?"),
        (target("{name: x, metric: hhi}"), "'x': lacks max_value or min_value"),
        (target("{name: x, metric: hhi, max_value: 1, min_value: 0}"), "give one of max_value and min_value, not both"),
        (target("{name: x, metric: hhi, max_valu: 1}"), "unknown field of a yardstick of one's own; did you mean"),
        (target("{name: x, metric: hhi, max_value: much}"), "'much' is not a number"),
        (target("{name: x, metric: hhi, max_value: 1, of: CHN}"), "hhi is one number; `of` is for landed_by_origin"),
        (target("{name: reliance, metric: hhi, max_value: 1}"), "is the name of a published yardstick"),
        (target("{name: hhi, metric: hhi, max_value: 1}"), "'hhi' is the name of a metric; choose another"),
        (target("{name: Big, metric: hhi, max_value: 1}"), "must match"),
        (target("{name: x, metric: hhi, max_value: 1, deadline: 2025-01-01}"), "is not after the start"),
        (target("{name: x, metric: hhi, max_value: 1, deadline: +300mo}"), "is too late; at latest 2035-11-06"),
        (target("{name: x, metric: hhi, max_value: 1, window_days: 0}"), "must be at least 1"),
        (target("{name: x, metric: hhi, max_value: 1}, {name: x, metric: hhi, max_value: 2}"), "already named by"),
        (target("{metric: hhi, max_value: 1}"), "name: is missing"),
        (target("{yardstick: nminus1, max_share: 0.5}"), "is nothing to nminus1, which has window_days and min_ratio"),
        (target("{yardstick: cutoff, window_days: 90}"), "is nothing to cutoff, which has max_unmet_share"),
        (target("{yardstick: reliance}, {yardstick: reliance}"), "'reliance' is already named by criteria[0]"),
        ("name: X\ntarget: {list_rule: al}\n", "did you mean 'all'?"),
        ("name: X\ntarget: {list_rule: {at_least: 0}}\n", "must be at least 1"),
        ("name: X\ntarget: {list_rule: {weighted: 1.5}}\n", "must be at most 1"),
        ("name: X\ntarget: {list_rule: {at_least: 1, weighted: 1}}\n", "not both"),
        ("name: X\ntarget: {list_rule: {}}\n", "give either at_least or weighted"),
        ("name: X\ntarget: {list_rule: {weighted: 1, weights: {galium: 1}}}\n", "did you mean 'gallium'?"),
        ("name: X\ntarget: {list_rule: {weighted: 1, weights: {gallium: 0}}}\n", "every weight is zero"),
    ],
)
def test_a_wrong_document_is_explained_with_its_place(tmp_path: Path, text: str, phrase: str) -> None:
    message = refusal(write(tmp_path, text))
    assert phrase in message
    assert all(line.isprintable() for line in message.split("\n"))
    assert re.search(r"scenario\.yaml:\d+:\d+: ", message)


@pytest.mark.parametrize(
    "content", [b"name: \xff\xfe\n", b"\x89PNG\r\n\x1a\n\0\0", "name: X".encode("utf-16"), b"\0" * 64]
)
def test_a_binary_file_is_refused_as_not_text(tmp_path: Path, content: bytes) -> None:
    message = refusal(write(tmp_path, content))
    assert "not a text file" in message
    assert re.search(r"scenario\.yaml:\d+:\d+: ", message)


@pytest.mark.parametrize(
    ("content", "phrase"),
    [
        (b"[" * 10_000_000, "longer than"),
        (b"a: [" * 2_500_000, "longer than"),
        (b"[" * 1_900_000, "nested deeper than"),
        (b"{a: " * 400_000, "nested deeper than"),
        (b"".join(b" " * n + b"a:\n" for n in range(1_500)), "nested deeper than"),
        (b"[" + b"1," * 900_000 + b"]", "more than"),
        (
            b"a: &a [" + b"x," * 99 + b"x]\nb: &b [" + b"*a," * 99 + b"*a]\nc: [" + b"*b," * 99 + b"*b]\n",
            "aliases expand to more than",
        ),
    ],
    ids=["10 MB flow", "10 MB keys", "deep flow", "deep maps", "deep block", "many values", "alias bomb"],
)
def test_hostile_text_fails_quickly(tmp_path: Path, content: bytes, phrase: str) -> None:
    path = write(tmp_path, content)
    began = time.process_time()
    message = refusal(path)
    assert phrase in message
    assert len(message) < 2_000
    assert time.process_time() - began < FAST_S


def test_a_missing_file_and_a_directory_are_named(tmp_path: Path) -> None:
    write(tmp_path, "name: X\n", "baseline.yaml")
    message = refusal(tmp_path / "baselin.yaml")
    assert "there is no file" in message
    assert "did you mean" in message
    assert "is a directory" in refusal(tmp_path)


def test_a_loop_through_another_file_is_found(tmp_path: Path) -> None:
    write(tmp_path, "name: A\nextends: b.yaml\n", "a.yaml")
    write(tmp_path, "name: B\nextends: ./a.yaml\n", "b.yaml")
    message = refusal(tmp_path / "a.yaml")
    assert "a.yaml -> b.yaml -> a.yaml" in message
    assert f"{tmp_path / 'b.yaml'}:2:10: extends:" in message


def test_a_fault_in_the_layer_below_is_shown_there(tmp_path: Path) -> None:
    write(tmp_path, "name: A\nreview_days: often\n", "a.yaml")
    path = write(tmp_path, "extends: a.yaml\n", "b.yaml")
    assert refusal(path).startswith(f"{tmp_path / 'a.yaml'}:2:14: review_days: 'often' is not a whole number")


@pytest.mark.parametrize(
    ("override", "phrase"),
    [
        ("events.ban", "write PATH=VALUE"),
        ("events.bann.at=2026-01-01", "did you mean 'ban'?"),
        ("events.ban.probability=2", "a share lies between 0 and 1"),
        ("events.ban.leakag=1", "did you mean 'leakage'?"),
        ("events.ban.at=[", "not valid YAML"),
        ("review_days.x=3", "is not a whole number"),
    ],
)
def test_a_wrong_override_is_a_usage_error_that_repeats_it(tmp_path: Path, override: str, phrase: str) -> None:
    ban = "{id: ban, type: export_ban, imposer: CHN, target: USA, commodities: ALL, at: 2026-12-01}"
    path = write(tmp_path, f"name: X\nreview_days: 14\nevents: [{ban}]\n")
    with pytest.raises(UsageError, match=re.escape(phrase)) as caught:
        load(path, [override])
    assert f"--set {override}" in str(caught.value)
