"""What reports say together: nothing counts twice, corrections correct, order does not matter."""

import random
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ratification.case.case import Case
from ratification.case.electorate import Electorate
from ratification.case.evidence import moment
from ratification.case.facts import Approvals, Count, Known, Partial, Range
from ratification.case.folder import load
from ratification.case.known import known
from ratification.case.unitsets import UnitSetError, leaves_in, terms, units_in
from ratification.errors import CaseError, RequestError
from small_case import ELECTORATE, EVIDENCE, GOOD, edited, write_case

HEADER = "id,round,reported,units,kind,yes,no,low,high,result,replaces"
# Leaves in canonical order:  x1 x2 y v w/rest w1
X1, X2, Y, V, REST, W1 = range(6)
TREE = """\
unit,parent,class,members,decides
u,,union,100,
x,u,unit,60,
x1,x,local,40,
x2,x,local,20,
y,u,unit,40,
v,,union,50,2/3
w,,union,30,
w1,w,local,20,
"""
RULE = '[[bylaws]]\nid = "a"\n[[bylaws.reading]]\nid = "b"\n'
RULE += 'all = [ { measure = "approving unions", at_least = 1 } ]\n'
ROUND = 'title = "T"\n[[round]]\nid = "r"\n'


def case_of(folder: Path, *rows: str, tree: str = TREE) -> Case:
    """A case of one round with these rows: `units,kind,...` gets an id and a day, in order."""
    lines = [HEADER]
    for number, row in enumerate(rows, start=1):
        known_row = row.count(",") >= 4 and row.split(",")[1] == "r"
        lines.append(row if known_row else f"e{number},r,2020-01-{number:02},{row}")
    text = "\n".join(lines) + "\n"
    changed = {"case.toml": ROUND, "electorate.csv": tree, "evidence.csv": text}
    return load(write_case(folder, {**changed, "bylaws.toml": RULE}))


def facts(case: Case, **asked: object) -> Known:
    """What is known about the case's target round."""
    return known(case.evidence(**asked), case.target, case.electorate, case.id)  # type: ignore[arg-type]


def counts(found: Known) -> dict[tuple[int, ...], tuple[int, int]]:
    """Yes and no by leaves."""
    return {tuple(sorted(entry.scope)): (entry.yes, entry.no) for entry in found.counts}


def ranges(found: Known) -> dict[tuple[int, ...], tuple[int, int, int | None, int | None]]:
    """Factors and bounds by leaves."""
    return {
        tuple(sorted(entry.scope)): (entry.alpha, entry.beta, entry.low, entry.high)
        for entry in found.ranges
    }


# Nested evidence counts once


def test_local_unit_union_total(tmp_path: Path) -> None:
    """A local inside a unit inside a union inside the total: each ballot counts once."""
    case = case_of(tmp_path, "*,count,60,40", "u,count,30,20", "x,count,18,12", "x1,count,10,5")

    assert counts(facts(case)) == {
        (X1,): (10, 5),
        (X2,): (8, 7),
        (Y,): (12, 8),
        (V, REST, W1): (30, 20),
    }
    assert facts(case).counted == {X1: (10, 5), X2: (8, 7), Y: (12, 8)}


def test_overlapping_counts(tmp_path: Path) -> None:
    """Two counts that share a local are not both taken from the total."""
    case = case_of(tmp_path, "x1 + x2,count,18,12", "x2 + y,count,20,15", "u,count,30,20")

    found = facts(case)

    assert counts(found) == {(X1,): (10, 5), (X2,): (8, 7), (Y,): (12, 8)}
    assert found.warnings == ()


def test_difference_of_units(tmp_path: Path) -> None:
    """A count of all but one local, and one of all, give the local."""
    case = case_of(tmp_path, "u - x1,count,20,15", "u,count,30,20")

    assert counts(facts(case)) == {(X1,): (10, 5), (X2, Y): (20, 15)}


def test_outcome_is_the_margin_left(tmp_path: Path) -> None:
    """A rejection speaks about the ballots that no count inside it holds."""
    case = case_of(tmp_path, "x,count,30,10", "u,outcome,,,,,rejected")

    assert ranges(facts(case)) == {(Y,): (1, -1, None, -20)}
    assert facts(case).outcomes == {"u": "rejected"}


