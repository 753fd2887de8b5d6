"""How amendments are told: JSON values, and for the terminal tables and sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.answers.amend import Amendment, Amendments
from ratification.answers.rule_words import condition_in_words, rule_in_words
from ratification.answers.swing import MOST, PER_POINT
from ratification.case.bylaws import Condition, Veto
from ratification.case.electorate import Electorate
from ratification.output import wording
from ratification.output.contract import foot, head
from ratification.output.terminal import head as title
from ratification.output.terminal import small_print

MOST_SWING = MOST // PER_POINT  # points
MOST_NAMED = 6  # units named in a sentence; of more, their number


def amend_object(found: Amendments, seconds: Mapping[str, float] | None = None) -> dict[str, Any]:
    """Amendments as plain JSON values."""
    return {
        **head(found.run.forecast),
        "scenario": found.simulation.name,
        "target": found.target,
        "rule": _amendment(found, found.today)
        | {"bylaws": found.chosen.bylaws.id, "reading": found.chosen.reading.id},
        "thresholds_can_reach": can_reach(found),
        "frontier": [_amendment(found, entry) for entry in found.frontier],
        "loosest": None if found.loosest is None else _amendment(found, found.loosest),
        "other_changes": [_amendment(found, entry) for entry in found.others],
        "swing": _swing(found),
        **foot(found.run.forecast, seconds),
    }


def _amendment(found: Amendments, entry: Amendment) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": entry.kind,
        "words": change_in_words(entry, found.run.case.electorate),
        "probability": entry.estimate.probability,
        "mcse": entry.estimate.mcse,
        "standing": entry.standing,
        "reaches": entry.reaches(found.target),
        "target_within_two_errors": entry.near(found.target),
        "rough": entry.rough,
        "difference": asdict(entry.gain),
    }
    if entry.key:
        told["key"] = entry.key
    if entry.at is not None and found.sweep is not None:
        moved = [a.thresholds[i] for a, i in zip(found.sweep.surface.axes, entry.at, strict=True)]
        told["thresholds"] = [
            {
                "measure": there.measure,
                "comparison": there.comparison,
                "value": float(there.threshold),
                "exact": str(there.threshold),
            }
            for there in moved
        ]
        told["departure"] = entry.departure
    if entry.place is not None:
        told["frontier"] = entry.place
    return told


def _swing(found: Amendments) -> dict[str, Any]:
    swing, names = found.swing, found.run.case.electorate.name
    return {
        "points": swing.points,
        "error": swing.error,
        "most_tried": MOST_SWING,
        "more_yes_helps": swing.helps,
        "probability": swing.estimate.probability,
        "mcse": swing.estimate.mcse,
        "words": swing_in_words(found),
        "moving": list(swing.moving),
        "decided": list(swing.held),
        "tied": [{"unit": unit, "name": names(unit)} for unit in swing.tied],
        "yes_share_before": swing.before,
        "yes_share_after": swing.after,
    }


def can_reach(found: Amendments) -> bool:
    """Whether some choice of the thresholds, today's or a looser one, reaches the target."""
    return found.today.reaches(found.target) or bool(found.frontier)


# Words


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
    tree = found.run.case.electorate
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
    swing, names = found.swing, found.run.case.electorate.name
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


# For the terminal


def amend_view(found: Amendments) -> RenderableType:
    """Today's rule, the frontier, other changes, and the swing of opinion."""
    return Group(
        title(found.run.forecast),
        _today(found),
        *([_frontier(found)] if found.frontier else []),
        *([_others(found)] if found.others else []),
        Text(swing_in_words(found) + "\n"),
        small_print(found.run.forecast),
    )


def _today(found: Amendments) -> Text:
    today = found.today
    error = wording.error(today.estimate.mcse, decided=today.standing != "open")
    return Text.assemble(
        f"Target: {goal(found)}. The rule as it stands ({found.chosen.key}) asks for ",
        (rule_in_words(today.reading.rule, found.run.case.electorate), "bold"),
        f": {chance(today)} {error}".rstrip() + f" ({today.standing}).\n",
        (finding(found) + "\n", "bold"),
    )


def _frontier(found: Amendments) -> RenderableType:
    table = _table("Smallest changes of the thresholds, nearest to today's text first")
    table.add_column("Departs by", justify="right")
    table.add_column("Reaches")
    for entry in found.frontier:
        departure = f"{100 * (entry.departure or 0.0):.0f}"
        table.add_row(*_cells(found, entry), departure, _reaches(found, entry))
    told = ["Departs by: how far each threshold moves, in percent of its scale, added."]
    if len(found.frontier) > 1:
        told.append("At each, one stays closer to today's only if the other goes farther.")
    return Group(table, Text(" ".join([*told, *_signs(found, found.frontier)]) + "\n", style="dim"))


def _others(found: Amendments) -> RenderableType:
    table = _table("Other changes")
    table.add_column("Reaches")
    listed, left_out = worth_listing(found)
    for entry in listed:
        table.add_row(*_cells(found, entry), _reaches(found, entry))
    told = [*([left_out] if left_out else []), *_signs(found, listed)]
    return Group(table, Text(" ".join(told) + "\n", style="dim") if told else Text("", end=""))


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


NEAR, ROUGH = "~", "?"  # signs in a narrow column
PLACES: Mapping[str, str] = {
    "on the frontier": "smallest",
    "looser than needed": "looser",
    "beside it": "other way",
}
SIGNS: Mapping[str, str] = {
    NEAR: "~ the target lies within two errors, so either side is possible.",
    ROUGH: "? few independent draws: the error is rough.",
    "smallest": "smallest: one of the smallest changes.",
    "looser": "looser: than one of the smallest changes.",
    "other way": "other way: one threshold tighter, one looser.",
}


def _reaches(found: Amendments, entry: Amendment) -> str:
    said = "yes" if entry.reaches(found.target) else "no"
    signs = [NEAR] * entry.near(found.target) + [ROUGH] * entry.rough
    place = PLACES.get(entry.place or "", "")
    return " ".join([said, *signs]) + (f", {place}" if place else "")


def _signs(found: Amendments, listed: Sequence[Amendment]) -> list[str]:
    """What the signs in a table mean, of those that occur."""
    told = " ".join(_reaches(found, entry) for entry in listed)
    return [meaning for sign, meaning in SIGNS.items() if sign in told]


def _table(heading: str) -> Table:
    table = Table(box=SIMPLE_HEAD, title=heading, title_justify="left", pad_edge=False)
    table.add_column("Change to", overflow="fold")
    for name in ("Chance", "Difference"):
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _cells(found: Amendments, entry: Amendment) -> list[str]:
    words = change_in_words(entry, found.run.case.electorate)
    return [
        escape(f"{entry.key}: {words}" if entry.key else words),
        f"[bold]{chance(entry)}[/bold] {_error(entry)}".rstrip(),
        wording.points(entry.gain.value, entry.gain.mcse),
    ]


def _error(entry: Amendment) -> str:
    return wording.error(entry.estimate.mcse, decided=entry.standing != "open")
