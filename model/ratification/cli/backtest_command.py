"""`ratify backtest [CASE...]`."""

import csv
import io
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ratification.cli.asking import engine_option, force_option, refuse_existing, seed_option
from ratification.cli.job_options import JobOptions, job_options
from ratification.cli.options import Waiting

if TYPE_CHECKING:
    from ratification.inference.posterior import EngineChoice
    from ratification.validation.orders import OrderName

NAMES = (
    "random",
    "actual",
    "largest-last",
    "smallest-last",
    "favourable-first",
    "unfavourable-first",
)


@click.command("backtest")
@click.argument("cases", metavar="[CASE]...", nargs=-1)
@click.option(
    "--order",
    "orders",
    multiple=True,
    type=click.Choice(NAMES),
    help="Only this order of reporting; may be repeated (default: all).",
)
@click.option(
    "--random-orders",
    type=click.IntRange(1, 1000),
    default=3,
    show_default=True,
    metavar="N",
    help="How many random orders of each vote.",
)
@click.option(
    "--worlds",
    type=int,
    default=1000,
    show_default=True,
    metavar="N",
    help="Simulated complete results of each forecast.",
)
@seed_option
@click.option(
    "--learn",
    type=click.Choice(["priors", "leanings"]),
    help="Learn priors from the votes of all other polling days; 'leanings': also how unions that "
    "recur lean.",
)
@engine_option("instant")
@job_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--csv", "as_csv", is_flag=True, help="Print every forecast and its scores as CSV.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write an HTML page with reliability diagrams and the worst misses.",
)
@force_option
def command(
    cases: tuple[str, ...],
    orders: "tuple[OrderName, ...]",
    random_orders: int,
    worlds: int,
    seed: int,
    learn: str | None,
    engine: "EngineChoice",
    jobs: JobOptions,
    as_json: bool,
    as_csv: bool,
    report: Path | None,
    force: bool,
) -> None:
    """How good the forecasts are: finished votes replayed stage by stage, and scored.

    \b
    ratify backtest australia --learn priors
    ratify backtest sebac-2011 --order actual --order favourable-first
    ratify backtest my-vote-2019 my-vote-2023 --report backtest.html

    A case is a folder, or the name of a shipped one, whose final result its evidence settles;
    `australia` stands for 28 referendums. Without a name all that are shipped are replayed.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv are two ways to print the same: choose one")
    if report is not None:
        refuse_existing(report, force)
    with Waiting(quiet=False) as waiting:
        from ratification.api.backtests import backtest, backtest_cases, write_backtest
        from ratification.validation.learned_cases import Learner
        from ratification.validation.orders import ORDERS

        found = backtest(
            backtest_cases(cases),
            orders=orders or ORDERS,
            random_orders=random_orders,
            worlds=worlds,
            seed=seed,
            engine=engine,
            learn=Learner(leanings=learn == "leanings") if learn else None,
            progress=waiting.tell,
            **jobs.settings("backtest"),
        )
        if report is not None:
            waiting.tell("writing the report", 0, 0)
            options: dict[str, Any] = {"random-orders": random_orders, "worlds": worlds}
            options |= {"seed": seed, "engine": engine}
            write_backtest(report, found, command=_again(cases, orders, options, learn=learn))
    _print(found, as_json=as_json, as_csv=as_csv)
    if report is not None:
        click.echo(f"report: {report}", err=True)


def _print(found: Any, *, as_json: bool, as_csv: bool) -> None:
    from ratification.output.views.backtest import backtest_object, backtest_rows, backtest_view
    from ratification.validation.verdicts import summary

    if as_csv:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(backtest_rows(found))
        click.echo(out.getvalue(), nl=False)
    elif as_json:
        click.echo(json.dumps(backtest_object(found, summary(found)), indent=1))
    else:
        from ratification.output.terminal import console

        console().print(backtest_view(found, summary(found)))


def _again(
    cases: tuple[str, ...], orders: tuple[str, ...], options: dict[str, Any], *, learn: str | None
) -> str:
    """The command that makes the same numbers, ready for a shell."""
    said = ["ratify", "backtest", *cases]
    for order in orders:
        said += ["--order", order]
    for name, value in options.items():
        said += [f"--{name}", str(value)]
    said += ["--learn", learn] if learn else []
    return shlex.join(said)
