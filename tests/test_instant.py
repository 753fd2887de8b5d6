"""The instant engine: each step against an exact answer, then whole fits against quadrature."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import quadrature
from hand_made import CASE, make_case
from ratification.case.case import Case
from ratification.case.folder import load
from ratification.case.priors import Beta, Normal, PositiveNormal, Priors
from ratification.errors import ConvergenceError
from ratification.inference.instant import draws, straightening, truncated
from ratification.inference.instant.adapting import Effort, tempered
from ratification.inference.instant.approvals import Term, number_law, numbers_by_block
from ratification.inference.instant.blocks import Batch
from ratification.inference.instant.draws import draw
from ratification.inference.instant.effects import Effects
from ratification.inference.instant.engine import fit
from ratification.inference.instant.globals import Shared
from ratification.inference.instant.links import Line
from ratification.inference.instant.proposal import DEFENSIVE, DEGREES, Proposal, latin_normal
from ratification.inference.instant.regressed import Regressed
from ratification.inference.instant.weighing import Problem, log_mean
from ratification.inference.layout import build_layout
from ratification.inference.numerics import pareto_k
from ratification.inference.posterior import Posterior
from ratification.inference.quantiles import correlation_quantile, quantile, scale_of
from ratification.inference.structure import Layout
from ratification.inference.worlds import draw_worlds
from scipy import stats
from small_case import write_case

MOST_OFF = 4.5  # standard errors; chance alone goes beyond in 7 of a million
APART = CASE + "[priors]\ncorrelation = { mean = 0, sd = 0.0001 }\n"
TREE = """\
unit,parent,members
a,,
a-1,a,400
a-2,a,250
a-3,a,150
b,,500
c,,900
"""


def layout_of(case: Case) -> Layout:
    """The layout of everything reported."""
    return build_layout(case, case.evidence(), case.target)


def problem_of(parent: Path, evidence: str, tree: str = TREE) -> Problem:
    """A made case, ready to be evaluated."""
    return Problem(layout_of(make_case(parent, tree, evidence, settings=APART)))


def points_of(problem: Problem, count: int, seed: int = 3) -> Shared:
    """Points of the prior."""
    rng = np.random.default_rng(seed)
    return problem.prior.shared(latin_normal(count, problem.prior.dimension, rng))


# The pieces


def test_quantiles_of_priors_are_scipys() -> None:
    """Means, scales, the correlation and the share that persists, far into both tails."""
    u = np.linspace(-5, 5, 201)
    p = stats.norm.cdf(u)
    mean, sd = 0.1, 0.3
    ends = (-1 - mean) / sd, (1 - mean) / sd
    found = {
        "normal": (quantile(Normal(mean=0.4, sd=0.6), u), stats.norm.ppf(p, 0.4, 0.6)),
        "scale": (quantile(PositiveNormal(sd=0.5), u), stats.halfnorm.ppf(p, scale=0.5)),
        "known scale": (
            quantile(PositiveNormal(mean=0.3, sd=0.2), u),
            stats.truncnorm.ppf(p, -1.5, np.inf, 0.3, 0.2),
        ),
        "half-normal of either sign": (
            scale_of(PositiveNormal(sd=0.5), u),
            np.abs(0.5 * u),
        ),
        "known scale of either sign": (
            scale_of(PositiveNormal(mean=0.3, sd=0.2), u),
            stats.truncnorm.isf(2 * stats.norm.sf(np.abs(u)), -1.5, np.inf, 0.3, 0.2),
        ),
        "share": (quantile(Beta(a=2.0, b=3.0), u), stats.beta.ppf(p, 2, 3)),
        "correlation": (
            correlation_quantile(Normal(mean=mean, sd=sd), u),
            stats.truncnorm.ppf(p, *ends, mean, sd),
        ),
    }
    for name, (ours, scipys) in found.items():
        np.testing.assert_allclose(ours, scipys, rtol=2e-6, atol=1e-9, err_msg=name)


def test_pareto_k_is_arvizs() -> None:
    """The shape of the tail of importance weights, light and heavy."""
    from arviz_stats.base import array_stats

    rng = np.random.default_rng(5)
    for scale in (0.3, 1.0, 2.5):
        log_weights = scale * rng.standard_t(5, 2000)
        _, k = array_stats.psislw(-log_weights)  # it takes log likelihoods left out
        assert pareto_k(log_weights) == pytest.approx(float(k), abs=1e-6)


def test_pulling_back_is_the_transpose_of_the_logits(tmp_path: Path) -> None:
    """Slopes by effects and logits of effects are one linear map, several rounds included."""
    problem = Problem(layout_of(load(write_case(tmp_path))))
    shared, rng = points_of(problem, 3), np.random.default_rng(1)
    for batch in problem.batches:
        maps = Effects(batch.tree, shared)
        blocks, logits = len(batch.blocks), 2 * batch.tree.cells.shape[1]
        effects = rng.standard_normal((blocks, 3, 4, batch.tree.width))
        slopes = rng.standard_normal((blocks, 3, 5, logits))
        forward = np.einsum("bgrx,bglx->bgrl", slopes, maps.logits(effects))
        back = np.einsum("bgre,bgle->bgrl", maps.pulled(slopes), effects)
        np.testing.assert_allclose(forward, back, rtol=1e-9, atol=1e-12)


def rows_of_every_kind(parent: Path) -> Batch:
    """One block of several leaves about which everything is said at once."""
    evidence = """\
