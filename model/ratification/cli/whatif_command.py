"""`ratify whatif CASE`."""

import csv
import json
import sys
from typing import Any

import click

from ratification.cli.asking import Asked, answer_options
from ratification.cli.options import Waiting, case_argument


@click.command("whatif")
@case_argument
@answer_options
@click.option("--each", is_flag=True, help="What each result of each open union would do.")
@click.option("--refit", is_flag=True, help="Fit what is assumed anew, whatever worlds tell.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--csv", "as_csv", is_flag=True, help="With --each: a row a result and reading.")
def command(
    case: str, each: bool, refit: bool, as_json: bool, as_csv: bool, **options: Any
) -> None:
    """How the chances would change if a result came in, or a report were left out.

    \b
    ratify whatif sebac-2011 --as-of 2011-06-20 --assume "council-4 rejected"
    ratify whatif sebac-2011 --as-of 2011-06-22 --without local-387
    ratify whatif sebac-2011 --as-of 2011-06-20 --each

    An assumed outcome is looked up in the simulated votes that end so, without a second fit; the
    difference is paired. A count, an abstention or a report left out needs a second fit, and
    --refit asks for one where few simulated votes end as assumed.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv: ask for one")
    if as_csv and not each:
        raise click.UsageError("--csv goes with --each")
    if each and refit:
        raise click.UsageError("--each looks results up in the simulated votes: no --refit")
    asked = Asked(**options)
    if each:
        _each(asked, case, as_json, as_csv)
        return
    with Waiting(quiet=False) as waiting:
        from ratification.api import whatif

        loaded = asked.loaded(case)
        found = whatif(loaded, refit=refit, **asked.options(), runs=asked.runs(waiting.tell))
    from ratification.output.terminal import console
    from ratification.output.views.whatif import whatif_object, whatif_view

    if as_json:
        click.echo(json.dumps(whatif_object(found), indent=1))
    else:
        console().print(whatif_view(found))


def _each(asked: Asked, case: str, as_json: bool, as_csv: bool) -> None:
    with Waiting(quiet=False) as waiting:
        from ratification.api import whatif_each

        loaded = asked.loaded(case)
        run, found = whatif_each(loaded, **asked.options(), runs=asked.runs(waiting.tell))
    from ratification.output.terminal import console
    from ratification.output.views import whatif as told

    if as_json:
        click.echo(json.dumps(told.each_object(run, found), indent=1))
    elif as_csv:
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerow(told.HEADS)
        table.writerows(told.each_rows(found))
    else:
        keys = [chosen.key for chosen in run.readings] if asked.bylaws else [run.main.key]
        console().print(told.each_view(run, found, keys))
