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
# # 6. Reading the evidence: data grades and backtests
#
# A probability is as good as what it rests on. This notebook reads the numbers behind the verdict: which are reported, which are
# assumed, and how the model did on episodes that have already happened.

# %% tags=["parameters"]
replications = 256  # random futures, a multiple of 16
jobs = 1  # worker processes; no number depends on it

# %%
from IPython.display import Markdown

from simulator import Scenario, backtest, evidence, grades, run

gallium = evidence("gallium")
gallium

# %% [markdown]
# ## Every number has a source and a quality
#
# *Reported* is given as data, *estimated* is an estimate of the source, *derived* is arithmetic on sourced numbers, *assumed* is a
# stated guess with its reason.

# %%
numbers = gallium.to_dataframe()
numbers[["name", "value", "low", "high", "unit", "year", "quality", "source"]].head(12)

# %%
assumed = numbers[numbers.quality == "assumed"]
share = len(assumed) / len(numbers)
Markdown(
    f"Of {len(numbers)} numbers behind gallium, **{share:.0%}** are assumed. Among the uncertain inputs it is "
    f"{(numbers[numbers.kind == 'uncertain input'].quality == 'assumed').mean():.0%}: behaviour is harder to source than "
    "tonnes. An assumption is not hidden; it has a range, a reason, and a place in the sensitivity analysis."
)

# %%
assumed[["name", "low", "value", "high", "unit", "note"]].head(8)

# %% [markdown]
# ## Grades
#
# Four written tests make the grade of a commodity; only A and B enter the headline.

# %%
graded = grades()
graded.sort_values("grade")

# %%
counts = graded.grade.value_counts().to_dict()
Markdown(
    "Grades: "
    + ", ".join(f"{number} times {grade}" for grade, number in sorted(counts.items()))
    + ". Why germanium is "
    f"{evidence('germanium').grade}: {evidence('germanium').grade_reason}."
)

# %% [markdown]
# ## Which assumptions matter?
#
# An assumption that moves nothing can stay a guess. Every future of a run drew its own values of the uncertain inputs, so the run
# itself says which of them go together with dependence on China. Bars that do not leave the grey band cannot be told from noise.

# %%
base = Scenario.load("../scenarios/baseline.yaml")
result = run(base, commodities=["gallium"], replications=replications, jobs=jobs)
result.plot.drivers("gallium")

# %% [markdown]
# That is what goes together, not what causes what. `sensitivity(base, commodities=["gallium"])` moves one input at a time over the
# same futures; it takes many more runs.
#
# ## Did it work in the past?
#
# A backtest begins before an event, knows only what was published then, and is scored on what happened after. In August 2023 China
# put gallium and germanium under licence:

# %%
past = backtest("../scenarios/backtests/gallium_germanium_2023.yaml", replications=replications, jobs=jobs)
past

# %%
seen = past.to_dataframe()
main = seen[seen.main].series.iloc[0] if seen.main.any() else past.series[0]
past.plot(main)

# %%
met = sum(target.met for target in past.targets)
held = ", ".join(f"{bound.name} {'holds' if bound.holds else 'does not hold'}" for bound in past.bounds)
Markdown(
    f"{met} of {len(past.targets)} calibration targets lie in their range. The bands that should hold 90 % of the observations hold "
    f"**{seen.in_90.mean():.0%}** of {len(seen)}. Bounds: {held}. Where a band is too narrow the model is surer than it should be; "
    "read its probabilities with that in mind."
)

# %% [markdown]
# ## Questions to try
#
# * Which commodity in the headline rests on the largest share of assumptions? Does its verdict survive their ranges?
# * Which series did the backtest miss worst (`seen.groupby("series").in_90.mean()`), and what does the model leave out there?
# * Put your own better number in a CSV and run with `simulator run --data DIR`; `evidence` shows what the shipped one was.
# * Run the other episodes: `backtest("../scenarios/backtests/antimony_2024.yaml")`. Is antimony's band wide enough?
