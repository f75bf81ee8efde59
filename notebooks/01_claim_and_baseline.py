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
# # 1. The claim and the baseline
#
# On 6 November 2025 the United States hosted the five Central Asian leaders. The claim: within 18 months complete American
# reliance on China for critical minerals "will no longer be an issue".
#
# This notebook plays the world as it stood on that day in many random futures, and asks how often the claim comes true.
# Every number below is computed when you run the cells. Start Jupyter in the `notebooks` folder of the project.

# %% tags=["parameters"]
replications = 256  # random futures, a multiple of 16; 1,024 is what reports use
jobs = 1  # worker processes; no number depends on it

# %%
from IPython.display import Markdown

from simulator import Scenario, run
from simulator.widgets import WhatIf

base = Scenario.load("../scenarios/baseline.yaml")
Markdown(
    f"The scenario **{base.name}** holds {len(base.model.events)} dated controls and asks: *{base.model.question}* "
    f"It starts on {base.model.start}, and nothing published after {base.model.as_of} is known to it."
)

# %% [markdown]
# ## How often is the target met?
#
# A result shows itself: the verdict in one sentence, then every commodity with its status.

# %%
result = run(base, replications=replications, jobs=jobs)
result

# %%
headline = result.verdict.overall["reliance"]
verdicts = {item.commodity: item for item in result.verdict.commodities}
open_ones = ", ".join(name.replace("_", " ") for name in headline.commodities)
best = max(headline.commodities, key=lambda name: verdicts[name].yardsticks["reliance"].probability.value)
best_met = verdicts[best].yardsticks["reliance"].probability
Markdown(
    f"Of the commodities that missed the target on the first day ({open_ones}), {headline.expected_met.value:.2f} are "
    f"expected to meet it at the deadline (95 % interval {headline.expected_met.low:.2f} to "
    f"{headline.expected_met.high:.2f}, {result.replications:,} futures). The one with the best odds is "
    f"**{best.replace('_', ' ')}**: met in {best_met.value:.0%} of futures ({best_met.low:.0%} to {best_met.high:.0%}). "
    f"{len(headline.met_at_start)} headline commodities met it already on the first day: the claim is not about them."
)

# %% [markdown]
# ## What a future looks like
#
# The fan chart shows the share of use with China at any stage, whatever origin was declared. What Chinese controls hold back
# counts as Chinese: a ban that starves the buyer is no progress.

# %%
result.plot.fan("antimony")

# %% [markdown]
# A declared origin can mislead. For gallium almost nothing is declared as Chinese at the border, while nearly all of it is
# refined from Chinese metal:

# %%
gallium = result.kpis["gallium"]
declared, exposed = gallium["direct_china_share"]["deadline"].p50, gallium["china_exposed_share"]["deadline"].p50
stage = (verdicts["gallium"].binding_stage or "no stage").replace("_", " ")
Markdown(
    f"At the deadline the median declared share of China in gallium imports is **{declared:.0%}**; the median share of use "
    f"that China touched is **{exposed:.0%}**. The stage where China's share is largest: *{stage}*."
)

# %% [markdown]
# ## What the truce is worth
#
# China suspended a part of its controls until November 2026. Whether it renews the suspension is the largest single unknown, so
# the verdict is told for both branches.

# %%
branches = [name for name in result.verdict.branches if name.startswith("suspension/us_ban")]
lines = ["| branch | share of futures | expected to be met |", "| --- | --- | --- |"]
for name in (*branches, *(f"not {name}" for name in branches)):
    share = result.verdict.branches[name].value
    what = "not renewed" if name.startswith("not ") else "renewed"
    lines.append(f"| {what} | {share:.0%} | {headline.expected_by_branch[name]:.2f} of {len(headline.commodities)} |")
Markdown("\n".join(lines))

# %% [markdown]
# ## The numbers as a table
#
# `level="verdict"` is a row per commodity and yardstick, `"kpi"` a row per future, `"series"` a row per future and month.

# %%
verdict = result.to_dataframe("verdict")
verdict[verdict.headline == True].pivot(index="commodity", columns="yardstick", values="p").round(2)  # noqa: E712

# %% [markdown]
# The yardsticks disagree, and that is a finding: `direct` is what customs statistics would show, `crma65` asks whether any
# single country dominates a stage, `reliance` follows each tonne back to where it was made.
#
# ## Ask what if
#
# The panel changes the events of the scenario that concern a commodity. Move a slider and let go: a preview is simulated on the
# same random futures as the scenario as loaded. *Full run* makes it sharp; *Copy as Python* takes a click into a script.

# %%
panel = WhatIf(base, commodity="antimony", preview=replications)
panel

# %% [markdown]
# ## Questions to try
#
# * Set the renewal of the truce to 0 and to 1 for antimony. Which way does the verdict move, and which way the declared share?
# * Which commodity has the highest odds by `direct` and the lowest by `reliance`? What does its chain look like
#   (`simulator data show gallium`)?
# * How far must the threshold be moved for all headline commodities to meet it? Try
#   `base.with_set("target.criteria", [{"yardstick": "reliance", "max_share": 0.9}])`.
# * Does the verdict change with the day on which it is asked? Try `base.with_set("target.deadline", "+36mo")`.
