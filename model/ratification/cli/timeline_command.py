"""`ratify timeline CASE`."""

import json
from typing import TYPE_CHECKING, Any

import click

from ratification.cli.asking import Asked, answer_options
from ratification.cli.options import Waiting, case_argument

if TYPE_CHECKING:
    from ratification.answers.timeline import By


@click.command("timeline")
@case_argument
@answer_options
@click.option(
    "--by",
    type=click.Choice(["day", "report"]),
    default="day",
    show_default=True,
    help="A forecast after each day on which something was reported, or after each report.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one row per moment and rule.")
def command(case: str, by: "By", as_json: bool, as_csv: bool, **options: Any) -> None:
    """How the forecast moved, and what moved it: day by day, or report by report.

    \b
    ratify timeline sebac-2011 --bylaws 1996 --bylaws july-2011
    ratify timeline sebac-2011 --as-of 2011-06-22 --by report
    ratify timeline sebac-2011 --scenario revote --as-of 2011-08-16

    Each day is forecast from what was known at its end, exactly as `ratify forecast --as-of DAY`
    does it. Days that the instant engine does not answer go to NUTS, which takes minutes; with
    --engine instant they stay without an answer, and say why.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv are two ways to print the same: choose one")
    asked = Asked(**options)
    with Waiting(quiet=False) as waiting:
        found = asked.timeline(case, waiting.tell, by=by)
    from ratification.output.views.timeline import timeline_csv, timeline_object, timeline_view

    if as_json:
        click.echo(json.dumps(timeline_object(found), indent=1))
    elif as_csv:
        click.echo(timeline_csv(found), nl=False)
    else:
        from ratification.output.terminal import console

        console().print(timeline_view(found, asked.loaded(case).electorate))
