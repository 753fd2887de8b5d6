"""The page as plain values, its one template call, and what it must never show."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hand_made import TWO_ROUNDS, make_case, make_posterior
from made_runs import WrittenRuns, made_run
from ratification.answers.estimates import difference, estimate
from ratification.answers.judging import Results, judge
from ratification.answers.replication import replicate
from ratification.answers.run import Run
from ratification.answers.surface import unions_by_share
from ratification.api import load, run, write_report
from ratification.case.bylaws import All, Condition
from ratification.case.case import Case
from ratification.errors import RequestError
from ratification.output.page.context import PageContext
from ratification.output.page.notice import BEGINS, ENDS, Notice, marked
from ratification.output.page.page import Page
from ratification.output.page.render import notice_html, render, script_json
from ratification.output.page.summary import summary
from ratification.output.said import about

GOLDEN = Path(__file__).parent / "golden"
REPORTS = Path(__file__).parent.parent / "reports"
UPDATE = "RATIFY_UPDATE_GOLDEN"
RULES = """\
[[bylaws]]
id = "old"
title = "Old bylaws"
text = "2 of 3 unions and 60% of members"
in_force = { until = 2011-12-31 }
[[bylaws.reading]]
id = "members"
title = "2 of 3 unions, which hold 60% of members"
all = [
    { measure = "approving unions", at_least = 2 },
    { measure = "members of approving unions", at_least = "60%" },
]
[[bylaws]]
id = "new"
title = "New bylaws"
[[bylaws.reading]]
id = "yes"
title = "A majority of ballots"
all = [{ measure = "yes of ballots", more_than = "1/2" }]
"""
ELECTORATE = "unit,parent,members\na,,100\nb,,200\nc,,300\n"
COUNTED = "r1,june,2011-06-01,a,count,60,30,,,\nr2,june,2011-06-02,b,outcome,,,,,approved\n"
# Union c approves in two worlds of five.
WRITTEN = {
    "a": [(100, 60, 30)] * 5,
    "b": [(200, 90, 60), (200, 80, 70), (200, 100, 60), (200, 95, 70), (200, 85, 50)],
    "c": [(300, 130, 110), (300, 90, 150), (300, 100, 140), (300, 125, 115), (300, 80, 160)],
}
STAKE = '\n[[stake]]\nname = "jobs cut"\nratified = 0\ndefeated = 1000\n'


def three_unions(parent: Path, evidence: str = COUNTED, **more: str) -> Case:
    """One union counted, one that approved, one still out; two bylaws."""
    return make_case(parent, ELECTORATE, evidence, bylaws=RULES, **more)


def written_run(case: Case, **asked: object) -> Run:
    """A run on the worlds written above."""
    options = {"runs": WrittenRuns(WRITTEN), "worlds": 1000} | asked
    return run(case, **options)  # type: ignore[arg-type]


def page_of(made: Run, **told: object) -> Page:
    """A page about one run."""
    return Page.from_runs([made], **told)  # type: ignore[arg-type]


def html(page: Page) -> str:
    """The page without the scripts that draw its charts."""
    return render(page, bundle="/* charts */")


def section(page: Page, name: str) -> object:
    """A section by id, or None."""
    return next((s for s in page.chapters[0].sections if s.id == name), None)


def test_the_answer_is_worded_from_the_worlds(tmp_path: Path) -> None:
    """The headline is of the bylaws in force, as a chance, a frequency and a likelihood."""
    page = page_of(written_run(three_unions(tmp_path, settings=TWO_ROUNDS + STAKE)))
    answer = section(page, "answer")
    assert answer.heading == "Ratification is about as likely as not"  # type: ignore[attr-defined]
    main = answer.main  # type: ignore[attr-defined]
    assert (main.key, main.badge) == ("old/members", "in force")
    assert (main.chance, main.frequency) == ("40%", "40 of 100 simulated votes")
    assert [other.key for other in answer.others] == ["new/yes"]  # type: ignore[attr-defined]
    assert answer.basis == "As of 2 June 2011, 2 reports in force"  # type: ignore[attr-defined]


def test_an_open_answer_names_the_union_it_hinges_on(tmp_path: Path) -> None:
    """Only c is out, and it decides; where it hardly matters, or all is decided, none is named."""
    page = page_of(written_run(three_unions(tmp_path)))
    answer = section(page, "answer")
    main, other = answer.main, answer.others[0]  # type: ignore[attr-defined]
    assert (
        main.hinge
        == "it hinges most on c: more than 99% if it approves, less than 1% if it does not"
    )
    assert other.hinge == "it hinges most on c: more than 99% if it approves, 33% if it does not"
    assert main.hinge[1:] in page.chapters[0].summary
    rows = COUNTED + "r3,june,2011-06-03,c,outcome,,,,,approved\n"
    decided = page_of(written_run(three_unions(tmp_path, rows, name="decided")))
    assert section(decided, "answer").main.hinge == ""  # type: ignore[attr-defined]


def test_the_headline_keeps_the_bylaws_of_the_vote(tmp_path: Path) -> None:
    """A count published after the bylaws changed does not put the vote under the new ones."""
    late = COUNTED + "r3,june,2012-02-03,c,margin,,,-60,60,\n"
    rules = RULES.replace(
        'title = "New bylaws"', 'title = "New bylaws"\nin_force = { since = 2012-01-01 }'
    )
    case = make_case(tmp_path, ELECTORATE, late, bylaws=rules)
    main = section(page_of(written_run(case)), "answer").main  # type: ignore[attr-defined]
    assert (main.key, main.badge) == ("old/members", "in force until 31 December 2011")


def test_units_of_a_report_are_named(tmp_path: Path) -> None:
    """A page names units, sums and differences as people do, not by their ids."""
    rows = "unit,parent,name,class,members\na,,The A,,100\nb,,The B,hall,200\n"
    tree = make_case(tmp_path, rows, bylaws=RULES).electorate
    told = [about(units, tree) for units in ("a", "*", "a + b", "* - a", "class:hall")]
    assert told == [
        "The A",
        "all unions",
        "The A and The B",
        "all unions without The A",
        "every hall",
    ]


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ([0.9], "The only union still out is more likely"),
        ([0.1], "The only union still out is no more likely"),
        ([0.9, 0.9], "Both unions still out are more likely"),
        ([0.1, 0.1], "None of the 2 unions still out is more likely"),
        ([0.9, 0.1], "1 of the 2 unions still out is more likely to approve than not; not so u1"),
    ],
)
def test_the_chart_of_unions_counts_in_good_grammar(
    shares: list[float], says: str, tmp_path: Path
) -> None:
    """One, all, some or none of the unions still out are likely to approve."""
    rows = "".join(f"u{i},,100\n" for i in range(len(shares)))
    case = make_case(tmp_path, "unit,parent,members\n" + rows)
    votes = {f"u{i}": [(100, round(90 * p), 90 - round(90 * p))] for i, p in enumerate(shares)}
    found = section(page_of(written_run(case, runs=WrittenRuns(votes))), "unions")
    assert found.figures[0].title.startswith(says)  # type: ignore[attr-defined]


def test_differences_are_paired(tmp_path: Path) -> None:
    """New bylaws hold where old ones do, in two votes of five, and in one more."""
    page = page_of(written_run(three_unions(tmp_path)))
    rows = section(page, "bylaws").table.rows  # type: ignore[attr-defined]
    assert [row[0] for row in rows] == ["old/members", "new/yes"]
    assert rows[0][3] == ""
    assert rows[1][3].startswith("+20 points ±")


def test_stakes_are_expected_values(tmp_path: Path) -> None:
    """With 1,000 jobs at stake and 40 of 100 votes ratifying, 600 are expected to go."""
    page = page_of(written_run(three_unions(tmp_path, settings=TWO_ROUNDS + STAKE)))
    stakes = section(page, "bylaws").stakes  # type: ignore[attr-defined]
    assert stakes.heads == ("Bylaws", "jobs cut")
    assert stakes.rows[0][1].startswith("600 ±")


def test_a_section_with_nothing_to_say_is_left_out(tmp_path: Path) -> None:
    """Without reports there is no evidence table, with one reading no comparison."""
    page = page_of(written_run(three_unions(tmp_path, evidence="")))
    assert section(page, "reported") is None
    assert section(page, "bylaws") is not None
    page = page_of(
        written_run(
            three_unions(tmp_path / "..", evidence="", name=f"{tmp_path.name}x"), bylaws=["new"]
        )
    )
    assert section(page, "bylaws") is None


def test_the_sweep_counts_what_the_rule_counts(tmp_path: Path) -> None:
    """Every cell of a sweep is the share of worlds in which that rule holds, exactly."""
    made = made_run(three_unions(tmp_path))
    worlds, tree = made.simulations[0].worlds, made.case.electorate
    results = Results.of(worlds, tree)
    found = unions_by_share(results, "members of approving unions")
    rule = made.readings[0].reading
    assert isinstance(rule.rule, All)
    for k in range(4):
        for t in (0, 33, 50, 60, 67, 100):
            parts = [
                Condition(
                    measure=p.measure,
                    comparison="at_least",
                    threshold=threshold,
                    share=p.share,
                    text="",
                )
                for p, threshold in zip(rule.rule.parts, _thresholds(k, t), strict=True)
                if isinstance(p, Condition)
            ]
            asked = type(rule)(id="x", title="x", rule=All(parts=tuple(parts)))
            assert found.probability((k, t)) == judge(asked, results).mean(), (k, t)


def test_the_smallest_change_is_shown_beside_what_it_would_take(tmp_path: Path) -> None:
    """Two of five votes pass; without c nothing does, but one union of three would do."""
    page = page_of(written_run(three_unions(tmp_path)))
    found = section(page, "amend")
    assert found.heading == "What is the smallest change that reaches 90%?"  # type: ignore[attr-defined]
    assert "2 of 3 unions and 60% of members: 40%" in found.today  # type: ignore[attr-defined]
    rows = found.frontier.rows  # type: ignore[attr-defined]
    assert [row[0] for row in rows] == ["2 of 3 unions and 50% of members"]
    assert rows[0][1] == "100%"
    others = {row[0]: row[3] for row in found.others.rows}  # type: ignore[attr-defined]
    assert others == {
        "strike out “2 of 3 unions”": "no",
        "strike out “60% of members”": "yes",
        "new/yes: more than half of ballots yes": "no",
    }
    still = "Moves: c. Does not move: decided: a and b; and ballots already counted."
    assert found.swing.endswith(still)  # type: ignore[attr-defined]
    told = html(page)
    assert "Or opinion moves" in told
    assert told.index('id="calculator"') < told.index('id="amend"') < told.index('id="unions"')


def test_no_change_is_offered_where_none_is_needed(tmp_path: Path) -> None:
    """All unions have approved: the section is left out."""
    rows = COUNTED + "r3,june,2011-06-03,c,outcome,,,,,approved\n"
    assert section(page_of(written_run(three_unions(tmp_path, rows))), "amend") is None


def _thresholds(k: int, t: int) -> tuple[object, object]:
    from fractions import Fraction

    return Fraction(k), Fraction(t, 100)


def test_counts_in_the_page_are_those_of_the_file(tmp_path: Path) -> None:
    """A count stands in the page as it was typed."""
    reported = section(page_of(written_run(three_unions(tmp_path))), "reported")
    assert [row.said for row in reported.rows] == ["60 yes, 30 no", "approved"]  # type: ignore[attr-defined]


def test_replaced_reports_are_struck_through_with_the_reason(tmp_path: Path) -> None:
    """A corrected row stays on the page, struck through, and says by what."""
    text = "id,round,reported,units,kind,yes,no,low,high,result,replaces\n"
    rows = "wrong,june,2011-06-01,a,count,30,60,,,,\nright,june,2011-06-02,a,count,60,30,,,,wrong\n"
    case = three_unions(tmp_path)
    (tmp_path / "made" / "evidence.csv").write_text(text + rows)
    made = written_run(load(tmp_path / "made"))
    assert case.reports
    told = html(page_of(made))
    assert "<s>30 yes, 60 no</s> <em>replaced by right</em>" in told
    assert "<s>60 yes, 30 no</s>" not in told


@pytest.mark.parametrize("public", [False, True])
def test_the_page_is_one_file_that_fetches_nothing(tmp_path: Path, public: bool) -> None:
    """No element loads anything from outside, and Altair's schema address is never followed."""
    told = html(page_of(written_run(three_unions(tmp_path)), public=public))
    assert not re.findall(r"<(?:link|img|iframe|object|embed)\b", told)
    assert not re.findall(r"\b(?:src|href)=\"(?!#)", told)
    assert "@import" not in told
    assert "url(" not in told


