"""What a finished or half-finished vote hinges on, by published figures, roster by roster."""

import re
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from hand_made import make_case
from made_runs import made_run
from ratification.answers.comparison import compared
from ratification.answers.hinges import hinges
from ratification.answers.standing import union_standings
from ratification.api import load
from ratification.case.bylaws import All, Any, Condition, Reading, choose
from ratification.case.case import Case
from ratification.case.known import known
from ratification.case.rounds import Joining, Scenario

ROWS = "unit,parent,members\n*,,2000\na,,900\nb,,400\nc,,300\nd,,250\ne,,150\n"


def statuses_of(case: Case, round_id: str, day: str | None = None) -> dict[str, str]:
    """Standing of every union by the reports of a round."""
    evidence = case.evidence(as_of=day, round_id=round_id)
    facts = known(evidence, round_id, case.electorate, case.id)
    return {u: s.status for u, s in union_standings(case.electorate, facts).items()}


def share(threshold: str, comparison: str = "at_least") -> Condition:
    """Approving unions hold a share of members."""
    return Condition(
        measure="members of approving unions",
        comparison=comparison,  # type: ignore[arg-type]
        threshold=Fraction(threshold),
        share=True,
        text=threshold,
    )


def test_the_founding_vote_under_the_rule_of_july() -> None:
    """The four that rejected, finished: police and marshals together under 2,400, by roster."""
    case = load("sebac-2011")
    (july,) = choose(case.bylaws, ("july-2011",))
    told = hinges(july.reading, case.electorate, statuses_of(case, "2011-06"), "2011-06")
    assert len(told) == 2
    assert told[0] == (
        "With 45,000 members in all, approving unions hold more than half only while Connecticut "
        "State Police Union and Judicial marshals together have under 2,400: AFSCME Council 4 and "
        "CEUI oppose with 20,100; the case has 1,900 (roster: AFT's 6,800 include A&R; 45,000 in "
        "all)"
    )
    assert "With 50,000 members in all" in told[1]
    assert "under 4,900" in told[1]
    assert told[1].endswith("; or AFT's 6,800 include A&R; about 50,000 in all)")


def test_the_founding_vote_half_finished() -> None:
    """On 24 June three unions were out: those of them that reject must stay under the same."""
    case = load("sebac-2011")
    (july,) = choose(case.bylaws, ("july-2011",))
    statuses = statuses_of(case, "2011-06", "2011-06-24")
    told = hinges(july.reading, case.electorate, statuses, "2011-06")
    assert re.search(r"those that reject of .*, still out, together have under 2,400: ", told[0])


def test_a_rule_out_of_reach_says_by_how_much() -> None:
    """Two thirds are missed with Council 4 and CEUI alone."""
    case = load("sebac-2011")
    (later,) = choose(case.bylaws, ("later",))
    told = hinges(later.reading, case.electorate, statuses_of(case, "2011-06"), "2011-06")
    assert "cannot hold two thirds: AFSCME Council 4 and CEUI oppose with 20,100" in told[0]
    assert "at most 15,000 may" in told[0]


@pytest.mark.parametrize(
    ("threshold", "comparison"),
    list(product(("1/2", "2/3", "0.61"), ("at_least", "more_than"))),
)
def test_the_number_is_where_the_rule_turns(
    tmp_path: Path, threshold: str, comparison: str
) -> None:
    """One member fewer than said and the share is held; one more and it is not."""
    rows = "ra,june,2011-06-01,a,outcome,,,,,approved\nrb,june,2011-06-01,b,outcome,,,,,rejected\n"
    case = make_case(tmp_path, ROWS, rows)
    reading = Reading(id="r", title="R", rule=share(threshold, comparison))
    (told,) = hinges(reading, case.electorate, statuses_of(case, "june"), "june")
    found = re.search(r"have (under|at most) ([\d,]+):", told)
    assert found is not None, told
    most = int(found[2].replace(",", "")) - (found[1] == "under")

    def holds(opposed: int) -> bool:
        approving, limit = Fraction(2000 - 400 - opposed, 2000), Fraction(threshold)
        return approving >= limit if comparison == "at_least" else approving > limit

    assert holds(most)
    assert not holds(most + 1)


def test_with_many_unions_out_nothing_is_told() -> None:
    """On 20 June ten unions were out: which of them may reject is a question for the forecast."""
    case = load("sebac-2011")
    (july,) = choose(case.bylaws, ("july-2011",))
    statuses = statuses_of(case, "2011-06", "2011-06-20")
    assert hinges(july.reading, case.electorate, statuses, "2011-06") == ()


def test_only_what_a_rule_cannot_do_without_is_told(tmp_path: Path) -> None:
    """A share in an `all` counts; one way of an `any`, or another measure, does not."""
    case = make_case(tmp_path, ROWS, "ra,june,2011-06-01,a,outcome,,,,,approved\n")
    told = {
        name: hinges(
            Reading(id="r", title="R", rule=rule),
            case.electorate,
            statuses_of(case, "june"),
            "june",
        )
        for name, rule in {
            "all": All(parts=(share("1/2"),)),
            "any": Any(parts=(share("1/2"), share("2/3"))),
            "below": share("1/2", "less_than"),
        }.items()
    }
    assert len(told["all"]) == 1
    assert told["any"] == told["below"] == ()


def test_a_figure_that_nobody_published_stops_it(tmp_path: Path) -> None:
    """Without a union's members there is no such arithmetic."""
    bylaws = '[[bylaws]]\nid = "n"\n[[bylaws.reading]]\nid = "n"\nall = [{ approves = "a" }]\n'
    case = make_case(tmp_path, ROWS.replace("e,,150", "e,,"), bylaws=bylaws)
    reading = Reading(id="r", title="R", rule=share("1/2"))
    assert hinges(reading, case.electorate, statuses_of(case, "june"), "june") == ()


def test_another_coalition_has_other_numbers(tmp_path: Path) -> None:
    """B leaves, f joins: 2,000 - 400 + 100 members in all, and abstainers as the bylaws have it."""
    rows = "rc,june,2011-06-01,c,outcome,,,,,rejected\n"
    # Still out are a, e and f, and as voted b and d too.
    rule = '[[bylaws]]\nid = "n"\n[[bylaws.reading]]\nid = "n"\nabstaining = "{}"\n' + (
        'all = [{{ measure = "members of approving unions", more_than = "1/2" }}]\n'
    )
    scenario = Scenario(
        id="s",
        title="S",
        round="june",
        leaving=("b",),
        abstaining=("d",),
        joining=(Joining(id="f", name="F", members=100),),
    )
    for abstaining, whole, held in (("stays", "1,700", 550), ("leaves", "1,450", 300)):
        case = make_case(tmp_path, ROWS, rows, bylaws=rule.format(abstaining), name=abstaining)
        case = replace(case, scenarios=(scenario,))
        found = compared(made_run(case, scenarios=["as-voted", "s"], worlds=200))
        (told,) = found.cell(found.run.readings[0], "s").hinges
        assert told.startswith(f"With {whole} members in all"), told
        assert f"oppose with {held}" in told.replace("opposes", "oppose")
        (plain,) = found.cell(found.run.readings[0], "as-voted").hinges
        assert plain.startswith("With 2,000 members in all")
