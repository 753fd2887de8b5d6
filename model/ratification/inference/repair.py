"""Votes moved onto the evidence: a Gaussian update, rounded, then repaired vote by vote."""

import numpy as np

from ratification.inference.metropolis import STEPS, redraw_small
from ratification.inference.tied import TiedVotes

UPDATES = 30  # passes over the violated constraints
NEAR = 0.5  # votes
# What is left after so many passes, each of which tries every constraint, is never repaired.
FEWEST_REPAIRS, MOST_REPAIRS, MOST_TRIED = 30, 200, 1000


def move_onto(tied: TiedVotes, rng: np.random.Generator) -> None:
    """Make (nearly) every world agree, near where it was."""
    _update(tied)
    broken = np.flatnonzero(tied.violation())
    for _ in range(int(np.clip(MOST_TRIED / len(tied.alpha), FEWEST_REPAIRS, MOST_REPAIRS))):
        if not len(broken):
            return
        part = tied.of(broken)
        left = _repair_once(part, rng)
        tied.yes[broken], tied.no[broken] = part.yes, part.no
        tied.values[:, broken] = part.values
        broken = broken[left > 0]


def _update(tied: TiedVotes) -> None:
    """Gaussian updates of the violated constraints, until all (nearly) hold.

    As far inside a range that rounding, by less than a vote each of yes and of no, leaves it there.
    """
    slope = np.stack([tied.inside * tied.alpha[:, None], tied.inside * tied.beta[:, None]])
    room = np.minimum(np.abs(slope).max(axis=2).sum(axis=0)[:, None], (tied.high - tied.low) / 2)
    votes = np.stack([tied.yes, tied.no]).astype(float)
    variance = np.square(np.stack([tied.sd_yes, tied.sd_no]))
    bounds = np.stack([tied.low + room, tied.high - room])
    groups = _apart(tied.inside)
    far = np.arange(len(tied.rows))
    for _ in range(UPDATES):
        low, high = bounds[:, :, far]
        value = (slope @ votes[:, far].swapaxes(1, 2)).sum(axis=0)
        far = far[(np.maximum(low - value, value - high) > NEAR).any(axis=0)]
        if not len(far):
            break
        part, spread, members = votes[:, far], variance[:, far], tied.members[far]
        for group in groups:
            part = _updated(part, spread, members, slope[:, group], bounds[:, group][:, :, far])
        votes[:, far] = part
    yes = _whole(votes[0])
    tied.set_votes(yes, np.minimum(_whole(votes[1]), tied.members - yes))


def _apart(inside: np.ndarray) -> list[list[int]]:
    """Constraints in groups of which no two are about the same leaf: each is met at once."""
    groups: list[list[int]] = []
    for c, leaves in enumerate(inside):
        free = (group for group in groups if not inside[group][:, leaves].any())
        group = next(free, None)
        if group is None:
            groups.append([c])
        else:
            group.append(c)
    return groups


def _updated(
    votes: np.ndarray,
    variance: np.ndarray,
    members: np.ndarray,
    slope: np.ndarray,
    bounds: np.ndarray,
) -> np.ndarray:
    """Votes (of yes or no, world, leaf) moved to within the bounds of constraints of one group."""
    low, high = bounds
    value = (slope @ votes.swapaxes(1, 2)).sum(axis=0)
    gap = np.maximum(low - value, 0.0) - np.maximum(value - high, 0.0)
    if not (np.abs(gap) > NEAR).any():
        return votes
    weight = (np.square(slope) @ variance.swapaxes(1, 2)).sum(axis=0)
    step = np.where(np.abs(gap) > NEAR, gap / np.maximum(weight, 1e-9), 0.0)
    yes, no = votes + variance * (step.T @ slope)
    return _inside_roster(yes, no, members)


def _whole(votes: np.ndarray) -> np.ndarray:
    """Rounded so that sums over neighbouring leaves, and over all of them, are rounded too."""
    running = np.floor(np.cumsum(votes, axis=1) + 0.5).astype(np.int64)
    return np.diff(running, axis=1, prepend=0)


