"""Votes that agree with the evidence have exactly the law that enumeration gives them."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from exact import FALSE_ALARM, joint_law, law_pvalue, leaf_law
from hypothesis import given, settings
from hypothesis import strategies as st
from ratification.case.known import Count, Known, Partial, Range, ShareRange
from ratification.inference.conditioning import condition, draw_free
from ratification.inference.constraints import Constraint, components, constraints_of, satisfied
from ratification.inference.lattice import integer_kernel
from ratification.inference.metropolis import Chain
from ratification.inference.numerics import stream
from ratification.inference.so_far import SoFar, shares_so_far
from ratification.inference.tied import Ballots, TiedVotes
from scipy.stats import hypergeom

DRAWS = 40_000


@dataclass(frozen=True)
class Group:
    """A few leaves, their yes share and turnout, and what is known of them."""

    name: str
    members: tuple[int, ...]
    yes_share: tuple[float, ...]
    turnout: tuple[float, ...]
    facts: Known

    def ballots(self, worlds: int) -> Ballots:
        """As many equal worlds."""
        shape = (worlds, len(self.members))
        return Ballots(
            members=np.broadcast_to(self.members, shape).copy(),
            yes_share=np.broadcast_to(self.yes_share, shape).copy(),
            turnout=np.broadcast_to(self.turnout, shape).copy(),
            seen_yes=self.seen[0],
            seen_no=self.seen[1],
            shares=self.shares(worlds),
        )

    def shares(self, worlds: int) -> tuple[SoFar, ...]:
        """Shares so far of several leaves, or without their ballots."""
        shape = (worlds, len(self.members))
        drawn = (self.members, self.yes_share, self.turnout)
        return shares_so_far(self.facts, *(np.broadcast_to(each, shape) for each in drawn))

    @property
    def seen(self) -> np.ndarray:
        """Yes and no counted so far, by leaf."""
        found = np.zeros((2, len(self.members)), dtype=np.int64)
        for partial in self.facts.partials:
            if len(partial.scope) == 1 and partial.yes + partial.no:
                found[:, list(partial.scope)] = [[partial.yes], [partial.no]]
        return found

    def constraints(self, worlds: int) -> list[Constraint]:
        """What is known, for as many worlds."""
        return constraints_of(self.facts, self.ballots(worlds).members)

    def free(self, worlds: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Votes that know of no evidence."""
        return draw_free(self.ballots(worlds), slice(None), slice(None), rng)

    def law(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Outcomes that agree, their chances, and how likely agreement was."""
        settings = zip(self.members, self.yes_share, self.turnout, strict=True)
        outcomes, chances = joint_law([leaf_law(*leaf) for leaf in settings])
        yes, no = np.split(outcomes, 2, axis=1)
        seen_yes, seen_no = self.seen  # any ballot was as likely as another to be counted first
        some = np.flatnonzero(seen_yes + seen_no)
        cast, told = (yes + no)[:, some], (seen_yes + seen_no)[some]
        enough = cast >= told
        counted = hypergeom.pmf(
            seen_yes[some], np.maximum(cast, told), np.where(enough, yes[:, some], 0), told
        )
        chances = chances * np.where(enough, counted, 0.0).prod(axis=1)
        for entry in self.shares(1):
            pooled = (votes[:, entry.leaves].sum(axis=1) for votes in (yes, no))
            chances = chances * np.exp(entry.log_chance(*pooled))
        chances = chances / chances.sum()
        members = np.broadcast_to(self.members, yes.shape)
        good = satisfied(constraints_of(self.facts, members), yes, no)
        return outcomes[good], chances[good], float(chances[good].sum())

    def tied(self, start: np.ndarray) -> TiedVotes:
        """All leaves in one group, with the votes of these outcomes."""
        leaves, rows = np.arange(len(self.members)), np.arange(len(start))
        held = self.constraints(len(start))
        yes, no = np.split(start, 2, axis=1)
        return TiedVotes(self.ballots(len(start)), leaves, held, rows, yes, no)


def group(name: str, leaves: Sequence[tuple[int, float, float]], **facts: object) -> object:
    """A parameter of a test."""
    members, yes_share, turnout = zip(*leaves, strict=True)
    known = Known(round="june", **facts)  # type: ignore[arg-type]
    return pytest.param(Group(name, members, yes_share, turnout, known), id=name)


def count(scope: Sequence[int], yes: int, no: int) -> Count:
    """A complete count."""
    return Count(scope=frozenset(scope), yes=yes, no=no, reports=("count",))


def so_far(leaf: int, yes: int, no: int) -> Partial:
    """Ballots of one leaf counted so far."""
    return Partial(scope=frozenset({leaf}), yes=yes, no=no, reports=("so far",))


def pooled_so_far(scope: Sequence[int], yes: int, no: int) -> Partial:
    """Ballots of several leaves counted so far."""
    return Partial(scope=frozenset(scope), yes=yes, no=no, reports=("pooled so far",))


def share_so_far(scope: Sequence[int], low: str, high: str) -> Partial:
    """A yes share of ballots so far."""
    shares = {"low": Fraction(low), "high": Fraction(high)}
    return Partial(scope=frozenset(scope), **shares, reports=("share so far",))


def ranged(
    scope: Sequence[int], low: int | None, high: int | None, alpha: int = 1, beta: int = -1
) -> Range:
    """A margin, unless other slopes are given."""
    return Range(
        scope=frozenset(scope), alpha=alpha, beta=beta, low=low, high=high, reports=("range",)
    )


def share(
    scope: Sequence[int], low: str, high: str, of: str = "ballots", known: tuple[int, int] = (0, 0)
) -> ShareRange:
    """A yes share, or a turnout; `known` are ballots counted elsewhere in its whole."""
    return ShareRange(
        of=of,
        whole=frozenset(scope),
        scope=frozenset(scope),
        known_yes=known[0],
        known_no=known[1],
        low=Fraction(low),
        high=Fraction(high),
        reports=("share",),
    )


PAIR = [(6, 0.6, 0.7), (4, 0.3, 0.5)]
TRIPLE = [(4, 0.6, 0.7), (5, 0.3, 0.5), (3, 0.5, 0.8)]
UNLIKELY = [(8, 0.07, 0.9), (8, 0.08, 0.9)]

GROUPS = [
    group("so far", [(9, 0.3, 0.5)], partials=(so_far(0, 3, 1),)),
    group("so far, in a margin", PAIR, partials=(so_far(0, 2, 1),), ranges=(ranged([0, 1], 1, 2),)),
    group(
        "so far, in a pooled count",
        PAIR,
        partials=(so_far(0, 1, 2),),
        counts=(count([0, 1], 4, 3),),
    ),
    group("pooled count", [(5, 0.6, 0.7), (4, 0.3, 0.5)], counts=(count([0, 1], 3, 2),)),
    group(
        "pooled count and an outcome inside",
        [(6, 0.6, 0.7), (5, 0.3, 0.5)],
        counts=(count([0, 1], 4, 4),),
        ranges=(ranged([1], 1, None),),
    ),
    group("margin range", PAIR, ranges=(ranged([0, 1], -4, -3),)),
    group("exact margin", PAIR, ranges=(ranged([0, 1], -3, -3),)),
    group("yes share range", PAIR, shares=(share([0, 1], "2/5", "45/100"),)),
    group(
        "yes share with known ballots", PAIR, shares=(share([0, 1], "1/2", "3/5", known=(5, 2)),)
    ),
    group("turnout range", PAIR, shares=(share([0, 1], "1/10", "3/10", of="members"),)),
    group("ballots returned", PAIR, ranges=(ranged([0, 1], 8, 9, beta=1),)),
    group("overlapping pooled counts", TRIPLE, counts=(count([0, 1], 4, 2), count([1, 2], 3, 2))),
    group(
        "overlapping exact margins", TRIPLE, ranges=(ranged([0, 1], -2, -2), ranged([1, 2], 1, 1))
    ),
    group(
        "pooled count and a turnout range across it",
        TRIPLE,
        counts=(count([0, 1], 3, 2),),
        shares=(share([1, 2], "1/2", "3/4", of="members"),),
    ),
    group("pooled count so far", PAIR, partials=(pooled_so_far([0, 1], 2, 3),)),
    group(
        "pooled count so far of nearly all",
        [(4, 0.6, 0.9), (5, 0.3, 0.9)],
        partials=(pooled_so_far([0, 1], 2, 5),),
    ),
    group(
        "pooled count so far, with a leaf's own",
        PAIR,
        partials=(so_far(0, 1, 1), pooled_so_far([0, 1], 1, 2)),
    ),
    group(
        "pooled count so far, in a margin",
        PAIR,
        partials=(pooled_so_far([0, 1], 2, 2),),
        ranges=(ranged([0, 1], 1, 2),),
    ),
    group(
        "pooled count so far, across a pooled count",
        TRIPLE,
        partials=(pooled_so_far([1, 2], 1, 3),),
        counts=(count([0, 1], 3, 2),),
    ),
    group("share so far", [(9, 0.3, 0.7)], partials=(share_so_far([0], "2/5", "3/5"),)),
    group(
        "share so far of two leaves, one outcome",
        PAIR,
        partials=(share_so_far([0, 1], "1/5", "2/5"),),
        ranges=(ranged([0], 1, None),),
    ),
    group("two thirds needed", PAIR, ranges=(ranged([0, 1], 0, None, alpha=1, beta=-2),)),
    group("two unlikely outcomes", UNLIKELY, ranges=(ranged([0], 1, None), ranged([1], 1, None))),
    group("an unlikely pooled outcome", UNLIKELY, ranges=(ranged([0, 1], 3, None),)),
]


@pytest.mark.parametrize("case", GROUPS)
def test_conditional_law_is_exact(case: Group) -> None:
    """Conditioned votes have the law that enumeration gives, and every world agrees."""
    rng = stream(1, "conditioning", case.name)
    yes, no = case.free(DRAWS, rng)
    constraints = case.constraints(DRAWS)
    assert condition(case.ballots(DRAWS), constraints, yes, no, rng).all()
    assert satisfied(constraints, yes, no).all()
    outcomes, chances, _ = case.law()
    assert law_pvalue(outcomes, chances, np.hstack([yes, no])) > FALSE_ALARM


def test_one_in_a_million_still_gives_worlds() -> None:
    """Outcomes of one chance in a million need no luck."""
    case = next(entry.values[0] for entry in GROUPS if entry.id == "two unlikely outcomes")
    assert case.law()[2] < 1e-6


@pytest.mark.parametrize("case", GROUPS)
def test_metropolis_leaves_the_conditional_law_as_it_is(case: Group) -> None:
    """Worlds that have the conditional law already keep it through the Metropolis sweeps."""
    rng = stream(2, "stationary", case.name)
    outcomes, chances, _ = case.law()
    start = outcomes[rng.choice(len(outcomes), size=DRAWS, p=chances / chances.sum())]
    tied = case.tied(start)
    chain = Chain(tied, rng)
    for _ in range(3):
        chain.sweep()
    end = np.hstack([tied.yes, tied.no])
    assert (end != start).any(axis=1).mean() > 0.05
    assert law_pvalue(outcomes, chances, end) > FALSE_ALARM


@pytest.mark.parametrize("case", GROUPS)
def test_metropolis_reaches_the_conditional_law_from_any_point(case: Group) -> None:
    """All worlds started from the rarest outcome that agrees end in the conditional law."""
    worlds = 5_000
    rng = stream(3, "from a point", case.name)
    outcomes, chances, _ = case.law()
    start = np.repeat(outcomes[[chances.argmin()]], worlds, axis=0)
    tied = case.tied(start)
    chain = Chain(tied, rng)
    for _ in range(150):
        chain.sweep()
    assert law_pvalue(outcomes, chances, np.hstack([tied.yes, tied.no])) > FALSE_ALARM


def test_leaves_that_nothing_ties_together_are_apart() -> None:
    """Constraints that share no leaf make separate groups; a shared leaf joins them."""
    members = np.full((1, 5), 9)
    facts = Known(round="june", ranges=(ranged([0, 1], 0, 1), ranged([2, 3], 0, 1)))
    apart = components(constraints_of(facts, members))
    assert [leaves.tolist() for leaves, _ in apart] == [[0, 1], [2, 3]]
    joined = Known(round="june", ranges=(*facts.ranges, ranged([1, 2], 0, 1)))
    [(leaves, held)] = components(constraints_of(joined, members))
    assert leaves.tolist() == [0, 1, 2, 3]
    assert len(held) == 3


@given(
    st.lists(st.lists(st.integers(-6, 6), min_size=5, max_size=5), min_size=1, max_size=4),
    st.lists(st.integers(-3, 3), min_size=5, max_size=5),
)
def test_integer_kernel_is_a_basis(rows: list[list[int]], weights: list[int]) -> None:
    """Kernel vectors are taken to zero, as many as the rank leaves, and of no common factor."""
    matrix = np.array(rows)
    basis = integer_kernel(matrix)
    assert len(basis) == 5 - np.linalg.matrix_rank(matrix)
    for vector in basis:
        assert not (matrix @ vector).any()
        assert np.gcd.reduce(vector) == 1


@st.composite
def evidence_of_a_truth(draw: st.DrawFn) -> tuple[Group, np.ndarray]:
    """A group of leaves with a hidden true result, and reports that are true of it."""
    size = draw(st.integers(1, 5))
    some = st.integers(1, 400)
    members = tuple(draw(some) for _ in range(size))
    chance = st.integers(15, 85).map(lambda percent: percent / 100)
    yes_share, turnout = (tuple(draw(chance) for _ in range(size)) for _ in range(2))
    ballots = [draw(st.integers(0, m)) for m in members]
    yes = [draw(st.integers(0, b)) for b in ballots]
    counts: list[Count] = []
    ranges: list[Range] = []
    shares: list[ShareRange] = []
    partials: list[Partial] = []
    for _ in range(draw(st.integers(1, 4))):
        scope = sorted(draw(st.sets(st.integers(0, size - 1), min_size=1)))
        y, n = sum(yes[k] for k in scope), sum(ballots[k] - yes[k] for k in scope)
        slack = draw(st.sampled_from([0, 1, 20]))
        kind = draw(st.sampled_from(["count", "margin", "outcome", "returned", "share", "so far"]))
        if kind == "count" and len(scope) > 1:
            counts.append(count(scope, y, n))
        elif kind == "margin":
            ranges.append(ranged(scope, y - n - slack, y - n + slack))
        elif kind == "outcome":
            ranges.append(ranged(scope, 1, None) if y > n else ranged(scope, None, 0))
        elif kind == "returned":
            ranges.append(ranged(scope, y + n - slack, y + n + slack, beta=1))
        elif kind == "share" and y + n:
            low, high = Fraction(9 * y, 10 * (y + n)), Fraction(9 * y + n + y, 10 * (y + n))
            shares.append(share(scope, str(low), str(high)))
        elif kind == "so far":
            part = Partial(scope=frozenset(scope), yes=y // 2, no=n // 2, reports=("so far",))
            partials.append(part)
    known = Known(
        round="june",
        counts=tuple(counts),
        ranges=tuple(ranges),
        shares=tuple(shares),
        partials=tuple(partials),
    )
    truth = np.array([*yes, *(b - y for b, y in zip(ballots, yes, strict=True))])
    return Group("random", members, yes_share, turnout, known), truth


@settings(max_examples=60)
@given(evidence_of_a_truth())
def test_every_world_agrees_with_every_report(drawn: tuple[Group, np.ndarray]) -> None:
    """Worlds said to agree do, whatever is reported; almost all can be made to agree."""
    case, truth = drawn
    worlds = 100
    constraints = case.constraints(worlds)
    true_yes, true_no = np.split(np.repeat(truth[None], worlds, axis=0), 2, axis=1)
    assert satisfied(constraints, true_yes, true_no).all()
    rng = stream(4, "any evidence")
    yes, no = case.free(worlds, rng)
    good = condition(case.ballots(worlds), constraints, yes, no, rng)
    np.testing.assert_array_equal(good, satisfied(constraints, yes, no))
    assert good.mean() >= 0.9
    assert (yes >= 0).all()
    assert (no >= 0).all()
    assert (yes + no <= np.array(case.members)).all()