r0,june,2011-06-01,a-1,partial,60,40,,,
r1,june,2011-06-02,a,share,,,0.4,0.6,
r2,june,2011-06-03,a,margin,,,-50,60,
r3,june,2011-06-04,a-2,turnout,,,0.5,0.8,
r4,june,2011-06-05,a-2 + a-3,count,130,140,,,
r5,june,2011-06-06,a-3,outcome,,,,,rejected
r6,june,2011-06-07,a,poll,30,20,,,
r7,june,2011-06-08,b,returned,,,200,,
r8,june,2011-06-09,b + c,partial,,,0.45,0.55,
"""
    problem = problem_of(parent, evidence)
    return max(problem.batches, key=lambda batch: batch.links.rows)


def test_lines_touch_what_they_stand_for(tmp_path: Path) -> None:
    """Slopes of every kind of row are the derivatives of its value."""
    links = rows_of_every_kind(tmp_path).links
    rng = np.random.default_rng(2)
    cells = links.scope.shape[2]
    here = rng.normal(0.3, 0.5, (len(links.scope), 1, 1, 2 * cells))
    slopes = links.at(here).mean_slopes()
    for index in range(2 * cells):
        step = np.zeros_like(here)
        step[..., index] = 1e-5
        change = links.at(here + step).value - links.at(here - step).value
        np.testing.assert_allclose(slopes[..., index], change[:, :, 0] / 2e-5, atol=1e-7)


def test_an_outcome_of_one_leaf_is_a_straight_line(tmp_path: Path) -> None:
    """The value of its row is the logit of its yes share, wherever that is."""
    problem = problem_of(tmp_path, "r,june,2011-06-01,b,outcome,,,,,approved\n")
    (batch,) = (batch for batch in problem.batches if batch.said)
    assert batch.links.straight().all()
    assert not len(batch.bent)
    logits = np.array([[[[1.3, 0.4]], [[-2.0, 1.0]]]])
    np.testing.assert_allclose(batch.links.at(logits).value.ravel(), [1.3, -2.0])


@pytest.mark.parametrize("rows", [2, 5])
def test_orthants_have_their_probability(rows: int) -> None:
    """Weights of numbers within intervals average to SciPy's probability; points to a density."""
    rng = np.random.default_rng(rows)
    root = rng.standard_normal((rows, rows)) + np.eye(rows)
    covariance = root @ root.T
    low = np.full(rows, -0.2)
    low[0], high = 0.4, np.full(rows, np.inf)
    high[-1] = 1.5
    factor = np.linalg.cholesky(covariance)[None, None]
    _, log_weights = truncated.simulate(
        factor, low[None, None], high[None, None], 1, rng.random((1, 1, 40_000, rows - 1))
    )
    slope, left = covariance[1:, 0] / covariance[0, 0], covariance[1:, 1:]
    left = left - np.outer(slope, covariance[0, 1:])
    exact = stats.norm.pdf(low[0], 0, np.sqrt(covariance[0, 0]))
    exact *= stats.multivariate_normal(slope * low[0], left).cdf(
        high[1:], lower_limit=low[1:], rng=np.random.default_rng(0)
    )
    weights = np.exp(log_weights[0, 0])
    error = weights.std() / np.sqrt(len(weights)) + 1e-5 * exact  # SciPy's own
    assert abs(weights.mean() - exact) < MOST_OFF * error


