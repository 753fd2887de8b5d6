"""A picture of the tree of units, with what is known of each and what is not."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from ratification.answers.forecast import UnionForecast
from ratification.output import wording
from ratification.output.page import charts
from ratification.output.page.context import PageContext
from ratification.output.page.parts import DataTable, Figure

MOST_DRAWN = 120  # units in the picture of the tree; with more, only unions are drawn
TREE_HEIGHT = 560
LABELLED = 0.018  # of the coalition's members: a smaller unit has no room for its name


def tree_figure(page: PageContext, unions: dict[str, UnionForecast]) -> Figure:
    """Units as nested boxes, as high as they have members, coloured by what is known."""
    rows = _boxes(page, unions)
    counted = sum(row["known"] == "counted" for row in rows)
    told = f"{counted or 'None'} of the {wording.plural(len(rows), 'unit')} drawn here"
    title = f"{told} {'is' if counted == 1 else 'are'} fully counted"
    return Figure(
        id=page.id("chart-tree"),
        title=title,
        alt="The coalition as a tree; height is members. "
        + "; ".join(f"{row['name']}: {row['known']}" for row in rows if row["level"] == 0),
        spec=charts.drawn(
            _icicle,
            1 + max(row["level"] for row in rows),
            tuple(name for name in KNOWN if any(row["known"] == name for row in rows)),
            height=TREE_HEIGHT,
            data={charts.ROWS: [row | {"right": row["level"] + 1} for row in rows]},
        ),
        table=DataTable(
            caption="Units, members and what is known",
            heads=("Unit", "Inside", "Members", "What is known"),
            rows=[(r["name"], r["inside"] or "coalition", r["said"], r["known"]) for r in rows],
            numeric=frozenset({2}),
        ),
    )


def _boxes(page: PageContext, unions: dict[str, UnionForecast]) -> list[dict[str, Any]]:
    """One box a unit: its level, where it starts and ends in members, what is known of it."""
    tree = page.run.case.electorate
    worlds = page.first.worlds
    sizes = worlds.leaf_members.mean(axis=0)
    total = max(float(sizes.sum()), 1.0)
    counted = set(page.run.facts.counted)
    whole = {count.scope for count in page.run.facts.counts}
    partly = set[int]().union(*(page.run.facts.scopes or {frozenset()}))
    drawn = len(tree.units) <= MOST_DRAWN
    rows: list[dict[str, Any]] = []

    def known(unit: str) -> str:
        leaves = tree.leaves_under[unit]
        if leaves <= counted or leaves in whole:
            return "counted"
        outcome = page.run.facts.outcomes.get(unit)
        if outcome is not None:
            return str(outcome)
        if unit in unions and unions[unit].standing != "open":
            return unions[unit].standing
        return "partly reported" if leaves & partly else "nothing reported"

    def grow(unit: str, level: int, start: float) -> float:
        members = float(sizes[sorted(tree.leaves_under[unit])].sum())
        node = tree.by_id[unit]
        rows.append(
            {
                "name": tree.name(unit),
                "inside": "" if node.parent is None else tree.name(node.parent),
                "level": level,
                "start": start / total,
                "end": (start + members) / total,
                "middle": (start + members / 2) / total,
                "known": known(unit),
                "said": f"{members:,.0f}",
                "label": tree.name(unit) if members / total >= LABELLED else "",
            }
        )
        below = start
        for child in tree.children.get(unit, ()) if drawn else ():
            # Also a hidden unit's size is drawn: never under the ballots it has counted.
            if not page.hidden.unit(child, tree):
                below = grow(child, level + 1, below)
        return start + members

    start = 0.0
    for union in tree.unions_as_listed:
        start = grow(union, 0, start)
    return rows


KNOWN = {
    "counted": charts.ACCENT,
    "approved": charts.APPROVES,
    "rejected": charts.REJECTS,
    "abstained": "#b3a369",
    "partly reported": "#5f9e8f",
    "nothing reported": charts.OPEN,
}


def _icicle(levels: int, shown: Sequence[str]) -> charts.Chart:
    colour = alt.Color(
        "known:N",
        scale=alt.Scale(domain=list(shown), range=[KNOWN[name] for name in shown]),
        legend=alt.Legend(title=None, columns=3),
    )
    down = alt.Scale(domain=[0, 1], reverse=True)
    across = alt.Scale(domain=[0, levels], nice=False)
    base = alt.Chart(charts.rows())
    box = base.mark_rect(stroke="currentColor", strokeWidth=0.5, opacity=0.55).encode(
        x=alt.X("level:Q", scale=across, axis=None),
        x2="right:Q",
        y=alt.Y("start:Q", scale=down, axis=None),
        y2="end:Q",
        color=colour,
        tooltip=["name:N", "inside:N", "said:N", "known:N"],
    )
    # A name ends where its box does.
    name = base.mark_text(
        align="left", dx=5, limit=alt.expr(f"width / {levels} - 10"), fontSize=11
    ).encode(
        x=alt.X("level:Q", scale=across),
        y=alt.Y("middle:Q", scale=down),
        text="label:N",
    )
    return box + name
