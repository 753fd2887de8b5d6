"""What became of each parameter: prior against posterior, and how well it was sampled.

Made once, beside the fit, where ArviZ is loaded anyway; kept with it as plain numbers.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ratification.case.priors import Normal, Prior
from ratification.inference.normal import normal_quantile
from ratification.inference.quantiles import correlation_quantile, quantile
from ratification.inference.structure import Layout

if TYPE_CHECKING:
    import xarray as xr

LEVELS = ("unions", "units", "locals")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSummary:
    """One parameter: mean, 90% intervals after and before the evidence, diagnostics.

    Everything is on the scale the model has it on: logit for means, scales and effects.
    """

    name: str
    meaning: str
    mean: float
    q05: float
    q95: float
    prior_q05: float
    prior_q95: float
    rhat: float | None  # of chains: weighted points have none
    ess_bulk: float
    ess_tail: float


def summarise(tree: "xr.DataTree", layout: Layout) -> tuple[ParameterSummary, ...]:
    """Summaries of every parameter that is not one unit's own effect, with ArviZ's diagnostics."""
    from arviz_stats.base import array_stats

    posterior = tree["posterior"].dataset
    axes = {"chain_axis": 0, "draw_axis": 1}

    def diagnosed(draws: np.ndarray) -> tuple[float, float, float]:
        return (
            float(array_stats.rhat(draws, **axes)),
            float(array_stats.ess(draws, method="bulk", **axes)),
            float(array_stats.ess(draws, method="tail", prob=(0.05, 0.95), **axes)),
        )

    draws = {str(name): posterior[name].values for name in posterior.data_vars}
    return _summaries(draws, layout, diagnosed)


def summarise_weighted(
    draws: Mapping[str, np.ndarray], layout: Layout, effective: float
) -> tuple[ParameterSummary, ...]:
    """The same for draws resampled from weighted points, without ArviZ.

    `effective` is the number of effective points, which stands for all parameters.
    """
    return _summaries(draws, layout, lambda _: (None, effective, effective))


def _summaries(
    draws: Mapping[str, np.ndarray],
    layout: Layout,
    diagnosed: Callable[[np.ndarray], tuple[float | None, float, float]],
) -> tuple[ParameterSummary, ...]:
    """Of the parameters that were sampled; `diagnosed` gives R-hat, bulk and tail ESS."""
    found = []
    for name, meaning, variable, where, prior in parameters_of(layout):
        if variable not in draws:
            continue
        values = _at(draws[variable], where)
        low, high = np.quantile(values, [0.05, 0.95])
        prior_low, prior_high = _prior_interval(name, prior)
        rhat, ess_bulk, ess_tail = diagnosed(values)
        found.append(
            ParameterSummary(
                name=name,
                meaning=meaning,
                mean=float(values.mean()),
                q05=float(low),
                q95=float(high),
                prior_q05=prior_low,
                prior_q95=prior_high,
                rhat=rhat,
                ess_bulk=ess_bulk,
                ess_tail=ess_tail,
            )
        )
    return tuple(found)


def parameters_of(layout: Layout) -> Iterator[tuple[str, str, str, int | None, Prior]]:
    """Name, meaning, variable, index within it and prior of each."""
    structure, priors = layout.structure, layout.priors
    rounds = structure.rounds
    yield "mu", f"logit yes share of the coalition, {rounds[0]}", "mu", None, priors.mu
    for index, name in enumerate(rounds):
        yield _named("nu", name, rounds), f"logit turnout, {name}", "nu", index, priors.nu
    for index, name in enumerate(rounds[1:]):
        meaning = f"logit shift of the coalition to {name}"
        yield _named("swing", name, rounds[1:]), meaning, "swing", index, priors.swing
    scales = (priors.tau_union, priors.tau_unit, priors.tau_local)
    turnouts = (
        priors.tau_turnout_union,
        priors.tau_turnout_unit,
        priors.tau_turnout_local,
    )
    for level in range(structure.depth):
        what = f"spread between {LEVELS[level]}"
        yield f"tau, {LEVELS[level]}", f"{what}, logit yes share", "tau", level, scales[level]
        name, meaning = f"tau_turnout, {LEVELS[level]}", f"{what}, logit turnout"
        yield name, meaning, "tau_turnout", level, turnouts[level]
    meaning = "of a union's yes share with its turnout"
    yield "correlation", meaning, "correlation", None, priors.correlation
    meaning = "share of variance lasting between rounds"
    yield "persistence", meaning, "persistence", None, priors.persistence
    for index, name in enumerate(structure.features):
        yield f"beta, {name}", f"effect of {name}, logit", "beta", index, priors.beta
    yield "poll_bias", "of straw polls, logit", "poll_bias", None, priors.poll_bias
    yield "kappa", "effect of published early returns, logit", "kappa", None, priors.kappa


def prior_of(name: str) -> str:
    """The prior that a parameter has: `tau_union` of "tau, unions", `nu` of "nu, 2011-06"."""
    kind, _, which = name.partition(", ")
    return f"{kind}_{which.removesuffix('s')}" if kind in ("tau", "tau_turnout") else kind


def _named(name: str, round_id: str, among: tuple[str, ...]) -> str:
    return name if len(among) == 1 else f"{name}, {round_id}"


def _at(values: np.ndarray, where: int | None) -> np.ndarray:
    return values if where is None else values[..., where]


def _prior_interval(name: str, prior: Prior) -> list[float]:
    """Where the middle 90% of a prior lie; the correlation's is kept within -1 and 1."""
    u = normal_quantile(np.array([0.05, 0.95]))
    if name == "correlation" and isinstance(prior, Normal):
        return [float(x) for x in correlation_quantile(prior, u)]
    return [float(x) for x in quantile(prior, u)]