def test_tilting_keeps_the_law_and_steadies_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without shifts the numbers are the same on average; with them weights vary less."""
    rows, copies = 8, 40_000
    factor = np.linalg.cholesky(np.full((rows, rows), 0.8) + 0.2 * np.eye(rows))[None, None]
    low, high = np.full((1, 1, rows), 1.0), np.full((1, 1, rows), np.inf)
    uniform = np.random.default_rng(4).random((1, 1, copies, rows))
    numbers, log_weights = truncated.simulate(factor, low, high, 0, uniform)
    monkeypatch.setattr(truncated, "STEPS", 0)
    plain, log_plain = truncated.simulate(factor, low, high, 0, uniform)
    with_shift, without = np.exp(log_weights[0, 0]), np.exp(log_plain[0, 0])
    assert with_shift.std() < 0.5 * without.std()
    error = np.hypot(with_shift.std(), without.std()) / np.sqrt(copies)
    assert abs(with_shift.mean() - without.mean()) < MOST_OFF * error
    first = np.average(numbers[0, 0, :, 0], weights=with_shift)
    assert first == pytest.approx(np.average(plain[0, 0, :, 0], weights=without), abs=0.02)


@pytest.mark.parametrize(
    "evidence",
    [
        "r,june,2011-06-01,a-1,count,130,170,,,\n",
        "r,june,2011-06-01,a,margin,,,-60,-20,\n",
        "r,june,2011-06-01,a,outcome,,,,,rejected\nq,june,2011-06-01,a-1,outcome,,,,,approved\n",
        "r,june,2011-06-01,a-2 + b,count,300,200,,,\n",
        "r,june,2011-06-01,a,partial,,,0.40,0.44,\nq,june,2011-06-02,a-3,poll,12,20,,,\n",
        "r,june,2011-06-01,a-1 + a-2,partial,90,100,,,\nq,june,2011-06-02,b,turnout,,,0.6,0.65,\n",
    ],
)
def test_weights_average_to_the_likelihood(tmp_path: Path, evidence: str) -> None:
    """At given shared parameters: against plain draws of the prior weighed by the likelihood."""
    problem = problem_of(tmp_path, evidence)
    rng = np.random.default_rng(8)
    u = np.zeros((2, problem.prior.dimension))
    u[1] = 0.6 * rng.standard_normal(problem.prior.dimension)
    shared = problem.prior.shared(u)
    for batch in problem.batches:
        if not batch.said:
            continue
        ours = np.exp(draw(batch, shared, 4000, rng).log_weights)
        maps = Effects(batch.tree, shared)
        free = rng.standard_normal((len(batch.blocks), 2, 60_000, batch.tree.width))
        logits = maps.means[:, :, None] + maps.logits(free)
        plain = np.exp(batch.reports.log_likelihood(logits))
        top = plain.max()
        for block, point in np.ndindex(*ours.shape[:2]):
            first, second = ours[block, point] / top, plain[block, point] / top
            error = np.hypot(first.std() / np.sqrt(len(first)), second.std() / np.sqrt(len(second)))
            assert abs(first.mean() - second.mean()) < MOST_OFF * error


TOTALS = (
    "r,june,2011-06-01,a,margin,,,-60,-20,\n"
    "q,june,2011-06-02,b,outcome,,,,,approved\n"
    "s,june,2011-06-03,b + c,count,500,400,,,\n"
)


def test_lines_by_regression_weigh_what_lines_of_each_point_weigh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over points of the prior the reports are as likely by either: only the error differs."""
    problem = problem_of(tmp_path, TOTALS)
    shared = points_of(problem, 2 * draws.FITTED_AT)

    def worth(batch: Batch) -> tuple[float, float]:
        weights = np.exp(draw(batch, shared, 100, np.random.default_rng(5)).log_weights[0])
        errors = weights.std(axis=1) / np.sqrt(weights.shape[1])
        return weights.mean(axis=1).sum(), float(np.sqrt(np.square(errors).sum()))

    for batch in problem.batches:
        regressed, error = worth(batch)
        with monkeypatch.context() as patched:
            patched.setattr(draws, "MOST_LINES", 0)
            own, own_error = worth(batch)
        assert regressed != own
        assert abs(regressed - own) < MOST_OFF * np.hypot(error, own_error)


