"""What common random numbers are worth: variance of paired differences against that of independent runs.

The lever takes 30 % of the capacity of one country from one commodity a month after the start. For every metric
the ratio is (var A + var B) / var (B - A) over futures: how many times fewer of them a paired comparison needs. For
met or not met, differences are -1, 0 or 1, so that an effect of size d leaves at least a variance of |d| (1 - |d|): the
best ratio that the measured effect allows. Where futures go both ways without any effect, nothing of it is reached;
where none goes any way, as where nobody meets the target with or without the lever, there is nothing to compare.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator import Scenario
from simulator.analysis import study

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.yaml"
LEVERS = (("antimony", "TJK"), ("tungsten", "VNM"), ("antimony", "CHN"))
"""Commodity and country. The bound on the share is on the first: a supplier outside China, as levers of diversification
are; that on P(met) on every lever that moves it."""
RULE = """
rules:
  - id: tighten
    actor: CHN
    when: {{metric: price_index, commodity: {commodity}, above: 1.5, for_reviews: 2}}
    then:
      - id: squeeze
        type: export_ban
        imposer: CHN
        target: [USA]
        commodities: [{commodity}]
        leakage: 0.5
        at: +30d
"""


def paired_variance(replications: int) -> dict[str, Any]:
    """Measure the ratios for every lever, with rival rules off and on."""
    with tempfile.TemporaryDirectory() as folder:
        found = {
            rules: [
                _ratios(Path(folder), commodity, country, replications, rules == "rules_on")
                for commodity, country in LEVERS
            ]
            for rules in ("rules_off", "rules_on")
        }
    return {"lever": "30 % of a country's capacity lost from one month after the start", **found}


def _ratios(folder: Path, commodity: str, country: str, replications: int, rules: bool) -> dict[str, Any]:
    rule = RULE.format(commodity=commodity) if rules else ""
    plain, pulled = folder / "plain.yaml", folder / "pulled.yaml"
    plain.write_text(f"extends: {BASELINE}\nname: Without the lever\n{rule}")
    pulled.write_text(
        f"extends: {BASELINE}\nname: With the lever\n{rule}"
        "events:\n  - {id: lever, type: outage, at: +1mo, lost_share: 0.3, "
        f"country: {country}, commodities: [{commodity}]}}\n"
    )
    loaded = (Scenario.load(path, allow_outside=True) for path in (plain, pulled))
    a, b = (study.run(one, replications=replications, commodities=[commodity]) for one in loaded)
    deadline = a.outcome.moment("deadline")
    share = [one.outcome.chains[0].values["china_exposed_share"][:, deadline] for one in (a, b)]
    met = [one.outcome.chains[0].met["reliance"][:, deadline].astype(float) for one in (a, b)]
    effect = abs(float(np.mean(met[1] - met[0])))
    allowed = _over(float(met[0].var() + met[1].var()), effect * (1.0 - effect))
    ratio = _ratio(*met)
    return {
        "commodity": commodity,
        "country": country,
        "mean_exposed_share": {
            "value": _ratio(*share),
            "without": float(share[0].mean()),
            "with": float(share[1].mean()),
        },
        "p_met": {
            "value": ratio,
            "allowed_by_effect": allowed,
            "part_of_allowed": None if ratio is None else ratio / allowed if allowed else 0.0,
        },
    }


def _ratio(without: NDArray[np.float64], with_: NDArray[np.float64]) -> float | None:
    return _over(float(np.var(without) + np.var(with_)), float(np.var(with_ - without)))


def _over(above: float, below: float) -> float | None:
    """None where nothing moves: no variance is left to compare."""
    return above / below if below > 0 else None
