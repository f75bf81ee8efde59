"""Calibration targets: single figures that sum up an episode, each with the range that counts as met.

A file of targets is a CSV; a row names a series by commodity, measure, form, origin and destination, what is asked of
it (``statistic``), the period, the base period it is compared with, the value seen, and the bounds. Statistics:

=================  ================================================================================================
``ratio``          mean level in the period over that of the base period
``peak_multiple``  highest month of the period over the base period
``peak_month``     its number in the period, the first month being 1
``recovery_month`` first month of the period at half the base level or more; one past the last where there is none
``level``          mean level in the period, in percent for shares
``replaced``       rise of the flow from these origins over the fall of that from ``versus``, both to the same buyer
=================  ================================================================================================

Targets are compared without observation noise: they are means, or peaks that noise would only lift.
"""

from __future__ import annotations

import calendar
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.analysis.past.measured import Levels, Mean
from simulator.analysis.past.series import SAME_COMMODITY, Series, kind_of, stages_of
from simulator.catalogue.csv_cells import FileFaultError, read_cells
from simulator.catalogue.tables import number
from simulator.domain.chain import Chain
from simulator.errors import InputError

Floats = NDArray[np.float64]
STATISTICS: Final = ("ratio", "peak_multiple", "peak_month", "recovery_month", "level", "replaced")
COLUMNS: Final = (
    "target",
    "episode",
    "commodity",
    "measure",
    "form",
    "origin",
    "destination",
    "statistic",
    "period_start",
    "period_end",
    "base_start",
    "base_end",
    "versus",
    "observed",
    "low",
    "high",
    "source",
)
RECOVERED: Final = 0.5
_TINY: Final = 1e-300


@dataclass(frozen=True, slots=True)
class Target:
    """One figure an episode is summed up by."""

    id: str
    series: Series
    """The series it is asked of; holds no observations."""
    versus: Series | None
    statistic: str
    first: date
    last: date
    base: tuple[date, date] | None
    observed: float
    low: float
    high: float
    source: str

    def predicted(self, levels: Levels) -> Floats:
        """(n,) the figure in each replication."""
        mean = levels.of(self.series)
        if self.statistic == "level":
            return np.asarray(mean(self.first, self.last))
        base = mean(*self._base(levels))
        if self.statistic == "ratio":
            return np.asarray(mean(self.first, self.last) / np.maximum(base, _TINY))
        if self.statistic == "replaced":
            return self._replaced(levels, mean, base)
        months = np.stack([mean(*month) for month in months_of(self.first, self.last)], axis=1)
        months = months / np.maximum(base, _TINY)[:, None]
        if self.statistic == "peak_multiple":
            return np.asarray(months.max(axis=1))
        if self.statistic == "peak_month":
            return np.asarray(months.argmax(axis=1) + 1.0)
        high = months >= RECOVERED
        return np.asarray(np.where(high.any(axis=1), high.argmax(axis=1) + 1.0, months.shape[1] + 1.0))

    def _replaced(self, levels: Levels, mean: Mean, base: Floats) -> Floats:
        assert self.versus is not None
        other = levels.of(self.versus)
        lost = other(*self._base(levels)) - other(self.first, self.last)
        gained = np.maximum(mean(self.first, self.last) - base, 0.0)
        return np.asarray(gained / np.maximum(lost, 1e-9 * np.maximum(base, _TINY)))

    def _base(self, levels: Levels) -> tuple[date, date]:
        usual = levels.usual_window()
        if self.base is None or self.base[0] < usual[0]:
            return usual
        return self.base


def months_of(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Yield first and last day of each whole month from the one of ``first`` to that of ``last``.

    >>> [end.day for _, end in months_of(date(2024, 1, 1), date(2024, 3, 31))]
    [31, 29, 31]
    """
    month = first.replace(day=1)
    while month <= last:
        end = month.replace(day=calendar.monthrange(month.year, month.month)[1])
        yield month, end
        month = end + timedelta(days=1)


def read_targets(
    path: str | os.PathLike[str], episode: str, chains: tuple[Chain, ...], focal: str
) -> tuple[Target, ...]:
    """Return the targets of an episode, or of all where it has no name.

    Raises
    ------
    InputError
        If the file is missing or anything in it is wrong; the text names the line.
    """
    place = Path(path)
    try:
        records = read_cells(place)
    except FileFaultError as error:
        raise InputError(f"{place}:{error.line}:{error.column}: {error.text}") from None
    if not records:
        raise InputError(f"{place}:1:1: is empty; its first line is {','.join(COLUMNS)}")
    names = [cell.text for cell in records[0]]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise InputError(f"{place}:1:1: columns are missing: {', '.join(missing)}")
    by_name = {chain.commodity: chain for chain in chains}
    found, faults = [], []
    for record in records[1:]:
        at = f"{place}:{record[0].line}:{record[0].column}"
        if len(record) != len(names):
            faults.append(f"{at}: {len(record)} cells where the header has {len(names)}")
            continue
        row = dict(zip(names, (cell.text for cell in record), strict=True))
        if episode and row["episode"] != episode:
            continue
        if SAME_COMMODITY.get(row["commodity"], row["commodity"]) not in by_name:
            continue
        made = _target(row, by_name, focal)
        if isinstance(made, str):
            faults.append(f"{at}: {made}")
        else:
            found.append(made)
    if faults:
        raise InputError("\n".join(faults))
    return tuple(found)


def _target(row: dict[str, str], chains: dict[str, Chain], focal: str) -> Target | str:
    if row["statistic"] not in STATISTICS:
        return f"{row['statistic']!r} is not a statistic; {', '.join(STATISTICS)}"
    kind = kind_of(row["measure"], row["destination"])
    if kind is None:
        return f"{row['measure']!r} is no level of the model"
    if (row["statistic"] == "replaced") != bool(row["versus"]):
        return "versus names the origins whose flow is replaced, for the statistic replaced alone"
    values = [number(row[name]) for name in ("observed", "low", "high")]
    try:
        days = [date.fromisoformat(row[name]) for name in ("period_start", "period_end")]
        base = [date.fromisoformat(row[name]) for name in ("base_start", "base_end") if row[name]]
    except ValueError as error:
        return f"{error}; write days as 2026-01-31"
    if None in values or len(base) == 1 or days[0] > days[1]:
        return "observed, low, high and the days need values, in order"
    chain = chains[SAME_COMMODITY.get(row["commodity"], row["commodity"])]
    stages = () if kind == "consumption" else stages_of(chain, row["form"])
    destinations = tuple((row["destination"] or focal).split("+"))

    def series(origins: str, suffix: str) -> Series:
        name = f"target/{row['target']}{suffix}"
        return Series(name, chain.commodity, kind, stages, tuple(origins.split("+")), destinations, "t", (), ())

    observed, low, high = (value for value in values if value is not None)
    return Target(
        row["target"],
        series(row["origin"], ""),
        series(row["versus"], "/versus") if row["versus"] else None,
        row["statistic"],
        days[0],
        days[1],
        (base[0], base[1]) if base else None,
        observed,
        low,
        high,
        row["source"],
    )
