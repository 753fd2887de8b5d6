"""Learning from past votes by NUTS: a hierarchical model across votes, whose counts are binomial.

    logit p = mu_v + lasting leaning of the unit + kappa * early + tau_d * x       yes share
    logit t = nu_d + tau_turnout_d * w                                             turnout

Each vote v has its own mu_v, each polling day d its own nu_d, tau_d and tau_turnout_d. (x, w) is
standard normal and correlated. A unit's own x in the questions of one day share a part of their
variance, and their mean goes with the day's one turnout; rounds that repeat each other share
`persistence`. A unit's effect is the overdispersion of its binomial count, as in a forecast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ratification.case.priors import DEFAULT
from ratification.errors import ConvergenceError
from ratification.inference.fit import (
    Progress,
    Sampler,
    diagnose,
    failures,
    give_pytensor_a_folder,
    no_progress,
    sampled,
    too_many_divergences,
)
from ratification.inference.posterior import Diagnostics
from ratification.validation.hyper import DIFFERING, MEAN, SHARED, SPREAD, Hyper, Moments
from ratification.validation.past_votes import PastVote, Rows, logits, rows_of
from ratification.validation.within_unions import unit_scales

if TYPE_CHECKING:
    import pymc as pm

DIFFERING_SHARED = 1.0  # sd of the logit of what days share
SAMPLER = Sampler(draws=2000, tune=1500, target_accept=0.98, retry_tune=2000)


@dataclass(frozen=True, kw_only=True)
class SampledHyper:
    """What votes have in common, and whether the sampler can be believed."""

    hyper: Hyper
    diagnostics: Diagnostics


def sampled_hyper(
    votes: Sequence[PastVote],
    *,
    seed: int,
    sampler: Sampler = SAMPLER,
    progress: Progress = no_progress,
) -> SampledHyper:
    """What some votes have in common, by NUTS.

    Raises:
        ConvergenceError: the fit did not converge.
    """
    progress("loading PyMC", 0, 0)
    give_pytensor_a_folder()
    import nutpie

    rows = rows_of(votes)
    model = build_learning_model(rows)
    progress("compiling", 0, 0)
    compiled = nutpie.compile_pymc_model(model)
    tree = sampled(compiled, seed, sampler, progress)
    names = [name for name in (*HYPER, *APART) if name in tree["posterior"].dataset]
    diagnostics = diagnose(tree, sampler.target_accept, retried=False, names=HYPER)
    if failures(diagnostics) or diagnostics.divergences:
        progress("sampling again, more carefully", 0, 0)
        sampler = sampler.again(careful=True, longer=bool(failures(diagnostics)))
        tree = sampled(compiled, seed + 1, sampler, progress)
        diagnostics = diagnose(tree, sampler.target_accept, retried=True, names=HYPER)
    wrong = [*failures(diagnostics), *too_many_divergences(diagnostics, tree)]
    if wrong:
        raise ConvergenceError(
            f"learning did not converge: {'; '.join(wrong)}. Try another --seed, or --fast"
        )
    draws = {name: tree["posterior"].dataset[name].values for name in names}
    found = {name: _moments(draws[name]) for name in names if name != "leanings"}
    leanings = draws["leanings"].reshape(-1, len(rows.recurring)) if rows.recurring else None
    return SampledHyper(
        hyper=Hyper(
            found={**found, **unit_scales(votes)},
            units=rows.recurring,
            leanings=None if leanings is None else leanings.mean(axis=0),
            covariance=None
            if leanings is None
            else np.cov(leanings.T).reshape(2 * [leanings.shape[1]]),
        ),
        diagnostics=diagnostics,
    )


HYPER = (
    "mu",
    "mu_day",
    "mu_question",
    "tau_union",
    "shared",
    "leaning",
    "leanings",
    "nu",
    "nu_day",
    "tau_turnout_union",
    "correlation",
    "persistence",
    "kappa",
)

APART = ("differing_tau_union", "differing_tau_turnout_union")


def _moments(draws: np.ndarray) -> Moments:
    return Moments(mean=float(draws.mean()), sd=float(draws.std()))


def build_learning_model(rows: Rows) -> "pm.Model":
    """The model of some votes together."""
    import pymc as pm

    coords = {"vote": rows.votes, "day": rows.days, "unit": rows.recurring}
    with pm.Model(coords=coords, check_bounds=False) as model:
        means = _vote_means(rows) + _leanings(rows) + _early(rows)
        p = _logits("yes", *logits(rows.yes, rows.ballots))
        t = _logits("turnout", *logits(rows.turnout.ballots, rows.turnout.members))
        tau = _scales("tau_union")[rows.day]
        tau_turnout = _scales("tau_turnout_union")[rows.turnout.day]
        x = (p - means) / tau
        w = (t - _day_means()[rows.turnout.day]) / tau_turnout
        pm.Potential(
            "log_effects", _log_effects(rows, x, w) - _log_sum(tau) - _log_sum(tau_turnout)
        )
        pm.Potential("log_counts", _binomial(rows.yes, rows.ballots, p))
        pm.Potential("log_ballots", _binomial(rows.turnout.ballots, rows.turnout.members, t))
    return model


def _scales(name: str) -> Any:
    """Scales of days, lognormal round their common root mean square.

    Not half-normal, as in a forecast: that has a density at zero, where the lasting leanings could
    be taken from one day alone, which they would then fit without any scale.
    """
    import pymc as pm
    import pytensor.tensor as pt

    common = pm.HalfNormal(name, SPREAD[name].sd)
    differing = pm.HalfNormal(f"differing_{name}", DIFFERING.sd)
    z = pm.Normal(f"z_{name}", dims="day")
    return common * pt.exp(differing * z - differing**2)


def _day_means() -> Any:
    """Mean turnout of days."""
    import pymc as pm

    nu = pm.Normal("nu", MEAN["nu"].mean, MEAN["nu"].sd)
    return pm.Normal("nu_of_day", nu, pm.HalfNormal("nu_day", SPREAD["nu_day"].sd), dims="day")


def _vote_means(rows: Rows) -> Any:
    """Means of votes round those of their days, by row.

    The means of one day are sampled as their sum and what is at right angles to it: the questions
    of a day may be alike to a hundredth while the day itself is known to a tenth. Day effects are
    integrated out.
    """
    import pymc as pm
    import pytensor.tensor as pt

    mean = pm.Normal("mu", MEAN["mu"].mean, MEAN["mu"].sd)
    day_sd = pm.HalfNormal("mu_day", SPREAD["mu_day"].sd)
    question_sd = pm.HalfNormal("mu_question", SPREAD["mu_question"].sd)
    turned, sums = _turned(rows.day_of_vote)
    sd = pt.sqrt(question_sd**2 + sums * day_sd**2)
    around = pm.Normal("mu_turned", mean * np.sqrt(sums), sd, shape=len(sums))
    return pt.dot(turned, around)[rows.vote]


def _turned(days: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An orthogonal matrix, by day a Helmert matrix; of its columns that are sums, of how many."""
    from scipy.linalg import helmert

    turned, sums = np.zeros((len(days), len(days))), np.zeros(len(days))
    for day in np.unique(days):
        place = np.flatnonzero(days == day)
        turned[np.ix_(place, place)] = helmert(len(place), full=True).T
        sums[place[0]] = len(place)
    return turned, sums


