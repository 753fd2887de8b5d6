"""What arithmetic alone says: against every complete result, and on the shipped cases."""

import cProfile
import pstats
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from operator import ge, gt, le, lt

import every_result as oracle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ratification.answers.asking import as_count
from ratification.answers.extremes import highest
from ratification.answers.judging import judge
from ratification.answers.reach import Reach
from ratification.answers.standing import (
    RuleStanding,
    rule_standing,
    rule_standings,
    union_standings,
)
from ratification.case.bounds import Box
from ratification.case.bylaws import All, Any, Not, Reading, Rule, Veto, choose
from ratification.case.electorate import Electorate, Figure, RosterVariant, Unit, with_rests
from ratification.case.evidence import Report, in_force
from ratification.case.folder import load
from ratification.case.known import Known, known

COALITIONS = 200


@dataclass(frozen=True)
class Compared:
    """A rule and its unions, as arithmetic has them and as every result has them."""

    seed: int
    said: str
    because: str
    truth: str
    unions_said: list[str]
    unions_truth: list[str]


def compare(seed: int) -> Compared | None:
    """One random coalition; None where it has too many results to go through."""
    rng = np.random.default_rng(seed)
    tree = oracle.random_tree(rng)
    every = oracle.every_result(tree)
    if every is None:
        return None
    reports = in_force(oracle.true_reports(every, rng)).reports
    facts = known(in_force(reports), oracle.ROUND, tree)
    left = every[oracle.agree_with_all(reports, every)]
    abstains = [facts.outcomes.get(union) == "abstained" for union in tree.unions]
    results = left.results(abstains)
    reading = oracle.random_reading(tree, rng)
    standing = rule_standing(reading, tree, facts)
    statuses = union_standings(tree, facts)
    return Compared(
        seed=seed,
        said=standing.status,
        because=standing.because,
        truth=certain(judge(reading, results), "ratified", "defeated"),
        unions_said=[statuses[union].status for union in tree.unions],
        unions_truth=[
            "abstained" if gone else certain(results.approves[:, u], "approved", "rejected")
            for u, gone in enumerate(abstains)
        ],
    )


def certain(held: np.ndarray, always: str, never: str) -> str:
    """What all results say, or open."""
    return always if held.all() else "open" if held.any() else never


@pytest.fixture(scope="module")
def compared() -> list[Compared]:
    """Many random coalitions."""
    found = [compare(seed) for seed in range(COALITIONS)]
    return [entry for entry in found if entry is not None]


def test_nothing_is_called_certain_that_is_not(compared: list[Compared]) -> None:
    """A rule is decided only where every complete result that agrees with the reports agrees."""
    wrong = [entry for entry in compared if entry.said not in (entry.truth, "open")]

    assert wrong == []


def test_no_union_is_called_certain_that_is_not(compared: list[Compared]) -> None:
    """A union is decided only where it is so in every complete result."""
    wrong = [
        entry
        for entry in compared
        for said, truth in zip(entry.unions_said, entry.unions_truth, strict=True)
        if said not in (truth, "open")
    ]

    assert wrong == []


def test_almost_everything_certain_is_found(compared: list[Compared]) -> None:
    """Of the rules that every result decides, arithmetic misses under 1 in 50."""
    decided = [entry for entry in compared if entry.truth != "open"]
    missed = [entry for entry in decided if entry.said == "open"]

    assert len(decided) > COALITIONS / 4
    assert len(missed) <= len(decided) / 50, missed


def test_almost_every_certain_union_is_found(compared: list[Compared]) -> None:
    """Of the unions that every result decides, arithmetic misses under 1 in 100."""
    pairs = [
        (entry.seed, said, truth)
        for entry in compared
        for said, truth in zip(entry.unions_said, entry.unions_truth, strict=True)
        if truth != "open"
    ]
    missed = [pair for pair in pairs if pair[1] == "open"]

    assert len(missed) <= len(pairs) / 100, missed


def test_every_standing_has_its_reason(compared: list[Compared]) -> None:
    """Whatever the rule, there is one plain sentence, without what only code would print."""
    odd = ("None", "Fraction", "Condition", "  ", "{", "nan")
    wrong = [
        entry
        for entry in compared
        if not entry.because[:1].isalnum() or any(text in entry.because for text in odd)
    ]

    assert wrong == []


