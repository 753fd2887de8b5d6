"""The chart of a comparison of settings: a dot with its error for every setting and rule."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ERRORS = 2  # standard errors to either side


def settings_chart(frame: "pd.DataFrame") -> Any:
    """A row a setting, a column of dots a rule; shapes tell rules apart as well as colours."""
    import altair as alt

    drawn = frame.assign(
        said=(frame["setting"] + " " + frame["value"]).str.strip(),
        low=(frame["probability"] - ERRORS * frame["mcse"]).clip(0, 1),
        high=(frame["probability"] + ERRORS * frame["mcse"]).clip(0, 1),
    )
    order = list(dict.fromkeys(drawn["said"]))
    rows = alt.Y("said:N", sort=order, title=None)
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(title="chance of ratification", format=".0%")
    rule = alt.Color("rule:N", title=None)
    base = alt.Chart(drawn)
    bars = base.mark_rule().encode(
        x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q", y=rows, color=rule
    )
    dots = base.mark_point(filled=True, size=70).encode(
        x=alt.X("probability:Q", scale=scale, axis=axis),
        y=rows,
        color=rule,
        shape=alt.Shape("rule:N", title=None),
        tooltip=["said:N", "rule:N", alt.Tooltip("probability:Q", format=".1%"), "how:N"],
    )
    return bars + dots
