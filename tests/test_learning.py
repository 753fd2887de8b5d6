"""Learning from past votes: what is read, estimated, turned into priors, checked and written."""

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hand_made import make_case
from ratification.api import forecast, load, set_from_text
from ratification.api.learning import learn
from ratification.case.case import Case
from ratification.case.folder import load_family
from ratification.case.priors import DEFAULT, Beta, Normal, PositiveNormal
from ratification.cli.main import ratify
from ratification.errors import RequestError
from ratification.inference.fit import Sampler
from ratification.inference.numerics import expit, stream
from ratification.validation import fast_learning
from ratification.validation.fast_learning import fast_hyper, learned_priors
from ratification.validation.hyper import (
    Hyper,
    Moments,
    positive_normal,
    priors_beside_leanings,
    priors_of,
)
from ratification.validation.learning import _log_alike, sampled_hyper
from ratification.validation.learning_check import check_learning
from ratification.validation.past_votes import PastVote, past_votes, rows_of
from ratification.validation.within_unions import unit_scales
from scipy import stats
from scipy.optimize import check_grad
from scipy.stats import multivariate_normal

Counts = dict[str, tuple[int, int, int]]  # members (0: not known), yes, no by unit
SIMULATED = {"mu": 0.3, "mu_day": 0.3, "mu_question": 0.25, "tau_union": 0.4, "shared": 0.5}
SIMULATED |= {"leaning": 0.3, "nu": 1.0, "nu_day": 0.4, "tau_turnout_union": 0.3}


def vote(parent: Path, name: str, day: str, counts: Counts) -> Case:
    """A case of one round, with counts on one day."""
    units = "".join(f"{unit},,{members or ''}\n" for unit, (members, _, _) in counts.items())
    told = "".join(
        f"{unit},june,{day},{unit},count,{yes},{no},,,\n" for unit, (_, yes, no) in counts.items()
    )
    return make_case(parent, f"unit,parent,members\n{units}", told, name=name)


def simulated(parent: Path, days: int, units: int, seed: int, *, apart: float = 0.0) -> list[Case]:
    """Two questions a day, drawn from known laws; members are many, so that counts are precise.

    The log scales of days lie `apart`.
    """
    rng, true = stream(seed, "simulated votes"), SIMULATED
    lasting = true["leaning"] * rng.normal(size=units)
    cases = []
    for day in range(days):
        of_day = true["mu"] + true["mu_day"] * rng.normal()
        both = rng.normal(size=units)
        tau = true["tau_union"] * (np.exp(apart * rng.normal() - apart**2) if apart else 1.0)
        turnout = true["nu"] + true["nu_day"] * rng.normal()
        votes = expit(turnout + true["tau_turnout_union"] * rng.normal(size=units))
        for question in range(2):
            own = np.sqrt(true["shared"]) * both
            own = own + np.sqrt(1 - true["shared"]) * rng.normal(size=units)
            mean = of_day + true["mu_question"] * rng.normal()
            p = expit(mean + lasting + tau * own)
            ballots = rng.binomial(20_000, votes)
            yes = rng.binomial(ballots, p)
            counts = {
                f"u{n}": (20_000, int(yes[n]), int(ballots[n] - yes[n])) for n in range(units)
            }
            name = f"day-{day}-{question}"
            cases.append(vote(parent, name, f"20{day:02d}-05-01", counts))
    return cases


@pytest.fixture(scope="module")
def many_votes(tmp_path_factory: pytest.TempPathFactory) -> tuple[PastVote, ...]:
    """Forty simulated votes of five units on twenty days."""
    return past_votes(simulated(tmp_path_factory.mktemp("votes"), days=20, units=5, seed=7))


@pytest.fixture(scope="module")
def australia() -> tuple[PastVote, ...]:
    """The 28 Australian questions."""
    return past_votes(load_family("australia"))


# What is read


def test_votes_come_by_day_and_within_the_days_asked_for(australia: Sequence[PastVote]) -> None:
    """28 questions on 16 days; `since` and `until` include their days."""
    assert len(australia) == 28
    days = [entry.day for entry in australia]
    assert days == sorted(days)
    assert len(set(days)) == 16
    some = past_votes(load_family("australia"), since=days[5], until=days[9])
    assert {entry.day for entry in some} == {d for d in days if days[5] <= d <= days[9]}


