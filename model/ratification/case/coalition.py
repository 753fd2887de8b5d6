"""The coalition as a scenario has it: who abstains, who has left, who has joined."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from ratification.case.bylaws import ChosenReading, Veto, conditions
from ratification.case.electorate import Electorate, Figure, Unit
from ratification.case.evidence import InForce, Report
from ratification.case.rounds import Scenario
from ratification.case.unitsets import leaves_in, units_in
from ratification.errors import RequestError


def electorate_in(electorate: Electorate, scenario: Scenario | None) -> Electorate:
    """The electorate in a scenario: a union that leaves weighs nothing; joining ones come last.

    So the positions of all other unions and leaves stay what they are in every array.
    """
    if scenario is None or not (scenario.leaving or scenario.joining):
        return electorate
    units = [
        replace(unit, weight=Fraction(0)) if unit.id in scenario.leaving else unit
        for unit in electorate.units
    ]
    units += [
        Unit(id=entry.id, parent=None, name=entry.name, figure=Figure(members=entry.members))
        for entry in scenario.joining
    ]
    listed = (*electorate.listed, *(entry.id for entry in scenario.joining))
    return replace(electorate, units=tuple(units), listed=listed)


def abstaining_leaves(electorate: Electorate, scenario: Scenario | None) -> frozenset[int]:
    """Leaves in which nobody votes."""
    units = scenario.abstaining if scenario is not None else ()
    return frozenset[int]().union(*(electorate.leaves_under[unit] for unit in units))


def reports_touching(
    evidence: InForce, round_id: str, leaves: frozenset[int], electorate: Electorate
) -> tuple[Report, ...]:
    """Reports on ballots in which those of these leaves take part. A straw poll is about none."""
    return tuple(
        report
        for report in evidence.of_round(round_id)
        if report.kind != "poll" and leaves & _about(report, electorate)
    )


def _about(report: Report, electorate: Electorate) -> frozenset[int]:
    if report.kind != "approvals":
        return leaves_in(report.units, electorate)
    units = units_in(report.units, electorate)
    return frozenset[int]().union(*(electorate.leaves_under[unit] for unit in units))


def refuse_vetoes_of_leaving(readings: Sequence[ChosenReading], scenario: Scenario | None) -> None:
    """A rule that needs a union's approval says nothing of a coalition that it has left.

    Raises:
        RequestError: a reading names a union that leaves.
    """
    leaving = scenario.leaving if scenario is not None else ()
    for chosen in readings:
        for part in conditions(chosen.reading.rule):
            if isinstance(part, Veto) and part.union in leaving:
                raise RequestError(
                    f"bylaws {chosen.key!r} need the approval of {part.union!r}, which leaves in "
                    f"scenario {scenario.id if scenario else ''!r}: choose others with --bylaws"
                )
