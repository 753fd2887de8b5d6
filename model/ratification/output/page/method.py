"""How the forecast was made, what it rests on, and what it does not know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import altair as alt

from ratification.answers.replication import Replicated, replicate
from ratification.inference.parameters import ParameterSummary
from ratification.output import wording
from ratification.output.checks import checks, convergence, engine_name
from ratification.output.page import charts
from ratification.output.page.context import PageContext
from ratification.output.page.model_checks import CheckTable, check_tables, left_out_figure
from ratification.output.page.parts import DataTable, Figure, Section
from ratification.output.said import said
from ratification.validation.status import calibration_status

CENTRAL = (0.05, 0.95)


@dataclass(frozen=True, kw_only=True)
class MethodSection(Section):
    """Model, priors against posterior, checks, diagnostics, and how to make it again."""

    template: ClassVar[str] = "method.html.j2"
    several_rounds: bool
    parameters: Figure | None
    check: Figure | None
    diagnostics: DataTable | None
    facts: Sequence[tuple[str, str]]
    unknowns: Sequence[str]
    checked: Sequence[str]
    versions: Mapping[str, str]
    command: str
    left_out: Figure | None
    tables: Sequence[CheckTable]
    untold: str


def method_section(page: PageContext) -> MethodSection:
    """Everything a reader needs to defend the numbers, or to doubt them."""
    posterior = page.first.posterior
    forecast = page.run.forecast
    replicas = _replicas(page)
    tuning = page.tuning
    return MethodSection(
        id=page.id("method"),
        heading="How it was made",
        several_rounds=len(posterior.layout.structure.rounds) > 1,
        parameters=_parameters(page, posterior.parameters) if posterior.parameters else None,
        check=_check(page, replicas) if replicas else None,
        diagnostics=(_diagnostics(posterior.parameters) if posterior.engine == "nuts" else None),
        facts=_facts(page),
        unknowns=_unknowns(page),
        checked=calibration_status().statements,
        versions=dict(forecast.versions),
        command="" if any(name in page.command for name in page.hidden.reports) else page.command,
        left_out=left_out_figure(page, tuning) if tuning is not None else None,
        tables=check_tables(page, tuning) if tuning is not None else (),
        untold=tuning.untold if tuning is not None else "",
    )


def _facts(page: PageContext) -> list[tuple[str, str]]:
    forecast = page.run.forecast
    told = [
        ("Simulated votes", f"{forecast.worlds:,}"),
        ("Seed", str(forecast.seed)),
        ("Engine", engine_name(forecast.engine)),
        *checks(forecast.diagnostics),
        # A private count could be found from the hash by trying all that are possible.
        ("Inputs, SHA-256", "not shown" if page.hidden.reports else forecast.inputs),
    ]
    if forecast.replaced:
        told.append(("Simulated votes copied from others", f"{forecast.replaced:,}"))
    return told


def _unknowns(page: PageContext) -> list[str]:
    """What this forecast assumes or leaves out, this run's own first."""
    forecast, tree = page.run.forecast, page.run.case.electorate
    found = [text[0].upper() + text[1:] + "." for text in forecast.assumptions]
    uncertain = [
        unit
        for unit in tree.unions
        if (figure := tree.figure(unit, forecast.round)).members is None or not figure.exact
    ]
    if uncertain:
        found.append(
            f"Membership of {wording.plural(len(uncertain), 'union')} of {len(tree.unions)} is an "
            "estimate: every simulated vote draws it anew within its error."
        )
    if forecast.nominal:
        found.append(
            f"Members of {wording.listing([tree.name(unit) for unit in forecast.nominal])} are not "
            "published; a nominal size stands for them, and no rule here reads it."
        )
    if tree.variants:
        found.append(
            f"{len(tree.variants)} competing rosters are drawn by their weights; answers that "
            "differ by roster say so."
        )
    found += [
        "Unions are taken to be alike before they report, but for their sizes: no knowledge of a "
        "union's leaders, contract or history enters unless it was reported as evidence.",
        "Reports are taken as true within the ranges given. How they were chosen for publication "
        "is not modelled.",
        "How much unions move together decides much, and few votes teach it: hence the answer at "
        "weaker and stronger correlation.",
        "A probability says how often this model's simulated votes ratify. How often real votes do "
        "at that probability is known only as far as it has been checked.",
    ]
    return found


# Priors against posterior


