"""P(met) over two grids as a heat map, one panel per commodity; the same bytes for the same numbers."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from simulator import __version__
from simulator.analysis.deadline import HEADLINES
from simulator.analysis.intervals import Estimate
from simulator.analysis.sweep import Sweep
from simulator.errors import UsageError
from simulator.metrics.yardsticks import YARDSTICKS
from simulator.report.wording import ends, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES: Final = (".svg", ".png")
COLOURS: Final = "cividis"
"""Even in lightness and readable with any colour vision."""
ACROSS: Final = 3
"""Panels side by side."""
_CELL_INCHES: Final = (0.95, 0.55)
_DARK: Final = 0.5
"""Below this share the colour is dark, and the number on it white."""


def check_heatmap(file: str, grids: int, yardstick: str) -> None:
    """Refuse, before anything runs, a heat map that cannot be drawn.

    Raises
    ------
    UsageError
        If there are not two grids, the file is neither .svg nor .png, or the yardstick is not known.
    """
    if grids != 2:
        raise UsageError(f"a heat map shows two grids, and {grids} given; leave --heatmap out or give two --grid")
    if not file.endswith(SUFFIXES):
        raise UsageError(f"--heatmap {file}: the name must end in {' or '.join(SUFFIXES)}")
    if yardstick not in YARDSTICKS:
        raise UsageError(f"--yardstick {yardstick}: known are {', '.join(YARDSTICKS)}")


def heatmap(found: Sweep, suffix: str, yardstick: str) -> bytes:
    """Return the heat map as an SVG or PNG file.

    Parameters
    ----------
    found
        A sweep over two grids; combinations that are not finished stay blank.
    suffix
        ``.svg`` or ``.png``.
    yardstick
        Yardstick whose P(met at the deadline) gives the colours; every cell is annotated with it and its 95 %
        interval, in percent.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    names = _commodities(found)
    down, across = found.grids
    columns = min(ACROSS, len(names))
    rows = -(-len(names) // columns)
    width = columns * (1.9 + _CELL_INCHES[0] * len(across.values)) + 0.8
    height = rows * (1.1 + _CELL_INCHES[1] * len(down.values)) + 1.1
    # A fixed salt and no date: matplotlib would otherwise give each file its own names and time.
    with mpl.rc_context({"svg.hashsalt": "oresight", "svg.fonttype": "none", "font.size": 8.0}):
        figure = Figure(figsize=(width, height), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
        for axes, name in zip(panels, names, strict=False):
            shown = _panel(axes, found, name, yardstick)
        for axes in panels[len(names) :]:
            axes.set_axis_off()
        figure.colorbar(shown, ax=panels, label=f"P(met {yardstick}), %", shrink=0.8)
        figure.suptitle(f"{found.scenario}: P(met {yardstick}) at the deadline, %", fontsize=10)
        figure.supxlabel(_caption(found), fontsize=7, x=0.01, ha="left")
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix.removeprefix("."), metadata=_metadata(found, suffix, yardstick), dpi=150)
    return buffer.getvalue()


def _commodities(found: Sweep) -> list[str]:
    """Return the commodities of a sweep; the headline list's P(all met) is a panel of its own where there are more."""
    names = dict.fromkeys(item.commodity for point in found.points for item in point.measures)
    singles = [name for name in names if name != HEADLINES]
    return singles if len(singles) == 1 or HEADLINES not in names else [HEADLINES, *singles]


def _panel(axes: Axes, found: Sweep, commodity: str, yardstick: str) -> Any:
    measure = f"{'all_met' if commodity == HEADLINES else 'met'}/{yardstick}"
    known: Mapping[tuple[str, ...], Estimate] = {
        point.values: item.estimate
        for point in found.points
        for item in point.measures
        if (item.commodity, item.measure) == (commodity, measure)
    }
    down, across = found.grids
    nothing = Estimate(math.nan, math.nan, math.nan, 0)
    cells = [[known.get((one, other), nothing) for other in across.values] for one in down.values]
    values = [[100.0 * cell.value for cell in row] for row in cells]
    shown = axes.imshow(values, cmap=COLOURS, vmin=0.0, vmax=100.0, aspect="auto")
    for y, row in enumerate(cells):
        for x, cell in enumerate(row):
            _annotate(axes, x, y, cell)
    _label(axes, "x", across.path, across.values)
    _label(axes, "y", down.path, down.values)
    axes.set_title("all headline commodities" if commodity == HEADLINES else commodity, fontsize=9)
    return shown


def _annotate(axes: Axes, x: int, y: int, cell: Estimate) -> None:
    if math.isnan(cell.value):
        axes.text(x, y, "-", ha="center", va="center", color="black")
        return
    text = f"{percent(cell.value)}\n({ends(cell.low, cell.high)})"
    colour = "white" if cell.value < _DARK else "black"
    axes.text(x, y, text, ha="center", va="center", color=colour, fontsize=7)


def _label(axes: Axes, side: str, path: str, values: Sequence[str]) -> None:
    getattr(axes, f"set_{side}ticks")(range(len(values)), labels=list(values))
    getattr(axes, f"set_{side}label")(path, fontsize=7)


def _caption(found: Sweep) -> str:
    return (
        f"{found.replications:,} futures per cell, seed {found.seed}; 95 % intervals in brackets\n"
        f"scenario {found.sha256[:12]}, data {found.case.data_sha256[:12]}"
    )


def _metadata(found: Sweep, suffix: str, yardstick: str) -> dict[str, str | None]:
    program = f"oresight {__version__}"
    if suffix == ".png":
        return {"Software": program}
    return {
        "Creator": program,
        "Date": None,
        "Title": f"{found.scenario}: P(met {yardstick})",
        "Description": _caption(found),
    }
