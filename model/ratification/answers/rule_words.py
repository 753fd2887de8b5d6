"""Rules in words, as short as a headline: "12 of 15 unions and 70% of members"."""

from fractions import Fraction

from ratification.answers.phrases import number, threshold_in_words
from ratification.case.bylaws import COUNTED, All, Any, Condition, Not, Rule, Veto
from ratification.case.electorate import Electorate

MOST_NAMED = 4  # more unions with a veto are counted, not named

_OF = {
    "members of approving unions": "{} of members",
    "ballots of approving unions": "{} of ballots, counted by approving union",
    "yes of ballots": "{} of ballots yes",
    "yes of members": "{} of members voting yes",
    "turnout": "{} turnout",
}


def rule_in_words(rule: Rule, electorate: Electorate) -> str:
    """What a rule asks for. Unions are those that approve unless it says opposed."""
    return _words(rule, electorate, nested=False)


def condition_in_words(condition: Condition, electorate: Electorate) -> str:
    """What one condition asks for: "14 of 15 unions", "more than half of members"."""
    threshold = threshold_in_words(condition)
    if condition.share:
        words = "{} of unions" if condition.measure in COUNTED else _OF[condition.measure]
    else:
        words = f"{{}} of {number(total_weight(electorate))} unions"
    opposed = " opposed" if condition.measure == "opposed unions" else ""
    return words.format(_bound(condition) + threshold) + opposed


def total_weight(electorate: Electorate) -> Fraction:
    """What all unions count for where unions are counted."""
    return sum((electorate.by_id[union].weight for union in electorate.unions), Fraction(0))


def _bound(condition: Condition) -> str:
    match condition.comparison:
        case "at_least":
            return "at least " if condition.measure in ("opposed unions", "turnout") else ""
        case "more_than":
            return "more than "
        case "at_most":
            return "at most "
        case "less_than":
            return "less than " if condition.share else "fewer than "


def _words(rule: Rule, electorate: Electorate, *, nested: bool) -> str:
    match rule:
        case Condition():
            return condition_in_words(rule, electorate)
        case Veto(union=union):
            return electorate.name(union)
        case Not(part=part):
            return f"not {_words(part, electorate, nested=True)}"
        case All(parts=parts) | Any(parts=parts):
            every = isinstance(rule, All)
            vetoes = [part for part in parts if isinstance(part, Veto)]
            told = [
                _words(part, electorate, nested=True)
                for part in parts
                if part not in vetoes or len(vetoes) <= MOST_NAMED
            ]
            if len(vetoes) > MOST_NAMED:
                told.append(f"{'each' if every else 'one'} of {len(vetoes)} named unions")
            if len(told) == 1:
                return told[0]
            joined = _joined(told, "and" if every else "or")
            return f"({joined})" if nested else joined


def _joined(told: list[str], word: str) -> str:
    *first, last = told
    return f"{', '.join(first)} {word} {last}"
