"""`ratify cases`."""

import click


@click.command("cases")
def command() -> None:
    """List the shipped cases, with what each is about."""
    from ratification.api import families, load, shipped

    cases = [load(name) for name in shipped()]
    told = [(case.id, case.title, len(case.electorate.unions), len(case.reports)) for case in cases]
    width = max(len(name) for name, *_ in told)
    for name, title, unions, reports in told:
        click.echo(f"{name:<{width}}  {title} ({unions} unions, {reports} reports)")
    for family, members in families().items():
        line = f"{len(members)} cases from one table, {members[0]} to {members[-1]}"
        click.echo(f"{family:<{width}}  {line} (for `ratify backtest {family}`)")
