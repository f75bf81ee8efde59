"""Numbers as people read them."""

from __future__ import annotations

import math

from simulator.analysis.intervals import Estimate
from simulator.analysis.verdict import Quantiles


def percent(share: float) -> str:
    """Return a share as a percentage without its sign, at most four characters; decimals only where they matter.

    >>> [percent(share) for share in (0.034, 0.0036, 0.0, 0.9964, 1.0, float("nan"))]
    ['3', '0.4', '0', '>99', '100', '-']
    """
    if math.isnan(share):
        return "-"
    value = 100.0 * share
    if 0.05 <= value < 0.95:
        return f"{value:.1f}"
    return ">99" if 99.0 < value < 99.95 else f"{value:.0f}"


def spread(quantiles: Quantiles) -> str:
    """Return median and 5 to 95 % range of a share, in percent; ends above 99 are rounded outward.

    >>> spread(Quantiles(0.71, 0.8, 0.88)), spread(Quantiles(0.993, 0.994, 0.995))
    ('80 (71-88)', '>99 (99-100)')
    """
    if math.isnan(quantiles.p50):
        return "-"
    return f"{percent(quantiles.p50)} ({ends(quantiles.p05, quantiles.p95)})"


def ends(low: float, high: float) -> str:
    """Return the ends of a range of shares, in percent; above 99 they are rounded outward, for `>99->99` says nothing.

    >>> ends(0.03, 0.05), ends(0.994, 0.996)
    ('3-5', '99-100')
    """
    return f"{'99' if percent(low) == '>99' else percent(low)}-{'100' if percent(high) == '>99' else percent(high)}"


def tonnes(quantiles: Quantiles) -> str:
    """Return median and 5 to 95 % range of tonnes, rounded to three digits; one number where nothing varies.

    >>> tonnes(Quantiles(0.0, 12.34, 12345.6)), tonnes(Quantiles(0.0, 0.0, 0.0))
    ('12.3 (0-12,300)', '0')
    """
    if math.isnan(quantiles.p50):
        return "-"
    middle, low, high = (_three_digits(value) for value in (quantiles.p50, quantiles.p05, quantiles.p95))
    return middle if low == high else f"{middle} ({low}-{high})"


def _three_digits(value: float) -> str:
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{round(value, digits):,.{min(max(digits, 0), 3)}f}" if abs(value) >= 0.0005 else "0"


def chance(estimate: Estimate) -> str:
    """Return a probability and its confidence interval, in percent; ends above 99 are rounded outward.

    >>> chance(Estimate(0.03, 0.01, 0.05, 1024)), chance(Estimate(1.0, 0.9963, 1.0, 1024))
    ('3 (1-5)', '100 (99-100)')
    """
    if math.isnan(estimate.value):
        return "-"
    return f"{percent(estimate.value)} ({ends(estimate.low, estimate.high)})"


def frequency(estimate: Estimate) -> str:
    """Return a probability as a frequency of simulated futures.

    >>> frequency(Estimate(0.03, 0.01, 0.05, 1024))
    'in 3 of 100 simulated futures (95 % interval 1-5, 1,024 replications)'
    >>> frequency(Estimate(0.0, 0.0, 0.0037, 1024))
    'in none of 1,024 simulated futures (95 % interval 0-0.4 of 100)'
    >>> frequency(Estimate(0.03, 0.01, 0.05, 1024, 310.2))
    'in 3 of 100 simulated futures (95 % interval 1-5, 1,024 replications, weighted: 310 effective)'
    """
    counted = "" if estimate.ess is None else f", weighted: {estimate.ess:,.0f} effective"
    interval = ends(estimate.low, estimate.high)
    if estimate.value in (0.0, 1.0):
        how_many = "none of" if estimate.value == 0.0 else "all"
        return f"in {how_many} {estimate.n:,} simulated futures (95 % interval {interval} of 100{counted})"
    per_hundred = percent(estimate.value)
    return f"in {per_hundred} of 100 simulated futures (95 % interval {interval}, {estimate.n:,} replications{counted})"


def direction(difference: Estimate) -> str:
    """Return whether a difference is beyond what the finite number of futures leaves open, as a verb.

    >>> direction(Estimate(0.02, 0.01, 0.03, 64)), direction(Estimate(0.02, -0.01, 0.05, 64))
    ('rises', 'does not move beyond noise')
    """
    if difference.low > 0.0:
        return "rises"
    return "falls" if difference.high < 0.0 else "does not move beyond noise"


def counted(number: int, singular: str, plural: str) -> str:
    """Return a number with its noun.

    >>> counted(1, "commodity", "commodities"), counted(2, "commodity", "commodities")
    ('1 commodity', '2 commodities')
    """
    return f"{number:,} {singular if number == 1 else plural}"