def test_a_vote_without_two_counted_unions_teaches_nothing(tmp_path: Path) -> None:
    """One counted union is no vote to learn from, and neither is a day outside those asked for."""
    one = vote(tmp_path, "one", "2001-05-01", {"a": (100, 30, 20)})
    with pytest.raises(RequestError, match="no vote of these cases has two unions"):
        past_votes([one])
    with pytest.raises(RequestError, match="no vote of these cases and days"):
        past_votes(load_family("australia"), since="1999-01-01")


def test_questions_of_one_day_share_cells_and_one_turnout(tmp_path: Path) -> None:
    """A unit's two questions of a day are one cell; their ballots are averaged."""
    votes = past_votes(
        [
            vote(tmp_path, "a", "2001-05-01", {"x": (1000, 300, 200), "y": (900, 100, 200)}),
            vote(tmp_path, "b", "2001-05-01", {"x": (1000, 310, 240), "y": (900, 120, 200)}),
            vote(tmp_path, "c", "2002-05-01", {"x": (1000, 300, 300), "z": (0, 40, 30)}),
        ]
    )
    rows = rows_of(votes)
    assert rows.cell.tolist() == [0, 1, 0, 1, 2, 3]
    assert rows.turnout.ballots.tolist() == [525, 310, 600, 0]
    assert rows.turnout.members.tolist() == [1000, 900, 1000, 0]
    assert rows.recurring == ("x",)


def test_counts_within_a_day_do_not_lead_each_other() -> None:
    """Results of the same day are not early returns, those of days before are."""
    august = next(v for v in past_votes([load("sebac-2011")]) if v.round == "2011-08")
    early = {entry.unit: entry.early for entry in august.unions}
    assert early["a-and-r"] == 0.0
    assert set(early.values()) > {0.0}
    assert all(entry.early == 0 for v in past_votes(load_family("australia")) for entry in v.unions)


# What is estimated


def test_the_gradient_is_that_of_the_marginal_posterior(many_votes: Sequence[PastVote]) -> None:
    """Analytic and numeric gradients agree."""
    marginal = fast_learning._Marginal(fast_learning._yes_part(rows_of(many_votes[:16])))
    at = np.linspace(-1.5, 0.5, len(marginal.names))
    assert marginal.value(at) == pytest.approx(marginal(at)[0], rel=1e-12)
    assert check_grad(lambda x: marginal(x)[0], lambda x: marginal(x)[1], at) < 1e-3


def test_the_marginal_is_a_multivariate_normal(many_votes: Sequence[PastVote]) -> None:
    """The likelihood is that of the covariance written out pair by pair."""
    rows = rows_of(many_votes[:6])
    part = fast_learning._yes_part(rows)
    marginal = fast_learning._Marginal(part)
    named = dict(zip(marginal.names, np.linspace(-1.2, 0.4, len(marginal.names)), strict=True))
    sds = {name: np.exp(value) for name, value in named.items()}
    share, units = 1 / (1 + np.exp(-named["shared"])), len(rows.recurring)
    total = np.zeros((len(rows.vote), len(rows.vote)))
    for i, j in np.ndindex(*total.shape):
        total[i, j] += DEFAULT.mu.sd**2
        total[i, j] += sds["mu_day"] ** 2 * (rows.day[i] == rows.day[j])
        total[i, j] += sds["mu_question"] ** 2 * (rows.vote[i] == rows.vote[j])
        total[i, j] += sds["leaning"] ** 2 * ((rows.unit[i] == rows.unit[j]) - 1 / units)
        alike = 1.0 if i == j else share * (rows.cell[i] == rows.cell[j])
        total[i, j] += sds["tau_union"] ** 2 * alike + part.sampling[i] * (i == j)
    mean = np.full(len(total), DEFAULT.mu.mean)
    expected = -multivariate_normal(mean, total).logpdf(part.logit)
    expected -= 0.5 * len(total) * np.log(2 * np.pi)
    at = np.array(list(named.values()))
    assert marginal.value(at) + marginal.log_prior(at)[0] == pytest.approx(expected, rel=1e-9)


def test_known_scales_come_back(many_votes: Sequence[PastVote]) -> None:
    """From forty simulated votes each truth is within 4.9 posterior sds (p above 1e-6)."""
    found = fast_hyper(many_votes).found
    for name, true in SIMULATED.items():
        assert abs(found[name].mean - true) < 4.9 * found[name].sd, (name, found[name])
    assert found["tau_union"].sd < 0.06


