"""Monte Carlo errors are as large as said, and correlation moves what it should and no more."""

from itertools import product

import numpy as np
import pytest
import scipy.special
import scipy.stats
from arviz_stats.base import array_stats
from exact import FALSE_ALARM, merged_pvalue, number_law
from hypothesis import given
from hypothesis import strategies as st
from ratification.answers.coupling import HIGHEST, correlation, recoupled
from ratification.answers.estimates import estimate, spread
from ratification.errors import ConvergenceError
from ratification.inference.numerics import stream
from ratification.inference.worlds import Worlds
from scipy.stats import norm

CHAINS = 4
COUNT = 40_000
CAST = 10**9  # ballots: so many that no two worlds tie
CHANCES = [0.2, 0.5, 0.6, 0.73, 0.9]


def make_worlds(yes: np.ndarray, approves: np.ndarray, draws: int | None = None) -> Worlds:
    """Worlds (world, union) in which each union has its yes count of CAST, or more, ballots."""
    ballots = CAST + np.arange(yes.size).reshape(yes.shape)
    votes = [np.asfortranarray(values) for values in (ballots + 7, ballots, yes, approves)]
    draw = np.arange(len(yes)) % (draws or len(yes))
    return Worlds(*votes, yes[0] < 0, draw, 0 * draw, CHAINS, ballots + 7, ballots, yes)


def chains_of(p: float, rho: float, draws: int, seed: int) -> np.ndarray:
    """Indicators (chain, draw) that hold with chance p, a Markov chain of autocorrelation rho."""
    rng = stream(seed, "chains")
    fresh = rng.random((CHAINS, draws)) >= rho
    fresh[:, 0] = True
    since = np.maximum.accumulate(np.where(fresh, np.arange(draws), 0), axis=1)
    return np.take_along_axis(rng.random((CHAINS, draws)) < p, since, axis=1)


def holding(chains: np.ndarray, times: int = 1) -> tuple[np.ndarray, Worlds]:
    """The indicator by world, chains interleaved, every draw `times` times; and the worlds."""
    holds = np.tile(chains.T.ravel(), times)
    return holds, make_worlds(np.zeros((len(holds), 1), dtype=int), holds[:, None], chains.size)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_the_error_is_arvizs(rho: float) -> None:
    """Probability and error are the mean of the indicator and its error as ArviZ has them."""
    chains = chains_of(0.3, rho, 4000, 1)
    found = estimate(*holding(chains))
    expected = array_stats.mcse(chains.astype(float), method="mean", chain_axis=0, draw_axis=1)
    assert found.probability == chains.mean()
    assert found.mcse == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("p", [0.05, 0.3])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_errors_are_as_large_as_said(p: float, rho: float) -> None:
    """Over many runs, how far off an estimate is, in its own errors, is standard normal."""
    runs = [estimate(*holding(chains_of(p, rho, 4000, seed))) for seed in range(200)]
    off = sum(((found.probability - p) / found.mcse) ** 2 for found in runs)
    assert 2 * min(scipy.stats.chi2.cdf(off, 200), scipy.stats.chi2.sf(off, 200)) > FALSE_ALARM
    # The exact error: the binomial one, and more where draws repeat the one before.
    exact = np.sqrt(p * (1 - p) / (CHAINS * 4000) * (1 + rho) / (1 - rho))
    assert np.median([found.mcse for found in runs]) == pytest.approx(exact, rel=0.05)


def test_more_worlds_of_the_same_draws_prove_no_more() -> None:
    """The error counts draws, not worlds: each draw three times over says what once says."""
    chains = chains_of(0.3, 0.5, 1000, 1)
    once, thrice = estimate(*holding(chains)), estimate(*holding(chains, times=3))
    assert thrice.probability == pytest.approx(once.probability, rel=1e-12)
    assert thrice.mcse == pytest.approx(once.mcse, rel=1e-12)


def test_chains_worth_too_few_draws_give_no_answer() -> None:
    """Fewer than 400 effective draws are an error that says how few and for what."""
    holds, worlds = holding(chains_of(0.5, 0.95, 1000, 1))
    with pytest.raises(ConvergenceError, match=r"only \d\d\d independent draws for beta \(at leas"):
        estimate(holds, worlds, "beta")


