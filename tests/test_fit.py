"""Fits: against quadrature, through the gates, and without compiling twice."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import quadrature
from exact import approval_chance
from hand_made import CASE, make_case
from ratification.case.case import Case
from ratification.case.priors import PositiveNormal, Priors
from ratification.errors import ConvergenceError
from ratification.inference import fit as fitting
from ratification.inference.fit import DEFAULT_SAMPLER, ESS_LIMIT, Engine, Sampler
from ratification.inference.instant.integrated import integrated_log_likelihood
from ratification.inference.layout import build_layout
from ratification.inference.numerics import effective_sample_size
from ratification.inference.posterior import Diagnostics
from ratification.inference.worlds import draw_worlds
from scipy.special import expit

# With next to no correlation of yes share and turnout the two are apart, and quadrature is easy.
APART = CASE + "[priors]\ncorrelation = { mean = 0, sd = 0.0001 }\n"
MEMBERS, YES, NO = 600, 270, 180
MOST_OFF = 4.5  # standard errors
QUICK = Sampler(draws=1000, tune=800)


@pytest.fixture(scope="module")
def engine() -> Engine:
    """One engine, so that one compilation serves the file."""
    return Engine()


def two_unions(parent: Path, evidence: str) -> Case:
    """One union that may have counted, and one that has not."""
    return make_case(
        parent, f"unit,parent,members\na,,{MEMBERS}\nb,,400\n", evidence, settings=APART
    )


def fitted(engine: Engine, case: Case, seed: int = 5, sampler: Sampler = QUICK) -> fitting.Fit:
    """The fit of a case's target round."""
    return engine.fit(build_layout(case, case.evidence(), case.target), seed, sampler=sampler)


KNOWN_SCALES = Priors(
    tau_union=PositiveNormal(mean=0.4, sd=0.15), tau_turnout_union=PositiveNormal(mean=0.3, sd=0.2)
)


@pytest.mark.slow
@pytest.mark.parametrize("priors", [Priors(), KNOWN_SCALES], ids=["default", "known scales"])
def test_one_count_moves_everything_as_quadrature_says(
    tmp_path: Path, engine: Engine, priors: Priors
) -> None:
    """Mean, scale, the counted union's yes share and the other's chance to approve are exact."""
    case = two_unions(tmp_path, f"r,june,2011-06-01,a,count,{YES},{NO},,,\n")
    case = case.with_priors(
        replace(case.priors, tau_union=priors.tau_union, tau_turnout_union=priors.tau_turnout_union)
    )
    posterior = fitted(engine, case).posterior
    p = case.priors
    yes = quadrature.posterior(
        (p.mu.mean, p.mu.sd), p.tau_union.sd, [(YES, NO)], scale_mean=p.tau_union.mean
    )
    cast = [(YES + NO, MEMBERS - YES - NO)]
    tau = p.tau_turnout_union
    turnout = quadrature.posterior((p.nu.mean, p.nu.sd), tau.sd, cast, scale_mean=tau.mean)
    logits = np.linspace(-3.0, 3.5, 66)
    turnouts = np.linspace(-2.0, 5.0, 15)
    chance = np.array(
        [[approval_chance(400, expit(x), expit(y)) for y in turnouts] for x in logits]
    )
    exact = {
        "mu": yes.expect(yes.mean),
        "tau": yes.expect(yes.scale),
        "nu": turnout.expect(turnout.mean),
        "tau_turnout": turnout.expect(turnout.scale),
        "b approves": float(yes.next_union(logits) @ chance @ turnout.next_union(turnouts)),
    }
    worlds = draw_worlds(case, posterior, case.evidence(), case.target, 40_000)
    drawn = {name: posterior.draws[name].reshape(4, -1) for name in ("mu", "tau", "tau_turnout")}
    drawn["nu"] = posterior.draws["nu"][..., 0]
    approves = worlds.approves[:, case.electorate.unions.index("b")].astype(float)
    drawn["b approves"] = approves.reshape(-1, 4).T
    hold(drawn, exact)


@pytest.mark.slow
@pytest.mark.parametrize(("yes", "no"), [(180, 120), (60, 300)], ids=["alike", "apart"])
def test_two_counts_move_everything_as_quadrature_says(
    tmp_path: Path, engine: Engine, yes: int, no: int
) -> None:
    """One count anchors the means and the other is pinned, whether or not scales may be zero."""
    row = f"s,june,2011-06-02,b,count,{yes},{no},,,\n"
    case = two_unions(tmp_path, f"r,june,2011-06-01,a,count,{YES},{NO},,,\n{row}")
    posterior = fitted(engine, case).posterior
    p, tau = case.priors, case.priors.tau_turnout_union
    shares = quadrature.posterior((p.mu.mean, p.mu.sd), p.tau_union.sd, [(YES, NO), (yes, no)])
    cast = [(YES + NO, MEMBERS - YES - NO), (yes + no, 400 - yes - no)]
    turnouts = quadrature.posterior((p.nu.mean, p.nu.sd), tau.sd, cast)
    exact = {
        "mu": shares.expect(shares.mean),
        "tau": shares.expect(shares.scale),
        "nu": turnouts.expect(turnouts.mean),
        "tau_turnout": turnouts.expect(turnouts.scale),
    }
    hold({name: posterior.draws[name].reshape(4, -1) for name in exact}, exact)


