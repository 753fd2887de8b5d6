"""Backtests: finished votes, what a stage knows, what a replay says, and its verdicts."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.stats
from ratification.api import backtest, backtest_cases, load, load_family
from ratification.case.case import Case
from ratification.case.priors import Priors
from ratification.errors import RequestError
from ratification.inference.numerics import stream
from ratification.output.terminal import console
from ratification.output.views.backtest import backtest_object, backtest_rows, backtest_view
from ratification.output.views.backtest_words import verdicts
from ratification.validation import backtest as replays
from ratification.validation.backtest import Backtest
from ratification.validation.jobs import Job
from ratification.validation.learned_cases import Learner
from ratification.validation.mean_scores import REPORTED, rows
from ratification.validation.orders import ORDERS, labels_of, order_of, stages
from ratification.validation.replay import Replay, past_of, replayed, truth_of
from ratification.validation.scores import LEVELS
from ratification.validation.verdicts import rare_events, summary
from ratification.validation.votes import Vote, finished_votes

Said = dict[str, Any]


@pytest.fixture(scope="module")
def australia() -> dict[str, Vote]:
    """The 28 referendums after they are over, by name."""
    return {v.name: v for case in load_family("australia") for v in finished_votes(case)}


@pytest.fixture(scope="module")
def sebac() -> tuple[Vote, ...]:
    """The finished rounds of the founding case."""
    return finished_votes(load("sebac-2011"))


@pytest.fixture(scope="module")
def three() -> list[Case]:
    """Three questions of two days."""
    names = ("1937-aviation", "1937-marketing", "1946-social-services")
    return [case for case in load_family("australia") if case.id[10:] in names]


@pytest.fixture(scope="module")
def replay(three: list[Case]) -> Backtest:
    """They replayed in one random order and in the most favourable one."""
    return backtest(three, orders=("random", "favourable-first"), random_orders=1, worlds=400)


# Finished votes


def test_final_results_are_what_was_published(sebac: tuple[Vote, ...]) -> None:
    """SEBAC in June and August 2011: rule in force, outcome, unions, yes share of all ballots."""
    june, august = sebac
    assert (june.name, june.day, june.chosen.key) == (
        "sebac-2011 2011-06",
        "2011-06-09",
        "1996/per-capita",
    )
    assert (june.ratified, sum(june.approved.values()), len(june.approved)) == (False, 11, 15)
    assert june.yes_share == 21415 / (21415 + 15988)
    assert (august.chosen.key, august.ratified) == ("july-2011/per-capita", True)
    assert all(august.approved.values())
    assert august.yes_share == (25713 + 448) / (25713 + 448 + 9791 + 329)


def test_rail_is_replayed_with_its_last_votes() -> None:
    """A union that voted twice ends as its second vote did, known from that day."""
    [vote] = finished_votes(load("rail-2022"))
    assert (vote.ratified, vote.yes_share) == (False, None)
    assert (vote.approved["iam-19"], vote.known_on["iam-19"]) == (True, "2022-11-05")
    assert vote.approved["smart-td"] is False
    assert sum(vote.approved.values()) == 8


def test_an_open_vote_cannot_be_replayed() -> None:
    """A case whose evidence does not settle its rule is refused."""
    case = load("australia-1937-aviation")
    early = replace(case, reports=case.reports[:2])
    with pytest.raises(RequestError, match="no round whose final result its evidence settles"):
        finished_votes(early)


def test_a_result_that_only_follows_is_told_as_an_outcome() -> None:
    """Where a union's own reports do not settle it, its result becomes a report of its own."""
    case = load("rail-2022")
    kept = tuple(report for report in case.reports if report.id != "ncfo")
    [vote] = finished_votes(
        replace(case, reports=kept).with_evidence(
            {"units": "ncfo + smart-md", "kind": "approvals", "low": 2, "reported": "2022-11-26"}
        )
    )
    assert vote.approved["ncfo"]
    assert [(r.kind, r.result) for r in vote.finals["ncfo"]] == [("outcome", "approved")]
    assert vote.known_on["ncfo"] == "2022-11-26"


# Orders and stages


