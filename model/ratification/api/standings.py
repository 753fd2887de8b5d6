"""What arithmetic alone says about a round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ratification.answers.standing import (
    RuleStanding,
    Standing,
    rule_standings,
    union_standings,
)
from ratification.case.bounds import check_possible
from ratification.case.bylaws import choose
from ratification.case.case import Case
from ratification.case.evidence import InForce
from ratification.case.known import Known, known


@dataclass(frozen=True, kw_only=True)
class CaseStanding:
    """What arithmetic alone says about a round: no simulation."""

    round: str
    evidence: InForce
    facts: Known
    unions: Mapping[str, Standing]
    rules: Mapping[str, RuleStanding]


def standing(
    case: Case,
    *,
    round_id: str | None = None,
    as_of: str | None = None,
    assume: Sequence[str] = (),
    without: Sequence[str] = (),
) -> CaseStanding:
    """Standing of every union and of every reading, by `bylaws/reading`.

    Raises:
        RequestError: the case has no such round or report.
        CaseError: the evidence in force cannot all be true.
    """
    round_id = case.round(round_id or case.target).id
    evidence = case.evidence(
        as_of=as_of, without=tuple(without), assume=tuple(assume), round_id=round_id
    )
    facts = known(evidence, round_id, case.electorate, case.id)
    check_possible(facts, case.electorate, evidence.reports, case.id)
    chosen = choose(case.bylaws, ())
    readings = [choice.reading for choice in chosen]
    verdicts = rule_standings(readings, case.electorate, facts)
    return CaseStanding(
        round=round_id,
        evidence=evidence,
        facts=facts,
        unions=union_standings(case.electorate, facts),
        rules={choice.key: verdict for choice, verdict in zip(chosen, verdicts, strict=True)},
    )