def _parameters(page: PageContext, found: Sequence[ParameterSummary]) -> Figure:
    rows: list[dict[str, Any]] = [
        {
            "name": p.name,
            "low": p.q05,
            "mean": p.mean,
            "high": p.q95,
            "prior_low": p.prior_q05,
            "prior_high": p.prior_q95,
        }
        for p in found
    ]
    narrowed = max(found, key=lambda p: 1 - (p.q95 - p.q05) / (p.prior_q95 - p.prior_q05))
    gain = 1 - (narrowed.q95 - narrowed.q05) / (narrowed.prior_q95 - narrowed.prior_q05)
    told = (
        f"taught most about {narrowed.name} ({narrowed.meaning}), whose interval narrowed by "
        f"{100 * gain:.0f}%"
        if gain > 0.05
        else "narrowed hardly any interval"
    )
    return Figure(
        id=page.id("chart-parameters"),
        title=f"The evidence {told}: 90% intervals before (pale, thick) and after",
        alt="Prior and posterior 90% intervals. "
        + "; ".join(
            f"{p.name}: {p.prior_q05:.2f} to {p.prior_q95:.2f} before, "
            f"{p.q05:.2f} to {p.q95:.2f} after"
            for p in found
        ),
        spec=charts.drawn(
            _intervals,
            tuple(row["name"] for row in rows),
            height=max(2, len(rows)) * charts.ROW,
            data={charts.ROWS: rows},
        ),
        table=DataTable(
            caption="Parameters on the model's scale (logit), 90% intervals",
            heads=("Parameter", "What it is", "Before", "After", "Mean"),
            rows=[
                (
                    p.name,
                    p.meaning,
                    f"{p.prior_q05:.2f} to {p.prior_q95:.2f}",
                    f"{p.q05:.2f} to {p.q95:.2f}",
                    f"{p.mean:.2f}",
                )
                for p in found
            ],
            numeric=frozenset({2, 3, 4}),
        ),
    )


def _intervals(order: Sequence[str]) -> charts.Chart:
    base = alt.Chart(charts.rows()).encode(
        y=alt.Y("name:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=190))
    )
    axis = alt.Axis(title="logit scale", tickCount=6)
    before = base.mark_rule(strokeWidth=9, opacity=0.3, color=charts.OPEN).encode(
        x=alt.X("prior_low:Q", axis=axis), x2="prior_high:Q"
    )
    after = base.mark_rule(strokeWidth=3, color=charts.ACCENT).encode(x="low:Q", x2="high:Q")
    mean = base.mark_point(filled=True, size=60, color=charts.ACCENT, opacity=1).encode(x="mean:Q")
    return before + after + mean


def _diagnostics(found: Sequence[ParameterSummary]) -> DataTable:
    return DataTable(
        caption="Convergence by parameter (ArviZ): R-hat, bulk and tail effective sample size",
        heads=("Parameter", "R-hat", "Bulk", "Tail"),
        rows=convergence(found),
        numeric=frozenset({1, 2, 3}),
    )


# Posterior predictive check


def _replicas(page: PageContext) -> tuple[Replicated, ...]:
    round_id = page.run.forecast.round
    posterior = page.first.posterior
    if round_id not in posterior.layout.members:
        return ()
    reports = [
        report
        for report in page.run.evidence.of_round(round_id)
        if report.id not in page.hidden.reports
    ]
    return replicate(page.run.case, posterior, round_id, reports)


def _check(page: PageContext, replicas: Sequence[Replicated]) -> Figure:
    inside = sum(CENTRAL[0] <= entry.rank <= CENTRAL[1] for entry in replicas)
    rows: list[dict[str, Any]] = [
        {"report": entry.report.id, "rank": entry.rank, "said": said(entry.report)}
        for entry in replicas
    ]
    return Figure(
        id=page.id("chart-check"),
        title=f"{inside} of {wording.plural(len(replicas), 'number')} reported lie in the middle "
        "90% of what the fitted model would have produced",
        alt="Where each reported number lies among its replicates. "
        + "; ".join(f"{row['report']}: {100 * row['rank']:.0f} of 100 below" for row in rows),
        spec=charts.drawn(
            _ranks,
            tuple(row["report"] for row in rows),
            height=max(2, len(rows)) * charts.ROW,
            data={charts.ROWS: rows, "band": [{"low": CENTRAL[0], "high": CENTRAL[1]}]},
        ),
        table=DataTable(
            caption="Posterior predictive check: reported against replicated",
            heads=("Report", "What was said", "Replicated, 90% range", "Below it"),
            rows=[
                (
                    entry.report.id,
                    said(entry.report),
                    _range(entry),
                    f"{100 * entry.rank:.0f} of 100",
                )
                for entry in replicas
            ],
            numeric=frozenset({2, 3}),
        ),
    )


def _range(entry: Replicated) -> str:
    low, high = entry.replicates.q05, entry.replicates.q95
    if entry.quantity == "margin":
        return f"margin {low:,.0f} to {high:,.0f}"
    return f"{entry.quantity} {wording.share(low)} to {wording.share(high)}"


def _ranks(order: Sequence[str]) -> charts.Chart:
    scale = alt.Scale(domain=[0, 1])
    band = (
        alt.Chart(charts.rows("band"))
        .mark_rect(opacity=0.12, color=charts.ACCENT)
        .encode(x=alt.X("low:Q", scale=scale), x2="high:Q")
    )
    points = (
        alt.Chart(charts.rows())
        .mark_point(filled=True, size=70, color=charts.ACCENT, opacity=1)
        .encode(
            x=alt.X("rank:Q", scale=scale, axis=charts.share_axis("share of replicates below it")),
            y=alt.Y("report:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=190)),
            tooltip=["report:N", "said:N"],
        )
    )
    return band + points
