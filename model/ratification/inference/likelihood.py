"""What was reported, as terms of the PyMC model.

Reports of one kind are one vectorised term over a scope matrix (row x cell), so the graph is small
and its size does not depend on how much was reported. Sums over leaves are normal given p and t,
with the exact mean and variance of the multinomial.
"""

from typing import Any

import numpy as np

from ratification.inference.structure import Structure
from ratification.inference.terms import COLUMNS, ROW_KINDS

FARTHEST = 1e3  # standard deviations; farther is as good as open
SMALLEST = 1e-13  # of a probability: below it the Fourier sum holds only rounding


def likelihood(
    structure: Structure, d: dict[str, Any], prior: dict[str, Any], logit_p: Any, logit_t: Any
) -> None:
    """Add a potential for each kind of report, given every cell's logit yes share and turnout."""
    import pymc as pm
    import pytensor.tensor as pt

    pm.Potential("log_counts", _binomial(d["counts"], pt.concatenate([logit_p, logit_t])))
    p, t = pm.math.sigmoid(logit_p), pm.math.sigmoid(logit_t)
    rows = _Rows(d, p, t)
    range_low, range_high = _ranges(rows["range"])
    so_far_low, so_far_high = _counts_so_far(rows["so_far"])
    low = pt.concatenate([range_low, so_far_low])
    high = pt.concatenate([range_high, so_far_high])
    pm.Potential("log_ranges", _log_between(low, high).sum())
    pm.Potential("log_pooled_counts", _pooled_counts(rows["pool"]))
    pm.Potential("log_polls", _polls(rows["poll"], prior["poll_bias_sd"]))
    pm.Potential("log_approvals", _approvals(structure, d, rows["unit"]))


class _Rows:
    """Sums of expected votes over every row's scope, by one matrix product; sliced by kind."""

    SUMS = ("ballots", "yes", "yes_tp", "yes_t", "ballots_t", "yes_p", "squares")

    def __init__(self, d: dict[str, Any], p: Any, t: Any) -> None:
        import pytensor.tensor as pt

        ballots = d["members"] * t
        yes = ballots * p
        columns = [ballots, yes, yes * t * p, yes * t, ballots * t, yes * p, ballots**2]
        self.sums = pt.dot(d["scope"], pt.stack(columns, axis=1))
        self.values = d["values"]
        self.ends = pt.concatenate([np.zeros(1, dtype=np.int64), pt.cumsum(d["sizes"])])

    def __getitem__(self, kind: str) -> dict[str, Any]:
        """The sums and the values of one kind of row, by name."""
        index = ROW_KINDS.index(kind)
        rows = slice(self.ends[index], self.ends[index + 1])
        sums, values = self.sums[rows], self.values[rows]
        return {name: sums[:, i] for i, name in enumerate(self.SUMS)} | {
            f"given_{name}": values[:, i] for i, name in enumerate(COLUMNS[kind])
        }


def _linear(row: dict[str, Any], alpha: Any, beta: Any) -> tuple[Any, Any]:
    """Mean and sd of alpha * yes + beta * no over a scope: multinomial, exact.

    Per member E[v^2] - E[v]^2 with v = alpha (probability t p), beta (t (1 - p)) or 0.
    """
    import pytensor.tensor as pt

    both = alpha - beta
    mean = both * row["yes"] + beta * row["ballots"]
    squares = both**2 * row["yes_tp"] + 2 * both * beta * row["yes_t"] + beta**2 * row["ballots_t"]
    variance = (alpha**2 - beta**2) * row["yes"] + beta**2 * row["ballots"] - squares
    return mean, pt.sqrt(pt.maximum(variance, 0.0) + 0.25)


def _share(row: dict[str, Any]) -> tuple[Any, Any]:
    """Pooled yes share of a scope, and the variance of cell shares round it, by ballots."""
    import pytensor.tensor as pt

    share = row["yes"] / row["ballots"]
    return share, pt.maximum(row["yes_p"] / row["ballots"] - share**2, 0.0)


def _binomial(counts: Any, logits: Any) -> Any:
    """Binomial log likelihood of counts at single cells, up to a constant."""
    import pytensor.tensor as pt

    at = logits[pt.cast(counts[:, 0], "int64")]
    return (counts[:, 1] * at - counts[:, 2] * pt.softplus(at)).sum()


def _ranges(row: dict[str, Any]) -> tuple[Any, Any]:
    """Standardised bounds of alpha * yes + beta * no."""
    mean, sd = _linear(row, row["given_alpha"], row["given_beta"])
    low = row["given_low"] + row["given_low_each"] * row["ballots"]
    high = row["given_high"] + row["given_high_each"] * row["ballots"]
    return (low - mean) / sd, (high - mean) / sd


