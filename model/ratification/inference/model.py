"""The PyMC model: a function from arrays to `pm.Model`.

    logit p = mu_r + sum over ancestors (tau_level * z_node) + features * beta + kappa * early
    logit t = nu_r + the same tree with its own scales; a union's two effects are correlated

Non-centred at every level. The scales are sampled with a sign, from a normal that is not cut off
at zero: the model is the same for (tau, z) and (-tau, -z), and `unfold` drops the sign. That
doubles the effective sample size of the scales, measured on the founding case. Effects and means
of which something was seen are sampled on other scales (`replaced`). What was reported enters as
one term for each kind of report (`likelihood`).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ratification.inference.likelihood import likelihood
from ratification.inference.replaced import anchored, moved, moved_turnout
from ratification.inference.structure import Structure
from ratification.inference.terms import PRIOR_ORDER

if TYPE_CHECKING:
    import pymc as pm


def build_model(structure: Structure, data: dict[str, np.ndarray]) -> "pm.Model":
    """The model of one structure. Every array is `pm.Data`: it can be replaced after compiling."""
    import pymc as pm

    with pm.Model(coords=structure.coords, check_bounds=False) as model:
        d = {name: pm.Data(name, value) for name, value in data.items() if _read(name, structure)}
        prior = {name: d["priors"][index] for index, name in enumerate(PRIOR_ORDER)}
        logit_p, logit_t = _field(structure, d, prior)
        likelihood(structure, d, prior, logit_p, logit_t)
    return model


def _read(name: str, structure: Structure) -> bool:
    """Whether a structure reads an array at all: each one costs compile time."""
    optional = {
        "features": bool(structure.features),
        "early": structure.early_returns,
        "composites_needs": False,  # the instant engine's: here they are in the Fourier weights
    }
    return optional.get(name, True)


def _field(structure: Structure, d: dict[str, Any], prior: dict[str, Any]) -> tuple[Any, Any]:
    """Logit yes share and logit turnout of every cell."""
    import pymc as pm
    import pytensor.tensor as pt

    round_of = np.array([r for r, _ in structure.cells])
    names, level = ("union", "unit", "local")[: structure.depth], structure.level
    tau = _signed_scales("tau", names, prior)
    tau_turnout = _signed_scales("tau_turnout", names, prior)
    sign = pt.sign(tau[0] * tau_turnout[0])
    correlation = pm.TruncatedNormal(
        "correlation", sign * prior["correlation_mean"], prior["correlation_sd"], lower=-1, upper=1
    )
    z = pm.Normal("z", dims="node")
    z_turnout = pm.Normal("z_turnout", dims="node")
    lasting, fresh, lasting_turnout = _persistence(structure, prior)
    incidence, scale = structure.incidence, d["node_scale"]
    each = tau[level] * scale
    covariates = _covariates(structure, d, prior)
    bare = covariates + pt.dot(incidence, each * lasting)
    mu = _round_means(structure, prior, d, bare + pt.dot(incidence, each * fresh * z))
    fixed = mu[round_of] + covariates
    z = moved(d, z, each * lasting, each * fresh, fixed, incidence)
    pm.Deterministic("effect", z, dims="node")
    shared = correlation * (level == 0)
    apart, each_turnout = pt.sqrt(1 - shared**2), tau_turnout[level] * scale
    offset = each_turnout * (shared * (lasting + fresh * z) + apart * lasting_turnout)
    each_turnout = each_turnout * apart * fresh
    nu = _turnout_means(prior, d, pt.dot(incidence, offset + each_turnout * z_turnout))[round_of]
    z_turnout = moved_turnout(d, z_turnout, offset, each_turnout, nu, incidence)
    pm.Deterministic("turnout_effect", z_turnout, dims="node")
    effects = pt.stack([each * (lasting + fresh * z), offset + each_turnout * z_turnout], axis=1)
    sums = pt.dot(incidence, effects)
    return fixed + sums[:, 0], nu + sums[:, 1]


def _signed_scales(name: str, levels: Sequence[str], prior: dict[str, Any]) -> Any:
    """Scales by level, each with a sign: |tau| is normal round its prior's mean, cut off at 0."""
    import pymc as pm
    import pytensor.tensor as pt

    sd = pt.stack([prior[f"{name}_{level}"] for level in levels])
    mean = pt.stack([prior[f"{name}_{level}_mean"] for level in levels])
    tau = pm.Normal(name, 0, sd, dims="level")
    # What a mean above zero adds to the normal round zero; nothing where it is zero.
    pm.Potential(f"log_{name}_mean", (mean * (pt.abs(tau) - 0.5 * mean) / sd**2).sum())
    return tau