def test_leanings_come_back_and_the_order_of_cases_does_not_matter(tmp_path: Path) -> None:
    """Estimated leanings lie near the true ones, whatever order the votes are named in."""
    cases = simulated(tmp_path, days=12, units=6, seed=3)
    hyper = fast_hyper(past_votes(cases))
    rng = stream(3, "simulated votes")
    true = SIMULATED["leaning"] * rng.normal(size=6)
    assert hyper.leanings is not None
    assert hyper.covariance is not None
    away = (hyper.leanings - (true - true.mean())) / np.sqrt(np.diag(hyper.covariance))
    assert np.abs(away).max() < 4.9
    assert learned_priors(cases[::-1]) == learned_priors(cases)


def test_units_inside_unions_tell_their_own_scale(tmp_path: Path) -> None:
    """Three far-apart units of one union raise the scale above its prior, twins lower it."""

    def told(yes: Sequence[int]) -> dict[str, Moments]:
        parts = "".join(f"p{n},a,1000\n" for n in range(3))
        rows = "".join(
            f"p{n},june,2001-05-01,p{n},count,{y},{600 - y},,,\n" for n, y in enumerate(yes)
        )
        name = "-".join(map(str, yes))
        both = make_case(
            tmp_path,
            f"unit,parent,members\na,,3000\nb,,500\n{parts}",
            f"{rows}b,june,2001-05-01,b,count,200,100,,,\n",
            name=name,
        )
        return unit_scales(past_votes([both]))

    apart, alike = told([100, 300, 500])["tau_unit"], told([300, 301, 302])["tau_unit"]
    assert apart.mean > 2 * DEFAULT.tau_unit.sd > 4 * alike.mean
    assert unit_scales(past_votes(load_family("australia"))) == {}


def test_cells_of_the_model_are_normals_that_share() -> None:
    """The model's density of effects is that of a multivariate normal, cell by cell."""
    cell, share = np.array([0, 1, 0, 1, 0, 2]), np.array([0.3, 0.8, 0.6])
    values = np.array([0.4, -1.0, 0.2, 1.3, -0.7, 0.9])
    covariance = np.where(cell[:, None] == cell, share[cell], 0.0)
    np.fill_diagonal(covariance, 1.0)
    expected = multivariate_normal(np.zeros(6), covariance).logpdf(values)
    found = float(_log_alike(values, cell, share).eval()) - 3 * np.log(2 * np.pi)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.slow
def test_the_fast_learner_agrees_with_nuts(tmp_path: Path) -> None:
    """On simulated votes every estimate of the two lies within one posterior sd of the other."""
    votes = past_votes(simulated(tmp_path, days=16, units=6, seed=11))
    sampler = Sampler(chains=4, draws=1200, tune=1000, target_accept=0.95, cores=2)
    sampled = sampled_hyper(votes, seed=5, sampler=sampler).hyper
    fast = fast_hyper(votes)
    assert sampled.found.keys() == fast.found.keys()
    for name, moments in sampled.found.items():
        apart = abs(moments.mean - fast.found[name].mean)
        assert apart < max(moments.sd, fast.found[name].sd), (name, moments, fast.found[name])
    assert sampled.leanings is not None
    assert fast.leanings is not None
    assert np.abs(sampled.leanings - fast.leanings).max() < 0.05


# What becomes of it


def test_priors_match_moments() -> None:
    """Variances between votes and of their mean add up; what is not told keeps its default."""
    found = {
        "mu": Moments(mean=0.2, sd=0.3),
        "mu_day": Moments(mean=0.4, sd=0.0),
        "mu_question": Moments(mean=1.2, sd=0.0),
        "nu": Moments(mean=1.5, sd=0.0),
        "nu_day": Moments(mean=0.3, sd=0.4),
        "tau_union": Moments(mean=0.3, sd=0.0),
        "differing_tau_union": Moments(mean=0.0, sd=0.0),
        "tau_turnout_union": Moments(mean=0.5, sd=1.2),
        "leaning": Moments(mean=0.4, sd=0.0),
        "correlation": Moments(mean=-0.1, sd=0.2),
        "persistence": Moments(mean=0.5, sd=0.5 / 3),
    }
    priors = priors_of(Hyper(found=found))
    assert priors.mu == Normal(mean=0.2, sd=1.3)
    assert priors.nu == Normal(mean=1.5, sd=0.5)
    assert priors.tau_union == PositiveNormal(mean=0.5, sd=0.0001)
    assert priors.tau_turnout_union == PositiveNormal(sd=1.3)
    assert priors.persistence == Beta(a=4.0, b=4.0)
    assert priors.tau_unit == DEFAULT.tau_unit
    assert priors.swing == DEFAULT.swing
    assert priors_beside_leanings(Hyper(found=found)) is None