@given(
    low=st.lists(st.integers(-3, 6), min_size=5, max_size=5),
    width=st.lists(st.integers(0, 6), min_size=5, max_size=5),
    factors=st.tuples(*[st.integers(-5, 5)] * 3),
)
def test_extremes_of_a_box_are_exact(
    low: list[int], width: list[int], factors: tuple[int, int, int]
) -> None:
    """The largest weighted sum inside a box is that of the best of its whole numbers."""
    low = [max(0, value) if q != 2 else value for q, value in enumerate(low)]
    box = Box(low, [a + b for a, b in zip(low, width, strict=True)])
    yes, no, members = np.meshgrid(*[np.arange(13)] * 3, indexing="ij")
    inside = yes + no <= members
    for q, value in enumerate((yes, no, yes - no, yes + no, members)):
        inside &= (value >= box.low[q]) & (value <= box.high[q])
    sums = (factors[0] * yes + factors[1] * no + factors[2] * members)[inside]

    assert highest(box, *factors) == (int(sums.max()) if len(sums) else None)


# The founding case


def sebac(day: str, reading: str, round_id: str = "2011-06") -> RuleStanding:
    """The standing of one reading on the evidence of a day."""
    case = load("sebac-2011")
    facts = known(case.evidence(as_of=day), round_id, case.electorate)
    [chosen] = choose(case.bylaws, (reading,))
    return rule_standing(chosen.reading, case.electorate, facts)


def test_two_rejections_defeat_the_1996_rule() -> None:
    """On 24 June the package is dead under the 1996 bylaws, and it says by whom and why."""
    assert sebac("2011-06-24", "1996/per-capita") == RuleStanding(
        status="defeated",
        because="CEUI and AFSCME Council 4 have rejected: at most 13 unions can approve, "
        "14 are needed",
    )


def test_one_rejection_leaves_the_1996_rule_open() -> None:
    """With CEUI alone against it, 14 of 15 could still approve."""
    assert sebac("2011-06-21", "1996").status == "open"
    assert sebac("2011-06-21", "1996").because == (
        "5 unions have approved and 1 has rejected so far: 14 of 15 unions must approve, and at "
        "most 14 can; approving unions must hold 80% of members, and nothing is certain about that "
        "share yet"
    )


@pytest.mark.parametrize(
    ("day", "reading", "status"),
    [
        ("2011-06-08", "1996", "open"),
        ("2011-06-17", "1996", "open"),
        ("2011-06-17", "july-2011", "open"),
        ("2011-06-24", "1996/ballots", "defeated"),
        ("2011-06-24", "1996/either", "open"),
        ("2011-06-24", "july-2011", "open"),
        ("2011-06-24", "later", "open"),
        ("2011-06-26", "1996/either", "defeated"),
        ("2011-06-26", "july-2011/per-capita", "open"),
        ("2011-06-26", "july-2011/ballots-cast", "open"),
        ("2011-06-26", "later", "open"),
        ("2011-06-26", "reopen", "defeated"),
    ],
)
def test_standing_by_day(day: str, reading: str, status: str) -> None:
    """Each reading of June is decided on the day on which arithmetic decides it, not before."""
    assert sebac(day, reading).status == status


def test_the_rosters_keep_the_july_rule_open() -> None:
    """After the last count all unions are decided, yet members bounded only below leave it open."""
    assert sebac("2011-06-26", "july-2011").because == (
        "11 unions have approved and 4 have rejected, so it hinges on the membership figures: "
        "approving unions must hold more than half of members, and hold at least 46.8%"
    )


def test_a_share_of_opposed_unions_decides_without_rosters() -> None:
    """Four of fifteen opposed are more than the fifth that reopening allows."""
    assert sebac("2011-06-26", "reopen").because == (
        "CEUI, AFSCME Council 4, Judicial marshals and Connecticut State Police Union have "
        "rejected: 26.7% of unions are opposed, at most 20% are allowed"
    )