HOSTILE = "<script>alert(1)</script>\" ' & </style> <!-- \N{RIGHT-TO-LEFT OVERRIDE}x" + "n" * 500


def test_hostile_words_of_the_sender_show_as_text(tmp_path: Path) -> None:
    """Markup in title, author, note and command is text; Markdown of the note is kept."""
    page = page_of(
        written_run(three_unions(tmp_path)),
        title=HOSTILE,
        author=HOSTILE,
        note=f"**bold** {HOSTILE} [x](javascript:alert(1)) ![x](https://example.org/x.png)",
        commands=[HOSTILE],
    )
    told = html(page)
    assert "<script>alert" not in told
    assert "<strong>bold</strong>" in told
    assert 'href="javascript' not in told
    assert "<img" not in told


def test_hostile_names_of_the_case_show_as_text(tmp_path: Path) -> None:
    """Case files refuse markup; a case made in Python may hold it, and then it is text."""
    case = three_unions(tmp_path, settings=TWO_ROUNDS + STAKE)
    tree = case.electorate
    nasty = replace(
        case,
        title=HOSTILE,
        rounds=tuple(replace(entry, title=HOSTILE) for entry in case.rounds),
        electorate=replace(tree, units=tuple(replace(u, name=HOSTILE + u.id) for u in tree.units)),
        reports=tuple(replace(r, source=HOSTILE, note=HOSTILE) for r in case.reports),
        bylaws=tuple(
            replace(
                b,
                title=HOSTILE,
                text=HOSTILE,
                readings=tuple(replace(r, title=HOSTILE) for r in b.readings),
            )
            for b in case.bylaws
        ),
        stakes=tuple(replace(stake, name=HOSTILE) for stake in case.stakes),
    )
    told = html(page_of(written_run(nasty)))
    assert "<script>alert" not in told
    assert told.count("</style>") == 1
    assert "<!-- " not in told
    assert "alert(1)" in told  # it is there, as text


