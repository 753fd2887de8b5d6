"""What every chart of the page has in common: colours, symbols, sizes, and how it becomes a spec.

Ink is `currentColor`, so that a chart follows the page's light, dark and print colours by itself.
Marks have mid tones that stand out from both backgrounds; a symbol or a word says the same.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import altair as alt

APPROVES, REJECTS, OPEN, ACCENT = "#2b7bba", "#d2601a", "#8a8f98", "#7a5cc0"
STANDINGS = ("approved", "rejected", "open", "abstained")
STANDING_COLOURS = (APPROVES, REJECTS, OPEN, "#b3a369")
STANDING_SHAPES = ("triangle-up", "triangle-down", "circle", "square")
SERIES = ("#2b7bba", "#d2601a", "#7a5cc0", "#3f8f5f", "#b3477d", "#8a7a2b", "#5a8f98", "#8a8f98")
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
ROW = 22  # pixels of a row that holds one union or rule
DIGITS = 6  # of a number in a chart
Chart = Any  # Altair does not say what adding charts makes
ROWS = "rows"  # the name of the data of a chart that has one set
# The line on which chances come true as often as they say.
EVEN = ({"chance": 0.0, "came": 0.0}, {"chance": 1.0, "came": 1.0})

CONFIG = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "domainColor": "currentColor",
        "tickColor": "currentColor",
        "gridColor": "currentColor",
        "gridOpacity": 0.12,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": "currentColor", "titleColor": "currentColor", "orient": "top"},
    "text": {"color": "currentColor", "fontSize": 12},
    "rule": {"color": "currentColor"},
}


def rows(name: str = ROWS) -> alt.NamedData:
    """The rows that `drawn` is given under this name, as a chart's data."""
    return alt.NamedData(name=name)


def drawn(
    make: Callable[..., Chart],
    *style: Hashable,
    height: float,
    data: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    """A chart as a Vega-Lite spec, as wide as its place in the page, with its data by name.

    `make` makes the chart in a style. Numbers get six digits, so that no machine's last bit shows.
    """
    named = {
        name: [{k: _rounded(v) for k, v in row.items()} for row in values]
        for name, values in data.items()
    }
    return _spec(make, style, height) | {"datasets": named}


# Altair takes most of the time that a page takes. `ratify watch` draws the same charts again and
# again, with other data.
@lru_cache(maxsize=64)
def _spec(make: Callable[..., Chart], style: tuple[Hashable, ...], height: float) -> dict[str, Any]:
    made: dict[str, Any] = make(*style).properties(width="container", height=height).to_dict()
    made["config"] = CONFIG
    made["autosize"] = {"type": "fit-x", "contains": "padding"}
    return made


def _rounded(value: Any) -> Any:
    return round(value, DIGITS) if isinstance(value, float) else value


def series(
    field: str, names: Sequence[str], *, label_limit: int = 200
) -> tuple[alt.Color, alt.Shape]:
    """Colour and shape by name, so that colour is never the only sign; they share a legend."""
    legend = alt.Legend(title=None, columns=2, labelLimit=label_limit)

    def scale(values: Sequence[str]) -> alt.Scale:
        return alt.Scale(
            domain=list(names), range=[values[i % len(values)] for i in range(len(names))]
        )

    colour = alt.Color(f"{field}:N", scale=scale(SERIES), legend=legend)
    return colour, alt.Shape(f"{field}:N", scale=scale(SHAPES), legend=legend)


def diagonal(x: alt.X, y: alt.Y) -> Chart:
    """The line on which chances come true as often as they say; its data are `EVEN`."""
    even = alt.Chart(rows("even")).mark_line(strokeDash=[4, 3], strokeWidth=1, color=OPEN)
    return even.encode(x=x, y=y)


def share_axis(title: str, *, grid: bool = True) -> alt.Axis:
    """An axis of shares, in whole percents."""
    return alt.Axis(title=title, format=".0%", grid=grid, tickCount=5, tickMinStep=0.01)


def standing_colour(shown: Collection[str]) -> alt.Color:
    """Colour by standing, of which the legend names those that are shown."""
    scale = alt.Scale(domain=list(STANDINGS), range=list(STANDING_COLOURS))
    return alt.Color("standing:N", scale=scale, legend=_standing_legend(shown))


def standing_shape(shown: Collection[str]) -> alt.Shape:
    """Shape by standing, so that colour is never the only sign; it shares colour's legend."""
    scale = alt.Scale(domain=list(STANDINGS), range=list(STANDING_SHAPES))
    return alt.Shape("standing:N", scale=scale, legend=_standing_legend(shown))


def _standing_legend(shown: Collection[str]) -> alt.Legend:
    # Two columns: a phone has no room for more.
    names = [name for name in STANDINGS if name in shown]
    return alt.Legend(title=None, values=names, columns=2)
