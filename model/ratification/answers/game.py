"""Games: a rule on union decisions as a simple game, whose players are the unions that vote.

The game of a rule says, for every set of unions that approve, whether the package is ratified. It
exists where approvals alone decide: numbers of unions, members of approving unions, vetoes. A rule
that counts ballots has none, since the same approvals can pass or fail by how many voted.
Abstentions are as in `judging`: an abstaining union approves nowhere, so it is no player, and stays
in the denominators or leaves them as the reading says.
"""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from math import ceil, floor, lcm

import numpy as np

from ratification.answers.because import positive
from ratification.arrays import Bool, Int
from ratification.case.bylaws import All, Any, Condition, Not, Reading, Rule, Veto, conditions

BY_DECISIONS = ("approving unions", "opposed unions", "members of approving unions")
LOW_BITS = 16  # of a pattern: with them fixed blocks of 65,536 patterns are judged at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Holds where a sum over the players that approve is at least `quota`; below it if not `above`.

    `form` is the row of weights that are summed.
    """

    form: int
    quota: int
    above: bool


@dataclass(frozen=True, kw_only=True)
class Game:
    """A simple game. `forms` are whole-number weights; `base` what is added to each sum."""

    players: tuple[str, ...]
    rule: Rule
    lines: Mapping[Rule, Line]
    forms: Int[np.ndarray, "form player"]
    base: Int[np.ndarray, " form"]

    def wins(self, sums: Sequence[np.ndarray]) -> np.ndarray:
        """Whether the rule holds, from the sum of every form over those that approve."""
        return self._holds(self.rule, sums)

    def with_all(self, approving: Sequence[str]) -> bool:
        """Whether the rule holds where these approve and no other player does."""
        chosen = np.isin(self.players, approving)
        sums = self.base + self.forms @ chosen.astype(np.int64)
        return bool(self.wins(list(sums[:, None]))[0])

    def given(self, decisions: Mapping[str, bool]) -> "Game":
        """The game of those still open, with the decisions of others fixed."""
        free = np.array([player not in decisions for player in self.players], dtype=bool)
        approve = np.array([decisions.get(player, False) for player in self.players], dtype=bool)
        return replace(
            self,
            players=tuple(p for p, is_free in zip(self.players, free, strict=True) if is_free),
            forms=self.forms[:, free],
            base=self.base + self.forms[:, approve].sum(axis=1),
        )

    def _holds(self, rule: Rule, sums: Sequence[np.ndarray]) -> np.ndarray:
        line = self.lines.get(rule)
        if line is not None:
            held: np.ndarray = (sums[line.form] >= line.quota) == line.above
            return held
        assert isinstance(rule, All | Any)
        parts = [self._holds(part, sums) for part in rule.parts]
        return reduce(operator.and_ if isinstance(rule, All) else operator.or_, parts)


def why_none(rule: Rule) -> str:
    """Why a rule is no game of union decisions, as a clause; blank where it is one."""
    for part in conditions(rule):
        if isinstance(part, Condition) and part.measure not in BY_DECISIONS:
            return (
                f"the rule counts {_people(part)}, so which unions approve does not settle the "
                "result, and how much a union weighs is known only when its ballots are"
            )
    if not increasing(positive(rule)):
        return "under the rule a further approval can defeat the package, so it is no voting game"
    return ""


def _people(condition: Condition) -> str:
    return "turnout" if condition.measure == "turnout" else f"“{condition.measure}”"


def increasing(rule: Rule) -> bool:
    """Whether a rule, `not` only in front of vetoes, can only gain by a further approval."""
    match rule:
        case Condition(measure=measure, comparison=comparison):
            floor_of = comparison in ("at_least", "more_than")
            return floor_of is (measure != "opposed unions")
        case All(parts=parts) | Any(parts=parts):
            return all(increasing(part) for part in parts)
        case Not():
            return False
    return True


def game_of(
    reading: Reading,
    *,
    unions: Sequence[str],
    members: Sequence[int],
    weights: Sequence[Fraction],
    abstains: Sequence[bool],
) -> Game:
    """The game of a reading at one roster, everybody's decision open. The four go by union.

    Vetoes that stand together are one line over their sum: many of them are no more work than one.
    """
    voting = [u for u, gone in enumerate(abstains) if not gone]
    counted = range(len(unions)) if reading.abstaining == "stays" else voting
    scale = lcm(*(weight.denominator for weight in weights))
    whole_weights = [int(weight * scale) for weight in weights]
    forms: dict[str, list[int]] = {}
    lines: dict[Rule, Line] = {}
    rule = _gathered(positive(reading.rule))
    for part in _parts(rule):
        if not isinstance(part, Condition):
            named = [veto.union for veto in conditions(part) if isinstance(veto, Veto)]
            name, values = f"vetoes {named}", [int(union in named) for union in unions]
            quota, above = len(set(named)) if isinstance(part, All) else 1, True
        elif part.measure == "members of approving unions":
            name, values = "members", list(members)
            quota, above = _quota(part, sum(members[u] for u in counted))
        else:
            name, values = "weights", whole_weights
            whole = sum(whole_weights[u] for u in counted) if part.share else scale
            quota, above = _quota(part, whole)
            if part.measure == "opposed unions":  # so many of those that vote do not approve
                quota, above = sum(whole_weights[u] for u in voting) - quota + 1, not above
        forms.setdefault(name, values)
        lines[part] = Line(form=list(forms).index(name), quota=quota, above=above)
    return Game(
        players=tuple(unions[u] for u in voting),
        rule=rule,
        lines=lines,
        forms=np.array([[values[u] for u in voting] for values in forms.values()], dtype=np.int64),
        base=np.zeros(len(forms), dtype=np.int64),
    )


def _quota(condition: Condition, whole: int) -> tuple[int, bool]:
    """The least numerator that is past the threshold, and whether the condition asks to be."""
    limit = condition.threshold * max(whole, 1)  # of nothing, a measure is 0, as in judging
    past = condition.comparison in ("more_than", "at_most")
    above = condition.comparison in ("at_least", "more_than")
    return floor(limit) + 1 if past else ceil(limit), above


def _gathered(rule: Rule) -> Rule:
    """The same rule, with the vetoes of each `all` and `any` in a group of their own."""
    if isinstance(rule, Veto):
        return All(parts=(rule,))
    if not isinstance(rule, All | Any):
        return rule
    vetoes = tuple(part for part in rule.parts if isinstance(part, Veto))
    others = tuple(_gathered(part) for part in rule.parts if not isinstance(part, Veto))
    if not others:
        return rule
    group = (type(rule)(parts=vetoes),) if vetoes else ()
    return type(rule)(parts=(*others, *group))


def _parts(rule: Rule) -> list[Rule]:
    """Conditions and groups of vetoes: each is a line."""
    if isinstance(rule, All | Any) and not all(isinstance(part, Veto) for part in rule.parts):
        return [line for part in rule.parts for line in _parts(part)]
    return [rule]


def every_pattern(game: Game) -> Bool[np.ndarray, " pattern"]:
    """Whether the rule holds in each of the 2**n patterns; bit k says if player k approves.

    In blocks, so that no more than the verdicts themselves are held for all patterns at once.
    """
    low = min(len(game.players), LOW_BITS)
    below = [_sums(form[:low]) for form in game.forms]
    over = [_sums(form[low:]) for form in game.forms]
    won = np.empty(2 ** len(game.players), dtype=np.bool_)
    for block, rows in enumerate(won.reshape(-1, 2**low)):
        steps = zip(below, over, game.base, strict=True)
        rows[:] = game.wins([first + above[block] + base for first, above, base in steps])
    return won


def _sums(weights: np.ndarray) -> np.ndarray:
    total = np.zeros(1, dtype=np.int64)
    for weight in weights:
        total = np.concatenate([total, total + weight])
    return total