def test_outcome_by_threshold(tmp_path: Path) -> None:
    """A unit that decides by two thirds approves if yes is twice no or more."""
    approved = case_of(tmp_path, "v,outcome,,,,,approved")

    assert ranges(facts(approved)) == {(V,): (1, -2, 0, None)}


def test_margins_shares_and_returns_less_counts(tmp_path: Path) -> None:
    """What is counted inside a margin, a share or a return is taken from it."""
    case = case_of(
        tmp_path,
        "x1,count,10,5",
        "x,margin,,,1,9",
        "u,returned,,,50,80",
        "u,share,,,40%,60%",
    )

    found = facts(case)

    assert ranges(found) == {(X2,): (1, -1, -4, 4), (X2, Y): (1, 1, 35, 65)}
    [share] = found.shares
    assert (share.known_yes, share.known_no) == (10, 5)
    assert (share.whole, share.scope) == (frozenset({X1, X2, Y}), frozenset({X2, Y}))


def test_the_same_news_twice(tmp_path: Path) -> None:
    """An outcome and a margin of the same units are one range, and so are two outcomes."""
    case = case_of(tmp_path, "y,outcome,,,,,approved", "y,margin,,,5,7", "y,outcome,,,,,approved")

    [entry] = facts(case).ranges

    assert (entry.low, entry.high, entry.reports) == (5, 7, ("e1", "e2", "e3"))


@pytest.mark.parametrize(
    "rows",
    [
        ("x1,count,10,5", "x1,outcome,,,,,approved"),
        ("x1,count,10,5", "x2,count,8,7", "x,count,18,12"),
        ("x1,count,10,5", "x1,margin,,,4,6", "x1,share,,,60%,70%", "x1,returned,,,15"),
        ("x1,count,10,5", "x1,partial,6,5"),
    ],
)
def test_implied_rows(tmp_path: Path, rows: tuple[str, ...]) -> None:
    """A row that counts already imply adds nothing and warns of nothing."""
    found = facts(case_of(tmp_path, *rows))

    assert (found.ranges, found.shares, found.partials, found.warnings) == ((), (), (), ())
    assert all(len(entry.scope) == 1 for entry in found.counts)


def test_outcome_implied_by_its_parts(tmp_path: Path) -> None:
    """A union whose parts have all been rejected adds nothing by being rejected."""
    case = case_of(
        tmp_path,
        "x,outcome,,,,,rejected",
        "y,outcome,,,,,rejected",
        "u,outcome,,,,,rejected",
    )

    assert set(ranges(facts(case))) == {(X1, X2), (Y,)}
    assert facts(case).outcomes["u"] == "rejected"


def test_approvals_less_what_is_settled(tmp_path: Path) -> None:
    """A number of approvals is about the unions that are still open."""
    case = case_of(tmp_path, "u,count,60,30", "*,approvals,,,2,3")

    assert facts(case).approvals == (Approvals(units=("v", "w"), low=1, high=2, reports=("e2",)),)


def test_implied_approvals(tmp_path: Path) -> None:
    """A number of approvals that outcomes give already adds nothing."""
    case = case_of(tmp_path, "u,outcome,,,,,approved", "*,approvals,,,1")

    assert facts(case).approvals == ()


def test_later_approvals_narrow_earlier(tmp_path: Path) -> None:
    """Two numbers of approvals among the same open unions are one range."""
    case = case_of(tmp_path, "*,approvals,,,1", "*,approvals,,,,2")

    assert facts(case).approvals == (
        Approvals(units=("u", "v", "w"), low=1, high=2, reports=("e1", "e2")),
    )


# Corrections and partial counts


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_correction_may_go_down(tmp_path: Path, order: tuple[int, int]) -> None:
    """A correction stands whatever the order of the rows, also where it has fewer ballots."""
    rows = ["a,r,2020-01-01,y,count,30,10,,,,", "b,r,2020-01-02,y,count,20,10,,,,a"]
    case = case_of(tmp_path, *(rows[index] for index in order))

    assert counts(facts(case)) == {(Y,): (20, 10)}
    assert counts(facts(case, as_of="2020-01-01")) == {(Y,): (30, 10)}
    [(report, why)] = case.evidence().aside
    assert (report.id, why) == ("a", "replaced by b")


