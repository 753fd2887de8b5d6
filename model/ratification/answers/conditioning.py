"""What-ifs on the same worlds: how often a rule holds among those in which an assumption does.

The posterior given an assumed result is the posterior of the worlds in which it came about, so no
new fit is needed while enough worlds are left. Both chances come from one set of worlds: their
difference is paired.
"""

from dataclasses import dataclass

import numpy as np

from ratification.answers.estimates import Difference, Estimate, effective_share, mean_error
from ratification.arrays import Bool
from ratification.inference.worlds import Worlds

FEWEST = 100  # effective worlds: fewer do not tell how the others would have gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditioned:
    """A chance among the worlds an assumption leaves, and how it differs from that among all."""

    estimate: Estimate
    difference: Difference


def effective_left(event: Bool[np.ndarray, " world"], worlds: Worlds) -> float:
    """How many independent worlds an event leaves: its worlds, less what draws repeat."""
    return float(event.sum()) * effective_share(event, worlds)


def conditioned(
    holds: Bool[np.ndarray, " world"], event: Bool[np.ndarray, " world"], worlds: Worlds
) -> Conditioned:
    """How often something holds among the worlds of an event, against among all.

    Errors are those of a ratio of means, by the delta method: world by world the ratio moves by
    event (holds - ratio) / P(event). Where all worlds of the event agree, half a world stands in
    for what was not seen.
    """
    left, share = int(event.sum()), float(event.mean())
    ratio = float(holds[event].mean())
    moves = event * (holds - ratio) / share
    error = mean_error(moves, worlds)
    apart = mean_error(moves - (holds - holds.mean()), worlds)
    unseen = 0.5 / (left + 1)
    shown = min(max(ratio, unseen), 1 - unseen)
    return Conditioned(
        estimate=Estimate(probability=shown, mcse=max(error, unseen)),
        difference=Difference(
            value=ratio - float(holds.mean()),
            mcse=0.0 if event.all() else max(apart, unseen if ratio in (0.0, 1.0) else 0.0),
        ),
    )
