"""The coalition as a whole: how many unions approve, and the shares that bylaws ask for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import altair as alt
import numpy as np

from ratification.answers.judging import measure
from ratification.case.bylaws import (
    COUNTED,
    ChosenReading,
    Condition,
    Measure,
    Veto,
    conditions,
)
from ratification.output import wording
from ratification.output.page import charts
from ratification.output.page.context import PageContext
from ratification.output.page.parts import DataTable, Figure, Section

FEWEST_SHOWN = 0.0005  # a rarer number of approving unions at either end is not drawn
BIN = 1  # percent
HEIGHT = 190
WHOLE = 0.01  # an error under which a chance is said in whole percents
LINES = 3  # of labels above a chart
LINE_ROWS = "lines"
NAMES: dict[Measure, str] = {
    "members of approving unions": "Members of approving unions",
    "ballots of approving unions": "Ballots cast in approving unions",
    "yes of ballots": "Yes share of all ballots",
    "yes of members": "Yes votes, of all members",
    "turnout": "Turnout",
}


@dataclass(frozen=True, kw_only=True)
class CoalitionSection(Section):
    """Distributions with the thresholds drawn."""

    template: ClassVar[str] = "coalition.html.j2"
    figures: Sequence[Figure]


def coalition_section(page: PageContext) -> CoalitionSection:
    """How many unions approve, and every share that some reading asks for."""
    wanted: list[Measure] = ["yes of ballots", "members of approving unions"]
    wanted += [c.measure for _, c in _conditions(page) if c.measure not in (*wanted, *COUNTED)]
    return CoalitionSection(
        id=page.id("coalition"),
        heading="The coalition as a whole",
        figures=[_approving(page), *(_share(page, name) for name in dict.fromkeys(wanted))],
    )


def _conditions(page: PageContext) -> Iterator[tuple[ChosenReading, Condition]]:
    """Every threshold of every reading; vetoes have none."""
    for chosen in page.run.readings:
        for condition in conditions(chosen.reading.rule):
            if not isinstance(condition, Veto):
                yield chosen, condition


def _thresholds(page: PageContext, name: Measure, *, share: bool) -> list[dict[str, Any]]:
    """Where readings draw the line for a measure; readings with one line share its label."""
    found: dict[float, list[str]] = {}
    for chosen, condition in _conditions(page):
        if condition.measure == name and condition.share == share:
            labels = found.setdefault(float(condition.threshold), [])
            if chosen.bylaws.id not in labels:
                labels.append(chosen.bylaws.id)
    return [
        {"at": at, "label": ", ".join(labels), "line": index % LINES}
        for index, (at, labels) in enumerate(sorted(found.items()))
    ]


def _approving(page: PageContext) -> Figure:
    chances = next(
        entry.approving_unions
        for entry in page.run.forecast.coalition
        if entry.scenario == page.first.name
    )
    seen = [k for k, p in enumerate(chances) if p >= FEWEST_SHOWN]
    lines = [
        line | {"at": line["at"] - 0.5}
        for line in _thresholds(page, "approving unions", share=False)
    ]
    ends = [*seen, *(int(line["at"] + 0.5) for line in lines)]
    shown = range(min(ends), min(max(ends) + 1, len(chances)))
    rows = [
        {
            "k": k,
            "left": k - 0.4,
            "right": k + 0.4,
            "chance": chances[k],
            "said": wording.percent(chances[k], mcse=WHOLE),
        }
        for k in shown
    ]
    likeliest = max(shown, key=lambda k: chances[k])
    told = wording.percent(chances[likeliest], mcse=WHOLE)
    number = wording.plural(likeliest, "approving union")
    title = f"{number}: the likeliest number, at {told}"
    if max(chances) == 1.0:
        title = f"{number} in every simulated vote"
    return Figure(
        id=page.id("chart-approving"),
        title=title,
        alt="How many unions approve. " + "; ".join(f"{row['k']}: {row['said']}" for row in rows),
        spec=charts.drawn(
            _bars,
            shown[0],
            shown[-1],
            height=HEIGHT,
            data={charts.ROWS: rows, LINE_ROWS: lines},
        ),
        table=DataTable(
            caption="How many unions approve",
            heads=("Unions", "Chance"),
            rows=[(str(row["k"]), str(row["said"])) for row in rows],
            numeric=frozenset({0, 1}),
        ),
    )


def _bars(fewest: int, most: int) -> charts.Chart:
    domain = [fewest - 0.5, most + 0.5]
    scale = alt.Scale(domain=domain, nice=False, zero=False)
    middle = sum(domain) / 2
    axis = alt.Axis(title="approving unions", format="d", tickMinStep=1, grid=False)
    bars = (
        alt.Chart(charts.rows())
        .mark_rect(color=charts.APPROVES)
        .encode(
            x=alt.X("left:Q", scale=scale, axis=axis),
            x2="right:Q",
            y=alt.Y("chance:Q", axis=charts.share_axis("chance")),
            y2=alt.datum(0),
            tooltip=["k:Q", "said:N"],
        )
    )
    return bars + _drawn(scale, middle)


def _drawn(scale: alt.Scale, middle: float) -> charts.Chart:
    """Thresholds as dashed lines with the bylaws that draw them, named towards the middle."""
    base = alt.Chart(charts.rows(LINE_ROWS))
    rule = base.mark_rule(strokeDash=[5, 3], strokeWidth=1.5).encode(x=alt.X("at:Q", scale=scale))
    layers: list[alt.Chart] = [rule]
    for line in range(LINES):  # neighbours' labels stand one above the other, over the bars
        named = base.transform_filter(alt.datum.line == line)
        label = named.mark_text(
            align=alt.expr(f"datum.at > {middle} ? 'right' : 'left'"),
            dx=alt.expr(f"datum.at > {middle} ? 3 : -3"),
            dy=-5 - 14 * line,
        ).encode(x=alt.X("at:Q", scale=scale), y=alt.value(0), text="label:N")
        layers.append(label)
    return alt.layer(*layers)


def _share(page: PageContext, name: Measure) -> Figure:
    found = measure(name, page.results(page.first))
    values = found.numerator / np.maximum(found.denominator, 1)
    percent = np.minimum(found.numerator * 100 // np.maximum(found.denominator, 1), 99)
    counts = np.bincount(percent, minlength=100)
    rows = [
        {"left": k / 100, "right": (k + BIN) / 100, "chance": float(counts[k]) / len(values)}
        for k in range(100)
        if counts[k]
    ]
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    title = (
        f"{NAMES[name]}: {wording.share(float(middle))} in the middle, "
        f"{wording.interval(float(low), float(high))} in 9 of 10 simulated votes"
    )
    lines = _thresholds(page, name, share=True)
    told = ", ".join(f"{line['label']} {wording.share(line['at'])}" for line in lines)
    return Figure(
        id=page.id(f"chart-{name.replace(' ', '-')}"),
        title=title,
        alt=f"Distribution of {NAMES[name].lower()}. {title}."
        + (f" Thresholds: {told}." if told else ""),
        spec=charts.drawn(
            _histogram,
            NAMES[name].lower(),
            height=HEIGHT,
            data={charts.ROWS: rows, LINE_ROWS: lines},
        ),
        table=DataTable(
            caption=NAMES[name],
            heads=("Share", "Chance"),
            rows=[
                (
                    f"{100 * row['left']:.0f}% to {100 * row['right']:.0f}%",
                    wording.percent(row["chance"], mcse=WHOLE, decided=row["chance"] == 1.0),
                )
                for row in rows
            ],
            numeric=frozenset({0, 1}),
        ),
    )


def _histogram(title: str) -> charts.Chart:
    scale, middle = alt.Scale(domain=[0, 1]), 0.5
    bars = (
        alt.Chart(charts.rows())
        .mark_rect(color=charts.APPROVES)
        .encode(
            x=alt.X("left:Q", scale=scale, axis=charts.share_axis(title, grid=False)),
            x2="right:Q",
            y=alt.Y("chance:Q", axis=charts.share_axis("chance")),
            y2=alt.datum(0),
        )
    )
    return bars + _drawn(scale, middle)
