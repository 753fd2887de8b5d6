"""Phrases: conditions of a rule in words, with the numbers that decide them."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

from ratification.answers.cuts import Cut
from ratification.answers.reach import Reach
from ratification.case.bylaws import COUNTED, Condition

_CERTAIN = {
    "approving unions": "{} approve",
    "opposed unions": "{} are opposed",
    "members of approving unions": "unions with {} of members approve",
    "ballots of approving unions": "unions with {} of ballots approve",
    "yes of ballots": "{} of ballots are yes",
    "yes of members": "{} of members voted yes",
    "turnout": "turnout is {}",
}
_SINGULAR = {"approving unions": "{} approves", "opposed unions": "{} is opposed"}
_POSSIBLE = {
    "approving unions": "{} can approve",
    "opposed unions": "{} can be opposed",
    "members of approving unions": "unions with {} of members can approve",
    "ballots of approving unions": "unions with {} of ballots can approve",
    "yes of ballots": "{} of ballots can be yes",
    "yes of members": "{} of members can have voted yes",
    "turnout": "turnout can be {}",
}
_FRACTIONS = {
    Fraction(1, 2): "half",
    Fraction(1, 3): "a third",
    Fraction(2, 3): "two thirds",
    Fraction(1, 4): "a quarter",
    Fraction(3, 4): "three quarters",
    Fraction(1, 5): "a fifth",
}


def phrase(condition: Condition, passed: int, reach: Reach) -> str:
    """A decided condition, with what is needed: 'at most 13 unions can approve, 14 are needed'.

    `passed` is 1 or -1 where the measure lies above, or below, the threshold in every result; the
    end that shows it is named.
    """
    low = shown(condition, reach.low, 1 if passed > 0 else -1)
    high = shown(condition, reach.high, -1 if passed < 0 else 1)
    return f"{_measured(condition, passed, low, high)}, {needed(condition)}"


def _measured(condition: Condition, passed: int, low: Fraction, high: Fraction) -> str:
    single = condition.measure in COUNTED and not condition.share and low <= 1
    certain = (_SINGULAR if single else _CERTAIN)[condition.measure]
    if low == high:
        return certain.format(amount(condition, low))
    if passed > 0:
        return certain.format(f"at least {amount(condition, low)}")
    most = amount(condition, high)
    return _POSSIBLE[condition.measure].format(most if high == 0 else f"at most {most}")


def amount(condition: Condition, value: Fraction) -> str:
    """A number of unions, or a share to a tenth of a per cent."""
    if condition.share:
        return share_of(value) + (" of unions" if condition.measure in COUNTED else "")
    if value == 0:
        return "no union"
    return f"{number(value)} union{'' if value == 1 else 's'}"


def share_of(value: Fraction) -> str:
    """A share to a tenth of a per cent."""
    return f"{float(value * 100):.1f}%"


def number(value: Fraction | int) -> str:
    """A whole number, or a weight such as 11.5 or 23/3."""
    exact = Fraction(value)
    if exact.denominator == 1:
        return f"{exact.numerator:,}"
    return f"{float(exact):g}" if 1000 % exact.denominator == 0 else str(exact)


def shown(condition: Condition, value: Fraction, side: int) -> Fraction:
    """A share rounded to a tenth of a per cent, kept on its side of the threshold (1: above)."""
    if not condition.share:
        return value
    cut, limit = Cut.of(condition), condition.threshold * 1000
    tenths = round(value * 1000)
    if side > 0:
        tenths = max(tenths, floor(limit) + 1 if cut.strict else ceil(limit))
    else:
        tenths = min(tenths, floor(limit) if cut.strict else ceil(limit) - 1)
    return Fraction(min(max(tenths, 0), 1000), 1000)


def needed(condition: Condition) -> str:
    """What a condition asks for: '14 are needed', 'at most a third are allowed'."""
    threshold = threshold_in_words(condition)
    single = condition.measure == "turnout" or (not condition.share and condition.threshold <= 1)
    be = "is" if single else "are"
    match condition.comparison:
        case "at_least":
            return f"{threshold} {be} needed"
        case "more_than":
            return f"more than {threshold} {be} needed"
        case "at_most":
            none = condition.threshold == 0
            return "none is allowed" if none else f"at most {threshold} {be} allowed"
        case "less_than":
            return f"{'less' if condition.share else 'fewer'} than {threshold} {be} allowed"


def threshold_in_words(condition: Condition) -> str:
    """A threshold as its author wrote it, simple fractions in words."""
    if not condition.share:
        return number(condition.threshold)
    if "%" in condition.text:
        return condition.text
    return _FRACTIONS.get(condition.threshold) or (
        condition.text if "/" in condition.text else f"{float(condition.threshold * 100):g}%"
    )


def listed(names: Sequence[str]) -> str:
    """'CEUI', 'CEUI and Council 4', 'CEUI, Council 4 and marshals'."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def sentence(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]
