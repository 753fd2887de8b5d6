"""True reports about a simulated result, in the pattern of reports that a case has.

A report of the pattern says about whom, of what kind and how closely: a range as wide, a threshold
at the same place, as many ballots so far or polled. What is told is true and says no more than it
states: a range lies round the truth so that every place inside it is as likely; of a threshold the
side is told on which the truth is.

Where the likelihood is an approximation by design, reports are drawn so that it holds: straw
polls and shares so far of several leaves have the law that the model gives them (docs/model.md).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

import numpy as np

from ratification.arrays import Int
from ratification.case.electorate import Electorate
from ratification.case.evidence import Report
from ratification.case.priors import Normal
from ratification.case.unitsets import leaves_in, units_in
from ratification.inference.approving import approved
from ratification.inference.numerics import expit
from ratification.validation.simulating import Votes

CELLS = 20  # of a grid to a range of shares: how finely its place round the truth is drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The leaves of one report: what happened there, and what was to be expected."""

    votes: Votes
    members: Int[np.ndarray, " leaf"]
    rng: np.random.Generator

    @property
    def yes(self) -> int:
        """Yes votes."""
        return int(self.votes.yes.sum())

    @property
    def ballots(self) -> int:
        """Ballots cast."""
        return int(self.votes.ballots.sum())

    @property
    def margin(self) -> int:
        """Yes less no."""
        return 2 * self.yes - self.ballots

    def share_seen(self, counted: float | None = None) -> float:
        """A yes share among some ballots, or among half of them, as the model has it.

        Round the final share: less than round the expected one by what that itself varies.
        """
        expected = self.members * self.votes.t
        total, p = expected.sum(), self.votes.p
        share = float((expected * p).sum() / total)
        between = float((expected * p**2).sum() / total) - share**2
        part = 0.5 if counted is None else min(counted / total, 1.0)
        places = total**2 / np.square(expected).sum()
        variance = share * (1 - share) * (1 / (part * total) - 1 / total)
        variance += between * min((1 - part) / (part * places), 1)
        final = self.yes / max(self.ballots, 1)
        return float(np.clip(self.rng.normal(final, np.sqrt(max(variance, 0.0))), 0, 1))

    def yes_so_far(self, counted: int) -> int | None:
        """Yes among so many ballots: of one leaf at random, of several as the model has it.

        None where there would be more yes or no than were cast.
        """
        no = self.ballots - self.yes
        if len(self.members) == 1:
            return int(self.rng.hypergeometric(self.yes, no, counted))
        seen = round(counted * self.share_seen(counted))
        return None if seen > self.yes or counted - seen > no else seen

    def poll(self, asked: int, bias: Normal) -> int:
        """How many of those asked in a straw poll say yes, with a bias of its own."""
        expected = self.members * self.votes.t
        share = float((expected * self.votes.p).sum() / expected.sum())
        spread = np.hypot(bias.sd, 1 / np.sqrt(asked * share * (1 - share)))
        logit = self.rng.normal(np.log(share / (1 - share)), spread)
        return round(asked * float(expit(np.array([logit]))[0]))


def whole_range(value: int, width: int, rng: np.random.Generator) -> tuple[Fraction, Fraction]:
    """A range that holds a whole number anywhere, as likely here as there."""
    low = value - int(rng.integers(width + 1))
    return Fraction(low), Fraction(low + width)


def part_range(
    value: Fraction, cells: int, size: Fraction, rng: np.random.Generator
) -> tuple[Fraction, Fraction]:
    """A range of cells of a fixed grid that holds a part of one anywhere; cut at 0 and 1."""
    cell = min(floor(value / size), ceil(1 / size) - 1)
    low = (cell - int(rng.integers(cells))) * size
    return max(low, Fraction(0)), min(low + cells * size, Fraction(1))


def tell(
    like: Report,
    tree: Electorate,
    members: Int[np.ndarray, " leaf"],
    votes: Votes,
    bias: Normal,
    rng: np.random.Generator,
) -> Report | None:
    """The report that says of these votes what `like` said of others; None: nothing to say.

    `bias` is the prior of a straw poll's bias.
    """
    blank = replace(
        like, yes=None, no=None, low=None, high=None, result=None, replaces="", line=None
    )
    leaves = sorted(leaves_in(like.units, tree)) if like.kind != "approvals" else []
    scope = Scope(votes=votes.of(leaves), members=members[leaves], rng=rng)
    if like.kind == "approvals":
        return _approvals(like, blank, tree, votes, rng)
    if like.kind == "outcome":
        return _outcome(like, blank, tree, votes, scope)
    if like.kind == "poll":
        asked = (like.yes or 0) + (like.no or 0)
        yes = scope.poll(asked, bias)
        return replace(blank, yes=yes, no=asked - yes)
    return TELLING[like.kind](like, blank, scope)


def _count(like: Report, blank: Report, scope: Scope) -> Report:  # noqa: ARG001  as the others
    return replace(blank, yes=scope.yes, no=scope.ballots - scope.yes)


