"""`ratify cases`."""

import click


@click.command("cases")
def command() -> None:
    """List the shipped cases, with what each is about."""
    from ratification.api import load, shipped

    cases = [load(name) for name in shipped()]
    width = max(len(case.id) for case in cases)
    for case in cases:
        unions, reports = len(case.electorate.unions), len(case.reports)
        click.echo(f"{case.id:<{width}}  {case.title} ({unions} unions, {reports} reports)")
