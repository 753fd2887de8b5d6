"""Bylaws over complete results, exactly: against enumeration in fractions, and on worked cases."""

import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache

import every_result as oracle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ratification.answers import judging
from ratification.answers.judging import Results, judge, measure
from ratification.case.bylaws import (
    COMPARISONS,
    MEASURES,
    All,
    Any,
    Condition,
    Not,
    Reading,
    Rule,
    Veto,
    choose,
)
from ratification.case.folder import load
from ratification.errors import RatificationError

SEBAC = load("sebac-2011")
PEOPLE = ("members", "ballots", "yes")
READINGS = {chosen.key: chosen.reading for chosen in choose(SEBAC.bylaws, ())}


class ByTheBook:
    """A rule in one world after the other: fractions, one union after the other."""

    def __init__(self, reading: Reading, results: Results) -> None:
        self.rule, self.results = reading.rule, results
        self.rows = {name: getattr(results, name).tolist() for name in (*PEOPLE, "approves")}
        self.voting = [not gone for gone in results.abstains.tolist()]
        self.counted = [reading.abstaining == "stays" or votes for votes in self.voting]

    def __call__(self, world: int) -> bool:
        """Whether the rule holds in a world."""
        return self.holds(self.rule, world)

    def holds(self, rule: Rule, world: int) -> bool:
        """Whether a part of the rule holds."""
        match rule:
            case All(parts=parts):
                return all(self.holds(part, world) for part in parts)
            case Any(parts=parts):
                return any(self.holds(part, world) for part in parts)
            case Not(part=part):
                return not self.holds(part, world)
            case Veto(union=union):
                return self.rows["approves"][world][self.results.unions.index(union)]
            case Condition(comparison=comparison, threshold=threshold):
                value = self.value(rule, world)
                return {
                    "at_least": value >= threshold,
                    "more_than": value > threshold,
                    "at_most": value <= threshold,
                    "less_than": value < threshold,
                }[comparison]
        raise AssertionError(rule)

    def value(self, condition: Condition, world: int) -> Fraction:
        """A measure; of nothing, 0."""
        approves = self.rows["approves"][world]
        opposed = [votes and not yes for votes, yes in zip(self.voting, approves, strict=True)]

        def people(name: str, chosen: list[bool]) -> int:
            row = self.rows[name][world]
            return sum(n for n, i, j in zip(row, chosen, self.counted, strict=True) if i and j)

        match condition.measure:
            case "approving unions" | "opposed unions":
                above = self.weight(approves if condition.measure[0] == "a" else opposed)
                below = self.weight(self.counted) if condition.share else Fraction(1)
            case "members of approving unions" | "ballots of approving unions":
                name = condition.measure.split()[0]
                above, below = people(name, approves), people(name, self.counted)
            case "yes of ballots":
                above, below = people("yes", self.counted), people("ballots", self.counted)
            case "yes of members":
                above, below = people("yes", self.counted), people("members", self.counted)
            case "turnout":
                above, below = people("ballots", self.counted), people("members", self.counted)
        return Fraction(above) / below if below else Fraction(0)

    def weight(self, chosen: list[bool]) -> Fraction:
        """Union weight of the chosen."""
        return sum((w for w, i in zip(self.results.weights, chosen, strict=True) if i), Fraction(0))


def results_of(
    members: list[int] | np.ndarray,
    votes: list[tuple[int, int]],
    *,
    weights: list[Fraction] | None = None,
    abstains: list[bool] | None = None,
) -> Results:
    """One world: members of each union, and its yes and no. More yes than no approves."""
    yes, no = (np.array([vote[side] for vote in votes])[None] for side in (0, 1))
    number = len(votes)
    return Results(
        members=np.array(members)[None],
        ballots=yes + no,
        yes=yes,
        approves=yes > no,
        abstains=np.array(abstains or [False] * number),
        weights=tuple(weights or [Fraction(1)] * number),
        unions=tuple(f"u{i}" for i in range(number)),
    )


