"""The four baselines, against formulas written out anew."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats
from exact import FALSE_ALARM
from ratification.case.bylaws import All, Condition, Reading
from ratification.inference.numerics import stream
from ratification.validation.baselines import (
    BASELINES,
    Now,
    Past,
    base_rate,
    independent_unions,
    logit,
    pooled_share,
    predictive,
    uniform_swing,
)

UNIONS = ("a", "b", "c")
WORLDS = 20_000
RULE = Reading(
    id="two",
    title="Two of three, and half of the ballots",
    rule=All(
        parts=(
            Condition(
                measure="approving unions",
                comparison="at_least",
                threshold=Fraction(2),
                share=False,
                text="2",
            ),
            Condition(
                measure="yes of ballots",
                comparison="more_than",
                threshold=Fraction(1, 2),
                share=True,
                text="1/2",
            ),
        )
    ),
)


def now(counts: dict[str, tuple[int, int]], **results: bool) -> Now:
    """Three unions of 1,000, some of them counted, others with a result and no count."""
    counted = [union in counts for union in UNIONS]
    return Now(
        unions=UNIONS,
        members=np.full(3, 1000.0),
        yes=np.array([counts.get(union, (0, 0))[0] for union in UNIONS]),
        ballots=np.array([sum(counts.get(union, (0, 0))) for union in UNIONS]),
        counted=np.array(counted),
        results={union: yes > no for union, (yes, no) in counts.items()} | results,
        abstains=np.zeros(3, dtype=bool),
        weights=(Fraction(1),) * 3,
        decides=("pooled",) * 3,
        reading=RULE,
    )


def vote(ratified: bool, **shares: float) -> Past:
    """An earlier vote with these shares."""
    return Past(
        ratified=ratified,
        approved={union: share > 0.5 for union, share in shares.items()},
        shares=shares,
        turnout=0.8,
        yes_share=float(np.mean(list(shares.values()))),
    )


PAST = (vote(True, a=0.6, b=0.7, c=0.55), vote(False, a=0.4, b=0.55, c=0.3))


def agrees(chance: float, exact: float) -> bool:
    """Whether a simulated chance is what it should be."""
    hits = round(chance * (WORLDS + 1) - 0.5)
    return scipy.stats.binomtest(hits, WORLDS, exact).pvalue > FALSE_ALARM


def test_base_rate_counts_earlier_votes_and_unions() -> None:
    """(r + 1/2) / (m + 1): 1 of 2 votes, 4 of 6 unions; nothing earlier is one half."""
    found = base_rate(now({"a": (450, 350)}), PAST, WORLDS, stream(1, "x"))
    assert found.chance == 1.5 / 3
    assert found.unions["b"] == pytest.approx(4.5 / 7)
    nothing = base_rate(now({}), (), WORLDS, stream(1, "x"))
    assert (nothing.chance, nothing.unions["a"]) == (0.5, 0.5)
    assert scipy.stats.kstest(nothing.yes_share[:2000], "uniform").pvalue > FALSE_ALARM


def test_predictive_is_the_conjugate_law() -> None:
    """Against the posterior written as an integral over the variance, at n = 3."""
    values = [0.2, -0.4, 0.9]
    found = predictive(values)
    # sigma^2 ~ scaled inverse chi squared(2, 1/2), mean | sigma^2 ~ N(0, sigma^2 / 1).
    n, mean = 3, float(np.mean(values))
    square = float(np.square(np.array(values) - mean).sum()) + n * mean**2 / (n + 1)
    shape, rate = (2 + n) / 2, (2 * 0.5 + square) / 2
    grid = scipy.stats.invgamma(shape, scale=rate).ppf((np.arange(4000) + 0.5) / 4000)
    at = 0.7
    law = scipy.stats.norm(n * mean / (n + 1), np.sqrt(grid * (1 + 1 / (n + 1)))).cdf(at).mean()
    told = scipy.stats.t(found.df, found.mean, found.scale).cdf(at)
    assert told == pytest.approx(law, abs=1e-4)


def test_independent_unions_ignore_each_other() -> None:
    """Open unions are as likely as earlier results say, whatever another union reported."""
    earlier = [float(logit(np.array(s))) for past in PAST for s in past.shares.values()]
    law = predictive(earlier)
    each = scipy.stats.t(law.df, law.mean, law.scale).sf(0)
    for counts in ({"a": (700, 100)}, {"a": (100, 700)}):
        found = independent_unions(now(counts), PAST, WORLDS, stream(2, "x"))
        assert agrees(found.unions["b"], each)
    only_units = replace(now({"a": (401, 399)}), reading=replace(RULE, rule=RULE.rule.parts[0]))
    found = independent_unions(only_units, PAST, WORLDS, stream(2, "x"))
    assert agrees(found.chance, 1 - (1 - each) ** 2)  # one of two more


def test_pooled_share_is_that_of_the_ballots() -> None:
    """All open unions go with Beta(Y + 1/2, N + 1/2), together."""
    found = pooled_share(now({"a": (52, 48)}), (), WORLDS, stream(3, "x"))
    exact = scipy.stats.beta(52.5, 48.5).sf(0.5)
    assert agrees(found.unions["b"], exact)
    assert found.unions["b"] == found.unions["c"]


def test_uniform_swing_moves_leanings_together() -> None:
    """A union that leaned by d leans by d again, round the level of those counted."""
    past = (vote(True, a=0.6, b=0.7, c=0.5), vote(True, a=0.6, b=0.7, c=0.5))
    found = uniform_swing(now({"a": (400, 400), "c": (320, 480)}), past, WORLDS, stream(4, "x"))
    levels = logit(np.array([0.6, 0.7, 0.5]))
    lean = levels - levels.mean()
    level = np.mean([0 - lean[0], logit(np.array(0.4)) - lean[2]])
    sd = np.sqrt(0.2 / (2 + 6))  # residuals are zero
    exact = scipy.stats.norm(level + lean[1], sd * np.sqrt(1 + 1 / 2)).sf(0)
    assert agrees(found.unions["b"], exact)


@pytest.mark.parametrize("name", BASELINES)
def test_what_is_reported_stands(name: str) -> None:
    """Counted ballots stay; a result without a count is on its side in every world."""
    found = BASELINES[name](
        now({"a": (450, 350)}, b=False), PAST, WORLDS, stream(5, "x")
    )  # 800 of a, and two unions of 800 by the turnout counted
    assert (found.yes_share >= 450 / 2400).all()
    if name != "base-rate":
        assert found.unions["a"] > 0.9999
        assert found.unions["b"] < 0.0001


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_without_any_past_answers(name: str) -> None:
    """Before any report and any earlier vote every baseline has a wide answer."""
    found = BASELINES[name](now({}), (), WORLDS, stream(6, "x"))
    assert 0.2 < found.chance < 0.8
    assert np.quantile(found.yes_share, 0.95) - np.quantile(found.yes_share, 0.05) > 0.3
