"""Share of a commodity's US demand that goes into defence: ``behaviour.csv``, defence_share_of_us_demand."""

from __future__ import annotations

from typing import Final, cast

from simulator.catalogue.tables import from_tables, number, rows
from simulator.domain.facts import Fact, Quality

_PARAMETER: Final = "defence_share_of_us_demand"
_PERCENT: Final = 0.01


@from_tables
def defence_share(commodity: str) -> Fact:
    """Share, 0 to 1, with its range; the middle of the range where no median is given, else nil where no row is."""
    found = {
        row["statistic"]: row
        for row in rows("behaviour")
        if row["parameter"] == _PARAMETER and row["commodity"] == commodity
    }
    values = {name: value * _PERCENT for name, row in found.items() if (value := number(row["value"])) is not None}
    name = f"{commodity}.defence_share"
    if not {"low", "high"} <= values.keys():
        return Fact(name, 0.0, "1", None, "behaviour.csv", "assumed", f"no row {_PARAMETER}: taken as nil", 0.0, 0.0)
    middle = found.get("median", found["high"])
    value = values.get("median", (values["low"] + values["high"]) / 2)
    return Fact(
        name, value, "1", None, middle["source"], cast(Quality, middle["quality"]), middle["note"],
        values["low"], values["high"],
    )  # fmt: skip
