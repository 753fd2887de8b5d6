"""Does learning help: each polling day predicted from the others, against its cases' own priors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ratification.arrays import Float
from ratification.case.priors import Normal, PositiveNormal, Priors
from ratification.inference.fit import Progress, no_progress
from ratification.inference.numerics import expit, stream
from ratification.inference.quantiles import quantile, scale_of
from ratification.validation.fast_learning import fast_hyper
from ratification.validation.hyper import Hyper, priors_beside_leanings, priors_of
from ratification.validation.past_votes import Counted, PastVote, logits
from ratification.validation.resampling import MeanScore, mean_by_day
from ratification.validation.scores import crps

FEWEST_DAYS = 3
NODES = 200  # of a half-normal scale
DRAWS = 2000

Logits = Float[np.ndarray, " unit"]
Name = tuple[str, str, bool]  # quantity, kind of score, whether with leanings
Scores = dict[Name, tuple[float, float]]  # under own and under learned priors


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One score of one quantity, a unit: under the cases' own priors, and how much learned gain.

    `score` is "log density" (larger is better) or "CRPS" (smaller is better, in points of a
    share); `gain` is positive where the learned priors are better. Errors are over days.
    """

    quantity: str
    score: str
    leanings: bool
    own: float
    learned: float
    gain: MeanScore


def check_learning(
    votes: Sequence[PastVote], *, seed: int, progress: Progress = no_progress
) -> tuple[Compared, ...]:
    """Every day's votes before any report, with priors learned from all other days.

    Learned by the fast learner. Empty with fewer than three days.
    """
    days = sorted({vote.day for vote in votes})
    if len(days) < FEWEST_DAYS:
        return ()
    lines: list[tuple[str, Scores]] = []
    for number, day in enumerate(days):
        progress("leaving one day out", number, len(days))
        hyper = fast_hyper([vote for vote in votes if vote.day != day])
        of_day = [vote for vote in votes if vote.day == day]
        lines += [(day, _scored(vote, hyper, seed)) for vote in of_day]
    progress("leaving one day out", len(days), len(days))
    names = dict.fromkeys(name for _, found in lines for name in found)
    return tuple(_compared(name, lines, seed) for name in names)


def _compared(
    name: Name,
    lines: Sequence[tuple[str, Scores]],
    seed: int,
) -> Compared:
    quantity, score, leanings = name
    pairs = [(day, *found[name]) for day, found in lines if name in found]
    days, own, learned = zip(*pairs, strict=True)
    sign = 1 if score == "log density" else -1
    gains = [sign * (new - old) for old, new in zip(own, learned, strict=True)]
    return Compared(
        quantity=quantity,
        score=score,
        leanings=leanings,
        own=float(np.mean(own)),
        learned=float(np.mean(learned)),
        gain=mean_by_day(gains, days, stream(seed, "learning", *map(str, name))),
    )


def _scored(vote: PastVote, hyper: Hyper, seed: int) -> Scores:
    """Own and learned score of a vote, by quantity, kind of score, and whether with leanings."""
    found: Scores = {}
    told = [entry for entry in vote.unions if entry.members]
    choices = [(False, priors_of(hyper)), (True, priors_beside_leanings(hyper))]
    own = vote.case.priors
    for leanings, priors in choices:
        if priors is None:
            continue
        shift = _leanings(vote.unions, hyper) if leanings else np.zeros(len(vote.unions))
        found |= _pairs(
            "yes share",
            _yes(vote.unions),
            _yes_law(own, 0 * shift),
            _yes_law(priors, shift),
            leanings,
            seed,
        )
        if told and not leanings:
            found |= _pairs(
                "turnout", _turnout(told), _turnout_law(own), _turnout_law(priors), False, seed
            )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Law:
    """Of the logits of a vote's units: a common mean, a feature, and a scale of their own."""

    mean: Normal
    scale: PositiveNormal
    shift: Logits
    beta: Normal


def _yes_law(priors: Priors, shift: Logits) -> _Law:
    return _Law(mean=priors.mu, scale=priors.tau_union, shift=shift, beta=priors.beta)


def _turnout_law(priors: Priors) -> _Law:
    return _Law(mean=priors.nu, scale=priors.tau_turnout_union, shift=np.zeros(1), beta=priors.beta)


def _leanings(unions: Sequence[Counted], hyper: Hyper) -> Logits:
    assert hyper.leanings is not None  # there are priors beside them
    by_unit = dict(zip(hyper.units, hyper.leanings.tolist(), strict=True))
    return np.array([by_unit.get(entry.unit, 0.0) for entry in unions])


def _yes(unions: Sequence[Counted]) -> tuple[Logits, Logits]:
    yes = np.array([entry.yes for entry in unions])
    return logits(yes, yes + np.array([entry.no for entry in unions]))


def _turnout(unions: Sequence[Counted]) -> tuple[Logits, Logits]:
    ballots = np.array([entry.yes + entry.no for entry in unions])
    return logits(ballots, np.array([entry.members for entry in unions]))


def _pairs(
    quantity: str,
    seen: tuple[Logits, Logits],
    own: _Law,
    learned: _Law,
    leanings: bool,
    seed: int,
) -> Scores:
    scores: dict[str, Callable[[_Law], float]] = {
        "log density": lambda law: _log_density(law, *seen),
        "CRPS": lambda law: _crps(law, *seen, seed),
    }
    return {
        (quantity, name, leanings): (score(own), score(learned)) for name, score in scores.items()
    }


def _log_density(law: _Law, logit: Logits, sampling: Logits) -> float:
    """Joint log density of a vote's logits, a unit; its scale is integrated out on quantiles."""
    from scipy.special import logsumexp
    from scipy.stats import norm

    scales = quantile(law.scale, norm.ppf((np.arange(NODES) + 0.5) / NODES))
    count = len(logit)
    shift = np.broadcast_to(law.shift, count)
    common = law.mean.sd**2 + law.beta.sd**2 * np.outer(shift, shift)
    total = common + np.eye(count) * (sampling + scales[:, None] ** 2)[:, :, None]
    away = logit - law.mean.mean - law.beta.mean * shift
    distance = np.einsum("i,nij,j->n", away, np.linalg.inv(total), away)
    log = -0.5 * (distance + np.linalg.slogdet(total)[1] + count * np.log(2 * np.pi))
    return float(logsumexp(log) - np.log(NODES)) / count


def _crps(law: _Law, logit: Logits, sampling: Logits, seed: int) -> float:
    """Mean CRPS of the units' shares, in points; the same random numbers whatever the law."""
    rng = stream(seed, "learning", "shares")
    mean, scale, beta = rng.normal(size=(3, DRAWS))
    effects = rng.normal(size=(DRAWS, len(logit)))
    shift = np.broadcast_to(law.shift, len(logit))
    centre = law.mean.mean + law.mean.sd * mean
    factor = law.beta.mean + law.beta.sd * beta
    widths = np.hypot(scale_of(law.scale, scale)[:, None], np.sqrt(sampling))
    drawn = expit(centre[:, None] + factor[:, None] * shift + widths * effects)
    truth = expit(logit)
    return 100 * float(np.mean([crps(drawn[:, i], float(truth[i])) for i in range(len(logit))]))
