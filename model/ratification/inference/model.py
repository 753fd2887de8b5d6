"""The PyMC model: a function from arrays to `pm.Model`.

    logit p = mu_r + sum over ancestors (tau_level * z_node) + features * beta + kappa * early
    logit t = nu_r + the same tree with its own scales; a union's two effects are correlated

Non-centred at every level. The scales are sampled with a sign, from a normal that is not cut off
at zero: the model is the same for (tau, z) and (-tau, -z), and `unfold` drops the sign. That
doubles the effective sample size of the scales, measured on the founding case. Reports of one
kind are one vectorised term over a scope matrix (row x cell), so the graph is small and its size
does not depend on how much was reported. Sums over leaves are normal given p and t, with the exact
mean and variance of the multinomial.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ratification.inference.structure import Structure
from ratification.inference.terms import COLUMNS, PRIOR_ORDER, ROW_KINDS

if TYPE_CHECKING:
    import pymc as pm

FARTHEST = 1e3  # standard deviations; farther is as good as open
START = 0.5  # logit: a usual scale
BEND = 2.0  # how sharply a softplus turns
FARTHEST_EDGE = 2.5  # standard normal; while a scale is near zero an edge would be anywhere
SMALLEST = 1e-13  # of a probability: below it the Fourier sum holds only rounding


def build_model(structure: Structure, data: dict[str, np.ndarray]) -> "pm.Model":
    """The model of one structure. Every array is `pm.Data`: it can be replaced after compiling."""
    import pymc as pm

    with pm.Model(coords=structure.coords, check_bounds=False) as model:
        d = {name: pm.Data(name, value) for name, value in data.items() if _read(name, structure)}
        prior = {name: d["priors"][index] for index, name in enumerate(PRIOR_ORDER)}
        logit_p, logit_t = _field(structure, d, prior)
        _likelihood(structure, d, prior, logit_p, logit_t)
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
    z = _moved(d, z, each * lasting, each * fresh, fixed, incidence)
    pm.Deterministic("effect", z, dims="node")
    shared = correlation * (level == 0)
    apart, each_turnout = pt.sqrt(1 - shared**2), tau_turnout[level] * scale
    offset = each_turnout * (shared * (lasting + fresh * z) + apart * lasting_turnout)
    each_turnout = each_turnout * apart * fresh
    nu = _turnout_means(prior, d, pt.dot(incidence, offset + each_turnout * z_turnout))[round_of]
    z_turnout = _moved_turnout(d, z_turnout, offset, each_turnout, nu, incidence)
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


def _moved(d: dict[str, Any], z: Any, offset: Any, each: Any, fixed: Any, incidence: Any) -> Any:
    """Effects with their component along each direction pinned or bent: see `directions`.

    A direction's sum of logits is rest + norm * w. Its old component c, standard normal in `z`,
    becomes w; the log prior and the Jacobian of that are added, so the posterior is unchanged.
    """
    import pymc as pm
    import pytensor.tensor as pt

    weights = d["direction_weights"]
    kind, at, width = (d["direction_kinds"][:, i] for i in range(3))
    old, rest, norm, slope = _components(weights, z, offset, each, fixed, incidence)
    pinned, pinned_jacobian = _pinned(old, rest, norm, at, width)
    side = pt.switch(kind < 0, -1.0, 1.0)
    edge = FARTHEST_EDGE * pt.tanh(-(side * rest + 3 * width) / (FARTHEST_EDGE * norm))
    past = BEND * (side * old - edge)
    bent = side * (edge + pt.softplus(past) / BEND)
    bent_jacobian = -pt.softplus(-past)
    pin = pt.eq(kind, 0.0)
    new = pt.switch(pin, pinned, bent)
    jacobian = pt.switch(pin, pinned_jacobian, bent_jacobian)
    pm.Potential("log_directions", pt.sum(0.5 * old**2 - 0.5 * new**2 + jacobian))
    return z + pt.dot((new - old) / norm, slope)


def _moved_turnout(
    d: dict[str, Any], z: Any, offset: Any, each: Any, fixed: Any, incidence: Any
) -> Any:
    """The same for effects on turnout, which are pinned only."""
    import pymc as pm
    import pytensor.tensor as pt

    weights = d["turnout_weights"]
    at, width = (d["turnout_pins"][:, i] for i in range(2))
    old, rest, norm, slope = _components(weights, z, offset, each, fixed, incidence)
    new, jacobian = _pinned(old, rest, norm, at, width)
    pm.Potential("log_turnout_directions", pt.sum(0.5 * old**2 - 0.5 * new**2 + jacobian))
    return z + pt.dot((new - old) / norm, slope)


def _components(
    weights: Any, z: Any, offset: Any, each: Any, fixed: Any, incidence: Any
) -> tuple[Any, Any, Any, Any]:
    """Of effects along directions: old components, rest, norm, and slopes by effects."""
    import pytensor.tensor as pt

    full = pt.dot(weights, incidence)
    slope = full * each
    norm = pt.sqrt(pt.sum(slope**2, axis=1) + 1e-12)
    old = pt.dot(slope, z) / norm
    rest = pt.dot(weights, fixed) + pt.dot(full, offset)
    return old, rest, norm, slope


def _pinned(old: Any, rest: Any, norm: Any, at: Any, width: Any) -> tuple[Any, Any]:
    """Components as they are likely to be given what was seen, and the log Jacobian.

    At a large scale that is on the scale of the evidence; as norm goes to zero it is `old` again.
    """
    import pytensor.tensor as pt

    both = width**2 + norm**2
    new = norm * (at - rest) / both + width * old / pt.sqrt(both)
    return new, pt.log(width) - 0.5 * pt.log(both)


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
    is solved from it: exact, as in `_moved`.
    """
    import pymc as pm
    import pytensor.tensor as pt

    mu = pm.Normal("mu", prior["mu_mean"], prior["mu_sd"])
    if len(structure.rounds) == 1:
        mu = _anchored(d, "anchor", mu, prior["mu_mean"], prior["mu_sd"], above)
        pm.Deterministic("solved_mu", mu)
        return pt.stack([mu])
    swing = pm.Normal("swing", prior["swing_mean"], prior["swing_sd"], dims="later_round")
    before = mu + pt.sum(swing[:-1])
    last = _anchored(d, "anchor", swing[-1], prior["swing_mean"], prior["swing_sd"], above + before)
    swing = pt.concatenate([swing[:-1], pt.stack([last])])
    pm.Deterministic("solved_swing", swing, dims="later_round")
    return pt.concatenate([pt.stack([mu]), mu + pt.cumsum(swing)])


