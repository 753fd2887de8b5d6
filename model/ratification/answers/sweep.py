"""Sweeps: how likely ratification is over a whole grid of thresholds, from one pass over worlds."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from ratification.answers.judging import Abstaining, Results, measure
from ratification.case.bylaws import Measure

PERCENTS = 101  # thresholds 0% to 100%, in whole percents


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """In how many worlds at least `k` unions approve and a share is at least `t` percent.

    `unions` says what the unions are counted by (their weight, rounded down); `share` which
    share it is. Rows are thresholds from 0 unions up, columns whole percents from 0.
    """

    share: Measure
    passes: Int[np.ndarray, "k t"]
    worlds: int

    def probability(self, unions: int, percent: int) -> float:
        """Share of worlds that reach both thresholds."""
        return float(self.passes[unions, percent]) / self.worlds


def surface(results: Results, share: Measure, *, abstaining: Abstaining = "stays") -> Surface:
    """The surface of one share measure against the number of approving unions."""
    weight = measure("approving unions", results, share=False, abstaining=abstaining)
    part = measure(share, results, abstaining=abstaining)
    number = weight.numerator // weight.denominator
    percent = part.numerator * (PERCENTS - 1) // np.maximum(part.denominator, 1)
    most = int(sum(results.weights))
    cells = np.bincount(number * PERCENTS + percent, minlength=(most + 1) * PERCENTS)
    exactly = cells.reshape(most + 1, PERCENTS)
    passes = exactly[::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1]
    return Surface(share=share, passes=passes, worlds=len(results.members))