def test_without_a_correction(tmp_path: Path) -> None:
    """Leaving a correction out brings back what it corrected."""
    rows = ["a,r,2020-01-01,y,count,30,10,,,,", "b,r,2020-01-02,y,count,20,10,,,,a"]
    case = case_of(tmp_path, *rows)

    assert counts(facts(case, without=("b",))) == {(Y,): (30, 10)}
    assert counts(facts(case, without=("a", "b"))) == {}


@pytest.mark.parametrize("again", ["x + y", "y + x"])
def test_a_later_partial_supersedes(tmp_path: Path, again: str) -> None:
    """Of two partial counts of the same units the later stands, however the units are written."""
    case = case_of(tmp_path, "x + y,partial,10,10", f"{again},partial,30,20")

    assert facts(case).partials == (
        Partial(scope=frozenset({X1, X2, Y}), yes=30, no=20, reports=("e2",)),
    )


def test_partial_after_a_count_inside(tmp_path: Path) -> None:
    """A partial count holds what was counted inside it before: the rest is what it adds."""
    case = case_of(tmp_path, "x,count,10,5", "u,partial,25,10")

    assert facts(case).partials == (Partial(scope=frozenset({Y}), yes=15, no=5, reports=("e2",)),)


def test_partial_before_a_count_inside(tmp_path: Path) -> None:
    """Of what is counted inside a partial later nobody knows how much the partial held.

    It then says its share, and that what it had beyond the whole later count lies elsewhere.
    """
    case = case_of(tmp_path, "u,partial,25,10", "x,count,20,12")

    found = facts(case)

    [partial] = found.partials
    assert (partial.scope, partial.yes) == (frozenset({X1, X2, Y}), 0)
    assert (partial.low, partial.high) == (Fraction(49, 70), Fraction(51, 70))
    assert found.ranges == (
        Range(scope=frozenset({Y}), alpha=1, beta=0, low=5, high=None, reports=("e1",)),
    )


def test_partial_inside_a_partial(tmp_path: Path) -> None:
    """A partial count inside a later, wider one is taken from it; the wider floors stay."""
    case = case_of(tmp_path, "y,partial,10,5", "u,partial,25,12")

    found = facts(case)

    assert found.partials == (
        Partial(scope=frozenset({Y}), yes=10, no=5, reports=("e1",)),
        Partial(scope=frozenset({X1, X2, Y}), yes=15, no=7, reports=("e2",)),
    )
    assert [(entry.alpha, entry.beta, entry.low) for entry in found.ranges] == [
        (1, 0, 25),
        (0, 1, 12),
    ]


def test_share_so_far(tmp_path: Path) -> None:
    """A partial that is a share keeps all of its units: how many were counted is not known."""
    case = case_of(tmp_path, "u,partial,,,43%,45%", "x,count,20,12")

    assert facts(case).partials == (
        Partial(
            scope=frozenset({X1, X2, Y}),
            low=Fraction(43, 100),
            high=Fraction(9, 20),
            reports=("e1",),
        ),
    )


# As of, without, assume


def test_a_date_is_the_end_of_its_day() -> None:
    """What is dated with a day is known when the day ends."""
    assert moment("2020-01-01") > moment("2020-01-01T23:59")
    assert moment("2020-01-01") < moment("2020-01-02 00:00")


def test_as_of(tmp_path: Path) -> None:
    """As of a time, what came by then is known; as of a day, what came in its course."""
    rows = ["a,r,2020-01-01T18:30,x,count,10,5", "b,r,2020-01-01,y,count,8,7"]
    case = case_of(tmp_path, *rows)

    assert counts(facts(case, as_of="2020-01-01T18:29")) == {}
    assert set(counts(facts(case, as_of="2020-01-01T18:30"))) == {(X1, X2)}
    assert set(counts(facts(case, as_of="2020-01-01"))) == {(Y,), (X1, X2)}


