"""Because: one plain sentence on why a rule stands as it does, for people."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from ratification.answers.asking import Tally, asked
from ratification.answers.deciding import Decider
from ratification.answers.phrases import amount, listed, needed, phrase, sentence, shown
from ratification.answers.reach import Reach, reach
from ratification.case.bounds import LARGEST, MEMBERS
from ratification.case.bylaws import (
    COUNTED,
    NEEDS_BALLOTS,
    NEEDS_MEMBERS,
    All,
    Any,
    Comparison,
    Condition,
    Not,
    Rule,
    Veto,
    conditions,
)
from ratification.case.electorate import Electorate

ZERO = Fraction(0)
MOST_NAMED = 4  # more unions than this are counted, not named
_OPPOSITE: dict[Comparison, Comparison] = {
    "at_least": "less_than",
    "less_than": "at_least",
    "more_than": "at_most",
    "at_most": "more_than",
}
# Measures that rise with each union that approves, and fall with each that does not.
_NOT_APPROVED = ("rejected", "abstained")
_BY_UNION = (
    "approving unions",
    "members of approving unions",
    "ballots of approving unions",
)


def positive(rule: Rule) -> Rule:
    """The same rule with `not` only in front of a veto."""
    match rule:
        case Not(part=part):
            return _negative(part)
        case All(parts=parts):
            return All(parts=tuple(positive(part) for part in parts))
        case Any(parts=parts):
            return Any(parts=tuple(positive(part) for part in parts))
        case Condition() | Veto():
            return rule


def _negative(rule: Rule) -> Rule:
    match rule:
        case Not(part=part):
            return positive(part)
        case All(parts=parts):
            return Any(parts=tuple(_negative(part) for part in parts))
        case Any(parts=parts):
            return All(parts=tuple(_negative(part) for part in parts))
        case Condition(comparison=comparison):
            return replace(rule, comparison=_OPPOSITE[comparison])
        case Veto():
            return Not(part=rule)


class Reasons:
    """The reasons for the standing of rules under one treatment of abstaining unions.

    `statuses` are the unions' own, in the order in which they became known.
    """

    def __init__(
        self, electorate: Electorate, deciders: Sequence[Decider], statuses: Mapping[str, str]
    ) -> None:
        self.electorate = electorate
        self.deciders = deciders
        self.statuses = statuses

    def sentence(self, rule: Rule, verdict: int) -> str:
        """Why a rule holds (1), fails (-1) or is open (0)."""
        rule = positive(rule)
        return sentence(self._decided(rule, verdict) if verdict else self._open(rule))

    def verdict(self, rule: Rule) -> int:
        """The verdict on which all rosters agree."""
        verdicts = {decider.verdict(rule) for decider in self.deciders}
        return verdicts.pop() if len(verdicts) == 1 else 0

    # Decided

    def _decided(self, rule: Rule, verdict: int) -> str:
        match rule:
            case Condition():
                return self._condition(rule, verdict)
            case Veto(union=union):
                return self._veto(union, verdict > 0, wanted=True)
            case Not(part=Veto(union=union)):
                return self._veto(union, verdict < 0, wanted=False)
            case All(parts=parts) if verdict < 0:
                return self._one_of(parts, verdict)
            case Any(parts=parts) if verdict > 0:
                return self._one_of(parts, verdict)
            case All(parts=parts) | Any(parts=parts):
                return self._each_of(parts, verdict)
        raise AssertionError(rule)

    def _one_of(self, parts: Sequence[Rule], verdict: int) -> str:
        """One part is enough: the first that decides by itself."""
        for part in parts:
            if self.verdict(part) == verdict:
                return self._decided(part, verdict)
        ranges = "; ".join(self._ranges(part) for part in parts)
        held = "holds" if verdict > 0 else "fails"
        return f"in every result that is still possible a condition {held}: {ranges}"

    def _each_of(self, parts: Sequence[Rule], verdict: int) -> str:
        """Every part counts. What they share at their beginning is said once."""
        said: list[str] = []
        before = ""
        for part in parts:
            text = self._decided(part, verdict)
            lead, colon, rest = text.partition(": ")
            said.append(rest if colon and lead == before else text)
            before = lead if colon else before
        return "; ".join(dict.fromkeys(said))

    def _condition(self, condition: Condition, verdict: int) -> str:
        passed = verdict if condition.comparison in ("at_least", "more_than") else -verdict
        reached = reach(condition, self.deciders)
        by_people = self._by_people(condition, passed, reached)
        if by_people:
            return by_people
        text = phrase(condition, passed, reached)
        lead = self._lead(condition, passed, reached)
        return f"{lead}: {text}" if lead else text

    def _lead(self, condition: Condition, passed: int, reached: Reach) -> str:
        """Who decided it, where the unions decided so far do; else nothing."""
        rising = condition.measure in _BY_UNION
        if not rising and condition.measure != "opposed unions":
            return ""
        approve = (passed > 0) is rising
        against = ("rejected",) if condition.measure == "opposed unions" else _NOT_APPROVED
        if condition.measure in COUNTED and not condition.share:
            weight = self._weight("approved") if approve else self._weight(*against)
            end = (
                reached.low if passed > 0 else self._weight(*self.statuses.values()) - reached.high
            )
            if weight != end:
                return ""
        return self._who("approved") if approve else self._who(*against)

    def _weight(self, *statuses: str) -> Fraction:
        units = self.electorate.by_id
        held = [units[union].weight for union, is_ in self.statuses.items() if is_ in statuses]
        return sum(held, ZERO)

    def _by_people(self, condition: Condition, passed: int, reached: Reach) -> str:
        """'Unions with at least 20,100 of at most 45,000 members have rejected: ...'."""
        if condition.measure != "members of approving unions":
            return ""
        held = [_held_and_all(decider, approves=passed > 0) for decider in self.deciders]
        held = [(part, whole) for part, whole in held if part and whole < LARGEST]
        if len(held) < len(self.deciders):
            return ""
        part, whole = min(held, key=lambda pair: Fraction(*pair))
        if part == whole:
            return ""  # all of them: nothing is left to bound
        share = Fraction(part, whole) if passed > 0 else 1 - Fraction(part, whole)
        end = shown(condition, reached.low if passed > 0 else reached.high, passed)
        sides = ("approved",) if passed > 0 else _NOT_APPROVED
        done = " or ".join(status for status in sides if status in self.statuses.values())
        if not done or shown(condition, share, passed) != end:
            return ""
        lead = f"unions with at least {part:,} of at most {whole:,} members have {done}"
        at_end = "at least {} approve" if passed > 0 else "at most {} can approve"
        return f"{lead}: {at_end.format(amount(condition, end))}, {needed(condition)}"

    def _veto(self, union: str, approved: bool, *, wanted: bool) -> str:
        name = self.name(union)
        if approved:
            return f"{name} has approved" + ("" if wanted else ", which the rule forbids")
        status = self.statuses[union]
        has = f"has {status}" if status in ("rejected", "abstained") else "cannot approve"
        return f"{name} {has}" + (", and its approval is needed" if wanted else "")

    # Open

    def _open(self, rule: Rule) -> str:
        if "open" in self.statuses.values():
            so_far = "" if self._counts().empty else " so far"
            return f"{self._tally()}{so_far}: {self._ranges(rule)}"
        undecided = [
            part
            for part in conditions(rule)
            if isinstance(part, Condition) and self.verdict(part) == 0
        ]
        measures = {part.measure for part in undecided}
        figures = ["the membership figures"] if measures & NEEDS_MEMBERS else []
        figures += ["the ballots"] if measures & (NEEDS_BALLOTS | {"turnout"}) else []
        hinge = f"so it hinges on {listed(figures)}" if figures else "so it hinges on the figures"
        said = "; ".join(dict.fromkeys(self._range(part) for part in undecided))
        return f"{self._tally()}, {hinge}: {said or self._ranges(rule)}"

    def _ranges(self, rule: Rule) -> str:
        """What every condition asks for, without those of an `any` that can no longer help."""
        match rule:
            case Condition():
                return self._range(rule)
            case Veto() | Not():
                return self._ranges_of_all([rule])
            case All(parts=parts):
                return self._ranges_of_all(parts)
            case Any(parts=parts):
                left = [part for part in parts if self.verdict(part) >= 0] or parts
                return "; or ".join(self._way(part) for part in left)

    def _way(self, rule: Rule) -> str:
        """One part of an `any`: only its own parts, if any, are joined by `; or`."""
        text = self._ranges(rule)
        return text if isinstance(rule, Any) else text.replace("; ", ", and ")

    def _ranges_of_all(self, parts: Sequence[Rule]) -> str:
        """Vetoes that are still open in one clause; those that are not stop nothing."""
        vetoes = [part.union for part in parts if isinstance(part, Veto)]
        waiting = [self.name(union) for union in vetoes if self.statuses[union] == "open"]
        said = [
            self._ranges(part).replace("; or ", ", or ")
            for part in parts
            if not isinstance(part, Veto | Not)
        ]
        said += [
            f"{self.name(part.part.union)} must not approve"
            for part in parts
            if isinstance(part, Not) and isinstance(part.part, Veto)
        ]
        if waiting:
            who = listed(waiting) if len(waiting) <= MOST_NAMED else f"{len(waiting)} unions"
            said.append(f"{who} must still approve")
        elif vetoes and not said:
            said += [
                self._veto(union, self.statuses[union] == "approved", wanted=True)
                for union in vetoes
            ]
        return "; ".join(dict.fromkeys(said))

    def _range(self, condition: Condition) -> str:
        return asked(
            condition, self.verdict(condition), reach(condition, self.deciders), self._counts()
        )

    def _counts(self) -> Tally:
        """What is decided of the unions that count; who abstains is the same under any roster."""
        decider = self.deciders[0]
        prospect = decider.prospect
        belongs = [  # one that has left the coalition has no status in it
            (weight, counts)
            for union, weight, counts in zip(
                prospect.unions, prospect.weights, decider.counted, strict=True
            )
            if union in self.statuses
        ]
        whole = sum((weight for weight, counts in belongs if counts), ZERO)
        return Tally(
            whole=whole,
            approved=self._weight("approved"),
            rejected=self._weight("rejected"),
            alike={weight for weight, _ in belongs} == {Fraction(1)} and whole > 0,
            left=not all(counts for _, counts in belongs),
            empty=set(self.statuses.values()) == {"open"},
        )

    # Unions

    def name(self, union: str) -> str:
        """A union's name up to its first bracket or comma, if that is enough to know it."""
        return short_name(self.electorate, union)

    def _who(self, *statuses: str) -> str:
        """'CEUI and AFSCME Council 4 have rejected', or '6 unions have rejected'."""
        clauses = []
        for status in statuses:
            names = [self.name(union) for union, held in self.statuses.items() if held == status]
            if names:
                who = listed(names) if len(names) <= MOST_NAMED else f"{len(names)} unions"
                clauses.append(f"{who} {'has' if len(names) == 1 else 'have'} {status}")
        return listed(clauses) if clauses else ""

    def _tally(self) -> str:
        counts = {
            status: sum(held == status for held in self.statuses.values())
            for status in ("approved", "rejected", "abstained")
        }
        said = [
            f"{count} {'has' if count == 1 else 'have'} {status}"
            for status, count in counts.items()
            if count
        ]
        if not said:
            return "no union is decided"
        first, space, rest = said[0].partition(" ")
        said[0] = f"{first} union{'' if first == '1' else 's'}{space}{rest}"
        return listed(said)


def short_name(electorate: Electorate, union: str) -> str:
    """A union's name up to its first bracket or comma, unless another union has the same."""
    short = {other: _short(electorate.name(other)) for other in electorate.unions}
    alone = list(short.values()).count(short[union]) == 1
    return short[union] if alone else electorate.name(union)


def _short(name: str) -> str:
    return name.partition(" (")[0].partition(", ")[0]


def _held_and_all(decider: Decider, *, approves: bool) -> tuple[int, int]:
    """Fewest members of unions certain to approve (or not to), and most members of all counted."""
    prospect = decider.prospect
    part = sum(
        min(option.box.low[MEMBERS] for option in prospect.options[u])
        for u in range(len(prospect.unions))
        if decider.counted[u] and prospect.decided(u) is approves
    )
    return part, decider.totals.high[MEMBERS]
