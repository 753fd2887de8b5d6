"""Cases changed in Python: evidence as rows, days, priors, scenarios."""

import csv
import math
from dataclasses import replace
from fractions import Fraction

import pytest
from ratification.api import load, shipped
from ratification.case.case import Case
from ratification.case.priors import PriorError
from ratification.case.rounds import Scenario
from ratification.errors import CaseError, RequestError

ROW = {"units": "marshals", "kind": "count", "yes": 50, "no": 20, "reported": "2011-06-15"}


@pytest.fixture(scope="module")
def sebac() -> Case:
    """The founding case before any report."""
    return load("sebac-2011").without_evidence()


def test_a_row_is_read_as_the_file_would_be(sebac: Case) -> None:
    """The round is the target, the id says what it is, and numbers of a column with gaps do."""
    changed = sebac.with_evidence({**ROW, "yes": 50.0, "low": math.nan, "note": None})
    [report] = changed.reports
    assert (report.yes, report.no, report.round) == (50, 20, sebac.target)
    assert report.id == "marshals-count-2011-06-15"
    assert sebac.reports == ()
    shares = {"units": "council-4", "kind": "share", "reported": "2011-06-15"}
    [share] = sebac.with_evidence({**shares, "low": 0.4, "high": Fraction(1, 2)}).reports
    assert (share.low, share.high) == (Fraction(2, 5), Fraction(1, 2))


def test_a_row_and_the_file_say_the_same() -> None:
    """Evidence given as rows stands as the same evidence in the folder does."""
    case = load("sebac-2011")
    with (shipped()["sebac-2011"] / "evidence.csv").open(newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    again = case.without_evidence().with_evidence(*rows).reports
    assert [replace(report, line=0) for report in again] == [
        replace(report, line=0) for report in case.reports
    ]


@pytest.mark.parametrize(
    ("row", "error", "said"),
    [
        ({**ROW, "units": "marshal"}, CaseError, "Did you mean 'marshals'"),
        ({**ROW, "yes": -1}, CaseError, "row:1"),
        ({**ROW, "colour": "red"}, RequestError, "no column 'colour'"),
        ({**ROW, "round": "2011-07"}, CaseError, "is not in case.toml"),
        ({**ROW, "replaces": "nothing"}, CaseError, "nothing"),
    ],
)
def test_wrong_rows(sebac: Case, row: dict[str, object], error: type, said: str) -> None:
    """Each is refused with what was found."""
    with pytest.raises(error, match=said):
        sebac.with_evidence(row)


def test_all_wrong_rows_are_told_at_once(sebac: Case) -> None:
    """Two rows, two problems."""
    with pytest.raises(CaseError) as caught:
        sebac.with_evidence({**ROW, "units": "nobody"}, {**ROW, "yes": "many"})
    assert [problem.file for problem in caught.value.problems] == ["reports given/row"] * 2
    assert [problem.line for problem in caught.value.problems] == [1, 2]


def test_an_id_is_taken_once(sebac: Case) -> None:
    """The same row twice gets another id; a named one is refused."""
    twice = sebac.with_evidence(ROW, {**ROW, "units": "prosecutors"}, ROW)
    assert twice.reports[2].id == "marshals-count-2011-06-15-2"
    with pytest.raises(RequestError, match="already"):
        twice.with_evidence({**ROW, "id": "marshals-count-2011-06-15"})


def test_as_of_is_what_was_known_then() -> None:
    """The same evidence in force as asking for the day."""
    case = load("sebac-2011")
    asked = case.evidence(as_of="2011-06-22")
    assert case.as_of("2011-06-22").evidence().reports == asked.reports
    with pytest.raises(RequestError, match="no date"):
        case.as_of("22 June")


def test_priors_by_number(sebac: Case) -> None:
    """A bare number is the scale, or the mean; a mapping sets what it names."""
    changed = sebac.with_priors(tau_union=0.4, mu={"mean": 0.2, "sd": 0.5}, nu=1.0).priors
    assert changed.tau_union.sd == 0.4
    assert (changed.mu.mean, changed.mu.sd) == (0.2, 0.5)
    assert (changed.nu.mean, changed.nu.sd) == (1.0, sebac.priors.nu.sd)
    for wrong, said in (
        ({"tau_union": -1}, "above 0"),
        ({"tau_unions": 1}, "Did you mean 'tau_union'"),
    ):
        with pytest.raises(PriorError, match=said):
            sebac.with_priors(**wrong)


def test_scenarios_are_added_or_replaced(sebac: Case) -> None:
    """By their name; a round that is not there is refused."""
    named = Scenario(id="calm", title="Calm", round=sebac.target, returns="published")
    changed = sebac.with_scenario(named)
    assert changed.scenario("calm") is named
    assert len(changed.with_scenario(named).scenarios) == len(changed.scenarios)
    with pytest.raises(RequestError, match="no round"):
        sebac.with_scenario(Scenario(id="x", title="", round="never"))


def test_a_case_prints_on_one_line(sebac: Case) -> None:
    """Who, how much is known, under which bylaws."""
    assert repr(sebac) == (
        "<Case sebac-2011: 15 unions, 33 leaves, 0 reports; bylaws 1996, july-2011, later, reopen>"
    )
    assert "1 report to 2011-06-15" in repr(sebac.with_evidence(ROW))
