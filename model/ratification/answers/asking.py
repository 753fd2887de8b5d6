"""Asking: an open condition in words, what it asks for and what is certain of it so far."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

from ratification.answers.phrases import listed, number, share_of, shown, threshold_in_words
from ratification.answers.reach import Reach
from ratification.case.bylaws import COUNTED, Comparison, Condition

# What is asked for, as a floor and as a ceiling; then what is so at least, at most, and between.
_SHARES: dict[str, tuple[str, str, str, str, str]] = {
    "members of approving unions": (
        "approving unions must hold {} of members",
        "approving unions must hold {} of members",
        "hold at least {}",
        "can hold at most {}",
        "can hold between {} and {}",
    ),
    "ballots of approving unions": (
        "approving unions must have cast {} of ballots",
        "approving unions must have cast {} of ballots",
        "have cast at least {}",
        "can have cast at most {}",
        "can have cast between {} and {}",
    ),
    "yes of ballots": (
        "{} of ballots must be yes",
        "{} of ballots may be yes",
        "at least {} are",
        "at most {} can be",
        "between {} and {} can be",
    ),
    "yes of members": (
        "{} of members must have voted yes",
        "{} of members may have voted yes",
        "at least {} have",
        "at most {} can have",
        "between {} and {} can have",
    ),
    "turnout": (
        "turnout must be {}",
        "turnout must be {}",
        "is at least {}",
        "can be at most {}",
        "can be between {} and {}",
    ),
}
_FLOORS: frozenset[Comparison] = frozenset({"at_least", "more_than"})
_UNCERTAIN = "nothing is certain about that share yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Union weight that counts, and what of it is known to approve and to reject.

    `alike`: every union counts once. `left`: some abstained and do not count. `empty`: no union is
    decided.
    """

    whole: Fraction
    approved: Fraction
    rejected: Fraction
    alike: bool
    left: bool
    empty: bool


def asked(condition: Condition, verdict: int, reach: Reach, tally: Tally) -> str:
    """What a condition asks for, and what arithmetic adds: '14 of 15 unions must approve, and ...'.

    `verdict` is 1 or -1 where the condition itself is decided, in a rule that is not. What the
    tally says by itself, and bounds that say nothing, are left out.
    """
    if condition.measure in COUNTED:
        return _asked_of_unions(condition, verdict, reach, tally)
    floor_of, ceiling_of, *ends = _SHARES[condition.measure]
    floors = condition.comparison in _FLOORS
    asks = (floor_of if floors else ceiling_of).format(_threshold(condition))
    passed = verdict if floors else -verdict
    low = shown(condition, reach.low, 1 if passed > 0 else -1)
    high = shown(condition, reach.high, -1 if passed < 0 else 1)
    if low == 0 and high == 1:
        return asks if tally.empty else f"{asks}, and {_UNCERTAIN}"
    if passed > 0 or (passed == 0 and high == 1):
        return f"{asks}, and {ends[0].format(share_of(low))}"
    if passed < 0 or low == 0:
        return f"{asks}, and {ends[1].format(share_of(high))}"
    return f"{asks}, and {ends[2].format(share_of(low), share_of(high))}"


def _threshold(condition: Condition) -> str:
    threshold = threshold_in_words(condition)
    match condition.comparison:
        case "at_least":
            return f"at least {threshold}" if condition.measure == "turnout" else threshold
        case "more_than":
            return f"more than {threshold}"
        case "at_most":
            return f"at most {threshold}"
        case "less_than":
            return f"less than {threshold}"


# Numbers of unions


def _asked_of_unions(condition: Condition, verdict: int, reach: Reach, tally: Tally) -> str:
    if tally.alike:
        condition, reach = as_count(condition, reach, tally.whole)
    if verdict > 0:
        return _settled(condition, tally)
    approving = condition.measure == "approving unions"
    floors = condition.comparison in _FLOORS
    asks = f"{_unions(condition, tally)} {'must' if floors else 'may'} "
    asks += "approve" if approving else "be opposed"
    least, most = tally.rejected, tally.whole - tally.approved
    if approving:
        least, most = tally.approved, tally.whole - tally.rejected
    if condition.share:
        per = tally.whole or 1
        least, most = least / per, most / per
    one = reach.low == 1 and not condition.share
    does = ("does" if one else "do") if approving else ("is" if one else "are")
    can = "can" if approving else "can be"
    says = [asks]
    if reach.low > least and verdict == 0:
        says.append(f"at least {_number(condition, reach.low)} {does}")
    if reach.high < most or (floors and reach.high == condition.threshold < tally.whole):
        most_of = f"at most {_number(condition, reach.high)}" if reach.high else "none"
        says.append(f"{most_of} {can}")
    return f"{says[0]}, and {says[1]}" if len(says) == 2 else listed(says)


def as_count(condition: Condition, reach: Reach, whole: Fraction) -> tuple[Condition, Reach]:
    """The same condition as a whole number of unions, at least or at most so many."""
    limit = condition.threshold
    if condition.share:
        limit *= whole
        reach = Reach(low=reach.low * whole, high=reach.high * whole)
    match condition.comparison:
        case "at_least" | "less_than":
            least = ceil(limit)
        case "more_than" | "at_most":
            least = floor(limit) + 1
    floors = condition.comparison in _FLOORS
    comparison: Comparison = "at_least" if floors else "at_most"
    threshold = Fraction(least if floors else least - 1)
    return replace(condition, comparison=comparison, threshold=threshold, share=False), reach


def _settled(condition: Condition, tally: Tally) -> str:
    """A condition that holds already: 'enough unions approve (8 of 15 are needed)'."""
    approving = condition.measure == "approving unions"
    if condition.comparison in _FLOORS:
        done = "approve" if approving else "are opposed"
        are = "is" if condition.threshold <= 1 and not condition.share else "are"
        return f"enough unions {done} ({_limit(condition, tally)} {are} needed)"
    can = "can approve" if approving else "can be opposed"
    return f"few enough unions {can} ({_limit(condition, tally)} are allowed)"


def _limit(condition: Condition, tally: Tally) -> str:
    text = _threshold(condition)
    if not tally.alike:
        return text
    return f"{text} of {number(tally.whole)}"


def _unions(condition: Condition, tally: Tally) -> str:
    """'14 of 15 unions', 'all 12 unions', 'at most 5 of 15 unions', 'no union'."""
    text = _threshold(condition)
    if condition.share:
        return f"{text} of unions"
    threshold = condition.threshold
    if threshold == 0 and condition.comparison == "at_most":
        return "no union"
    if not tally.alike:
        return f"{text} union{'' if threshold == 1 else 's'}"
    whole = number(tally.whole)
    who = "the {} unions that do not abstain" if tally.left else "{} unions"
    if threshold == tally.whole and condition.comparison == "at_least" and threshold > 1:
        return f"all {who.format(whole).removeprefix('the ')}"
    return f"{text} of {who.format(whole)}"


def _number(condition: Condition, value: Fraction) -> str:
    return share_of(value) if condition.share else number(value)
