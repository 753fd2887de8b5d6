"""Rules taken apart: conditions replaced, settled or left out.

A condition is named by its position: its place among those that `conditions` yields, from 0.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import count

from ratification.case.bylaws import All, Any, Condition, Not, Rule, Veto

UPWARD = ("at_least", "more_than")


def replaced(rule: Rule, by: Mapping[int, Rule | bool]) -> Rule | bool:
    """The rule with the conditions at some positions replaced; truth values are worked out.

    True or False where nothing is left to ask of a result.
    """
    return _replaced(rule, by, count())


def _replaced(rule: Rule, by: Mapping[int, Rule | bool], numbers: Iterator[int]) -> Rule | bool:
    match rule:
        case Condition() | Veto():
            return by.get(next(numbers), rule)
        case Not(part=part):
            found = _replaced(part, by, numbers)
            return not found if isinstance(found, bool) else Not(part=found)
        case All(parts=parts) | Any(parts=parts):
            every = isinstance(rule, All)
            found_parts = [_replaced(part, by, numbers) for part in parts]
            if (not every) in [part for part in found_parts if isinstance(part, bool)]:
                return not every
            kept = tuple(part for part in found_parts if not isinstance(part, bool))
            return type(rule)(parts=kept) if kept else every


def without(rule: Rule, positions: Collection[int]) -> Rule | None:
    """The rule with some conditions struck out of the lists they stand in; None if none is left."""
    return _without(rule, positions, count())


def _without(rule: Rule, positions: Collection[int], numbers: Iterator[int]) -> Rule | None:
    match rule:
        case Condition() | Veto():
            return None if next(numbers) in positions else rule
        case Not(part=part):
            left = _without(part, positions, numbers)
            return None if left is None else Not(part=left)
        case All(parts=parts) | Any(parts=parts):
            found = [_without(part, positions, numbers) for part in parts]
            kept = tuple(part for part in found if part is not None)
            return type(rule)(parts=kept) if kept else None


def upward(condition: Condition) -> bool:
    """Whether it holds above its threshold, rather than below."""
    return condition.comparison in UPWARD