def test_stages_are_numbers_of_few_unions_and_shares_of_many() -> None:
    """Six states report one by one; of fifteen unions 2, 4, 8, 11 and 14 have reported."""
    assert [stage.reported for stage in stages(6)] == [0, 1, 2, 3, 4, 5]
    assert [(s.label, s.reported) for s in stages(15)] == [
        ("0%", 0),
        ("10%", 2),
        ("25%", 4),
        ("50%", 8),
        ("75%", 11),
        ("90%", 14),
    ]
    assert labels_of([*stages(15), *stages(6)])[:8] == ["0", "1", "2", "3", "4", "5", "0%", "10%"]


def test_orders_go_by_size_result_and_day(
    australia: dict[str, Vote], sebac: tuple[Vote, ...]
) -> None:
    """1937: by members, by yes share; the order in which states came in is not known."""
    vote, rng = australia["australia-1937-aviation"], stream(1, "x")
    sizes = ("tas", "wa", "sa", "qld", "vic", "nsw")
    favour = ("vic", "qld", "wa", "nsw", "sa", "tas")
    assert order_of(vote, "largest-last", rng) == sizes
    assert order_of(vote, "smallest-last", rng) == sizes[::-1]
    assert order_of(vote, "favourable-first", rng) == favour
    assert order_of(vote, "unfavourable-first", rng) == favour[::-1]
    assert order_of(vote, "actual", rng) is None
    drawn = order_of(vote, "random", rng)
    assert drawn is not None
    assert sorted(drawn) == sorted(sizes)
    june = order_of(sebac[0], "actual", rng)
    assert june is not None
    assert june[0] == "school-admin"
    assert set(june[-3:]) == {"state-police", "marshals", "union-15"}


def test_random_orders_put_every_union_first_as_often(australia: dict[str, Vote]) -> None:
    """Over 600 orders each of six states comes first 100 times, within chance."""
    vote = australia["australia-1937-aviation"]
    orders = [order_of(vote, "random", stream(7, "order", str(n))) for n in range(600)]
    firsts = [order[0] for order in orders if order]
    counts = [firsts.count(union) for union in vote.reporting]
    assert scipy.stats.chisquare(counts).pvalue > 1e-6


# What a stage knows


def given_at(vote: Vote, unions: Sequence[str], past: Sequence[Vote] = ()) -> Replay:
    """A forecast of a vote after some unions."""
    return Replay(
        case=vote.with_results_of(unions),
        members=vote.members,
        rule=vote.chosen.key,
        truth=truth_of(vote),
        past=tuple(past_of(other) for other in past),
        engine="instant",
        seed=5,
        worlds=400,
    )


def without_scores(said: Said) -> list[Any]:
    """Everything forecast, without how it compares with the truth."""
    return [
        (
            *(name, scored["chance"], scored["unions"], scored["yes_share"]),
            *((entry["low"], entry["high"]) for entry in scored["intervals"]),
        )
        for name, scored in said["scores"].items()
    ]


def test_a_stage_knows_nothing_of_what_comes_later(australia: dict[str, Vote]) -> None:
    """With every other state's count exchanged the forecast is the same to the byte."""
    vote = australia["australia-1937-aviation"]
    told = ("vic", "sa")
    others = tuple(
        report if report.units in told else replace(report, yes=report.no, no=report.yes)
        for report in vote.case.reports
    )
    [changed] = finished_votes(replace(vote.case, reports=others))
    assert (vote.ratified, changed.ratified) == (False, True)
    first, second = (replayed(given_at(each, told)) for each in (vote, changed))
    assert without_scores(first) == without_scores(second)
    for score in ("brier", "union_log", "crps"):
        assert first["scores"]["model"][score] != second["scores"]["model"][score]


def test_an_earlier_round_tells_only_what_was_known_by_then(sebac: tuple[Vote, ...]) -> None:
    """August knows June, but not what was published of June on its own first day or later."""
    june, august = sebac
    before = {report.id for report in august.before}
    assert {"ceui", "final-tally", "np-4-2009"} <= before
    assert not {"csea-margin", "np-4", "aug-ceui"} & before
    assert {report.id for report in june.before} == {"np-4-2009"}


def grabbed(cases: Sequence[Case], **asked: Any) -> list[Job]:
    """The jobs of a backtest, not run."""
    found: list[Job] = []

    def grab(task: Any, jobs: Sequence[Job], *, doing: str, progress: Any) -> list[Said]:
        found.extend(jobs)
        return [{"no_answer": "not run"} for _ in jobs]

    replays.backtest(cases, seed=391, run=grab, **asked)
    return found


