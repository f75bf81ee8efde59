"""How observations weighted the futures of a run, as JSON values and as words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simulator.analysis.conditioning import SURPRISE, Conditioning, Fit, told
from simulator.analysis.study import Study
from simulator.domain.observations import Observation


def conditioning_document(study: Study) -> dict[str, Any]:
    """Return how many observations weight the futures, up to when, how far that went, and each beside the futures."""
    found = _found(study)
    return {
        "observations": len(found.fits),
        "left_out": left_out(study),
        "up_to": found.up_to.isoformat(),
        "ess": found.ess,
        "n": study.futures,
        "fits": [_fit(item) for item in found.fits],
    }


def _found(study: Study) -> Conditioning:
    assert study.verdict.conditioning is not None
    return study.verdict.conditioning


def left_out(study: Study) -> int:
    """Return how many observations of the scenario are about commodities that were not simulated."""
    return len(study.scenario.model.observed) - len(study.case.observations)


def _fit(item: Fit) -> dict[str, Any]:
    of = item.observation
    return {
        "commodity": of.commodity,
        **({"stage": of.stage} if of.stage else {}),
        "measure": of.measure,
        "origin": of.origin,
        "period": [of.period_start.isoformat(), of.period_end.isoformat()],
        "observed": of.value,
        "unit": of.unit,
        "quality": of.quality,
        "source": of.source,
        "futures": dict(zip(("p05", "p50", "p95"), item.before, strict=True)),
        "weighted": dict(zip(("p05", "p50", "p95"), item.after, strict=True)),
        "surprise_sd": item.surprise,
    }


def conditioning_text(study: Study) -> Iterator[str]:
    """Yield what to know of a run whose futures are weighted: by what, how far, and what does not fit."""
    if not study.scenario.model.observed:
        return
    if study.verdict.conditioning is None:
        yield "None of the scenario's observations is of the commodities of this run: all futures count alike."
        return
    found, left = _found(study), left_out(study)
    yield (
        f"Weighted by {len(found.fits)} {'observation' if len(found.fits) == 1 else 'observations'} up to {found.up_to}"
        f"{f' ({left} of other commodities left out)' if left else ''}: the {study.futures:,} futures count as "
        f"{found.ess:,.0f} of equal weight, and every probability, quantile and interval is a weighted one."
    )
    far = sorted((item for item in found.fits if item.surprise > SURPRISE), key=lambda item: -item.surprise)
    if far:
        parts = [f"{told(item.observation)} ({_numbers(item)})" for item in far]
        yield f"Far from all that the futures give, so that little can be learnt from it: {'; '.join(parts)}."


def _numbers(item: Fit) -> str:
    low, _, high = item.before
    of = item.observation
    return f"{amount(of, of.value)}, the futures {amount(of, low)} to {amount(of, high)}"


def amount(of: Observation, value: float) -> str:
    """Return a figure in the unit of its observation, three digits.

    >>> from datetime import date
    >>> day = date(2026, 1, 1)
    >>> amount(Observation("gallium", "imports", day, day, 1.0, "t", "", "reported"), 43512.0)
    '43,500 t'
    """
    if of.measure == "import_share":
        return f"{100 * value:.3g} %"
    digits = float(f"{value:.3g}")
    return f"{digits:,.6g} t" if of.unit == "t" else f"{digits:.3g}"
