"""How amendments are told: JSON values, and for the terminal tables and sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.answers.amend import Amendments
from ratification.answers.amendment import Amendment
from ratification.answers.rule_words import rule_in_words
from ratification.output import wording
from ratification.output.contract import foot, head
from ratification.output.terminal import heading, small_print
from ratification.output.views.amend_words import (
    MOST_SWING,
    can_reach,
    chance,
    change_in_words,
    finding,
    goal,
    swing_in_words,
    worth_listing,
)


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
        "words": change_in_words(entry, found.simulation.electorate),
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
    swing, names = found.swing, found.simulation.electorate.name
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


# For the terminal


def amend_view(found: Amendments) -> RenderableType:
    """Today's rule, the frontier, other changes, and the swing of opinion."""
    return Group(
        heading(found.run.forecast),
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
        (rule_in_words(today.reading.rule, found.simulation.electorate), "bold"),
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
    words = change_in_words(entry, found.simulation.electorate)
    return [
        escape(f"{entry.key}: {words}" if entry.key else words),
        f"[bold]{chance(entry)}[/bold] {_error(entry)}".rstrip(),
        wording.points(entry.gain.value, entry.gain.mcse),
    ]


def _error(entry: Amendment) -> str:
    return wording.error(entry.estimate.mcse, decided=entry.standing != "open")