def test_nothing_is_known_of_a_round_before_its_reports() -> None:
    """A second vote without evidence is open, whatever the first one was."""
    assert sebac("2011-06-28", "1996", "2011-08") == RuleStanding(
        status="open",
        because="No union is decided: 14 of 15 unions must approve; approving unions must hold 80% "
        "of members",
    )


def test_unions_on_24_june() -> None:
    """Outcomes decide unions, and so does a complete count that no outcome repeats."""
    case = load("sebac-2011")
    facts = known(case.evidence(as_of="2011-06-24"), "2011-06", case.electorate)
    statuses = {union: s.status for union, s in union_standings(case.electorate, facts).items()}

    assert "csu-aaup" not in facts.outcomes
    assert {union for union, status in statuses.items() if status == "open"} == {
        "state-police",
        "marshals",
        "union-15",
    }
    assert {union for union, status in statuses.items() if status == "rejected"} == {
        "ceui",
        "council-4",
    }
    assert statuses["csu-aaup"] == "approved"


def test_units_decide_their_union() -> None:
    """A union that needs all its units is rejected by one of them, without a report of its own."""
    case = load("rail-2022")
    facts = known(case.evidence(as_of="2022-11-21"), "2022", case.electorate)

    assert "smart-td" not in facts.outcomes
    assert union_standings(case.electorate, facts)["smart-td"].status == "rejected"


def test_unions_are_counted_where_a_rule_asks_for_a_share_of_them() -> None:
    """A fifth of fifteen unions is three of them."""
    assert sebac("2011-06-24", "reopen").because.startswith(
        "10 unions have approved and 2 have rejected so far: at most 3 of 15 unions may be opposed;"
    )


# Small coalitions, worked out by hand


def coalition(
    *sizes: int | Figure, total: Figure | None = None, names: Sequence[str] = "ABCDEFGH"
) -> Electorate:
    """Unions a, b, c ... of these sizes."""
    units = [
        Unit(
            id=name.lower()[:1],
            parent=None,
            name=name,
            figure=size if isinstance(size, Figure) else Figure(members=size),
        )
        for name, size in zip(names, sizes, strict=False)
    ]
    return Electorate(
        units=with_rests(units, [oracle.ROUND], ()),
        coalition=Unit(id="*", parent=None, name="all", figure=total or Figure()),
        listed=tuple(unit.id for unit in units),
    )


def facts_of(tree: Electorate, *said: str) -> Known:
    """Reports such as 'a approved', 'b 10-20', 'c so far 3-4', '* approvals 1 2'."""
    reports = []
    for number, text in enumerate(said):
        units, *words = text.split()
        base = Report(
            id=f"e{number}", round="r", reported="2020-01-01", units=units, kind="outcome"
        )
        if words[0] in ("approved", "rejected", "abstained"):
            reports.append(replace(base, result=words[0]))
        elif words[0] in ("approvals", "margin", "share", "turnout"):
            low, high = (Fraction(word) for word in words[1:])
            reports.append(replace(base, kind=words[0], low=low, high=high))
        else:
            yes, no = (int(word) for word in words[-1].split("-"))
            kind = "partial" if words[0] == "so" else "count"
            reports.append(replace(base, kind=kind, yes=yes, no=no))
    return known(in_force(reports), "r", tree)


def standing(rule: Rule, tree: Electorate, *said: str, abstaining: str = "stays") -> RuleStanding:
    """The standing of a rule after these reports."""
    reading = Reading(id="x", title="", rule=rule, abstaining=abstaining)
    return rule_standing(reading, tree, facts_of(tree, *said))


MAJORITY = oracle.condition("members of approving unions", "more_than", "1/2")


def test_members_that_reject_defeat_a_share_of_members() -> None:
    """The members of unions that reject bound what the others can hold, to the tenth."""
    tree = coalition(15_600, 4_500, 24_900)
    rule = oracle.condition("members of approving unions", "at_least", "4/5")

    assert standing(rule, tree, "a rejected", "b rejected") == RuleStanding(
        status="defeated",
        because="Unions with at least 20,100 of at most 45,000 members have rejected: "
        "at most 55.3% can approve, 4/5 are needed",
    )