def _inside_roster(yes: np.ndarray, no: np.ndarray, members: np.ndarray) -> np.ndarray:
    """The nearest votes of which none is negative and no more are cast than there are members."""
    yes, no = np.clip(yes, 0, members), np.clip(no, 0, members)
    over = np.maximum(yes + no - members, 0.0) / 2
    yes = np.clip(yes - over, 0, members)
    return np.stack([yes, np.clip(no - over, 0, members - yes)])


def _repair_once(tied: TiedVotes, rng: np.random.Generator) -> np.ndarray:
    """Move votes of random leaves by what a violated constraint lacks, if that helps.

    Returns how many votes each world lacks still.
    """
    lacking = tied.violation()
    for c in range(len(tied.alpha)):
        short = np.maximum(tied.low[c] - tied.values[c], 0)
        short -= np.maximum(tied.values[c] - tied.high[c], 0)
        if not short.any():
            continue
        leaf = rng.choice(np.flatnonzero(tied.inside[c]), size=len(short))
        way = rng.choice(STEPS, size=len(short))
        slope = way @ np.array([tied.alpha[c], tied.beta[c]])
        step = np.where(slope == 0, 0, _away(short, np.where(slope == 0, 1, slope)))
        lacking = _try(tied, leaf, step * way[:, 0], step * way[:, 1], lacking)
    lacking = _jostle(tied, lacking, rng)
    lacking = _exchange(tied, lacking, rng)
    redraw_small(tied, rng)
    return tied.violation()


def _jostle(tied: TiedVotes, lacking: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random step of yes and no together: constraints of different slope may need both."""
    size = np.minimum(lacking, tied.members.max())
    leaf = rng.integers(len(tied.leaves), size=len(size))
    steps = rng.uniform(-1.0, 1.0, (2, len(size))) * (size + 2)
    d_yes, d_no = np.rint(steps * (size > 0)).astype(np.int64)
    return _try(tied, leaf, d_yes, d_no, lacking)


def _exchange(tied: TiedVotes, lacking: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some yes, or no, of one leaf for another's: a pooled count leaves no other way."""
    if len(tied.leaves) < 2:
        return lacking
    size = np.minimum(lacking, tied.members.max())
    at = np.arange(len(size))
    one = rng.integers(len(tied.leaves), size=len(size))
    other = (one + rng.integers(1, len(tied.leaves), size=len(size))) % len(tied.leaves)
    step = np.rint(rng.uniform(-1.0, 1.0, len(size)) * (size + 2)).astype(np.int64)
    left = tied.members - tied.yes - tied.no
    of_yes = rng.random() < 0.5
    votes = tied.yes if of_yes else tied.no
    least = np.maximum(-votes[at, one], -left[at, other])
    most = np.minimum(votes[at, other], left[at, one])
    step = np.clip(step * (size > 0), least, most)
    none = np.zeros_like(step)
    if of_yes:
        return tied.change([(one, step, none), (other, -step, none)], lacking)
    return tied.change([(one, none, step), (other, none, -step)], lacking)


def _try(
    tied: TiedVotes, leaf: np.ndarray, d_yes: np.ndarray, d_no: np.ndarray, lacking: np.ndarray
) -> np.ndarray:
    """A change of one leaf, cut to what its roster allows, where it helps."""
    at = np.arange(len(leaf))
    yes, no, members = tied.yes[at, leaf], tied.no[at, leaf], tied.members[at, leaf]
    d_yes = np.clip(d_yes, -yes, members - yes - no)
    d_no = np.clip(d_no, -no, members - yes - no - d_yes)
    return tied.change([(leaf, d_yes, d_no)], lacking)


def _away(amount: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """Amount / slope rounded away from zero: the step that closes a gap."""
    size = -(-np.abs(amount) // np.abs(slope))
    signed: np.ndarray = np.sign(amount) * np.sign(slope) * size
    return signed
