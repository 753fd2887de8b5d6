"""Summaries of parameters: prior beside posterior, and ArviZ's own diagnostics."""

from pathlib import Path

import arviz
import numpy as np
import pytest
import xarray as xr
from hand_made import TWO_ROUNDS, constant_draws, make_case
from ratification.case.priors import Normal
from ratification.inference.layout import build_layout
from ratification.inference.parameters import ParameterSummary, summarise
from scipy import stats


@pytest.fixture(scope="module")
def found(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, ParameterSummary], xr.DataTree]:
    """Summaries of draws that are made, over two rounds, and their tree."""
    parent: Path = tmp_path_factory.mktemp("parameters")
    rows = "early,may,2011-05-01,a,count,60,30,,,\nlate,june,2011-06-01,a,count,50,40,,,\n"
    case = make_case(parent, "unit,parent,members\na,,100\nb,,200\n", rows, settings=TWO_ROUNDS)
    layout = build_layout(case, case.evidence(), case.target)
    draws, rng = constant_draws(layout.structure, (4, 300)), np.random.default_rng(3)
    dataset = xr.Dataset()
    for name, values in draws.items():
        dims = ["chain", "draw", *(f"{name}_{axis}" for axis in range(values.ndim - 2))]
        dataset[name] = (dims, 0.3 * rng.standard_normal(values.shape))
    tree = xr.DataTree.from_dict({"posterior": dataset})
    return {entry.name: entry for entry in summarise(tree, layout)}, tree


def test_every_common_parameter_is_summed_up_once(
    found: tuple[dict[str, ParameterSummary], xr.DataTree],
) -> None:
    """Means, swings and scales by round and level; no single unit's effect."""
    names = set(found[0])
    assert {"mu", "swing", "tau, unions", "correlation", "persistence"} <= names
    assert {"nu, may", "nu, june"} <= names
    assert not any(name.startswith("z") for name in names)


def test_numbers_are_those_of_the_draws_and_of_arviz(
    found: tuple[dict[str, ParameterSummary], xr.DataTree],
) -> None:
    """Mean and quantiles of the draws; R-hat and effective sample sizes as ArviZ has them."""
    summaries, tree = found
    nu = tree["posterior"].dataset["nu"][..., 1]
    entry = summaries["nu, june"]
    assert entry.mean == pytest.approx(float(nu.mean()))
    assert (entry.q05, entry.q95) == pytest.approx(np.quantile(nu.values, [0.05, 0.95]))
    one = xr.Dataset({"x": nu})
    assert entry.rhat == pytest.approx(float(arviz.rhat(one)["x"]))
    assert entry.ess_bulk == pytest.approx(float(arviz.ess(one, method="bulk")["x"]))
    assert entry.ess_tail == pytest.approx(
        float(arviz.ess(one, method="tail", prob=(0.05, 0.95))["x"])
    )


def test_priors_are_those_of_the_case(
    found: tuple[dict[str, ParameterSummary], xr.DataTree],
) -> None:
    """The interval before the evidence is the prior's own: normal, half-normal, beta, cut off."""
    summaries, _ = found
    ends = [0.05, 0.95]
    mu = Normal(mean=0.4, sd=0.6)
    expected = {
        "mu": stats.norm(mu.mean, mu.sd).ppf(ends),
        "tau, unions": stats.halfnorm(scale=0.6).ppf(ends),
        "persistence": stats.beta(2, 2).ppf(ends),
        "correlation": stats.truncnorm(-1 / 0.3, 1 / 0.3, scale=0.3).ppf(ends),
    }
    for name, (low, high) in expected.items():
        entry = summaries[name]
        assert (entry.prior_q05, entry.prior_q95) == pytest.approx((low, high)), name