def test_beta_and_tau_carry_what_is_not_known_of_leanings() -> None:
    """Along the leanings their uncertainty is beta's, across them it widens tau."""
    found = fast_hyper(past_votes(load_family("australia"), since="1984-01-01")).found
    leanings = np.array([0.3, -0.4])
    along, across = np.outer(leanings, leanings) / 0.25, np.array([[0.64, 0.48], [0.48, 0.36]])
    hyper = Hyper(
        found={
            **found,
            "tau_union": Moments(mean=0.3, sd=0.0),
            "differing_tau_union": Moments(mean=0.0, sd=0.0),
        },
        units=("a", "b"),
        leanings=leanings,
        covariance=0.01 * along + 0.32 * across,
    )
    priors = priors_beside_leanings(hyper)
    assert priors is not None
    assert priors.beta == Normal(mean=1.0, sd=0.2)
    assert priors.tau_union == PositiveNormal(mean=0.5, sd=0.0001)


@pytest.mark.parametrize(
    ("mean", "sd"), [(0.3, 0.2), (0.3, 0.05), (1.0, 0.7), (0.2, 0.15), (0.4, 0.01)]
)
def test_a_learned_scale_is_as_certain_as_it_is_known(mean: float, sd: float) -> None:
    """The normal that is cut off at zero has the mean and the sd that were asked for."""
    prior = positive_normal(mean, sd)
    law = stats.truncnorm(-prior.mean / prior.sd, np.inf, prior.mean, prior.sd)
    assert (law.mean(), law.std()) == pytest.approx((mean, sd), abs=2e-4)


def test_a_scale_that_is_hardly_known_is_half_normal() -> None:
    """No normal cut off at zero has an sd above three quarters of its mean: the square stays."""
    assert positive_normal(0.3, 0.4) == PositiveNormal(sd=0.5)


@pytest.mark.parametrize("apart", [0.0, 0.7])
def test_the_fast_learner_tells_how_far_days_scales_lie_apart(tmp_path: Path, apart: float) -> None:
    """Of 40 simulated days their root mean square and the spread of their logarithms come back."""
    found = fast_hyper(past_votes(simulated(tmp_path, 40, 5, 9, apart=apart))).found
    assert abs(found["tau_union"].mean - 0.4) < 4 * found["tau_union"].sd
    assert found["tau_union"].sd < 0.12
    told = found["differing_tau_union"]
    assert told.sd < 0.2
    assert abs(told.mean - apart) < (4 * told.sd if apart else 0.25)


def test_learning_from_the_law_that_holds_helps(many_votes: Sequence[PastVote]) -> None:
    """Priors learned from votes of one law predict its left-out days better than the defaults."""
    compared = check_learning(many_votes[:20], seed=1)
    assert {(c.quantity, c.score, c.leanings) for c in compared} == {
        ("yes share", "log density", False),
        ("yes share", "CRPS", False),
        ("yes share", "log density", True),
        ("yes share", "CRPS", True),
        ("turnout", "log density", False),
        ("turnout", "CRPS", False),
    }
    gains = {(c.quantity, c.score, c.leanings): c.gain for c in compared}
    best = gains["yes share", "log density", True]
    assert best.low is not None
    assert best.low > 0
    assert best.mean > gains["yes share", "log density", False].mean
    assert check_learning(many_votes[:4], seed=1) == ()


def test_own_priors_are_what_learning_is_held_against(many_votes: Sequence[PastVote]) -> None:
    """A case's own priors, not the defaults, make the score that learned ones must beat."""
    wide = set_from_text(DEFAULT, "nu.mean=4")
    worse = [replace(v, case=v.case.with_priors(wide)) for v in many_votes[:8]]
    before, after = (
        {(c.quantity, c.score, c.leanings): c for c in check_learning(votes, seed=1)}
        for votes in (many_votes[:8], worse)
    )
    key = ("turnout", "log density", False)
    assert after[key].own < before[key].own - 1
    assert after[key].learned == before[key].learned


