"""Due days: when results are expected, and the earliest day on which they can decide a rule."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ratification.answers.standing import RuleStatus, rule_standings
from ratification.case.bylaws import Reading
from ratification.case.electorate import COALITION, Electorate
from ratification.case.evidence import Result
from ratification.case.facts import Known

SIDES: tuple[tuple[Result, RuleStatus], ...] = (("approved", "ratified"), ("rejected", "defeated"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Earliest:
    """The first day on which the outcomes due by then can ratify, or defeat, by arithmetic.

    None where they cannot. `all_in` is the day on which the last open union's result is due; None
    where some union has no due day.
    """

    ratified: str | None
    defeated: str | None
    all_in: str | None


def due_day(tree: Electorate, unit: str, due: Mapping[str, str]) -> str | None:
    """When a unit's result is due: the latest of its leaves' days, each inherited from above.

    None where a leaf has none. Counts that are in already do not bring the day forward.
    """
    days = [_leaf_day(tree, tree.leaves[leaf], due) for leaf in tree.leaves_under[unit]]
    known = [day for day in days if day is not None]
    return max(known) if len(known) == len(days) else None


def _leaf_day(tree: Electorate, leaf: str, due: Mapping[str, str]) -> str | None:
    for unit in [*reversed(tree.paths[leaf]), COALITION]:
        if unit in due:
            return due[unit]
    return None


def earliest(
    readings: Sequence[Reading],
    tree: Electorate,
    facts: Known,
    open_days: Mapping[str, str | None],
    as_of: str | None,
) -> tuple[Earliest, ...]:
    """For every reading, from the due days of the open unions.

    By a day all unions due by then approve, or all reject: under a rule that gains by approvals no
    other outcome decides sooner. Outcomes alone are looked at, not counts. A day that has passed
    without a result is taken to be the day of the forecast.
    """
    today = (as_of or "")[:10]
    late = {union: max(day, today) for union, day in open_days.items() if day is not None}
    firsts: dict[str, list[str | None]] = {
        status: [None] * len(readings) for status in ("ratified", "defeated")
    }
    for day in sorted(set(late.values())):
        reported = [union for union, own in late.items() if own <= day]
        for result, status in SIDES:
            outcomes = {**facts.outcomes, **dict.fromkeys(reported, result)}
            verdicts = rule_standings(readings, tree, replace(facts, outcomes=outcomes))
            for index, verdict in enumerate(verdicts):
                if verdict.status == status and firsts[status][index] is None:
                    firsts[status][index] = day
    all_in = max(late.values()) if late and len(late) == len(open_days) else None
    return tuple(
        Earliest(ratified=ratified, defeated=defeated, all_in=all_in)
        for ratified, defeated in zip(firsts["ratified"], firsts["defeated"], strict=True)
    )
