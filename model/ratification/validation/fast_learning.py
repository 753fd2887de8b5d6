"""Learning from past votes in a tenth of a second: normal logits, variances by marginal likelihood.

The model is that of `learning.py` with counts as normal logits:

    logit = mean + day + question + lasting leaning + unit effect + sampling error

A unit's effects in the questions of one day, or in rounds that repeat each other, share a part of
their variance. Means are integrated out, and the variances are at the mode of their marginal
posterior on the log scale. Their uncertainty is the curvature there, and their skewness that of a
slice through the mode. All days have one scale there; how far their scales differ is told after,
by each day's own likelihood given the rest. The model of Henderson 1975; hyperpriors in `hyper.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ratification.arrays import Float, Int
from ratification.case.case import Case
from ratification.case.priors import DEFAULT, Beta, Normal, Priors
from ratification.validation.hyper import (
    DIFFERING,
    MEAN,
    SHARED,
    SPREAD,
    Hyper,
    Moments,
    priors_of,
)
from ratification.validation.past_votes import PastVote, Rows, logits, past_votes, rows_of
from ratification.validation.within_unions import unit_scales

STEP = 1e-4
FAR = (-8.0, 8.0)  # of a logarithm or logit
NODES = 21  # of Gauss and Hermite
APART = np.linspace(0.0, 2.0, 41)[1:]  # sds of log scales
LOG_SCALES = np.linspace(-7.0, 3.0, 201)
COMMON = np.linspace(0.0, 3.0, 151)[1:]  # root mean squares of scales
SLICE = np.linspace(-4.0, 4.0, 17)  # standard deviations


def learned_priors(cases: Sequence[Case], base: Priors = DEFAULT) -> Priors:
    """Priors of a new vote from all finished votes of some cases, by the fast learner.

    Raises:
        RequestError: no vote has two unions with a complete count.
    """
    return priors_of(fast_hyper(past_votes(cases)), base)


def fast_hyper(votes: Sequence[PastVote]) -> Hyper:
    """What some votes have in common."""
    from threadpoolctl import threadpool_limits

    rows = rows_of(votes)
    with threadpool_limits(1):  # matrices this small gain nothing from threads, which wait
        fitted, fitted_turnout = _fit(_yes_part(rows)), _fit(_turnout_part(rows))
    found = {**fitted_turnout.moments, **fitted.moments}  # persistence is that of yes shares
    found["correlation"] = _correlation(rows, fitted.residuals, fitted_turnout.residuals)
    found |= unit_scales(votes)
    return Hyper(
        found=found,
        units=rows.recurring,
        leanings=fitted.leanings if rows.recurring else None,
        covariance=fitted.covariance if rows.recurring else None,
    )


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One of the two regressions: logits, what they are regressed on, what varies.

    `scales` holds, by name, which row has which level of what varies; `same` the pairs of rows
    that share a part of their unit effect, and the prior of that part. `tau` names that of unit
    effects.
    """

    day: Int[np.ndarray, " seen"]
    logit: Float[np.ndarray, " seen"]
    sampling: Float[np.ndarray, " seen"]
    tau: str
    fixed: Mapping[str, tuple[Float[np.ndarray, " seen"], Normal]]
    scales: Mapping[str, Float[np.ndarray, "seen level"]]
    same: Mapping[str, tuple[Float[np.ndarray, "seen seen"], Beta]]


def _yes_part(rows: Rows) -> _Part:
    logit, sampling = logits(rows.yes, rows.ballots)
    early = {"kappa": (rows.early, DEFAULT.kappa)} if np.ptp(rows.early) > 0 else {}
    lasting = _levels(rows.unit)[:, [rows.units.index(name) for name in rows.recurring]]
    lasting = lasting - lasting.sum(axis=1, keepdims=True) / max(len(rows.recurring), 1)
    return _Part(
        day=rows.day,
        logit=logit,
        sampling=sampling,
        tau="tau_union",
        fixed={"mu": (np.ones(len(logit)), MEAN["mu"]), **early},
        scales={
            "mu_day": _levels(rows.day),
            "mu_question": _levels(rows.vote),
            "tau_union": np.eye(len(logit)),
            **({"leaning": lasting} if rows.recurring else {}),
        },
        same=_same(rows.cell, rows.chained),
    )


def _turnout_part(rows: Rows) -> _Part:
    told = rows.turnout
    seen = told.members > 0
    logit, sampling = logits(told.ballots[seen], told.members[seen])
    return _Part(
        day=told.day[seen],
        logit=logit,
        sampling=sampling,
        tau="tau_turnout_union",
        fixed={"nu": (np.ones(len(logit)), MEAN["nu"])},
        scales={
            "nu_day": _levels(told.day[seen]),
            "tau_turnout_union": np.eye(len(logit)),
        },
        same=_same(told.cell[seen], told.chained[seen]),
    )


def _levels(index: np.ndarray) -> np.ndarray:
    """One column a level, 1 where a row has it."""
    levels: np.ndarray = index[:, None] == np.unique(index)
    return levels.astype(float)