def test_regression_finds_lines_that_are_linear_in_the_parameters(tmp_path: Path) -> None:
    """A point without numbers says nothing; values far out are drawn in; open sides stay open."""
    problem = problem_of(tmp_path, "r,june,2011-06-01,a,margin,,,-60,-20,\n")
    shared = points_of(problem, 400)
    (batch,) = (each for each in problem.batches if each.said)
    maps = Effects(batch.tree, shared)
    here = maps.means
    rise = np.clip(shared.mu, *np.quantile(shared.mu, [0.06, 0.94]))[None, :, None]
    slopes = np.ones((1, 1, 1, here.shape[2])) * (1.0 + 0.1 * rise[..., None])
    line = Line(
        start=3.0 * rise - (slopes @ here[..., None])[..., 0],
        slopes=slopes,
        noise=np.exp(0.2 * rise),
        low=np.full_like(rise, -np.inf),
        high=0.5 * rise,
    )
    line.noise[0, 7] = np.inf
    found = Regressed(batch, shared, line, here).at(shared, maps)
    rest = np.arange(len(shared)) != 7
    for name in ("slopes", "noise", "high"):
        expected, got = (getattr(each, name)[0, rest] for each in (line, found))
        assert np.abs(got - expected).mean() < 0.1 * expected.std()
        assert got.min() >= expected.min()
        assert got.max() <= expected.max()
    assert np.isneginf(found.low).all()
    line.noise[:] = np.inf
    with pytest.raises(ConvergenceError, match="no straight line"):
        Regressed(batch, shared, line, here)


