"""Worlds: complete results drawn from the posterior, in integers, that agree with all evidence."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from ratification.arrays import Bool, Int
from ratification.case.case import Case
from ratification.case.electorate import Electorate
from ratification.case.evidence import InForce
from ratification.case.known import Known, known
from ratification.case.rounds import Scenario
from ratification.errors import RatificationError
from ratification.inference.approving import (
    BY_UNITS,
    agree_on_approvals,
    approvals_hold,
    approved,
    pooled,
    unit_total,
)
from ratification.inference.conditioning import condition, draw_free
from ratification.inference.constraints import constraints_of
from ratification.inference.field import FieldMaker
from ratification.inference.numerics import stream
from ratification.inference.posterior import Posterior
from ratification.inference.rosters import Rosters, draw_rosters
from ratification.inference.sharing import Share, alone, pieces, with_streams
from ratification.inference.so_far import shares_so_far
from ratification.inference.tied import Ballots

BLOCK = 8192  # worlds drawn at once: bounds the memory that intermediate arrays take
WORTH_SHARING = 100_000  # leaves that reports tie together, over all worlds of a block
MOST_REPLACED = 0.02  # of a block, by copies of other worlds, before giving up


@dataclass(frozen=True)
class Worlds:
    """Complete results of one round. Union arrays are stored union by union (Fortran order)."""

    members: Int[np.ndarray, "world union"]
    ballots: Int[np.ndarray, "world union"]
    yes: Int[np.ndarray, "world union"]
    approves: Bool[np.ndarray, "world union"]
    abstains: Bool[np.ndarray, " union"]
    draw: Int[np.ndarray, " world"]  # flat index of the posterior draw, chains interleaved
    variant: Int[np.ndarray, " world"]
    chains: int
    leaf_members: Int[np.ndarray, "world leaf"]
    leaf_ballots: Int[np.ndarray, "world leaf"]
    leaf_yes: Int[np.ndarray, "world leaf"]
    replaced: int = 0  # worlds copied from others because theirs could not be repaired

    @property
    def count(self) -> int:
        """Number of worlds."""
        return len(self.draw)


def draw_worlds(
    case: Case,
    posterior: Posterior,
    evidence: InForce,
    round_id: str,
    count: int,
    *,
    scenario: Scenario | None = None,
    share: Share = alone,
) -> Worlds:
    """Draw complete results of a round. Same posterior, seed and count: the same bytes.

    Scenarios share their random numbers: drawn from one posterior, their worlds differ by what
    the scenarios say alone, so that differences between them are paired.

    Raises:
        RatificationError: the evidence leaves (almost) no room that could be found.
    """
    facts = known(evidence, round_id, case.electorate, case.id)
    maker = FieldMaker(case, posterior, round_id, scenario)
    index = draw_index(posterior, count)
    store = _Store(case.electorate, count)
    for block, start in enumerate(range(0, count, BLOCK)):
        rng = block_stream(posterior.seed, round_id, block)
        rows = index[start : start + BLOCK]
        _fill(store, start, facts, maker, rows, rng, share)
    return store.worlds(facts, index, posterior.chains)


def block_stream(seed: int, round_id: str, block: int) -> np.random.Generator:
    """The random numbers of one block of worlds: the same in every scenario."""
    return stream(seed, "worlds", round_id, "", str(block))


def draw_index(posterior: Posterior, count: int) -> Int[np.ndarray, " world"]:
    """Which posterior draw each world comes from: every chain alike, spread over its draws."""
    total = posterior.chains * posterior.per_chain
    if count >= total:
        return np.arange(count) % total
    per_chain = max(1, count // posterior.chains)
    steps = np.linspace(0, posterior.per_chain - 1, per_chain).round().astype(np.int64)
    flat = (steps[:, None] * posterior.chains + np.arange(posterior.chains)).reshape(-1)
    return np.resize(flat, count)


class _Store:
    """Arrays being filled, block by block."""

    def __init__(self, electorate: Electorate, count: int) -> None:
        self.tree = electorate
        leaves, unions = (count, len(electorate.leaves)), (count, len(electorate.unions))
        self.leaf_members = np.empty(leaves, dtype=np.int32)
        self.leaf_ballots = np.empty(leaves, dtype=np.int32)
        self.leaf_yes = np.empty(leaves, dtype=np.int32)
        self.members = np.empty(unions, dtype=np.int32, order="F")
        self.ballots = np.empty(unions, dtype=np.int32, order="F")
        self.yes = np.empty(unions, dtype=np.int32, order="F")
        self.approves = np.empty(unions, dtype=bool, order="F")
        self.variant = np.empty(count, dtype=np.int32)
        self.replaced = 0

    def put(self, rows: slice, rosters: Rosters, yes: np.ndarray, no: np.ndarray) -> None:
        """Keep a block of complete results: by leaf, by union, and who approves."""
        leaves = (self.leaf_members[rows], self.leaf_ballots[rows], self.leaf_yes[rows])
        for kept, values in zip(leaves, (rosters.members, yes + no, yes), strict=True):
            kept[:] = values
        self.variant[rows] = rosters.variant
        for position, union in enumerate(self.tree.unions):
            members, ballots, favour = (unit_total(self.tree, union, part) for part in leaves)
            self.members[rows, position] = members
            self.ballots[rows, position] = ballots
            self.yes[rows, position] = favour
            self.approves[rows, position] = (
                approved(self.tree, union, leaves[2], leaves[1])
                if self.tree.by_id[union].decides in BY_UNITS
                else pooled(self.tree, union, favour, ballots)
            )

    def worlds(self, facts: Known, index: np.ndarray, chains: int) -> Worlds:
        """All worlds."""
        abstains = [facts.outcomes.get(union) == "abstained" for union in self.tree.unions]
        return Worlds(
            members=self.members,
            ballots=self.ballots,
            yes=self.yes,
            approves=self.approves,
            abstains=np.array(abstains),
            draw=index.astype(np.int32),
            variant=self.variant,
            chains=chains,
            leaf_members=self.leaf_members,
            leaf_ballots=self.leaf_ballots,
            leaf_yes=self.leaf_yes,
            replaced=self.replaced,
        )


def _fill(
    store: _Store,
    start: int,
    facts: Known,
    maker: FieldMaker,
    rows: np.ndarray,
    rng: np.random.Generator,
    share: Share,
) -> None:
    """Draw one block of worlds into the store."""
    tree = store.tree
    # Before a scenario takes one of its own: all scenarios shall share it.
    agreeing = rng.spawn(1)[0]
    field = maker.field(rows, rng)
    rosters = draw_rosters(tree, facts, len(rows), rng)
    seen = counted_so_far(tree, facts)
    drawn = (rosters.members, field.yes_share, field.turnout)
    ballots = Ballots(*drawn, *seen, shares_so_far(facts, *drawn))
    yes = np.zeros(rosters.members.shape, dtype=np.int64)
    no = np.zeros_like(yes)
    open_leaves = [leaf for leaf in range(len(tree.leaves)) if leaf not in facts.counted]
    if len(open_leaves) == len(tree.leaves):
        yes, no = draw_free(ballots, slice(None), slice(None), rng)
    else:
        yes[:, open_leaves], no[:, open_leaves] = draw_free(ballots, open_leaves, slice(None), rng)
    for leaf, (counted_yes, counted_no) in facts.counted.items():
        yes[:, leaf], no[:, leaf] = counted_yes, counted_no
    given = [(ballots.of(piece), yes[piece], no[piece]) for piece in _pieces(facts, *yes.shape)]
    found = share(partial(_agreeing, tree, facts), with_streams(given, agreeing))
    # Of one piece they are the arrays themselves, changed in place: nothing to copy.
    whole = found[0] if len(found) == 1 else map(np.concatenate, zip(*found, strict=True))
    yes, no, good = whole
    _replace_bad(rosters, yes, no, good, rng)
    store.put(slice(start, start + len(rows)), rosters, yes, no)
    store.replaced += int((~good).sum())


def counted_so_far(
    tree: Electorate, facts: Known
) -> tuple[Int[np.ndarray, " leaf"], Int[np.ndarray, " leaf"]]:
    """Yes and no counted so far of single leaves; of several together it is not known by leaf."""
    yes, no = np.zeros((2, len(tree.leaves)), dtype=np.int64)
    for counted in facts.partials:
        if len(counted.scope) == 1:
            (leaf,) = counted.scope
            yes[leaf], no[leaf] = counted.yes, counted.no
    return yes, no


def _pieces(facts: Known, worlds: int, leaves: int) -> list[slice]:
    """Worlds of a block that are made to agree together: two halves where that is much work."""
    said = constraints_of(facts, np.zeros((1, leaves), dtype=int))
    tied = {leaf for entry in said for leaf in entry.leaves.tolist()}
    return pieces(worlds, 2 if worlds * len(tied) >= WORTH_SHARING else 1)


def _agreeing(
    tree: Electorate,
    facts: Known,
    given: tuple[tuple[Ballots, np.ndarray, np.ndarray], np.random.Generator],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Yes and no of some worlds that agree with the evidence; and in which worlds they do."""
    (ballots, yes, no), rng = given
    good = _agree(tree, facts, ballots, yes, no, rng)
    return yes, no, good


