"""`ratify sweep CASE`."""

import csv
import io
import json
from typing import Any

import click

from ratification.cli.asking import Asked, answer_options, rule_options
from ratification.cli.options import Waiting, case_argument
from ratification.errors import RequestError


@click.command("sweep")
@case_argument
@answer_options
@rule_options("the first of the case")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--csv", "as_csv", is_flag=True, help="Print every pair of thresholds as CSV.")
def command(
    case: str, rule: str, axes: tuple[str, ...], as_json: bool, as_csv: bool, **options: Any
) -> None:
    """How likely ratification is at every choice of two thresholds of the bylaws.

    \b
    ratify sweep sebac-2011 --as-of 2011-06-17
    ratify sweep sebac-2011 --as-of 2011-06-17 --rule 1996/ballots --csv
    ratify sweep sebac-2011 --rule later --axis "members of approving unions"

    All from the same simulated votes; the bylaws of the case are marked by letter.
    """
    if as_json and as_csv:
        raise RequestError("--json and --csv exclude each other: name one")
    asked = Asked(**options)
    with Waiting(quiet=False) as waiting:
        from ratification.api import sweep

        runs = asked.runs(waiting.tell)
        found = sweep(asked.loaded(case), rule=rule, axes=axes, **asked.options(), runs=runs)
    from ratification.output.views.sweep import sweep_object, sweep_rows, sweep_view

    if as_json:
        click.echo(json.dumps(sweep_object(found), indent=1))
    elif as_csv:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(sweep_rows(found))
        click.echo(out.getvalue(), nl=False)
    else:
        from ratification.output.terminal import console

        console().print(sweep_view(found))
