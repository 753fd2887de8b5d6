"""Axes of a sweep in words, and which of their thresholds are worth showing."""

from collections.abc import Sequence

from ratification.answers.axes import PERCENT, Axis
from ratification.answers.phrases import threshold_in_words
from ratification.case.bylaws import Condition

MOST_ROWS = 20  # thresholds shown of one axis, beside those that bylaws name
SHARE_STEP = 10  # percent between shares shown
SIGNS = {"at_least": "≥", "more_than": ">", "at_most": "≤", "less_than": "<"}


def axis_title(axis: Axis) -> str:
    """What an axis counts, and on which side of its threshold the condition holds."""
    return f"{axis.thresholds[0].measure}, {'at least' if axis.upward else 'at most'}"


def label(axis: Axis, index: int) -> str:
    """A threshold, with a sign where it is not of the axis's own kind: 80%, 14, >half."""
    there = axis.thresholds[index]
    usual = there.comparison == ("at_least" if axis.upward else "at_most")
    return ("" if usual else SIGNS[there.comparison]) + _short(there)


def _short(there: Condition) -> str:
    if there.share and "/" in there.text:
        return there.text
    return threshold_in_words(there)


def shown(axis: Axis, marked: Sequence[int]) -> list[int]:
    """The thresholds worth showing: every tenth percent, or few enough unions, and all marked."""
    share = axis.thresholds[0].share
    step = SHARE_STEP if share else max(1, -(-len(axis.thresholds) // MOST_ROWS))
    found = []
    for index, there in enumerate(axis.thresholds):
        value = there.threshold * (PERCENT if share else 1)
        usual = there.comparison in ("at_least", "at_most")
        if index in marked or (usual and value % step == 0 and not axis.idle(index)):
            found.append(index)
    return found
