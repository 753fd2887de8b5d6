"""Cases built from a table: they are what was published, and what a folder would be."""

from dataclasses import replace
from fractions import Fraction

import pytest
from click.testing import CliRunner
from ratification.answers.standing import rule_standing, union_standings
from ratification.api import families, load, load_family
from ratification.case.case import Case
from ratification.case.electorate import Electorate
from ratification.case.known import known
from ratification.case.tabled import questions
from ratification.cli.main import ratify
from ratification.errors import RequestError


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    """The 28 referendums by name."""
    return {case.id: case for case in load_family("australia")}


def test_states_sum_to_the_published_national_totals(cases: dict[str, Case]) -> None:
    """Voters on the rolls, yes and no of the states add up to the nation's, in every question."""
    assert len(questions()) == len(cases) == 28
    for row in questions():
        case = cases[f"australia-{row['vote_id']}"]
        counted = {
            "eligible": sum(unit.figure.members or 0 for unit in case.electorate.units),
            "yes": sum(report.yes or 0 for report in case.reports),
            "no": sum(report.no or 0 for report in case.reports),
        }
        assert counted == {name: int(row[name]) for name in counted}, case.id


def test_the_rule_gives_all_published_results(cases: dict[str, Case]) -> None:
    """Carried or not, a national majority or not, and how many states: as the table says."""
    for row in questions():
        case = cases[f"australia-{row['vote_id']}"]
        facts = known(case.evidence(), case.target, case.electorate)
        [reading] = case.bylaws[0].readings
        carried = rule_standing(reading, case.electorate, facts).status
        assert carried == ("ratified" if row["carried"] == "1" else "defeated"), case.id
        yes, no = (sum(getattr(r, side) for r in case.reports) for side in ("yes", "no"))
        assert (yes > no) == (row["national_majority"] == "1"), case.id
        approving = [
            unit
            for unit, found in union_standings(case.electorate, facts).items()
            if found.status == "approved" and case.electorate.by_id[unit].weight
        ]
        assert len(approving) == int(row["states_yes"]), case.id


def test_territories_count_in_the_nation_only(cases: dict[str, Case]) -> None:
    """Since 1984 two territories vote, and weigh nothing where states are counted."""
    for case in cases.values():
        weights = {unit.id: unit.weight for unit in case.electorate.units}
        territories = {"act", "nt"} if case.target >= "1984" else set()
        assert {unit for unit, weight in weights.items() if weight == 0} == territories, case.id
        assert sum(weights.values()) == Fraction(6)


def bare(tree: Electorate) -> list[object]:
    """Units without the words of their sources."""
    return [replace(unit, source="", note="") for unit in tree.units]


def test_a_built_case_is_the_one_typed_by_hand(cases: dict[str, Case]) -> None:
    """Aviation, 1937, from the table and from its folder: same tree, counts, days, rule, priors."""
    built, typed = cases["australia-1937-aviation"], load("australia-1937-aviation")
    assert bare(built.electorate) == bare(typed.electorate)
    assert [(r.id, r.reported, r.units, r.yes, r.no) for r in built.reports] == [
        (r.id, r.reported, r.units, r.yes, r.no) for r in typed.reports
    ]
    assert (built.bylaws, built.priors, built.target) == (typed.bylaws, typed.priors, typed.target)


def test_turnout_is_believed_higher_once_voting_is_compulsory(cases: dict[str, Case]) -> None:
    """The questions before 1924 have the default prior of turnout, the later ones a higher one."""
    for case in cases.values():
        assert (case.priors.nu.mean > 1.5) == (case.target > "1924"), case.id


def test_every_question_is_a_case_by_its_own_name() -> None:
    """`load` and the commands take the name of one question; one that is not there is refused."""
    assert load("australia-1967-aboriginals").title == "Aboriginals referendum, Australia 1967"
    shown = CliRunner().invoke(ratify, ["check", "australia-1967-aboriginals"])
    assert shown.exit_code == 0
    assert "New South Wales" in shown.output
    with pytest.raises(RequestError, match="no shipped case of that name"):
        load("australia-1967-nobody")
    with pytest.raises(RequestError, match="no shipped table 'austria'"):
        load_family("austria")


def test_cases_lists_the_table() -> None:
    """`ratify cases` names the table and what takes it."""
    shown = CliRunner().invoke(ratify, ["cases"]).output
    [line] = [line for line in shown.splitlines() if line.startswith("australia ")]
    assert f"{len(families()['australia'])} cases from one table" in line
    assert "ratify backtest australia" in line
