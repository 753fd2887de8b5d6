"""Who matters: pivotality, what results tell, what is still needed, due days, how it is told."""

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_made import BYLAWS, CASE, make_case
from hypothesis import given
from hypothesis import strategies as st
from made_runs import WrittenRuns, made_run
from ratification.answers.due import due_day
from ratification.answers.estimates import estimate
from ratification.answers.judging import Results, judge
from ratification.answers.pivotality import expected_movement, flips, sorted_margins, tells
from ratification.answers.pivots import Pivots, RulePivots, UnionPivot, pivots_of
from ratification.answers.required import required
from ratification.answers.run import Run
from ratification.api import load, pivots, run
from ratification.case.bylaws import All, Condition, Not, Reading, Rule, Veto
from ratification.case.bylaws import Any as AnyOf
from ratification.case.case import Case
from ratification.case.fingerprint import fingerprint
from ratification.case.rounds import Joining, Scenario
from ratification.case.verdicts import passes
from ratification.cli.main import main
from ratification.errors import CaseError
from ratification.inference.worlds import Worlds
from ratification.output import pivots_said
from ratification.output.views.pivots import pivots_object

MEASURES = (
    "approving unions",
    "opposed unions",
    "members of approving unions",
    "ballots of approving unions",
    "yes of ballots",
    "yes of members",
    "turnout",
)


def worlds_of(members: np.ndarray, yes: np.ndarray, no: np.ndarray, **changed: object) -> Worlds:
    """Worlds as written, each from a draw of its own, in four chains."""
    count = len(members)
    made = {
        "members": members,
        "ballots": yes + no,
        "yes": yes,
        "approves": yes > no,
        "abstains": np.zeros(members.shape[1], dtype=bool),
        "draw": np.arange(count, dtype=np.int32),
        "variant": np.zeros(count, dtype=np.int32),
        "chains": 4,
        "leaf_members": members,
        "leaf_ballots": yes + no,
        "leaf_yes": yes,
    } | changed
    return Worlds(**made)  # type: ignore[arg-type]


def drawn(count: int, unions: int, seed: int = 5) -> Worlds:
    """Independent worlds: members, turnout and yes at random."""
    rng = np.random.default_rng(seed)
    members = rng.integers(20, 400, (count, unions)).astype(np.int32)
    ballots = rng.binomial(members, 0.7).astype(np.int32)
    yes = rng.binomial(ballots, rng.uniform(0.35, 0.7, (count, 1))).astype(np.int32)
    return worlds_of(members, yes, ballots - yes)


def results_of(worlds: Worlds, weights: list[Fraction] | None = None) -> Results:
    """Results with union names u0, u1, ..."""
    count = worlds.members.shape[1]
    return Results(
        members=worlds.members,
        ballots=worlds.ballots,
        yes=worlds.yes,
        approves=worlds.approves,
        abstains=worlds.abstains,
        weights=tuple(weights or [Fraction(1)] * count),
        unions=tuple(f"u{i}" for i in range(count)),
    )


# Pivotality


@st.composite
def rules(draw: st.DrawFn, depth: int = 2) -> Rule:
    """Any rule over four unions."""
    if depth and draw(st.booleans()):
        kind = draw(st.sampled_from([All, AnyOf, Not]))
        if kind is Not:
            return Not(part=draw(rules(depth=depth - 1)))
        parts = tuple(draw(st.lists(rules(depth=depth - 1), min_size=1, max_size=3)))
        return kind(parts=parts)
    if draw(st.integers(0, 5)) == 0:
        return Veto(union=f"u{draw(st.integers(0, 3))}")
    measure = draw(st.sampled_from(MEASURES))
    share = measure not in MEASURES[:2] or draw(st.booleans())
    threshold = Fraction(draw(st.integers(0, 8)), 8 if share else 2)
    comparison = draw(st.sampled_from(["at_least", "more_than", "at_most", "less_than"]))
    return Condition(
        measure=measure,
        comparison=comparison,
        threshold=threshold,
        share=share,
        text="",
    )