def test_a_rare_answer_and_one_from_few_worlds_need_no_400_draws() -> None:
    """Where nearly all worlds agree, or are few, there is an answer, with its large error."""
    rare = np.zeros((CHAINS, 1000), dtype=bool)
    rare[0, :20] = True
    for chains in (rare, ~rare, chains_of(0.5, 0.95, 199, 1)):
        independent = np.sqrt(chains.mean() * (1 - chains.mean()) / chains.size)
        assert estimate(*holding(chains)).mcse > 2 * independent


@pytest.mark.parametrize("count", [100, 20_000])
def test_what_holds_in_all_worlds_or_none_is_half_a_world_from_certain(count: int) -> None:
    """Neither 0 nor 1, nearer to it than one world would be, and as uncertain as it is far."""
    none, all_, one = (np.zeros(count, bool), np.ones(count, bool), np.arange(count) == 0)
    never, always, once = (estimate(*holding(h.reshape(-1, CHAINS).T)) for h in (none, all_, one))
    unseen = 0.5 / (count + 1)
    assert (never.probability, never.mcse) == (unseen, unseen)
    assert (always.probability, always.mcse) == (1 - unseen, unseen)
    assert 0 < never.probability < once.probability == 1 / count


def test_a_spread_has_the_quantiles_of_its_worlds() -> None:
    """Of 0 to 100 in any order, the mean and median are 50 and the ends 5 and 95."""
    found = spread(stream(1, "order").permutation(101))
    assert (found.mean, found.q05, found.q50, found.q95) == (50, 5, 50, 95)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30))
def test_intervals_nest(values: list[float]) -> None:
    """The median lies within the interval, and the interval within what was seen."""
    found = spread(np.array(values))
    assert min(values) <= found.q05 <= found.q50 <= found.q95 <= max(values)


def unions(chances: list[float], rho: float = 0.0, seed: int = 1) -> Worlds:
    """Unions with a common normal factor that approve in exactly these shares of their worlds."""
    rng = stream(seed, "unions")
    own = rng.standard_normal((COUNT, len(chances)))
    latent = np.sqrt(rho) * rng.standard_normal((COUNT, 1)) + np.sqrt(1 - rho) * own
    better = (latent.argsort(axis=0).argsort(axis=0) + 0.5) / COUNT
    approves = better > 1 - np.array(chances)  # with less yes, as can be where units decide
    return make_worlds((CAST / 2 * (better + ~approves)).astype(np.int64), approves)


def approving(chances: list[float], rho: float) -> np.ndarray:
    """Who approves (world, union) after coupling independent unions."""
    return recoupled(unions(chances), range(len(chances)), rho, stream(2, "coupled")).approves


def exact_law(chances: list[float], rho: float) -> np.ndarray:
    """Chance of every number of approvals under one common normal factor, by quadrature."""
    points, weights = np.polynomial.hermite_e.hermegauss(100)
    shifted = norm.ppf(chances) + np.sqrt(rho) * points[:, None]
    laws = [number_law(given_factor) for given_factor in norm.cdf(shifted / np.sqrt(1 - rho))]
    return weights @ np.array(laws) / weights.sum()


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.9, 1.0])
def test_every_union_keeps_its_own_results(rho: float) -> None:
    """Coupling reorders the whole results of each open union, and leaves the others alone."""
    worlds = unions(CHANCES, rho=0.5)
    coupled = recoupled(worlds, [0, 2, 4], rho, stream(2, "coupled"))
    for union in range(5):
        before, after = (
            np.column_stack([w.members, w.ballots, w.yes, w.approves])[:, union::5]
            for w in (worlds, coupled)
        )
        assert np.array_equal(before, after) == (union in (1, 3))
        np.testing.assert_array_equal(np.unique(before, axis=0), np.unique(after, axis=0))


@pytest.mark.parametrize("rho", [0.0, 0.25, 0.5, 0.75, 0.9])
def test_approvals_have_the_law_of_one_common_factor(rho: float) -> None:
    """How many unions approve has its exact law; at correlation 0, that of independent unions."""
    observed = np.bincount(approving(CHANCES, rho).sum(axis=1), minlength=6)
    expected = exact_law(CHANCES, rho) if rho else number_law(CHANCES)
    assert merged_pvalue(observed, COUNT * expected) > FALSE_ALARM


def test_fully_correlated_unions_approve_in_order() -> None:
    """At correlation 1, all approve as often as the least likely, and one does as the likeliest."""
    often = unions(CHANCES).approves.sum(axis=0)
    number = approving(CHANCES, 1.0).sum(axis=1)
    assert [(number >= k).sum() for k in range(1, 6)] == sorted(often, reverse=True)


