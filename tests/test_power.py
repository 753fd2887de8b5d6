"""Power indices against published values, closed forms and one another; sets and vetoes."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations, permutations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ratification.answers import power as powers
from ratification.answers.blocking import Sets, minimal_sets, named_vetoes, vetoes
from ratification.answers.game import Game, every_pattern, game_of, why_none
from ratification.answers.judging import Results, judge
from ratification.answers.power import (
    Power,
    by_dynamic_programming,
    by_enumeration,
    by_sampling,
    power,
)
from ratification.case.bylaws import All, Any, Condition, Not, Reading, Rule, Veto

EXACT: tuple[Callable[[Game], Power], ...] = (by_enumeration, by_dynamic_programming)
SEAT = Fraction(1)


def condition(
    measure: str, threshold: Fraction | int | str, comparison: str = "at_least", share: bool = False
) -> Condition:
    """A condition of a rule."""
    return Condition(
        measure=measure,  # type: ignore[arg-type]
        comparison=comparison,  # type: ignore[arg-type]
        threshold=Fraction(threshold),
        share=share,
        text="",
    )


def game(
    rule: Rule,
    members: Sequence[int],
    *,
    abstains: Sequence[bool] = (),
    weights: Sequence[Fraction] = (),
    abstaining: str = "stays",
) -> Game:
    """The game of a rule for unions u0, u1, ..."""
    return game_of(
        reading(rule, abstaining),
        unions=[f"u{i}" for i in range(len(members))],
        members=members,
        weights=weights or [SEAT] * len(members),
        abstains=abstains or [False] * len(members),
    )


def reading(rule: Rule, abstaining: str = "stays") -> Reading:
    """A reading of a rule."""
    return Reading(id="r", title="r", rule=rule, abstaining=abstaining)  # type: ignore[arg-type]


def weighted(quota: int, weights: Sequence[int]) -> Game:
    """[quota; weights], the weights as members."""
    share = Fraction(quota, sum(weights))
    return game(condition("members of approving unions", share, share=True), weights)


def values(found: Power, name: str) -> list[float]:
    """An index's values by player."""
    return [index.value for index in getattr(found, name)]


# Published values. Shapley-Shubik of the Security Council: Felsenthal and Machover 1998; its
# Banzhaf index: 848 swings of a permanent member and 84 of another among 5,080.
PUBLISHED = {
    "[51; 50, 49, 1]": (weighted(51, [50, 49, 1]), [2 / 3, 1 / 6, 1 / 6], [3 / 5, 1 / 5, 1 / 5]),
    "EEC 1958": (
        weighted(12, [4, 4, 4, 2, 2, 1]),
        [7 / 30, 7 / 30, 7 / 30, 3 / 20, 3 / 20, 0],
        [5 / 21, 5 / 21, 5 / 21, 1 / 7, 1 / 7, 0],
    ),
    "Security Council, weighted": (
        weighted(39, [7] * 5 + [1] * 10),
        [421 / 2145] * 5 + [4 / 2145] * 10,
        [848 / 5080] * 5 + [84 / 5080] * 10,
    ),
    "Security Council, nine votes and five vetoes": (
        game(
            All(
                parts=(
                    condition("approving unions", 9),
                    *(Veto(union=f"u{i}") for i in range(5)),
                )
            ),
            [1] * 15,
        ),
        [421 / 2145] * 5 + [4 / 2145] * 10,
        [848 / 5080] * 5 + [84 / 5080] * 10,
    ),
}


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_games_have_their_published_power(
    name: str, method: Callable[[Game], Power]
) -> None:
    """Both exact methods give the values in print, to the last digits of a double."""
    played, shapley, banzhaf = PUBLISHED[name]
    found = method(played)
    assert values(found, "shapley") == pytest.approx(shapley, abs=1e-12)
    assert values(found, "banzhaf") == pytest.approx(banzhaf, abs=1e-12)


def test_the_security_council_as_it_is_printed() -> None:
    """0.19627 for a permanent member, 0.001865 for another."""
    found = values(by_enumeration(PUBLISHED["Security Council, weighted"][0]), "shapley")
    assert [f"{found[0]:.5f}", f"{found[-1]:.6f}"] == ["0.19627", "0.001865"]


@pytest.mark.parametrize("method", EXACT)
@pytest.mark.parametrize(("unions", "quota"), [(1, 1), (5, 3), (12, 12), (15, 14), (15, 8)])
def test_equal_unions_follow_the_closed_form(
    unions: int, quota: int, method: Callable[[Game], Power]
) -> None:
    """Each of n has 1/n, and is decisive in C(n - 1, q - 1) of the others' 2**(n - 1) patterns."""
    found = method(game(condition("approving unions", quota), [10] * unions))
    assert values(found, "shapley") == pytest.approx([1 / unions] * unions, abs=1e-12)
    decisive = comb(unions - 1, quota - 1) / 2 ** (unions - 1)
    assert values(found, "penrose") == pytest.approx([decisive] * unions, rel=1e-12)