@given(
    rule=rules(),
    seed=st.integers(0, 9),
    halves=st.lists(st.integers(0, 3), min_size=4, max_size=4),
    gone=st.integers(0, 4),
    abstaining=st.sampled_from(["stays", "leaves"]),
)
def test_flips_are_those_of_judging_anew(
    rule: Rule, seed: int, halves: list[int], gone: int, abstaining: Any
) -> None:
    """Each union's column exchanged by hand and judged again gives the same worlds, exactly."""
    worlds = drawn(40, 4, seed)
    abstains = np.arange(4) == gone
    silent = np.where(abstains, 0, worlds.ballots).astype(np.int32)
    yes = np.where(abstains, 0, worlds.yes).astype(np.int32)
    worlds = replace(worlds, ballots=silent, yes=yes, approves=2 * yes > silent, abstains=abstains)
    results = results_of(worlds, [Fraction(h, 2) for h in halves])
    reading = Reading(id="r", title="r", rule=rule, abstaining=abstaining)
    before = judge(reading, results)
    found = dict(flips(reading, results))
    assert set(found) == {f"u{u}" for u in range(4) if u != gone}
    for name, flipped in found.items():
        u = int(name[1:])
        yes, approves = results.yes.copy(), results.approves.copy()
        yes[:, u] = results.ballots[:, u] - yes[:, u]
        approves[:, u] = ~approves[:, u]
        after = judge(reading, replace(results, yes=yes, approves=approves))
        assert flipped.tolist() == (after != before).tolist(), name


# What a result tells


def at_least(unions: int) -> Reading:
    """So many unions approve."""
    return Reading(
        id="r",
        title="r",
        rule=Condition(
            measure="approving unions",
            comparison="at_least",
            threshold=Fraction(unions),
            share=False,
            text="",
        ),
    )


def test_the_two_conditional_chances_average_to_the_chance() -> None:
    """P(a) P(r | a) + P(not a) P(r | not a) = P(r), exactly, over the same worlds."""
    worlds = drawn(4000, 5)
    held = judge(at_least(3), results_of(worlds))
    for u in range(5):
        found = tells(worlds.approves[:, u], held, worlds)
        total = Fraction(0)
        for side in (found.approves, found.rejects):
            share = Fraction(side.worlds, worlds.count)
            total += share * Fraction(side.ratified, side.worlds)
            assert side.estimate is not None
            assert side.estimate.probability == side.ratified / side.worlds
        assert total == Fraction(int(held.sum()), worlds.count)
        assert found.difference is not None
        first, second = (s.estimate.probability for s in (found.approves, found.rejects))  # type: ignore[union-attr]
        assert found.difference.value == first - second


def test_what_a_result_tells_has_its_own_error() -> None:
    """Of independent worlds it is the error of two separate samples; of copied ones it grows."""
    worlds = drawn(4000, 5)
    held = judge(at_least(3), results_of(worlds))
    approves = worlds.approves[:, 0]
    found = tells(approves, held, worlds).difference
    assert found is not None
    sides = [held[side] for side in (approves, ~approves)]
    separate = np.sqrt(sum(side.var() / len(side) for side in sides))
    assert found.mcse == pytest.approx(separate, rel=0.15)
    # Every draw four times over: worth a quarter of the worlds.
    rows = np.repeat(np.arange(1000), 4)
    copied = replace(worlds, draw=rows.astype(np.int32), approves=worlds.approves[rows])
    again = tells(approves[rows], held[rows], copied).difference
    assert again is not None
    assert again.mcse == pytest.approx(2 * separate, rel=0.25)


def test_fewer_than_a_hundred_worlds_tell_nothing() -> None:
    """On either side; the counts are still told."""
    worlds = drawn(4000, 3)
    held = judge(at_least(2), results_of(worlds))
    few = np.zeros(4000, dtype=bool)
    few[:99] = True
    for side in (few, ~few):
        found = tells(side, held, worlds)
        assert found.difference is None
        assert found.approves.estimate is found.rejects.estimate is None
        assert found.approves.worlds + found.rejects.worlds == 4000
    few[99] = True
    assert tells(few, held, worlds).difference is not None


