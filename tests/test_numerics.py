"""The formulas of our own say what SciPy and ArviZ say."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
from arviz_stats.base import array_stats
from ratification.inference.normal import (
    erfcx,
    log_between,
    normal_cdf,
    normal_cdf_at,
    normal_quantile,
)
from ratification.inference.numerics import effective_sample_size, expit, stream


def test_normal_distribution_function_is_scipys() -> None:
    """The normal distribution function agrees with SciPy to 12 digits, far tails included."""
    x = np.concatenate([np.linspace(-37, 9, 2001), [0.0]])
    expected = scipy.stats.norm.cdf(x)
    np.testing.assert_allclose(normal_cdf(x), expected, rtol=1e-12)
    np.testing.assert_allclose([normal_cdf_at(value) for value in x.tolist()], expected, rtol=1e-12)


def test_logs_of_tails_are_scipys() -> None:
    """Logs of probabilities keep their digits where the probabilities themselves are nothing."""
    x = np.concatenate([np.linspace(-900, 8, 3001), [0.0]])
    below = log_between(np.full_like(x, -np.inf), x)
    np.testing.assert_allclose(below, scipy.special.log_ndtr(x), rtol=1e-12, atol=1e-17)
    at = np.linspace(0, 60, 6001)
    np.testing.assert_allclose(erfcx(at), scipy.special.erfcx(at), rtol=1e-14)
    low, high = np.array([-1.0, 5.0, 30.0, -np.inf]), np.array([0.5, 6.0, np.inf, -40.0])
    ends = scipy.special.log_ndtr(-low), scipy.special.log_ndtr(-high)
    expected = np.log(scipy.stats.norm.cdf(0.5) - scipy.stats.norm.cdf(-1.0))
    found = log_between(low, high)
    assert found[0] == pytest.approx(expected, rel=1e-12)
    assert found[1] == pytest.approx(ends[0][1] + np.log1p(-np.exp(ends[1][1] - ends[0][1])))
    assert found[2:] == pytest.approx([ends[0][2], scipy.special.log_ndtr(-40.0)], rel=1e-12)


def test_normal_quantile_is_scipys() -> None:
    """The normal quantile agrees with SciPy to 14 digits between 1e-300 and 1 - 1e-16."""
    p = np.concatenate([10.0 ** np.arange(-300, -1), np.linspace(0.001, 0.999, 4001)])
    np.testing.assert_allclose(normal_quantile(p), scipy.special.ndtri(p), rtol=1e-13, atol=1e-15)
    near_one = 1 - 2.0 ** -np.arange(2, 53)
    np.testing.assert_allclose(normal_quantile(near_one), scipy.special.ndtri(near_one), rtol=1e-13)


def test_inverse_logit_is_scipys_without_overflow() -> None:
    """The inverse logit agrees with SciPy, and no argument is too large for it."""
    x = np.linspace(-30, 30, 601)
    np.testing.assert_allclose(expit(x), scipy.special.expit(x), rtol=1e-12, atol=1e-16)
    np.testing.assert_array_equal(expit(np.array([-1e300, -800.0, 800.0, 1e300])), [0, 0, 1, 1])


def autoregressive(rho: float, chains: int, draws: int) -> np.ndarray:
    """Stationary AR(1) series."""
    rng = stream(0, "autoregressive", str(rho), str(chains), str(draws))
    series = rng.standard_normal((chains, draws))
    for at in range(1, draws):
        series[:, at] = rho * series[:, at - 1] + np.sqrt(1 - rho**2) * series[:, at]
    return series


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.3, 0.9, 0.99])
@pytest.mark.parametrize(("chains", "draws"), [(4, 1000), (4, 251), (1, 400), (3, 8)])
def test_effective_sample_size_is_arvizs(rho: float, chains: int, draws: int) -> None:
    """The effective sample size is ArviZ's, for numbers and for indicators."""
    series = autoregressive(rho, chains, draws)
    for values in (series, (series > 0).astype(float), (series > 1.2).astype(float)):
        if np.ptp(values) > 0:
            expected = array_stats.ess(values, method="mean", chain_axis=0, draw_axis=1)
            assert effective_sample_size(values) == pytest.approx(float(expected), rel=1e-9)


def test_effective_sample_size_of_what_does_not_vary() -> None:
    """A constant series, and one too short to judge, count every draw."""
    assert effective_sample_size(np.ones((4, 500))) == 2000
    assert effective_sample_size(np.array([[0.0, 1.0, 0.0]])) == 3


def test_streams_are_reproducible_and_apart() -> None:
    """A stream depends on the seed and on every name, and on nothing else."""
    first = stream(391, "worlds", "june", "", "0").random(8)
    np.testing.assert_array_equal(stream(391, "worlds", "june", "", "0").random(8), first)
    others = [
        stream(392, "worlds", "june", "", "0"),
        stream(391, "worlds", "june", "", "1"),
        stream(391, "worlds", "may", "", "0"),
        stream(391, "worlds", "june", "revote", "0"),
        stream(391, "coupling", "june", "", "0"),
        stream(391, "june", "worlds", "", "0"),
        stream(391, "worlds", "june", "0", ""),
        stream(391, "worlds", "june", "0"),
    ]
    drawn = [first, *(other.random(8) for other in others)]
    assert len({values.tobytes() for values in drawn}) == len(drawn)