def test_the_past_is_of_strictly_earlier_days(three: list[Case]) -> None:
    """Two questions of one day do not know each other; a later day knows both."""
    past = {job.given.case.id: len(job.given.past) for job in grabbed(three)}
    assert past == {
        "australia-1937-aviation": 0,
        "australia-1937-marketing": 0,
        "australia-1946-social-services": 2,
    }


def test_other_days_alone_teach() -> None:
    """A learner sees no report of the vote itself, nor of its day, and others' own round only."""
    asked: dict[str, list[tuple[str, str]]] = {}

    def learn(case: Case, others: Sequence[Case]) -> Case:
        assert case.reports == ()
        asked[case.id + case.target] = [(other.id, other.target) for other in others]
        for other in others:
            assert {report.round for report in other.reports} == {other.target}
        return case.with_priors(tau_union=0.2)

    cases = [*load_family("australia")[9:13], load("sebac-2011")]
    jobs = grabbed(cases, learn=learn, orders=("random",), random_orders=1)
    assert {name for name, _ in asked["australia-1937-aviation1937"]} == {
        "australia-1944-postwar",
        "australia-1946-social-services",
        "sebac-2011",
    }
    assert ("sebac-2011", "2011-06") in asked["sebac-20112011-08"]
    assert ("sebac-2011", "2011-08") not in asked["sebac-20112011-08"]
    assert {job.given.case.priors.tau_union.sd for job in jobs} == {0.2}
    assert {job.given.case.priors.nu.mean for job in jobs} == {2.0, Priors().nu.mean}


def test_leanings_of_states_are_learned_as_a_feature() -> None:
    """From other days Tasmania leans against; nothing is learned where nothing is counted."""
    cases = list(load_family("australia"))
    learner = Learner(leanings=True)
    taught = learner(cases[-1].without_evidence(), cases[17:24])
    assert taught.priors.mu.mean < cases[-1].priors.mu.mean
    assert taught.features["leaning"]["tas"] < 0 < taught.features["leaning"]["vic"]
    assert "act" not in taught.features["leaning"]
    without = Learner()(cases[-1].without_evidence(), cases[17:24])
    assert (without.features, without.priors.mu) == ({}, taught.priors.mu)
    rail = load("rail-2022")
    assert learner(rail, [rail.without_evidence()]) is rail
    jobs = grabbed(cases[-7:], learn=learner, orders=("random",), random_orders=1)
    last = [job.given.case for job in jobs if job.given.case.id == cases[-1].id]
    assert all(case.features["leaning"] and case.priors.beta.mean == 1.0 for case in last)


# Replays


def test_forecasts_do_not_rest_on_who_runs_them(three: list[Case], replay: Backtest) -> None:
    """Cases and jobs in the opposite order: the same forecasts to the byte."""

    def backwards(task: Any, jobs: Sequence[Job], *, doing: str, progress: Any) -> list[Said]:
        return [task(job.given) for job in reversed(jobs)][::-1]

    again = replays.backtest(
        three[::-1], orders=("random",), random_orders=1, worlds=400, seed=391, run=backwards
    )
    first = [f.said for f in replay.forecasts if f.order == "random"]
    assert json.dumps([f.said for f in again.forecasts]) == json.dumps(first)


def test_orders_that_meet_share_a_forecast(three: list[Case], replay: Backtest) -> None:
    """With the same states reported, here none of them, a vote is forecast once."""
    jobs = grabbed(three, orders=("random", "favourable-first"), random_orders=1)
    assert len({job.name for job in jobs}) == len(jobs) < len(replay.forecasts) == 3 * 2 * 6
    at_start = [f.said for f in replay.forecasts if f.stage.reported == 0]
    assert len(at_start) == 6
    assert len({json.dumps(said) for said in at_start}) == 3


