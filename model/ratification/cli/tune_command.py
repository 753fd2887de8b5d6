"""`ratify tune CASE`."""

import json
from typing import Any

import click

from ratification.cli.asking import Asked, answer_options
from ratification.cli.options import Staged, Waiting, case_argument

LEAVE_ONE_OUT = "leave-one-out"


@click.command("tune")
@case_argument
@answer_options
@click.option(
    "--skip",
    type=click.Choice([LEAVE_ONE_OUT]),
    help="Leave out what takes long: a fit for every union that has reported.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(case: str, skip: str | None, as_json: bool, **options: Any) -> None:
    """What the priors say, what the reports taught, and whether the model suits them.

    \b
    ratify tune sebac-2011 --as-of 2011-06-22
    ratify tune sebac-2011 --as-of 2011-06-22 --set tau_union=0.4 --skip leave-one-out
    ratify tune sebac-2011 --as-of 2011-06-22 --json

    Priors in shares of votes, before and after the reports; whether the model would have produced
    what was reported; whether prior or reports decide the answer; each union as if it had not
    reported; how well the fit was sampled. Priors are changed with --set, or in a notebook.
    """
    asked = Asked(**options)
    with Waiting(quiet=False) as waiting:
        from ratification.api.tuning import tune

        stages = Staged(waiting.tell)
        found = tune(
            asked.loaded(case),
            leave_one_out=skip != LEAVE_ONE_OUT,
            progress=stages.begin,
            **asked.options(),
            runs=asked.runs(stages.tell),
        )
    from ratification.output.views.tune import tuning_object, tuning_view

    if as_json:
        click.echo(json.dumps(tuning_object(found), indent=1))
    else:
        from ratification.output.terminal import console

        console().print(tuning_view(found))
