"""Union by union: chance, yes share, turnout, what was reported; and a picture of the tree."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import altair as alt

from ratification.answers.estimates import Spread
from ratification.answers.forecast import UnionForecast
from ratification.case.unitsets import leaves_in
from ratification.output import wording
from ratification.output.page import charts
from ratification.output.page.context import PageContext
from ratification.output.page.parts import DataTable, Figure, Section
from ratification.output.page.tree import tree_figure
from ratification.output.said import about, said

MOST_ROWS = 25  # unions in one chart: a printed page holds no more
LONGEST = 26  # letters of a name beside a chart: about 190 pixels
NAMED = 3  # unions named in a chart's title


@dataclass(frozen=True, kw_only=True)
class UnionsSection(Section):
    """Charts of yes shares, one table of everything, the tree."""

    template: ClassVar[str] = "unions.html.j2"
    intro: str
    figures: Sequence[Figure]
    table: DataTable
    tree: Figure


def unions_section(page: PageContext) -> UnionsSection | None:
    """What is known and expected of each union; left out where single unions are hidden."""
    if page.hidden.unions:
        return None
    unions = [u for u in page.run.forecast.unions if u.scenario == page.first.name]
    chunks = [unions[i : i + MOST_ROWS] for i in range(0, len(unions), MOST_ROWS)]
    return UnionsSection(
        id=page.id("unions"),
        heading="Union by union",
        intro=_intro(unions),
        figures=[
            _figure(page, chunk, number, len(chunks)) for number, chunk in enumerate(chunks, 1)
        ],
        table=_table(page, unions),
        tree=tree_figure(page, {union.unit: union for union in unions}),
    )


def _intro(unions: Sequence[UnionForecast]) -> str:
    """How many unions stand where, in one sentence."""
    told = []
    for standing, phrase in (
        ("approved", "approved"),
        ("rejected", "rejected"),
        ("abstained", "abstained"),
        ("open", "still out"),
    ):
        number = sum(union.standing == standing for union in unions)
        if number:
            told.append(f"{number} {phrase}")
    return f"Of {wording.plural(len(unions), 'union')}: {wording.listing(told)}."


def _figure(page: PageContext, unions: Sequence[UnionForecast], number: int, of: int) -> Figure:
    rows: list[dict[str, Any]] = []
    names = [wording.shortened(union.name, LONGEST) for union in unions]
    for union, name in zip(unions, names, strict=True):
        share = union.yes_share
        rows.append(
            {
                "label": name if names.count(name) == 1 else union.unit,
                "union": union.name,
                "low": share.q05,
                "share": share.q50,
                "high": share.q95,
                "standing": union.standing,
                "said": _said(share),
            }
        )
    part = f", part {number} of {of}" if of > 1 else ""
    return Figure(
        id=page.id(f"chart-unions-{number}"),
        title=_finding(unions) + part,
        alt="Yes share of ballots, median and 90% range. "
        + "; ".join(f"{row['union']}: {row['said']}, {row['standing']}" for row in rows),
        spec=charts.drawn(
            _shares,
            tuple(row["label"] for row in rows),
            frozenset(str(row["standing"]) for row in rows),
            height=max(2, len(rows)) * charts.ROW,
            data={charts.ROWS: rows, "half": [{"half": 0.5}]},
        ),
        table=DataTable(
            caption="Yes share of ballots, median and 90% range",
            heads=("Union", "Standing", "Yes share"),
            rows=[(row["union"], row["standing"], row["said"]) for row in rows],
            numeric=frozenset({2}),
        ),
    )


def _finding(unions: Sequence[UnionForecast]) -> str:
    """What the chart of yes shares shows first."""
    still_open = [union for union in unions if union.standing == "open"]
    if not still_open:
        return "Every union here has decided"
    likely = [union for union in still_open if union.approves.probability > 0.5]
    told = f"{_how_many(len(likely), len(still_open))} more likely to approve than not"
    against = [union for union in still_open if union not in likely]
    if likely and 0 < len(against) <= NAMED:
        told += f"; not so {wording.listing([union.name for union in against])}"
    return told


def _how_many(some: int, of: int) -> str:
    """The subject of a sentence about unions still out, with its verb."""
    if of == 1:
        return "The only union still out is" + ("" if some else " no")
    if some == of:
        return ("Both" if of == 2 else f"All {of}") + " unions still out are"
    if some == 0:
        return f"None of the {of} unions still out is"
    return f"{some} of the {of} unions still out {'is' if some == 1 else 'are'}"


def _said(share: Spread) -> str:
    """A yes share: the median and what holds 9 of 10 votes, or the median where they agree."""
    middle, ends = wording.share(share.q50), wording.interval(share.q05, share.q95)
    low, _, high = ends.rstrip("%").partition("-")
    return middle if low == high else f"{middle} ({ends})"


def _shares(order: Sequence[str], shown: Collection[str]) -> charts.Chart:
    base = alt.Chart(charts.rows()).encode(
        y=alt.Y("label:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=190))
    )
    scale = alt.Scale(domain=[0, 1])
    axis = charts.share_axis("yes share of ballots")
    spread = base.mark_rule(strokeWidth=3).encode(
        x=alt.X("low:Q", scale=scale, axis=axis),
        x2="high:Q",
        color=charts.standing_colour(shown),
    )
    middle = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=alt.X("share:Q", scale=scale),
        color=charts.standing_colour(shown),
        shape=charts.standing_shape(shown),
        tooltip=["union:N", "standing:N", "said:N"],
    )
    half = (
        alt.Chart(charts.rows("half"))
        .mark_rule(strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x=alt.X("half:Q", scale=scale))
    )
    return half + spread + middle


def _table(page: PageContext, unions: Sequence[UnionForecast]) -> DataTable:
    reported = _reported(page)
    return DataTable(
        caption="Members: mean of the simulated rosters. Ranges hold 9 of 10 simulated votes",
        heads=("Union", "Standing", "Approves", "Yes share", "Turnout", "Members", "Reported"),
        rows=[
            (
                union.name,
                union.standing,
                wording.percent(
                    union.approves.probability,
                    mcse=union.approves.mcse,
                    decided=union.standing != "open",
                ),
                _said(union.yes_share),
                wording.share(union.turnout.q50),
                f"{union.members:,}",
                "; ".join(reported.get(union.unit, [])) or "nothing",
            )
            for union in unions
        ],
        numeric=frozenset({2, 3, 4, 5}),
    )


def _reported(page: PageContext) -> dict[str, list[str]]:
    """What has been reported of each union or something inside it, in words."""
    tree = page.run.case.electorate
    found: dict[str, list[str]] = {}
    for report in page.run.evidence.of_round(page.run.forecast.round):
        if report.kind == "approvals" or report.id in page.hidden.reports:
            continue
        unions = {tree.unions[tree.union_of_leaf[leaf]] for leaf in leaves_in(report.units, tree)}
        if len(unions) == 1:
            (union,) = unions
            where = "" if report.units == union else f"{about(report.units, tree)}: "
            found.setdefault(union, []).append(where + said(report))
    return found
