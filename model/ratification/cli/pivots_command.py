"""`ratify pivots CASE`."""

import json
from typing import Any

import click

from ratification.cli.asking import Asked, answer_options
from ratification.cli.options import Waiting, case_argument


@click.command("pivots")
@case_argument
@answer_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--timings", is_flag=True, help="Also say how many seconds each stage took.")
def command(case: str, as_json: bool, timings: bool, **options: Any) -> None:
    """Which unions and counts matter, under every bylaw of a case.

    \b
    ratify pivots sebac-2011 --as-of 2011-06-22
    ratify pivots sebac-2011 --as-of 2011-06-22 --bylaws 1996 --json

    Power is of the rule alone. Pivotal: how often the result would turn if a union's yes and no
    were exchanged. Tells: how far the chance differs between its approving and its rejecting. Also:
    who can block, what is still out and what must happen.
    """
    asked = Asked(**options)
    with Waiting(quiet=False) as waiting:
        run = asked.run(case, asked.runs(waiting.tell))
        waiting.tell("finding who matters", 0, 0)
        from ratification.answers.pivots import pivots_of

        found = pivots_of(run)
    seconds = waiting.seconds if timings else None
    if as_json:
        from ratification.output.views.pivots import pivots_object

        click.echo(json.dumps(pivots_object(found, seconds), indent=1))
        return
    from ratification.output.terminal import console
    from ratification.output.views.pivots import pivots_view

    console().print(pivots_view(found))
    for stage, spent in (seconds or {}).items():
        click.echo(f"{spent:8.2f} s  {stage}", err=True)
