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
# # 3. What the C5 and Asian memoranda buy
#
# The claim rests on deals: with the five Central Asian states (C5), and with Japan, Malaysia and Thailand. A signed memorandum by
# itself adds no tonne; it changes the odds of plants. This notebook takes the deals away and puts them back, group by group, on
# the same random futures.

# %% tags=["parameters"]
replications = 256  # random futures, a multiple of 16
jobs = 1  # worker processes; no number depends on it

# %%
from IPython.display import Markdown

from simulator import Scenario, compare, explain

chosen = ("antimony", "gallium", "ree_heavy", "yttrium")
no_deals, c5, asia, everything = (
    Scenario.load(f"../scenarios/{name}.yaml").only(*chosen)
    for name in ("no_deals", "c5_only", "asia_only", "baseline")
)
compared = compare(
    {"no deals": no_deals, "C5 only": c5, "Asia only": asia, "all deals": everything},
    replications=replications,
    jobs=jobs,
)
compared

# %% [markdown]
# ## What do they buy by the deadline?

# %%
lines = ["| deals | expected number met, of the headline gaps | change against no deals |", "| --- | --- | --- |"]
for name, pair in compared.pairs.items():
    met = pair.overall["reliance"].expected_met
    lines.append(
        f"| {name} | {met.other:.2f} of {len(pair.overall['reliance'].commodities)} | {met.difference.value:+.2f} "
        f"({met.difference.low:+.2f} to {met.difference.high:+.2f}) |"
    )
gain = compared["all deals"].overall["reliance"].expected_met.difference
sure = "which the futures can tell from nothing" if gain.low > 0 else "which cannot be told from nothing"
Markdown("\n".join(lines) + f"\n\nAll deals together move the expected number by {gain.value:+.2f}, {sure}.")

# %%
compared.plot.reliance("ree_heavy")

# %% [markdown]
# ## Who delivers what?
#
# Tonnes that the plants of each agreement make by the deadline: how likely any at all, and how many. Most agreements have no
# plant that could produce by then; they are the rows that are missing.

# %%
deliveries = compared.results["all deals"].to_dataframe("agreement")
made = deliveries[deliveries.p_any > 0].sort_values("p_any", ascending=False)
made[["agreement", "partners", "commodity", "stage", "p_any", "p50", "p95", "p_accessible"]].round(2).head(12)

# %%
signed = deliveries.agreement.nunique()
delivering = made.agreement.nunique()
Markdown(
    f"Of **{signed}** agreements known on the day of the summit that concern these commodities, **{delivering}** have a "
    "plant that makes anything by the deadline in at least one future."
)

# %% [markdown]
# ## Which group adds what?
#
# Leaving deals out one by one hides what two of them do together. `explain` gives every group its Shapley value: what it adds on
# average over all orders in which the groups could come. What stands in no group (controls, the truce, everybody else) is the rest.

# %%
groups = {"C5": ["C5"], "Asian partners": ["JPN", "MYS", "THA"]}
reasons = explain(everything, groups=groups, commodities=["gallium"], replications=replications, jobs=jobs)
reasons

# %% [markdown]
# ## Questions to try
#
# * Let every promise come true (`../scenarios/promises_kept.yaml`). Which commodity changes most, and at which stage?
# * Give one Central Asian plant a binding offtake: `everything.with_event(type="offtake_shift", ...)`.
# * What if China outbids (`../scenarios/counter_offers.yaml`)? Compare it with `C5 only`.
# * Move the deadline out by two years for all four scenarios. Whose deals come in then?