@pytest.mark.slow
def test_turnouts_of_counted_unions_mix(tmp_path: Path, engine: Engine) -> None:
    """Half of 26 unions are counted, with turnouts far apart: short chains are worth enough.

    Unpinned, these turnouts left too few effective draws, and the fit was made twice.
    """
    rng = np.random.default_rng(26)
    sizes = rng.integers(200, 4000, 26)
    yes = (sizes * rng.uniform(0.2, 0.5, 26)).astype(int)
    no = (sizes * rng.uniform(0.05, 0.45, 26)).astype(int)
    tree = "unit,parent,members\n" + "".join(f"u{i},,{size}\n" for i, size in enumerate(sizes))
    rows = [f"r{i},june,2011-06-01,u{i},count,{yes[i]},{no[i]},,,\n" for i in range(0, 26, 2)]
    short = Sampler(chains=2, draws=750, tune=500)
    case = make_case(tmp_path, tree, "".join(rows))
    found = fitted(engine, case, sampler=short).posterior.diagnostics
    assert not found.retried
    assert found.ess_min > ESS_LIMIT


def hold(drawn: dict[str, np.ndarray], exact: dict[str, float]) -> None:
    """Means of draws, by chain, are the exact ones within Monte Carlo error."""
    for name, values in drawn.items():
        off = (values.mean() - exact[name]) / mean_error(values)
        assert abs(off) < MOST_OFF, (name, values.mean(), exact[name])


def mean_error(values: np.ndarray) -> float:
    """Monte Carlo error of a mean over (chain, draw); its formula is held to ArviZ's elsewhere."""
    return float(values.std() / np.sqrt(effective_sample_size(values)))


@pytest.mark.slow
def test_the_integrated_likelihood_holds_at_sampled_draws(tmp_path: Path, engine: Engine) -> None:
    """At NUTS draws too it is what quadrature says, up to one constant."""
    case = two_unions(tmp_path, f"r,june,2011-06-01,a,count,{YES},{NO},,,\n")
    posterior = fitted(engine, case).posterior
    ours = integrated_log_likelihood(posterior)
    tau, tau_turnout = posterior.flat("tau")[:, 0], posterior.flat("tau_turnout")[:, 0]
    theirs = quadrature.log_count(posterior.flat("mu"), tau, YES, NO)
    theirs += quadrature.log_count(
        posterior.flat("nu")[:, 0], tau_turnout, YES + NO, MEMBERS - YES - NO
    )
    wide = np.minimum(tau, tau_turnout) > 0.1  # what the grid over a unit's effect resolves
    assert theirs[wide].std() > 0.3
    assert (ours - theirs)[wide].std() < 0.1


