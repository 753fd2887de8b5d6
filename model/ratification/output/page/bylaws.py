"""All bylaws and scenarios side by side: one chart, one table, and what hangs on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import altair as alt

from ratification.answers.estimates import difference
from ratification.answers.forecast import RuleForecast
from ratification.answers.run import Simulation
from ratification.answers.stakes import expected
from ratification.case.bylaws import ChosenReading
from ratification.output import wording
from ratification.output.page import charts
from ratification.output.page.answer import forecast_of, rule_answer, together
from ratification.output.page.context import PageContext
from ratification.output.page.parts import DataTable, Figure, Section
from ratification.output.words import expectation, stakes_in_words

NORMAL_95 = 1.96


@dataclass(frozen=True, kw_only=True)
class BylawsSection(Section):
    """All readings and scenarios in one chart and one table; what hangs on them."""

    template: ClassVar[str] = "bylaws.html.j2"
    figure: Figure
    table: DataTable
    stakes: DataTable | None


def bylaws_section(page: PageContext) -> BylawsSection | None:
    """Every reading in every scenario; left out where there is only one answer to show."""
    if len(page.run.readings) * len(page.run.simulations) < 2:
        return None
    return BylawsSection(
        id=page.id("bylaws"),
        heading="Bylaws side by side",
        figure=_figure(page),
        table=_table(page),
        stakes=_stakes(page),
    )


def _label(page: PageContext, simulation: Simulation, chosen: ChosenReading) -> str:
    several = len(page.run.simulations) > 1
    return f"{chosen.key}, {simulation.name}" if several else chosen.key


def _figure(page: PageContext) -> Figure:
    rows, words = [], []
    for simulation in page.run.simulations:
        for chosen in page.run.readings:
            rule = forecast_of(page, simulation, chosen)
            p, mcse = rule.estimate.probability, rule.estimate.mcse
            said = wording.percent(p, mcse=mcse, decided=rule.standing != "open")
            label = _label(page, simulation, chosen)
            rows.append(
                {
                    "rule": label,
                    "chance": p,
                    "low": max(p - NORMAL_95 * mcse, 0.0),
                    "high": min(p + NORMAL_95 * mcse, 1.0),
                    "weaker": rule.sensitivity.weaker,
                    "stronger": rule.sensitivity.stronger,
                    "said": said,
                }
            )
            words.append((label, said, rule.standing, together(rule) or "-"))
    best = max(rows, key=lambda row: float(str(row["chance"])))
    worst = min(rows, key=lambda row: float(str(row["chance"])))
    apart = f"From {worst['said']} under {worst['rule']} to {best['said']} under {best['rule']}"
    return Figure(
        id=page.id("chart-bylaws"),
        title=f"Each gives {best['said']}" if best["said"] == worst["said"] else apart,
        alt="Chance of ratification. " + "; ".join(f"{label}: {said}" for label, said, *_ in words),
        spec=charts.drawn(
            _chances,
            tuple(str(row["rule"]) for row in rows),
            height=len(rows) * charts.ROW * 1.7,
            data={charts.ROWS: rows},
        ),
        table=DataTable(
            caption="Chance of ratification",
            heads=("Bylaws", "Chance", "Standing", "At other correlations"),
            rows=words,
            numeric=frozenset({1}),
        ),
    )


def _chances(order: Sequence[str]) -> charts.Chart:
    base = alt.Chart(charts.rows()).encode(
        y=alt.Y("rule:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=190))
    )
    scale = alt.Scale(domain=[0, 1])
    axis = charts.share_axis("chance of ratification")
    reach = base.mark_rule(strokeWidth=7, opacity=0.25, color=charts.ACCENT).encode(
        x=alt.X("weaker:Q", scale=scale, axis=axis), x2="stronger:Q"
    )
    error = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    point = base.mark_point(filled=True, size=90, color=charts.ACCENT, opacity=1).encode(
        x=alt.X("chance:Q", scale=scale), tooltip=["rule:N", "said:N"]
    )
    # At either end beside the dot, so that neither the axis nor the edge cuts it.
    label = base.mark_text(
        dx=alt.expr("datum.chance < 0.1 ? 3 : datum.chance > 0.9 ? -3 : 0"),
        dy=-13,
        align=alt.expr("datum.chance < 0.1 ? 'left' : datum.chance > 0.9 ? 'right' : 'center'"),
        fontWeight="bold",
    ).encode(x=alt.X("chance:Q", scale=scale), text="said:N")
    return reach + error + point + label


def _table(page: PageContext) -> DataTable:
    rows = []
    for simulation in page.run.simulations:
        today = page.holds(simulation, page.main)
        for chosen in page.run.readings:
            rule = forecast_of(page, simulation, chosen)
            answer = rule_answer(page, simulation, chosen)
            apart = difference(page.holds(simulation, chosen), today, simulation.worlds)
            told = wording.points(apart.value, apart.mcse)
            rows.append(
                (
                    chosen.key,
                    simulation.name,
                    f"{answer.chance} {answer.error}".strip(),
                    _interval(rule),
                    "" if chosen is page.main else told,
                    rule.standing,
                )
            )
    heads = ("Bylaws", "Scenario", "Chance", "95% Monte Carlo interval", "Difference", "Standing")
    caption = f"Difference: from {page.main.key}, paired in the same simulated votes"
    numeric = frozenset({2, 3, 4})
    if len(page.run.simulations) > 1:
        return DataTable(caption=caption, heads=heads, rows=rows, numeric=numeric)
    return DataTable(
        caption=caption,
        heads=heads[:1] + heads[2:],
        rows=[row[:1] + row[2:] for row in rows],
        numeric=frozenset({1, 2, 3}),
    )


def _interval(rule: RuleForecast) -> str:
    if rule.standing != "open":
        return "decided by arithmetic"
    p, reach = rule.estimate.probability, NORMAL_95 * rule.estimate.mcse
    ends = [wording.percent(end, mcse=0.0) for end in (max(p - reach, 0.0), min(p + reach, 1.0))]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def _stakes(page: PageContext) -> DataTable | None:
    """What is to be expected of each stake under each reading."""
    stakes = page.run.case.stakes
    if not stakes:
        return None
    rows = []
    for simulation in page.run.simulations:
        for chosen in page.run.readings:
            rule = forecast_of(page, simulation, chosen)
            cells = [expectation(expected(stake, rule), stake) for stake in stakes]
            rows.append((_label(page, simulation, chosen), *cells))
    return DataTable(
        caption=f"Expected, with Monte Carlo error. {stakes_in_words(stakes)}",
        heads=("Bylaws", *(stake.name for stake in stakes)),
        rows=rows,
        numeric=frozenset(range(1, len(stakes) + 1)),
    )
