"""How a forecast moved: what arrived, what it changed, and that every day is a plain forecast."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from math import erfc, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_made import TWO_ROUNDS, make_case
from made_runs import MadeRuns, made_run
from ratification.answers.timeline import LOOKING_BACK, Decided, Moment, Timeline
from ratification.api import Runs, load, run, timeline
from ratification.case.case import Case
from ratification.case.evidence import Report
from ratification.cli.asking import Asked
from ratification.cli.main import main
from ratification.cli.options import Staged
from ratification.errors import ConvergenceError, RequestError
from ratification.inference.posterior import Posterior
from ratification.output import runs as runs_module
from ratification.output.page.page import Page
from ratification.output.page.render import render
from ratification.output.store import RunStore
from ratification.output.views.timeline import timeline_csv, timeline_object

WORLDS = 1000
ASKED: dict[str, Any] = {"worlds": 500, "engine": "instant", "bylaws": ["1996", "july-2011"]}
ROWS = "unit,parent,members\na,,400\nb,,300\nc,,200\n"
EVIDENCE = (
    "a-so-far,june,2011-06-01,a,partial,60,50,,,\n"
    "a-more,june,2011-06-02T09:00,a,partial,90,80,,,\n"
    "b-wrong,june,2011-06-02T18:30,b,outcome,,,,,approved\n"
    "c,june,2011-06-05,c,count,90,60,,,\n"
)
RIGHT = "id,round,reported,units,kind,yes,no,low,high,result,replaces,private\n"
SCENARIO = '[[scenario]]\nid = "swing"\ntitle = "Opinion swings"\nround = "june"\n'


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    """A run store that the file's tests share; it must have nothing to warn of."""
    return RunStore(tmp_path_factory.mktemp("store"), pytest.fail)


@pytest.fixture(scope="module")
def sebac(store: RunStore) -> Timeline:
    """The founding case up to the day arithmetic decided the 1996 bylaws."""
    return timeline(load("sebac-2011"), as_of="2011-06-24", runs=Runs(store), **ASKED)


def at(found: Timeline, day: str) -> Moment:
    """The moment of a day."""
    return next(moment for moment in found.moments if moment.news.as_of == day)


def ids(reports: Sequence[Report]) -> list[str]:
    """Ids of reports."""
    return [report.id for report in reports]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """Three unions; a partial count superseded, then an outcome that was reported wrongly."""
    made = make_case(tmp_path, ROWS, EVIDENCE, settings=TWO_ROUNDS + SCENARIO)
    right = Report(
        id="b-right",
        round="june",
        reported="2011-06-04",
        units="b",
        kind="outcome",
        result="rejected",
        replaces="b-wrong",
    )
    return made.with_evidence(right)


def made(case: Case, **asked: Any) -> Timeline:
    """A timeline on draws that are made instead of fitted."""
    options: dict[str, Any] = {"runs": MadeRuns(), "worlds": WORLDS} | asked
    return timeline(case, **options)


@pytest.mark.slow
@pytest.mark.parametrize("day", ["2011-06-17", "2011-06-24"])
def test_every_day_is_the_plain_forecast_of_that_day(sebac: Timeline, day: str) -> None:
    """To the last bit, from a fit made anew: nothing of other days gets into a day."""
    plain = run(load("sebac-2011"), as_of=day, **ASKED).forecast
    assert at(sebac, day).forecast == plain


