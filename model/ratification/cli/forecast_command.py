"""`ratify forecast CASE`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import click

from ratification.cli.asking import Asked, force_option, forecast_options, refuse_existing
from ratification.cli.options import Waiting, case_argument


@click.command("forecast")
@case_argument
@forecast_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--timings", is_flag=True, help="Also say how many seconds each stage took.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write the HTML report to this file.",
)
@force_option
def command(
    case: str, as_json: bool, timings: bool, report: Path | None, force: bool, **options: Any
) -> None:
    """How likely ratification is, under every bylaw of a case.

    \b
    ratify forecast sebac-2011 --as-of 2011-06-24
    ratify forecast sebac-2011 --as-of 2011-06-22 --assume "council-4 rejected"
    ratify forecast sebac-2011 --as-of 2011-06-24 --scenario revote --bylaws july-2011

    The first run compiles the model, which can take a minute or two; asking the same evidence
    about other bylaws answers at once. The yes count always comes first.
    """
    asked = Asked(**options)
    if report is not None:
        refuse_existing(report, force)
    with Waiting(quiet=False) as waiting:

        @cache
        def preview() -> None:
            """Show the instant answer to someone who would else wait for the sampled one."""
            from ratification.output.terminal import preview_view

            early = asked.preview(case, waiting.tell) if waiting.watched and not as_json else None
            if early is not None:
                waiting.show(preview_view(early.forecast))

        found = asked.run(case, asked.runs(waiting.tell, before_sampling=preview))
        if report is not None:
            from ratification.api import write_report

            waiting.tell("writing the report", 0, 0)
            write_report(report, [found], commands=[asked.command(case)])
    seconds = waiting.seconds if timings else None
    if as_json:
        from ratification.output.contract import forecast_object

        told = forecast_object(found.forecast, seconds)
        click.echo(json.dumps(told, indent=1))
    else:
        from ratification.output.terminal import console, forecast_view

        console().print(forecast_view(found.forecast))
        for stage, spent in (seconds or {}).items():
            click.echo(f"{spent:8.2f} s  {stage}", err=True)
    if report is not None:
        click.echo(f"report: {report}", err=True)