@pytest.mark.parametrize("day", ["2011-06-09", "2011-06-11", "2011-06-14", "2011-06-14T12:00"])
def test_later_rows_change_nothing(tmp_path: Path, day: str) -> None:
    """What is known as of a day is the same with and without the rows that came later."""
    whole = load(write_case(tmp_path))
    early = [report for report in whole.reports if report.known_at <= moment(day)]
    lines = EVIDENCE.splitlines(keepends=True)
    kept = [*lines[:2], *(lines[report.line - 1] for report in early if report.line)]
    (tmp_path / "early").mkdir()
    part = load(write_case(tmp_path / "early", {"evidence.csv": "".join(kept)}))

    for entry in whole.rounds:
        then = known(whole.evidence(as_of=day), entry.id, whole.electorate)
        assert then == known(part.evidence(), entry.id, part.electorate)


@pytest.mark.parametrize(
    ("asked", "match"),
    [
        ({"without": ("e1x",)}, "no report has id 'e1x'. Did you mean 'e1'?"),
        ({"as_of": "2020-02-30"}, "as of '2020-02-30' is no date: write 2011-06-24"),
        ({"as_of": "2020-02-01T12:00Z"}, "as of '2020-02-01T12:00Z' carries a time zone"),
        ({"round_id": "s", "assume": ("u approved",)}, "no round 's' in this case. It has: r"),
        ({"assume": ("uu approved",)}, "assumption 'uu approved': unit 'uu' is not in elect"),
        ({"assume": ("u aproved",)}, "'u aproved' is not understood. Did you mean 'approved'?"),
        ({"assume": ("approved",)}, "'approved' needs units and a result. Say e.g. 'council-4"),
        ({"assume": ("u 10:5",)}, "assumption 'u 10:5' is not understood. Say e.g."),
        ({"assume": ("u 99999999999-5",)}, "ballots '99999999999' is too large"),
        ({"assume": ("* approved",)}, "an outcome is about a unit or a sum of units"),
        ({"assume": ("y rejected",)}, "assuming 'y rejected' contradicts the evidence: 'y' canno"),
        ({"assume": ("v 50-1",)}, "assuming 'v 50-1' contradicts the evidence: 'v' has at most 50"),
    ],
)
def test_wrong_requests(tmp_path: Path, asked: dict[str, object], match: str) -> None:
    """A wrong request says what it asked for and what there is."""
    case = case_of(tmp_path, "y,count,8,7")

    with pytest.raises(RequestError) as caught:
        case.evidence(**asked)  # type: ignore[arg-type]

    assert match in str(caught.value)


def test_assumptions(tmp_path: Path) -> None:
    """An assumed outcome or count is evidence like any other, and later than any."""
    case = case_of(tmp_path, "y,count,8,7")

    found = facts(case, assume=("u rejected", "v 30-10", "w abstained", "y 9-7"))

    assert found.outcomes["u"] == "rejected"
    assert counts(found) == {(Y,): (9, 7), (V,): (30, 10), (REST,): (0, 0), (W1,): (0, 0)}
    assert found.warnings == (
        "y: e1 says 8 yes, 7 no; assumption 4 says 9 yes, 7 no. The later is used",
    )


def test_the_opposite_of_a_count_may_be_assumed(tmp_path: Path) -> None:
    """Yes and no exchanged are an error between two reports, and a fair question to ask."""
    case = case_of(tmp_path, "y,count,8,7")

    assert counts(facts(case, assume=("y 7-8",))) == {(Y,): (7, 8)}
    with pytest.raises(
        CaseError, match=r"'y' has 7 yes, 8 no here and the two exchanged in report 'e1'"
    ):
        facts(case_of(tmp_path / "exchanged", "y,count,8,7", "y,count,7,8"))


# Differing sources


