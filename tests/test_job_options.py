"""The options of commands that do many jobs."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from ratification.cli.job_options import JobOptions, job_options
from ratification.output.store import default_folder


@click.command()
@click.option("--other")
@job_options
def counting(jobs: JobOptions, other: str | None) -> None:
    """A command that says what it was given."""
    click.echo(f"{jobs.settings('counting')} {other}")


def said(*arguments: str) -> str:
    """What the command says."""
    return CliRunner().invoke(counting, arguments, catch_exceptions=False).output


def test_options_become_the_arguments_of_run_jobs() -> None:
    """Without options one process works, and goes on from what the user's cache folder keeps."""
    kept = default_folder() / "jobs" / "counting.jsonl"
    plain = {"processes": 1, "scheduler": None, "fresh": False, "kept": kept}
    assert said("--other", "x") == f"{plain} x\n"


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        (["--processes", "3"], "processes", 3),
        (["--scheduler", "tcp://10.0.0.1:8786"], "scheduler", "tcp://10.0.0.1:8786"),
        (["--fresh"], "fresh", True),
        (["--store", "here"], "kept", Path("here/jobs/counting.jsonl")),
    ],
)
def test_every_option_is_passed_on(arguments: list[str], name: str, value: object) -> None:
    """No option is accepted and ignored."""
    assert f"{name!r}: {value!r}" in said(*arguments)


def test_no_processes_are_wrong_usage() -> None:
    """Zero processes are refused by name."""
    assert "Invalid value for '--processes'" in said("--processes", "0")