@pytest.mark.slow
def test_a_second_timeline_makes_no_fit(
    sebac: Timeline, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run store has them all; a later report leaves what stands before it as it was."""

    def fit(*_: object, **__: object) -> None:
        pytest.fail("a fit was made")

    monkeypatch.setattr(runs_module, "instant_fit", fit)
    found = timeline(load("sebac-2011"), as_of="2011-06-17", runs=Runs(store), **ASKED)
    assert found.moments == sebac.moments[:7]


@pytest.mark.slow
def test_what_arrived_on_the_founding_case(sebac: Timeline) -> None:
    """Days with news only, the first vote's and those of the vote it repeats, in order."""
    days = [moment.news.as_of for moment in sebac.moments]
    june = [f"2011-06-{day:02}" for day in (9, 10, 15, 16, 17, 20, 21, 22, 23, 24)]
    assert days == ["2009-12-30", "2009-12-31", *june]
    assert sebac.moments[0].news.arrived == ()
    assert ids(at(sebac, "2009-12-31").news.arrived) == ["np-4-2009"]
    assert ids(at(sebac, "2011-06-16").news.arrived) == ["local-1565", "local-749"]
    assert ids(at(sebac, "2011-06-22").news.arrived) == [
        "council-4-but-391",
        "local-387",
        "unions-22-june",
    ]
    assert [moment.reports for moment in sebac.moments] == [
        0,
        1,
        2,
        3,
        4,
        6,
        11,
        14,
        19,
        22,
        23,
        31,
    ]


@pytest.mark.slow
def test_what_arithmetic_decided_on_the_founding_case(sebac: Timeline) -> None:
    """A local's rejection decides nothing; CEUI's is one union; Council 4's ends the 1996 rule."""
    assert at(sebac, "2011-06-16").decided == ()
    assert at(sebac, "2011-06-21").decided == (
        Decided(what="union", id="ceui", before="open", after="rejected"),
    )
    last = {entry.id: entry for entry in at(sebac, "2011-06-24").decided}
    assert {name for name, entry in last.items() if entry.what == "union"} == {
        "council-4",
        "aft",
        "csea",
        "a-and-r",
        "4cs",
        "csu-aaup",
    }
    assert last["1996/per-capita"].after == "defeated"
    assert last["1996/per-capita"].because == (
        "CEUI and AFSCME Council 4 have rejected: at most 13 unions can approve, 14 are needed"
    )
    assert "july-2011/per-capita" not in last


@pytest.mark.slow
def test_moves_lead_from_row_to_row(sebac: Timeline) -> None:
    """Each move is the difference to the row above, and its error that of both rows."""
    assert sebac.moments[0].moves == ()
    for before, after in zip(sebac.moments, sebac.moments[1:], strict=False):
        assert before.forecast is not None
        assert after.forecast is not None
        for place, moved in enumerate(after.moves):
            was, now = (each.forecast.rules[place].estimate for each in (before, after))  # type: ignore[union-attr]
            assert moved.value == now.probability - was.probability
            assert moved.mcse == pytest.approx(sqrt(was.mcse**2 + now.mcse**2))


def test_corrections_and_superseded_counts(case: Case) -> None:
    """Each day has its own evidence: a wrong outcome counts until it is corrected."""
    found = made(case)
    aside = {moment.news.as_of: ids([r for r, _ in moment.set_aside]) for moment in found.moments}
    assert aside == {
        "2011-05-31": [],
        "2011-06-01": [],
        "2011-06-02": ["a-so-far"],
        "2011-06-04": ["b-wrong"],
        "2011-06-05": [],
    }
    wrong, right = (
        Decided(what="union", id="b", before=before, after=after)
        for before, after in (("open", "approved"), ("approved", "rejected"))
    )
    assert wrong in at(found, "2011-06-02").decided
    assert right in at(found, "2011-06-04").decided
    assert at(found, "2011-06-04").set_aside[0][1] == "replaced by b-right"
    rule = next(e for e in at(found, "2011-06-04").decided if e.what == "rule")
    assert (rule.id, rule.before, rule.after) == ("rule/unions", "ratified", "open")


def test_report_by_report_ends_where_day_by_day_ends(case: Case) -> None:
    """Reports of one day are told apart, in the order they came; the numbers at the end agree."""
    days, reports = made(case), made(case, by="report")
    arrived = [ids(moment.news.arrived) for moment in reports.moments]
    assert arrived == [[], ["a-so-far"], ["a-more"], ["b-wrong"], ["b-right"], ["c"]]
    assert [e.id for e in reports.moments[2].decided] == []
    assert [e.id for e in reports.moments[3].decided] == ["b", "rule/unions"]
    assert reports.last.rules == days.last.rules


def test_a_timeline_ends_at_the_moment_asked_for(case: Case) -> None:
    """Also in the middle of a day."""
    found = made(case, as_of="2011-06-02T12:00")
    assert [moment.news.as_of for moment in found.moments[1:]] == ["2011-06-01", "2011-06-02T12:00"]
    assert ids(found.moments[-1].news.arrived) == ["a-more"]


def test_without_any_report_there_is_what_was_expected(tmp_path: Path) -> None:
    """One row, and nothing that moved."""
    [only] = made(make_case(tmp_path, ROWS)).moments
    assert only.forecast is not None
    assert (only.reports, only.moves, only.decided) == (0, (), ())


def test_reports_of_a_later_round_are_no_news(tmp_path: Path) -> None:
    """Later rounds never inform an earlier one; earlier ones inform a later one."""
    rows = "m,may,2011-05-01,a,count,90,60,,,\nj,june,2011-06-01,b,count,90,60,,,\n"
    case = make_case(tmp_path, ROWS, rows, settings=TWO_ROUNDS)
    assert [ids(m.news.arrived) for m in made(case, round_id="may").moments] == [[], ["m"]]
    assert [ids(m.news.arrived) for m in made(case).moments] == [[], ["m"], ["j"]]


def test_left_out_and_assumed_reports(case: Case) -> None:
    """What is left out never arrives; what is assumed holds from the beginning."""
    found = made(case, without=["c"], assume=["c rejected"])
    assert "c" not in [name for moment in found.moments for name in ids(moment.news.arrived)]
    assert (
        Decided(what="union", id="c", before="open", after="rejected") in found.moments[0].decided
    )
    assert "left out: c" in found.assumptions
    with pytest.raises(RequestError, match=r"as of 2011-06-02: assuming 'b rejected' contradicts"):
        made(case, assume=["b rejected"])


class Refusing(MadeRuns):
    """Cannot answer while fewer than so many reports are in force, or more."""

    def __init__(self, fewest: int, most: int) -> None:
        super().__init__()
        self.fewest, self.most = fewest, most

    def posterior(
        self, case: Case, evidence: Any, *rest: Any, **asked: Any
    ) -> tuple[str, Posterior]:
        """As made, or the instant engine's refusal."""
        if self.fewest <= len(evidence.reports) <= self.most:
            raise ConvergenceError("the instant engine cannot answer: Pareto k 0.91")
        return super().posterior(case, evidence, *rest, **asked)


def test_a_day_without_an_answer_says_why(case: Case) -> None:
    """The other days stand; the next move is since the last that had an answer."""
    found = made(case, runs=Refusing(2, 2))
    lost = [moment for moment in found.moments if moment.forecast is None]
    assert [moment.news.as_of for moment in lost] == ["2011-06-02", "2011-06-04"]
    assert all("Pareto k 0.91" in moment.no_answer for moment in lost)
    assert [e.id for e in lost[0].decided] == ["b", "rule/unions"], "arithmetic needs no engine"
    first, last = (at(found, day).forecast for day in ("2011-06-01", "2011-06-05"))
    assert first is not None
    assert last is not None
    moved = at(found, "2011-06-05").moves[0].value
    assert moved == last.rules[0].estimate.probability - first.rules[0].estimate.probability
    told = timeline_object(found)["timeline"][2]
    assert (told["forecasts"], told["engine"]) == ([], None)
    assert "Pareto k 0.91" in told["no_answer"]
    row = list(csv.DictReader(io.StringIO(timeline_csv(found))))[2]
    assert (row["as_of"], row["probability"]) == ("2011-06-02", "")
    assert "Pareto k 0.91" in row["no_answer"]


def test_no_answer_at_all_is_an_error(case: Case) -> None:
    """A timeline without a number is none."""
    with pytest.raises(ConvergenceError, match=r"Pareto k 0\.91"):
        made(case, runs=Refusing(0, 99))


def test_a_contradiction_lasts_until_it_is_corrected(tmp_path: Path) -> None:
    """On the day two reports cannot both be true there is no answer; the next day there is."""
    rows = (
        "said,june,2011-06-01,a,outcome,,,,,approved,,\n"
        "count,june,2011-06-02,a,count,100,200,,,,,\n"
        "right,june,2011-06-03,a,outcome,,,,,rejected,said,\n"
    )
    case = make_case(tmp_path, ROWS, settings=TWO_ROUNDS)
    (tmp_path / "made" / "evidence.csv").write_text(RIGHT + rows, encoding="utf-8")
    found = made(load(tmp_path / "made"))
    assert case.id == found.last.case
    assert [bool(moment.forecast) for moment in found.moments] == [True, True, False, True]
    assert "evidence.csv" in found.moments[2].no_answer
    assert [e.after for e in found.moments[3].decided if e.what == "union"] == ["rejected"]


def test_a_run_at_hand_stands_at_the_end(case: Case) -> None:
    """The page's own forecast is its timeline's last, however it was made."""
    mine = made_run(case, seed=7)
    assert made(case, last=mine).moments[-1].forecast is mine.forecast


# Tomorrow's forecasts


def test_tomorrows_forecasts_average_to_todays(tmp_path: Path) -> None:
    """A forecast is a martingale: 30 counts of one union, drawn from today's worlds and refitted.

    Their mean may stray by its own standard error and today's; the test is wrong once in 10,000.
    """
    rules = """\
[[bylaws]]
id = "rule"
title = "The rule"
[[bylaws.reading]]
id = "two"
title = "Two unions approve"
all = [{ measure = "approving unions", at_least = 2 }]
"""
    case = make_case(
        tmp_path,
        "unit,parent,members\na,,400\nb,,300\nc,,500\n",
        "a,june,2011-06-01,a,count,150,140,,,\n",
        bylaws=rules,
    )
    asked: dict[str, Any] = {"engine": "instant", "worlds": 1000}
    today = run(case, **asked)
    worlds, union = today.simulations[0].worlds, case.electorate.unions.index("b")
    tomorrow = []
    for world in np.random.default_rng(1).choice(worlds.count, 30, replace=False):
        yes = int(worlds.yes[world, union])
        no = int(worlds.ballots[world, union]) - yes
        report = Report(
            id="b", round="june", reported="2011-06-02", units="b", kind="count", yes=yes, no=no
        )
        found = run(case.with_evidence(report), seed=int(world), **asked)
        tomorrow.append(found.forecast.rules[0].estimate.probability)
    estimate = today.forecast.rules[0].estimate
    spread = float(np.std(tomorrow, ddof=1))
    assert spread > 0.1, "the count must matter, or nothing is tested"
    z = (float(np.mean(tomorrow)) - estimate.probability) / sqrt(
        spread**2 / len(tomorrow) + estimate.mcse**2
    )
    assert erfc(abs(z) / sqrt(2)) > 1e-4, z


# As it is told


@pytest.fixture
def folder(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the case, in which the commands run; nothing is fitted."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Asked, "runs", lambda *_, **_settings: MadeRuns())
    return tmp_path


def ratify(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command on few worlds."""
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--worlds", "400"])
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def test_json_keeps_to_the_contract(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object, and nothing else on stdout."""
    code, out, err = ratify(["timeline", "made", "--json"], capsys)
    assert code == 0, err
    found = json.loads(out)
    assert (found["schema_version"], found["case"], found["round"]) == (1, "made", "june")
    assert (found["seed"], found["worlds"], found["by"]) == (391, 400, "day")
    assert {"as_of", "engine", "diagnostics", "warnings", "inputs", "versions"} < set(found)
    assert set(LOOKING_BACK) <= set(found["assumptions"])
    entry = found["timeline"][2]
    assert entry["as_of"] == "2011-06-02"
    assert [report["id"] for report in entry["arrived"]] == ["a-more", "b-wrong"]
    assert entry["arrived"][0]["said"] == "so far 90 yes, 80 no"
    assert entry["set_aside"] == [{"id": "a-so-far", "why": "superseded by a-more"}]
    assert entry["decided"][0] == {
        "what": "union",
        "id": "b",
        "before": "open",
        "after": "approved",
        "because": "",
    }
    assert entry["forecasts"][0]["standing"] == "ratified"
    assert found["timeline"][0]["forecasts"][0]["change"] is None


def test_csv_has_a_row_for_every_moment_and_rule(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same numbers as JSON."""
    asked = ["timeline", "made", "--by", "report", "--scenario", "swing", "--scenario", "as-voted"]
    code, out, err = ratify([*asked, "--csv"], capsys)
    assert code == 0, err
    rows = list(csv.DictReader(io.StringIO(out)))
    told = json.loads(ratify([*asked, "--json"], capsys)[1])["timeline"]
    assert len(rows) == 5 * 2
    pairs = zip(rows, [rule for entry in told for rule in entry["forecasts"]], strict=True)
    for row, rule in pairs:
        assert float(row["probability"]) == rule["probability"]
        assert row["scenario"] == rule["scenario"]
    assert [row["arrived"] for row in rows[::2]] == ["", "a-so-far", "a-more", "b-wrong", "c"]


def test_the_table_tells_what_arrived_and_what_it_decided(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chances with errors and moves, then the news, then what it rests on."""
    code, out, err = ratify(["timeline", "made"], capsys)
    assert code == 0, err
    assert "how the forecast moved" in out
    assert "2 June 2011" in out
    assert "b: approved  b-wrong" in out
    assert "no longer counts: a-so-far, superseded by a-more" in out
    assert "decided: b approved" in out
    assert "rule/unions: ratified. B has approved" in out
    assert "is left out of the days before" in out.replace("\n", " ")
    assert "2011-06-02 (3 of 4)" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--json", "--csv"], "choose one"),
        (["--by", "hour"], "'hour' is not one of"),
        (["--as-of", "yesterday"], "is no day such as"),
        (["--scenario", "none"], "no scenario 'none'"),
        (["--without", "nobody"], "no report has id 'nobody'"),
        (["--bylaws", "1996"], "no bylaws '1996'"),
    ],
)
def test_wrong_usage_is_said(
    arguments: list[str], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and what to do, before anything is fitted."""
    code, out, err = ratify(["timeline", "made", *arguments], capsys)
    assert (code, out) == (2, "")
    assert says in err


def test_a_day_that_takes_long_is_told_with_its_name() -> None:
    """Whose turn it is, and that NUTS takes over; what is over in a moment goes untold."""
    told: list[tuple[str, int, int]] = []
    stages = Staged(lambda *entry: told.append(entry))
    stages.begin("2011-06-20", 8, 9)
    stages.tell("fitting, instant engine", 0, 0)
    stages.tell("handing over to NUTS", 0, 0)
    assert told == [
        ("2011-06-20 (8 of 9)", 7, 9),
        ("2011-06-20 (8 of 9): handing over to NUTS, which takes a minute or more", 0, 0),
    ]


def page_of(case: Case, **told: Any) -> Page:
    """A page with its timeline."""
    mine = made_run(case)
    return Page.from_runs([mine], timelines=[made(case, last=mine)], **told)


def test_the_page_tells_how_the_forecast_moved(case: Case) -> None:
    """A chart that ends at the headline's chance, and a row for every day, in words."""
    page = page_of(case)
    section: Any = next(s for s in page.chapters[0].sections if s.id == "timeline")
    assert section.heading == "How the forecast moved"
    assert [row.day for row in section.rows] == [
        "Before",
        "1 June 2011",
        "2 June 2011",
        "4 June 2011",
        "5 June 2011",
    ]
    assert section.rows[2].arrived == [
        "a: so far 90 yes, 80 no",
        "b: approved",
        "no longer counts: a-so-far, superseded by a-more",
    ]
    assert section.rows[2].decided[0] == "decided: b approved"
    rows = section.figure.table.rows
    assert rows[2][1].startswith("100% (+")
    assert f"Before any report the chance was {rows[0][1]}; now it is" in section.intro
    html = render(page, bundle="/* charts */")
    assert 'id="chart-timeline"' in html
    assert "only reports are news" in html


def test_a_page_without_a_timeline_has_no_such_section(case: Case) -> None:
    """It costs fits, so it is there only where it was asked for."""
    page = Page.from_runs([made_run(case)])
    assert "timeline" not in [section.id for section in page.chapters[0].sections]


def test_a_public_page_does_not_show_what_private_reports_moved(case: Case) -> None:
    """The day a private report came would tell what it says."""
    private = replace(case, reports=tuple(replace(r, private=True) for r in case.reports))
    page = page_of(private, public=True)
    section: Any = next(s for s in page.chapters[0].sections if s.id == "timeline")
    assert (section.figure, section.rows) == (None, ())
    assert "not public" in section.intro
    assert "b-wrong" not in render(page, bundle="/* charts */")


def test_the_report_command_adds_it_on_request(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ratify report --timeline`, for each case of the page."""
    for extra, number in ((["--timeline"], 1), ([], 0)):
        asked = ["report", "made", "--out", "page.html", "--force", *extra]
        assert ratify(asked, capsys)[0] == 0
        html = Path("page.html").read_text(encoding="utf-8")
        assert html.count('<figure id="chart-timeline">') == number
    code, _, err = ratify(["report", "made", "--summary", "--timeline"], capsys)
    assert code == 2
    assert "--timeline is a part of the page" in err