@pytest.mark.parametrize(
    ("rows", "warning"),
    [
        (
            ("y,count,20,10", "y,count,21,10"),
            "y: e1 says 20 yes, 10 no; e2 says 21 yes, 10 no. The later is used",
        ),
        (
            ("x1,count,10,5", "x2,count,8,7", "x,count,19,12"),
            "x: e3 says 19 yes, 12 no; its parts add up to 18 yes, 12 no. The parts are used",
        ),
        (
            ("y,count,20,10", "y,margin,,,12,14"),
            "y: e2 (margin) disagrees with the count of 20 yes, 10 no. The count is used",
        ),
        (
            ("y,count,20,10", "y,share,,,70%,80%"),
            "y: e2 (share) disagrees with the count of 20 yes, 10 no. The count is used",
        ),
        (
            ("y,count,20,10", "y,turnout,,,80%,90%"),
            "y: e2 (turnout) disagrees with the count of 20 yes, 10 no. The count is used",
        ),
        (
            ("y,margin,,,12,14", "y,margin,,,16,18"),
            "y: e1 and e2 give ranges that do not meet. The later is used",
        ),
        (
            ("y,share,,,60%,62%", "y,share,,,64%,66%"),
            "e1 and e2 give shares that do not meet. The later is used",
        ),
        (
            ("y,count,20,10", "y,partial,21,4"),
            "y: e2 had 21 yes, 4 no so far, more than the count of 20 yes, 10 no. "
            "The count is used",
        ),
        (
            ("x,count,20,10", "u,partial,19,12"),
            "u: e2 has fewer ballots so far than are known inside it. What is inside is used",
        ),
    ],
)
def test_differing_sources(tmp_path: Path, rows: tuple[str, ...], warning: str) -> None:
    """Sources that differ, and could both be near the truth, are a warning."""
    assert facts(case_of(tmp_path, *rows)).warnings == (warning,)


