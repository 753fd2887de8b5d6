"""Whole-number votes that agree with the evidence, exactly.

Given yes share, turnout and roster, a leaf's (yes, no, not voting) is multinomial. Reports about
several leaves, and ranges, tie leaves together. Each connected group of leaves is drawn freely
and drawn again while it disagrees, or as often as a share so far makes it unlikely, which is
exact. Worlds still in disagreement are moved onto the evidence (a Gaussian update, rounded and
repaired) and then through Metropolis sweeps whose stationary law is the exact conditional one:
single votes, exchanges between leaves, and moves that keep a margin. Checked against enumeration
in tests.
"""

from collections.abc import Sequence

import numpy as np

from ratification.inference.constraints import Constraint, components, satisfied
from ratification.inference.free import votes
from ratification.inference.metropolis import sweeps
from ratification.inference.repair import move_onto
from ratification.inference.so_far import accepted
from ratification.inference.tied import Ballots, TiedVotes

TRIES = 60  # free draws before a world is moved onto the evidence
WORTH_ANOTHER = 0.04  # of the worlds still in disagreement: with fewer mended, drawing ends


def draw_free(
    ballots: Ballots,
    leaves: Sequence[int] | slice,
    rows: np.ndarray | slice,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Yes and no of some leaves in some worlds, with no constraint but what is counted so far."""
    pick = (
        (rows, leaves)
        if isinstance(rows, slice) or isinstance(leaves, slice)
        else np.ix_(rows, leaves)
    )
    return votes(
        ballots.members[pick],
        ballots.turnout[pick],
        ballots.yes_share[pick],
        (ballots.seen_yes[leaves], ballots.seen_no[leaves]),
        rng,
    )


def condition(
    ballots: Ballots,
    constraints: Sequence[Constraint],
    yes: np.ndarray,
    no: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Change freely drawn yes and no, in place, into votes that agree with the constraints.

    Returns which worlds agree; the few that could not be repaired do not.
    """
    good = np.ones(len(yes), dtype=bool)
    for leaves, held in components(constraints):
        taken = accepted(ballots.shares_of(leaves), yes, no, rng)
        bad = np.flatnonzero(~(satisfied(held, yes, no) & taken))
        bad = _draw_again(ballots, leaves, held, yes, no, bad, rng)
        if len(bad):
            good[bad] &= _move(TiedVotes(ballots, leaves, held, bad, yes, no), yes, no, rng)
    return good


def _draw_again(
    ballots: Ballots,
    leaves: np.ndarray,
    held: Sequence[Constraint],
    yes: np.ndarray,
    no: np.ndarray,
    bad: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw disagreeing worlds anew, as long as that makes enough of them agree."""
    for _ in range(TRIES):
        if not len(bad):
            break
        new_yes, new_no = draw_free(ballots, leaves.tolist(), bad, rng)
        yes[np.ix_(bad, leaves)], no[np.ix_(bad, leaves)] = new_yes, new_no
        shares = [entry.of(bad) for entry in ballots.shares_of(leaves)]
        taken = accepted(shares, yes[bad], no[bad], rng)
        left = bad[~(satisfied(held, yes[bad], no[bad], bad) & taken)]
        few = len(bad) - len(left) < WORTH_ANOTHER * len(bad)
        bad = left
        if few:
            break
    return bad


def _move(tied: TiedVotes, yes: np.ndarray, no: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move votes onto the evidence and towards their law; returns which worlds agree."""
    move_onto(tied, rng)
    agrees = tied.violation() == 0
    if not agrees.all():
        tied = tied.of(np.flatnonzero(agrees))
    if agrees.any():
        sweeps(tied, rng)
        pick = np.ix_(tied.rows, tied.leaves)
        yes[pick], no[pick] = tied.yes, tied.no
    return np.asarray(agrees)