def test_two_hundred_equal_unions_follow_it_too() -> None:
    """The table of sums holds numbers of patterns far beyond whole numbers of 64 bits."""
    found = power(game(condition("approving unions", 101), [10] * 200), np.random.default_rng(1))
    assert found.method == "dynamic programming"
    assert values(found, "shapley") == pytest.approx([1 / 200] * 200, rel=1e-9)
    decisive = comb(199, 100) / 2**199
    assert values(found, "penrose") == pytest.approx([decisive] * 200, rel=1e-9)


def two_part(unions: int, seed: int = 3) -> Game:
    """Most unions, which hold 60% of members; one has a veto."""
    members = np.random.default_rng(seed).integers(20, 2500, unions).tolist()
    rule = All(
        parts=(
            condition("approving unions", unions * 2 // 3),
            condition("members of approving unions", "3/5", share=True),
            Veto(union="u1"),
        )
    )
    return game(rule, members)


def test_enumeration_and_dynamic_programming_agree_on_rules_of_several_parts() -> None:
    """Numbers, members and a veto at once: a table of three sums counts what patterns do."""
    first, second = by_enumeration(two_part(12)), by_dynamic_programming(two_part(12))
    for name in ("penrose", "banzhaf", "shapley"):
        assert values(first, name) == pytest.approx(values(second, name), abs=1e-13)
    assert sum(values(first, "shapley")) == pytest.approx(1.0)
    assert sum(values(first, "banzhaf")) == pytest.approx(1.0)


@pytest.mark.parametrize("played", [two_part(12), two_part(18, seed=8), weighted(61, [9] * 11)])
def test_sampling_agrees_within_its_stated_error(played: Game) -> None:
    """No index lies further off than 4.5 of its standard errors: by chance 1 run in 1,000."""
    exact = by_enumeration(played)
    found = by_sampling(played, np.random.default_rng(11), draws=40_000)
    assert found.draws == 40_000
    for name in ("penrose", "banzhaf", "shapley"):
        for index, value in zip(getattr(found, name), values(exact, name), strict=True):
            assert 0 < index.error < 0.02
            assert abs(index.value - value) < 4.5 * index.error, name


def test_sampling_states_the_error_that_it_has() -> None:
    """Over 60 runs the mean squared error in stated errors is 1, within four standard errors."""
    played = two_part(10)
    exact = by_enumeration(played)
    for name in ("penrose", "banzhaf", "shapley"):
        apart = [
            ((index.value - value) / index.error) ** 2
            for seed in range(60)
            for index, value in zip(
                getattr(by_sampling(played, np.random.default_rng(seed), draws=4_000), name),
                values(exact, name),
                strict=True,
            )
            if value > 0.01
        ]
        # Indices of one run hang together: only the 60 runs count as independent.
        assert abs(np.mean(apart) - 1) < 4 * np.sqrt(2 / 60), name


def test_how_it_is_found_depends_on_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to 20 unions patterns, above a table of sums, and draws where that would be too large."""
    rng = np.random.default_rng(1)
    assert power(two_part(20), rng).method == "enumeration"
    assert power(two_part(21), rng).method == "dynamic programming"
    monkeypatch.setattr(powers, "DRAWS", 1000)
    large = weighted(600_000_000, [50_000_000 + i for i in range(21)])
    assert power(large, rng).method == "sampling"


# What the game is


@st.composite
def increasing_rules(draw: st.DrawFn, depth: int = 2) -> Rule:
    """Rules that gain by approvals."""
    if depth and draw(st.booleans()):
        parts = tuple(draw(st.lists(increasing_rules(depth=depth - 1), min_size=1, max_size=3)))
        return draw(st.sampled_from([All, Any]))(parts=parts)
    kind = draw(st.integers(0, 4))
    share = Fraction(draw(st.integers(0, 12)), 12)
    if kind == 0:
        return Veto(union=f"u{draw(st.integers(0, 4))}")
    if kind == 1:
        comparison = draw(st.sampled_from(["at_least", "more_than"]))
        return condition("members of approving unions", share, comparison, share=True)
    if kind == 2:
        comparison = draw(st.sampled_from(["at_most", "less_than"]))
        return condition("opposed unions", share, comparison, share=True)
    if kind == 3:
        return Not(part=condition("opposed unions", draw(st.integers(1, 5)), "at_least"))
    return condition("approving unions", Fraction(draw(st.integers(0, 10)), 2))


@given(
    rule=increasing_rules(),
    members=st.lists(st.integers(0, 40), min_size=5, max_size=5),
    halves=st.lists(st.integers(0, 3), min_size=5, max_size=5),
    abstains=st.lists(st.booleans(), min_size=5, max_size=5),
    abstaining=st.sampled_from(["stays", "leaves"]),
)
def test_the_game_decides_as_judging_does(
    rule: Rule, members: list[int], halves: list[int], abstains: list[bool], abstaining: str
) -> None:
    """Pattern by pattern, with abstentions in the denominators or out of them, equality included.

    And by whatever method, a dummy has no power and nobody's is negative.
    """
    weights = [Fraction(h, 2) for h in halves]
    played = game(rule, members, abstains=abstains, weights=weights, abstaining=abstaining)
    voting = [u for u in range(5) if not abstains[u]]
    patterns = np.arange(2 ** len(voting))
    approves = np.zeros((len(patterns), 5), dtype=bool)
    for k, u in enumerate(voting):
        approves[:, u] = patterns >> k & 1 == 1
    people = np.broadcast_to(np.array(members), (len(patterns), 5))
    results = Results(
        members=people,
        ballots=people,
        yes=people,
        approves=approves,
        abstains=np.array(abstains),
        weights=tuple(weights),
        unions=tuple(f"u{i}" for i in range(5)),
    )
    assert why_none(rule) == ""
    judged = judge(reading(rule, abstaining), results)
    assert every_pattern(played).tolist() == judged.tolist()
    if voting:
        first, second = by_enumeration(played), by_dynamic_programming(played)
        assert values(first, "shapley") == pytest.approx(values(second, "shapley"), abs=1e-12)
        assert min(values(first, "penrose")) >= 0


def test_shapley_is_the_share_of_orders() -> None:
    """Against all orders of five unions, one by one."""
    played = weighted(9, [5, 4, 3, 2, 1])
    pivots = dict.fromkeys(played.players, 0)
    for order in permutations(played.players):
        first = next(k for k in range(5) if played.with_all(order[: k + 1]))
        pivots[order[first]] += 1
    found = values(by_enumeration(played), "shapley")
    assert found == pytest.approx([pivots[player] / 120 for player in played.players])


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (condition("yes of ballots", "1/2", share=True), "counts “yes of ballots”"),
        (condition("ballots of approving unions", "1/2", share=True), "counts “ballots of appr"),
        (
            Any(parts=(Veto(union="u0"), condition("turnout", "1/2", share=True))),
            "counts turnout",
        ),
        (Not(part=Veto(union="u0")), "a further approval can defeat"),
        (condition("approving unions", 3, "at_most"), "a further approval can defeat"),
    ],
)
def test_a_rule_without_power_says_why(rule: Rule, says: str) -> None:
    """Ballots leave which unions approve undecided; a rule against approvals is no voting game."""
    assert says in why_none(rule)


# Who can block, who can carry


def by_hand(played: Game, *, winning: bool) -> set[frozenset[str]]:
    """Minimal sets, set by set."""
    everyone = set(played.players)

    def does(members: set[str]) -> bool:
        if winning:
            return played.with_all(sorted(members))
        return not played.with_all(sorted(everyone - members))

    subsets = [
        set(s) for size in range(len(everyone) + 1) for s in combinations(played.players, size)
    ]
    able = [s for s in subsets if does(s)]
    return {frozenset(s) for s in able if not any(other < s for other in able)}


@given(rule=increasing_rules(), members=st.lists(st.integers(1, 40), min_size=5, max_size=5))
def test_minimal_sets_are_those_found_one_by_one(rule: Rule, members: list[int]) -> None:
    """Their number, their smallest size, and which they are."""
    played = game(rule, members)
    both = minimal_sets(played)
    assert both is not None
    for found, winning in zip(both, (True, False), strict=True):
        expected = by_hand(played, winning=winning)
        smallest = min(map(len, expected), default=0)
        few = {members for members in expected if len(members) == smallest}
        assert (found.count, found.smallest) == (len(expected), smallest)
        assert (found.number_smallest, {frozenset(s) for s in found.listed}) == (len(few), few)


def test_more_than_twenty_open_unions_are_not_gone_through() -> None:
    """None stands for too many."""
    assert minimal_sets(game(condition("approving unions", 11), [1] * 21)) is None


def test_decisions_leave_a_smaller_game() -> None:
    """With two of five approving and one rejecting, both others must approve to make four."""
    played = game(condition("approving unions", 4), [1] * 5)
    left = played.given({"u0": True, "u1": True, "u4": False})
    assert left.players == ("u2", "u3")
    assert minimal_sets(left) == (
        Sets(count=1, smallest=2, number_smallest=1, listed=(("u2", "u3"),)),
        Sets(count=2, smallest=1, number_smallest=2, listed=(("u2",), ("u3",))),
    )
    assert vetoes(left) == ("u2", "u3")
    assert vetoes(played) == ()


def test_a_union_too_large_to_spare_has_a_veto() -> None:
    """80% of 100 cannot be had without 21; without 20 it can. A rule nobody can pass has none."""
    rule = condition("members of approving unions", "4/5", share=True)
    assert vetoes(game(rule, [21, 20, 20, 20, 19])) == ("u0",)
    assert vetoes(game(condition("approving unions", 6), [1] * 5)) == ()


def test_named_vetoes_are_those_no_other_part_replaces() -> None:
    """A veto inside an `any` can be done without."""
    either = Any(parts=(Veto(union="u1"), condition("yes of ballots", "1/2", share=True)))
    assert named_vetoes(All(parts=(Veto(union="u0"), either))) == ("u0",)
