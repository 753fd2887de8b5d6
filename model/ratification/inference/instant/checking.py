"""Whether weighted points can stand for the posterior."""

from dataclasses import dataclass

import numpy as np

from ratification.inference.instant.weighing import Weighted, copy_shares
from ratification.inference.numerics import effective_number, pareto_k

PARETO_LIMIT = 0.7  # Vehtari et al. 2024
FEWEST = 400  # effective points, as of NUTS draws
LOST_LIMIT = 0.02  # of draws that could not be straightened


@dataclass(frozen=True)
class Checks:
    """Whether weighted points can stand for the posterior."""

    effective: float
    pareto_k: float
    failures: tuple[str, ...]


def check(found: Weighted) -> Checks:
    """Effective points; Pareto k of the points, and of each block as if drawn once; lost draws.

    How many effective points are enough is for the fit to say, which may try more than once.
    """
    log_weights = found.log_weights
    if not np.isfinite(log_weights).any():
        return Checks(0.0, np.inf, ("no draw agrees with the reports",))
    weights = np.exp(log_weights - log_weights.max())
    enough = effective_number(weights)
    shape = pareto_k(log_weights)
    # Of the draws themselves: a number of approvals may well rule a good draw out.
    lost = max(
        (
            float((np.isneginf(draws.log_weights).mean(axis=2) @ weights).max() / weights.sum())
            for draws in found.draws
        ),
        default=0.0,
    )
    for log_local in found.local.values():
        share = copy_shares(log_local)
        with np.errstate(divide="ignore"):
            once = log_weights[:, None] + np.log(share * share.shape[1])
        shape = max(shape, pareto_k(once.ravel()))
    failures = []
    if not shape <= PARETO_LIMIT:
        failures.append(f"Pareto k {shape:.2f} (at most {PARETO_LIMIT})")
    if not lost <= LOST_LIMIT:
        failures.append(f"{lost:.1%} of draws lost (at most {LOST_LIMIT:.0%})")
    return Checks(enough, shape, tuple(failures))
