"""The forecaster of notebooks: results, other priors without a fit, comparisons of settings."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from ratification.answers.estimates import estimate, weighted_estimate
from ratification.answers.reweighting import log_prior
from ratification.api import Forecaster, Result, forecast, load, shipped, write_priors
from ratification.case.case import Case
from ratification.case.priors import Beta, Normal, PositiveNormal, PriorError, Priors
from ratification.case.rounds import Scenario
from ratification.cli.main import main
from ratification.errors import ConvergenceError, RequestError
from ratification.inference.parameters import parameters_of
from ratification.output.contract import forecast_object

DAY = "2011-06-15"
OPEN = "july-2011/per-capita"


@pytest.fixture(scope="module")
def case() -> Case:
    """The founding case early in its first vote."""
    return load("sebac-2011").as_of(DAY)


@pytest.fixture(scope="module")
def ask() -> Forecaster:
    """The instant engine."""
    return Forecaster(engine="instant")


@pytest.fixture(scope="module")
def result(ask: Forecaster, case: Case) -> Result:
    """A forecast of it."""
    return ask.forecast(case)


def test_the_forecast_is_that_of_the_command(result: Result) -> None:
    """Asking by the day gives the same numbers to the last bit."""
    other = forecast(load("sebac-2011"), as_of=DAY, engine="instant")
    assert result.forecast.rules == other.rules
    assert (
        result.probability(OPEN)
        == other.rules[[_key(r) for r in other.rules].index(OPEN)].estimate.probability
    )
    with pytest.raises(RequestError, match="It has: 1996/per-capita"):
        result.probability("1986")


def _key(rule: object) -> str:
    return f"{rule.bylaws}/{rule.reading}"  # type: ignore[attr-defined]


def test_it_shows_as_a_small_table(result: Result) -> None:
    """A row a rule and one line of what it rests on; no wall of numbers."""
    shown = result._repr_html_()
    assert shown.count("<tr") == len(result.forecast.rules) + 1
    assert "as of 2011-06-15" in shown
    assert "instant engine, seed 391" in shown
    assert len(repr(result)) < 400


def test_tables_hold_what_the_forecast_says(result: Result, case: Case) -> None:
    """pandas, xarray and ArviZ see the same numbers."""
    rules, unions = result.rules(), result.unions()
    assert rules["probability"].tolist() == [r.estimate.probability for r in result.forecast.rules]
    assert unions["unit"].tolist() == list(case.electorate.unions_as_listed)
    worlds = result.worlds()
    assert worlds.sizes == {"world": result.forecast.worlds, "union": 15}
    approves = worlds["approves"].mean("world").sel(union="aft").item()
    row = unions[unions["unit"] == "aft"].iloc[0]
    assert approves == pytest.approx(row["approves"], abs=1e-3)
    assert (worlds["yes"] <= worlds["ballots"]).all()
    assert "mu" in result.posterior()["posterior"]


def test_log_prior_is_scipys(result: Result) -> None:
    """Ratios of the density of every shared parameter, added up; constants cancel."""
    posterior = result.run.simulations[0].posterior
    other = load("sebac-2011").with_priors(mu={"mean": 0.1, "sd": 0.9}, tau_union=0.2).priors

    def density(priors: Priors) -> np.ndarray:
        from dataclasses import replace

        total = np.zeros(posterior.chains * posterior.per_chain)
        layout = replace(posterior.layout, priors=priors)
        for _, _, variable, where, prior in parameters_of(layout):
            if variable in posterior.draws:
                values = posterior.flat(variable)
                total += _scipy(prior).logpdf(values if where is None else values[:, where])
        return total

    ours = log_prior(posterior, other) - log_prior(posterior, Priors())
    theirs = density(other) - density(Priors())
    np.testing.assert_allclose(ours - ours.mean(), theirs - theirs.mean(), atol=1e-9)


def _scipy(prior: object) -> scipy.stats.rv_continuous:
    match prior:
        case Normal(mean=mean, sd=sd):
            return scipy.stats.norm(mean, sd)
        case PositiveNormal(sd=sd):
            return scipy.stats.halfnorm(scale=sd)
        case Beta(a=a, b=b):
            return scipy.stats.beta(a, b)
    raise AssertionError(prior)


@pytest.mark.parametrize(
    "numbers", [{"tau_union": 0.35}, {"mu": {"mean": 0.0}}, {"nu": {"mean": 0.9}}]
)
def test_weighing_agrees_with_another_fit(
    result: Result, ask: Forecaster, case: Case, numbers: dict[str, float]
) -> None:
    """Within four errors of both, for every rule."""
    weighed = result.under(**numbers)
    assert weighed.refit is None
    again = ask.forecast(case.with_priors(**numbers))
    for rule in again.forecast.rules:
        ours = weighed.estimates[_key(rule)]
        error = np.hypot(ours.mcse, rule.estimate.mcse)
        assert abs(ours.probability - rule.estimate.probability) < 4 * error + 1e-3


def test_weighing_leaves_what_arithmetic_decides(ask: Forecaster) -> None:
    """Exactly 0 and without an error, as in the forecast itself."""
    result = ask.forecast(load("sebac-2011").as_of("2011-06-24"), bylaws=("1996/per-capita",))
    [rule] = result.forecast.rules
    assert rule.standing == "defeated"
    assert result.under(tau_union=0.5).estimates == {"1996/per-capita": rule.estimate}
    assert (rule.estimate.probability, rule.estimate.mcse) == (0.0, 0.0)


def test_weighing_says_where_it_fails(result: Result) -> None:
    """A prior far away, and one of which no draws are kept, ask for another fit."""
    far = result.under(mu={"mean": -4.0, "sd": 0.1})
    assert far.refit is not None
    assert "far from these draws" in far.refit
    polls = result.under(poll_bias=0.1)
    assert polls.refit is not None
    assert "poll_bias" in polls.refit
    with pytest.raises(PriorError, match="above 0"):
        result.under(tau_union=-1)


def test_equal_weights_give_the_plain_estimate(result: Result) -> None:
    """Probability and error are then those of `estimate`, whatever the weights' scale."""
    worlds = result.run.simulations[0].worlds
    holds = worlds.approves[:, 0]
    plain = estimate(holds, worlds)
    weighted = weighted_estimate(holds, np.full(worlds.count, 7.0), worlds)
    assert weighted.probability == pytest.approx(plain.probability, rel=1e-12)
    assert weighted.mcse == pytest.approx(plain.mcse, rel=1e-9)


