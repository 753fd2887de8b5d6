"""`ratify amend CASE`."""

import json
from typing import Any

import click

from ratification.cli.asking import Asked, answer_options, rule_options
from ratification.cli.options import Waiting, case_argument


@click.command("amend")
@case_argument
@answer_options
@rule_options("the one in force for this vote")
@click.option(
    "--target",
    default="0.9",
    show_default=True,
    metavar="CHANCE",
    help="The chance to reach, between 0 and 1: 0.9, '90%' or '9/10'.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def command(
    case: str, rule: str, axes: tuple[str, ...], target: str, as_json: bool, **options: Any
) -> None:
    """The smallest changes to the bylaws in force that make ratification likely enough.

    \b
    ratify amend sebac-2011 --as-of 2011-06-17
    ratify amend sebac-2011 --as-of 2011-06-17 --target 0.75 --rule 1996/ballots
    ratify amend rail-2022

    Other thresholds, conditions struck out, other readings and bylaws of the case; and how far
    opinion would have to move to do the same under the rule as it stands.
    """
    asked = Asked(**options)
    wanted = _chance(target)
    with Waiting(quiet=False) as waiting:
        from ratification.api import amend

        runs = asked.runs(waiting.tell)
        loaded = asked.loaded(case)
        found = amend(loaded, target=wanted, rule=rule, axes=axes, **asked.options(), runs=runs)
    from ratification.output.views.amend import amend_object, amend_view

    if as_json:
        click.echo(json.dumps(amend_object(found), indent=1))
    else:
        from ratification.output.terminal import console

        console().print(amend_view(found))


def _chance(text: str) -> float:
    """A chance between 0 and 1, however it is written.

    Raises:
        click.BadParameter: it is none.
    """
    from ratification.case.values import exact

    try:
        value = float(exact(text) if not text.startswith("-") else text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        value = -1.0
    if not 0 < value < 1:
        raise click.BadParameter(
            f"{text!r} is no chance between 0 and 1: write 0.9 or '90%'", param_hint="--target"
        )
    return value
