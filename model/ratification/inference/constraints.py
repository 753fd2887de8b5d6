"""What reports say of whole-number votes: sums over leaves within bounds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ratification.case.known import Known

FREE = 2**62  # a bound that binds nothing


@dataclass(frozen=True, slots=True)
class Constraint:
    """low <= alpha * yes + beta * no over `leaves` <= high, in integers; bounds by world."""

    leaves: np.ndarray
    alpha: int
    beta: int
    low: np.ndarray
    high: np.ndarray

    def value(self, yes: np.ndarray, no: np.ndarray) -> np.ndarray:
        """The constrained sum in every world."""
        total: np.ndarray = self.alpha * yes[:, self.leaves].sum(axis=1, dtype=np.int64)
        total += self.beta * no[:, self.leaves].sum(axis=1, dtype=np.int64)
        return total

    def excess(self, value: np.ndarray, rows: np.ndarray | slice = slice(None)) -> np.ndarray:
        """How far below (negative) or above (positive) its bounds a value is; 0 inside."""
        below, above = value - self.low[rows], value - self.high[rows]
        return np.asarray(np.minimum(below, 0) + np.maximum(above, 0))


def constraints_of(facts: Known, members: np.ndarray) -> list[Constraint]:
    """Every report about several leaves, or with a range, as integer constraints by world."""
    worlds = len(members)
    found: list[Constraint] = []

    def add(
        leaves: frozenset[int],
        alpha: int,
        beta: int,
        low: int | np.ndarray | None,
        high: int | np.ndarray | None,
    ) -> None:
        found.append(
            Constraint(
                np.array(sorted(leaves)),
                alpha,
                beta,
                np.broadcast_to(np.asarray(-FREE if low is None else low), (worlds,)),
                np.broadcast_to(np.asarray(FREE if high is None else high), (worlds,)),
            )
        )

    for count in facts.counts:
        if len(count.scope) > 1:
            add(count.scope, 1, 0, count.yes, count.yes)
            add(count.scope, 0, 1, count.no, count.no)
    for entry in facts.ranges:
        add(entry.scope, entry.alpha, entry.beta, entry.low, entry.high)
    for partial in facts.partials:  # floors; of a share alone the sums that it is about
        left = partial.scope.difference(facts.counted)
        add(left, 1, 0, partial.yes, None)
        add(left, 0, 1, partial.no, None)
    for share in facts.shares:
        known = share.known_yes + share.known_no
        low, high = share.low, share.high
        if share.of == "members":
            size = members[:, sorted(share.whole)].sum(axis=1)
            least = -(-size * low.numerator // low.denominator) - known
            most = size * high.numerator // high.denominator - known
            add(share.scope, 1, 1, least, most)
            continue
        if low > 0:  # yes + known_yes >= low * (ballots + known), times the denominator
            need = low.numerator * known - low.denominator * share.known_yes
            add(share.scope, low.denominator - low.numerator, -low.numerator, need, None)
        if high < 1:
            need = high.numerator * known - high.denominator * share.known_yes
            add(share.scope, high.denominator - high.numerator, -high.numerator, None, need)
    return found


def components(constraints: Sequence[Constraint]) -> list[tuple[np.ndarray, list[Constraint]]]:
    """Groups of leaves that constraints tie together, with their constraints."""
    groups: list[tuple[set[int], list[Constraint]]] = []
    for constraint in constraints:
        leaves, held = set(constraint.leaves.tolist()), [constraint]
        apart = []
        for others, theirs in groups:
            if others & leaves:
                leaves |= others
                held = theirs + held
            else:
                apart.append((others, theirs))
        groups = [*apart, (leaves, held)]
    return [(np.array(sorted(leaves)), held) for leaves, held in groups]


def satisfied(
    constraints: Sequence[Constraint],
    yes: np.ndarray,
    no: np.ndarray,
    rows: np.ndarray | slice = slice(None),
) -> np.ndarray:
    """Which worlds agree with every constraint; `rows` are the worlds that yes and no hold."""
    good = np.ones(len(yes), dtype=bool)
    for constraint in constraints:
        good &= constraint.excess(constraint.value(yes, no), rows) == 0
    return good
