"""`ratify add CASE`."""

from pathlib import Path

import click

from ratification.cli.options import case_argument

_ASKED = ("units", "kind", "reported")
_VALUES = {
    "count": ("yes", "no"),
    "partial": ("yes", "no"),
    "poll": ("yes", "no"),
    "outcome": ("result",),
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
    changes in standing.
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
    cells = {name: _text(value) for name, value in given.items()}
    for name in _ASKED:
        cells[name] = cells[name] or click.prompt(name, err=True)
    ranged = cells["low"] or cells["high"]
    for name in () if ranged else _VALUES.get(cells["kind"], ("low", "high")):
        cells[name] = cells[name] or click.prompt(name, default="", show_default=False, err=True)
    cells["round"] = round_id or loaded.target
    cells["id"] = identity or suggest_id(loaded, cells["units"], cells["kind"], cells["reported"])
    before = standing(loaded, round_id=cells["round"])
    report = add_report(find(case), cells)
    after = standing(load(case), round_id=cells["round"])
    click.echo(f"recorded {report.id} in {case}")
    changed = [
        f"  {name}: {before.unions[name].status} -> {after.unions[name].status}"
        for name in after.unions
        if after.unions[name] != before.unions[name]
    ]
    for key, verdict in after.rules.items():
        if verdict.status != before.rules[key].status:
            changed.append(f"  {key}: {before.rules[key].status} -> {verdict.status}")
            changed.append(f"    {verdict.because}")
    click.echo("\n".join(changed) if changed else "no standing changes")


def _text(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return value or ""
