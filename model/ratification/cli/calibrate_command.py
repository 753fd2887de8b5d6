"""`ratify calibrate CASE`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ratification.cli.asking import engine_option, force_option, refuse_existing, seed_option
from ratification.cli.job_options import JobOptions, job_options
from ratification.cli.options import Waiting, case_argument, checked_day

if TYPE_CHECKING:
    from ratification.inference.posterior import EngineChoice


@click.command("calibrate")
@case_argument
@click.option("--round", "round_id", metavar="ID", help="Ballot round (default: target).")
@click.option(
    "--as-of",
    metavar="DAY",
    help="The pattern of reports known by the end of this day (2011-06-24), or at a time.",
)
@click.option(
    "--bylaws",
    multiple=True,
    metavar="ID",
    help="Check the chance of these only: '1996' or '1996/ballots'. Default: all readings.",
)
@click.option(
    "--fits",
    default=1000,
    show_default=True,
    type=click.IntRange(50, 100_000),
    help="Votes simulated and fitted; a verdict needs 100.",
)
@seed_option
@engine_option("instant")
@job_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Also write an HTML page with rank plots to this file.",
)
@force_option
def command(
    case: str,
    round_id: str | None,
    as_of: str | None,
    bylaws: tuple[str, ...],
    fits: int,
    seed: int,
    engine: "EngineChoice",
    jobs: JobOptions,
    as_json: bool,
    report: Path | None,
    force: bool,
) -> None:
    """Whether the model is calibrated on a case: it must find again what it simulated.

    \b
    ratify calibrate sebac-2011 --as-of 2011-06-22
    ratify calibrate sebac-2011 --as-of 2011-06-22 --engine nuts --fits 200
    ratify calibrate my-case --report calibration.html

    Votes are simulated from the priors on the case's electorate, reported on in the pattern of its
    reports, and fitted. Of a right posterior the truth is as likely at one place as at any other.
    """
    checked_day(as_of)
    if report is not None:
        refuse_existing(report, force)
    with Waiting(quiet=False) as waiting:
        from ratification.api import calibrate, load

        found = calibrate(
            load(case),
            round_id=round_id,
            as_of=as_of,
            bylaws=bylaws,
            engine=engine,
            fits=fits,
            seed=seed,
            progress=waiting.tell,
            **jobs.settings("calibrate"),
        )
        if report is not None:
            from ratification.api import write_calibration

            waiting.tell("writing the page", 0, 0)
            write_calibration(report, found)
    from ratification.output.views.calibration import calibration_object, calibration_view

    if as_json:
        click.echo(json.dumps(calibration_object(found), indent=1))
    else:
        from ratification.output.terminal import console

        console().print(calibration_view(found))
    if report is not None:
        click.echo(f"report: {report}", err=True)