def test_json_in_the_page_cannot_end_its_element() -> None:
    """Angle brackets, ampersands and line separators are escaped, and read back alike."""
    value = {"text": "</script><!-- & \u2028 \u2029 é"}
    told = script_json(value)
    assert not set("<>&\u2028\u2029") & set(told)
    assert json.loads(told) == value


def test_rendering_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """Nothing in a page depends on when or how often it is made."""
    made = written_run(three_unions(tmp_path))
    assert html(page_of(made)) == html(page_of(made))


def test_the_golden_page(tmp_path: Path) -> None:
    """The page of a known run is the golden one; set RATIFY_UPDATE_GOLDEN=1 to review a change."""
    made = written_run(three_unions(tmp_path, settings=TWO_ROUNDS + STAKE))
    told = html(page_of(made, author="The tests", note="A *note*.", commands=["ratify forecast x"]))
    told = re.sub(r"[0-9a-f]{64}", "HASH", told)
    for name in ("page.css", "page.js", "calculator.js"):  # reviewed where they stand
        told = told.replace((REPORTS / name).read_text(encoding="utf-8"), f"/* {name} */")
    path = GOLDEN / "page.html"
    if os.environ.get(UPDATE):
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert told == path.read_text(encoding="utf-8")
    assert '<p class="chance">40% <small>' in told
    assert "<strong>40 of 100 simulated votes</strong> ratify under" in told