def _outcome(
    like: Report, blank: Report, tree: Electorate, votes: Votes, scope: Scope
) -> Report | None:
    if like.result == "abstained":
        return replace(blank, result="abstained")
    if like.units in tree.by_id:
        passed = bool(approved(tree, like.units, votes.yes[None], votes.ballots[None])[0])
    else:
        passed = scope.margin > 0
    return replace(blank, result="approved" if passed else "rejected")


def _margin(like: Report, blank: Report, scope: Scope) -> Report:
    return _whole(like, blank, scope.margin, scope.rng)


def _returned(like: Report, blank: Report, scope: Scope) -> Report:
    return _whole(like, blank, scope.ballots, scope.rng, 0, int(scope.members.sum()))


def _approvals(
    like: Report, blank: Report, tree: Electorate, votes: Votes, rng: np.random.Generator
) -> Report:
    units = units_in(like.units, tree)
    number = sum(bool(approved(tree, u, votes.yes[None], votes.ballots[None])[0]) for u in units)
    return _whole(like, blank, number, rng, 0, len(units))


def _whole(
    like: Report,
    blank: Report,
    value: int,
    rng: np.random.Generator,
    least: int | None = None,
    most: int | None = None,
) -> Report:
    """A whole number, in a range as wide or on its side of the same threshold."""
    if like.low is not None and like.high is not None:
        low, high = whole_range(value, int(like.high - like.low), rng)
        low = low if least is None else max(low, Fraction(least))
        high = high if most is None else min(high, Fraction(most))
        return replace(blank, low=low, high=high)
    if like.low is not None:
        above = value >= like.low
        return replace(blank, low=like.low) if above else replace(blank, high=like.low - 1)
    limit = like.high or Fraction(0)
    below = value <= limit
    return replace(blank, high=limit) if below else replace(blank, low=limit + 1)


def _share(like: Report, blank: Report, scope: Scope) -> Report | None:
    return _part(like, blank, scope.yes, scope.ballots, scope.rng)


def _turnout(like: Report, blank: Report, scope: Scope) -> Report | None:
    return _part(like, blank, scope.ballots, int(scope.members.sum()), scope.rng)


def _part(
    like: Report, blank: Report, part: int, whole: int, rng: np.random.Generator
) -> Report | None:
    """A part of one, in a range as wide or on its side of the same threshold."""
    if not whole:
        return None
    real = Fraction(part, whole)
    if like.low is None or like.high is None:
        limit = like.low if like.low is not None else like.high
        return replace(blank, low=limit) if real >= (limit or 0) else replace(blank, high=limit)
    low, high = part_range(real, CELLS, (like.high - like.low) / CELLS, rng)
    return replace(blank, low=low, high=high)


def _partial(like: Report, blank: Report, scope: Scope) -> Report | None:
    if like.yes is None or like.no is None:
        return _share_so_far(like, blank, scope)
    return partial_count(blank, like.yes + like.no, scope)


def partial_count(blank: Report, counted: int, scope: Scope) -> Report | None:
    """So many ballots so far. Where fewer were cast, all are counted, and their number is told."""
    if counted > scope.ballots:
        every = Fraction(scope.ballots)
        return replace(blank, kind="returned", low=every, high=every)
    seen = scope.yes_so_far(counted)
    return None if seen is None else replace(blank, yes=seen, no=counted - seen)


def _share_so_far(like: Report, blank: Report, scope: Scope) -> Report:
    """A range of the share in a count so far, of which it is not said how much was counted."""
    seen = Fraction(scope.share_seen())
    low, high = like.low or Fraction(0), Fraction(1) if like.high is None else like.high
    if low <= 0 or high >= 1:
        limit = low if low > 0 else high
        return replace(blank, low=limit) if seen >= limit else replace(blank, high=limit)
    low, high = part_range(seen, CELLS, (high - low) / CELLS, scope.rng)
    return replace(blank, low=low, high=high)


TELLING: Mapping[str, Callable[[Report, Report, Scope], Report | None]] = {
    "count": _count,
    "margin": _margin,
    "returned": _returned,
    "share": _share,
    "turnout": _turnout,
    "partial": _partial,
}


def label(tree: Electorate, units: str, kind: str) -> str:
    """A kind of report, and of how much: one leaf, several leaves, several unions."""
    if kind == "approvals":
        return "approvals" if units == "*" else "approvals of units"
    leaves = leaves_in(units, tree)
    if len({tree.union_of_leaf[leaf] for leaf in leaves}) > 1:
        return f"{kind}, unions"
    return kind if len(leaves) == 1 else f"{kind}, leaves"


def told_of(tree: Electorate, said: list[tuple[str, str]]) -> dict[int, str]:
    """What is said of every leaf; the narrowest report, if several. `said`: units and kind."""
    found: dict[int, str] = {}
    for units, kind in sorted(said, key=lambda entry: -len(_covered(tree, *entry))):
        found |= dict.fromkeys(_covered(tree, units, kind), label(tree, units, kind))
    return {leaf: found.get(leaf, "nothing") for leaf in range(len(tree.leaves))}


def _covered(tree: Electorate, units: str, kind: str) -> frozenset[int]:
    return frozenset() if kind == "approvals" else leaves_in(units, tree)