def _turnout_means(prior: dict[str, Any], d: dict[str, Any], above: Any) -> Any:
    """Mean logit turnout by round, the last one solved from its anchor if it has one."""
    import pymc as pm
    import pytensor.tensor as pt

    mean, sd = prior["nu_mean"], prior["nu_sd"]
    nu = pm.Normal("nu", mean, sd, dims="round")
    last = _anchored(d, "turnout_anchor", nu[-1], mean, sd, above)
    nu = pt.concatenate([nu[:-1], pt.stack([last])])
    pm.Deterministic("solved_nu", nu, dims="round")
    return nu


def _anchored(d: dict[str, Any], name: str, value: Any, mean: Any, sd: Any, above: Any) -> Any:
    """A mean that puts the anchor near where it was seen: the deviation becomes the anchor's."""
    import pymc as pm
    import pytensor.tensor as pt

    used, at, width = (d[name][i] for i in range(3))
    old = (value - mean) / sd
    solved = at + width * old - pt.dot(d[f"{name}_weights"], above)
    new = (solved - mean) / sd
    pm.Potential(f"log_{name}", used * 0.5 * (old**2 - new**2))
    return pt.switch(used > 0, solved, value)


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


def starts(model: Any, structure: Structure) -> dict[str, Any]:
    """Where nutpie starts chains: as usual, but for scales, which start away from zero.

    Near zero an effect pinned to a count is large beyond measure, and a chain that starts there
    may stay: of the founding case's 26 June one of eight chains did.
    """
    scales = ("tau", "tau_turnout")
    return {
        "initial_points": {name: np.full(structure.depth, START) for name in scales},
        "jitter_rvs": {variable for variable in model.free_RVs if variable.name not in scales},
    }


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