def test_several_cases_are_compared_on_one_page(tmp_path: Path) -> None:
    """Each case is a row of the comparison and an article whose ids do not clash."""
    first, second = (written_run(three_unions(tmp_path, name=name)) for name in ("one", "two"))
    page = Page.from_runs([first, second], title="Compared")
    assert page.comparison is not None
    assert len(page.comparison.rows) == 2
    told = html(page)
    ids = re.findall(r"\bid=\"([^\"]+)\"", told)
    assert len(ids) == len(set(ids))
    assert told.count('<li><a href="#1-case"><strong>Made by hand</strong></a></li>') == 1
    assert 'id="1-answer"' in told
    assert 'id="2-answer"' in told


# What matters now

BEHIND = "m,june,2011-06-22,big - big-x,margin,,,-60,-40,\n"


def test_what_matters_is_of_the_main_bylaws(tmp_path: Path) -> None:
    """Only c is out: it alone can block, decides, and moves a chance of 40% by 2 x 40% x 60%."""
    found = section(page_of(written_run(three_unions(tmp_path))), "pivots")
    assert found.heading == "What matters now"  # type: ignore[attr-defined]
    assert found.intro.startswith("Under “Old bylaws”")  # type: ignore[attr-defined]
    assert "As things stand c can block it alone." in found.sentences  # type: ignore[attr-defined]
    rows = found.watch.table.rows  # type: ignore[attr-defined]
    assert [row[:2] for row in rows] == [("c", "coalition")]
    assert rows[0][2].startswith("48 points ±")
    by_union = {row[0]: row for row in found.table.rows}  # type: ignore[attr-defined]
    assert by_union["c"][-4].startswith(">99%")
    assert by_union["c"][-1] == "more than +99"
    assert by_union["a"][-1] == "-"


def test_what_is_decided_matters_no_more(tmp_path: Path) -> None:
    """Then the first bylaws that are open are looked at; where none is, the section is left out."""
    rows = "r1,june,2011-06-01,a,count,30,60,,,\nr2,june,2011-06-02,b,outcome,,,,,rejected\n"
    found = section(page_of(written_run(three_unions(tmp_path, rows))), "pivots")
    assert found.intro.startswith("Under “New bylaws”")  # type: ignore[attr-defined]
    assert found.sentences[0].startswith("No power index is defined: the rule counts “yes of")  # type: ignore[attr-defined]
    asked = page_of(written_run(three_unions(tmp_path, rows, name="old"), bylaws=["old"]))
    assert section(asked, "pivots") is None