def test_comparison_of_settings(ask: Forecaster, case: Case) -> None:
    """One row as it is, one a value; weighed where that holds, fitted where it does not."""
    asked = {"bylaws": ("july-2011/per-capita",)}
    found = ask.compare(case, asked=asked, tau_union=[0.3], poll_bias=[0.2], nu=[{"mean": 1.0}])
    frame = found.frame()
    assert frame["how"].tolist() == ["fitted", "weighed", "fitted", "weighed"]
    assert frame["value"].tolist() == ["", "0.3", "0.2", "mean 1"]
    assert frame["rule"].unique().tolist() == [OPEN]
    assert found._repr_html_().count("<tr") == 5
    drawn = found.chart().to_dict()
    assert {layer["mark"]["type"] for layer in drawn["layer"]} == {"rule", "point"}
    with pytest.raises(PriorError, match="does not exist"):
        ask.compare(case, colour=[1])


def test_the_effect_of_early_returns_is_compared_where_they_are_published(
    ask: Forecaster, case: Case
) -> None:
    """Beside the same votes with returns published; without any report it is refused."""
    asked = {"bylaws": ("july-2011/per-capita",)}
    found = ask.compare(case, asked=asked, kappa=[0.12, {"mean": 0.4, "sd": 0.05}], nu=[1.0])
    frame = found.frame()
    names = ["as it is", "nu", "returns published", "kappa", "kappa"]
    assert frame["setting"].tolist() == names
    published = Scenario(id="out", title="Out", round=case.target, returns="published")
    other = ask.forecast(
        case.with_scenario(published).with_priors(kappa={"mean": 0.4, "sd": 0.05}),
        scenarios=("out",),
        **asked,
    )
    [rule] = other.forecast.rules
    assert frame["probability"].iloc[-1] == rule.estimate.probability
    by_name = ask.compare(
        case.with_scenario(published), asked=asked | {"scenarios": ("out",)}, kappa=[0.12]
    )
    assert by_name.settings[1:] == found.settings[2:4]
    with pytest.raises(RequestError, match="has no reports yet, so it changes nothing"):
        ask.compare(case.without_evidence(), kappa=[0.1])


def test_priors_that_a_scenario_replaces_are_not_weighed(ask: Forecaster, case: Case) -> None:
    """Its own swing stands in place of the case's: weighing by the latter would move the answer."""
    swung = Scenario(id="swung", title="Swung", round=case.target, swing=Normal(mean=0.5, sd=0.1))
    result = ask.forecast(case.with_scenario(swung), scenarios=("swung",))
    refit = result.under(swing={"mean": 1.0}).refit
    assert refit is not None
    assert "swing" in refit
    assert result.under(nu=1.0).refit is None


def test_a_stopped_forecast_leaves_the_forecaster_usable(
    ask: Forecaster, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt in a fit, as a stopped cell gives it, harms nothing."""

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    case = case.with_priors(mu={"mean": 0.35})  # the fit made last is kept: this one is not
    with monkeypatch.context() as patch:
        patch.setattr("ratification.output.runs.instant_fit", stopped)
        with pytest.raises(KeyboardInterrupt):
            ask.forecast(case)
    assert ask.forecast(case).forecast.rules


def test_progress_says_each_stage_once(case: Case, capsys: pytest.CaptureFixture[str]) -> None:
    """A line when it begins."""
    Forecaster(engine="instant", worlds=1000).forecast(case)
    assert capsys.readouterr().out.splitlines() == [
        "fitting, instant engine ...",
        "simulating complete results ...",
    ]


def test_an_unanswerable_fit_is_an_error(ask: Forecaster) -> None:
    """Contradictory beliefs and evidence are refused by the instant engine alone."""
    case = load("sebac-2011").as_of(DAY).with_priors(mu={"mean": -60.0, "sd": 0.01})
    with pytest.raises(ConvergenceError, match="--engine auto"):
        ask.forecast(case)


def test_priors_written_from_a_notebook_give_the_command_the_same_bytes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The JSON of the command on the folder is that of the notebook's own forecast."""
    folder = tmp_path / "sebac-2011"
    shutil.copytree(shipped()["sebac-2011"], folder)
    tuned = load(str(folder)).with_priors(tau_union=0.1 + 0.2, mu={"mean": 1 / 3})
    ask = Forecaster(engine="instant", progress=lambda *_: None)
    here = ask.forecast(tuned, as_of=DAY)
    write_priors(folder, tuned.priors)
    store = str(tmp_path / "store")
    command = ["forecast", str(folder), "--as-of", DAY, "--engine", "instant", "--json"]
    with pytest.raises(SystemExit) as ended:
        main([*command, "--store", store])
    assert ended.value.code == 0
    assert capsys.readouterr().out == json.dumps(forecast_object(here.forecast), indent=1) + "\n"