def test_draws_that_take_long_to_straighten_come_to_the_same_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken further by themselves, or all together until the last is straight."""
    problem = problem_of(tmp_path, TOTALS)
    shared = points_of(problem, 50)
    for batch in problem.batches:
        by_few = {}
        for few in (0.0, 1.0):
            monkeypatch.setattr(straightening, "FEW", few)
            by_few[few] = draw(batch, shared, 20, np.random.default_rng(6))
        kept = np.isfinite(by_few[0.0].log_weights)
        assert kept.mean() > 0.95
        for name in ("effects", "log_weights"):
            one, other = (getattr(by_few[few], name)[kept] for few in (0.0, 1.0))
            np.testing.assert_allclose(one, other, atol=1e-4)


def test_numbers_approving_are_those_of_enumeration() -> None:
    """The law of a number, and numbers by block given that their sum is within a range."""
    chance = np.array([0.2, 0.7, 0.5])
    law = number_law(chance[None])[0]
    np.testing.assert_allclose(law, [0.12, 0.43, 0.38, 0.07])
    laws = [number_law(np.tile(chance[:2], (50_000, 1))), number_law(np.full((50_000, 1), 0.5))]
    term = Term(1, 2, {0: (0, 1), 1: (2,)})
    rng = np.random.default_rng(6)
    first, second = numbers_by_block(laws, term, rng.random((50_000, 3)))
    total = first + second
    assert set(total) == {1, 2}
    exact = law[1] / (law[1] + law[2])
    assert stats.binomtest(int((total == 1).sum()), 50_000, exact).pvalue > 1e-6
    given_second = 0.2 * 0.3 + 0.8 * 0.7  # first block has one, second none, of a sum of one
    exact = given_second * 0.5 / law[1]
    ones = total == 1
    hits = int((first[ones] == 1).sum())
    assert stats.binomtest(hits, int(ones.sum()), exact).pvalue > 1e-6


def test_the_proposal_knows_its_density() -> None:
    """Its log density is that of the mixture it draws from, up to a constant."""
    covariance = np.array([[1.0, 0.3], [0.3, 0.5]])
    proposal = Proposal(np.array([0.5, -0.2]), np.linalg.cholesky(covariance))
    points = np.random.default_rng(2).normal(0, 2, (50, 2))
    t = stats.multivariate_t(proposal.mean, covariance, DEGREES).pdf(points)
    exact = (1 - DEFENSIVE) * t + DEFENSIVE * stats.multivariate_normal(np.zeros(2)).pdf(points)
    found = proposal.log_density(points) - np.log(2 * np.pi)
    np.testing.assert_allclose(found, np.log(exact), rtol=1e-10)


def test_tempering_takes_as_much_as_leaves_enough_points() -> None:
    """All of a flat likelihood; of a sharp one what leaves the number that was asked for."""
    flat, power = tempered(np.zeros(500), np.zeros(500), 100)
    assert power == 1.0
    assert (flat == 1).all()
    sharp, power = tempered(np.zeros(500), -(np.linspace(0, 200, 500) ** 2), 100)
    assert 0 < power < 1
    assert sharp.sum() ** 2 / (sharp**2).sum() == pytest.approx(100, rel=0.01)


def test_the_mean_weight_of_copies_survives_weights_of_zero() -> None:
    """A copy that does not agree with a report counts as nothing, and all of them as never."""
    log_weights = np.array([[0.0, -np.inf], [-np.inf, -np.inf], [-800.0, -800.0]])
    np.testing.assert_allclose(log_mean(log_weights), [-np.log(2), -np.inf, -800.0])


# Whole fits


def standard_error(posterior: Posterior, values: np.ndarray) -> float:
    """Of a mean over the draws: as if there were only the effective points."""
    return float(values.std() / np.sqrt(posterior.diagnostics.ess_min))


def test_without_a_report_the_posterior_is_the_prior(tmp_path: Path) -> None:
    """Every point is worth the same, and the quantiles are those of the prior."""
    posterior = fit(layout_of(make_case(tmp_path, TREE)), 1).posterior
    assert posterior.diagnostics.ess_min == pytest.approx(Effort().kept)
    prior = Priors()
    found = np.quantile(posterior.flat("mu"), [0.05, 0.5, 0.95])
    exact = stats.norm.ppf([0.05, 0.5, 0.95], prior.mu.mean, prior.mu.sd)
    np.testing.assert_allclose(found, exact, atol=0.05)


@pytest.mark.parametrize("tau", [PositiveNormal(sd=0.6), PositiveNormal(mean=0.4, sd=0.15)])
@pytest.mark.parametrize("counts", [[(270, 180)], [(270, 180), (150, 210), (90, 30)]])
def test_counts_move_everything_as_quadrature_says(
    tmp_path: Path, counts: list[tuple[int, int]], tau: PositiveNormal
) -> None:
    """Mean, scale and the yes share of a union that has not counted are exact."""
    tree = (
        "unit,parent,members\n" + "".join(f"u{i},,600\n" for i in range(len(counts))) + "z,,400\n"
    )
    rows = [
        f"r{i},june,2011-06-01,u{i},count,{yes},{no},,,\n" for i, (yes, no) in enumerate(counts)
    ]
    case = make_case(tmp_path, tree, "".join(rows), settings=APART)
    case = case.with_priors(replace(case.priors, tau_union=tau))
    posterior = fit(layout_of(case), 7).posterior
    p = case.priors
    exact = quadrature.posterior((p.mu.mean, p.mu.sd), tau.sd, counts, scale_mean=tau.mean)
    for name, values in (("mu", exact.mean), ("tau", exact.scale)):
        draws = posterior.flat(name).reshape(len(posterior.flat(name)), -1)[:, 0]
        expected, error = exact.expect(values), standard_error(posterior, draws)
        assert abs(draws.mean() - expected) < MOST_OFF * error, (name, draws.mean(), expected)
    position = posterior.layout.structure.nodes.index(("z", 0))
    at = posterior.flat("mu") + posterior.flat("tau")[:, 0] * posterior.flat("z")[:, position]
    logits = np.linspace(-3.0, 3.5, 131)
    expected = float(exact.next_union(logits) @ logits)
    assert abs(at.mean() - expected) < MOST_OFF * standard_error(posterior, at)


def test_worlds_of_an_instant_posterior_keep_to_the_evidence(tmp_path: Path) -> None:
    """Counts, outcomes and ranges hold in every world, as with NUTS draws."""
    evidence = """\