def test_what_must_happen_is_on_the_page_unless_private(tmp_path: Path) -> None:
    """A margin to make up is said; with a private local no part of that union's need, or rank."""
    case = make_case(tmp_path, NESTED, BEHIND, bylaws=RULES)
    told = section(page_of(made_run(case)), "pivots").needed  # type: ignore[attr-defined]
    assert told[0].startswith(
        "big is 40 to 60 behind without big-x: with every member voting, big-x needs 121 to 131 "
        "yes of 200 (60.5% to 65.5%) for big to approve"
    )
    rows = "m,june,2011-06-22,big - big-x,margin,,,-60,-40,,yes\n"
    made = private_run(tmp_path / "private", rows)
    public = section(page_of(made, public=True), "pivots")
    assert public.needed == []  # type: ignore[attr-defined]
    assert "big-x" not in str(public)
    assert "big-x" in str(section(page_of(made), "pivots"))


# Private reports

NESTED = "unit,parent,members\nbig,,500\nbig-x,big,200\nbig-y,big,300\nharbour,,400\nferry,,100\n"
PRIVATE_HEAD = "id,round,reported,units,kind,yes,no,low,high,result,private\n"


def private_run(parent: Path, rows: str) -> Run:
    """A run with a private report, on made draws."""
    parent.mkdir(exist_ok=True)
    make_case(parent, NESTED, bylaws=RULES)
    (parent / "made" / "evidence.csv").write_text(PRIVATE_HEAD + rows)
    return made_run(load(parent / "made"))


def numbers_in(page: Page) -> str:
    """Everything the page says or carries, thousands without commas."""
    return html(page).replace(",", "").replace("\\u0022", '"')


def test_a_private_local_hides_all_that_lies_below_its_parent(tmp_path: Path) -> None:
    """Neither its count nor a sibling's is on the page, from which it could be subtracted."""
    rows = (
        "secret,june,2011-06-01,big-x,count,137,41,,,,yes\n"
        "sibling,june,2011-06-02,big-y,count,163,92,,,,\n"
        "whole,june,2011-06-03,harbour,count,211,103,,,,\n"
    )
    made = private_run(tmp_path, rows)
    told = numbers_in(page_of(made, public=True))
    for hidden in ("secret", "sibling", "137 yes", "163 yes"):
        assert hidden not in told, hidden
    assert "211 yes 103 no" in told
    tree = section(page_of(made, public=True), "unions").tree.table  # type: ignore[attr-defined]
    assert [row[0] for row in tree.rows] == ["big", "harbour", "ferry"]
    assert "137 yes" in numbers_in(page_of(made))


def test_a_private_union_hides_every_union(tmp_path: Path) -> None:
    """With a union's report private, no figure of any union is shown, said or embedded."""
    rows = (
        "secret,june,2011-06-01,harbour,outcome,,,,,rejected,yes\n"
        "known-to-all,june,2011-06-02,ferry,count,71,19,,,,\n"
    )
    made = private_run(tmp_path, rows)
    page = page_of(made, public=True)
    told = numbers_in(page)
    assert section(page, "unions") is None
    assert section(page, "pivots") is None
    for hidden in ("secret", "known-to-all", "71 yes", "rejected", "ferry", "harbour "):
        assert hidden not in told, hidden
    assert "Reports that are not public" in told
    carried = json.loads(page.chapters[0].downloads[0].text)
    assert carried["unions"] == []
    assert {rule["because"] for rule in carried["forecasts"]} == {""}


def test_nothing_public_tells_a_private_result_from_its_opposite(tmp_path: Path) -> None:
    """Were the results of two unions of one size exchanged, not a byte of the page would change.

    One of them reported in private; totals are the same both ways, and only they are public.
    """
    results = WRITTEN | {"b": [(300, 190, 60)], "c": [(300, 80, 140)]}
    swapped = results | {"b": results["c"], "c": results["b"]}
    pages = []
    for name, told in (("first", results), ("second", swapped)):
        case = make_case(
            tmp_path, "unit,parent,members\na,,100\nb,,300\nc,,300\n", bylaws=RULES, name=name
        )
        (_, yes, no), *_ = told["b"]
        row = f"secret,june,2011-06-01,b,count,{yes},{no},,,,yes\n"
        (tmp_path / name / "evidence.csv").write_text(PRIVATE_HEAD + row)
        case = replace(load(tmp_path / name), id="case")
        made = run(case, runs=WrittenRuns(told), worlds=1000, bylaws=["new"])
        pages.append(html(page_of(made, public=True, commands=["ratify forecast case"])))
    assert pages[0] == pages[1]


def test_a_private_number_of_approvals_hides_the_units_it_counts(tmp_path: Path) -> None:
    """How many of two units approved, told in private, hides both and their parent's parts."""
    rows = "secret,june,2011-06-01,big-x + big-y,approvals,,,1,1,,yes\n"
    made = private_run(tmp_path, rows)
    page = page_of(made, public=True)
    assert section(page, "unions") is None  # big-x and big-y are all of big: its parent's parts
    assert "secret" not in html(page)