def _likelihood(
    structure: Structure, d: dict[str, Any], prior: dict[str, Any], logit_p: Any, logit_t: Any
) -> None:
    import pymc as pm
    import pytensor.tensor as pt

    pm.Potential("log_counts", _binomial(d["counts"], pt.concatenate([logit_p, logit_t])))
    p, t = pm.math.sigmoid(logit_p), pm.math.sigmoid(logit_t)
    rows = _Rows(d, p, t)
    range_low, range_high = _ranges(rows["range"])
    so_far_low, so_far_high = _counts_so_far(rows["so_far"])
    low = pt.concatenate([range_low, so_far_low])
    high = pt.concatenate([range_high, so_far_high])
    pm.Potential("log_ranges", _log_between(low, high).sum())
    pm.Potential("log_pooled_counts", _pooled_counts(rows["pool"]))
    pm.Potential("log_polls", _polls(rows["poll"], prior["poll_bias_sd"]))
    pm.Potential("log_approvals", _approvals(structure, d, rows["unit"]))


class _Rows:
    """Sums of expected votes over every row's scope, by one matrix product; sliced by kind."""

    SUMS = ("ballots", "yes", "yes_tp", "yes_t", "ballots_t", "yes_p", "squares")

    def __init__(self, d: dict[str, Any], p: Any, t: Any) -> None:
        import pytensor.tensor as pt

        ballots = d["members"] * t
        yes = ballots * p
        columns = [ballots, yes, yes * t * p, yes * t, ballots * t, yes * p, ballots**2]
        self.sums = pt.dot(d["scope"], pt.stack(columns, axis=1))
        self.values = d["values"]
        self.ends = pt.concatenate([np.zeros(1, dtype=np.int64), pt.cumsum(d["sizes"])])

    def __getitem__(self, kind: str) -> dict[str, Any]:
        """The sums and the values of one kind of row, by name."""
        index = ROW_KINDS.index(kind)
        rows = slice(self.ends[index], self.ends[index + 1])
        sums, values = self.sums[rows], self.values[rows]
        return {name: sums[:, i] for i, name in enumerate(self.SUMS)} | {
            f"given_{name}": values[:, i] for i, name in enumerate(COLUMNS[kind])
        }


def _linear(row: dict[str, Any], alpha: Any, beta: Any) -> tuple[Any, Any]:
    """Mean and sd of alpha * yes + beta * no over a scope: multinomial, exact.

    Per member E[v^2] - E[v]^2 with v = alpha (probability t p), beta (t (1 - p)) or 0.
    """
    import pytensor.tensor as pt

    both = alpha - beta
    mean = both * row["yes"] + beta * row["ballots"]
    squares = both**2 * row["yes_tp"] + 2 * both * beta * row["yes_t"] + beta**2 * row["ballots_t"]
    variance = (alpha**2 - beta**2) * row["yes"] + beta**2 * row["ballots"] - squares
    return mean, pt.sqrt(pt.maximum(variance, 0.0) + 0.25)


def _share(row: dict[str, Any]) -> tuple[Any, Any]:
    """Pooled yes share of a scope, and the variance of cell shares round it, by ballots."""
    import pytensor.tensor as pt

    share = row["yes"] / row["ballots"]
    return share, pt.maximum(row["yes_p"] / row["ballots"] - share**2, 0.0)


def _binomial(counts: Any, logits: Any) -> Any:
    """Binomial log likelihood of counts at single cells, up to a constant."""
    import pytensor.tensor as pt

    at = logits[pt.cast(counts[:, 0], "int64")]
    return (counts[:, 1] * at - counts[:, 2] * pt.softplus(at)).sum()


def _ranges(row: dict[str, Any]) -> tuple[Any, Any]:
    """Standardised bounds of alpha * yes + beta * no."""
    mean, sd = _linear(row, row["given_alpha"], row["given_beta"])
    low = row["given_low"] + row["given_low_each"] * row["ballots"]
    high = row["given_high"] + row["given_high_each"] * row["ballots"]
    return (low - mean) / sd, (high - mean) / sd


def _counts_so_far(row: dict[str, Any]) -> tuple[Any, Any]:
    """Standardised bounds of the yes share of a pooled count so far.

    It is a sample of ballots, and of the places they are from: a part f of the ballots from n
    places of equal size has variance between/n * (1 - f)/f beside its binomial one; where f is
    not known it is taken to be one half.
    """
    import pytensor.tensor as pt

    share, between = _share(row)
    ballots, seen = row["ballots"], row["given_ballots"]
    counted = pt.switch(seen > 0, pt.minimum(seen, ballots), 0.5 * ballots)
    part = counted / ballots
    places = ballots**2 / row["squares"]
    composition = between * pt.minimum((1 - part) / (part * places), 1.0)
    sd = pt.sqrt(share * (1 - share) / counted + composition)
    return (row["given_low"] - share) / sd, (row["given_high"] - share) / sd


