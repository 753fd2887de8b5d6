"""Scores of chances and of simulated quantities, reliability, and errors over polling days."""

import math

import numpy as np
import pytest
import scipy.stats
from exact import FALSE_ALARM
from hypothesis import given
from hypothesis import strategies as st
from ratification.validation.isotonic import isotonic_fit
from ratification.validation.resampling import mean_by_day
from ratification.validation.scores import (
    brier,
    crps,
    intervals,
    log_score,
    simulated_chance,
    skill,
)


def test_scores_of_a_chance() -> None:
    """Brier is the squared distance, the log score minus the log of what was said of the truth."""
    assert brier(0.3, True) == pytest.approx(0.49)
    assert brier(0.3, False) == pytest.approx(0.09)
    assert log_score(0.3, True) == pytest.approx(-math.log(0.3))
    assert log_score(0.3, False) == pytest.approx(-math.log(0.7))
    assert (log_score(1.0, True), log_score(0.0, False)) == (0.0, 0.0)


def test_a_simulated_chance_is_never_certain() -> None:
    """No or all simulated votes leave half a vote: the worst log score is log(2 n + 2)."""
    assert simulated_chance(0, 1000) == 0.5 / 1001
    assert simulated_chance(1000, 1000) == 1 - 0.5 / 1001
    assert log_score(simulated_chance(0, 1000), True) == pytest.approx(math.log(2002))
    assert log_score(0.0, True) == math.inf


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=12), st.floats(-3, 3))
def test_crps_is_that_of_the_empirical_distribution(values: list[float], truth: float) -> None:
    """The CRPS is E|X - y| - E|X - X'| / 2, over the simulated values as they are."""
    drawn = np.array(values)
    spread = np.abs(drawn[:, None] - drawn[None, :]).mean() / 2
    expected = np.abs(drawn - truth).mean() - spread
    assert crps(drawn, truth) == pytest.approx(expected, abs=1e-9)


def test_intervals_cover_from_edge_to_edge() -> None:
    """Of 0, 1, ..., 100 the central half is 25 to 75; its edges are inside."""
    drawn = np.arange(101.0)
    half, most, nearly_all = intervals(drawn, 75.0)
    assert (half.low, half.high, half.width, half.covered) == (25.0, 75.0, 50.0, True)
    assert (most.low, most.high) == pytest.approx((10.0, 90.0))
    assert nearly_all.width == pytest.approx(95.0)
    assert not intervals(drawn, 75.1)[0].covered


def test_skill_against_a_baseline() -> None:
    """Half the baseline's score is a skill of one half; a perfect baseline leaves none to say."""
    assert skill(0.1, 0.2) == 0.5
    assert skill(0.2, 0.2) == 0.0
    assert math.isnan(skill(0.0, 0.0))


# Reliability


def test_reliability_pools_what_falls() -> None:
    """Where a higher chance came true less often, both are pooled; equal chances are one."""
    found = isotonic_fit(
        np.array([0.6, 0.2, 0.4, 0.4, 0.9]), np.array([False, False, True, True, True])
    )
    assert found.chance.tolist() == [0.2, 0.4, 0.4, 0.6, 0.9]
    assert found.calibrated == pytest.approx([0.0, 2 / 3, 2 / 3, 2 / 3, 1.0])


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30))
def test_parts_of_the_brier_score_add_up(pairs: list[tuple[float, bool]]) -> None:
    """The Brier score is miscalibration - discrimination + uncertainty, none of them negative."""
    chance, happened = np.array([p for p, _ in pairs]), np.array([y for _, y in pairs])
    found = isotonic_fit(chance, happened)
    assert found.brier == pytest.approx(np.square(chance - happened).mean(), abs=1e-12)
    parts = (found.miscalibration, found.discrimination, found.uncertainty)
    assert min(parts) >= -1e-12
    assert np.all(np.diff(found.calibrated) >= 0)


def test_what_is_calibrated_is_found_to_be() -> None:
    """Of 20,000 events with right chances the fit strays little; chances pushed out are seen."""
    rng = np.random.default_rng(5)
    chance = rng.random(20_000)
    happened = rng.random(20_000) < chance
    assert isotonic_fit(chance, happened).miscalibration < 0.002
    logits = np.log(chance / (1 - chance))
    pushed = 1 / (1 + np.exp(-2 * logits))
    assert isotonic_fit(pushed, happened).miscalibration > 0.01


def test_no_event_has_no_reliability() -> None:
    """Reliability of nothing is refused."""
    with pytest.raises(ValueError, match="at least one event"):
        isotonic_fit(np.zeros(0), np.zeros(0, dtype=bool))


# Errors over days


def test_error_over_days_is_that_of_a_mean() -> None:
    """With one vote a day it is the sd of the values over the root of their number."""
    values = np.random.default_rng(3).standard_normal(40)
    days = [f"day {number}" for number in range(40)]
    found = mean_by_day(values.tolist(), days, np.random.default_rng(1))
    exact = values.std() / np.sqrt(40)
    assert found.mean == pytest.approx(values.mean())
    # 1,999 squares of a nearly normal bootstrap mean are chi squared.
    ratio = 1999 * (found.error / exact) ** 2
    assert 2 * min(scipy.stats.chi2(1999).cdf(ratio), scipy.stats.chi2(1999).sf(ratio)) > (
        FALSE_ALARM
    )
    assert found.low < found.mean < found.high


def test_more_questions_of_the_same_days_teach_nothing() -> None:
    """Every vote three times over, on the same days: the error stays what it was."""
    values = np.random.default_rng(4).standard_normal(12).tolist()
    days = [f"day {number}" for number in range(12)]
    once = mean_by_day(values, days, np.random.default_rng(1))
    thrice = mean_by_day(values * 3, days * 3, np.random.default_rng(1))
    assert (thrice.mean, thrice.error) == pytest.approx((once.mean, once.error))
    assert (thrice.votes, thrice.days) == (36, 12)


def test_one_day_has_no_error() -> None:
    """Nothing says how much another day would differ."""
    found = mean_by_day([0.1, 0.3], ["one", "one"], np.random.default_rng(1))
    assert (found.mean, found.error, found.low, found.high) == (0.2, None, None, None)
    with pytest.raises(ValueError, match="at least one vote"):
        mean_by_day([], [], np.random.default_rng(1))
