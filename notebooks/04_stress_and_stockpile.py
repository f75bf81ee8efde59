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
# # 4. Stress test and stockpile sizing
#
# A target that is met on a calm day says little about a bad one. Here China sells nothing to the United States from the deadline
# on, for a year, and the same futures are played with and without that cut. Then: how many tonnes in a stockpile would it take?

# %% tags=["parameters"]
replications = 256  # random futures, a multiple of 16
jobs = 1  # worker processes; no number depends on it

# %%
import matplotlib.pyplot as plt
from IPython.display import Markdown

from simulator import Scenario, evidence, stress

base = Scenario.load("../scenarios/baseline.yaml")
chosen = ["antimony", "gallium"]
cut = stress(base, cut="CHN", at="+18mo", commodities=chosen, replications=replications, jobs=jobs)
cut

# %%
lines = []
for item in cut.commodities:
    extra, lost = item.unmet_difference, item.lost_t_per_year
    lines.append(
        f"* **{item.commodity}**: survives the year with at most {cut.threshold:.0%} of demand unmet in "
        f"{item.survives.value:.0%} of futures ({item.survives.low:.0%} to {item.survives.high:.0%}); the cut adds "
        f"{100 * extra.value:+.1f} points of unmet demand ({100 * extra.low:+.1f} to {100 * extra.high:+.1f}) and costs "
        f"{lost.value:,.3g} t of use a year."
    )
Markdown("\n".join(lines))

# %% [markdown]
# The cut is mild as long as other buyers keep buying: what China does not sell to the United States it sells to others, who leave
# what they would have bought elsewhere. If China sells to *nobody* abroad, that relief is gone:

# %%
worse = stress(base, cut="CHN", at="+18mo", everyone=True, commodities=chosen, replications=replications, jobs=jobs)
lines = ["| commodity | survives, cut of the US alone | survives, cut of everybody |", "| --- | --- | --- |"]
for alone, all_buyers in zip(cut.commodities, worse.commodities, strict=True):
    lines.append(f"| {alone.commodity} | {alone.survives.value:.0%} | {all_buyers.survives.value:.0%} |")
Markdown("\n".join(lines))

# %% [markdown]
# ## How large a stockpile?
#
# The government buys antimony over the months before the cut, out of what industry holds, and releases it while demand goes
# unmet. Each size is stressed on the same futures.

# %%
use = next(c for c in cut.commodities if c.commodity == "antimony")
demand = evidence("antimony").chain.stages[evidence("antimony").chain.verdict_stage]
yearly = dict(zip(demand.regions, demand.demand, strict=True))["USA"]
sizes = {days: round(yearly * days / 365) for days in (0, 30, 90, 180)}
rows = []
for days, tonnes in sizes.items():
    stocked = base.only("antimony")
    if tonnes:
        stocked = stocked.with_event(
            id="stockpile", type="stockpile_purchase", commodities=["antimony"], at="+2mo", until="+18mo", tonnes=tonnes
        )
    found = stress(stocked, cut="CHN", at="+18mo", commodities=["antimony"], replications=replications, jobs=jobs)
    rows.append((days, tonnes, found.commodities[0]))

# %%
lines = ["| days of use bought | tonnes | survives the year | unmet demand in it |", "| --- | --- | --- | --- |"]
for days, tonnes, item in rows:
    lines.append(
        f"| {days} | {tonnes:,} | {item.survives.value:.0%} ({item.survives.low:.0%}-{item.survives.high:.0%}) | "
        f"{item.unmet_share.value:.1%} ({item.unmet_share.low:.1%}-{item.unmet_share.high:.1%}) |"
    )
first, last = rows[0][2], rows[-1][2]
saved = first.unmet_share.value - last.unmet_share.value
Markdown(
    "\n".join(lines)
    + f"\n\n{rows[-1][0]} days of use in the stockpile take {100 * saved:.1f} points off unmet demand in "
    f"the cut's year. {'It buys time, not independence.' if last.unmet_share.value > 0.1 else 'That is enough to come through.'}"
)

# %%
figure, ax = plt.subplots(figsize=(5, 2.8), layout="constrained")
unmet = [item.unmet_share for _, _, item in rows]
errors = [[100 * (u.value - u.low) for u in unmet], [100 * (u.high - u.value) for u in unmet]]
ax.errorbar([days for days, _, _ in rows], [100 * u.value for u in unmet], yerr=errors, marker="o", capsize=3)
ax.set(xlabel="days of use in the stockpile", ylabel="unmet in the cut's year, % of demand", ylim=(0, None))
ax.set_title(f"Antimony, {replications:,} paired futures, 95 % intervals", fontsize=10, loc="left")
plt.show()

# %% [markdown]
# ## Questions to try
#
# * Start buying a year later. How much of the stockpile is there when it is needed?
# * Cut on another day (`at="+6mo"`) or for longer (`lasting="24mo"`). Which commodity is hurt by length, which by surprise?
# * Let the purchases take only what China never touched (`source_rule="non_chinese"`). Is there enough of it?
# * Use `solve` for the smallest purchase: `solve(stocked, ["events.stockpile.tonnes:0:20000"], "unmet_share<=0.02")`.
