"""`ratify new DIR`."""

from pathlib import Path

import click


@click.command("new")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Write into a folder that already holds files.")
def command(folder: Path, force: bool) -> None:
    """Write a small commented case to start from: it passes check and forecast as it stands."""
    from ratification.case.scaffold import write_new_case

    write_new_case(folder, force=force)
    click.echo(f"wrote {folder}: edit its four files, then run")
    click.echo(f"  ratify check {folder}")
    click.echo(f"  ratify forecast {folder}")
