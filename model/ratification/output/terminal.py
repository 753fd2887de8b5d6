"""Forecasts and cases as terminal tables: made for reading on a terminal, plain when piped."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ratification.answers.forecast import CoalitionForecast, Forecast, RuleForecast, UnionForecast
from ratification.output import wording
from ratification.output.checks import in_short

BAR = 24  # cells of the longest bar


def forecast_view(forecast: Forecast) -> RenderableType:
    """A whole forecast: the answer first, then unions, the coalition, and what it rests on."""
    parts: list[RenderableType] = [heading(forecast), rules_table(forecast.rules)]
    parts += [_reasons(forecast.rules)]
    scenarios = dict.fromkeys(union.scenario for union in forecast.unions)
    for scenario in scenarios:
        title = "Union by union" if len(scenarios) == 1 else f"Union by union ({scenario})"
        parts.append(unions_table(title, [u for u in forecast.unions if u.scenario == scenario]))
    parts += [coalition_table(entry) for entry in forecast.coalition]
    parts.append(small_print(forecast))
    return Group(*parts)


def preview_view(forecast: Forecast) -> RenderableType:
    """The answer of the instant engine, while the sampled one is being made."""
    told = Text.assemble(
        ("PREVIEW by the instant engine", "bold"),
        f" ({forecast.worlds:,} simulated votes; {in_short(forecast.diagnostics)}). "
        "The sampled answer follows.\n",
    )
    return Group(heading(forecast), rules_table(forecast.rules), told)


def heading(forecast: Forecast) -> Text:
    """What an answer is about: case, round, day, number of reports."""
    day = f" as of {forecast.as_of}" if forecast.as_of else ""
    reports = "1 report" if forecast.reports == 1 else f"{forecast.reports} reports"
    return Text.assemble(
        (forecast.title, "bold"),
        f"\n{forecast.round_title} ({forecast.round}){day}, from {reports}\n",
    )


def rules_table(rules: Sequence[RuleForecast]) -> Table:
    """Each rule's chance with its error, standing, and the answer at other correlations."""
    table = Table(
        box=SIMPLE_HEAD, title="Will it be ratified?", title_justify="left", pad_edge=False
    )
    several = len({rule.scenario for rule in rules}) > 1
    table.add_column("Bylaws", no_wrap=True)
    table.add_column("Reading")
    if several:
        table.add_column("Scenario")
    for name in ("Chance", "error"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Standing", no_wrap=True)
    table.add_column("if unions move less / more together", justify="right")
    for rule in rules:
        decided = rule.standing != "open"
        cells = [escape(rule.bylaws), escape(rule.reading)]
        cells += [escape(rule.scenario)] if several else []
        cells += [
            f"[bold]{_chance(rule)}[/bold]",
            wording.error(rule.estimate.mcse, decided=decided),
            rule.standing,
            _sensitivity(rule),
        ]
        table.add_row(*cells)
    return table


def _chance(rule: RuleForecast) -> str:
    decided = rule.standing != "open"
    return wording.percent(rule.estimate.probability, mcse=rule.estimate.mcse, decided=decided)


def _sensitivity(rule: RuleForecast) -> str:
    if rule.standing != "open" or rule.sensitivity.correlation is None:
        return "-"
    mcse = rule.estimate.mcse
    weaker, stronger = rule.sensitivity.weaker, rule.sensitivity.stronger
    return f"{wording.percent(weaker, mcse=mcse)} / {wording.percent(stronger, mcse=mcse)}"


def _reasons(rules: Sequence[RuleForecast]) -> RenderableType:
    lines: list[tuple[str, str]] = []
    for rule in rules:
        key = f"{rule.bylaws}/{rule.reading}"
        if key in [name for name, _ in lines]:
            continue
        text = rule.because
        for roster, entry in rule.by_roster.items():
            text += f"; with roster {roster}: {wording.percent(entry.probability, mcse=entry.mcse)}"
        lines.append((key, text))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for key, text in lines:
        grid.add_row(Text(key, style="bold"), Text(text))
    return Padding(grid, (0, 0, 1, 0))


def unions_table(title: str, unions: Sequence[UnionForecast]) -> Table:
    """Chance to approve, yes share, turnout and standing of every union."""
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    table.add_column("Union", no_wrap=True)
    table.add_column("Members", justify="right")
    table.add_column("Approves", justify="right")
    table.add_column("Standing", no_wrap=True)
    table.add_column("Yes share (90% range)", justify="right", no_wrap=True)
    table.add_column("Turnout", justify="right", no_wrap=True)
    for union in unions:
        decided = union.standing != "open"
        chance = wording.percent(
            union.approves.probability, mcse=union.approves.mcse, decided=decided
        )
        share, turnout = union.yes_share, union.turnout
        table.add_row(
            escape(union.name),
            f"{union.members:,}",
            chance,
            union.standing,
            f"{wording.share(share.q50)} ({wording.interval(share.q05, share.q95)})",
            f"{wording.share(turnout.q50)}",
        )
    return table


def coalition_table(entry: CoalitionForecast) -> RenderableType:
    """How many unions approve, drawn as bars; and the coalition's shares."""
    table = Table(
        box=SIMPLE_HEAD, title="How many unions approve", title_justify="left", pad_edge=False
    )
    table.add_column("Unions", justify="right")
    table.add_column("Chance", justify="right")
    table.add_column("", no_wrap=True)
    top = max(entry.approving_unions)
    likely = [k for k, p in enumerate(entry.approving_unions) if p >= 0.005]
    for number in range(likely[0], likely[-1] + 1):
        p = entry.approving_unions[number]
        bar = "█" * round(BAR * p / top) or ("▏" if p else "")
        table.add_row(str(number), wording.percent(p, decided=p in (0.0, 1.0)), bar)
    yes, held = entry.yes_of_ballots, entry.members_of_approving_unions
    shares = Text(
        f"Yes of all ballots: {wording.share(yes.q50)} "
        f"({wording.interval(yes.q05, yes.q95)} in 9 of 10 simulated votes)\n"
        f"Members in approving unions: {wording.share(held.q50)} "
        f"({wording.interval(held.q05, held.q95)})\n"
    )
    return Group(table, shares)


def small_print(forecast: Forecast) -> Text:
    """What an answer rests on: assumptions, doubts, simulated votes, engine and its checks."""
    found = forecast.diagnostics
    rho = next(
        (
            r.sensitivity.correlation
            for r in forecast.rules
            if r.sensitivity.correlation is not None
        ),
        None,
    )
    lines = [*forecast.assumptions]
    lines += [f"sources differ: {warning}" for warning in forecast.warnings]
    if rho is not None:
        lines.append(
            f"open unions move together with correlation {rho:.2f}; "
            f"less: {rho / 2:.2f}, more: {(1 + rho) / 2:.2f}"
        )
    if forecast.nominal:
        lines.append(f"members not published, a nominal size used: {', '.join(forecast.nominal)}")
    if forecast.replaced:
        lines.append(f"{wording.plural(forecast.replaced, 'simulated vote')} copied from others")
    lines.append(
        f"{forecast.worlds:,} simulated votes, seed {forecast.seed}, engine {forecast.engine}; "
        + in_short(found)
    )
    if found.handed_over:
        lines.append(f"NUTS answered: {found.handed_over}")
    return Text("\n".join(lines), style="dim")


def console(*, width: int | None = None, stderr: bool = False) -> Console:
    """A console for people. Piped, it is as wide as its widest row needs, and without colour."""
    made = Console(stderr=stderr, highlight=False, width=width)
    if width is None and not made.is_terminal:
        made = Console(stderr=stderr, highlight=False, width=160)
    return made
