"""Stakes: what is to be expected of an amount that hangs on the result, under a rule.

The amount is that of ratification or of defeat, whichever comes about; how large either is does
not depend on how the vote went. Its mean is exact given the chance, so that its only error is the
chance's; its interval is that of the mixture of the two.
"""

from dataclasses import dataclass

import numpy as np

from ratification.answers.forecast import RuleForecast
from ratification.case.rounds import Amount, Stake
from ratification.inference.normal import normal_cdf_at, normal_quantile

HALVINGS = 100  # of the interval in which a quantile is sought
Z95 = float(normal_quantile(np.array([0.95]))[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A stake's mean with its Monte Carlo error, and where the middle 90% of it lie."""

    mean: float
    mcse: float
    q05: float
    q95: float


def expected(stake: Stake, rule: RuleForecast) -> Expected:
    """What is to be expected of a stake under a rule, in the stake's unit."""
    p, error = rule.estimate.probability, rule.estimate.mcse
    gain = stake.ratified.mean - stake.defeated.mean
    return Expected(
        mean=stake.defeated.mean + p * gain,
        mcse=error * abs(gain),
        q05=_quantile(stake, p, 0.05),
        q95=_quantile(stake, p, 0.95),
    )


def _quantile(stake: Stake, p: float, level: float) -> float:
    """The smallest amount that is reached with at least this chance, by halving."""

    def below(x: float) -> float:
        return p * _below(stake.ratified, x) + (1 - p) * _below(stake.defeated, x)

    reach = [_reach(amount) for amount in (stake.ratified, stake.defeated)]
    low, high = min(end[0] for end in reach), max(end[1] for end in reach)
    if below(low) >= level:
        return low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if below(middle) >= level else (middle, high)
    return high


def _below(amount: Amount, x: float) -> float:
    """Chance that an amount is at most x."""
    if amount.distribution == "fixed":
        return float(x >= amount.low)
    width = amount.high - amount.low
    if amount.distribution == "uniform":
        return min(1.0, max(0.0, (x - amount.low) / width))
    return normal_cdf_at((x - amount.mean) / (width / 2 / Z95))


def _reach(amount: Amount) -> tuple[float, float]:
    """Ends between which every quantile of a mixture lies."""
    far = 10 * (amount.high - amount.low) if amount.distribution == "normal" else 0.0
    return amount.low - far, amount.high + far
