"""How far units of one union lie apart, where several of one union are counted."""

from collections.abc import Sequence

import numpy as np

from ratification.case.priors import DEFAULT, PositiveNormal
from ratification.validation.hyper import Moments
from ratification.validation.past_votes import Counted, PastVote, logits

GRID = np.linspace(0.0, 3.0, 1501)[1:]


def unit_scales(votes: Sequence[PastVote]) -> dict[str, Moments]:
    """Scales of units inside unions, of yes shares and of turnout, where any vote tells them.

    Each union's own mean is integrated out under a flat prior; the scale has the default prior.
    """
    inside = [parts for vote in votes for parts in vote.parts]
    known = [tuple(entry for entry in parts if entry.members) for parts in inside]
    known = [parts for parts in known if len(parts) > 1]
    found = {}
    if inside:
        found["tau_unit"] = _scale([_yes(parts) for parts in inside], DEFAULT.tau_unit)
    if known:
        seen = [_turnout(parts) for parts in known]
        found["tau_turnout_unit"] = _scale(seen, DEFAULT.tau_turnout_unit)
    return found


def _yes(parts: Sequence[Counted]) -> tuple[np.ndarray, np.ndarray]:
    yes = np.array([entry.yes for entry in parts])
    return logits(yes, yes + np.array([entry.no for entry in parts]))


def _turnout(parts: Sequence[Counted]) -> tuple[np.ndarray, np.ndarray]:
    ballots = np.array([entry.yes + entry.no for entry in parts])
    return logits(ballots, np.array([entry.members for entry in parts]))


def _scale(unions: Sequence[tuple[np.ndarray, np.ndarray]], prior: PositiveNormal) -> Moments:
    """Posterior moments on a grid."""
    log = -0.5 * (GRID / prior.sd) ** 2
    for logit, sampling in unions:
        weights = 1 / (sampling + GRID[:, None] ** 2)
        mean = (weights @ logit) / weights.sum(axis=1)
        squares = (weights * (logit - mean[:, None]) ** 2).sum(axis=1)
        log += 0.5 * (np.log(weights).sum(axis=1) - np.log(weights.sum(axis=1)) - squares)
    chances = np.exp(log - log.max())
    chances /= chances.sum()
    mean = float(chances @ GRID)
    return Moments(mean=mean, sd=float(np.sqrt(chances @ (GRID - mean) ** 2)))
