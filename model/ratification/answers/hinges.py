"""Hinges: how many members may oppose, in whole numbers, before a share of members is missed.

`because` says what is certain over every roster the case allows. This says what the published
figures themselves come to, roster by roster: "passes only while police and marshals together have
under 2,400 members". It is arithmetic on best figures, so it decides nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

from ratification.answers.because import short_name
from ratification.answers.phrases import listed, threshold_in_words
from ratification.case.bylaws import All, Condition, Reading, Rule
from ratification.case.coalition import electorate_in
from ratification.case.electorate import COALITION, Electorate, RosterVariant
from ratification.case.rounds import Scenario

MOST_NAMED = 4
MAIN = 0.8  # of the members of unions that reject: the largest that hold it are taken as given


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    """Best figures of one roster: members by union, all of those the rule counts, the limit."""

    members: Mapping[str, int]
    whole: int
    limit: int


def hinges(
    reading: Reading,
    electorate: Electorate,
    statuses: Mapping[str, str],
    round_id: str,
    scenario: Scenario | None = None,
) -> tuple[str, ...]:
    """What a reading's share of members hinges on, a sentence a roster; alike ones once.

    `statuses` are the standings of the unions. Nothing where the rule does not need that share
    in every case, a figure is not published, or more than four unions are still out.
    """
    if sum(status == "open" for status in statuses.values()) > MOST_NAMED:
        return ()
    told: dict[str, list[str]] = {}
    for condition in _needed(reading.rule):
        for variant in electorate.variants or (None,):
            found = _figures(condition, reading, electorate, statuses, round_id, variant, scenario)
            if found is not None:
                changed = electorate_in(electorate, scenario)
                sentence = _sentence(condition, changed, statuses, found)
                told.setdefault(sentence, []).append(variant.title or variant.id if variant else "")
    rosters = max(1, len(electorate.variants))
    return tuple(
        text if len(names) == rosters else f"{text} (roster: {'; or '.join(names)})"
        for text, names in told.items()
    )


def _needed(rule: Rule) -> list[Condition]:
    """Shares of members that the rule cannot do without."""
    match rule:
        case Condition(measure="members of approving unions", share=True, comparison=comparison):
            return [rule] if comparison in ("at_least", "more_than") else []
        case All(parts=parts):
            return [condition for part in parts for condition in _needed(part)]
    return []


def _figures(
    condition: Condition,
    reading: Reading,
    electorate: Electorate,
    statuses: Mapping[str, str],
    round_id: str,
    variant: RosterVariant | None,
    scenario: Scenario | None,
) -> _Figures | None:
    changed = electorate_in(electorate, scenario)
    members: dict[str, int] = {}
    for union in changed.unions:
        figure = changed.figure(union, round_id, variant).members
        if figure is None:
            return None
        members[union] = figure
    gone = [union for union in members if union not in statuses]
    if reading.abstaining == "leaves":
        gone += [union for union, status in statuses.items() if status == "abstained"]
    total = electorate.figure(COALITION, round_id, variant).members
    if total is None:
        whole = sum(members.values())
    else:
        whole = total + sum(entry.members for entry in (scenario.joining if scenario else ()))
    whole -= sum(members[union] for union in gone)
    most = (1 - condition.threshold) * whole
    limit = floor(most) if condition.comparison == "at_least" else ceil(most) - 1
    kept = {union: size for union, size in members.items() if union not in gone}
    return _Figures(members=kept, whole=whole, limit=limit)


def _sentence(
    condition: Condition, tree: Electorate, statuses: Mapping[str, str], found: _Figures
) -> str:
    """What one roster's figures come to. Unions still out bind together, else the smaller ones."""
    against = [u for u in found.members if statuses[u] in ("rejected", "abstained")]
    against.sort(key=lambda union: -found.members[union])
    waiting = [union for union in found.members if statuses[union] == "open"]
    given = against if waiting else _main(against, found)
    rest = waiting or [union for union in against if union not in given]
    held = sum(found.members[union] for union in given)
    strict = condition.comparison == "more_than"
    base = f"With {found.whole:,} members in all, approving unions"
    share = f"{'more than ' if strict else ''}{threshold_in_words(condition)}"
    oppose = "opposes" if len(given) == 1 else "oppose"
    before = f": {_who(tree, given)} {oppose} with {held:,}" if given else ""
    if found.limit < held:
        return f"{base} cannot hold {share}{before}, and at most {found.limit:,} may"
    if not rest:
        return f"{base} hold {share}: nobody opposes"
    left = found.limit - held
    end = f"under {left + 1:,}" if strict else f"at most {left:,}"
    size = sum(found.members[union] for union in rest)
    return f"{base} hold {share} only while {_those(tree, rest, bool(waiting))} {end}{before}; " + (
        f"all of them have {size:,}" if waiting else f"the case has {size:,}"
    )


def _those(tree: Electorate, rest: Sequence[str], waiting: bool) -> str:
    if waiting:
        return f"those that reject of {_who(tree, rest)}, still out, together have"
    return f"{_who(tree, rest)} {'together have' if len(rest) > 1 else 'has'}"


def _main(against: Sequence[str], found: _Figures) -> list[str]:
    """The largest opposed unions, until they hold most of the members that oppose; not all."""
    total = sum(found.members[union] for union in against)
    given: list[str] = []
    for union in against[:-1]:
        if sum(found.members[u] for u in given) >= MAIN * total:
            break
        given.append(union)
    return given


def _who(tree: Electorate, unions: Sequence[str]) -> str:
    return (
        f"{len(unions)} unions"
        if len(unions) > MOST_NAMED
        else listed([short_name(tree, union) for union in unions])
    )