@pytest.mark.slow
def test_new_evidence_does_not_compile(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other evidence, any amount of it, and other priors use the compiled model."""
    first = two_unions(tmp_path, f"r,june,2011-06-01,a,count,{YES},{NO},,,\n")
    engine.compiled(build_layout(first, first.evidence(), first.target))

    def refuse(*_: Any) -> Any:
        raise AssertionError("it compiled again")

    monkeypatch.setattr(fitting, "_compile", refuse)
    rows = "r,june,2011-06-01,a,outcome,,,,,approved\ns,june,2011-06-02,*,share,,,40%,60%,\n"
    (tmp_path / "other").mkdir()
    more = two_unions(tmp_path / "other", rows)
    wider = replace(
        more, priors=replace(more.priors, tau_union=replace(more.priors.tau_union, sd=1.5))
    )
    tau = [fitted(engine, case).posterior.draws["tau"].mean() for case in (more, wider)]
    assert tau[1] > 1.5 * tau[0]


@pytest.mark.slow
@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_reports_leave_a_wide_finite_forecast(
    tmp_path: Path, engine: Engine, rows: int
) -> None:
    """With no, one or two reports of its own a union's yes share stays open, and finite."""
    evidence = (
        f"r,june,2011-06-01,a,count,{YES},{NO},,,\n",
        "s,june,2011-06-02,b,margin,,,-300,300,\n",
    )
    case = two_unions(tmp_path, "".join(evidence[:rows]))
    posterior = fitted(engine, case).posterior
    worlds = draw_worlds(case, posterior, case.evidence(), case.target, 4_000)
    share = worlds.yes[:, 1] / worlds.ballots[:, 1]
    low, high = np.quantile(share, [0.05, 0.95])
    assert np.isfinite(share).all()
    assert 0.02 < low < 0.45
    assert 0.6 < high < 0.99
    assert 0.2 < worlds.approves[:, 1].mean() < 0.95


@pytest.mark.slow
def test_ten_thousand_locals_fit(tmp_path: Path, engine: Engine) -> None:
    """A tree of 10,000 leaves samples little more than what was reported, and converges."""
    rows = "unit,parent,members\n"
    for u in range(20):
        rows += f"u{u},,\n" + "".join(f"u{u}-{k},u{u},{40 + k}\n" for k in range(500))
    counts = "".join(
        f"r{i},june,2011-06-01,u{i}-{7 * i},count,{20 + i % 7},{14 + i % 5},,,\n" for i in range(8)
    )
    case = make_case(tmp_path, rows, counts)
    fit = fitted(engine, case)
    assert len(fit.posterior.layout.structure.nodes) < 60
    worlds = draw_worlds(case, fit.posterior, case.evidence(), "june", 200)
    assert worlds.leaf_yes.shape == (200, 10_000)
    leaf = case.electorate.leaf_index["u3-21"]
    assert set(worlds.leaf_yes[:, leaf].tolist()) == {23}
    assert 0.4 < float(worlds.yes.sum() / worlds.ballots.sum()) < 0.8


@pytest.mark.slow
def test_a_fit_that_has_not_converged_is_an_error(tmp_path: Path, engine: Engine) -> None:
    """Too few draws miss the gates twice: an error with the numbers, and no posterior."""
    case = two_unions(tmp_path, f"r,june,2011-06-01,a,count,{YES},{NO},,,\n")
    short = Sampler(draws=20, tune=50, retry_draws=25, retry_tune=50)
    with pytest.raises(ConvergenceError, match=r"effective sample size \d+ \(at least 400\)"):
        fitted(engine, case, sampler=short)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_draws(tmp_path: Path, engine: Engine) -> None:
    """Two fits with one seed are alike to the byte; another seed differs."""
    case = two_unions(tmp_path, f"r,june,2011-06-01,a,count,{YES},{NO},,,\n")
    one, same, other = (fitted(engine, case, seed).posterior for seed in (5, 5, 6))
    for name, values in one.draws.items():
        assert values.tobytes() == same.draws[name].tobytes(), name
    assert one.draws["mu"].tobytes() != other.draws["mu"].tobytes()


def diagnostics(**changed: Any) -> Diagnostics:
    """Those of a good fit, with something changed."""
    good = Diagnostics(rhat_max=1.0, ess_min=900, divergences=0, target_accept=0.97, retried=False)
    return replace(good, **changed)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rhat_max": 1.011}, "R-hat 1.011 (at most 1.01)"),
        ({"rhat_max": float("nan")}, "R-hat nan (at most 1.01)"),
        ({"ess_min": 399.0}, "effective sample size 399 (at least 400)"),
    ],
)
def test_every_gate_says_what_it_measured(changed: dict[str, Any], said: str) -> None:
    """A missed gate names the number and the limit; a NaN misses it."""
    assert fitting.failures(diagnostics(**changed)) == [said]
    assert fitting.failures(diagnostics()) == []


def test_the_second_run_mends_what_was_wrong() -> None:
    """Smaller steps after divergences; more draws where a gate was missed; longer tuning."""
    s = DEFAULT_SAMPLER
    careful = s.again(careful=True, longer=False)
    assert (careful.target_accept, careful.draws) == (0.995, s.draws)
    longer = s.again(careful=False, longer=True)
    assert (longer.target_accept, longer.draws) == (s.target_accept, s.retry_draws)
    assert careful.tune == longer.tune == s.retry_tune > s.tune


@pytest.mark.parametrize("flags", ["", "floatX=float64"])
def test_without_a_writable_home_pytensor_compiles_elsewhere(
    flags: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home folder that cannot be written gives PyTensor a temporary folder."""
    monkeypatch.setenv("PYTENSOR_FLAGS", flags)
    monkeypatch.setenv("HOME", str(tmp_path))
    fitting.give_pytensor_a_folder()
    assert os.environ["PYTENSOR_FLAGS"] == flags
    monkeypatch.setenv("HOME", os.devnull)  # a folder that not even root can write
    fitting.give_pytensor_a_folder()
    *before, mine = os.environ["PYTENSOR_FLAGS"].split(",")
    assert before == ([flags] if flags else [])
    assert Path(mine.removeprefix("base_compiledir=")).is_dir()


def test_progress_that_raises_ends_the_fit(engine: Engine, tmp_path: Path) -> None:
    """What is not wanted any more is given up while it samples; the model samples again after."""
    case = two_unions(tmp_path, "r1,june,2011-06-01,a,count,270,180,,,\n")
    told = []

    class Unwanted(Exception):
        """What a caller of its own raises."""

    def progress(stage: str, done: int, total: int) -> None:
        told.append((stage, done))
        if stage == "sampling" and done:
            raise Unwanted

    layout = build_layout(case, case.evidence(), case.target)
    endless = Sampler(draws=500_000, tune=500_000)
    with pytest.raises(Unwanted):
        engine.fit(layout, 5, sampler=endless, progress=progress)
    stage, done = told[-1]
    assert stage == "sampling"
    assert 0 < done < endless.chains * endless.draws
    assert fitted(engine, case).posterior.seed == 5