r0,june,2011-06-01,a-1,count,130,170,,,
r1,june,2011-06-02,a,outcome,,,,,rejected
r2,june,2011-06-03,b,margin,,,20,60,
r3,june,2011-06-04,*,approvals,,,1,2,
"""
    case = make_case(tmp_path, TREE, evidence)
    posterior = fit(layout_of(case), 2).posterior
    worlds = draw_worlds(case, posterior, case.evidence(), case.target, 2000)
    margin = 2 * worlds.yes - worlds.ballots
    assert (worlds.leaf_yes[:, 0] == 130).all()
    assert (margin[:, 0] <= 0).all()
    assert ((margin[:, 1] >= 20) & (margin[:, 1] <= 60)).all()
    assert (worlds.approves.sum(axis=1) <= 2).all()


def test_the_same_seed_gives_the_same_draws(tmp_path: Path) -> None:
    """And another seed others."""
    case = make_case(tmp_path, TREE, "r,june,2011-06-01,a,margin,,,-60,-20,\n")
    first, second = fit(layout_of(case), 4).posterior, fit(layout_of(case), 4).posterior
    np.testing.assert_equal(dict(first.draws), dict(second.draws))
    other = fit(layout_of(case), 5).posterior
    assert not np.array_equal(first.flat("mu"), other.flat("mu"))


def test_a_warm_start_gives_the_same_posterior(tmp_path: Path) -> None:
    """A fit that starts from the last one's proposal differs from a cold one by chance only."""
    early = "r0,june,2011-06-01,b,count,200,150,,,\n"
    late = early + "r1,june,2011-06-02,c,outcome,,,,,rejected\n"
    before = fit(layout_of(make_case(tmp_path, TREE, early, name="early")), 3)
    layout = layout_of(make_case(tmp_path, TREE, late, name="late"))
    cold, warm = fit(layout, 3), fit(layout, 3, start=before.proposal)
    for name in ("mu", "nu", "tau", "tau_turnout"):
        first, second = cold.posterior.flat(name), warm.posterior.flat(name)
        error = np.hypot(
            standard_error(cold.posterior, first), standard_error(warm.posterior, second)
        )
        assert abs(first.mean() - second.mean()) < MOST_OFF * error, name


def test_what_is_next_to_impossible_is_not_answered(tmp_path: Path) -> None:
    """Evidence hundreds of standard deviations from the model fails the checks."""
    case = make_case(
        tmp_path,
        "unit,parent,members\na,,90000\nb,,90000\n",
        "r0,june,2011-06-01,a,count,44990,10,,,\nr1,june,2011-06-01,b,count,10,44990,,,\n",
        settings=CASE + "[priors]\ntau_union = 0.001\nmu = { mean = 0, sd = 0.01 }\n",
    )
    with pytest.raises(
        ConvergenceError, match=r"the instant engine cannot answer: .*\(at (least 400|most)"
    ):
        fit(layout_of(case), 1, effort=Effort(retries=1))


def test_what_ties_too_much_together_is_refused_before_fitting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reports that join more numbers than the engine is good for are left to NUTS."""
    from ratification.inference.instant import engine

    monkeypatch.setattr(engine, "MOST_ROWS", 1)
    case = make_case(tmp_path, TREE, "r,june,2011-06-01,a-1,count,130,170,,,\n")
    with pytest.raises(ConvergenceError, match="does not take 2 numbers that reports tie together"):
        fit(layout_of(case), 1)


def test_a_permutation_of_unions_changes_nothing_but_chance(tmp_path: Path) -> None:
    """Listed in another order, with reports in another order, unions get the same chances."""
    rows = [
        "r0,june,2011-06-01,a,margin,,,-60,-20,\n",
        "r1,june,2011-06-02,b,count,210,150,,,\n",
    ]
    lines = TREE.splitlines(keepends=True)
    turned = lines[0] + "".join(lines[5:]) + "".join(lines[1:5])
    shares = []
    for name, tree, told in (("one", TREE, rows), ("two", turned, rows[::-1])):
        case = make_case(tmp_path, tree, "".join(told), name=name)
        posterior = fit(layout_of(case), 11).posterior
        worlds = draw_worlds(case, posterior, case.evidence(), case.target, 4000)
        found = dict(zip(case.electorate.unions, worlds.approves.mean(axis=0), strict=True))
        shares.append((found, posterior.diagnostics.ess_min))
    (first, n), (second, m) = shares
    for union in "abc":
        p = first[union]
        error = np.sqrt(max(p * (1 - p), 1e-4) * (1 / n + 1 / m))
        assert abs(p - second[union]) < MOST_OFF * error, union


ASK = ["forecast", "sebac-2011", "--as-of", "2011-06-22", "--engine", "instant", "--json"]
HEAVY = "pymc arviz arviz_stats xarray pandas scipy nutpie pytensor numba click.testing rich"
SAY_MODULES = f"""
import sys
from ratification.cli.main import main
try:
    main({ASK!r} + ["--store", sys.argv[1]])
