"""Reading single values: whole counts, shares, exact thresholds, ids, names.

Each says what is wrong with a value and what to write instead.
"""

import re
from fractions import Fraction

MOST_MEMBERS = 1_000_000_000
FINEST_DENOMINATOR = 1_000_000  # worlds compare shares of counts in 64 bits
LONGEST_SHOWN = 60  # characters of a value that a message repeats
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
# Control characters, and those that turn or hide what is written beside them.
CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


class ValueProblem(ValueError):
    """A value that cannot be what its column says. The message says what to write instead."""


def shown(value: object) -> str:
    """A value as a message repeats it, however long or odd it is."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of more digits than Python prints
        return "a number without end"
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def whole(text: str, column: str) -> int | None:
    """A whole number of people, or None for a blank cell."""
    if not text:
        return None
    if re.fullmatch(r"-\d[\d,]*", text):
        raise ValueProblem(f"{column} {shown(text)} is negative: it counts people")
    return _digits(text, column)


def _digits(text: str, column: str, whole_text: str = "") -> int:
    found = shown(whole_text or text)
    if re.fullmatch(r"\d{1,3}(,\d{3})+", text):
        better = (whole_text or text).replace(",", "")
        raise ValueProblem(f"{column} {found} holds commas: write {better}")
    if not (text.isascii() and text.isdecimal()):
        raise ValueProblem(f"{column} {found} is not a whole number: write digits only")
    if len(text) > 10 or int(text) > MOST_MEMBERS:
        raise ValueProblem(f"{column} {found} is too large (at most {MOST_MEMBERS})")
    return int(text)


def signed(text: str, column: str) -> Fraction | None:
    """A whole number of ballots that may be negative, or None for a blank cell."""
    if not text:
        return None
    minus = text[0] in ("-", "\N{MINUS SIGN}")
    digits = text[1:] if minus or text[0] == "+" else text
    number = _digits(digits, column, text)
    return Fraction(-number if minus else number)


def share(text: str, column: str) -> Fraction | None:
    """A share written `0.57`, `57%` or `4/7`, or None for a blank cell."""
    if not text:
        return None
    value = exact(text)
    if value is None:
        raise ValueProblem(f"{column} {shown(text)} is not a share: write it as 0.57, 57% or 4/7")
    if not 0 <= value <= 1:
        raise ValueProblem(f"{column} {shown(text)} is outside 0% to 100%{_percent_hint(text)}")
    return not_too_fine(value, column, text)


def _percent_hint(text: str) -> str:
    plain = re.fullmatch(r"\d+(\.\d+)?", text)
    return f": did you mean {text}%?" if plain and float(text) <= 100 else ""


def exact(text: str) -> Fraction | None:
    """An exact number written `0.57`, `57%` or `4/7`; None where it is none of them."""
    if len(text) > 30 or not text.isascii():
        return None
    percent = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text)
    if percent:
        return Fraction(percent.group(1)) / 100
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return Fraction(text)
    ratio = re.fullmatch(r"(\d+)\s*/\s*(\d+)", text)
    if ratio and int(ratio.group(2)) > 0:
        return Fraction(int(ratio.group(1)), int(ratio.group(2)))
    return None


def not_too_fine(value: Fraction, column: str, text: str) -> Fraction:
    """The value, unless its denominator is beyond what votes can be compared with exactly."""
    if value.denominator > FINEST_DENOMINATOR:
        raise ValueProblem(f"{column} {shown(text)} is finer than one in {FINEST_DENOMINATOR:,}")
    return value


def unit_id(text: str, column: str) -> str:
    """An id: letters, digits, dots, hyphens, underscores."""
    if not text:
        raise ValueProblem(f"{column} is blank")
    if len(text) > 80 or not _ID.fullmatch(text):
        raise ValueProblem(
            f"{column} {shown(text)} is no id: use letters, digits, '-', '_' and '.' only"
        )
    return text


def plain(text: str, column: str) -> str:
    """Text for people: no markup, no control characters."""
    if "<" in text or ">" in text:
        raise ValueProblem(f"{column} {shown(text)} holds '<' or '>': write plain text")
    bad = CONTROL.search(text)
    if bad:
        raise ValueProblem(f"{column} holds the control character U+{ord(bad.group()):04X}")
    if len(text) > 2000:
        raise ValueProblem(f"{column} is {len(text):,} characters long (at most 2,000)")
    return text