def test_members_that_approve_ratify() -> None:
    """An approving majority is enough, whatever the others do."""
    tree = coalition(15_600, 4_500, 24_900)

    assert standing(MAJORITY, tree, "c approved") == RuleStanding(
        status="ratified",
        because="Unions with at least 24,900 of at most 45,000 members have approved: "
        "at least 55.3% approve, more than half are needed",
    )


def test_exactly_the_threshold_is_enough() -> None:
    """36,000 of 45,000 members are at least 80%, and not more than 80%."""
    tree = coalition(36_000, 9_000)
    at_least = oracle.condition("members of approving unions", "at_least", "4/5")
    more = replace(at_least, comparison="more_than")

    assert standing(at_least, tree, "a approved").status == "ratified"
    assert standing(more, tree, "a approved", "b rejected").status == "defeated"


def test_a_roster_without_bounds_is_not_relied_on() -> None:
    """An error without bounds leaves open what exact figures decide."""
    sure, unsure = coalition(600, 400), coalition(600, Figure(members=400, error=1))

    assert standing(MAJORITY, sure, "a approved").status == "ratified"
    assert standing(MAJORITY, unsure, "a approved").status == "open"


def test_a_published_total_bounds_the_unbounded() -> None:
    """The coalition's total, if exact, limits unions whose members are not known."""
    unsure = Figure(members=400, error=50)
    tree = coalition(600, unsure, unsure, total=Figure(members=1_100))

    assert standing(MAJORITY, tree, "a approved").status == "ratified"
    assert standing(MAJORITY, tree, "a rejected").status == "defeated"


def test_every_roster_must_agree() -> None:
    """Competing rosters decide only where each of them does; what moves together stays together."""
    half = Fraction(1, 2)
    rosters = tuple(
        RosterVariant(id=name, weight=half, members={"a": size, "b": size - 100})
        for name, size in (("small", 500), ("large", 900))
    )
    tree = replace(coalition(500, 400), variants=rosters)
    third = oracle.condition("members of approving unions", "more_than", "11/20")

    assert standing(MAJORITY, tree, "a approved").status == "ratified"
    assert standing(third, tree, "a approved", "b rejected").status == "open"


def test_a_number_of_approvals_is_used() -> None:
    """A report that 2 of 4 have approved defeats a rule of 3, though nobody is named."""
    rule = oracle.condition("approving unions", "at_least", 3)
    found = standing(rule, coalition(10, 10, 10, 10), "* approvals 2 2")

    assert found == RuleStanding(status="defeated", because="2 unions approve, 3 are needed")


def test_patterns_decide_where_no_condition_does() -> None:
    """Two of three approve: whichever they are, either the large one does or both small ones."""
    tree = coalition(50, 25, 25)
    large_or_both = Any(parts=(Veto(union="a"), All(parts=(Veto(union="b"), Veto(union="c")))))

    assert standing(large_or_both, tree, "* approvals 2 2").status == "ratified"
    assert standing(large_or_both, tree, "* approvals 1 2").status == "open"


def test_a_named_union_decides() -> None:
    """A union with a veto that rejects defeats, and is named."""
    found = standing(Veto(union="b"), coalition(10, 10), "b rejected")

    assert found.status == "defeated"
    assert found.because == "B has rejected, and its approval is needed"


def teamsters(*said: str, members: int = 1_000) -> str:
    """The Teamsters' rule of 2018 over one union."""
    return standing(oracle.teamsters(), coalition(members), *said).status


def test_teamsters_2018() -> None:
    """45.74% yes ratifies at a turnout of 44.3%, and defeats at half."""
    assert teamsters("a 42356-50248", members=209_043) == "ratified"
    assert teamsters("a 42356-50248", members=185_208) == "defeated"


def test_a_rule_that_turnout_bends_is_split_at_its_corner() -> None:
    """With 340 yes of 1,000 members and no 161 or more, too few can vote and too many cannot."""
    # Under half vote: 340 of at most 499 are over a third. Half or more vote: yes can lie anywhere.
    assert teamsters("a so far 340-100") == "open"
    # At most 679 vote, by the turnout: 340 of them are over half wherever it lies.
    assert teamsters("a so far 340-100", "a turnout 0 679/1000") == "ratified"
    # 166 yes at most: under half, a third of what can be cast is never passed once 334 are against.
    assert teamsters("a so far 10-334", "a margin -1000 -168") == "defeated"


