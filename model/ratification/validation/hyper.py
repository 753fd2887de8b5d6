"""What is estimated across votes: hyperpriors, moments, and the priors of a new vote they make.

A prior of a new vote is the law of its own mean or scale given the past ones, matched by moments:
the variance between votes and the uncertainty of their mean add up. A scale is as certain as the
past makes it: a half-normal would give one near zero the largest density, and a vote whose first
reports happen to agree would then be taken for one in which all units agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ratification.arrays import Float
from ratification.case.priors import DEFAULT, Beta, Normal, PositiveNormal, Priors

# Hyperpriors: the mean over votes is where one vote's mean was thought to be, and whole days, and
# questions of a day, spread as one vote was thought to; so one past vote alone says little.
MEAN: Mapping[str, Normal] = {"mu": DEFAULT.mu, "nu": DEFAULT.nu}
SPREAD: Mapping[str, PositiveNormal] = {
    "mu_day": PositiveNormal(sd=DEFAULT.mu.sd),
    "mu_question": PositiveNormal(sd=DEFAULT.mu.sd),
    "nu_day": PositiveNormal(sd=DEFAULT.nu.sd),
    "tau_union": DEFAULT.tau_union,
    "tau_turnout_union": DEFAULT.tau_turnout_union,
    "leaning": PositiveNormal(sd=DEFAULT.beta.sd),  # as much as a feature of one unit width moves
}
DIFFERING = PositiveNormal(sd=0.5)  # sd of the log scales of days
SHARED = Beta(a=2.0, b=2.0)  # of a unit's effect, what questions of one day share
DIGITS = 4
SMALLEST = 10**-DIGITS  # a prior has no sd of zero
FARTHEST = 8.0  # sds from zero: farther out nothing is cut off


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Posterior mean and sd of one quantity, and the mean of its square."""

    mean: float
    sd: float

    @property
    def square(self) -> float:
        """Mean of the square."""
        return self.mean**2 + self.sd**2


@dataclass(frozen=True, kw_only=True)
class Hyper:
    """Posterior moments of what votes have in common, by name; a name is there if identified.

    `mu`, `nu`: means over votes; `mu_day`, `mu_question`, `nu_day`: sds round them, of whole days
    and of the questions of one day; `tau_union`, `tau_turnout_union`, `tau_unit`,
    `tau_turnout_unit`: root mean squares of the scales of single votes, and after `differing_` how
    far their logarithms lie apart from day to day; `shared`: what the
    questions of one day share of a unit's effect; `correlation`,
    `persistence`, `kappa`: as in the model; `leaning`: sd of lasting leanings, `leanings` their
    means and covariance by unit of `units`.
    """

    found: Mapping[str, Moments]
    units: tuple[str, ...] = ()
    leanings: Float[np.ndarray, " unit"] | None = None
    covariance: Float[np.ndarray, "unit unit"] | None = None


def priors_of(hyper: Hyper, base: Priors = DEFAULT) -> Priors:
    """Priors of a vote of any units. What is not identified keeps the prior of `base`."""
    found = hyper.found
    leaning = found["leaning"].square if "leaning" in found else 0.0
    kept = replace(
        base,
        mu=_between(found, "mu"),
        nu=_between(found, "nu"),
        tau_union=_scale(found, "tau_union", leaning),
        tau_turnout_union=_scale(found, "tau_turnout_union"),
        correlation=_normal(found["correlation"]),
    )
    if "tau_unit" in found:
        kept = replace(kept, tau_unit=_scale(found, "tau_unit"))
    if "tau_turnout_unit" in found:
        kept = replace(kept, tau_turnout_unit=_scale(found, "tau_turnout_unit"))
    if "kappa" in found:
        kept = replace(kept, kappa=_normal(found["kappa"]))
    if "persistence" in found:
        kept = replace(kept, persistence=_beta(found["persistence"]))
    return kept


def priors_beside_leanings(hyper: Hyper, base: Priors = DEFAULT) -> Priors | None:
    """Priors of a vote of these units, whose leanings are a feature; None without leanings.

    The feature's factor beta is how large the leanings are beside their means: a posterior
    leaning is its projection on the means, beta times them, and the rest, which widens tau.
    """
    if hyper.leanings is None or hyper.covariance is None or not np.any(hyper.leanings):
        return None
    length = float(hyper.leanings @ hyper.leanings)
    along = float(hyper.leanings @ hyper.covariance @ hyper.leanings) / length
    rest = max(float(np.trace(hyper.covariance)) - along, 0.0) / len(hyper.leanings)
    return replace(
        priors_of(hyper, base),
        tau_union=_scale(hyper.found, "tau_union", rest),
        beta=_normal(Moments(mean=1.0, sd=float(np.sqrt(along / length)))),
    )


def _between(found: Mapping[str, Moments], name: str) -> Normal:
    spread = sum(found[sd].square for sd in (f"{name}_day", f"{name}_question") if sd in found)
    mean = found[name]
    return _normal(Moments(mean=mean.mean, sd=float(np.sqrt(spread + mean.sd**2))))


def _normal(moments: Moments) -> Normal:
    return Normal(mean=round(moments.mean, DIGITS), sd=max(round(moments.sd, DIGITS), SMALLEST))


def _scale(found: Mapping[str, Moments], name: str, lasting: float = 0.0) -> PositiveNormal:
    """Of a new vote's scale, whose square `lasting` leanings add to.

    The scales of days are lognormal round their root mean square. How far they differ has its
    hyperprior where no days tell it.
    """
    common = found[name]
    apart = found.get(f"differing_{name}", Moments(mean=0.0, sd=DIFFERING.sd)).square
    variance = max(common.square - (common.mean * np.exp(-0.5 * apart)) ** 2, 0.0)
    mean = float(np.sqrt(common.square - variance + lasting))
    return positive_normal(mean, float(np.sqrt(variance)))


def positive_normal(mean: float, sd: float) -> PositiveNormal:
    """The normal cut off at zero of this mean and sd.

    If none has so large an sd, the half-normal of the same mean square.
    """
    from scipy.optimize import brentq
    from scipy.stats import truncnorm

    def ratio(at: float) -> float:
        centre, spread = truncnorm.stats(-at, np.inf, loc=at)[0], truncnorm.std(-at, np.inf)
        return float(spread / centre)

    if sd / mean >= ratio(0.0):
        return PositiveNormal(sd=max(round(float(np.hypot(mean, sd)), DIGITS), SMALLEST))
    if sd / mean <= ratio(FARTHEST):  # hardly cut off
        return PositiveNormal(mean=round(mean, DIGITS), sd=max(round(sd, DIGITS), SMALLEST))
    at = float(brentq(lambda at: ratio(at) - sd / mean, 0.0, FARTHEST))
    scale = sd / float(truncnorm.std(-at, np.inf))
    return PositiveNormal(mean=round(at * scale, DIGITS), sd=round(scale, DIGITS))


def _beta(moments: Moments) -> Beta:
    """The beta of this mean and sd."""
    whole = moments.mean * (1 - moments.mean) / moments.sd**2 - 1
    return Beta(a=round(moments.mean * whole, DIGITS), b=round((1 - moments.mean) * whole, DIGITS))