def _same(cell: np.ndarray, chained: np.ndarray) -> dict[str, tuple[np.ndarray, Beta]]:
    """Pairs of rows of one cell: questions of one day, and rounds that repeat each other."""
    pairs = (cell[:, None] == cell) & ~np.eye(len(cell), dtype=bool)
    of_day, of_chain = pairs & (chained == 0), pairs & (chained > 0)
    found = {"shared": (of_day, SHARED), "persistence": (of_chain, DEFAULT.persistence)}
    return {
        name: (each.astype(float), prior) for name, (each, prior) in found.items() if each.any()
    }


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    """Moments by name; residuals are what is left of logits for the unit effects."""

    moments: Mapping[str, Moments]
    residuals: Float[np.ndarray, " seen"]
    leanings: Float[np.ndarray, " unit"]
    covariance: Float[np.ndarray, "unit unit"]


class _Marginal:
    """Minus the log marginal posterior of log scales and logit shares."""

    def __init__(self, part: _Part) -> None:
        self.part = part
        self.names = [*part.scales, *part.same]
        self.columns = np.stack([column for column, _ in part.fixed.values()], axis=1)
        self.prior_mean = np.array([prior.mean for _, prior in part.fixed.values()])
        self.prior = np.diag([prior.sd**2 for _, prior in part.fixed.values()])
        self.grams = {name: levels @ levels.T for name, levels in part.scales.items()}
        self.base = np.diag(part.sampling) + self.columns @ self.prior @ self.columns.T
        self.rest = part.logit - self.columns @ self.prior_mean

    def pieces(self, at: np.ndarray) -> dict[str, np.ndarray]:
        """What each scale, and each shared part of the unit effects, adds to the covariance."""
        values = dict(zip(self.names, at, strict=True))
        found = {name: np.exp(2 * values[name]) * gram for name, gram in self.grams.items()}
        square = np.exp(2 * values[self.part.tau])
        for name, (pairs, _) in self.part.same.items():
            found[name] = square / (1 + np.exp(-values[name])) * pairs
        return found

    def log_prior(self, at: np.ndarray) -> tuple[float, np.ndarray]:
        """On the log and logit scale, Jacobian included, and its gradient."""
        value, gradient = 0.0, np.zeros(len(at))
        for index, name in enumerate(self.names):
            if name in self.part.scales:
                ratio = float(np.exp(at[index]) / SPREAD[name].sd) ** 2
                value += float(at[index]) - 0.5 * ratio
                gradient[index] = 1 - ratio
            else:
                prior = self.part.same[name][1]
                share = float(1 / (1 + np.exp(-at[index])))
                value += float(prior.a * np.log(share) + prior.b * np.log1p(-share))
                gradient[index] = prior.a * (1 - share) - prior.b * share
        return value, gradient

    def value(self, at: np.ndarray) -> float:
        """Up to a constant."""
        lower = np.linalg.cholesky(self.base + sum(self.pieces(at).values()))
        whitened = np.linalg.solve(lower, self.rest)
        likelihood = np.log(np.diag(lower)).sum() + 0.5 * whitened @ whitened
        return float(likelihood) - self.log_prior(at)[0]

    def __call__(self, at: np.ndarray) -> tuple[float, np.ndarray]:
        """The value and its gradient."""
        pieces = self.pieces(at)
        total = self.base + sum(pieces.values())
        inverse = np.linalg.inv(total)
        weighed = inverse @ self.rest
        value, slopes = self.log_prior(at)
        likelihood = 0.5 * (np.linalg.slogdet(total)[1] + self.rest @ weighed)
        outer = inverse - np.outer(weighed, weighed)
        parts = {name: float(np.sum(outer * piece)) for name, piece in pieces.items()}
        gradient = {name: parts[name] for name in self.part.scales}
        for index, name in enumerate(self.names):
            if name in self.part.same:
                gradient[self.part.tau] += parts[name]
                gradient[name] = 0.5 * parts[name] / float(1 + np.exp(at[index]))
        return float(likelihood) - value, np.array([gradient[n] for n in self.names]) - slopes


def _fit(part: _Part) -> _Fitted:
    from scipy.optimize import minimize

    marginal = _Marginal(part)
    start = np.array([np.log(0.3)] * len(part.scales) + [0.0] * len(part.same))
    found = minimize(marginal, start, jac=True, method="L-BFGS-B", bounds=[FAR] * len(start))
    at: np.ndarray = found.x
    steps = STEP * np.eye(len(at))
    slopes = np.array([marginal(at + step)[1] - marginal(at - step)[1] for step in steps])
    curvature = (slopes + slopes.T) / (4 * STEP)
    spread = np.sqrt(np.diag(np.linalg.inv(curvature)))
    moments = {}
    for index, name in enumerate(marginal.names):
        alone = np.eye(len(at))[index] / np.sqrt(curvature[index, index])
        log = np.array([-marginal.value(at + step * alone) for step in SLICE])
        chances = np.exp(log - log.max())
        values = at[index] + spread[index] * SLICE
        scale = np.exp(values) if name in part.scales else 1 / (1 + np.exp(-values))
        moments[name] = _moments(scale, chances / chances.sum())
    return _predicted(part, marginal, at, moments)