def test_a_public_page_says_of_no_union_whether_it_would_move(tmp_path: Path) -> None:
    """With a private report the swing, which says who has decided, is left out."""
    made = private_run(tmp_path, "secret,june,2011-06-01,harbour,outcome,,,,,rejected,yes\n")
    full, public = (section(page_of(made, public=p), "amend") for p in (False, True))
    assert "harbour" in full.swing  # type: ignore[union-attr]
    assert public.swing == ""  # type: ignore[union-attr]
    assert full.frontier == public.frontier  # type: ignore[union-attr]


def test_the_public_forecast_is_the_same_forecast(tmp_path: Path) -> None:
    """What is hidden still counts: the chances are those of the full page."""
    rows = "secret,june,2011-06-01,big-x,count,137,41,,,,yes\n"
    made = private_run(tmp_path, rows)
    full, public = (section(page_of(made, public=p), "answer") for p in (False, True))
    assert full.main.chance == public.main.chance  # type: ignore[union-attr]


def test_a_veto_cannot_be_kept_private(tmp_path: Path) -> None:
    """Bylaws that name a union would say how likely it approves."""
    make_case(tmp_path, NESTED, bylaws=RULES + VETO)
    rows = "secret,june,2011-06-01,harbour,outcome,,,,,rejected,yes\n"
    (tmp_path / "made" / "evidence.csv").write_text(PRIVATE_HEAD + rows)
    made = made_run(load(tmp_path / "made"))
    with pytest.raises(RequestError, match="would show through bylaws that name a union"):
        page_of(made, public=True)


VETO = """\
[[bylaws]]
id = "veto"
title = "Veto"
[[bylaws.reading]]
id = "harbour"
title = "harbour must approve"
all = [{ approves = "harbour" }]
"""


# Five sentences

ASKED = "Under “Old bylaws” (2 of 3 unions, which hold 60% of members), "
ONE_OUT = {"a": [(100, 60, 30)], "b": [(200, 90, 60)]}
A_OUT = [(100, 60, 20), (100, 50, 40), (100, 30, 50)]
B_OUT = [(200, 90, 60), (200, 80, 70), (200, 60, 90), (200, 70, 75), (200, 50, 85)]
C_OUT = [(300, 140, 90), (300, 130, 110), (300, 100, 140), (300, 80, 160)]


def every_pair(**votes: Sequence[tuple[int, int, int]]) -> dict[str, list[tuple[int, int, int]]]:
    """Worlds in which every result of one union meets every result of the others, once."""
    worlds = list(product(*votes.values()))
    return {union: [world[i] for world in worlds] for i, union in enumerate(votes)}


@dataclass(frozen=True, kw_only=True)
class Golden:
    """What was reported, how the simulated votes went, and the sentences that follow."""

    evidence: str
    votes: Mapping[str, Sequence[tuple[int, int, int]]]
    sentences: Sequence[str]


SUMMARIES = {
    "defeated": Golden(
        evidence="r1,june,2011-06-01,a,count,30,60,,,\nr2,june,2011-06-02,b,outcome,,,,,rejected\n",
        votes={"a": [(100, 30, 60)], "b": [(200, 60, 90)], "c": [(300, 190, 50), (300, 120, 90)]},
        sentences=[
            "Made by hand (The vote): this forecast rests on 2 reports up to 2 June 2011.",
            ASKED + "the package is defeated, and no count still out can change that.",
            "B and a have rejected: at most 1 union can approve, 2 are needed.",
            "The chance would be 50% under “New bylaws”.",
            "That result is arithmetic, not a forecast; the chance under other bylaws comes from "
            "9,000 simulated votes that agree with every report.",
        ],
    ),
    "ratified": Golden(
        evidence=COUNTED + "r3,june,2011-06-03,c,count,130,110,,,\n"
        "r4,june,2011-06-03,b,count,90,60,,,\n",
        votes=ONE_OUT | {"c": [(300, 130, 110)]},
        sentences=[
            "Made by hand (The vote): this forecast rests on 4 reports up to 3 June 2011.",
            ASKED + "the package is ratified, and no count still out can change that.",
            "B, a and c have approved: 3 unions approve, 2 are needed; unions with 100.0% of "
            "members approve, 60% are needed.",
            "The chance would be 100% under “New bylaws”.",
            "That result is arithmetic, not a forecast.",
        ],
    ),
    "near-tie": Golden(
        evidence=COUNTED,
        votes=ONE_OUT | {"c": [(300, 130, 110), (300, 100, 140)]},
        sentences=[
            "Made by hand (The vote): this forecast rests on 2 reports up to 2 June 2011.",
            ASKED + "ratification is about as likely as not: the chance is 50%, or 50 of 100 "
            "simulated votes.",
            "It hinges most on c: more than 99% if it approves, less than 1% if it does not.",
            "The chance would be more than 99% under “New bylaws”.",
            "The figures come from 9,000 simulated votes that agree with every report; real votes "
            "can differ from what a model assumes.",
        ],
    ),
    "open": Golden(
        evidence="r1,june,2011-06-01,a,count,30,60,,,\n",
        votes=every_pair(a=[(100, 30, 60)], b=B_OUT, c=C_OUT),
        sentences=[
            "Made by hand (The vote): this forecast rests on 1 report up to 1 June 2011.",
            ASKED + "ratification is unlikely: the chance is 20%, or 20 of 100 simulated votes.",
            "It hinges most on b: 50% if it approves, less than 1% if it does not.",
            "The chance would be 20% under “New bylaws”.",
            "The figures come from 9,000 simulated votes that agree with every report; the chance "
            "is 20% if the unions still out vote less alike than the model finds, and 28% if they "
            "vote more alike.",
        ],
    ),
    "no evidence": Golden(
        evidence="",
        votes=every_pair(a=A_OUT, b=B_OUT, c=C_OUT),
        sentences=[
            "Made by hand (The vote): no report is in yet, so this forecast rests on what such "
            "votes usually do.",
            ASKED + "ratification is about as likely as not: the chance is 40%, or 40 of 100 "
            "simulated votes.",
            "It hinges most on c: 80% if it approves, less than 1% if it does not.",
            "The chance would be 42% under “New bylaws”.",
            "The figures come from 9,000 simulated votes; the chance is 40% if the unions still "
            "out vote less alike than the model finds, and 44% if they vote more alike.",
        ],
    ),
}


