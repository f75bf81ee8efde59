"""Baseline checks as a build server reads them: a step's summary in Markdown, JUnit XML, and annotations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree import ElementTree as ET

from simulator.analysis.baseline_verdict import Check, KpiVerdict
from simulator.report.baseline_text import advice, change_text, headline, why

MOST_ANNOTATIONS: Final = 10
"""A step shows no more."""
MOST_ROWS: Final = 500
"""A summary is cut at 1 MiB."""


def baseline_markdown(checks: Sequence[Check]) -> str:
    """Return the verdict, a table of what moved, and the rest folded away."""
    return "\n".join(_markdown(checks)) + "\n"


def baseline_junit(checks: Sequence[Check]) -> str:
    """Return JUnit XML with a suite for each scenario and a case for each number of it."""
    suites = [_suite(check) for check in checks]
    root = ET.Element("testsuites", _totals("simulator baseline check", suites))
    root.extend(suites)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def error_lines(checks: Sequence[Check]) -> Iterator[str]:
    """Yield GitHub's ``::error`` lines, one for each scenario that does not pass, at the first line of its file.

    References
    ----------
    GitHub Docs, Workflow commands for GitHub Actions, "Setting an error message".
    """
    failed = [check for check in checks if not check.passed]
    for check in failed[:MOST_ANNOTATIONS]:
        text = check.refused or "; ".join(f"{item.kpi} {item.verdict}: {change_text(item)}" for item in check.moved)
        title = f"baseline {check.scenario}"
        yield f"::error file={_property(check.file)},line=1,title={_property(title)}::{_escaped(text)}"


def _markdown(checks: Sequence[Check]) -> Iterator[str]:
    passed = all(check.passed for check in checks)
    yield f"### {'✓' if passed else '✗'} {_cell(headline(checks))}"
    yield ""
    moved = [(check, item) for check in checks for item in check.moved]
    if moved:
        yield "| scenario | KPI | baseline | now | paired change (interval) | matters at | verdict |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        yield from (_row(check, item) for check, item in moved[:MOST_ROWS])
        if len(moved) > MOST_ROWS:
            yield ""
            yield f"And {len(moved) - MOST_ROWS:,} more."
        yield ""
    apart = [check for check in checks if check.refused]
    for check in apart:
        yield f"- **{_cell(check.scenario)}** not compared: {_cell(check.refused)}"
    if apart:
        yield ""
    if advice(checks):
        yield f"Intended? `{advice(checks)}`, and commit `tests/baselines/`."
        yield ""
    yield "<details><summary>All scenarios</summary>"
    yield ""
    yield "| scenario | futures | verdicts |"
    yield "| --- | --- | --- |"
    for check in checks:
        counts = ", ".join(f"{number} {verdict}" for verdict, number in check.counts().items()) or "not compared"
        yield f"| {_cell(check.scenario)} | {check.replications:,} | {counts} |"
    yield ""
    yield "</details>"


def _row(check: Check, item: KpiVerdict) -> str:
    verdict = f"**{item.verdict}**" if item.verdict in ("regressed", "improved") else item.verdict
    cells = (
        _cell(check.scenario),
        _cell(item.kpi),
        f"{item.baseline:.4g}",
        f"{item.now:.4g}",
        change_text(item),
        f"±{item.materiality:g}",
        verdict,
    )
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    for sign, instead in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("`", "'"), ("\n", " ")):
        text = text.replace(sign, instead)
    return text


def _suite(check: Check) -> ET.Element:
    suite = ET.Element("testsuite")
    if check.refused:
        case = ET.SubElement(suite, "testcase", {"classname": check.scenario, "name": "comparable"})
        ET.SubElement(case, "error", {"message": _legal(check.refused), "type": "not comparable"})
    for item in check.kpis:
        case = ET.SubElement(suite, "testcase", {"classname": check.scenario, "name": item.kpi})
        if not item.passed:
            text = f"{item.baseline:.4g} -> {item.now:.4g}, paired change {change_text(item)}"
            failure = ET.SubElement(case, "failure", {"message": text, "type": item.verdict})
            failure.text = why(item) or text
    suite.attrib.update(
        name=check.scenario,
        tests=str(len(suite)),
        failures=str(len(suite.findall("testcase/failure"))),
        errors=str(len(suite.findall("testcase/error"))),
    )
    return suite


def _totals(name: str, suites: Sequence[ET.Element]) -> dict[str, str]:
    def total(key: str) -> str:
        return str(sum(int(suite.attrib[key]) for suite in suites))

    return {"name": name, **{key: total(key) for key in ("tests", "failures", "errors")}}


def _legal(text: str) -> str:
    """Text without control characters, which XML cannot say."""
    return "".join(sign if sign >= " " else " " for sign in text)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
