"""A calibration as one JSON document, the same bytes for the same points."""

from __future__ import annotations

from typing import Any, Final

from simulator.analysis.calibration.study import Calibration, TargetFit
from simulator.report.calibration_table import differing
from simulator.report.document import finite

CALIBRATION_SCHEMA: Final = "simulator.calibrate/1"

Document = dict[str, Any]


def calibration_document(found: Calibration, *, wall_s: float, jobs: int) -> Document:
    """Return a calibration as plain JSON values: targets, posterior positions, cross-validation."""
    fits = found.fits
    return finite(
        {
            "schema": CALIBRATION_SCHEMA,
            "episodes": list(found.episodes),
            "replications": found.replications,
            "seed": found.seed,
            "ess": found.ess,
            "power": found.power,
            "trials": [
                {
                    "power": item.power,
                    "ess": item.ess,
                    "mean_loss_left_out": item.left_out,
                    "by_episode": dict(item.by_episode),
                }
                for item in found.trials
            ],
            "targets_met": {
                "of": len(fits),
                "prior": sum(item.met(item.prior) for item in fits),
                "posterior": sum(item.met(item.posterior) for item in fits),
                "left_out": sum(item.met(item.left_out) for item in fits),
            },
            "mean_loss": dict(zip(("prior", "posterior", "left_out"), found.losses, strict=True)),
            "targets": [_target(item) for item in fits],
            "inputs": [
                {
                    "role": item.role,
                    "position": {"p05": item.low, "p50": item.median, "p95": item.high},
                    "apart": item.apart,
                    "learnt": item.learnt,
                }
                for item in found.marginals
            ],
            "largest_correlation": {
                "inputs": list(found.correlation[:2]),
                "value": found.correlation[2],
            },
            "differs_from_shipped": list(differing(found)),
            "execution": {"wall_s": round(wall_s, 3), "jobs": jobs},
        }
    )


def _target(item: TargetFit) -> Document:
    def spread(quantiles: tuple[float, float, float]) -> Document:
        return {**dict(zip(("p05", "p50", "p95"), quantiles, strict=True)), "met": item.met(quantiles)}

    return {
        "target": item.target.id,
        "episode": item.episode,
        "observed": item.target.observed,
        "range": [item.target.low, item.target.high],
        "prior": spread(item.prior),
        "posterior": spread(item.posterior),
        "left_out": spread(item.left_out),
        "mean_loss": dict(zip(("prior", "posterior", "left_out"), item.losses, strict=True)),
        "source": item.target.source,
    }
