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
    top = alt.Legend(title=None, orient="top", columns=2, labelLimit=0)
    base = alt.Chart(drawn)
    bars = base.mark_rule(color="gray").encode(
        x=alt.X("low:Q", scale=scale, axis=axis),
        x2="high:Q",
        y=rows,
        detail="rule:N",
    )
    dots = base.mark_point(filled=True, size=70).encode(
        x=alt.X("probability:Q", scale=scale, axis=axis),
        y=rows,
        color=alt.Color("rule:N", legend=top),
        shape=alt.Shape("rule:N", legend=top),
        tooltip=["said:N", "rule:N", alt.Tooltip("probability:Q", format=".1%"), "how:N"],
    )
    # A viewer's font may be wider than the one that was measured.
    return (bars + dots).properties(
        width=420, padding={"left": 24, "right": 40, "top": 5, "bottom": 5}
    )
