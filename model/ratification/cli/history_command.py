"""`ratify history CASE`."""

import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ratification.cli.options import case_argument, store_option
from ratification.errors import RequestError

if TYPE_CHECKING:
    from ratification.output.ledger import Ledger, State


@click.command("history")
@case_argument
@click.option(
    "--bylaws",
    multiple=True,
    metavar="ID",
    help="Columns of the table: '1996' or '1996/ballots' (default: the first few).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--csv", "as_csv", is_flag=True, help="Print one CSV row for each rule and state.")
@store_option
def command(
    case: str, bylaws: tuple[str, ...], as_json: bool, as_csv: bool, store: Path | None
) -> None:
    """List what a case's report said while it was watched, state by state.

    \b
    ratify history my-case
    ratify history my-case --csv > night.csv

    `ratify watch` keeps every state that it accepted in a ledger beside the kept runs: what
    arrived, every rule's chance with its error, and the hash of what it rests on.
    """
    from ratification.output.ledger import Ledger
    from ratification.output.store import default_folder
    from ratification.output.views.history import columns, history_object, history_view

    if as_json and as_csv:
        raise click.UsageError("--json and --csv are two ways to print the same: choose one")
    folder = _folder(case)
    ledger = Ledger(store or default_folder())
    states = ledger.states(folder)
    if as_json:
        click.echo(json.dumps(history_object(folder, str(ledger.path), states), indent=1))
        return
    if not states:
        click.echo(_nothing(ledger, folder), err=True)
    if as_csv:
        _print_csv(states)
    elif states:
        from ratification.output.terminal import console

        shown = columns(states, bylaws)
        if not shown:
            raise RequestError(f"no state has bylaws {' or '.join(bylaws)}")
        console().print(history_view(case, states, shown))
        click.echo(f"{len(states)} states in {ledger.path}", err=True)


def _folder(case: str) -> str:
    """The case's folder in full. One that is gone since still has its history."""
    from ratification.case.folder import find

    try:
        return str(find(case).resolve())
    except RequestError:
        return str(Path(case).resolve())


def _nothing(ledger: "Ledger", folder: str) -> str:
    """That there is no state, and where there are some."""
    told = f"no state of {folder} is in {ledger.path}: `ratify watch` keeps them"
    others = ledger.folders()
    return f"{told}. It has states of: {', '.join(others)}" if others else told


def _print_csv(states: "Sequence[State]") -> None:
    from ratification.output.views.history import CSV_HEAD, history_rows

    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(CSV_HEAD)
    table.writerows(history_rows(states))