# Order


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Permuting the rows of every file changes neither the tree nor what is known."""
    good = load(write_case(tmp_path_factory.mktemp("good")))
    shuffled = {name: _shuffled(GOOD[name], seed) for name in ("electorate.csv", "evidence.csv")}

    case = load(write_case(tmp_path_factory.mktemp("shuffled"), shuffled))

    assert case.electorate.units == good.electorate.units
    assert case.electorate.leaves == good.electorate.leaves
    for entry in good.rounds:
        assert known(case.evidence(), entry.id, case.electorate) == known(
            good.evidence(), entry.id, good.electorate
        )


def _shuffled(text: str, seed: int) -> str:
    comment, header, *rows = text.splitlines(keepends=True)
    random.Random(seed).shuffle(rows)
    return "".join([comment, header, *rows])


def test_the_order_of_the_shipped_rows_changes_nothing() -> None:
    """The founding case says the same when its reports come in any order."""
    case = load("sebac-2011")
    reports = list(case.reports)
    random.Random(391).shuffle(reports)
    other = Case(**{**vars(case), "reports": tuple(reports)})

    for entry in case.rounds:
        assert known(other.evidence(), entry.id, case.electorate) == known(
            case.evidence(), entry.id, case.electorate
        )


# Unit sets


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Electorate:
    """The tree of the rows above."""
    return case_of(tmp_path_factory.mktemp("tree")).electorate


@pytest.mark.parametrize(
    ("expression", "leaves"),
    [
        ("x1", {X1}),
        ("u", {X1, X2, Y}),
        ("*", {X1, X2, Y, V, REST, W1}),
        ("u - x1", {X2, Y}),
        ("u  -  x", {Y}),
        ("x1 + v", {X1, V}),
        ("* - u - v", {REST, W1}),
        ("u - x + x1", {X1, Y}),
        ("class:local", {X1, X2, W1}),
        ("* - class:local", {Y, V, REST}),
        ("w/rest", {REST}),
    ],
)
def test_unit_sets(tree: Electorate, expression: str, leaves: set[int]) -> None:
    """Sums and differences are read from left to right."""
    assert leaves_in(expression, tree) == leaves


@pytest.mark.parametrize(
    ("expression", "units"),
    [
        ("*", ("u", "v", "w")),
        ("* - v", ("u", "w")),
        ("class:local", ("x1", "x2", "w1")),
        ("class:union - u + x1", ("x1", "v", "w")),
    ],
)
def test_units_that_count(tree: Electorate, expression: str, units: tuple[str, ...]) -> None:
    """Counting approvals, `*` lists the unions; units come in the order of the tree."""
    assert units_in(expression, tree) == units


def test_hyphens_are_no_signs(tree: Electorate) -> None:
    """A sign has spaces round it, since ids hold hyphens."""
    assert terms("council-4 - local-391") == [("+", "council-4"), ("-", "local-391")]


@pytest.mark.parametrize(
    ("expression", "match"),
    [
        ("", "units is blank"),
        ("u - u", "covers nobody"),
        ("u - v", "subtracts 'v', which is not inside"),
        ("u -x1", "needs a space on both sides of its sign"),
        ("u+v", "needs a space on both sides of its sign"),
        ("class:lokal", "no unit has class 'lokal'. Did you mean 'local'"),
        ("u/rest", "There is no rest"),
        ("- u", "is not in electorate.csv"),
    ],
)
def test_bad_unit_sets(tree: Electorate, expression: str, match: str) -> None:
    """What cannot be read says why."""
    with pytest.raises(UnitSetError, match=match):
        leaves_in(expression, tree)


@pytest.mark.parametrize("expression", ["u - v", "* - x1", "u - u", "w/rest"])
def test_bad_sets_of_counted_units(tree: Electorate, expression: str) -> None:
    """What is not among the units listed cannot be taken from them, and a rest is none."""
    with pytest.raises(UnitSetError, match=r"none of the units|no unit"):
        units_in(expression, tree)


# How files may be written


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace("\n", "\n\n").encode(),
    ],
    ids=["bom", "crlf", "cr", "no-last-newline", "blank-lines"],
)
def test_ways_to_write_a_file(tmp_path: Path, write: "object") -> None:
    """A byte order mark, any line end, and blank lines change nothing."""
    assert callable(write)
    good = load(write_case(tmp_path))
    (tmp_path / "other").mkdir()

    case = load(write_case(tmp_path / "other", {name: write(text) for name, text in GOOD.items()}))

    assert case.electorate.units == good.electorate.units
    assert case.bylaws == good.bylaws
    assert [vars_of(report) for report in case.reports] == [
        vars_of(report) for report in good.reports
    ]


def vars_of(report: object) -> dict[str, object]:
    """A report without its line."""
    names = type(report).__slots__  # type: ignore[attr-defined]
    return {name: getattr(report, name) for name in names if name != "line"}


def test_quotes_and_comments(tmp_path: Path) -> None:
    """Quoted commas are text; a comment may hold quotes and commas of its own."""
    case = load(write_case(tmp_path))

    assert case.electorate.by_id["local-391"].note == "Prisons, northern"
    assert case.reports[1].note == 'Printed "900-600", no first'


def test_what_a_spreadsheet_leaves(tmp_path: Path) -> None:
    """Upper-case headers, padded cells and empty columns at the end change nothing."""
    lines = ELECTORATE.splitlines()
    lines[1] = lines[1].upper()
    padded = "".join(f"{line.replace(',', ' , ')},,\n" for line in lines if '"' not in line)
    local = 'local-391,council-4,Local 391,local,1850,,,,,,,press,"Prisons, northern",,\n'

    case = load(write_case(tmp_path, {"electorate.csv": padded + local}))

    (tmp_path / "good").mkdir()
    assert case.electorate.units == load(write_case(tmp_path / "good")).electorate.units


# Trees and rosters


def test_the_rest(tree: Electorate) -> None:
    """Where parts fall short of their parent, the rest is a leaf that votes."""
    assert tree.leaves == ("x1", "x2", "y", "v", "w/rest", "w1")
    assert tree.by_id["w/rest"].implicit


def test_the_rest_of_one_round_or_roster(tmp_path: Path) -> None:
    """A rest that only one round, or one roster variant, leaves is a leaf in all."""
    text = edited("electorate.csv", "delta-2,delta,Delta Two,local,300", "delta-2,delta,,local,300")
    rounds = text + "delta-2,delta,,local,200,,,,,,may,,\n"

    case = load(write_case(tmp_path, {"electorate.csv": rounds}))

    assert "delta/rest" in case.electorate.leaves
    assert case.electorate.figure("delta-2", "may").members == 200
    assert case.electorate.figure("delta-2", "june").members == 300


def test_roster_variants(tmp_path: Path) -> None:
    """A variant gives its units other figures and leaves the others."""
    tree = load(write_case(tmp_path)).electorate
    retired = tree.variants[1]

    assert retired.weight == Fraction(1, 3)
    assert tree.figure("gamma", "june", retired).members == 1000
    assert tree.figure("*", "june", retired).members == 5100
    assert tree.figure("*", "june", retired).error == 100
    assert tree.figure("beta", "june", retired).members == 500


def by_units(decides: str) -> str:
    """The tree with a union that its units decide."""
    return TREE.replace("u,,union,100,", f"u,,union,100,{decides}")


@pytest.mark.parametrize(
    ("decides", "row", "low", "high"),
    [
        ("units", "u,outcome,,,,,approved", 2, 2),
        ("units", "u,outcome,,,,,rejected", 0, 1),
        ("all-units", "u,outcome,,,,,rejected", 0, 1),
    ],
)
def test_an_outcome_that_units_decide(
    tmp_path: Path, decides: str, row: str, low: int, high: int
) -> None:
    """An outcome of a union that its units decide says how many of them approve."""
    found = facts(case_of(tmp_path, row, tree=by_units(decides)))

    assert found.approvals == (Approvals(units=("x", "y"), low=low, high=high, reports=("e1",)),)
    assert found.ranges == ()


def test_units_that_settle_their_union(tmp_path: Path) -> None:
    """A union whose units have decided is settled, so a number of approvals leaves it out."""
    rows = ("x,outcome,,,,,approved", "y,count,20,10", "*,approvals,,,2,2")
    found = facts(case_of(tmp_path, *rows, tree=by_units("all-units")))

    assert found.approvals == (Approvals(units=("v", "w"), low=1, high=1, reports=("e3",)),)


def test_the_rest_is_no_unit_that_decides(tmp_path: Path) -> None:
    """The rest of a union that its units decide votes, and counts as no unit."""
    tree = TREE.replace("w,,union,30,", "w,,union,30,units")
    found = facts(case_of(tmp_path, "w,outcome,,,,,approved", tree=tree))

    assert found.approvals == (Approvals(units=("w1",), low=1, high=1, reports=("e1",)),)


def test_abstention(tmp_path: Path) -> None:
    """A union that abstains casts no ballots, nor do its units."""
    found = facts(case_of(tmp_path, "u,outcome,,,,,abstained"))

    assert counts(found) == {(X1,): (0, 0), (X2,): (0, 0), (Y,): (0, 0)}
    assert found.outcomes["u"] == "abstained"


def test_abstention_of_a_sum(tmp_path: Path) -> None:
    """Units that abstain together abstain each; what they make up abstains as well."""
    found = facts(case_of(tmp_path, "x + y,outcome,,,,,abstained"))

    assert {unit: found.outcomes[unit] for unit in ("x", "y", "u")} == dict.fromkeys(
        ("x", "y", "u"), "abstained"
    )


@pytest.mark.parametrize("row", ["u,count,10,5", "x1,count,10,5", "x,count,10,5"])
def test_ballots_of_an_abstainer(tmp_path: Path, row: str) -> None:
    """Ballots in a union that abstained, or in a part of it, cannot be."""
    with pytest.raises(CaseError, match="has ballots here and abstained in 'e1'"):
        case_of(tmp_path, "u,outcome,,,,,abstained", row)


def test_a_threshold_without_ballots(tmp_path: Path) -> None:
    """A unit that needs two thirds and had no ballots did not approve: its rejection is true."""
    found = facts(case_of(tmp_path, "v,count,0,0", "v,outcome,,,,,rejected"))

    assert counts(found) == {(V,): (0, 0)}


def test_polls_stand_beside_counts(tmp_path: Path) -> None:
    """A straw poll is kept as it is: it tells how polls lean, also where all is counted."""
    found = facts(case_of(tmp_path, "y,poll,12,8", "y,count,20,10"))

    assert [(poll.yes, poll.no) for poll in found.polls] == [(12, 8)]
    assert found.counts == (Count(scope=frozenset({Y}), yes=20, no=10, reports=("e2",)),)
