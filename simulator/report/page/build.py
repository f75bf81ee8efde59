"""A report of one run or several, as a page or as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from itertools import groupby

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from simulator.analysis.study import Study
from simulator.report.explain_store import Explained
from simulator.report.figures.style import figure_of, svg
from simulator.report.page.appendix_part import appendix_sections, caveats_section
from simulator.report.page.blocks import Block, Drawing, Paragraph, Section, Table
from simulator.report.page.comparison_part import comparison_section
from simulator.report.page.figures_part import figure_sections
from simulator.report.page.inline import inlined
from simulator.report.page.observed_part import observed_sections
from simulator.report.page.verdict_part import status_section, verdict_section
from simulator.report.page.yardsticks_part import yardsticks_section


def sections(
    studies: Sequence[Study], notices: Sequence[str] = (), explained: Explained | None = None
) -> tuple[Section, ...]:
    """Return what a report of one run or several says, in reading order; the first run is the reference.

    ``explained`` is the attribution kept beside the first run.

    Raises
    ------
    NotComparableError
        If several do not rest on the same futures.
    """
    return (
        verdict_section(studies),
        status_section(studies),
        yardsticks_section(studies),
        *observed_sections(studies),
        *figure_sections(studies, explained),
        *((comparison_section(studies),) if len(studies) > 1 else ()),
        caveats_section(studies, notices),
        *appendix_sections(studies, explained),
    )


def html(studies: Sequence[Study], notices: Sequence[str] = (), explained: Explained | None = None) -> str:
    """Return the report as one page: no script, nothing from outside, the same bytes for the same runs."""
    return page(" and ".join(study.case.name for study in studies), sections(studies, notices, explained))


def page(title: str, parts: Sequence[Section]) -> str:
    """Return sections as one page closed in itself."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    folder = resources.files("simulator.report.page")
    template = environment.from_string(folder.joinpath("report.html.j2").read_text("utf-8"))
    return template.render(
        title=title,
        style=Markup(folder.joinpath("report.css").read_text("utf-8")),
        sections=parts,
        kind=lambda block: type(block).__name__.lower(),
        picture=_picture,
        rows=_rows,
    )


def _rows(blocks: Sequence[Block]) -> list[tuple[bool, list[Block]]]:
    """Return blocks as runs of those that stand side by side and those that do not."""
    return [
        (halves, list(run)) for halves, run in groupby(blocks, key=lambda block: getattr(block, "css", "") == "half")
    ]


def _picture(drawing: Drawing) -> Markup:
    return inlined(svg(figure_of(drawing.draw())), drawing.key, drawing.title, drawing.description)


def markdown(studies: Sequence[Study], notices: Sequence[str] = ()) -> str:
    """Return the report as Markdown for a pull request: verdict, status, comparison and caveats."""
    chosen = [
        verdict_section(studies),
        status_section(studies),
        *observed_sections(studies),
        *((comparison_section(studies),) if len(studies) > 1 else ()),
        caveats_section(studies, notices),
    ]
    parts = [f"# {_plain(' and '.join(study.case.name for study in studies))}"]
    for section in chosen:
        parts.append(f"## {section.title}")
        parts += [text for block in section.blocks if (text := _markdown(block))]
    return "\n\n".join(parts) + "\n"


def _markdown(block: Block) -> str:
    if isinstance(block, Paragraph):
        text = _plain(block.text)
        return f"**{text}**" if block.css == "lead" else f"_{text}_" if block.css == "question" else text
    if not isinstance(block, Table):
        return ""
    lines = [
        "| " + " | ".join(map(_plain, block.head)) + " |",
        "|" + "|".join("---:" if _is_number(block, i) else "---" for i in range(len(block.head))) + "|",
    ]
    headings = dict(block.groups)
    for i, row in enumerate(block.rows):
        if i in headings:
            lines.append(f"| **{_plain(headings[i])}** |" + " |" * (len(block.head) - 1))
        lines.append("| " + " | ".join(_plain(str(cell)) for cell in row) + " |")
    return f"{_plain(block.caption)}\n\n" + "\n".join(lines)


def _is_number(table: Table, column: int) -> bool:
    return not table.wide and table.words <= column < len(table.head) - table.last_words


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is: no tags, no cells, no emphasis of its own."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\`*_[]|#":
        text = text.replace(sign, f"\\{sign}")
    return text