def _pooled_counts(row: dict[str, Any]) -> Any:
    """Ballots, then margin given ballots, of a complete count over several cells."""
    import pytensor.tensor as pt

    counted = row["given_ballots"]
    mean_ballots, sd_ballots = _linear(row, 1.0, 1.0)
    mean, sd = _linear(row, 1.0, -1.0)
    # Covariance of ballots and margin: sum of m t (1 - t) (2 p - 1).
    covariance = 2 * (row["yes"] - row["yes_t"]) - (row["ballots"] - row["ballots_t"])
    slope = covariance / sd_ballots**2
    left = pt.sqrt(pt.maximum(sd**2 - slope * covariance, 0.25))
    off_ballots = (counted - mean_ballots) / sd_ballots
    margin = 2 * row["given_yes"] - counted
    off_margin = (margin - mean - slope * (counted - mean_ballots)) / left
    each = -0.5 * (off_ballots**2 + off_margin**2) - pt.log(sd_ballots) - pt.log(left)
    return each.sum()


def _polls(row: dict[str, Any], bias: Any) -> Any:
    """A straw poll's logit share: sampling error and a bias of its own, both normal."""
    import pytensor.tensor as pt

    share, _ = _share(row)
    spread = pt.sqrt(bias**2 + 1 / (row["given_asked"] * share * (1 - share)))
    off = (row["given_logit"] - pt.log(share) + pt.log1p(-share)) / spread
    return (-0.5 * off**2 - pt.log(spread)).sum()


def _approvals(structure: Structure, d: dict[str, Any], row: dict[str, Any]) -> Any:
    """How many units approve: exact Poisson-binomial given p and t."""
    import pytensor.tensor as pt

    mean, sd = _linear(row, row["given_alpha"], row["given_beta"])
    chance = 0.5 * pt.erfc((row["given_cut"] - mean) / (sd * np.sqrt(2.0)))
    if structure.composite:
        chance = pt.concatenate([chance, _number_between(chance, d, "composites")])
    return pt.log(_number_between(chance, d, "approvals")).sum()


def _number_between(chance: Any, d: dict[str, Any], name: str) -> Any:
    """P(low <= number of successes <= high) for each row of units: see `terms.number_table`."""
    import pytensor.tensor as pt

    units, weights, angles = d[f"{name}_units"], d[f"{name}_weights"], d[f"{name}_angles"]
    real = 1 - chance[:, None] * (1 - angles[0])
    imaginary = chance[:, None] * angles[1]
    size = pt.exp(pt.dot(units, 0.5 * pt.log(real**2 + imaginary**2 + 1e-300)))
    turn = pt.dot(units, pt.arctan2(imaginary, real))
    inside = size * (pt.cos(turn) * weights[:, 0] + pt.sin(turn) * weights[:, 1])
    return pt.clip(inside.sum(axis=1), SMALLEST, 1.0)


def _log_between(low: Any, high: Any) -> Any:
    """log[Phi(high) - Phi(low)], accurate in either tail."""
    import pytensor.tensor as pt

    low, high = pt.clip(low, -FARTHEST, FARTHEST), pt.clip(high, -FARTHEST, FARTHEST)
    above = low > 0
    low, high = pt.switch(above, -high, low), pt.switch(above, -low, high)
    upper, lower = _log_normal_cdf(high), _log_normal_cdf(low)
    return upper + pt.log1p(-pt.exp(pt.minimum(lower - upper, -1e-12)))


def _log_normal_cdf(x: Any) -> Any:
    import pytensor.tensor as pt

    # Each branch sees only arguments it is accurate for, so that neither's gradient overflows.
    left, right = pt.minimum(x, -1.0), pt.maximum(x, -1.0)
    tail = pt.log(pt.erfcx(-left / np.sqrt(2.0)) / 2) - left**2 / 2
    return pt.switch(x < -1.0, tail, pt.log1p(-pt.erfc(right / np.sqrt(2.0)) / 2))
