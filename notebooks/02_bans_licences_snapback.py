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
# # 2. Bans, licences and snap-back
#
# China's controls come in two kinds. A *ban* lets nothing through but its leakage; a *licence* is a queue. Part of both has
# been suspended until November 2026, and can snap back. This notebook compares what they do, on the same random futures, so that
# every difference is the control's own doing.

# %% tags=["parameters"]
replications = 256  # random futures, a multiple of 16
jobs = 1  # worker processes; no number depends on it

# %%
from IPython.display import Markdown

from simulator import Scenario, compare, sweep
from simulator.report.wording import direction

base = Scenario.load("../scenarios/baseline.yaml").only("antimony", "gallium", "germanium")
snapback = Scenario.load("../scenarios/snapback_2026.yaml").only("antimony", "gallium", "germanium")
squeeze = Scenario.load("../scenarios/licensing_squeeze.yaml").only("antimony", "gallium", "germanium")
base.diff(snapback)

# %% [markdown]
# The snap-back is the baseline with one assumption changed: the suspensions are never renewed. `diff` lists every value that
# differs. Now all three on the same futures:

# %%
compared = compare(
    {"baseline": base, "snap-back": snapback, "licence squeeze": squeeze}, replications=replications, jobs=jobs
)
compared

# %% [markdown]
# ## Denial is not independence
#
# Look at the two charts together. The first shows what customs would report; the second what the country depends on.

# %%
compared.plot.direct("antimony")

# %%
compared.plot.reliance("antimony")

# %%
antimony = {
    name: next(c for c in pair.commodities if c.commodity == "antimony") for name, pair in compared.pairs.items()
}
lines = ["| | declared China share | depends on China | unmet demand |", "| --- | --- | --- | --- |"]
for name, item in antimony.items():
    cells = []
    for kpi in ("direct_china_share", "china_dependent_share", "unmet_share"):
        difference = item.kpis[kpi].difference
        cells.append(
            f"{100 * difference.value:+.1f} points ({100 * difference.low:+.1f} to {100 * difference.high:+.1f})"
        )
    lines.append(f"| {name} | {' | '.join(cells)} |")
snap = antimony["snap-back"].kpis
declared, depends = snap["direct_china_share"].difference, snap["china_dependent_share"].difference
Markdown(
    "\n".join(lines)
    + f"\n\nUnder the snap-back the declared share **{direction(declared)}**, while dependence, with what "
    f"is withheld counted, **{direction(depends)}**. A yardstick that looked at customs alone would judge by the first."
)

# %% [markdown]
# ## How much hangs on the renewal?
#
# The odds that the truce is renewed are an assumption. A sweep shows how much the verdict depends on them; every point uses the
# same random futures.

# %%
odds = [0.0, 0.25, 0.5, 0.75, 1.0]
swept = sweep(
    base, {"events.us_ban_suspension.renewal_probability": odds}, replications=replications, commodities=["antimony"],
    jobs=jobs,
)  # fmt: skip
points = swept.to_dataframe()
path = points.columns[0]
antimony_points = points[points.commodity == "antimony"].pivot(index=path, columns="measure", values="value")
antimony_points[["met/reliance", "met/direct", "china_dependent_share", "direct_china_share", "unmet_share"]].round(3)

# %%
never, always = antimony_points.iloc[0], antimony_points.iloc[-1]
Markdown(
    f"From never renewed to always renewed, the share of futures in which antimony meets the target goes from "
    f"{never['met/reliance']:.0%} to {always['met/reliance']:.0%} by `reliance` and from {never['met/direct']:.0%} to "
    f"{always['met/direct']:.0%} by `direct`; unmet demand goes from {never['unmet_share']:.1%} to "
    f"{always['unmet_share']:.1%} ({swept.replications:,} futures at each point). The yardstick decides whether the truce "
    "looks like help or harm."
)

# %% [markdown]
# ## A ban of one's own, and its leaks
#
# A ban is only as tight as the ways around it. Here is a new one from January 2027, with three leakages. A misspelt field, by the
# way, is refused with its place and the nearest right word.

# %%
ban = base.only("antimony").with_event(
    id="new_ban", type="export_ban", imposer="CHN", target="USA", commodities=["antimony"], at="2027-01-04"
)
leaks = {f"leakage {leak:.0%}": ban.with_set("events.new_ban.leakage", leak) for leak in (0.0, 0.3, 0.6)}
banned = compare({"no ban": base.only("antimony"), **leaks}, replications=replications, jobs=jobs)
banned.plot.unmet("antimony")

# %%
banned.to_dataframe().query("measure in ['met/reliance', 'unmet_share', 'price_index']").pivot(
    index="scenario", columns="measure", values="difference"
).round(3)

# %% [markdown]
# ## Questions to try
#
# * Announce the ban three months earlier (`announced="2026-10-04"`). Do buyers who pull orders forward end up with more?
# * Where do the blocked tonnes go? Compare with `../scenarios/enforcement_crackdown.yaml`.
# * Which of germanium and gallium suffers more from the licence squeeze, and why does the declared share not say so?
# * Replace the ban by a quota (`type="export_quota"`, `simulator schema export_quota` shows its fields).
