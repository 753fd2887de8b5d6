"""`ratify add CASE`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ratification.cli.options import case_argument

if TYPE_CHECKING:
    from ratification.api import CaseStanding

_UNITS = "Units (one, '*' for all, class:local, or council-4 - local-391)"
_REPORTED = "Reported (the day it became known, such as 2011-06-24)"
# What is asked for each kind: its columns with their questions. Other kinds have low and high.
_COUNTED = {"yes": "Yes ballots", "no": "No ballots"}
_RANGE = {"low": "At least (may be blank)", "high": "At most (may be blank)"}
_VALUES: Mapping[str, Mapping[str, str]] = {
    "count": _COUNTED,
    "partial": _COUNTED,
    "poll": _COUNTED,
    "outcome": {"result": "Result (approved, rejected or abstained)"},
}


@click.command("add")
@case_argument
@click.option(
    "--units", metavar="UNITS", help="A unit, '*', 'class:local', or 'council-4 - local-391'."
)
@click.option("--kind", metavar="KIND", help="count, partial, outcome, share, margin, ...")
@click.option("--reported", metavar="DAY", help="When it became known: 2011-06-24.")
@click.option("--yes", metavar="N", help="Yes ballots.")
@click.option("--no", metavar="N", help="No ballots.")
@click.option("--low", metavar="X", help="Lowest value: ballots, or a share such as 57%.")
@click.option("--high", metavar="X", help="Highest value.")
@click.option("--result", metavar="RESULT", help="approved, rejected or abstained.")
@click.option("--source", metavar="TEXT", help="Who reported it.")
@click.option("--note", metavar="TEXT", help="Anything worth knowing.")
@click.option("--replaces", metavar="ID", help="The report this one corrects.")
@click.option("--private", is_flag=True, help="Keep it out of public reports.")
@click.option("--round", "round_id", metavar="ID", help="Ballot round (default: target).")
@click.option("--id", "identity", metavar="ID", help="Id of the row (default: made up).")
def command(
    case: str, round_id: str | None, identity: str | None, **given: str | bool | None
) -> None:
    """Record one report in a case: from options, or asking for what is missing.

    \b
    ratify add my-case --units local-391 --kind count --yes 527 --no 955 --reported 2011-06-24

    The report is checked against the case before anything is written; then it shows what it
    changes in standing, and which other report it differs from.
    """
    from ratification.api import load, standing
    from ratification.case.folder import find, shipped
    from ratification.case.recording import add_report, suggest_id
    from ratification.errors import RequestError

    loaded = load(case)
    if not Path(case).is_dir() and case in shipped():
        raise RequestError(
            f"{case!r} is a shipped case: copy its folder {find(case)} and add to the copy"
        )
    before = standing(loaded, round_id=round_id)
    cells = _asked({name: _text(value) for name, value in given.items()})
    cells["round"] = before.round
    cells["id"] = identity or suggest_id(loaded, cells["units"], cells["kind"], cells["reported"])
    report = add_report(find(case), cells)
    after = standing(load(case), round_id=before.round)
    click.echo(f"recorded {report.id} in {case}")
    click.echo("\n".join(_changes(before, after)) or "no standing changes")
    for warning in after.facts.warnings:
        if warning not in before.facts.warnings:
            click.echo(f"sources differ: {warning}")


def _asked(cells: dict[str, str]) -> dict[str, str]:
    """The cells with what is missing asked for; a kind that does not exist is refused at once.

    Raises:
        RequestError: there is no such kind.
    """
    from ratification.case.evidence import KINDS
    from ratification.case.unitsets import near_miss
    from ratification.errors import RequestError

    for name, question in (
        ("units", _UNITS),
        ("kind", f"Kind ({', '.join(KINDS)})"),
        ("reported", _REPORTED),
    ):
        cells[name] = cells[name] or click.prompt(question, err=True)
        if name == "kind" and cells[name] not in KINDS:
            near = near_miss(cells[name], KINDS)
            raise RequestError(f"unknown kind {cells[name]!r}.{near} Kinds: {', '.join(KINDS)}")
    ranged = cells["low"] or cells["high"]
    for name, question in {} if ranged else _VALUES.get(cells["kind"], _RANGE).items():
        cells[name] = cells[name] or click.prompt(
            question, default="", show_default=False, err=True
        )
    return cells


def _changes(before: "CaseStanding", after: "CaseStanding") -> Iterator[str]:
    """What a report changes in standing, and why."""
    for name, union in after.unions.items():
        if union != before.unions[name]:
            yield f"  {name}: {before.unions[name].status} -> {union.status}"
    for key, verdict in after.rules.items():
        if verdict.status != before.rules[key].status:
            yield f"  {key}: {before.rules[key].status} -> {verdict.status}"
            yield f"    {verdict.because}"


def _text(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return value or ""
