"""Amendments in words: what a change asks for, what reaches the target, how opinion would move."""

from collections.abc import Sequence

from ratification.answers.amend import Amendments
from ratification.answers.amendment import Amendment
from ratification.answers.rule_words import condition_in_words, rule_in_words
from ratification.answers.swing import MOST, PER_POINT
from ratification.case.bylaws import Condition, Veto
from ratification.case.electorate import Electorate
from ratification.output import wording

MOST_SWING = MOST // PER_POINT  # points
MOST_NAMED = 6  # units named in a sentence; of more, their number


def can_reach(found: Amendments) -> bool:
    """Whether some choice of the thresholds, today's or a looser one, reaches the target."""
    return found.today.reaches(found.target) or bool(found.frontier)


def change_in_words(entry: Amendment, electorate: Electorate) -> str:
    """What a rule asks for; of one that is struck out in part, what goes."""
    if entry.kind != "strike":
        return rule_in_words(entry.reading.rule, electorate)
    parts = [_part(part, electorate) for part in entry.struck]
    return f"strike out {wording.listing(parts)}"


def _part(part: Condition | Veto, electorate: Electorate) -> str:
    if isinstance(part, Veto):
        return f"the veto of {electorate.name(part.union)}"
    return f"“{condition_in_words(part, electorate)}”"


def chance(entry: Amendment) -> str:
    """A chance in words, 0% and 100% only where arithmetic decides."""
    decided = entry.standing != "open"
    return wording.percent(entry.estimate.probability, mcse=entry.estimate.mcse, decided=decided)


def doubts(found: Amendments, entry: Amendment) -> list[str]:
    """Says where the target lies too close to tell, or the error is rough; else nothing."""
    near = ["target within two errors"] if entry.near(found.target) else []
    return [*near, "error is rough: few independent draws"] if entry.rough else near


def finding(found: Amendments) -> str:
    """The answer in a sentence or two: what is needed, or that nothing is, or that none will do."""
    tree = found.simulation.electorate
    target = goal(found)
    if found.today.reaches(found.target):
        near = ", but the target lies within two errors of it" * found.today.near(found.target)
        return f"The rule as it stands reaches {target}: {chance(found.today)}{near}."
    if found.sweep is None:
        return f"The rule has no threshold to change, and as it stands does not reach {target}."
    if not found.frontier:
        most = f": at most {chance(found.loosest)}" if found.loosest is not None else ""
        return f"No change of these thresholds reaches {target}{most}."
    first = found.frontier[0]
    words = rule_in_words(first.reading.rule, tree)
    close = " (too close to the target to be sure)" * first.near(found.target)
    return f"The change nearest to today's text: {words}: {chance(first)}{close}."


def goal(found: Amendments) -> str:
    """The target as a percent with no more digits than were asked for."""
    return f"{100 * found.target:.4g}%"


def swing_in_words(found: Amendments) -> str:
    """How far opinion would have to move, what moves and what does not."""
    swing, target = found.swing, goal(found)
    if found.today.reaches(found.target):
        return "No swing of opinion is needed."
    if not swing.helps:
        return "More yes votes can lose this rule: no swing of opinion is searched for."
    if not swing.moving:
        return "No vote is left that a swing of opinion could move."
    if swing.points is None:
        decided = found.today.standing != "open"
        why = ", since arithmetic has decided it" if decided else ""
        said = wording.percent(
            swing.estimate.probability, mcse=swing.estimate.mcse, decided=decided
        )
        return (
            f"Even +{MOST_SWING} points of yes in every vote still out would not reach {target} "
            f"under today's rule ({said}){why}. {_moves(found)}"
        )
    error = "" if swing.error is None else f" ±{max(swing.error, 0.1):.1f}"
    return (
        f"Under today's rule opinion would have to move by +{swing.points:.1f}{error} points of "
        f"yes share in every vote still out to reach {target}: from {wording.share(swing.before)} "
        f"to {wording.share(swing.after)} yes in the unions that move. {_moves(found)}"
    )


def _moves(found: Amendments) -> str:
    """What moves and what does not."""
    swing, names = found.swing, found.simulation.electorate.name
    told = [f"Moves: {_units([names(u) for u in swing.moving], 'open union')}"]
    if swing.held:
        told.append(f"decided: {_units([names(u) for u in swing.held], 'union')}")
    if swing.tied:
        told.append(f"tied down by reports: {_units([names(u) for u in swing.tied], 'unit')}")
    if len(told) == 1:
        return f"{told[0]}."
    return f"{told[0]}. Does not move: {'; '.join(told[1:])}; and ballots already counted."


def _units(names: Sequence[str], noun: str) -> str:
    if len(names) <= MOST_NAMED:
        return wording.listing(list(names))
    return wording.plural(len(names), noun)


def worth_listing(found: Amendments) -> tuple[list[Amendment], str]:
    """Other changes to list; of many single conditions struck out in vain, a sentence instead."""
    vain = [
        entry
        for entry in found.others
        if len(entry.struck) == 1 and not entry.reaches(found.target)
    ]
    if len(vain) <= MOST_NAMED:
        return list(found.others), ""
    told = f"Struck out alone, none of {len(vain)} conditions is enough."
    return [entry for entry in found.others if entry not in vain], told