# The command


def run(*arguments: str) -> Result:
    """`ratify learn australia ARGUMENTS`, of nine questions, by the fast learner."""
    few = ("--fast", "--since", "1974-01-01")
    return CliRunner().invoke(ratify, ["learn", "australia", *few, *arguments])


def test_learned_priors_and_leanings_forecast_a_new_case(tmp_path: Path) -> None:
    """What is written is read by a case: the states then lean as they used to."""
    toml, features = tmp_path / "priors.toml", tmp_path / "features.csv"
    done = run("--toml", str(toml), "--features", str(features))
    assert done.exit_code == 0, done.output
    folder = tmp_path / "new"
    folder.mkdir()
    shipped = Path(__file__).parent.parent / "data" / "australia-1937-aviation"
    for name in ("electorate.csv", "evidence.csv", "bylaws.toml"):
        (folder / name).write_text((shipped / name).read_text())
    settings = (shipped / "case.toml").read_text().partition("[priors]")[0]
    (folder / "case.toml").write_text(settings + toml.read_text())
    states = {"nsw", "vic", "qld", "sa", "wa", "tas"}
    rows = list(csv.DictReader(features.read_text().splitlines()))
    lines = ["unit,leaning", *(f"{r['unit']},{r['leaning']}" for r in rows if r["unit"] in states)]
    (folder / "features.csv").write_text("\n".join(lines) + "\n")
    case = load(folder)
    assert case.priors.beta.mean == 1.0
    found = forecast(case, as_of="1937-03-01", engine="instant")
    shares = {union.unit: union.yes_share.q50 for union in found.unions}
    leans = {r["unit"]: float(r["leaning"]) for r in rows if r["unit"] in states}
    most, least = max(leans, key=leans.__getitem__), min(leans, key=leans.__getitem__)
    expected = (leans[most] - leans[least]) / 4  # of a share near one half
    assert expected > 0.03
    assert shares[most] - shares[least] == pytest.approx(expected, abs=0.025)


def test_json_is_one_object_and_the_same_every_time() -> None:
    """JSON alone stands on stdout, with priors, leanings and the check; bytes do not vary."""
    first = run("--json")
    found = json.loads(first.stdout)
    assert (len(found["votes"]), len(found["days"]), found["learner"]) == (9, 4, "fast")
    assert found["priors"]["tau_union"]["sd"] < DEFAULT.tau_union.sd
    assert {entry["unit"] for entry in found["leanings"]} >= {"nsw", "tas", "act"}
    assert len(found["check"]) == 6
    assert first.stdout == run("--json").stdout


@pytest.mark.parametrize(
    "extra", [["--since", "1977-01-01"], ["--until", "1987-12-31"], ["--seed", "5"]]
)
def test_options_of_learn_change_what_it_finds(extra: list[str]) -> None:
    """No option is accepted and ignored."""
    assert run("--json", *extra).stdout != run("--json").stdout


def test_tables_say_what_was_not_told() -> None:
    """People read priors, leanings, the check, and which quantities no vote tells."""
    shown = run().stdout
    for text in ("Priors for a new vote", "not identified", "Lasting leanings", "beyond error"):
        assert text in shown


def test_files_are_not_replaced_unasked(tmp_path: Path) -> None:
    """An existing file needs --force; where no unit recurs there are no leanings to write."""
    toml = tmp_path / "priors.toml"
    toml.write_text("mine")
    refused = run("--toml", str(toml))
    assert isinstance(refused.exception, RequestError)
    assert toml.read_text() == "mine"
    assert run("--toml", str(toml), "--force").exit_code == 0
    assert toml.read_text().startswith("[priors]")
    alone = ["--features", str(tmp_path / "f.csv"), "--until", "1974-12-31"]
    assert "no unit recurs" in str(run(*alone).exception)
    assert run("--until", "1974-12-31").stdout.rstrip().endswith("leave one out.")


def test_the_same_case_twice_is_refused() -> None:
    """A vote speaks once."""
    with pytest.raises(RequestError, match="the same case twice: sebac-2011"):
        learn(["sebac-2011", "sebac-2011"], fast=True)