except SystemExit as end:
    assert not end.code, end.code
print([name for name in {HEAVY!r}.split() if name in sys.modules], file=sys.stderr)
"""


def test_the_command_imports_nothing_heavy_and_repeats_itself(tmp_path: Path) -> None:
    """Two processes with one and two threads print the same bytes, without PyMC or SciPy."""
    outputs = []
    for threads in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", SAY_MODULES, str(tmp_path / threads)],
            env=os.environ | {"OPENBLAS_NUM_THREADS": threads, "PYTHONHASHSEED": threads},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.splitlines()[-1] == "[]"
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    assert '"engine": "instant"' in outputs[0]


def test_a_report_that_adds_nothing_leaves_the_posterior_alone(tmp_path: Path) -> None:
    """An outcome that a count implies changes no draw: nested evidence counts once."""
    count = "r0,june,2011-06-01,b,count,300,100,,,\n"
    implied = count + "r1,june,2011-06-02,b,outcome,,,,,approved\n"
    made = [
        fit(layout_of(make_case(tmp_path, TREE, said, name=name)), 9).posterior
        for name, said in (("plain", count), ("implied", implied))
    ]
    np.testing.assert_equal(dict(made[0].draws), dict(made[1].draws))


def test_effort_is_an_argument(tmp_path: Path) -> None:
    """More points are worth more, and as many draws are kept as are asked for."""
    layout = layout_of(make_case(tmp_path, TREE, "r,june,2011-06-01,b,count,300,100,,,\n"))
    some = fit(layout, 1).posterior
    more = fit(layout, 1, effort=replace(Effort(), points=6000, kept=1200)).posterior
    assert more.diagnostics.ess_min > 1.5 * some.diagnostics.ess_min
    assert (more.chains, more.per_chain) == (4, 300)


def test_a_number_of_approvals_loses_no_draws(tmp_path: Path) -> None:
    """A draw that such a report rules out is worth nothing; it was straightened all the same."""
    tree = "unit,parent,members\na,,\na-0,a,2000\na-1,a,2000\na-2,a,2000\nb,,500\nc,,500\n"
    said = "r,june,2011-06-01,a-0 + a-1 + a-2,approvals,,,2,2,\n"
    posterior = fit(layout_of(make_case(tmp_path, tree, said)), 1).posterior
    assert not posterior.diagnostics.retried


def test_ballots_counted_so_far_stay_as_they_are(tmp_path: Path) -> None:
    """Only what is still to be counted is drawn: 520-480 of some 1,500 is hardly lost any more."""
    tree = "unit,parent,members\na,,2000\nb,,500\nc,,500\n"
    case = make_case(tmp_path, tree, "r,june,2011-06-01,a,partial,520,480,,,\n")
    posterior = fit(layout_of(case), 1).posterior
    worlds = draw_worlds(case, posterior, case.evidence(), case.target, 4000)
    yes, ballots = worlds.yes[:, 0], worlds.ballots[:, 0]
    assert (yes >= 520).all()
    assert (ballots - yes >= 480).all()
    position = posterior.layout.structure.nodes.index(("a", 0))
    logit = posterior.flat("mu") + posterior.flat("tau")[:, 0] * posterior.flat("z")[:, position]
    p = 1 / (1 + np.exp(-logit))
    rest = np.random.default_rng(2).binomial(ballots - 1000, p)  # the same draws, in their order
    exact = (520 + rest) / ballots
    found = yes / ballots
    assert found.std() == pytest.approx(exact.std(), rel=0.1)
    error = standard_error(posterior, exact)
    assert abs(found.mean() - exact.mean()) < MOST_OFF * error
