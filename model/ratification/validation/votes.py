"""Votes whose final results are known: what became of them, and what tells each union's result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ratification.answers.standing import rule_verdicts, union_standings
from ratification.case.bylaws import ChosenReading, choose, deciding
from ratification.case.case import Case
from ratification.case.evidence import InForce, Report, in_force
from ratification.case.facts import Known
from ratification.case.known import known
from ratification.case.unitsets import leaves_in
from ratification.errors import CaseError, RequestError
from ratification.inference.rosters import nominal_members

FINAL = ("count", "outcome", "share", "margin", "turnout")  # kinds that a finished vote leaves


@dataclass(frozen=True, kw_only=True)
class Vote:
    """A round of a case after it is over. Unions are in canonical order.

    `day` is that of the first report, which stands for the polling day; `chosen` the rule that
    was in force then. `approved` holds the unions whose result arithmetic settles from all the
    evidence, `counts` yes and no of those wholly counted, `yes_share` that of all ballots where
    every ballot is counted. `finals` are the reports that tell a union's result by themselves,
    and `known_on` is the day from which it was known for good.
    """

    case: Case
    round: str
    day: str
    chosen: ChosenReading
    ratified: bool
    approved: Mapping[str, bool]
    counts: Mapping[str, tuple[int, int]]
    yes_share: float | None
    finals: Mapping[str, tuple[Report, ...]]
    known_on: Mapping[str, str]

    @property
    def name(self) -> str:
        """The case, and the round where the case has several."""
        return vote_name(self.case, self.round)

    @property
    def reporting(self) -> tuple[str, ...]:
        """Unions that can report, in the order of the case's own file."""
        return tuple(u for u in self.case.electorate.unions_as_listed if u in self.finals)

    @cached_property
    def members(self) -> Mapping[str, float]:
        """Best membership figure by union; a nominal size where none was published."""
        tree = self.case.electorate
        nominal = nominal_members(tree, self.round)
        return {
            union: float(tree.figure(union, self.round).members or nominal) for union in tree.unions
        }

    def share(self, union: str) -> float | None:
        """A union's yes share, where its ballots are counted."""
        yes, no = self.counts.get(union, (0, 0))
        return yes / (yes + no) if yes + no else None

    @cached_property
    def before(self) -> tuple[Report, ...]:
        """Reports on the rounds that this one repeats, known before its own first report."""
        chain = self.case.chain(self.round)[:-1]
        return tuple(
            report
            for report in in_force(
                r for r in self.case.reports if r.reported[:10] < self.day
            ).reports
            if report.round in chain
        )

    def with_results_of(self, unions: Sequence[str]) -> Case:
        """The case as if just these unions had reported, in full, and nothing else were known."""
        told = tuple(report for union in unions for report in self.finals[union])
        return replace(self.case, reports=(*self.before, *told), target=self.round)


def finished_votes(case: Case) -> tuple[Vote, ...]:
    """The rounds of a case whose result arithmetic settles from all its evidence.

    Raises:
        RequestError: there is none.
        CaseError: the evidence cannot all be true.
    """
    found = [vote for entry in case.rounds if (vote := _finished(case, entry.id)) is not None]
    if not found:
        raise RequestError(
            f"case {case.id!r} has no round whose final result its evidence settles: a backtest "
            "needs the outcome. Look with `ratify check`"
        )
    return tuple(found)


def _finished(case: Case, round_id: str) -> Vote | None:
    evidence = case.evidence(round_id=round_id)
    reports = evidence.of_round(round_id)
    if not reports:
        return None
    day = polling_day(reports)
    chosen = deciding(choose(case.bylaws, ()), day)
    facts = known(evidence, round_id, case.electorate, case.id)
    reading = chosen.reading
    verdict = rule_verdicts(case.electorate, facts, reading.abstaining)(reading.rule)
    if verdict == 0:
        return None
    standings = union_standings(case.electorate, facts)
    decided = {union: found.status for union, found in standings.items() if found.status != "open"}
    counted = {union: counted_in(facts, case.electorate.leaves_under[union]) for union in decided}
    whole = counted_in(facts, case.electorate.leaves_under["*"])
    return Vote(
        case=case,
        round=round_id,
        day=day,
        chosen=chosen,
        ratified=verdict > 0,
        approved={u: status == "approved" for u, status in decided.items()},
        counts={union: count for union, count in counted.items() if count is not None},
        yes_share=whole[0] / sum(whole) if whole and sum(whole) else None,
        finals={u: _finals(case, reports, u, status) for u, status in decided.items()},
        known_on=_known_on(case, round_id, decided),
    )


def vote_name(case: Case, round_id: str) -> str:
    """The case, and the round where the case has several."""
    return f"{case.id} {round_id}" if len(case.rounds) > 1 else case.id


def polling_day(reports: Sequence[Report]) -> str:
    """The day of the first report of a round, which stands for its polling day."""
    return min(report.reported for report in reports)[:10]


def counted_in(facts: Known, leaves: frozenset[int]) -> tuple[int, int] | None:
    """Yes and no of some leaves, where complete counts make them up exactly."""
    inside = [count for count in facts.counts if count.scope <= leaves]
    if frozenset[int]().union(*(count.scope for count in inside)) != leaves:
        return None
    return sum(count.yes for count in inside), sum(count.no for count in inside)


def _finals(case: Case, reports: Sequence[Report], union: str, status: str) -> tuple[Report, ...]:
    """A union's own final reports; its outcome is added where they do not settle it."""
    tree = case.electorate
    own = tuple(
        report
        for report in reports
        if report.kind in FINAL and leaves_in(report.units, tree) <= tree.leaves_under[union]
    )
    facts = known(InForce(reports=own), reports[0].round, tree, case.id)
    if union_standings(tree, facts)[union].status == status:
        return own
    outcome = Report(
        id=f"result of {union}",
        round=reports[0].round,
        reported=max(report.reported for report in reports),
        units=union,
        kind="outcome",
        result=status,  # type: ignore[arg-type]  # a union's standing that is not open is a result
        source="follows from all the evidence together",
    )
    return (*own, outcome)


def _known_on(case: Case, round_id: str, final: Mapping[str, str]) -> dict[str, str]:
    """The day from which each union's result was known and stayed so, looking back from the end."""
    days = sorted({r.reported[:10] for r in case.reports if r.round == round_id}, reverse=True)
    found: dict[str, str] = {}
    since = dict.fromkeys(final, days[0])
    for day in days:
        then = _statuses(case, round_id, day)
        for union in since.keys() - found.keys():
            if then.get(union) == final[union]:
                since[union] = day
            else:
                found[union] = since[union]
    return {union: found.get(union, since[union]) for union in final}


def _statuses(case: Case, round_id: str, day: str) -> dict[str, str]:
    """Standing by union at the end of a day; none where its reports could not all be true yet."""
    try:
        facts = known(case.evidence(as_of=day), round_id, case.electorate, case.id)
    except CaseError:
        return {}
    return {u: found.status for u, found in union_standings(case.electorate, facts).items()}