def test_arithmetic_decides_for_model_and_baselines(replay: Backtest) -> None:
    """Once three states have rejected, every forecaster gives exactly nothing and scores 0."""
    decided = [f for f in replay.forecasts if f.said["decided"]]
    assert decided
    for forecast in decided:
        for scored in forecast.said["scores"].values():
            assert scored["chance"] in (0.0, 1.0)
            assert scored["log"] == scored["brier"] == 0.0
    for forecast in replay.forecasts:
        for scored in forecast.said["scores"].values():
            open_chances = list(scored["unions"].values())
            open_chances += [] if forecast.said["decided"] else [scored["chance"]]
            assert all(0 < chance < 1 for chance in open_chances)
            assert len(scored["unions"]) == forecast.said["open"] == 6 - forecast.stage.reported


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"orders": ("actual",)}, "is not known of .*: --order actual"),
        ({"random_orders": 0}, "random orders 0 is not at least 1"),
        ({"worlds": 10}, "worlds 10 is not from 100"),
    ],
)
def test_wrong_requests_are_refused(three: list[Case], asked: Said, says: str) -> None:
    """What cannot be replayed is refused before anything is fitted."""
    with pytest.raises(RequestError, match=says):
        backtest(three, **asked)


def test_a_case_is_named_once(three: list[Case]) -> None:
    """The same vote twice would weigh double."""
    with pytest.raises(RequestError, match="is asked for twice"):
        backtest([three[0], three[0]])
    with pytest.raises(RequestError, match="at least one case"):
        backtest([])


def test_cases_by_name_and_all_that_are_shipped() -> None:
    """A table's name is all of its cases; no name is the tables and the other folders."""
    assert len(backtest_cases(["australia"])) == 28
    assert [case.id for case in backtest_cases(["rail-2022"])] == ["rail-2022"]
    every = [case.id for case in backtest_cases()]
    assert len(every) == len(set(every)) == 30
    assert {"sebac-2011", "rail-2022", "australia-1937-aviation"} <= set(every)


# Verdicts


def made_up(
    australia: dict[str, Vote], chance: float, miss: float, covered: bool, answered: bool = True
) -> Backtest:
    """All 28 votes in one random order, as said by forecasters that are all alike.

    Of every vote `chance` is given to what happened, `miss` to the outcome of every open union
    that happened; intervals cover or do not.
    """

    def said(task: Any, jobs: Sequence[Job], *, doing: str, progress: Any) -> list[Said]:
        return [_said(job.given, chance, miss, covered, answered) for job in jobs]

    return replays.backtest(
        [vote.case for vote in australia.values()],
        orders=("random",),
        random_orders=2,
        seed=391,
        run=said,
    )


def _said(given: Replay, chance: float, miss: float, covered: bool, answered: bool) -> Said:
    if not answered and given.case.id == "australia-1937-aviation":
        return {"no_answer": "refused"}
    truth = given.truth
    told = {report.units for report in given.case.reports}
    scored = {
        "chance": chance if truth.ratified else 1 - chance,
        "brier": (1 - chance) ** 2,
        "log": -np.log(chance),
        "unions": {u: miss if a else 1 - miss for u, a in truth.approved.items() if u not in told},
        "union_brier": (1 - miss) ** 2,
        "union_log": -np.log(miss),
        "yes_share": 0.5,
        "crps": 0.1,
        "intervals": [
            {"level": level, "low": 0.1, "high": 0.9, "covered": covered} for level in LEVELS
        ],
    }
    names = ("model", "base-rate", "independent-unions", "pooled-share", "uniform-swing")
    scores = dict.fromkeys(names, scored)
    answer = {"no_answer": None, "engine": "instant", "decided": False, "mcse": 0.01, "open": 3}
    return answer | {"scores": scores}


def test_chances_too_small_are_told(australia: dict[str, Vote]) -> None:
    """Where every outcome had been given 3%, the verdict says that too many came about."""
    wrong = made_up(australia, 0.03, 0.03, covered=True)
    assert not any(entry.holds for entry in rare_events(wrong) if entry.events > 5)
    told = " ".join(verdicts(wrong, summary(wrong)))
    assert "Of the outcomes of votes given under 5%, too many came about" in told
    assert "Of the outcomes of open unions given under 5%, too many came about" in told
    right = made_up(australia, 0.97, 0.97, covered=True)
    assert all(entry.holds for entry in rare_events(right))
    assert "at no stage more came about" in " ".join(verdicts(right, summary(right)))


def test_intervals_that_never_cover_are_told(australia: dict[str, Vote]) -> None:
    """Sixteen polling days allow neither no coverage nor, at 50%, a full one."""
    wrong = made_up(australia, 0.6, 0.6, covered=False)
    found = summary(wrong)
    assert not any(entry.inside for entry in found.coverage if entry.covered.days == 16)
    assert "after 2 units the 80% interval covers 0%" in " ".join(verdicts(wrong, found))
    full = summary(made_up(australia, 0.6, 0.6, covered=True))
    inside = {entry.level: entry.inside for entry in full.coverage if entry.stage == "2"}
    assert inside == {0.5: False, 0.8: True, 0.95: True}