def _covariates(structure: Structure, d: dict[str, Any], prior: dict[str, Any]) -> Any:
    """What features and early returns add to every cell's logit yes share."""
    import pymc as pm
    import pytensor.tensor as pt

    total: Any = np.zeros(len(structure.cells))
    if structure.features:
        beta = pm.Normal("beta", prior["beta_mean"], prior["beta_sd"], dims="feature")
        total = total + pt.dot(d["features"], beta)
    if structure.early_returns:
        kappa = pm.Normal("kappa", prior["kappa_mean"], prior["kappa_sd"])
        total = total + kappa * d["early"]
    return total


def _round_means(structure: Structure, prior: dict[str, Any], d: dict[str, Any], above: Any) -> Any:
    """The coalition's mean by round: the first has the prior, each later one swings from it.

    `above` is how far each cell lies above its round's mean. With an anchor the last round's mean
    is solved from it: exact, as in `replaced`.
    """
    import pymc as pm
    import pytensor.tensor as pt

    mu = pm.Normal("mu", prior["mu_mean"], prior["mu_sd"])
    if len(structure.rounds) == 1:
        mu = anchored(d, "anchor", mu, prior["mu_mean"], prior["mu_sd"], above)
        pm.Deterministic("solved_mu", mu)
        return pt.stack([mu])
    swing = pm.Normal("swing", prior["swing_mean"], prior["swing_sd"], dims="later_round")
    before = mu + pt.sum(swing[:-1])
    last = anchored(d, "anchor", swing[-1], prior["swing_mean"], prior["swing_sd"], above + before)
    swing = pt.concatenate([swing[:-1], pt.stack([last])])
    pm.Deterministic("solved_swing", swing, dims="later_round")
    return pt.concatenate([pt.stack([mu]), mu + pt.cumsum(swing)])


def _turnout_means(prior: dict[str, Any], d: dict[str, Any], above: Any) -> Any:
    """Mean logit turnout by round, the last one solved from its anchor if it has one."""
    import pymc as pm
    import pytensor.tensor as pt

    mean, sd = prior["nu_mean"], prior["nu_sd"]
    nu = pm.Normal("nu", mean, sd, dims="round")
    last = anchored(d, "turnout_anchor", nu[-1], mean, sd, above)
    nu = pt.concatenate([nu[:-1], pt.stack([last])])
    pm.Deterministic("solved_nu", nu, dims="round")
    return nu


def _persistence(structure: Structure, prior: dict[str, Any]) -> tuple[Any, Any, Any]:
    """The lasting part of every effect, the weight of its fresh part, and lasting turnout."""
    import pymc as pm
    import pytensor.tensor as pt

    if not structure.repeated:
        nothing = np.zeros(len(structure.nodes))
        return nothing, np.ones(len(structure.nodes)), nothing
    share = pm.Beta("persistence", prior["persistence_a"], prior["persistence_b"])
    lasting = pm.Normal("lasting", dims="repeated")
    lasting_turnout = pm.Normal("lasting_turnout", dims="repeated")
    spread = persistence_matrix(structure)
    again = spread.any(axis=1)
    old, fresh = pt.sqrt(share) * again, pt.sqrt(1 - share * again)
    return old * pt.dot(spread, lasting), fresh, old * pt.dot(spread, lasting_turnout)


def persistence_matrix(structure: Structure) -> np.ndarray:
    """1 where a node (row) is one round of a repeated node (column)."""
    names = [name for name, _ in structure.nodes]
    return np.array([[float(name == again) for again in structure.repeated] for name in names])


def unfold(structure: Structure, draws: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Draws on the model's own scale: `z` is the effect, and scales lose their sign to it."""
    found = dict(draws)
    sign, sign_turnout = np.sign(draws["tau"]), np.sign(draws["tau_turnout"])
    found["tau"], found["tau_turnout"] = np.abs(draws["tau"]), np.abs(draws["tau_turnout"])
    found["correlation"] = draws["correlation"] * sign[..., 0] * sign_turnout[..., 0]
    for name in ("mu", "swing", "nu"):
        if f"solved_{name}" in found:
            found[name] = found.pop(f"solved_{name}")
    found["z"] = found.pop("effect") * sign[..., structure.level]
    found["z_turnout"] = found.pop("turnout_effect") * sign_turnout[..., structure.level]
    if structure.repeated:
        level = structure.level[persistence_matrix(structure).argmax(axis=0)]
        found["lasting"] = draws["lasting"] * sign[..., level]
        found["lasting_turnout"] = draws["lasting_turnout"] * sign_turnout[..., level]
    return found
