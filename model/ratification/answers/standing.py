"""Standing: what arithmetic alone says about every union and every rule.

A union is decided, or a rule, only where every complete result that agrees with the evidence and
the rosters' bounds says so; probabilities of 0 and 1 rest on this and on nothing else. Where it
says `open`, a result may still be certain in a way that interval arithmetic does not see.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ratification.answers.because import Reasons
from ratification.answers.deciding import Decider
from ratification.answers.judging import Abstaining
from ratification.answers.membership import in_coalition
from ratification.answers.patterns import Prospect
from ratification.answers.prospects import prospects
from ratification.case.bylaws import Reading, Rule
from ratification.case.coalition import electorate_in
from ratification.case.electorate import Electorate
from ratification.case.facts import Known
from ratification.case.rounds import Scenario

UnionStatus = Literal["approved", "rejected", "open", "abstained"]
RuleStatus = Literal["ratified", "defeated", "open"]

_STATUSES: dict[int, RuleStatus] = {1: "ratified", -1: "defeated", 0: "open"}
_CONTRADICTION = "The reports in force cannot all be true, so arithmetic decides nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is certain of a union."""

    status: UnionStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleStanding:
    """What is certain under a reading, and why: one sentence for people."""

    status: RuleStatus
    because: str


def union_standings(
    electorate: Electorate, facts: Known, scenario: Scenario | None = None
) -> dict[str, Standing]:
    """What is certain of each union: by an outcome in force, or since nothing can change it.

    In a scenario of those that belong to its coalition.
    """
    found = in_coalition(prospects(electorate, facts), electorate, scenario)
    changed = electorate_in(electorate, scenario)
    return {
        union: Standing(status=_status(position, union, facts, found))
        for position, union in enumerate(changed.unions)
        if not _left(union, scenario)
    }


def rule_standing(reading: Reading, electorate: Electorate, facts: Known) -> RuleStanding:
    """Whether a reading's rule holds, or fails, in every result that is still possible."""
    return rule_standings([reading], electorate, facts)[0]


def rule_standings(
    readings: Sequence[Reading],
    electorate: Electorate,
    facts: Known,
    scenario: Scenario | None = None,
) -> tuple[RuleStanding, ...]:
    """The standing under each reading; what is possible is worked out once for all of them.

    `electorate` and `facts` are those of the reports: the coalition of a scenario is made here.
    """
    found = in_coalition(prospects(electorate, facts), electorate, scenario)
    if not found:
        return tuple(RuleStanding(status="open", because=_CONTRADICTION) for _ in readings)
    electorate = electorate_in(electorate, scenario)
    statuses = {
        union: status
        for union, status in _in_order(electorate, facts, found).items()
        if not _left(union, scenario)
    }
    reasons = {
        abstaining: Reasons(electorate, [Decider(each, abstaining) for each in found], statuses)
        for abstaining in {reading.abstaining for reading in readings}
    }
    return tuple(_standing(reading.rule, reasons[reading.abstaining]) for reading in readings)


def rule_verdicts(
    electorate: Electorate, facts: Known, abstaining: Abstaining
) -> Callable[[Rule], int]:
    """What arithmetic says of any rule, without the reason: 1 ratified, -1 defeated, 0 open."""
    found = prospects(electorate, facts)
    deciders = [Decider(prospect, abstaining) for prospect in found]
    return Reasons(electorate, deciders, {}).verdict


def _standing(rule: Rule, reasons: Reasons) -> RuleStanding:
    verdict = reasons.verdict(rule)
    return RuleStanding(status=_STATUSES[verdict], because=reasons.sentence(rule, verdict))


def _status(position: int, union: str, facts: Known, found: Sequence[Prospect]) -> UnionStatus:
    stated = facts.outcomes.get(union)
    if stated is not None:
        return stated
    verdicts = {prospect.decided(position) for prospect in found}
    if verdicts == {True}:
        return "approved"
    return "rejected" if verdicts == {False} else "open"


def _left(union: str, scenario: Scenario | None) -> bool:
    return scenario is not None and union in scenario.leaving


def _in_order(
    electorate: Electorate, facts: Known, found: Sequence[Prospect]
) -> dict[str, UnionStatus]:
    """Unions with a stated outcome as their reports came, then the others as listed."""
    stated = [union for union in facts.outcomes if union in electorate.unions]
    others = [union for union in electorate.unions_as_listed if union not in stated]
    position = {union: index for index, union in enumerate(electorate.unions)}
    return {union: _status(position[union], union, facts, found) for union in [*stated, *others]}
