"""What matters now: who can block, what must happen, and which counts to watch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import altair as alt

from ratification.answers.pivots import Pivots, RulePivots, Watched, pivots_of
from ratification.case.bylaws import ChosenReading
from ratification.output import pivots_said, wording
from ratification.output.page import charts
from ratification.output.page.answer import forecast_of
from ratification.output.page.bylaws import NORMAL_95
from ratification.output.page.context import PageContext
from ratification.output.page.parts import DataTable, Figure, Section

MOST_WATCHED = 12  # units in the chart of what is still out
LONGEST = 26  # letters of a name beside a chart


@dataclass(frozen=True, kw_only=True)
class PivotsSection(Section):
    """Sentences, what is still out as a chart, and every union in one table."""

    template: ClassVar[str] = "pivots.html.j2"
    intro: str
    sentences: Sequence[str]
    needed: Sequence[str]
    watch: Figure | None
    nothing: str
    table: DataTable
    legend: str


def pivots_section(page: PageContext) -> PivotsSection | None:
    """Who matters under the page's main bylaws, or the first that are open.

    Left out where arithmetic has decided everything, and where single unions are hidden.
    """
    chosen = _open_reading(page)
    if chosen is None or page.hidden.unions:
        return None
    found = pivots_of(page.run, [chosen], [page.first])
    [rule] = found.rules
    return PivotsSection(
        id=page.id("pivots"),
        heading="What matters now",
        intro=f"Under “{chosen.bylaws.title}” ({chosen.reading.title})",
        sentences=pivots_said.sentences(rule, found),
        needed=_needed(page, found),
        watch=_watch(page, rule, found),
        nothing=pivots_said.NOTHING_MOVES,
        table=_table(rule, found),
        legend=pivots_said.LEGEND,
    )


def _open_reading(page: PageContext) -> ChosenReading | None:
    for chosen in (page.main, *page.run.readings):
        if forecast_of(page, page.first, chosen).standing == "open":
            return chosen
    return None


def _needed(page: PageContext, found: Pivots) -> list[str]:
    """What must happen, but for unions in which something is hidden: the margin would tell it."""
    return [
        pivots_said.required(entry, found.names)
        for entry in found.needed
        if entry.required.union not in page.hidden.parents
    ]


def _watch(page: PageContext, rule: RulePivots, found: Pivots) -> Figure | None:
    tree = page.first.electorate
    shown = [entry for entry in rule.watch if not page.hidden.unit(entry.unit, tree)]
    rows = pivots_said.moving(shown, MOST_WATCHED)
    if not rows:
        return None
    first = found.names[rows[0].unit]
    dated = any(entry.due for entry in rows)
    heads = ["Unit", "Part of", *(["Due"] if dated else []), "Expected to move the chance by"]
    return Figure(
        id=page.id("chart-watch"),
        title=f"Of what is still out, the count of {first} is expected to move the chance most",
        alt="Expected movement of the chance of ratification by each count still out. "
        + "; ".join(f"{found.names[entry.unit]}: {pivots_said.movement(entry)}" for entry in rows),
        spec=_bars(rows, found),
        table=DataTable(
            caption="Expected movement of the chance, up or down, when a unit's count comes in",
            heads=heads,
            rows=[
                (
                    found.names[entry.unit],
                    "coalition" if entry.union == entry.unit else found.names[entry.union],
                    *((wording.day(entry.due) if entry.due else "-",) if dated else ()),
                    pivots_said.movement(entry),
                )
                for entry in rows
            ],
            numeric=frozenset({len(heads) - 1}),
        ),
    )


def _bars(watch: Sequence[Watched], found: Pivots) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    names = [wording.shortened(found.names[entry.unit], LONGEST) for entry in watch]
    for entry, name in zip(watch, names, strict=True):
        label = name if names.count(name) == 1 else entry.unit
        moved, error = entry.movement.value, entry.movement.mcse
        rows.append(
            {
                "label": label,
                "moved": moved,
                "low": max(moved - NORMAL_95 * error, 0.0),
                "high": moved + NORMAL_95 * error,
                "said": pivots_said.movement(entry),
            }
        )
    return charts.drawn(
        _movements,
        tuple(row["label"] for row in rows),
        height=max(2, len(rows)) * charts.ROW,
        data={charts.ROWS: rows},
    )


def _movements(order: Sequence[str]) -> charts.Chart:
    base = alt.Chart(charts.rows()).encode(
        y=alt.Y("label:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=190))
    )
    axis = alt.Axis(format=".0%", title="expected movement of the chance, up or down", tickCount=5)
    bar = base.mark_bar(color=charts.ACCENT, opacity=0.7).encode(
        x=alt.X("moved:Q", axis=axis), tooltip=["label:N", "said:N"]
    )
    error = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", axis=axis), x2="high:Q")
    return bar + error


def _table(rule: RulePivots, found: Pivots) -> DataTable:
    heads = ["Union"]
    heads += ["Banzhaf", "Shapley-Shubik"] if rule.power else []
    heads += ["Approves", "Pivotal", "If it approves", "If it rejects", "Tells"]
    rows = []
    for union in rule.unions:
        decided = union.standing != "open"
        p, mcse = union.approves.probability, union.approves.mcse
        power = [pivots_said.index(value) for value in (union.banzhaf, union.shapley)]
        given = (union.tells.approves, union.tells.rejects) if union.tells else ()
        ends = [pivots_said.chance(side.estimate) for side in given] or ["-", "-"]
        rows.append(
            (
                found.names[union.unit],
                *(power if rule.power else ()),
                wording.percent(p, mcse=mcse, decided=decided),
                pivots_said.chance(union.pivotal),
                *ends,
                pivots_said.difference(union.tells.difference if union.tells else None),
            )
        )
    return DataTable(
        caption="Power under the rule, pivotality in the simulated votes, what a result would tell",
        heads=heads,
        rows=rows,
        numeric=frozenset(range(1, len(heads))),
    )