def holds(rule: Rule, results: Results, abstaining: str = "stays") -> bool:
    """A rule in the one world of some results."""
    [held] = judge(Reading(id="x", title="", rule=rule, abstaining=abstaining), results)
    return bool(held)


def every_outcome(abstains: list[bool]) -> Results:
    """All 2**15 outcomes of the founding case, each with votes to match and rosters of its own."""
    rng = np.random.default_rng(391)
    unions = SEBAC.electorate.unions
    patterns = (np.arange(2 ** len(unions))[:, None] >> np.arange(len(unions))) & 1 == 1
    best = [SEBAC.electorate.figure(union, "2011-06").members for union in unions]
    members = np.array(best) + rng.integers(0, 40, patterns.shape)
    gone = np.array(abstains)
    ballots = np.where(gone, 0, rng.integers(2, members + 1))
    lead = rng.integers(1, ballots // 2 + 2)
    yes = np.where(patterns, ballots // 2 + lead, ballots // 2 - np.minimum(lead, ballots // 2))
    yes = np.minimum(yes, ballots)
    return Results(
        members=members,
        ballots=ballots,
        yes=yes,
        approves=patterns & ~gone,
        abstains=gone,
        weights=(Fraction(1),) * len(unions),
        unions=unions,
    )


@cache
def everyone_votes() -> Results:
    """Every outcome of the founding case in which nobody abstains."""
    return every_outcome([False] * 15)


@pytest.fixture(scope="module", params=[(), ("council-4", "union-15")], ids=["all vote", "two not"])
def outcomes(request: pytest.FixtureRequest) -> Results:
    """Every outcome of the founding case, without and with abstaining unions."""
    return every_outcome([union in request.param for union in SEBAC.electorate.unions])


@pytest.mark.parametrize("key", READINGS)
def test_every_outcome_is_judged_as_in_fractions(key: str, outcomes: Results) -> None:
    """All 32,768 outcomes agree with arithmetic in fractions, where it is close and where not."""
    reading = READINGS[key]
    held = judge(reading, outcomes)
    by_the_book = ByTheBook(reading, outcomes)
    worlds = range(0, len(held), 5 if outcomes.abstains.any() else 1)  # fractions are slow
    wrong = [world for world in worlds if held[world] != by_the_book(world)]

    assert wrong == []
    assert 0 < held.sum() < len(held) or outcomes.abstains.any()


@given(seed=st.integers(0, 2**32 - 1))
def test_any_rule_is_judged_as_in_fractions(seed: int) -> None:
    """Rules of any shape, weights, abstentions and empty unions agree with fractions."""
    rng = np.random.default_rng(seed)
    tree = oracle.random_tree(rng)
    number, worlds = len(tree.unions), 20
    members = rng.integers(0, 8, (worlds, number))
    abstains = rng.random(number) < 0.3
    ballots = np.where(abstains, 0, rng.integers(0, members + 1))
    yes = rng.integers(0, ballots + 1)
    results = Results(
        members=members,
        ballots=ballots,
        yes=yes,
        approves=2 * yes > ballots,
        abstains=abstains,
        weights=tuple(tree.by_id[union].weight for union in tree.unions),
        unions=tree.unions,
    )
    reading = oracle.random_reading(tree, rng)

    by_the_book = ByTheBook(reading, results)
    assert judge(reading, results).tolist() == [by_the_book(world) for world in range(worlds)]


# Properties


RISING = [name for name in MEASURES if name not in ("opposed unions", "turnout")]


@st.composite
def monotone_rules(draw: Callable, depth: int = 0) -> Rule:
    """Rules that more yes can only help."""
    if depth < 2 and draw(st.booleans()):
        parts = tuple(draw(monotone_rules(depth + 1)) for _ in range(draw(st.integers(1, 3))))
        return draw(st.sampled_from([All, Any]))(parts=parts)
    if draw(st.integers(0, 5)) == 0:
        return Veto(union=f"u{draw(st.integers(0, 3))}")
    shares = st.sampled_from(["1/2", "2/3", "4/5", "1/3", "57/100"])
    if draw(st.integers(0, 3)) == 0:
        fall = draw(st.sampled_from(["at_most", "less_than"]))
        return oracle.condition("opposed unions", fall, draw(shares))
    rise = draw(st.sampled_from(["at_least", "more_than"]))
    return oracle.condition(draw(st.sampled_from(RISING)), rise, draw(shares))


votes = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=4, max_size=4)


@given(rule=monotone_rules(), cast=votes, union=st.integers(0, 3))
def test_one_more_yes_never_hurts(rule: Rule, cast: list[tuple[int, int]], union: int) -> None:
    """Where a voter turns from no to yes, a rule that yes can only help still holds."""
    yes, no = cast[union]
    better = list(cast)
    better[union] = (yes + 1, no - 1) if no else (yes, no)
    members = [70, 64, 61, 90]

    assert holds(rule, results_of(members, better)) >= holds(rule, results_of(members, cast))


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_permuting_unions_changes_nothing(seed: int) -> None:
    """The order of the unions is none of the rule's business."""
    rng = np.random.default_rng(seed)
    outcomes = everyone_votes()
    worlds, order = rng.integers(0, 2**15, 50), rng.permutation(15)
    picked = replace(
        outcomes,
        **{n: getattr(outcomes, n)[worlds] for n in ("members", "ballots", "yes", "approves")},
    )
    permuted = replace(
        picked,
        **{n: getattr(picked, n)[:, order] for n in ("members", "ballots", "yes", "approves")},
        unions=tuple(picked.unions[u] for u in order),
    )
    veto = All(parts=(READINGS["july-2011/per-capita"].rule, Veto(union="council-4")))
    for reading in [*READINGS.values(), Reading(id="x", title="", rule=veto)]:
        assert judge(reading, permuted).tolist() == judge(reading, picked).tolist()


# Thresholds


def share(name: str, comparison: str, threshold: str) -> Condition:
    """A condition on a share."""
    return oracle.condition(name, comparison, threshold)


def test_exactly_the_threshold() -> None:
    """36,000 of 45,000 members are at least 80% and not more; one fewer is less."""
    exact = results_of([36_000, 9_000], [(2, 1), (1, 2)])
    short = results_of([35_999, 9_001], [(2, 1), (1, 2)])

    assert holds(share("members of approving unions", "at_least", "4/5"), exact)
    assert holds(share("members of approving unions", "at_most", "4/5"), exact)
    assert not holds(share("members of approving unions", "more_than", "4/5"), exact)
    assert not holds(share("members of approving unions", "less_than", "4/5"), exact)
    assert not holds(share("members of approving unions", "at_least", "4/5"), short)


def test_a_tie_of_ballots_is_no_majority() -> None:
    """Half of the ballots is at least half, and not more than half."""
    tied = results_of([10, 10], [(3, 2), (2, 3)])

    assert holds(share("yes of ballots", "at_least", "1/2"), tied)
    assert not holds(share("yes of ballots", "more_than", "1/2"), tied)


@pytest.mark.parametrize("world", [0, 1])
def test_largest_coalitions_do_not_overflow(world: int) -> None:
    """Two billion members against a threshold of one in a million: exact, to the last ballot."""
    threshold = Fraction(333_333, 1_000_000)
    members = [10**9, 10**9]
    yes = [[333_333_000, 333_333_000], [333_333_000, 332_999_999]][world]
    results = results_of(members, [(n, 10**9 - n) for n in yes])
    rule = replace(share("yes of members", "at_least", "1/3"), threshold=threshold)

    assert holds(rule, results) is (Fraction(sum(yes), 2 * 10**9) >= threshold) is (world == 0)


def test_teamsters_2018() -> None:
    """45.74% yes ratifies while under half vote, and not once half do."""
    cast = [(42_356, 50_248)]

    assert holds(oracle.teamsters(), results_of([209_043], cast))
    assert not holds(oracle.teamsters(), results_of([185_208], cast))


# Weights


def test_half_cantons_and_a_majority() -> None:
    """Twenty whole and six half cantons are 23: 11.5 of them are no majority, 12 are."""
    weights = [Fraction(1)] * 20 + [Fraction(1, 2)] * 6
    rule = share("approving unions", "more_than", "1/2")

    def cantons(whole: int, half: int) -> Results:
        approve = [i < whole for i in range(20)] + [i < half for i in range(6)]
        return results_of([9] * 26, [(2, 1) if yes else (1, 2) for yes in approve], weights=weights)

    assert not holds(rule, cantons(11, 1))
    assert holds(rule, cantons(11, 2))
    assert holds(share("opposed unions", "at_most", "1/2"), cantons(9, 5))
    assert holds(oracle.condition("approving unions", "at_least", 12), cantons(9, 6))
    assert not holds(replace(rule, share=False, threshold=Fraction(23, 2)), cantons(11, 1))


def test_a_territory_counts_for_nothing() -> None:
    """A union of weight 0 votes, and its approval is not counted."""
    weights = [Fraction(1), Fraction(1), Fraction(0)]
    results = results_of([9, 9, 9], [(2, 1), (1, 2), (2, 1)], weights=weights)

    assert not holds(share("approving unions", "more_than", "1/2"), results)
    assert not holds(oracle.condition("approving unions", "at_least", 2), results)
    assert holds(share("yes of ballots", "more_than", "1/2"), results)


def test_no_weight_at_all() -> None:
    """A share of no weight counts as 0."""
    results = results_of([9], [(2, 1)], weights=[Fraction(0)])

    assert not holds(share("approving unions", "at_least", "1/2"), results)
    assert holds(share("opposed unions", "at_most", "1/2"), results)


def test_weights_too_fine_are_refused() -> None:
    """Weights that 64 bits cannot add exactly are an error, not a rounded answer."""
    weights = [Fraction(1, prime) for prime in (999_983, 999_979, 999_961)]
    results = results_of([9] * 3, [(2, 1)] * 3, weights=weights)

    with pytest.raises(RatificationError, match="too fine to be added exactly"):
        holds(share("approving unions", "more_than", "1/2"), results)


# Abstaining unions and unions without ballots


def test_an_abstaining_union_stays_or_leaves() -> None:
    """Of three alike, one approves and one abstains: a third of all, half of those who vote."""
    results = results_of([100] * 3, [(40, 20), (0, 0), (20, 40)], abstains=[False, True, False])
    at_least_half = {
        name: share(name, "at_least", "1/2")
        for name in ("approving unions", "opposed unions", "members of approving unions")
    }
    turnout = share("turnout", "at_least", "3/5")

    assert not any(holds(rule, results) for rule in [*at_least_half.values(), turnout])
    assert all(holds(rule, results, "leaves") for rule in [*at_least_half.values(), turnout])


def test_an_abstaining_union_is_neither_for_nor_against() -> None:
    """It is not opposed, and a veto of its own it has not lifted."""
    results = results_of([9, 9], [(2, 1), (0, 0)], abstains=[False, True])

    for abstaining in ("stays", "leaves"):
        assert holds(oracle.condition("opposed unions", "at_most", 0), results, abstaining)
        assert not holds(Veto(union="u1"), results, abstaining)


@pytest.mark.parametrize("name", ["yes of ballots", "ballots of approving unions"])
def test_no_ballots_count_as_none_of_them(name: str) -> None:
    """A share of no ballots is 0: at least nothing, at most anything, and above nothing."""
    empty = results_of([9, 9], [(0, 0), (0, 0)])

    assert holds(share(name, "at_least", "0"), empty)
    assert holds(share(name, "at_most", "1/2"), empty)
    assert holds(share(name, "less_than", "1/2"), empty)
    assert not holds(share(name, "more_than", "0"), empty)
    assert not holds(share(name, "at_least", "1/2"), empty)


def test_a_union_without_ballots_is_opposed() -> None:
    """Nobody votes: the union does not approve, and did not abstain."""
    assert holds(oracle.condition("opposed unions", "at_least", 1), results_of([9], [(0, 0)]))


# Measures and blocks


def test_measures_are_exact() -> None:
    """Numerator and denominator of each measure, as people would add them up."""
    results = results_of(
        [100, 60, 40],
        [(30, 20), (10, 20), (0, 0)],
        weights=[Fraction(1), Fraction(1, 2), Fraction(1)],
        abstains=[False, False, True],
    )

    def value(name: str, **options: object) -> tuple[int, int]:
        found = measure(name, results, **options)
        return int(found.numerator[0]), int(found.denominator[0])

    assert value("members of approving unions") == (100, 200)
    assert value("members of approving unions", abstaining="leaves") == (100, 160)
    assert value("ballots of approving unions") == (50, 80)
    assert value("yes of ballots") == (40, 80)
    assert value("yes of members") == (40, 200)
    assert value("turnout", abstaining="leaves") == (80, 160)
    assert value("approving unions") == (2, 5)  # halves
    assert value("approving unions", share=False) == (2, 2)
    assert value("opposed unions", share=False) == (1, 2)
    assert value("opposed unions", abstaining="leaves") == (1, 3)


@pytest.mark.parametrize("order", ["C", "F"])
def test_blocks_and_storage_change_nothing(order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Worlds are judged one by one: in blocks of any size, stored either way."""
    outcomes = everyone_votes()
    names = ("members", "ballots", "yes", "approves")
    stored = replace(
        outcomes,
        **{name: np.array(getattr(outcomes, name), order=order) for name in names},
    )
    for reading in READINGS.values():
        monkeypatch.setattr(judging, "BLOCK", 2**15)
        whole = judge(reading, stored)
        monkeypatch.setattr(judging, "BLOCK", 1_000)
        assert (judge(reading, stored) == whole).all()


def test_no_worlds() -> None:
    """Nothing to judge gives nothing."""
    results = everyone_votes()
    names = ("members", "ballots", "yes", "approves")
    none = replace(results, **{name: getattr(results, name)[:0] for name in names})

    assert judge(READINGS["1996/per-capita"], none).shape == (0,)


def test_judging_takes_little_more_than_reading() -> None:
    """A rule over many worlds takes at most five times the sums of the arrays that it reads."""
    rng = np.random.default_rng(1)
    worlds = (300_000, 15)
    members = np.asfortranarray(rng.integers(100, 5_000, worlds, dtype=np.int32))
    yes = np.asfortranarray(rng.integers(0, members, dtype=np.int32))
    results = replace(
        everyone_votes(),
        members=members,
        ballots=members,
        yes=yes,
        approves=np.asfortranarray(2 * yes > members),
    )
    reads = (results.members, results.approves)

    def fastest(work: Callable[[], object]) -> float:
        times = []
        for _ in range(9):
            start = time.process_time()
            work()
            times.append(time.process_time() - start)
        return min(times)

    judged = fastest(lambda: judge(READINGS["1996/per-capita"], results))
    assert judged <= 5 * fastest(lambda: [array.sum() for array in reads])


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_comparisons_are_each_others_opposites(comparison: str) -> None:
    """`not at_least` is `less_than`, and `not more_than` is `at_most`."""
    opposite = {"at_least": "less_than", "more_than": "at_most"}
    opposite |= {other: one for one, other in opposite.items()}
    outcomes = everyone_votes()

    for name in MEASURES:
        rule = share(name, comparison, "1/2")
        negated = Not(part=replace(rule, comparison=opposite[comparison]))
        one, other = (Reading(id="x", title="", rule=either) for either in (rule, negated))
        assert (judge(one, outcomes) == judge(other, outcomes)).all()
