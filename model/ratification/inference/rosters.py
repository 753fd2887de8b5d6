"""Rosters: how many members every leaf has, drawn anew in every world.

A figure with an error is lognormal round its best value, inside its bounds and never under the
ballots counted. Children add up to their parent; the unions are conditioned on the published
total of `*`, which has an error of its own. Exact figures stay as they are, so the uncertain
ones take up the difference. Competing variants are drawn by their weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ratification.arrays import Int
from ratification.case.electorate import COALITION, Electorate, Figure, RosterVariant
from ratification.case.known import Known
from ratification.inference.normal import normal_cdf_at, normal_quantile
from ratification.inference.numerics import stream

NOMINAL = 1000  # members of a leaf whose roster is blank where no leaf has one
CENTRAL_DRAWS = 1000
TRIES = 20  # draws of a roster too small for the ballots counted over several leaves


@dataclass(frozen=True)
class Rosters:
    """Members by world and leaf, and the index of the roster variant each world drew."""

    members: Int[np.ndarray, "world leaf"]
    variant: Int[np.ndarray, " world"]


@dataclass(frozen=True, slots=True)
class _Column:
    """A unit whose size is drawn: median, spread (sd of the log and of members), bounds."""

    unit: str
    median: float
    sd: float
    low: float
    high: float


def draw_rosters(
    electorate: Electorate, facts: Known, count: int, rng: np.random.Generator
) -> Rosters:
    """Draw complete rosters for one round."""
    variants: Sequence[RosterVariant | None] = electorate.variants or (None,)
    weights = np.array([1.0 if v is None else float(v.weight) for v in variants])
    chosen = rng.choice(len(variants), size=count, p=weights / weights.sum())
    members = np.zeros((count, len(electorate.leaves)), dtype=np.int64)
    for index, variant in enumerate(variants):
        rows = np.flatnonzero(chosen == index)
        if len(rows):
            members[rows] = _Drawer(electorate, facts, variant, rng).draw(len(rows))
    return Rosters(members=members, variant=chosen)


def central_members(electorate: Electorate, facts: Known) -> Int[np.ndarray, " leaf"]:
    """Mean roster of each leaf: what the fit takes a leaf's size to be. The same for any seed."""
    drawn = draw_rosters(electorate, facts, CENTRAL_DRAWS, stream(0, "central roster"))
    return np.rint(drawn.members.mean(axis=0)).astype(np.int64)


def ballot_floors(electorate: Electorate, facts: Known) -> dict[str, int]:
    """Ballots known to have been cast in each unit: no roster may be smaller."""
    claims = _claims(facts)
    floors = {}
    for unit in electorate.by_id:
        leaves = electorate.leaves_under[unit]
        floors[unit] = _disjoint_sum([claim for claim in claims if claim[0] <= leaves])
    return floors


