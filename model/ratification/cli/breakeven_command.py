"""`ratify breakeven CASE`."""

import json
from typing import Any

import click

from ratification.cli.asking import Asked, answer_options
from ratification.cli.options import Waiting, case_argument


@click.command("breakeven")
@case_argument
@answer_options
@click.option(
    "--target",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.5,
    show_default=True,
    help="The chance that counts as another answer.",
)
@click.option(
    "--strongest",
    type=click.FloatRange(0, 5, min_open=True),
    default=2.0,
    show_default=True,
    metavar="LOGIT",
    help="How strong an effect to try, both ways.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(case: str, target: float, strongest: float, as_json: bool, **options: Any) -> None:
    """How strong the effect of published early returns must be to change the answer.

    \b
    ratify breakeven sebac-2011 --as-of 2011-06-20
    ratify breakeven sebac-2011 --as-of 2011-06-20 --bylaws 1996 --target 0.1

    The strength is held fixed and swept: about ten fits, each kept. Only a vote of which some
    results are out, and others are not, can be moved.
    """
    asked = Asked(**options)
    with Waiting(quiet=False) as waiting:
        from ratification.api import break_even

        loaded = asked.loaded(case)
        runs = asked.runs(waiting.tell)
        found = break_even(loaded, target=target, strongest=strongest, **asked.options(), runs=runs)
    from ratification.output.terminal import console
    from ratification.output.views.breakeven import breakeven_object, breakeven_view

    if as_json:
        click.echo(json.dumps(breakeven_object(found), indent=1))
    else:
        console().print(breakeven_view(found))