def test_an_open_union_of_few_members_does_not_matter() -> None:
    """What is left open is not asked for where it cannot change the answer."""
    tree = coalition(500, 300, 10, 5)

    assert standing(MAJORITY, tree, "a approved").status == "ratified"


def test_abstaining_unions_stay_or_leave() -> None:
    """A third of members abstaining defeats where they stay, and not where they leave."""
    tree = coalition(40, 30, 30)
    said = ("a approved", "b abstained", "c rejected")

    assert standing(MAJORITY, tree, *said).status == "defeated"
    assert standing(MAJORITY, tree, *said, abstaining="leaves").status == "ratified"
    assert standing(MAJORITY, tree, *said).because == (
        "Unions with at least 60 of at most 100 members have rejected or abstained: "
        "at most 40.0% can approve, more than half are needed"
    )


def test_uncounted_members_that_cannot_change_it() -> None:
    """A union is decided once its lead is above the members still to vote; a tie rejects."""
    tree = coalition(100)

    def status(count: str) -> str:
        return union_standings(tree, facts_of(tree, f"a so far {count}"))["a"].status

    assert status("51-0") == "approved"
    assert status("50-0") == "open"
    assert status("0-50") == "rejected"
    assert status("0-49") == "open"


def test_a_share_over_half_approves() -> None:
    """A reported share decides a union, since it is a share of at least one ballot."""
    tree = coalition(100, 100)
    facts = facts_of(tree, "a share 11/20 3/5", "b share 2/5 1/2")

    assert [s.status for s in union_standings(tree, facts).values()] == ["approved", "rejected"]


def test_contradictions_decide_nothing() -> None:
    """Reports that cannot all be true leave the rule open, and say so."""
    tree = coalition(Figure(members=10), Figure(members=10))
    found = standing(MAJORITY, tree, "a approved", "b approved", "* 1-9")

    assert found.status == "open"
    assert "cannot all be true" in found.because


def test_a_roster_below_its_count_is_not_relied_on() -> None:
    """A roster with fewer members than ballots is raised to them, so nothing rests on it."""
    tree = coalition(10, 30)

    assert union_standings(tree, facts_of(tree, "a 12-3"))["a"].status == "approved"
    assert standing(MAJORITY, tree, "a 12-3", "b rejected").status == "open"


def test_one_reason_for_each_way_out() -> None:
    """Where any of several conditions would do, each of them has its reason."""
    rule = Any(
        parts=(oracle.condition("approving unions", "at_least", 2), Not(part=Veto(union="b")))
    )
    found = standing(rule, coalition(10, 10), "a rejected", "b approved")

    assert found.status == "defeated"
    assert found.because == (
        "A has rejected: 1 union approves, 2 are needed; B has approved, which the rule forbids"
    )


def test_shares_never_round_onto_their_threshold() -> None:
    """A share that fails by a hair is shown below its threshold."""
    tree = coalition(79_999, 20_001)
    rule = oracle.condition("members of approving unions", "at_least", "4/5")

    assert "at most 79.9% can approve" in standing(rule, tree, "b rejected").because


def test_weights_are_added() -> None:
    """Half a vote for some unions and none for others, in the count and in its reason."""
    tree = coalition(10, 10, 10, 10)
    weights = (Fraction(1), Fraction(1, 2), Fraction(1, 2), Fraction(0))
    units = tuple(
        replace(unit, weight=weight) for unit, weight in zip(tree.units, weights, strict=True)
    )
    rule = oracle.condition("approving unions", "at_least", 2)
    found = standing(rule, replace(tree, units=units), "b rejected", "d approved")

    assert found.status == "defeated"
    assert found.because == "B has rejected: at most 1.5 unions can approve, 2 are needed"


