"""What past votes teach, as values: estimates, priors, leanings, and whether they help."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ratification.case.priors import Priors
from ratification.inference.fit import Progress, no_progress
from ratification.inference.posterior import Diagnostics
from ratification.validation.fast_learning import fast_hyper
from ratification.validation.hyper import Hyper, Moments, priors_beside_leanings, priors_of
from ratification.validation.learning_check import Compared, check_learning
from ratification.validation.past_votes import PastVote


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaning:
    """How far a unit lies from the average of those that recur, in every vote (logit)."""

    unit: str
    mean: float
    sd: float
    votes: int


@dataclass(frozen=True, kw_only=True)
class Learned:
    """Priors for a new vote from past ones.

    `priors` are those of a vote of any units; `beside` those of a vote of the units of
    `leanings`, in which the leanings stand as a feature. `estimates` are posterior moments by
    name (see `Hyper`). `check` compares learned priors with the cases' own, one day left out at a
    time. `diagnostics` are None where the fast learner was asked.
    """

    votes: tuple[str, ...]
    days: tuple[str, ...]
    estimates: dict[str, Moments]
    priors: Priors
    beside: Priors | None
    leanings: tuple[Leaning, ...]
    check: tuple[Compared, ...]
    seed: int
    diagnostics: Diagnostics | None = None


def learned(
    votes: Sequence[PastVote], *, seed: int, fast: bool = False, progress: Progress = no_progress
) -> Learned:
    """Learn from some votes, by NUTS or by the fast learner, and check that it helps.

    Raises:
        ConvergenceError: NUTS did not converge.
    """
    diagnostics = None
    check = check_learning(votes, seed=seed, progress=progress)
    if fast:
        hyper = fast_hyper(votes)
    else:
        from ratification.validation.learning import sampled_hyper

        found = sampled_hyper(votes, seed=seed, progress=progress)
        hyper, diagnostics = found.hyper, found.diagnostics
    return Learned(
        votes=tuple(vote.name for vote in votes),
        days=tuple(sorted({vote.day for vote in votes})),
        estimates=dict(hyper.found),
        priors=priors_of(hyper),
        beside=priors_beside_leanings(hyper),
        leanings=_leanings(hyper, votes),
        check=check,
        seed=seed,
        diagnostics=diagnostics,
    )


def _leanings(hyper: Hyper, votes: Sequence[PastVote]) -> tuple[Leaning, ...]:
    if hyper.leanings is None or hyper.covariance is None:
        return ()
    there = [entry.unit for vote in votes for entry in vote.unions]
    sds = np.sqrt(np.diag(hyper.covariance))
    return tuple(
        Leaning(unit=unit, mean=float(mean), sd=float(sd), votes=there.count(unit))
        for unit, mean, sd in zip(hyper.units, hyper.leanings, sds, strict=True)
    )