def _claims(facts: Known) -> list[tuple[frozenset[int], int]]:
    """Sets of leaves, and how many of their members have surely voted."""
    cast: dict[frozenset[int], int] = {}
    yes_no: dict[frozenset[int], list[int]] = {}

    def add(scope: frozenset[int], ballots: int) -> None:
        cast[scope] = max(cast.get(scope, 0), ballots)

    for count in facts.counts:
        add(count.scope, count.yes + count.no)
    for partial in facts.partials:
        add(partial.scope, partial.yes + partial.no)
    for entry in facts.ranges:
        # alpha * yes + beta * no >= low > 0 needs low / max(alpha, beta) ballots; below 0 likewise.
        most, least = max(entry.alpha, entry.beta), min(entry.alpha, entry.beta)
        if entry.low is not None and entry.low > 0:
            add(entry.scope, -(-entry.low // most))
        if entry.high is not None and entry.high < 0:
            add(entry.scope, -(-entry.high // least))
        if (entry.alpha, entry.beta) in ((1, 0), (0, 1)):
            yes_no.setdefault(entry.scope, [0, 0])[entry.beta] = entry.low or 0
    for scope, floors in yes_no.items():
        add(scope, sum(floors))
    return list(cast.items())


def _disjoint_sum(said: list[tuple[frozenset[int], int]]) -> int:
    """A lower bound on ballots: the largest claims over sets that do not overlap."""
    total, taken = 0, frozenset[int]()
    for scope, ballots in sorted(said, key=lambda entry: (-entry[1], sorted(entry[0]))):
        if not scope & taken:
            total += ballots
            taken |= scope
    return total


def nominal_members(electorate: Electorate, round_id: str) -> float:
    """Size given to a leaf whose roster is blank: the median of those that are not."""
    known = [
        figure.members
        for leaf in electorate.leaves
        if (figure := electorate.figure(leaf, round_id)).members is not None
    ]
    return float(np.median(known)) if known else float(NOMINAL)


class _Drawer:
    """Draws rosters of one variant, from the coalition down."""

    def __init__(
        self,
        electorate: Electorate,
        facts: Known,
        variant: RosterVariant | None,
        rng: np.random.Generator,
    ) -> None:
        self.tree = electorate
        self.facts = facts
        self.variant = variant
        self.rng = rng
        self.floors = ballot_floors(electorate, facts)
        self.claims = [claim for claim in _claims(facts) if len(claim[0]) > 1]
        self.nominal = nominal_members(electorate, facts.round)

    def draw(self, count: int) -> Int[np.ndarray, "world leaf"]:
        members = self._draw(count)
        for _ in range(TRIES):
            short = np.flatnonzero(self._short(members).any(axis=0))
            if not len(short):
                return members
            members[short] = self._draw(len(short))
        return self._raise_to_claims(members)

    def _draw(self, count: int) -> Int[np.ndarray, "world leaf"]:
        leaves = np.zeros((count, len(self.tree.leaves)))
        columns = self._columns(None)
        sizes = self._draw_columns(columns, count)
        total = self.tree.figure(COALITION, self.facts.round, self.variant)
        exact = None
        if total.members is not None:
            noise = total.error * self.rng.standard_normal(count)
            sizes = _conditioned(sizes, columns, total.members + noise, float(total.error))
            exact = np.full(count, float(total.members)) if total.exact else None
        whole = _rounded(sizes, exact, columns)
        for index, column in enumerate(columns):
            self._split(column.unit, whole[:, index], leaves)
        floors = np.array([self.floors[leaf] for leaf in self.tree.leaves])
        members: np.ndarray = np.maximum(np.rint(leaves).astype(np.int64), floors)
        return members

    def _split(self, unit: str, size: np.ndarray, leaves: np.ndarray) -> None:
        """Hand a unit's members down to its leaves."""
        if unit not in self.tree.children:
            leaves[:, self.tree.leaf_index[unit]] = size
            return
        columns = self._columns(unit)
        sizes = self._draw_columns(columns, len(size))
        rest = next((c for c in self.tree.children[unit] if self.tree.by_id[c].implicit), None)
        total = size if rest is None else np.minimum(sizes.sum(axis=1), size - self.floors[rest])
        whole = _rounded(_conditioned(sizes, columns, total, 0.0), np.floor(total), columns)
        if rest is not None:
            left = np.maximum(size - whole.sum(axis=1), self.floors[rest])
            leaves[:, self.tree.leaf_index[rest]] = left
        for index, column in enumerate(columns):
            self._split(column.unit, whole[:, index], leaves)

    def _columns(self, parent: str | None) -> list[_Column]:
        """The topmost units with a figure below a parent; blank leaves get the nominal size."""
        columns: list[_Column] = []
        for child in self.tree.children[parent]:
            if self.tree.by_id[child].implicit:
                continue
            figure = self.tree.figure(child, self.facts.round, self.variant)
            if figure.members is not None:
                columns.append(self._column(child, figure))
            elif child in self.tree.children:
                columns += self._columns(child)
            else:
                size = max(self.nominal, self.floors[child] * 1.25)
                columns.append(_Column(child, size, 0.0, self.floors[child], np.inf))
        return columns

    def _column(self, unit: str, figure: Figure) -> _Column:
        """A unit's own figure, but never below what its units hold at least."""
        members, sd = float(figure.members or 0), float(figure.error)
        low = float(max(figure.low or 0, self.floors[unit]))
        high = np.inf if figure.high is None else float(figure.high)
        if unit in self.tree.children:
            parts = self._columns(unit)
            rest = [c for c in self.tree.children[unit] if self.tree.by_id[c].implicit]
            least = sum(part.low if part.sd else part.median for part in parts)
            low = max(low, least + sum(self.floors[c] for c in rest))
            if not rest and not any(part.sd for part in parts):
                members, sd = least, 0.0  # its units are exact, so it is
        return _Column(unit, members, sd, low, max(low, high))

    def _draw_columns(self, columns: Sequence[_Column], count: int) -> np.ndarray:
        sizes = np.empty((count, len(columns)))
        for index, column in enumerate(columns):
            sizes[:, index] = self._draw_one(column, count)
        return sizes

    def _draw_one(self, column: _Column, count: int) -> np.ndarray:
        if column.sd == 0 or column.median == 0:
            return np.full(count, max(column.median, column.low))
        spread = np.sqrt(np.log1p((column.sd / column.median) ** 2))

        def below(value: float) -> float:
            if value <= 0:
                return 0.0
            return normal_cdf_at(float(np.log(value / column.median) / spread))

        start, stop = below(column.low), 1.0 if np.isinf(column.high) else below(column.high)
        uniform = start + (stop - start) * self.rng.random(count)
        z = normal_quantile(np.clip(uniform, 1e-15, 1 - 1e-15))
        return np.asarray(np.clip(column.median * np.exp(spread * z), column.low, column.high))

    def _short(self, members: np.ndarray) -> Int[np.ndarray, "claim world"]:
        """How many members are missing for the ballots known to be cast in several leaves."""
        missing = [
            np.maximum(ballots - members[:, sorted(scope)].sum(axis=1), 0)
            for scope, ballots in self.claims
        ]
        return np.array(missing, dtype=np.int64).reshape(-1, len(members))

    def _raise_to_claims(self, members: np.ndarray) -> np.ndarray:
        """Give the most uncertain leaf what chance did not: last resort of the few worlds left."""
        for index, (scope, _) in enumerate(self.claims):
            leaves = sorted(scope)
            widest = leaves[int(members[:, leaves].std(axis=0).argmax())]
            members[:, widest] += self._short(members)[index]
        return members


def _conditioned(
    sizes: np.ndarray, columns: Sequence[_Column], total: np.ndarray, error: float
) -> np.ndarray:
    """Move uncertain sizes so that they add up to `total`, in proportion to their variances.

    Matheron's update of a Gaussian given its sum with error `error`; `total` already carries
    that error's draw. What a bound holds back, the others take.
    """
    variance = np.array([column.sd**2 for column in columns])
    if not variance.any():
        return sizes
    low = np.array([column.low for column in columns])
    high = np.array([column.high for column in columns])
    gap = (total - sizes.sum(axis=1)) * variance.sum() / (variance.sum() + error**2)
    for _ in range(len(columns) + 1):
        free = (variance > 0) & np.where(gap[:, None] > 0, sizes < high, sizes > low)
        weights = free * variance
        scale = weights.sum(axis=1, keepdims=True)
        share = np.divide(weights, scale, out=np.zeros_like(weights), where=scale > 0)
        moved = np.clip(sizes + share * gap[:, None], low, np.maximum(high, low))
        gap = gap - (moved - sizes).sum(axis=1)
        sizes = moved
        if np.abs(gap).max() < 0.5:
            break
    return sizes


def _rounded(sizes: np.ndarray, total: np.ndarray | None, columns: Sequence[_Column]) -> np.ndarray:
    """Whole numbers, next to the sizes, that add up to a whole-number total if there is one.

    Largest remainders go up, among uncertain sizes; exact ones are whole already.
    """
    if total is None or not any(column.sd for column in columns):
        return np.rint(sizes)
    uncertain = np.array([column.sd > 0 for column in columns])
    whole = np.where(uncertain, np.floor(sizes), np.rint(sizes))
    parts = np.where(uncertain, sizes - whole, -1.0)
    rank = np.argsort(np.argsort(-parts, axis=1, kind="stable"), axis=1)
    missing = np.clip(total - whole.sum(axis=1), 0, uncertain.sum())
    raised: np.ndarray = whole + (rank < missing[:, None])
    return raised