def test_what_was_seen_in_every_world_still_has_an_error() -> None:
    """A union that alone decides: one, with half a world on either side for what was not seen."""
    worlds = drawn(1000, 1)
    approves = worlds.approves[:, 0]
    found = tells(approves, approves, worlds)
    assert found.difference is not None
    assert found.difference.value == 1
    assert found.difference.mcse == 0.5 / (min(approves.sum(), (~approves).sum()) + 1)


# What is still out


def test_a_count_that_decides_moves_the_chance_as_far_as_it_can_go() -> None:
    """|1 - p| with chance p and |0 - p| with chance 1 - p: 2 p (1 - p)."""
    worlds = drawn(4000, 1)
    held = worlds.approves[:, 0]
    bins = sorted_margins(2 * worlds.yes[:, 0] - worlds.ballots[:, 0], held)
    found = expected_movement(bins, held, worlds)
    p = held.mean()
    assert found.value == pytest.approx(2 * p * (1 - p), abs=1e-12)


def test_noise_is_not_expected_to_move_the_chance() -> None:
    """Over 200 counts that have nothing to do with the result the mean is nothing, as is each.

    Without halves that must agree, ten bins of 400 worlds would seem to move it by 2 points.
    """
    rng = np.random.default_rng(8)
    worlds = drawn(4000, 1)
    held = rng.random(4000) < 0.5
    moved = []
    for _ in range(200):
        margin = rng.integers(-200, 200, 4000)
        found = expected_movement(sorted_margins(margin, margin > 0), held, worlds)
        assert found.value < 5 * found.mcse
        moved.append(found.value)
    assert np.mean(moved) < 0.005  # what is below 0 is told as 0: half a normal of sd 0.008


def test_copies_of_one_draw_are_not_taken_for_agreement() -> None:
    """Eight worlds of each draw, alike in both: what is noise by draws stays noise."""
    rng = np.random.default_rng(9)
    worlds = replace(drawn(4000, 1), chains=1)
    moved = []
    for _ in range(100):
        held, margin = np.repeat(rng.random(500) < 0.5, 8), np.repeat(rng.permutation(500), 8)
        found = expected_movement(sorted_margins(margin - 250, margin > 250), held, worlds)
        assert found.value < 5 * found.mcse
        moved.append(found.value)
    assert np.mean(moved) < 0.015  # half a normal of sd 0.025


def test_the_error_of_a_movement_is_how_far_it_varies() -> None:
    """Over 300 runs: margins whose bins differ by little, so that some directions are chance."""
    rng = np.random.default_rng(10)
    worlds = drawn(4000, 1)
    found = []
    for _ in range(300):
        margin = rng.integers(-1000, 1000, 4000)
        held = rng.random(4000) < 0.85 + margin / 10_000
        found.append(expected_movement(sorted_margins(margin, margin > 0), held, worlds))
    spread = np.std([each.value for each in found], ddof=1)
    assert np.sqrt(np.mean([each.mcse**2 for each in found])) == pytest.approx(spread, rel=0.15)


def test_a_margin_tells_more_than_its_side() -> None:
    """Local and union: a local's margin, split finely, moves more than its bare verdict."""
    rng = np.random.default_rng(2)
    local = rng.integers(-500, 200, 4000)
    held = local + 20 * rng.standard_normal(4000) > -150
    worlds = drawn(4000, 1)
    fine = expected_movement(sorted_margins(local, local > 0), held, worlds)
    side = expected_movement((local > 0).astype(np.int64), held, worlds)
    p = held.mean()
    assert fine.value > 1.5 * side.value
    assert fine.value == pytest.approx(2 * p * (1 - p), abs=0.05)


