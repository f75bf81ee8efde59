# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5. Write your own instrument and scenario
#
# The library has instruments for bans, licences, deals, stockpiles and more. When the lever or the shock you care about is not
# among them, write it: a class in a file of your own, without a change to the package.
#
# The example is a hypothesis, not a fact of the catalogue: in dry winters a country that lives on hydropower rations electricity,
# and its smelters lose a part of their output, every winter anew. No instrument of the library recurs like that.

# %% tags=["parameters"]
replications = 256  # random futures, a multiple of 16
jobs = 2  # worker processes: they import the file below by themselves

# %% [markdown]
# ## The instrument
#
# It is a description with documented fields, and a function that turns it into dated *changes*. It never sees the simulated world.
# `draws` answers for all futures at once: whether something happens, on which day, with which number. Draws have names, so that
# your event moves no random number of any other.
#
# It goes into a file because worker processes cannot see what a cell defines.

# %%
# %%writefile winter_rationing.py
"""Winters in which a country rations electricity and its smelters lose output."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from simulator import EventDraws, Instrument, register_instrument
from simulator.domain.changes import Change, OutageChange
from simulator.instruments.names import CommodityName, Country
from simulator.instruments.quantities import DateSpec, Share


@register_instrument
class WinterRationing(Instrument):
    """Every winter may be dry, and in a dry one plants of a country lose a part of their output for three months."""

    type: Literal["winter_rationing"] = "winter_rationing"

    at: DateSpec
    """First day of the first winter: a date, or ``+2mo`` from the start."""
    country: Country
    """Country that rations, ISO 3166-1 alpha-3."""
    commodity: CommodityName
    """Commodity its plants make, by catalogue name."""
    stage: str
    """Stage of the chain at which they make it."""
    dry_probability: Share
    """Probability that a winter is dry, 0 to 1, drawn anew for each."""
    lost_share: Share
    """Share of output lost in a dry winter, 0 to 1."""
    winters: int = 3
    """Winters in a row that are at risk."""

    def changes(self, draws: EventDraws) -> Iterator[Change]:
        """One outage for each winter, in the futures in which it is dry."""
        first, _, happens = self.span(draws)
        lost = draws.number(self.lost_share, "lost_share", 0.0, 1.0)
        for winter in range(self.winters):
            dry = draws.happens(self.dry_probability, f"{self.id}/winter/{winter}", "dry_probability")
            yield OutageChange(
                event_id=self.id,
                day=first + 365.0 * winter,
                mask=happens & dry,
                country=self.country,
                commodity=self.commodity,
                stage=self.stage,
                lost_share=lost,
                duration_days=np.full(draws.n, 90.0),
            )


# %% [markdown]
# Importing the file registers the instrument: from here on scenarios may name it.

# %%
import winter_rationing  # noqa: F401
from IPython.display import Markdown

from simulator import Scenario, compare, run
from simulator.errors import UsageError

base = Scenario.load("../scenarios/baseline.yaml").only("antimony")
rationing = base.with_event(
    id="tajik_winters",
    type="winter_rationing",
    at="2025-12-01",
    country="TJK",
    commodity="antimony",
    stage="mine",
    dry_probability=0.5,  # assumed, for the example
    lost_share={"triangular": {"low": 0.2, "mode": 0.5, "high": 0.9}},  # assumed, for the example
)
rationing

# %% [markdown]
# What you mistype is caught like in any other event, with the place and the nearest right word:

# %%
try:
    rationing.with_event(id="tajik_winters", lost_shares=0.5)
except UsageError as error:
    print(error)

# %% [markdown]
# ## What does it do?

# %%
compared = compare({"baseline": base, "dry winters": rationing}, replications=replications, jobs=jobs)
compared

# %%
item = compared["dry winters"].commodities[0]
price, unmet = item.kpis["price_index"].difference, item.kpis["unmet_share"].difference
Markdown(
    f"At the deadline the price outside China differs by {price.value:+.3f} ({price.low:+.3f} to {price.high:+.3f}), unmet "
    f"demand by {100 * unmet.value:+.2f} points ({100 * unmet.low:+.2f} to {100 * unmet.high:+.2f}), over {price.n:,} paired "
    "futures. Winters that lie behind the deadline cannot show; look at the path instead."
)

# %%
compared.plot.price("antimony")

# %% [markdown]
# ## A scenario file of one's own
#
# What was clicked or coded together becomes a file that extends the one it came from. Read again it is the same scenario, to the
# last digit of its digest. A scenario may read files of its own tree only; `allow_outside` says that this one may reach further.

# %%
from pathlib import Path

named = rationing.with_set("name", "Dry winters in Tajikistan")
Path("dry_winters.yaml").write_text(named.to_yaml(over=Scenario.load("../scenarios/baseline.yaml")), "utf-8")
print(Path("dry_winters.yaml").read_text("utf-8"))
read = Scenario.load("dry_winters.yaml", allow_outside=True)
assert read.sha256 == named.sha256

# %%
kept = run(read, replications=32).save("runs")
Markdown(
    f"The run is kept in `{kept.name}`, with its scenario, its numbers and the digests of both; `load` reads it again. "
    "Whoever reads it needs `winter_rationing.py` as well."
)

# %% [markdown]
# ## Questions to try
#
# * Let dry winters come in pairs: draw one number for two winters. What does the spread of the price do?
# * Let a rule set the instrument off: `fireable: ClassVar[bool] = True` in the class, then an entry under `rules` in the scenario.
# * Which country's winter would hurt most? Loop over the producers of `evidence("antimony").chain.stages[0].producers`.
# * Write an instrument that recovers slowly instead of at once. Which changes of `simulator/domain/changes.py` could say so?
