"""What watching a case found, for people: a few lines on a terminal, or one in a log."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.answers.arrived import Move
from ratification.answers.forecast import Forecast
from ratification.output import wording
from ratification.output.views.watching import move_text

MARKS = {"new": "+", "changed": "~", "removed": "-"}
MOST_SHOWN = 12


def accepted_view(
    title: str, forecast: Forecast, arrivals: Sequence[Mapping[str, Any]], moves: Sequence[Move]
) -> RenderableType:
    """What arrived, and every rule's chance with how far it moved."""
    told = [Text(f"  {arrival_text(entry)}") for entry in arrivals[:MOST_SHOWN]]
    if len(arrivals) > MOST_SHOWN:
        told.append(Text(f"  and {len(arrivals) - MOST_SHOWN} more"))
    return Group(Text(title, style="bold"), *told, _chances(forecast, moves))


def _chances(forecast: Forecast, moves: Sequence[Move]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    several = len({rule.scenario for rule in forecast.rules}) > 1
    table.add_column("Rule", no_wrap=True)
    if several:
        table.add_column("Scenario", no_wrap=True)
    for name in ("Chance", "error", "Moved"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Standing", no_wrap=True)
    for rule, move in zip(forecast.rules, moves, strict=True):
        cells = [escape(f"{rule.bylaws}/{rule.reading}")]
        cells += [escape(rule.scenario)] if several else []
        decided = rule.standing != "open"
        standing = rule.standing
        if move.before is not None and move.before_standing != rule.standing:
            standing = f"{move.before_standing} -> {rule.standing}"
        cells += [
            f"[bold]{_chance(move)}[/bold]",
            wording.error(rule.estimate.mcse, decided=decided),
            move_text(move),
            standing,
        ]
        table.add_row(*cells)
    return table


def _chance(move: Move) -> str:
    return wording.percent(
        move.now.probability, mcse=move.now.mcse, decided=move.standing != "open"
    )


def arrival_text(entry: Mapping[str, Any]) -> str:
    """One thing that arrived: `+ local-391: 527 yes, 955 no`."""
    if "file" in entry:
        return f"~ {entry['file']}"
    said = entry["said"]
    if entry.get("before", said) != said:
        said = f"{entry['before']} -> {said}"
    units = "" if entry["units"] == entry["id"] else f" ({entry['units']})"
    return f"{MARKS[entry['change']]} {entry['id']}{units}: {said}"


def arrivals_text(arrivals: Sequence[Mapping[str, Any]] | None, most: int = 3) -> str:
    """All that arrived, in one line; of a first state, that it is one."""
    if arrivals is None:
        return "first state"
    if not arrivals:
        return "no report changed"
    told = "; ".join(arrival_text(entry) for entry in arrivals[:most])
    return told + (f"; and {len(arrivals) - most} more" if len(arrivals) > most else "")


def chances_text(moves: Sequence[Move]) -> str:
    """Every rule's chance and how far it moved, in one line."""
    told = []
    for move in moves:
        bylaws, reading, scenario = move.key
        named = f"{bylaws}/{reading}" + (f" ({scenario})" if _several(moves) else "")
        standing = "" if move.standing == "open" else f" {move.standing}"
        moved = move_text(move).replace("no difference", "")
        told.append(f"{named} {_chance(move)}{standing}" + (f" [{moved}]" if moved else ""))
    return ", ".join(told)


def _several(moves: Sequence[Move]) -> bool:
    return len({move.key[2] for move in moves}) > 1


def age(seconds: float) -> str:
    """How long ago, as people say it: `12 s`, `3 min 5 s`, `2 h 10 min`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
