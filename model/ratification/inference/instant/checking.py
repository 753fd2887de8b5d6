"""Whether weighted points can stand for the posterior."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ratification.inference.instant.weighing import Weighted, copy_shares
from ratification.inference.numerics import effective_number, pareto_k

Array = np.ndarray
PARETO_LIMIT = 0.7  # Vehtari et al. 2024
FEWEST = 400  # effective points, as of NUTS draws
LOST_LIMIT = 0.02  # of draws that could not be straightened


@dataclass(frozen=True)
class Checks:
    """Whether weighted points can stand for the posterior."""

    effective: float
    pareto_k: float
    failures: tuple[str, ...]


def check(lots: Sequence[Weighted]) -> Checks:
    """Effective points; Pareto k of the points, and of each block as if drawn once; lost draws.

    How many effective points are enough is for the fit to say, which may try more than once.
    """
    log_weights = [each.log_weights for each in lots]
    every = np.concatenate(log_weights)
    if not np.isfinite(every).any():
        return Checks(0.0, np.inf, ("no draw agrees with the reports",))
    weights = np.exp(every - every.max())
    shape = pareto_k(every)
    for block in lots[0].local:
        once = [
            _as_if_once(each.local[block], own) for each, own in zip(lots, log_weights, strict=True)
        ]
        shape = max(shape, pareto_k(np.concatenate(once)))
    lost = _lost(lots, weights / weights.sum())
    failures = []
    if not shape <= PARETO_LIMIT:
        failures.append(f"Pareto k {shape:.2f} (at most {PARETO_LIMIT})")
    if not lost <= LOST_LIMIT:
        failures.append(f"{lost:.1%} of draws lost (at most {LOST_LIMIT:.0%})")
    return Checks(effective_number(weights), shape, tuple(failures))


def _as_if_once(log_local: Array, log_weights: Array) -> Array:
    """What each copy of a block would be worth were it the only one of its point."""
    share = copy_shares(log_local)
    with np.errstate(divide="ignore"):
        return np.ravel(log_weights[:, None] + np.log(share * share.shape[1]))


def _lost(lots: Sequence[Weighted], shares: Array) -> float:
    """The part of the draws that could not be straightened, of the batch where it is most.

    Of the draws themselves: a number of approvals may well rule a good draw out.
    """
    most = 0.0
    for batch in zip(*(each.draws for each in lots), strict=True):
        lost = [np.isneginf(draws.log_weights).mean(axis=2) for draws in batch]
        most = max(most, float((np.concatenate(lost, axis=1) @ shares).max()))
    return most