@pytest.mark.parametrize("kind", SUMMARIES)
def test_five_sentences(kind: str, tmp_path: Path) -> None:
    """A summary says from what, how likely, why, what else, and how sure, with the right hedges."""
    golden = SUMMARIES[kind]
    case = three_unions(tmp_path, golden.evidence)
    told = summary(PageContext(run=written_run(case, runs=WrittenRuns(golden.votes), worlds=9000)))
    assert told == " ".join(golden.sentences)
    assert len(golden.sentences) == 5


def test_a_summary_owns_up_to_what_was_assumed(tmp_path: Path) -> None:
    """Assumptions, a scenario, and reports that are all on another vote are in its sentences."""
    late = '[[scenario]]\nid = "again"\ntitle = "Opinion turns"\nround = "june"\n'
    earlier = COUNTED.replace(",june,", ",may,")
    case = three_unions(tmp_path, earlier, settings=TWO_ROUNDS + late)
    made = written_run(case, scenarios=["again"], assume=["c rejected"])
    told = summary(PageContext(run=made))
    assert told.startswith(
        "Made by hand (Second vote): this forecast rests on 2 reports up to 2 June 2011, none on "
        f"this vote, and on the assumption “c rejected”. {ASKED}in the scenario “Opinion turns”, "
    )


# Writing


def test_a_report_is_written_whole(tmp_path: Path) -> None:
    """The file is one HTML page with the scripts that draw its charts."""
    path = tmp_path / "page.html"
    write_report(path, [written_run(three_unions(tmp_path))])
    told = path.read_text()
    assert told.startswith("<!doctype html>")
    assert "vegaEmbed" in told
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".")] == []


WRITE = """
import sys
from pathlib import Path
from made_runs import made_run
from ratification.api import load, write_report
write_report(Path(sys.argv[2]), [made_run(load(sys.argv[1]))])
print({"arviz", "arviz_stats", "xarray", "pandas", "pymc", "nutpie", "scipy"} & set(sys.modules))
"""


