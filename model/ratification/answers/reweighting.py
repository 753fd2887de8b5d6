"""Other priors without another fit: the same worlds, weighed by how likely each prior makes them.

A draw of the posterior under one prior is a draw under another once it has the weight of the ratio
of the two densities (importance sampling). The weights say themselves where they fail: their
Pareto k is then above 0.7 (Vehtari et al. 2024), and only a new fit can answer.
"""

from dataclasses import dataclass, replace

import numpy as np

from ratification.answers.estimates import Estimate, weighted_estimate
from ratification.answers.judging import Results, judge
from ratification.answers.run import Run
from ratification.arrays import Float
from ratification.case.priors import PRIOR_NAMES, Beta, Normal, PositiveNormal, Prior, Priors
from ratification.inference.instant.checking import PARETO_LIMIT
from ratification.inference.numerics import effective_number, pareto_k
from ratification.inference.parameters import parameters_of
from ratification.inference.posterior import Posterior

FEWEST = 200  # effective draws


@dataclass(frozen=True, kw_only=True)
class Reweighted:
    """Estimates by reading (`bylaws/reading`) under other priors; why not, where they fail.

    What arithmetic decides stays as it is.
    """

    estimates: dict[str, Estimate]
    pareto_k: float
    effective: float
    refit: str | None = None  # why only a new fit can answer


def reweighted(run: Run, priors: Priors) -> Reweighted:
    """A run's answers in its first scenario under other priors of the same parameters."""
    simulation = run.simulations[0]
    unseen = _unseen(run, priors)
    if unseen:
        why = f"{' and '.join(unseen)} cannot be weighed: no draws of it are kept"
        return Reweighted(estimates={}, pareto_k=np.inf, effective=0.0, refit=why)
    before, after = (log_prior(simulation.posterior, each) for each in (run.case.priors, priors))
    log_weights = after - before
    weights = np.exp(log_weights - log_weights.max())
    worth = effective_number(weights)
    shape = pareto_k(log_weights)
    refit = None
    if shape > PARETO_LIMIT or worth < FEWEST:
        refit = f"the new priors are far from these draws (Pareto k {shape:.1f}, worth {worth:.0f})"
    estimates = weighed(run, weights)
    return Reweighted(estimates=estimates, pareto_k=shape, effective=worth, refit=refit)


def weighed(run: Run, weights: Float[np.ndarray, " draw"]) -> dict[str, Estimate]:
    """Estimates by reading in the first scenario if its draws had these weights."""
    simulation = run.simulations[0]
    results = Results.of(simulation.worlds, simulation.electorate)
    by_world = weights[simulation.worlds.draw]
    estimates = {}
    for chosen in run.readings:
        rule = run.rule(simulation, chosen)
        estimates[chosen.key] = (
            weighted_estimate(judge(chosen.reading, results), by_world, simulation.worlds)
            if rule.standing == "open"
            else rule.estimate
        )
    return estimates


def log_prior(posterior: Posterior, priors: Priors) -> Float[np.ndarray, " draw"]:
    """Log density of every draw's shared parameters, chains interleaved, up to a constant."""
    total = np.zeros(posterior.chains * posterior.per_chain)
    for _, _, variable, where, prior in parameters_of(replace(posterior.layout, priors=priors)):
        if variable in posterior.draws:
            values = posterior.flat(variable)
            total += _log_density(prior, values if where is None else values[:, where])
    return total


def _log_density(prior: Prior, x: np.ndarray) -> np.ndarray:
    match prior:
        case Normal(mean=mean, sd=sd) | PositiveNormal(mean=mean, sd=sd):
            return np.asarray(-0.5 * ((x - mean) / sd) ** 2)
        case Beta(a=a, b=b):
            inside = np.clip(x, 1e-12, 1 - 1e-12)
            return np.asarray((a - 1) * np.log(inside) + (b - 1) * np.log1p(-inside))


def _unseen(run: Run, after: Priors) -> list[str]:
    """Priors that differ although the worlds' draws do not hold what they are of."""
    posterior, before = run.simulations[0].posterior, run.case.priors
    structure = posterior.layout.structure
    held = {"mu", "correlation", "beta", "kappa", "persistence"} & posterior.draws.keys()
    for unit in ("union", "unit", "local")[: structure.depth]:
        held |= {f"tau_{unit}", f"tau_turnout_{unit}"}
    if run.facts.round in structure.rounds:  # else the round is drawn forward from the priors
        held |= {"nu", "swing"}
    said = (
        posterior.layout.priors
    )  # a scenario's own swing or turnout stands in place of the case's
    held -= {name for name in held if getattr(said, name) != getattr(before, name)}
    differ = [name for name in PRIOR_NAMES if getattr(before, name) != getattr(after, name)]
    return [name for name in differ if name not in held]
