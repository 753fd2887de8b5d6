"""Checks of the model on the page: a chart of unions left out, and tables of the rest."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from ratification.output import wording
from ratification.output.page import charts
from ratification.output.page.context import PageContext
from ratification.output.page.parts import DataTable, Figure
from ratification.output.tuning_said import Told, left_out_told, told
from ratification.output.words import with_error
from ratification.validation.left_out import LeftOut
from ratification.validation.tuning import Tuning

LONGEST = 28  # letters of a name beside a chart
ERRORS = 2  # standard errors to either side


@dataclass(frozen=True, kw_only=True)
class CheckTable:
    """A table that is folded away under its title; what it comes to is its caption."""

    title: str
    table: DataTable


def check_tables(page: PageContext, tuning: Tuning) -> list[CheckTable]:
    """Every check but the one that has a chart."""
    found = told(tuning, page.hidden.reports, unions=False)
    return [CheckTable(title=entry.title, table=_data(entry)) for entry in found]


def left_out_figure(page: PageContext, tuning: Tuning) -> Figure | None:
    """Each reported union's chance to approve without its reports, and what it did."""
    if page.hidden.unions or not tuning.left_out:
        return None
    said = left_out_told(tuning.left_out)
    return Figure(
        id=page.id("chart-left-out"),
        title=f"Each union as if it had not reported: {said.line[:-1]}",
        alt="Chance to approve without its own reports. "
        + "; ".join(
            f"{row.name}: {with_error(row.approves, decided=False)}, {_did(row)}"
            for row in tuning.left_out
        ),
        spec=_spec(tuning.left_out),
        table=_data(said),
    )


def _data(entry: Told) -> DataTable:
    return DataTable(
        caption=entry.line or entry.title, heads=entry.heads, rows=entry.rows, numeric=entry.numeric
    )


def _did(row: LeftOut) -> str:
    return "approved" if row.approved else "rejected"


def _spec(found: Sequence[LeftOut]) -> dict[str, Any]:
    names = [wording.shortened(row.name, LONGEST) for row in found]
    rows: list[dict[str, Any]] = [
        {
            "union": name if names.count(name) == 1 else row.unit,
            "chance": row.approves.probability,
            "low": max(row.approves.probability - ERRORS * row.approves.mcse, 0.0),
            "high": min(row.approves.probability + ERRORS * row.approves.mcse, 1.0),
            "standing": _did(row),
        }
        for row, name in zip(found, names, strict=True)
    ]
    return charts.drawn(
        _dots,
        tuple(row["union"] for row in rows),
        frozenset(row["standing"] for row in rows),
        height=max(2, len(rows)) * charts.ROW,
        data={charts.ROWS: rows},
    )


def _dots(order: Sequence[str], shown: Collection[str]) -> charts.Chart:
    scale = alt.Scale(domain=[0, 1])
    base = alt.Chart(charts.rows()).encode(
        y=alt.Y("union:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=190))
    )
    axis = charts.share_axis("chance to approve")
    error = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q"
    )
    dot = base.mark_point(filled=True, size=90, opacity=1).encode(
        x=alt.X("chance:Q", scale=scale, axis=axis),
        color=charts.standing_colour(shown),
        shape=charts.standing_shape(shown),
        tooltip=["union:N", "standing:N", alt.Tooltip("chance:Q", format=".0%")],
    )
    return error + dot
