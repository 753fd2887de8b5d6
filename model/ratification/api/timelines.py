"""Timelines: the forecast after each day, or each report, and what moved it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Unpack

from ratification.answers.forecast import Forecast
from ratification.answers.run import Run
from ratification.answers.standing import rule_standings, union_standings
from ratification.answers.timeline import (
    By,
    Moment,
    News,
    Standings,
    Timeline,
    decided,
    moves,
    news_of,
    standings_of,
)
from ratification.api.forecasts import (
    BY_AUTO,
    RunOptions,
    asked_round,
    asked_scenario,
    run,
)
from ratification.case.bylaws import ChosenReading, choose
from ratification.case.case import Case
from ratification.case.evidence import InForce, Report, in_force
from ratification.case.facts import Known
from ratification.case.known import known
from ratification.errors import CaseError, RatificationError, RequestError
from ratification.inference.fit import no_progress
from ratification.output.runs import Runs


def timeline(
    case: Case,
    *,
    by: By = "day",
    last: Run | None = None,
    progress: Callable[[str, int, int], None] = no_progress,
    **asked: Unpack[RunOptions],
) -> Timeline:
    """The forecast after every day on which something was reported, or after every report.

    Each is exactly the forecast of `run` with that day's evidence in force, so a later report
    never changes an earlier entry. What is assumed holds throughout. `last` is the run of the
    whole evidence, where the caller has it already; it then stands at the end. `progress` is told
    each moment before it is forecast, with its number and how many there are.

    A moment at which the engine cannot answer, or whose reports could not all be true until one
    was corrected, has no forecast and says why.

    Raises:
        RequestError: the case has no such round, bylaws, scenario or report.
        RatificationError: no moment has a forecast; the error is that of the latest.
    """
    as_of, without = asked.get("as_of"), asked.get("without", ())
    scenarios = [asked_scenario(case, name) for name in asked.get("scenarios", ())]
    round_id = asked_round(case, asked.get("round_id"), scenarios)
    chosen = choose(case.bylaws, tuple(asked.get("bylaws", ())))
    of_round: RunOptions = {"round_id": round_id, "runs": asked.get("runs") or Runs()}
    ask = partial(run, **(BY_AUTO | asked | of_round))
    found = news_of(_informing(case, round_id, as_of, without), as_of=as_of, by=by)
    look_back = _LookingBack(case, round_id, chosen, tuple(asked.get("assume", ())))
    failure: RatificationError | None = None
    for number, news in enumerate(found, start=1):
        progress(_name(news, by), number, len(found))
        then = _known_then(case, news, by)
        left_out = tuple(report.id for report in then.reports if report.id in without)
        made = last if number == len(found) else None
        try:
            made = made or ask(then, as_of=news.as_of, without=left_out)
        except RequestError as error:
            raise RequestError(f"as of {news.as_of}: {error}") from None
        except RatificationError as error:
            failure = error
        look_back.add(then, news, left_out, made.forecast if made else None, str(failure or ""))
    if failure is not None and not any(moment.forecast for moment in look_back.moments):
        raise failure
    return Timeline(by=by, moments=tuple(look_back.moments))


class _LookingBack:
    """Moments as they are added, each compared with the last before it that can be."""

    def __init__(
        self,
        case: Case,
        round_id: str,
        chosen: Sequence[ChosenReading],
        assume: tuple[str, ...],
    ) -> None:
        self.chain = case.chain(round_id)
        self.round_id = round_id
        self.chosen = chosen
        self.assume = assume
        self.moments: list[Moment] = []
        self.forecast: Forecast | None = None
        self.standings: Standings | None = None
        self.aside: frozenset[str] = frozenset()

    def add(
        self,
        then: Case,
        news: News,
        left_out: tuple[str, ...],
        forecast: Forecast | None,
        why: str,
    ) -> None:
        """One more moment."""
        evidence = in_force(then.reports, as_of=news.as_of, without=left_out)
        now = standings_of(forecast) if forecast else self._standings(then, news, left_out)
        self.moments.append(
            Moment(
                news=news,
                set_aside=self._newly_aside(evidence, left_out),
                reports=sum(report.round in self.chain for report in evidence.reports),
                forecast=forecast,
                no_answer="" if forecast else why,
                moves=moves(self.forecast, forecast),
                decided=decided(self.standings, now),
            )
        )
        self.forecast = forecast or self.forecast
        self.standings = now or self.standings
        self.aside |= {report.id for report, _ in evidence.aside}

    def _newly_aside(
        self, evidence: InForce, left_out: tuple[str, ...]
    ) -> tuple[tuple[Report, str], ...]:
        """Reports of the round, or of those it repeats, that this news replaced or superseded."""
        return tuple(
            (report, why)
            for report, why in evidence.aside
            if report.id not in self.aside
            and report.id not in left_out
            and report.round in self.chain
        )

    def _standings(self, then: Case, news: News, left_out: tuple[str, ...]) -> Standings | None:
        """What arithmetic says without a forecast; None if the reports cannot all be true."""
        try:
            facts = self._facts(then, news, left_out)
        except CaseError:
            return None
        unions = union_standings(then.electorate, facts)
        rules = rule_standings([entry.reading for entry in self.chosen], then.electorate, facts)
        return Standings(
            unions={union: unions[union].status for union in then.electorate.unions_as_listed},
            rules={
                entry.key: (rule.status, rule.because)
                for entry, rule in zip(self.chosen, rules, strict=True)
            },
        )

    def _facts(self, then: Case, news: News, left_out: tuple[str, ...]) -> Known:
        evidence = then.evidence(
            as_of=news.as_of, without=left_out, assume=self.assume, round_id=self.round_id
        )
        return known(evidence, self.round_id, then.electorate, then.id)


def _informing(
    case: Case, round_id: str, as_of: str | None, without: Sequence[str]
) -> tuple[Report, ...]:
    """Reports that inform a round, and are known by then, in the order they came.

    Also those that were replaced later: they counted until then.
    """
    found = in_force(case.reports, as_of=as_of, without=tuple(without))
    told = [*found.reports, *(report for report, _ in found.aside if report.id not in without)]
    chain = case.chain(round_id)
    return tuple(
        sorted((report for report in told if report.round in chain), key=lambda r: r.order)
    )


def _known_then(case: Case, news: News, by: By) -> Case:
    """The case of a moment: reports of one day are told apart only where each is a moment."""
    if by == "day":
        return case
    until = max((report.order for report in news.arrived), default=None)
    known_then = [report for report in case.reports if until is not None and report.order <= until]
    return replace(case, reports=tuple(known_then))


def _name(news: News, by: By) -> str:
    if by == "report" and news.arrived:
        return f"{news.as_of}, {news.arrived[0].id}"
    return news.as_of or "no report"
