"""How much the prior decides, and how much the reports: power scaling, by ArviZ's `psense`.

The posterior of what all unions share is prior times likelihood; each is raised to a power a little
above and below one, and the draws are weighed anew (Kallioinen et al. 2024). The likelihood is that
of the shared parameters, whatever units' own effects are: given a counted unit's own yes share its
count could hardly be more likely, and scaling that would say that reports decide nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ratification.answers.estimates import Estimate
from ratification.answers.judging import Results, judge
from ratification.answers.reweighting import log_prior, weighed
from ratification.answers.run import Run
from ratification.arrays import Float
from ratification.inference.instant.checking import PARETO_LIMIT
from ratification.inference.instant.integrated import integrated_log_likelihood
from ratification.inference.numerics import pareto_k, stream
from ratification.inference.parameters import parameters_of
from ratification.inference.posterior import Posterior
from ratification.inference.structure import Layout

if TYPE_CHECKING:
    import xarray as xr

THRESHOLD = 0.05  # of `psense`: below it a quantity is not sensitive. Kallioinen et al. 2024
POWERS = (0.8, 1.25)  # of the chances that are shown; ArviZ plots the same
RARE = 0.01  # a rarer result, or one as sure, is in too few draws to tell

Verdict = Literal["both", "prior", "reports", "neither"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """`psense` of one parameter, or of one rule's result."""

    name: str
    meaning: str
    prior: float
    likelihood: float

    @property
    def verdict(self) -> Verdict:
        """What decides it. ArviZ calls "both" a potential conflict, "prior" a strong prior."""
        strong, told = self.prior >= THRESHOLD, self.likelihood >= THRESHOLD
        if strong:
            return "both" if told else "prior"
        return "reports" if told else "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSensitivity:
    """How a rule's chance depends on the power of the prior and of the likelihood.

    `found` is None where nearly all simulated votes say the same. Chances are those at POWERS; None
    where the draws cannot be weighed so far.
    """

    rule: str
    estimate: Estimate
    found: Sensitivity | None
    prior: tuple[Estimate | None, Estimate | None]
    likelihood: tuple[Estimate | None, Estimate | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerScaled:
    """Sensitivities of the open rules of a run and of its parameters, in its first scenario."""

    rules: tuple[RuleSensitivity, ...]
    parameters: tuple[Sensitivity, ...]


def power_scaled(run: Run) -> PowerScaled:
    """Everything `psense` says of a run.

    Raises:
        ConvergenceError: reports tie too much together for the likelihood of the shared parameters.
    """
    logs = _logs(run)
    tree = sensitivity_tree(run, logs)
    layout = run.simulations[0].posterior.layout
    prior, likelihood = (_psense(tree, group, layout) for group in ("prior", "likelihood"))
    chances = {group: [_at(run, log, power) for power in POWERS] for group, log in logs.items()}

    def sensitivity(name: str, meaning: str) -> Sensitivity | None:
        if name not in prior:
            return None
        return Sensitivity(
            name=name, meaning=meaning, prior=prior[name], likelihood=likelihood[name]
        )

    def both(group: str, rule: str) -> tuple[Estimate | None, Estimate | None]:
        below, above = (at.get(rule) for at in chances[group])
        return below, above

    rules = []
    for chosen in run.readings:
        rule, key = run.rule(run.simulations[0], chosen), chosen.key
        clear = RARE <= rule.estimate.probability <= 1 - RARE
        if rule.standing == "open":
            found = sensitivity(key, rule.title) if clear else None
            rules.append(
                RuleSensitivity(
                    rule=key,
                    estimate=rule.estimate,
                    found=found,
                    prior=both("prior", key),
                    likelihood=both("likelihood", key),
                )
            )
    named = (sensitivity(name, meaning) for name, meaning, *_ in parameters_of(layout))
    return PowerScaled(
        rules=tuple(rules), parameters=tuple(entry for entry in named if entry is not None)
    )


def sensitivity_tree(
    run: Run, logs: Mapping[str, Float[np.ndarray, " draw"]] | None = None
) -> "xr.DataTree":
    """The posterior with what ArviZ's `psense` and its plots need to scale either power.

    Beside the parameters it has `ratified`, by rule: whether a world of the draw passes. Rules of
    which all worlds say the same have nothing to be sensitive. Where there are fewer worlds than
    draws it holds the draws that have one. `log_prior` is the density of the shared parameters'
    priors, `log_likelihood` that of the reports given the shared parameters.

    Raises:
        ConvergenceError: reports tie too much together for the latter.
    """
    import xarray as xr

    from ratification.inference.tree import tree_of

    simulation = run.simulations[0]
    posterior, worlds = simulation.posterior, simulation.worlds
    used, at = _a_world_of_each(worlds.draw, posterior)
    shape = (-1, posterior.chains)
    results = Results.of(worlds, simulation.electorate)
    passes = {}
    for chosen in run.readings:
        holds = judge(chosen.reading, results)[at].reshape(shape).T.astype(float)
        if run.rule(simulation, chosen).standing == "open" and np.ptp(holds) > 0:
            passes[chosen.key] = holds
    ratified = xr.DataArray(
        np.stack(list(passes.values()), axis=2)
        if passes
        else np.zeros((posterior.chains, len(used) // posterior.chains, 0)),
        dims=("chain", "draw", "rule"),
        coords={"rule": list(passes)},
    )
    tree = tree_of(posterior)
    steps = used[:: posterior.chains] // posterior.chains
    kept = tree["posterior"].dataset.isel(draw=steps).drop_vars("draw")
    tree["posterior"] = xr.DataTree(kept.assign(ratified=ratified))
    for group, log in (logs or _logs(run)).items():
        values = {"shared": (("chain", "draw"), log[used].reshape(shape).T)}
        tree[f"log_{group}"] = xr.DataTree(xr.Dataset(values))
    return tree


def _logs(run: Run) -> dict[str, Float[np.ndarray, " draw"]]:
    """Log prior and log likelihood of every draw, up to constants."""
    posterior = run.simulations[0].posterior
    return {
        "prior": log_prior(posterior, posterior.layout.priors),
        "likelihood": integrated_log_likelihood(posterior),
    }


def _a_world_of_each(draw: np.ndarray, posterior: Posterior) -> tuple[np.ndarray, np.ndarray]:
    """The draws that have worlds, as whole chains, and one world of each, at random."""
    order = stream(posterior.seed, "a world of each").permutation(len(draw))
    used, first = np.unique(draw[order], return_index=True)
    whole = len(used) // posterior.chains * posterior.chains
    return used[:whole], order[first[:whole]]


def _psense(tree: "xr.DataTree", group: str, layout: Layout) -> dict[str, float]:
    """By name of the parameter, or by rule."""
    import arviz_stats

    posterior = tree["posterior"].dataset
    named = [
        (name, variable, where)
        for name, _, variable, where, _ in parameters_of(layout)
        if variable in posterior and np.ptp(posterior[variable].to_numpy()) > 0
    ]
    if np.ptp(tree[f"log_{group}"].dataset["shared"].to_numpy()) == 0:  # nothing is reported
        rules = posterior["rule"].to_numpy().tolist()
        return dict.fromkeys([*(name for name, *_ in named), *rules], 0.0)
    variables = list(dict.fromkeys(variable for _, variable, _ in named))
    told = posterior.sizes["rule"] > 0
    names = [*variables, "ratified"] if told else variables
    found = arviz_stats.psense(tree, group=group, var_names=names)
    values = {
        name: float(found[variable].values if where is None else found[variable].values[where])
        for name, variable, where in named
    }
    if told:
        by_rule = found["ratified"]
        values |= {str(rule): float(by_rule.sel(rule=rule)) for rule in by_rule["rule"].values}
    return values


def _at(run: Run, log: Float[np.ndarray, " draw"], power: float) -> dict[str, Estimate]:
    """Every rule's chance with a factor of the posterior raised to a power; none where it fails."""
    log_weights = (power - 1) * log
    if pareto_k(log_weights) > PARETO_LIMIT:
        return {}
    return weighed(run, np.exp(log_weights - log_weights.max()))
