"""Power scaling of prior and likelihood, against quadrature over the shared parameters."""

from pathlib import Path

import numpy as np
import pytest
import quadrature
from exact import approval_chance
from hand_made import CASE, make_case
from ratification.answers.run import Run
from ratification.api import run
from ratification.case.case import Case
from ratification.inference.instant.adapting import Effort
from ratification.inference.instant.integrated import integrated_log_likelihood
from ratification.output.runs import Runs
from ratification.validation.power_scaling import (
    POWERS,
    PowerScaled,
    Sensitivity,
    power_scaled,
    sensitivity_tree,
)
from scipy.special import expit

# With next to no correlation of yes share and turnout the two are apart, and quadrature is easy.
APART = CASE + "[priors]\ncorrelation = { mean = 0, sd = 0.0001 }\n"
BYLAWS = """\
[[bylaws]]
id = "z"
title = "What z says"
[[bylaws.reading]]
id = "veto"
title = "z approves"
all = [{ approves = "z" }]
"""
TREE = "unit,parent,members\na,,600\nb,,600\nc,,600\nz,,400\n"
COUNTS = {"a": (250, 200), "b": (230, 190), "c": (110, 320)}
LOGITS, TURNOUTS = np.linspace(-4.0, 4.5, 69), np.linspace(-1.5, 4.5, 9)
MOST_OFF = 4.5  # standard errors; chance alone goes beyond in 7 of a million


def counted(parent: Path) -> Case:
    """Three unions have counted and z has not, on whom all hangs."""
    rows = [
        f"{unit},june,2011-06-01,{unit},count,{yes},{no},,,\n" for unit, (yes, no) in COUNTS.items()
    ]
    return make_case(parent, TREE, "".join(rows), settings=APART, bylaws=BYLAWS)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of it by the instant engine, of more points than usual: small changes are checked."""
    runs = Runs(effort=Effort(points=8192, kept=8000))
    case = counted(tmp_path_factory.mktemp("cases"))
    return run(case, engine="instant", worlds=8000, runs=runs)


@pytest.fixture(scope="module")
def power(found: Run) -> PowerScaled:
    """Its sensitivities."""
    return power_scaled(found)


def exact_chance(case: Case, prior_power: float, likelihood_power: float) -> float:
    """Z's chance to approve with either factor of the posterior raised to a power."""
    p, cast = case.priors, [(yes + no, 600 - yes - no) for yes, no in COUNTS.values()]
    powers = {"prior_power": prior_power, "likelihood_power": likelihood_power}
    yes = quadrature.posterior(
        (p.mu.mean, p.mu.sd), p.tau_union.sd, list(COUNTS.values()), 101, **powers
    )
    turnout = quadrature.posterior(
        (p.nu.mean, p.nu.sd), p.tau_turnout_union.sd, cast, 101, **powers
    )
    chance = np.array(
        [[approval_chance(400, expit(x), expit(y)) for y in TURNOUTS] for x in LOGITS]
    )
    return float(yes.next_union(LOGITS) @ chance @ turnout.next_union(TURNOUTS))


def test_the_likelihood_is_what_quadrature_says_at_every_draw(found: Run) -> None:
    """With units' own effects integrated out, up to one constant."""
    posterior = found.simulations[0].posterior
    ours = integrated_log_likelihood(posterior)
    mu, nu = posterior.flat("mu"), posterior.flat("nu")[:, 0]
    tau, tau_turnout = posterior.flat("tau")[:, 0], posterior.flat("tau_turnout")[:, 0]
    theirs = np.zeros(len(mu))
    for yes, no in COUNTS.values():
        cast = yes + no
        theirs += quadrature.log_count(mu, tau, yes, no)
        theirs += quadrature.log_count(nu, tau_turnout, cast, 600 - cast)
    wide = np.minimum(tau, tau_turnout) > 0.1  # what the grid over a unit's effect resolves
    assert theirs[wide].std() > 0.5  # there is something to agree on
    assert (ours - theirs)[wide].std() < 0.1  # of the copies of each union


@pytest.mark.parametrize("group", ["prior", "likelihood"])
def test_chances_at_other_powers_are_those_of_quadrature(
    found: Run, power: PowerScaled, group: str
) -> None:
    """Z's chance moves as it does where prior or likelihood are raised to that power exactly."""
    [rule] = power.rules
    plain = exact_chance(found.case, 1.0, 1.0)
    assert abs(rule.estimate.probability - plain) < MOST_OFF * rule.estimate.mcse
    for at, estimate in zip(POWERS, getattr(rule, group), strict=True):
        exact = exact_chance(found.case, *((at, 1.0) if group == "prior" else (1.0, at)))
        assert abs(estimate.probability - exact) < MOST_OFF * estimate.mcse, (at, exact)
        # Paired with the plain estimate, the change itself is told more sharply than either.
        change = estimate.probability - rule.estimate.probability
        assert change == pytest.approx(exact - plain, abs=0.006), (at, exact - plain)


def test_parameters_are_in_the_order_of_the_model(power: PowerScaled) -> None:
    """Each with what ArviZ says of both powers; a fixed correlation is not moved by reports."""
    by_name = {entry.name: entry for entry in power.parameters}
    assert list(by_name)[:2] == ["mu", "nu"]
    assert by_name["tau, unions"].prior > 0.05
    assert by_name["mu"].likelihood > by_name["correlation"].likelihood


def test_without_reports_the_prior_decides(tmp_path: Path) -> None:
    """Then no power of the likelihood changes anything."""
    silent = run(counted(tmp_path).without_evidence(), engine="instant")
    found = power_scaled(silent)
    [rule] = found.rules
    assert rule.found is not None
    assert (rule.found.likelihood, rule.found.verdict) == (0.0, "prior")
    assert [entry and entry.probability for entry in rule.likelihood] == pytest.approx(
        [rule.estimate.probability] * 2
    )
    assert {entry.likelihood for entry in found.parameters} == {0.0}


def test_a_decided_rule_is_not_asked_about(tmp_path: Path) -> None:
    """Arithmetic is not sensitive to beliefs; what nearly every vote says is not told apart."""
    case = counted(tmp_path)
    decided = run(case, assume=("z approved",), engine="instant")
    assert power_scaled(decided).rules == ()
    assert sensitivity_tree(decided)["posterior"].sizes["rule"] == 0
    sure = run(
        case.with_priors(mu={"mean": 9.0, "sd": 0.1}, tau_union=0.01).without_evidence(),
        engine="instant",
    )
    [rule] = power_scaled(sure).rules
    assert rule.estimate.probability > 0.99
    assert rule.found is None


@pytest.mark.parametrize(
    ("prior", "likelihood", "verdict"),
    [(0.05, 0.05, "both"), (0.2, 0.04, "prior"), (0.04, 0.2, "reports"), (0.0, 0.0, "neither")],
)
def test_verdicts(prior: float, likelihood: float, verdict: str) -> None:
    """By the threshold of 0.05 on either side."""
    entry = Sensitivity(name="mu", meaning="", prior=prior, likelihood=likelihood)
    assert entry.verdict == verdict