def test_correlation_helps_unanimity_and_hurts_a_single_approval() -> None:
    """As correlation rises, that all approve gets likelier and that any does less likely."""
    found = [approving(CHANCES, rho) for rho in (0.0, 0.3, 0.6, 0.9)]
    every, some = [a.all(axis=1).mean() for a in found], [a.any(axis=1).mean() for a in found]
    assert every == sorted(set(every))
    assert some == sorted(set(some), reverse=True)


# The unions of SEBAC 2011, by members.
SIZES = [7700, 1434, 2634, 5292, 4500, 15600, 3900, 1820, 750, 911, 247, 47, 1150, 1906, 256]


@pytest.mark.parametrize(
    ("sizes", "rho", "strict", "lax"),
    [
        ([1] * 15, 0.0, 0.058, 0.973),
        ([1] * 15, 0.75, 0.495, 0.757),
        (SIZES, 0.0, 0.055, 0.855),
        (SIZES, 0.75, 0.488, 0.722),
    ],
)
def test_the_old_rule_gains_by_correlation_and_the_new_one_loses(
    sizes: list[int], rho: float, strict: float, lax: float
) -> None:
    """The chances of 14 of 15 unions with 80% of members, and of 8 with a majority, are exact."""
    patterns = np.array(list(product((False, True), repeat=15)))
    each = exact_law([0.73] * 15, rho) / scipy.special.binom(15, np.arange(16))
    drawn = approving([0.73] * 15, rho)
    for need, share, about in ((14, 0.8, strict), (8, 0.5, lax)):
        passes, passed = (
            (a.sum(axis=1) >= need) & (a @ np.array(sizes) > share * sum(sizes))
            for a in (patterns, drawn)
        )
        exact = each[patterns[passes].sum(axis=1)].sum()
        assert exact == pytest.approx(about, abs=0.0005)
        assert scipy.stats.binomtest(int(passed.sum()), COUNT, exact).pvalue > FALSE_ALARM


def fisher_z(found: float | None, rho: float) -> float:
    """How far a correlation lies from what it should be, in standard errors."""
    assert found is not None
    return float((np.arctanh(found) - np.arctanh(rho)) * np.sqrt(COUNT - 3))


@pytest.mark.parametrize("rho", [0.0, 0.1, 0.5, 0.9])
def test_coupled_unions_have_the_correlation_asked_for(rho: float) -> None:
    """Between two unions, the correlation found is the one they were coupled by."""
    coupled = recoupled(unions([0.3, 0.8], rho=0.6), [0, 1], rho, stream(2, "coupled"))
    assert 2 * norm.sf(abs(fisher_z(correlation(coupled, [0, 1]), rho))) > FALSE_ALARM


def test_correlation_is_the_mean_over_pairs_of_normal_scores() -> None:
    """Ranks turned into normal scores, correlated pair by pair, only among the unions asked for."""
    worlds, weak = unions(CHANCES, rho=0.6), unions(CHANCES, rho=0.2, seed=3)
    worlds.yes[:, 2], worlds.approves[:, 2] = weak.yes[:, 2], weak.approves[:, 2]
    results = worlds.approves + worlds.yes / worlds.ballots
    ranks = scipy.stats.rankdata(results[:, [0, 2, 3]], axis=0)
    pairs = np.corrcoef(norm.ppf((ranks - 0.5) / COUNT).T)[np.triu_indices(3, 1)]
    assert pairs.min() < 0.1 < 0.5 < pairs.max()
    assert correlation(worlds, [0, 2, 3]) == pytest.approx(pairs.mean(), rel=1e-6)


def test_a_correlation_stays_where_it_can_be_used() -> None:
    """None of fewer than two unions; 0 of unions that go apart; below 1 of two that go together."""
    worlds = unions([0.5, 0.5], rho=1.0)
    opposite = np.column_stack([worlds.yes[:, 0], CAST - worlds.yes[:, 0]])
    apart = make_worlds(opposite, opposite > CAST / 2)
    assert correlation(worlds, [1]) is None
    assert correlation(worlds, [0, 1]) == HIGHEST < 1
    assert correlation(apart, [0, 1]) == 0.0


def test_independent_unions_of_one_member_are_not_correlated() -> None:
    """Unions whose worlds tie a lot, yet are independent, have a correlation near 0."""
    approves = unions([0.6, 0.6]).approves
    tied = make_worlds(CAST * approves.astype(np.int64), approves)
    tied.ballots[:] = CAST
    assert norm.sf(fisher_z(correlation(tied, [0, 1]), 0.0)) > FALSE_ALARM