def test_coverage_is_held_to_days_not_questions(australia: dict[str, Vote]) -> None:
    """The range is that of a binomial of 16 days: 99% of it at 80% is 8 to 16."""
    found = summary(made_up(australia, 0.6, 0.6, covered=True))
    entry = next(e for e in found.coverage if (e.stage, e.level) == ("2", 0.8))
    assert (entry.covered.votes, entry.covered.days) == (28, 16)
    assert (entry.low, entry.high) == (8 / 16, 1.0)


def test_a_vote_counts_once_however_often_it_is_replayed(australia: dict[str, Vote]) -> None:
    """Rows are means over 28 votes on 16 days: not over stages, nor over random orders."""
    found = rows(made_up(australia, 0.6, 0.7, covered=True), "random")
    every = [row for row in found if row.stage == REPORTED and row.measure == "log"]
    assert {(row.score.votes, row.score.days) for row in every} == {(28, 16)}
    assert every[0].score.mean == pytest.approx(-np.log(0.6))
    alike = [row for row in every if row.forecaster != "model"]
    assert {row.against.mean for row in alike if row.against} == {0.0}
    assert [row.skill for row in alike] == pytest.approx([0.0] * 4)


def test_what_was_not_answered_is_said_and_not_scored(australia: dict[str, Vote]) -> None:
    """A vote without forecasts is in no mean, and their number is told."""
    found = made_up(australia, 0.6, 0.6, covered=True, answered=False)
    assert len(found.unanswered) == 12
    row = summary(found).row("random", REPORTED, "log")
    assert row is not None
    assert row.score.votes == 27
    shown = verdicts(found, summary(found))
    assert "12 forecasts of 360 could not be made" in shown[-1]
    lines = list(csv.DictReader(io.StringIO(_csv(found))))
    assert sum(line["no_answer"] == "refused" for line in lines) == 12


def test_one_day_gives_no_verdict(three: list[Case]) -> None:
    """Two questions of one day have no error, and nothing is said about coverage."""
    found = backtest(three[:2], orders=("random",), random_orders=1, worlds=200)
    shown = summary(found)
    assert {row.score.error for row in shown.rows} == {None}
    assert "One polling day is too few" in " ".join(verdicts(found, shown))


# What is shown


def _csv(found: Backtest) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(backtest_rows(found))
    return out.getvalue()


def test_csv_has_every_forecast_of_every_forecaster(replay: Backtest) -> None:
    """36 forecasts by five forecasters; the log score is that of the chance beside it."""
    lines = list(csv.DictReader(io.StringIO(_csv(replay))))
    assert len(lines) == 36 * 5
    assert {line["order"] for line in lines} == {"random", "favourable-first"}
    for line in lines:
        chance, happened = float(line["probability"]), line["ratified"] == "1"
        if line["decided"] == "0":
            said = chance if happened else 1 - chance
            assert float(line["log"]) == pytest.approx(-np.log(said))
        assert float(line["low_95"]) <= float(line["low_50"]) <= float(line["high_50"])


def test_json_holds_votes_forecasts_scores_and_verdicts(replay: Backtest) -> None:
    """One object that JSON can write, with no number that is none."""
    told = json.loads(json.dumps(backtest_object(replay, summary(replay)), allow_nan=False))
    assert [vote["ratified"] for vote in told["votes"]] == [False, False, True]
    assert len(told["forecasts"]) == 36
    assert told["polling_days"] == ["1937-03-07", "1946-09-29"]
    assert {row["order"] for row in told["scores"]} == {"random", "favourable-first"}
    assert told["verdicts"]


def test_the_table_tells_verdicts_scores_and_misses(replay: Backtest) -> None:
    """A person sees the verdict first, then scores by stage, votes by order, worst misses."""
    view = console(width=200)
    with view.capture() as capture:
        view.print(backtest_view(replay, summary(replay)))
    told = capture.get()
    assert "3 votes on 2 polling days" in told
    assert "Log score of the outcome, random order" in told
    assert "Chance to be ratified by how much has reported, favourable first" in told
    assert "Aviation referendum, Australia 1937" in told.split("Worst misses")[1]
    assert set(ORDERS) >= set(replay.orders)