def _moments(values: np.ndarray, chances: np.ndarray) -> Moments:
    mean = float(chances @ values)
    return Moments(mean=mean, sd=float(np.sqrt(chances @ (values - mean) ** 2)))


def _predicted(
    part: _Part, marginal: _Marginal, at: np.ndarray, moments: Mapping[str, Moments]
) -> _Fitted:
    """Best linear predictors of everything linear, given the variances. Henderson 1975."""
    inverse = np.linalg.inv(marginal.base + sum(marginal.pieces(at).values()))
    weighed = inverse @ marginal.rest
    values = dict(zip(marginal.names, at, strict=True))
    back = marginal.prior @ marginal.columns.T
    mean = marginal.prior_mean + back @ weighed
    sds = np.sqrt(np.diag(marginal.prior - back @ inverse @ back.T))
    fixed = {
        name: Moments(mean=float(m), sd=float(s))
        for name, m, s in zip(part.fixed, mean, sds, strict=True)
    }
    fitted = lasting = marginal.columns @ mean
    leanings, covariance = np.zeros(0), np.zeros((0, 0))
    for name in part.scales.keys() - {part.tau}:
        levels, square = part.scales[name], np.exp(2 * values[name])
        effect = square * levels.T @ weighed
        fitted = fitted + levels @ effect
        if name == "leaning":
            leanings, lasting = effect, lasting + levels @ effect
            centre = np.eye(len(effect)) - 1 / len(effect)  # leanings are from their average
            covariance = square * centre - square**2 * levels.T @ inverse @ levels
    scales = _scales_of_days(part, marginal.pieces(at), part.logit - lasting)
    return _Fitted(
        moments={**moments, **fixed, **scales},
        residuals=part.logit - fitted,
        leanings=leanings,
        covariance=covariance,
    )


def _scales_of_days(
    part: _Part, pieces: Mapping[str, np.ndarray], rest: Float[np.ndarray, " seen"]
) -> dict[str, Moments]:
    """The root mean square of the days' scales, and how far their logarithms lie apart.

    On a grid, given all else. `rest` is what means over votes and leanings leave; a day's own mean
    is integrated out.
    """
    from scipy.special import logsumexp

    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    common, apart = (axis.reshape(-1, 1) for axis in np.meshgrid(COMMON, APART))
    at = np.log(common) + apart * nodes - apart**2
    log = -0.5 * ((common / SPREAD[part.tau].sd) ** 2 + (apart / DIFFERING.sd) ** 2)[:, 0]
    for by_scale in _by_scale(part, pieces, rest):
        log += logsumexp(np.interp(at, LOG_SCALES, by_scale), b=weights, axis=1)
    chances = np.exp(log - log.max())
    chances /= chances.sum()
    return {
        part.tau: _moments(common[:, 0], chances),
        f"differing_{part.tau}": _moments(apart[:, 0], chances),
    }


def _by_scale(
    part: _Part, pieces: Mapping[str, np.ndarray], rest: Float[np.ndarray, " seen"]
) -> Iterator[Float[np.ndarray, " scale"]]:
    """Log likelihood of each day by the scale of its unit effects."""
    effects = pieces[part.tau] + sum(pieces[name] for name in part.same)
    effects /= pieces[part.tau][0, 0]
    between = sum(pieces[name] for name in part.scales.keys() - {part.tau, "leaning"})
    steady = np.diag(part.sampling) + between
    for day in np.unique(part.day):
        of_day = np.flatnonzero(part.day == day)
        block, seen = np.ix_(of_day, of_day), rest[of_day]
        total = steady[block] + np.exp(2 * LOG_SCALES)[:, None, None] * effects[block]
        each = np.broadcast_to(seen, (len(total), len(seen)))[..., None]
        weighed = np.linalg.solve(total, each)[..., 0]
        yield -0.5 * (weighed @ seen + np.linalg.slogdet(total)[1])


def _correlation(
    rows: Rows, yes: Float[np.ndarray, " row"], turnout: Float[np.ndarray, " seen"]
) -> Moments:
    """Of a unit's effects on the two, joined to its prior by precision.

    The questions of one day have one turnout, and count as their mean.
    """
    prior, seen = DEFAULT.correlation, rows.turnout.members > 0
    questions = np.bincount(rows.at_turnout)
    mean_yes = (np.bincount(rows.at_turnout, weights=yes) / questions)[seen]
    found = float(mean_yes @ turnout / np.sqrt((mean_yes @ mean_yes) * (turnout @ turnout)))
    freedom = max(len(turnout) - len(rows.days) - 1, 1)
    precision, own = prior.sd**-2, freedom / (1 - found**2) ** 2
    mean = (prior.mean * precision + found * own) / (precision + own)
    return Moments(mean=mean, sd=float((precision + own) ** -0.5))