@pytest.mark.parametrize(
    ("rule", "said", "because"),
    [
        (("approving unions", "at_least", 4), [], "all 4 unions must approve"),
        (("opposed unions", "at_most", 0), [], "no union may be opposed"),
        (("opposed unions", "less_than", "1/2"), [], "at most 1 of 4 unions may be opposed"),
        (("approving unions", "more_than", "1/2"), [], "3 of 4 unions must approve"),
        (
            ("approving unions", "at_least", 3),
            ["b rejected", "* approvals 1 4"],
            "3 of 4 unions must approve, at least 1 does and at most 3 can",
        ),
        (
            ("approving unions", "at_least", 3),
            ["a abstained"],
            "all 3 unions that do not abstain must approve",
        ),
        (("yes of ballots", "at_least", "2/3"), [], "two thirds of ballots must be yes"),
        (
            ("yes of ballots", "at_least", "2/3"),
            ["a 30-10"],
            "two thirds of ballots must be yes, and between 18.8% and 93.8% can be",
        ),
        (
            ("turnout", "at_least", "1/2"),
            ["a 30-10"],
            "turnout must be at least half, and is at least 25.0%",
        ),
        (
            ("members of approving unions", "more_than", "1/2"),
            ["a rejected"],
            "approving unions must hold more than half of members, and can hold at most 75.0%",
        ),
    ],
)
def test_an_open_rule_says_what_it_asks_for(
    rule: tuple[str, str, str | int], said: list[str], because: str
) -> None:
    """What must come, then what arithmetic adds to the reports, without bounds that are empty."""
    tree = coalition(40, 40, 40, 40)
    found = standing(oracle.condition(*rule), tree, *said, abstaining="leaves")

    assert found.status == "open"
    assert found.because.partition(": ")[2] == because


def test_an_open_rule_says_what_is_enough_already() -> None:
    """A part that holds whatever comes is said to, and the ways that are left are told apart."""
    unions = oracle.condition("approving unions", "at_least", 1)
    few = oracle.condition("opposed unions", "at_most", "3/4")
    ballots = oracle.condition("yes of ballots", "more_than", "1/2")
    either = Any(parts=(Veto(union="b"), All(parts=(few, ballots))))
    found = standing(All(parts=(unions, either)), coalition(40, 40, 40, 40), "a approved")

    assert found.because == (
        "1 union has approved so far: enough unions approve (1 of 4 is needed); B must still "
        "approve, or few enough unions can be opposed (at most 3 of 4 are allowed), and more than "
        "half of ballots must be yes, and at least 0.8% are"
    )


@given(
    whole=st.integers(1, 30),
    above=st.integers(0, 30),
    below=st.integers(1, 30),
    comparison=st.sampled_from(["at_least", "more_than", "at_most", "less_than"]),
)
def test_a_share_of_unions_is_a_number_of_them(
    whole: int, above: int, below: int, comparison: str
) -> None:
    """The number that a reason names holds where the share does, and only there."""
    compare = {"at_least": ge, "more_than": gt, "at_most": le, "less_than": lt}
    share = Fraction(min(above, below), below)
    asked = oracle.condition("approving unions", comparison, str(share))
    counted, _ = as_count(asked, Reach(low=Fraction(0), high=Fraction(1)), Fraction(whole))

    for unions in range(whole + 1):
        holds = compare[comparison](Fraction(unions, whole), share)
        assert compare[counted.comparison](unions, counted.threshold) == holds


def test_many_open_unions_take_few_steps() -> None:
    """Every reading over 15 unions, 12 of them open, three rosters: not pattern by pattern.

    There are 2 ** 12 patterns for each of 21 readings and rosters, and judging one takes several
    calls.
    """
    case = load("sebac-2011")
    readings = [chosen.reading for chosen in choose(case.bylaws, ())]
    facts = known(case.evidence(as_of="2011-06-15"), "2011-06", case.electorate)
    facts = replace(facts, outcomes={**facts.outcomes, "ceui": "approved", "np-5": "approved"})
    profile = cProfile.Profile()
    found = profile.runcall(rule_standings, readings, case.electorate, facts)

    stats: dict[tuple[str, int, str], tuple[int, ...]] = vars(pstats.Stats(profile))["stats"]
    ours = sum(calls for (file, *_), (_, calls, *_) in stats.items() if "/ratification/" in file)

    assert 0 < ours < 250_000
    assert {standing.status for standing in found} == {"open"}
