"""Pivots as JSON values and on a terminal."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ratification.answers.blocking import Sets
from ratification.answers.pivotality import Given
from ratification.answers.pivots import Needed, Pivots, RulePivots, UnionPivot, Watched
from ratification.output import pivots_said, wording
from ratification.output.contract import foot, head, rule_fields
from ratification.output.terminal import heading, small_print

LONGEST = 60  # letters of a name in a table, where it may wrap
MOST_WATCHED = 8  # rows of a watch list


def pivots_object(pivots: Pivots, seconds: Mapping[str, float] | None = None) -> dict[str, Any]:
    """Pivots as plain JSON values. `seconds` appear only where timings were asked for."""
    return {
        **head(pivots.forecast),
        "pivots": [_rule(found) for found in pivots.rules],
        "required": [_required(entry) for entry in pivots.needed],
        **foot(pivots.forecast, seconds),
    }


def _rule(found: RulePivots) -> dict[str, Any]:
    return rule_fields(found.rule) | {
        "no_power": found.no_power or None,
        "power_by_roster": [
            {
                "roster": entry.roster or None,
                "weight": entry.weight,
                "method": entry.power.method,
                "draws": entry.power.draws,
                "unions": {
                    unit: {
                        "penrose": asdict(entry.power.penrose[i]),
                        "banzhaf": asdict(entry.power.banzhaf[i]),
                        "shapley_shubik": asdict(entry.power.shapley[i]),
                    }
                    for i, unit in enumerate(entry.players)
                },
            }
            for entry in found.power
        ],
        "unions": [_union(union) for union in found.unions],
        "vetoes": [asdict(veto) for veto in found.vetoes],
        "vetoes_now": [asdict(veto) for veto in found.vetoes_now],
        "sets": [
            {
                "rosters": [roster for roster in sets.rosters if roster],
                "winning": _sets(sets.winning),
                "blocking": _sets(sets.blocking),
            }
            for sets in found.sets
        ],
        "watch": [_watched(entry) for entry in found.watch],
        "earliest": asdict(found.earliest) if found.earliest else None,
    }


def _union(union: UnionPivot) -> dict[str, Any]:
    told = union.tells
    return {
        "unit": union.unit,
        "standing": union.standing,
        "members": union.members,
        "penrose": asdict(union.penrose) if union.penrose else None,
        "banzhaf": asdict(union.banzhaf) if union.banzhaf else None,
        "shapley_shubik": asdict(union.shapley) if union.shapley else None,
        "approves": union.approves.probability,
        "approves_mcse": union.approves.mcse,
        "pivotal": union.pivotal.probability,
        "pivotal_mcse": union.pivotal.mcse,
        "tells": None
        if told is None
        else {
            "if_approves": _given(told.approves),
            "if_rejects": _given(told.rejects),
            "difference": asdict(told.difference) if told.difference else None,
        },
    }


def _given(given: Given) -> dict[str, Any]:
    found = given.estimate
    return {
        "worlds": given.worlds,
        "ratified": given.ratified,
        "probability": found.probability if found else None,
        "mcse": found.mcse if found else None,
    }


def _sets(sets: Sets) -> dict[str, Any]:
    return asdict(sets) | {"listed": [list(members) for members in sets.listed]}


def _watched(entry: Watched) -> dict[str, Any]:
    return {
        "unit": entry.unit,
        "union": entry.union,
        "members": entry.members,
        "due": entry.due,
        "movement": entry.movement.value,
        "mcse": entry.movement.mcse,
    }


def _required(entry: Needed) -> dict[str, Any]:
    found = asdict(entry.required)
    low, high = found.pop("margin")
    return {
        "scenario": entry.scenario,
        **found,
        "margin": {"low": low, "high": high},
        "pending": list(found["pending"]),
        "needed_by": list(entry.needed_by),
    }


# On a terminal


def pivots_view(pivots: Pivots) -> RenderableType:
    """What must happen first, then rule by rule: who can block, who matters, what is still out."""
    parts: list[RenderableType] = [heading(pivots.forecast)]
    scenarios = {found.rule.scenario for found in pivots.rules}
    if pivots.needed:
        parts.append(Text("What must happen", style="bold"))
        told = dict.fromkeys(pivots_said.required(n, pivots.names) for n in pivots.needed)
        parts += [Padding(Text(text), (0, 0, 1, 2)) for text in told]
    for found in pivots.rules:
        parts += _rule_view(found, pivots, several=len(scenarios) > 1)
    parts.append(
        Text(
            pivots_said.LEGEND,
            style="dim",
        )
    )
    parts.append(small_print(pivots.forecast))
    return Group(*parts)


def _rule_view(found: RulePivots, pivots: Pivots, *, several: bool) -> list[RenderableType]:
    rule = found.rule
    decided = rule.standing != "open"
    chance = wording.percent(rule.estimate.probability, mcse=rule.estimate.mcse, decided=decided)
    error = wording.error(rule.estimate.mcse, decided=decided)
    title = Text.assemble(
        (f"{rule.bylaws}/{rule.reading}", "bold"),
        f" ({rule.scenario})" if several else "",
        f": {rule.title}\n",
        (" ".join(filter(None, ["chance", chance, error])), "bold"),
        f", standing {rule.standing}",
    )
    lines = Text("\n".join(pivots_said.sentences(found, pivots)))
    parts: list[RenderableType] = [
        title,
        Padding(lines, (0, 0, 0, 2)),
        _unions_table(found, pivots),
    ]
    if found.watch:
        parts.append(_watch_table(found, pivots))
    return parts


def _unions_table(found: RulePivots, pivots: Pivots) -> Table:
    """Every union in short; where the terminal is narrow names and differences wrap first."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Union", overflow="fold")
    table.add_column("Standing", no_wrap=True)
    powered = bool(found.power)
    heads = ["Banzhaf", "Shapley-\nShubik"] if powered else []
    for name in (*heads, "Approves", "Pivotal"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Tells\n(points)", justify="right")
    for union in found.unions:
        decided = union.standing != "open"
        p, mcse = union.approves.probability, union.approves.mcse
        cells = [escape(wording.shortened(pivots.names[union.unit], LONGEST)), union.standing]
        cells += [pivots_said.index(i) for i in (union.banzhaf, union.shapley)] if powered else []
        cells += [
            wording.percent(p, mcse=mcse, decided=decided),
            pivots_said.chance(union.pivotal),
            pivots_said.difference(union.tells.difference if union.tells else None),
        ]
        table.add_row(*cells)
    return table


def _watch_table(found: RulePivots, pivots: Pivots) -> RenderableType:
    """What is still out, by how far it is expected to move the chance."""
    rows = pivots_said.moving(found.watch, MOST_WATCHED)
    if not rows:
        return Padding(Text(pivots_said.NOTHING_MOVES), (0, 0, 1, 2))
    table = Table(box=SIMPLE_HEAD, title="What is still out", title_justify="left", pad_edge=False)
    dated = any(entry.due for entry in rows)
    table.add_column("Unit", overflow="fold")
    table.add_column("In")
    if dated:
        table.add_column("Due", no_wrap=True)
    table.add_column("Expected to move\nthe chance by", justify="right", no_wrap=True)
    for entry in rows:
        inside = "" if entry.union == entry.unit else pivots.names[entry.union]
        cells = [escape(wording.shortened(pivots.names[entry.unit], LONGEST)), escape(inside)]
        cells += [wording.day(entry.due) if entry.due else "-"] if dated else []
        table.add_row(*cells, pivots_said.movement(entry))
    return table