def test_bins_are_of_one_verdict_and_cover_every_world() -> None:
    """No bin holds both approvals and rejections; alike margins share one."""
    margin = np.array([-5, -5, -5, 3, 3, 9, 1, 1, -2, 0])
    bins = sorted_margins(margin, margin > 0)
    for number in set(bins.tolist()):
        assert len(set((margin[bins == number] > 0).tolist())) == 1
    assert len(set(bins[margin == 3].tolist())) == 1


# What must happen

COUNCIL = """\
unit,parent,members,decides
council,,10000,{decides}
big,council,6650,
local,council,1850,
other,council,1500,
rival,,4000,
"""
BEHIND = "m,june,2011-06-22,council - local,margin,,,-850,-750,\n"


def council(parent: Path, evidence: str, decides: str = "", name: str = "made") -> Case:
    """A union of three locals beside another union."""
    return make_case(parent, COUNCIL.format(decides=decides), evidence, name=name)


def needs(case: Case) -> tuple[Any, ...]:
    """What the open unions of a case need; memberships are certain, turnout is 80%."""
    members = np.array([[case.electorate.by_id[leaf].figure.members for leaf in leaves(case)]] * 4)
    found = made_facts(case)
    return required(
        case.electorate,
        found,
        case.electorate.unions,
        leaf_members=members,
        leaf_ballots=members * 4 // 5,
    )


def leaves(case: Case) -> tuple[str, ...]:
    """Leaves in canonical order."""
    return case.electorate.leaves


def made_facts(case: Case) -> Any:
    """What is known of the target round."""
    from hand_made import facts_of

    return facts_of(case)


def test_a_local_that_must_make_up_a_margin(tmp_path: Path) -> None:
    """750 to 850 behind: with every member voting, 1,301 to 1,351 yes of 1,850 save the union."""
    [found] = needs(council(tmp_path, BEHIND))
    assert found.union == "council"
    assert found.margin == (-850, -750)
    assert (found.together.low, found.together.high, found.together.ballots) == (1301, 1351, 1850)
    [local] = found.pending
    assert (local.unit, local.members, local.exact) == ("local", 1850, True)
    assert local.least == local.even == found.together
    assert found.at_turnout.ballots == 1480
    assert (found.at_turnout.low, found.at_turnout.high) == (1116, 1166)