def test_a_report_is_written_without_what_samples(tmp_path: Path) -> None:
    """Charts, checks and diagnostics of a kept run need neither PyMC nor ArviZ."""
    three_unions(tmp_path)
    arguments = [sys.executable, "-c", WRITE, tmp_path / "made", tmp_path / "page.html"]
    done = subprocess.run(
        arguments, capture_output=True, text=True, cwd=Path(__file__).parent, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("set()", 0), done.stderr


def test_worlds_embedded_are_those_judged(tmp_path: Path) -> None:
    """The CSV that the page hands out counts every simulated vote once."""
    made = written_run(three_unions(tmp_path))
    rows = page_of(made).chapters[0].downloads[1].text.splitlines()[1:]
    assert sum(int(row.split(",")[-1]) for row in rows) == 1000
    assert np.unique([row.split(",")[1] for row in rows]).tolist() == ["2", "3"]


def test_two_hundred_unions_fit_in_four_megabytes(tmp_path: Path) -> None:
    """A large coalition's page, charts and all, stays light; its unions are drawn in parts."""
    rows = "".join(f"u{i},,{100 + 7 * i}\n" for i in range(200))
    case = make_case(tmp_path, "unit,parent,members\n" + rows, bylaws=RULES)
    page = page_of(made_run(case, worlds=20_000))
    assert len(section(page, "unions").figures) == 8  # type: ignore[attr-defined]
    assert len(render(page).encode()) < 4_000_000


def test_reports_are_set_against_what_the_model_would_have_produced(tmp_path: Path) -> None:
    """A count near what draws say ranks in the middle, one far off at the end."""
    rows = "near,june,2011-06-01,a,count,55,40,,,\nfar,june,2011-06-01,b,count,5,170,,,\n"
    case = three_unions(tmp_path, rows)
    posterior = make_posterior(case, {"a": 0.58, "b": 0.6}, {"a": 0.9, "b": 0.9})
    far, near = replicate(case, posterior, "june", case.evidence().of_round("june"))
    assert 0.3 < near.rank < 0.7
    assert far.rank == 0.0
    assert near.quantity == "yes share"
    assert near.seen == 55 / 95
    assert near.replicates.q05 < 0.58 < near.replicates.q95


def test_a_paired_difference_is_sharper_than_either_side(tmp_path: Path) -> None:
    """Over the same votes most of the error of two chances cancels."""
    made = made_run(three_unions(tmp_path, evidence=""))
    worlds = made.simulations[0].worlds
    yes = worlds.yes.sum(axis=1) / worlds.ballots.sum(axis=1)
    first, second = yes > 0.5, yes > 0.51
    found = difference(first, second, worlds)
    apart = first.mean() - second.mean()
    assert found.value == pytest.approx(apart)
    assert found.mcse < 0.5 * estimate(first, worlds).mcse


# What a page that is made again and again says of its own age

MADE = datetime(2011, 6, 24, 21, 3, 12, tzinfo=UTC)
LATER = datetime(2011, 6, 24, 21, 14, 5, tzinfo=UTC)


def notice_of(page: str) -> str:
    """The text between a page's marks, tags and spaces aside."""
    found = page.partition(BEGINS)[2].partition(ENDS)[0]
    return " ".join(re.sub(r"<[^>]*>", "", found).split())


def test_a_page_says_when_it_was_made_only_if_told(tmp_path: Path) -> None:
    """A report has no notice; one that is kept up to date says when it was made."""
    page = page_of(written_run(three_unions(tmp_path)))
    assert notice_of(html(page)) == ""
    fresh = render(page, notice=Notice(made=MADE), bundle="")
    assert notice_of(fresh).startswith("Made at 21:03:12 on 24 June 2011, from the case as it was")
    assert 'data-since="2011-06-24T21:03:12+00:00"' in fresh


def test_a_stale_page_says_since_when_and_why(tmp_path: Path) -> None:
    """The newest edit, its time, its problems, and when the numbers below were made."""
    page = page_of(written_run(three_unions(tmp_path)))
    wrong = [f"evidence.csv:{line}: <b>odd</b>" for line in range(1, 11)]
    stale = render(page, notice=Notice(made=MADE, since=LATER, reasons=wrong), bundle="")
    assert 'role="alert"' in stale
    assert "<b>odd" not in stale
    said = notice_of(stale)
    assert said.startswith("The newest edit of the case is not in these numbers.")
    assert "It cannot be used, since 21:14:05 on 24 June 2011" in said
    assert "What stands below was made at 21:03:12 on 24 June 2011" in said
    assert "evidence.csv:8: &lt;b&gt;odd&lt;/b&gt; and 2 more" in said
    unknown = render(page, notice=Notice(made=None, since=LATER, reasons=["x"]), bundle="")
    assert "What stands below was made before that." in notice_of(unknown)


def test_another_notice_changes_nothing_else_of_a_page(tmp_path: Path) -> None:
    """Put on a page that is there and taken off again, a notice leaves every other byte."""
    page = html(page_of(written_run(three_unions(tmp_path))))
    stale = marked(page, notice_html(Notice(made=MADE, since=LATER, reasons=["an odd row"])))
    assert "an odd row" in notice_of(stale)
    assert marked(stale, "") == page
    with pytest.raises(RequestError, match="is no page that `ratify` made"):
        marked("<html></html>", "")


def test_no_text_of_a_case_is_taken_for_the_mark_of_a_notice(tmp_path: Path) -> None:
    """A sender, a title or a problem that writes the mark does not move the notice."""
    evil = f"x {BEGINS} y {ENDS}"
    page = html(page_of(written_run(three_unions(tmp_path)), note=evil, author=evil, title=evil))
    stale = marked(page, notice_html(Notice(made=MADE, since=LATER, reasons=[evil])))
    assert marked(stale, "") == page