def _leanings(rows: Rows) -> Any:
    """Lasting leanings of the units that recur, by row, from their average; of others none."""
    import pymc as pm
    import pytensor.tensor as pt

    if not rows.recurring:
        return 0.0
    sd = pm.HalfNormal("leaning", SPREAD["leaning"].sd)
    each = pm.Deterministic(
        "leanings", sd * pm.ZeroSumNormal("z_leaning", dims="unit"), dims="unit"
    )
    index = {name: place for place, name in enumerate(rows.recurring)}
    place = np.array([index.get(rows.units[unit], len(index)) for unit in rows.unit])
    return pt.concatenate([each, np.zeros(1)])[place]


def _early(rows: Rows) -> Any:
    import pymc as pm

    if not np.ptp(rows.early):
        return 0.0
    return pm.Normal("kappa", DEFAULT.kappa.mean, DEFAULT.kappa.sd) * rows.early


def _logits(name: str, at: np.ndarray, sampling: np.ndarray) -> Any:
    """Logits on the scale of what is known of each from its count: the Jacobian is constant."""
    import pymc as pm

    return at + np.sqrt(sampling) * pm.Flat(f"moved_{name}", shape=len(at))


def _binomial(successes: np.ndarray, trials: np.ndarray, logit: Any) -> Any:
    """Binomial log likelihood, up to a constant. Without trials there is none."""
    import pytensor.tensor as pt

    counted = np.where(trials > 0, successes, 0).astype(float)
    return (counted * logit - trials.astype(float) * pt.softplus(logit)).sum()