@given(
    yes=st.integers(0, 300),
    no=st.integers(0, 300),
    decides=st.sampled_from(["", "2/3", "3/5", "1/2"]),
)
def test_a_need_is_the_first_yes_count_that_approves(
    yes: int, no: int, decides: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One yes less and the union rejects, by the very rule that decides it."""
    case = council(
        tmp_path_factory.mktemp("needs"), f"c,june,2011-06-01,big,count,{yes},{no},,,\n", decides
    )
    [found] = needs(case)
    ballots = found.together.ballots
    assert ballots == 3350
    assert found.together.low == found.together.high
    need = found.together.low

    def approves(more: int) -> bool:
        return passes(case.electorate, "council", yes + more, no + ballots - more)

    assert need <= ballots
    assert approves(need)
    assert need == 0 or not approves(need - 1)
    for entry in found.pending:  # with all the others yes
        others = ballots - entry.members
        enough = entry.least.low
        least = passes(
            case.electorate, "council", yes + others + enough, no + entry.members - enough
        )
        assert least
        assert enough == 0 or not passes(
            case.electorate, "council", yes + others + enough - 1, no + entry.members - enough + 1
        )


def test_counts_and_margins_add_up(tmp_path: Path) -> None:
    """A margin of two locals, one of which is counted later, is still known in the same range."""
    rows = BEHIND + "c,june,2011-06-23,other,count,500,800,,,\n"
    [found] = needs(council(tmp_path, rows))
    assert found.margin == (-850, -750)
    assert (found.together.low, found.together.high) == (1301, 1351)


@pytest.mark.parametrize(
    "rows",
    [
        "",
        "o,june,2011-06-01,big,outcome,,,,,rejected\n",
        "m,june,2011-06-01,council,margin,,,-5,5,\n",
    ],
)
def test_nothing_is_needed_where_no_margin_or_nothing_pending_is_known(
    tmp_path: Path, rows: str
) -> None:
    """An outcome is no margin; and a margin of the whole union leaves nothing to come."""
    assert needs(council(tmp_path, rows)) == ()


# Under a whole case


@pytest.fixture(scope="module")
def sebac() -> Case:
    """The founding case."""
    return load("sebac-2011")


@pytest.fixture(scope="module")
def june_22(sebac: Case) -> Pivots:
    """With Local 391 still to come."""
    return pivots(sebac, as_of="2011-06-22", engine="instant", worlds=4000)


def one(found: Pivots, key: str) -> RulePivots:
    """One rule by `bylaws/reading`."""
    return next(r for r in found.rules if f"{r.rule.bylaws}/{r.rule.reading}" == key)


def of(found: RulePivots, unit: str) -> UnionPivot:
    """One union."""
    return next(union for union in found.unions if union.unit == unit)


def test_council_4_is_the_one_veto_on_the_founding_coalition(june_22: Pivots) -> None:
    """It alone holds more than a fifth of members; and after one rejection everybody can block."""
    found = one(june_22, "1996/per-capita")
    assert [(veto.unit, veto.rosters) for veto in found.vetoes] == [("council-4", 1.0)]
    open_unions = [union.unit for union in found.unions if union.standing == "open"]
    assert [veto.unit for veto in found.vetoes_now] == open_unions
    said = pivots_said.sentences(found, june_22)
    assert "By the rule AFSCME Council 4 alone has a veto." in said
    assert "As things stand each of the 9 unions still out can block it alone." in said


def test_council_4_has_most_power_and_the_fourteen_others_share_the_rest(june_22: Pivots) -> None:
    """15 patterns win: all approve, or all but one of the fourteen. Their members never matter.

    Council 4 is decisive in all 15; another in the 13 in which a third is missing.
    """
    found = one(june_22, "1996/per-capita")
    for union in found.unions:
        is_council = union.unit == "council-4"
        assert union.banzhaf is not None
        assert union.shapley is not None
        assert union.banzhaf.value == pytest.approx((15 if is_council else 13) / (15 + 14 * 13))
        assert union.shapley.value == pytest.approx(2 / 15 if is_council else 13 / 15 / 14)
        assert union.banzhaf.error == union.shapley.error == 0


def test_local_391_must_save_council_4(june_22: Pivots) -> None:
    """700 to 900 behind with 1,850 members to come; its approval is needed under three rules."""
    needed = next(n for n in june_22.needed if n.required.union == "council-4")
    assert (needed.required.together.low, needed.required.together.high) == (1276, 1376)
    assert "1996/per-capita" in needed.needed_by
    told = pivots_said.required(needed, june_22.names)
    assert told.startswith(
        "AFSCME Council 4 is 700 to 900 behind without AFSCME Local 391 (northern prisons): with "
        "every member voting, AFSCME Local 391 (northern prisons) needs 1,276 to 1,376 yes of 1,850"
    )


def test_the_watch_list_is_ordered_and_holds_only_what_is_out(june_22: Pivots) -> None:
    """Neither what has reported nor what lies in a decided union; the largest movement first."""
    found = one(june_22, "july-2011/per-capita")
    units = [entry.unit for entry in found.watch]
    moved = [entry.movement.value for entry in found.watch]
    assert moved == sorted(moved, reverse=True)
    assert moved[0] > 0.05
    assert {"local-391", "council-4", "a-and-r", "np-8"} <= set(units)
    assert not {"ucpea", "np-9", "1199ne", "p-1", "ceui", "local-1565", "aft/rest"} & set(units)
    assert {entry.union for entry in found.watch if entry.unit == "local-391"} == {"council-4"}


def test_pivots_are_estimates_over_the_forecasts_worlds(sebac: Case) -> None:
    """Chances are the forecast's own, and a decided rule tells nothing more."""
    found = pivots(sebac, as_of="2011-06-24", engine="instant", worlds=4000)
    rule = one(found, "1996/per-capita")
    assert rule.rule.standing == "defeated"
    assert (rule.vetoes_now, rule.sets, rule.watch) == ((), (), ())
    assert of(rule, "council-4").tells is None
    assert [veto.unit for veto in rule.vetoes] == ["council-4"]
    assert found.rules[0].rule == found.forecast.rules[0]


def test_each_rail_union_is_a_veto() -> None:
    """All twelve, under every reading of the shipped case; each has a twelfth of the power."""
    found = pivots_of(made_run(load("rail-2022"), as_of="2022-09-28"))
    assert len(found.rules) == 3
    for rule in found.rules:
        assert len(rule.vetoes) == 12, rule.rule.reading
        assert {veto.rosters for veto in rule.vetoes} == {1.0}
        assert [sets.blocking.count for sets in rule.sets] == [12]
        for union in rule.unions:
            assert union.shapley is not None
            assert union.shapley.value == pytest.approx(1 / 12)
        assert "By the rule each of the 12 unions has a veto." in pivots_said.sentences(rule, found)


def test_a_rule_on_ballots_has_no_power_but_is_pivotal(june_22: Pivots) -> None:
    """No index is made up; pivotality and what results tell are there."""
    found = one(june_22, "july-2011/ballots-cast")
    assert found.power == ()
    assert "how much a union weighs is known only when its ballots are" in found.no_power
    assert of(found, "csea").banzhaf is None
    told = of(found, "csea").tells
    assert told is not None
    assert told.difference is not None
    assert told.difference.value > 0.3
    assert of(found, "csea").pivotal.probability > 0.3


def test_a_scenario_has_its_own_coalition(tmp_path: Path) -> None:
    """Who left has no power, who joined has, and who abstains neither votes nor turns anything."""
    case = make_case(tmp_path, THREE, bylaws=TWO_OF_THREE)
    joining = (Joining(id="d", name="The Drivers", members=150),)
    scenario = Scenario(
        id="s", title="S", round="june", leaving=("a",), joining=joining, abstaining=("c",)
    )
    found = pivots_of(made_run(replace(case, scenarios=(scenario,)), scenarios=["as-voted", "s"]))
    as_voted, changed = found.rules
    assert [union.unit for union in as_voted.unions] == ["a", "b", "c"]
    assert {union.unit for union in changed.unions} == {"b", "d"}
    assert {veto.unit for veto in changed.vetoes_now} == {"b", "d"}
    assert [union.shapley.value for union in changed.unions if union.shapley] == [0.5, 0.5]
    assert {entry.unit for entry in changed.watch} >= {"b", "b-1", "d"}
    assert found.names["d"] == "The Drivers"
    assert "By the rule each of the 2 unions has a veto." in pivots_said.sentences(changed, found)


# Due days

DATED = CASE + 'due = { "*" = 2011-06-28, c = "2011-06-24", b-1 = 2011-06-20 }\n'
THREE = "unit,parent,members\na,,100\nb,,200\nb-1,b,120\nb-2,b,80\nc,,300\n"
TWO_OF_THREE = BYLAWS.replace("at_least = 1", "at_least = 2")


def test_due_days_are_inherited(tmp_path: Path) -> None:
    """A unit is due when the last of its leaves is; what has no day of its own has its parent's."""
    case = make_case(tmp_path, THREE, settings=DATED)
    due = case.round("june").due
    days = {unit: due_day(case.electorate, unit, due) for unit in ("a", "b", "b-1", "b-2", "c")}
    assert days == {
        "a": "2011-06-28",
        "b": "2011-06-28",
        "b-1": "2011-06-20",
        "b-2": "2011-06-28",
        "c": "2011-06-24",
    }
    assert due_day(case.electorate, "b", {"b-1": "2011-06-20"}) is None


def test_the_earliest_day_on_which_outcomes_decide(tmp_path: Path) -> None:
    """Two of three: c and a decide it, on the later of their days; b, due last, may not matter."""
    settings = CASE + "due = { a = 2011-06-22, c = 2011-06-24, b = 2011-06-28 }\n"
    case = make_case(tmp_path, THREE, settings=settings, bylaws=TWO_OF_THREE)
    [found] = pivots_of(made_run(case)).rules
    assert found.earliest is not None
    days = found.earliest
    assert (days.ratified, days.defeated, days.all_in) == ("2011-06-24", "2011-06-24", "2011-06-28")
    assert pivots_said.due_days(days) == (
        "By the due days outcomes alone can defeat it from 24 June 2011 and ratify it from 24 June "
        "2011; the last of the unions still out is due on 28 June 2011."
    )
    assert {entry.unit: entry.due for entry in found.watch}["b-1"] == "2011-06-28"
    # With a approved one more approval ratifies, and both others must reject to defeat.
    [after] = pivots_of(made_run(case, assume=["a approved"])).rules
    assert after.earliest is not None
    assert (after.earliest.ratified, after.earliest.defeated) == ("2011-06-24", "2011-06-28")
    # A day that has passed without a result is the day of the forecast.
    [late] = pivots_of(made_run(case, as_of="2011-06-26")).rules
    assert late.earliest is not None
    assert late.earliest.ratified == "2011-06-26"


def test_without_due_days_nothing_is_said_of_them(tmp_path: Path) -> None:
    """Neither a day nor a sentence."""
    found = pivots_of(made_run(make_case(tmp_path, THREE, bylaws=TWO_OF_THREE)))
    assert found.rules[0].earliest is None
    assert {entry.due for entry in found.rules[0].watch} == {None}
    assert not any("due" in text for text in pivots_said.sentences(found.rules[0], found))


def test_due_days_change_no_forecast(tmp_path: Path) -> None:
    """The hash of what a forecast rests on is the same with and without them."""
    plain = make_case(tmp_path, THREE)
    dated = replace(make_case(tmp_path, THREE, settings=DATED, name="dated"), id=plain.id)
    assert fingerprint(plain, plain.evidence()) == fingerprint(dated, dated.evidence())


@pytest.mark.parametrize(
    ("due", "says"),
    [
        ("{ d = 2011-06-24 }", "due of unit 'd', which is not in electorate.csv"),
        ('{ a = "24 June" }', "due of 'a' is '24 June', not a day such as 2011-06-24"),
        ('{ a = "2011-02-30" }', "due of 'a' is '2011-02-30', not a day such as 2011-06-24"),
        ("{ a = 2011-06-24T12:00:00 }", "not a day such as 2011-06-24"),
        ("2011-06-24", "due must be a table of unit = day"),
    ],
)
def test_a_due_day_that_cannot_be_is_refused(tmp_path: Path, due: str, says: str) -> None:
    """With file and line, and what to write instead."""
    with pytest.raises(CaseError, match=r"case\.toml:6") as refused:
        make_case(tmp_path, THREE, settings=CASE + f"due = {due}\n")
    assert says in str(refused.value)


# How it is told


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a successful command prints."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    out, err = capsys.readouterr()
    assert not stopped.value.code, err
    return out


def test_the_command_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the fields of every answer, each number beside its error, and nothing else."""
    case = council(tmp_path, BEHIND)
    assert case.reports
    asked = ["pivots", str(tmp_path / "made"), "--worlds", "1000", "--store", str(tmp_path / "s")]
    found = json.loads(told([*asked, "--json"], capsys))
    for name in ("schema_version", "case", "round", "as_of", "seed", "worlds", "engine"):
        assert name in found
    for name in ("diagnostics", "assumptions", "warnings", "inputs", "versions"):
        assert name in found
    assert "seconds" not in found
    [rule] = found["pivots"]
    assert (rule["bylaws"], rule["reading"], rule["no_power"]) == ("rule", "unions", None)
    assert [union["unit"] for union in rule["unions"]] == ["council", "rival"]
    assert rule["unions"][0]["shapley_shubik"] == {"value": 0.5, "error": 0.0}
    assert rule["sets"][0]["winning"]["listed"] == [["council"], ["rival"]]
    assert found["required"][0]["together"] == {"ballots": 1850, "low": 1301, "high": 1351}
    assert found["required"][0]["margin"] == {"low": -850, "high": -750}
    assert json.loads(told([*asked, "--json", "--timings"], capsys))["seconds"]
    assert told([*asked, "--json"], capsys) == told([*asked, "--json"], capsys)


def test_the_command_shows_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What must happen, who can block, every union, what is still out."""
    council(tmp_path, BEHIND)
    asked = ["pivots", str(tmp_path / "made"), "--worlds", "1000", "--store", str(tmp_path / "s")]
    shown = told(asked, capsys)
    for text in (
        "council is 750 to 850 behind without local",
        "By the rule no union has a veto.",
        "2 minimal winning sets, the smallest of 1 union (council; rival)",
        "1 minimal blocking set, of 2 unions (council + rival)",
        "Shubik",
        "What is still out",
        "Expected to move",
        "engine instant",
    ):
        assert text in shown, text


def written(parent: Path, rows: str, votes: Mapping[str, Any], **more: Any) -> Run:
    """A run on worlds that are written down."""
    case = make_case(parent, THREE.replace("b-1,b,120\nb-2,b,80\n", ""), rows, **more)
    return run(case, runs=WrittenRuns(votes), worlds=1000)


def test_pivotal_is_the_share_of_worlds_in_which_a_vote_turns_it(tmp_path: Path) -> None:
    """Of five worlds, written down: a is pivotal where exactly one other approves."""
    yes, no = (100, 60, 30), (100, 30, 60)
    votes = {
        "a": [yes, yes, yes, no, no],
        "b": [yes, yes, no, no, yes],
        "c": [no, yes, no, yes, no],
    }
    found = pivots_of(written(tmp_path, "", votes, bylaws=TWO_OF_THREE))
    [rule] = found.rules
    assert [of(rule, unit).pivotal.probability for unit in "abc"] == [0.6, 0.6, 0.4]
    a = of(rule, "a").tells
    assert a is not None
    assert (a.approves.worlds, a.approves.ratified) == (600, 400)
    assert (a.rejects.worlds, a.rejects.ratified) == (400, 0)
    assert a.difference is not None
    assert a.difference.value == pytest.approx(2 / 3)


def test_the_object_is_plain_json(june_22: Pivots) -> None:
    """Every rule, finite numbers only."""
    text = json.dumps(pivots_object(june_22), allow_nan=False)
    found = json.loads(text)
    assert len(found["pivots"]) == len(june_22.rules) == 7
    old = found["pivots"][0]
    assert [entry["roster"] for entry in old["power_by_roster"]] == [
        "aft-includes-a-and-r",
        "total-50k",
        "aft-includes-a-and-r-50k",
    ]
    assert sum(entry["weight"] for entry in old["power_by_roster"]) == pytest.approx(1)


def test_a_union_alone_has_all_the_pivotality(tmp_path: Path) -> None:
    """One union that decides: every exchange turns the result, said as more than 99%."""
    case = make_case(tmp_path, "unit,parent,members\nonly,,100\n")
    [rule] = pivots_of(made_run(case)).rules
    only = of(rule, "only")
    assert only.pivotal == estimate(np.ones(2000, dtype=bool), made_run(case).simulations[0].worlds)
    assert pivots_said.chance(only.pivotal).startswith(">99%")


@pytest.mark.parametrize("width", [80, 110, 160])
def test_tables_fit_a_terminal(june_22: Pivots, width: int) -> None:
    """No cell is cut where there is room for its figures: names wrap first."""
    import io

    from ratification.output.views.pivots import pivots_view
    from rich.console import Console

    shown = Console(file=io.StringIO(), width=width, highlight=False)
    shown.print(pivots_view(june_22))
    lines = shown.file.getvalue().split("\n")  # type: ignore[attr-defined]
    assert max(len(line) for line in lines) <= width
    assert [line for line in lines if "…" in line and "%" in line] == []
