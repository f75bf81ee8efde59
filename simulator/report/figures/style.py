"""How figures look: colours, axes, and files that are the same bytes for the same numbers."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from simulator.analysis.study import Study
from simulator.scenario.case import Case

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, RED, PURPLE, GREY, VIOLET = "#5790fc", "#f89c20", "#e42536", "#964a8b", "#9c9ca1", "#7a21dd"
PALETTE: Final = (BLUE, RED, VIOLET, ORANGE, PURPLE, GREY)
"""petroff6, told apart with any colour vision (Petroff 2021, arXiv:2107.02270); grey and orange never the only cue."""
DASHES: Final = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)), (0, (8, 3)), (0, (3, 1)))
"""A line style to go with each colour."""
INK, FAINT = "#1b1f24", "#5c6370"
VALUES: Final = "cividis"
"""Colour map of values: even in lightness, readable with any colour vision."""
SVG_DPI: Final = 72
"""Dots per inch at which matplotlib writes SVG, whatever the figure says."""
_SETTINGS: Final[dict[str, Any]] = {
    "figure.dpi": 100.0,
    "savefig.dpi": 100.0,
    # A figure that names no layout has none.
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    # A scenario's name may hold dollar signs, which are no formula.
    "text.parse_math": False,
    # Text stays text; a fixed salt, since matplotlib would otherwise make up new names each time.
    "svg.fonttype": "none",
    "svg.hashsalt": "oresight",
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw inside this with our settings, whatever the user's are; nothing global is left changed."""
    from matplotlib import rc_context

    with rc_context(_SETTINGS):  # type: ignore[arg-type]  # the keys are settings; spelling them as literals helps nobody
        yield


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the axes given, or new ones on a figure of their own, in inches."""
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").subplots()


def svg(figure: Figure) -> str:
    """Return a figure as an SVG document: the same bytes for the same figure, without date or program."""
    engine, dpi = figure.get_layout_engine(), figure.dpi
    with styled():
        buffer = io.StringIO()
        if engine is not None:
            # Laid out once, here: matplotlib would draw the whole figure once more to do it.
            figure.set_dpi(SVG_DPI)
            engine.execute(figure)
            figure.set_layout_engine(None)
        try:
            figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
        finally:
            if engine is not None:
                figure.set_layout_engine(engine)
                figure.set_dpi(dpi)
    return buffer.getvalue()


def figure_of(ax: Axes) -> Figure:
    """Return the figure that axes stand on."""
    from matplotlib.figure import Figure

    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    return figure


def by_month(study: Study) -> str:
    """Return which futures stand behind what is shown month by month: in long runs those of which months are kept."""
    kept, of = study.counted.with_series, study.futures
    return f"{of:,} futures" if kept == of else f"the first {kept:,} of {of:,} futures"


def source_line(study: Study, futures: str = "") -> str:
    """Return what makes a figure reproducible: scenario, futures (all that count, unless said), seed, facts."""
    case = study.case
    made_of = f"scenario {case.sha256[:8]}, data {case.data_sha256[:8]}"
    return f"{case.name}: {futures or f'{study.futures:,} futures'}, seed {study.seed}, {made_of}"


def sign(ax: Axes, study: Study, given: Axes | None, futures: str = "") -> None:
    """Write where the numbers come from under a figure of our own; a caller's axes are left alone."""
    if given is None:
        figure_of(ax).supxlabel(source_line(study, futures), fontsize=6.5, color=FAINT, x=0.01, ha="left")


def calendar(ax: Axes, case: Case, first: float, last: float) -> None:
    """Mark half years on an x axis in days from start, and name its ends."""
    days: list[int] = []
    labels: list[str] = []
    for year in range(case.calendar_day(first).year, case.calendar_day(last).year + 1):
        for month, name in ((1, "Jan"), (7, "Jul")):
            day = case.day(date(year, month, 1))
            if first <= day <= last:
                days.append(day)
                labels.append(f"{name}\n{year}" if month == 1 or not days[:-1] else name)
    ax.set_xticks(days, labels)
    ax.set_xlim(first, last)


def mark(ax: Axes, day: float, text: str) -> None:
    """Draw a labelled vertical line at a day; the label stands just above the axes."""
    ax.axvline(day, color=FAINT, linewidth=0.8, linestyle=(0, (3, 2)))
    ax.annotate(
        text, (day, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 1.5), textcoords="offset points",
        ha="center", va="bottom", fontsize=7, color=FAINT,
    )  # fmt: skip


def percent_axis(ax: Axes, label: str) -> None:
    """Make the y axis a share from 0 to 100 %."""
    ax.set_ylim(0.0, 1.0)
    ax.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0", "25", "50", "75", "100"])
    ax.set_ylabel(label)


def spread_out(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return heights for labels at least ``gap`` apart, as near as may be to where they are wanted.

    >>> [round(y, 2) for y in spread_out([0.5, 0.5, 0.9], 0.1, 0.0, 1.0)]
    [0.45, 0.55, 0.9]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    groups: list[tuple[list[int], float]] = []
    for i in order:
        members, centre = [i], wanted[i]
        # Groups that would overlap are laid around their common centre.
        while groups and centre - gap * len(members) / 2 < groups[-1][1] + gap * len(groups[-1][0]) / 2:
            before, middle = groups.pop()
            total = len(before) + len(members)
            centre = (middle * len(before) + centre * len(members)) / total
            members = before + members
        half = gap * len(members) / 2
        groups.append((members, min(max(centre, low + half - gap / 2), high - half + gap / 2)))
    heights = [0.0] * len(wanted)
    for members, centre in groups:
        for place, i in enumerate(members):
            heights[i] = centre + (place - (len(members) - 1) / 2) * gap
    return heights