def _counts_so_far(row: dict[str, Any]) -> tuple[Any, Any]:
    """Standardised bounds of the yes share of a pooled count so far.

    It is a sample of ballots, and of the places they are from: a part f of the ballots from n
    places of equal size has variance between/n * (1 - f)/f beside its binomial one; where f is
    not known it is taken to be one half.
    """
    import pytensor.tensor as pt

    share, between = _share(row)
    ballots, seen = row["ballots"], row["given_ballots"]
    counted = pt.switch(seen > 0, pt.minimum(seen, ballots), 0.5 * ballots)
    part = counted / ballots
    places = ballots**2 / row["squares"]
    composition = between * pt.minimum((1 - part) / (part * places), 1.0)
    sd = pt.sqrt(share * (1 - share) / counted + composition)
    return (row["given_low"] - share) / sd, (row["given_high"] - share) / sd


def _pooled_counts(row: dict[str, Any]) -> Any:
    """Ballots, then margin given ballots, of a complete count over several cells."""
    import pytensor.tensor as pt

    counted = row["given_ballots"]
    mean_ballots, sd_ballots = _linear(row, 1.0, 1.0)
    mean, sd = _linear(row, 1.0, -1.0)
    # Covariance of ballots and margin: sum of m t (1 - t) (2 p - 1).
    covariance = 2 * (row["yes"] - row["yes_t"]) - (row["ballots"] - row["ballots_t"])
    slope = covariance / sd_ballots**2
    left = pt.sqrt(pt.maximum(sd**2 - slope * covariance, 0.25))
    off_ballots = (counted - mean_ballots) / sd_ballots
    margin = 2 * row["given_yes"] - counted
    off_margin = (margin - mean - slope * (counted - mean_ballots)) / left
    each = -0.5 * (off_ballots**2 + off_margin**2) - pt.log(sd_ballots) - pt.log(left)
    return each.sum()


def _polls(row: dict[str, Any], bias: Any) -> Any:
    """A straw poll's logit share: sampling error and a bias of its own, both normal."""
    import pytensor.tensor as pt

    share, _ = _share(row)
    spread = pt.sqrt(bias**2 + 1 / (row["given_asked"] * share * (1 - share)))
    off = (row["given_logit"] - pt.log(share) + pt.log1p(-share)) / spread
    return (-0.5 * off**2 - pt.log(spread)).sum()


def _approvals(structure: Structure, d: dict[str, Any], row: dict[str, Any]) -> Any:
    """How many units approve: exact Poisson-binomial given p and t."""
    import pytensor.tensor as pt

    mean, sd = _linear(row, row["given_alpha"], row["given_beta"])
    chance = 0.5 * pt.erfc((row["given_cut"] - mean) / (sd * np.sqrt(2.0)))
    if structure.composite:
        chance = pt.concatenate([chance, _number_between(chance, d, "composites")])
    return pt.log(_number_between(chance, d, "approvals")).sum()


def _number_between(chance: Any, d: dict[str, Any], name: str) -> Any:
    """P(low <= number of successes <= high) for each row of units: see `terms.number_table`."""
    import pytensor.tensor as pt

    units, weights, angles = d[f"{name}_units"], d[f"{name}_weights"], d[f"{name}_angles"]
    real = 1 - chance[:, None] * (1 - angles[0])
    imaginary = chance[:, None] * angles[1]
    size = pt.exp(pt.dot(units, 0.5 * pt.log(real**2 + imaginary**2 + 1e-300)))
    turn = pt.dot(units, pt.arctan2(imaginary, real))
    inside = size * (pt.cos(turn) * weights[:, 0] + pt.sin(turn) * weights[:, 1])
    return pt.clip(inside.sum(axis=1), SMALLEST, 1.0)


def _log_between(low: Any, high: Any) -> Any:
    """log[Phi(high) - Phi(low)], accurate in either tail."""
    import pytensor.tensor as pt

    low, high = pt.clip(low, -FARTHEST, FARTHEST), pt.clip(high, -FARTHEST, FARTHEST)
    above = low > 0
    low, high = pt.switch(above, -high, low), pt.switch(above, -low, high)
    upper, lower = _log_normal_cdf(high), _log_normal_cdf(low)
    return upper + pt.log1p(-pt.exp(pt.minimum(lower - upper, -1e-12)))


def _log_normal_cdf(x: Any) -> Any:
    import pytensor.tensor as pt

    # Each branch sees only arguments it is accurate for, so that neither's gradient overflows.
    left, right = pt.minimum(x, -1.0), pt.maximum(x, -1.0)
    tail = pt.log(pt.erfcx(-left / np.sqrt(2.0)) / 2) - left**2 / 2
    return pt.switch(x < -1.0, tail, pt.log1p(-pt.erfc(right / np.sqrt(2.0)) / 2))