def _agree(
    tree: Electorate,
    facts: Known,
    ballots: Ballots,
    yes: np.ndarray,
    no: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Make every world agree with the evidence; returns which do."""
    base = constraints_of(facts, ballots.members)
    if not base and not facts.approvals:
        return np.ones(len(yes), dtype=bool)
    good = condition(ballots, base, yes, no, rng) if base else np.ones(len(yes), dtype=bool)
    if facts.approvals:
        good &= approvals_hold(tree, facts.approvals, yes, no)
        good |= agree_on_approvals(tree, facts, ballots, base, yes, no, np.flatnonzero(~good), rng)
    return good


def _replace_bad(
    rosters: Rosters, yes: np.ndarray, no: np.ndarray, good: np.ndarray, rng: np.random.Generator
) -> None:
    """Copy other worlds of the block over those that do not agree with the evidence."""
    bad = np.flatnonzero(~good)
    if not len(bad):
        return
    if len(bad) > max(2.0, MOST_REPLACED * len(good)):
        raise RatificationError(
            f"{len(bad)} of {len(good)} simulated results could not be made to agree with the "
            "evidence: the reports leave almost no room. Look for two that contradict each other "
            "with `ratify check`"
        )
    donors = rng.choice(np.flatnonzero(good), size=len(bad))
    for values in (rosters.members, rosters.variant, yes, no):
        values[bad] = values[donors]
