"""`ratify compare CASE`."""

import csv
import json
import sys
from typing import Any

import click

from ratification.cli.asking import Asked, answer_options
from ratification.cli.options import Waiting, case_argument


@click.command("compare")
@case_argument
@answer_options
@click.option(
    "--adoption",
    multiple=True,
    metavar="BYLAWS=CHANCE",
    help="How likely bylaws are to be adopted before the vote: 'july-2011=0.7'.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--csv", "as_csv", is_flag=True, help="Print one row a scenario and reading.")
def command(
    case: str, adoption: tuple[str, ...], as_json: bool, as_csv: bool, **options: Any
) -> None:
    """Every scenario of a vote by every bylaw of the case, in one table.

    \b
    ratify compare sebac-2011 --round 2011-08 --as-of 2011-08-16
    ratify compare sebac-2011 --scenario revote --as-of 2011-07-05 --adoption july-2011=0.6

    Each chance comes with its difference from the bylaws in force and from the vote without a
    scenario, and with the error of that difference. To compare several cases: ratify report.
    """
    if as_json and as_csv:
        raise click.UsageError("--json and --csv: ask for one")
    asked = Asked(**options)
    chances = dict(_chance(text) for text in adoption)
    with Waiting(quiet=False) as waiting:
        from ratification.api import compare

        loaded = asked.loaded(case)
        runs = asked.runs(waiting.tell)
        found = compare(loaded, adoption=chances, **asked.options(), runs=runs)
    from ratification.output.terminal import console
    from ratification.output.views import comparison as told

    if as_json:
        click.echo(json.dumps(told.comparison_object(found), indent=1))
    elif as_csv:
        table = csv.writer(sys.stdout, lineterminator="\n")
        table.writerow(told.HEADS)
        table.writerows(told.comparison_rows(found))
    else:
        console().print(told.comparison_view(found))


def _chance(text: str) -> tuple[str, float]:
    """`july-2011=0.7` or `july-2011=70%`."""
    name, equals, number = text.partition("=")
    try:
        value = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        equals, value = "", 0.0
    if not equals or not 0 <= value <= 1:
        raise click.BadParameter(
            f"{text!r}: write bylaws=chance with a chance from 0 to 1, such as july-2011=0.7",
            param_hint="--adoption",
        )
    return name.strip(), value