def _log_sum(scale: Any) -> Any:
    import pytensor.tensor as pt

    return pt.log(scale).sum()


def _log_effects(rows: Rows, x: Any, w: Any) -> Any:
    """Log density of standardised effects, on yes shares and, given those, on turnout."""
    import pymc as pm
    import pytensor.tensor as pt

    prior, told = DEFAULT.correlation, rows.turnout
    correlation = pm.TruncatedNormal("correlation", prior.mean, prior.sd, lower=-1, upper=1)
    many = len(np.unique(rows.cell))
    chained = np.bincount(rows.cell, weights=rows.chained) > 0
    several = np.bincount(rows.cell) > 1
    persistence: Any = 0.0
    if np.any(several & chained):
        persistence = pm.Beta("persistence", DEFAULT.persistence.a, DEFAULT.persistence.b)
    shared = _shared_by_day() if np.any(several & ~chained) else pt.zeros(len(rows.days))
    day_of_cell = np.zeros(many, dtype=int)
    day_of_cell[rows.cell] = rows.day
    share = pt.switch(chained, persistence, shared[day_of_cell])
    into = (np.arange(len(told.day))[:, None] == rows.at_turnout).astype(float)
    questions = into.sum(axis=1)
    spread = questions * (1 + (questions - 1) * shared[told.day])
    expected = correlation * pt.dot(into, x) / pt.sqrt(spread)
    apart = pt.sqrt(1 - correlation**2)
    log_turnout = _log_alike(
        (w - expected) / apart, told.cell, pt.switch(chained, persistence, 0.0)
    )
    return _log_alike(x, rows.cell, share) + log_turnout - len(told.day) * pt.log(apart)


def _shared_by_day() -> Any:
    """What questions of each day share of the units' effects, logit-normal round a common part.

    Questions of some days are all but the same question, those of others have little in common.
    """
    import pymc as pm

    common = pm.Beta("shared", SHARED.a, SHARED.b)
    differing = pm.HalfNormal("differing_shared", DIFFERING_SHARED)
    return pm.math.sigmoid(pm.math.logit(common) + differing * pm.Normal("z_shared", dims="day"))


def _log_alike(values: Any, cell: np.ndarray, share: Any) -> Any:
    """Log density of standard normals of which those of one cell share a part of their variance.

    With n of them in a cell their sum over sqrt(n) has variance 1 + (n - 1) share, and the n - 1
    directions at right angles to it have 1 - share each.
    """
    import pytensor.tensor as pt

    sizes = np.bincount(cell).astype(float)
    into = (np.arange(len(sizes))[:, None] == cell).astype(float)
    along = pt.dot(into, values) ** 2 / sizes
    across = pt.dot(into, values**2) - along
    one, others = 1 + (sizes - 1) * share, 1 - share
    log = pt.log(one) + (sizes - 1) * pt.log(others)
    return -0.5 * (along / one + across / others + log).sum()
