"""What every chart of the page has in common: colours, symbols, sizes, and how it becomes a spec.

Ink is `currentColor`, so that a chart follows the page's light, dark and print colours by itself.
Marks have mid tones that stand out from both backgrounds; a symbol or a word says the same.
"""

from collections.abc import Collection
from typing import Any

import altair as alt

APPROVES, REJECTS, OPEN, ACCENT = "#2b7bba", "#d2601a", "#8a8f98", "#7a5cc0"
STANDINGS = ("approved", "rejected", "open", "abstained")
STANDING_COLOURS = (APPROVES, REJECTS, OPEN, "#b3a369")
STANDING_SHAPES = ("triangle-up", "triangle-down", "circle", "square")
ROW = 22  # pixels of a row that holds one union or rule
DIGITS = 6  # of a number in a chart

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


def rows_of(values: list[dict[str, Any]]) -> alt.InlineData:
    """Plain rows as a chart's data; six digits, so that no machine's last bit shows."""
    return alt.InlineData(values=[{k: _rounded(v) for k, v in row.items()} for row in values])


def _rounded(value: Any) -> Any:
    return round(value, DIGITS) if isinstance(value, float) else value


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


def spec_of(chart: Any, *, height: float) -> dict[str, Any]:
    """A chart as a Vega-Lite spec, as wide as its place in the page."""
    sized = chart.properties(width="container", height=height)
    made: dict[str, Any] = sized.to_dict()
    made["config"] = CONFIG
    made["autosize"] = {"type": "fit-x", "contains": "padding"}
    return made
