"""Checks of the model from a notebook: unions left out, power-scaled priors."""

import arviz_stats
import numpy as np
import pytest
from ratification.api import Forecaster, Result, leave_one_union_out, load, sensitivity_tree

DAY = "2011-06-15"


@pytest.fixture(scope="module")
def ask() -> Forecaster:
    """The instant engine."""
    return Forecaster(engine="instant")


@pytest.fixture(scope="module")
def result(ask: Forecaster) -> Result:
    """SEBAC early in its first vote."""
    return ask.forecast(load("sebac-2011").as_of(DAY))


def test_each_reported_union_is_forecast_without_its_reports(ask: Forecaster) -> None:
    """Counts of two unions: without its own each is as open as one that never reported."""
    counts = {"4cs": (700, 100), "marshals": (20, 60)}
    rows = [
        {"units": unit, "kind": "count", "yes": yes, "no": no, "reported": DAY}
        for unit, (yes, no) in counts.items()
    ]
    case = load("sebac-2011").without_evidence().with_evidence(*rows)
    found = {row.unit: row for row in leave_one_union_out(ask, case).rows}
    assert list(found) == [unit for unit in case.electorate.unions_as_listed if unit in counts]
    for unit, (yes, no) in counts.items():
        row = found[unit]
        assert row.approved == (yes > no)
        assert row.share == pytest.approx(yes / (yes + no))
        assert 0.05 < row.approves.probability < 0.98
        assert row.rank is not None
        assert 0 < row.rank < 1
    # What is left is the other's count: a strong no makes a strong yes less likely, and back.
    assert found["4cs"].approves.probability < found["marshals"].approves.probability
    shown = leave_one_union_out(ask, case)
    assert shown.frame()["unit"].tolist() == list(found)
    assert "of 2 counted shares" in shown._repr_html_()


def test_what_arviz_says_of_the_prior_is_what_weighing_says(result: Result) -> None:
    """The tree's log prior is a density up to a constant, and `psense` reads the rules."""
    tree = sensitivity_tree(result)
    ratified = tree["posterior"]["ratified"]
    open_rules = [r for r in result.forecast.rules if r.standing == "open"]
    assert ratified.sizes["rule"] == len(open_rules) > 0
    for rule in open_rules:
        mean = ratified.sel(rule=f"{rule.bylaws}/{rule.reading}").mean().item()
        assert mean == pytest.approx(rule.estimate.probability, abs=6 * rule.estimate.mcse + 1e-3)
    mu = tree["posterior"]["mu"]
    log_prior = tree["log_prior"]["shared"]
    assert log_prior.sizes == mu.sizes
    sensitive = arviz_stats.psense(tree, group="prior", var_names=["mu", "tau"])
    assert float(sensitive["mu"]) > 0
    assert np.isfinite(sensitive["tau"]).all()


def test_with_fewer_worlds_the_draws_that_have_one_are_used(ask: Forecaster) -> None:
    """The tree then holds whole chains of those draws, each with its own worlds' result."""
    few = ask.forecast(load("sebac-2011").as_of(DAY), worlds=1000)
    tree = sensitivity_tree(few)
    assert tree["posterior"].sizes["draw"] * tree["posterior"].sizes["chain"] == 1000
    [rule] = [r for r in few.forecast.rules if r.bylaws == "reopen"]
    mean = tree["posterior"]["ratified"].sel(rule="reopen/per-capita").mean().item()
    assert mean == pytest.approx(rule.estimate.probability)
    worlds = few.run.simulations[0].worlds
    mu = few.run.simulations[0].posterior.flat("mu")[worlds.draw[:8]]
    np.testing.assert_array_equal(tree["posterior"]["mu"].values.T.ravel()[:8], mu)
