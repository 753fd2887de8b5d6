"""What came between two states of a case: reports that are new, changed or gone, and its effect."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ratification.answers.estimates import Difference, Estimate
from ratification.answers.forecast import RuleForecast
from ratification.answers.pairing import unpaired
from ratification.case.evidence import Report

How = Literal["new", "changed", "removed"]
RuleKey = tuple[str, str, str]  # bylaws, reading, scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One report that is new (`before` None), changed, or removed (`after` None)."""

    id: str
    before: Report | None
    after: Report | None

    @property
    def how(self) -> How:
        """What happened to it."""
        if self.before is None:
            return "new"
        return "removed" if self.after is None else "changed"

    @property
    def report(self) -> Report:
        """The report as it stands, or as it stood."""
        found = self.after or self.before
        assert found is not None  # a change is of something
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One rule's answer before (None: it was not asked) and now."""

    key: RuleKey
    before: Estimate | None
    before_standing: str
    now: Estimate
    standing: str

    @property
    def difference(self) -> Difference | None:
        """Now less before; None where nothing was asked before."""
        return unpaired(self.now, self.before) if self.before else None


def arrived(before: Iterable[Report], after: Iterable[Report]) -> tuple[Change, ...]:
    """Reports that differ, by id, in the order of `after`; those that are gone come last.

    The line a report stands in says nothing about what was reported.
    """
    old = {report.id: replace(report, line=None) for report in before}
    new = {report.id: replace(report, line=None) for report in after}
    found = [
        Change(id=name, before=old.get(name), after=report)
        for name, report in new.items()
        if old.get(name) != report
    ]
    gone = [Change(id=name, before=report, after=None) for name, report in old.items()]
    return (*found, *(change for change in gone if change.id not in new))


def rule_key(rule: RuleForecast) -> RuleKey:
    """What tells a rule's answer from all others of a forecast."""
    return (rule.bylaws, rule.reading, rule.scenario)


def moves(
    before: Mapping[RuleKey, tuple[Estimate, str]], now: Sequence[RuleForecast]
) -> tuple[Move, ...]:
    """How far each rule's answer moved since `before`, which holds estimates and standings."""
    nothing: tuple[None, str] = (None, "")
    found = []
    for rule in now:
        estimate, standing = before.get(rule_key(rule), nothing)
        found.append(
            Move(
                key=rule_key(rule),
                before=estimate,
                before_standing=standing,
                now=rule.estimate,
                standing=rule.standing,
            )
        )
    return tuple(found)
