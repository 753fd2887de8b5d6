"""Options of commands that do many jobs: how many processes, where, and whether to go on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ratification.validation.jobs import JobSettings

Decorated = Callable[..., Any]
KEPT = "what is done is kept, and the same command goes on from there"

OPTIONS = (
    click.option(
        "--processes",
        default=1,
        show_default=True,
        type=click.IntRange(min=1),
        metavar="N",
        help="Share the work between so many processes of this machine. The results are the same.",
    ),
    click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Share it between the workers of a running Dask scheduler: 'tcp://10.0.0.1:8786'.",
    ),
    click.option(
        "--fresh",
        is_flag=True,
        help="Work everything out anew, also what an earlier run, finished or not, has kept.",
    ),
    click.option(
        "--store",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Keep and find finished parts here (default: the user's cache folder).",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """The options of one command, as click gives them."""

    processes: int
    scheduler: str | None
    fresh: bool
    store: Path | None

    def settings(self, command: str) -> "JobSettings":
        """What `run_jobs` takes. What a command's jobs find is kept in one file."""
        from ratification.output.store import default_folder

        return {
            "processes": self.processes,
            "scheduler": self.scheduler,
            "fresh": self.fresh,
            "kept": (self.store or default_folder()) / "jobs" / f"{command}.jsonl",
        }


def job_options(function: Decorated) -> Decorated:
    """Give a command these options, as one argument `jobs`."""

    @wraps(function)
    def command(
        *, processes: int, scheduler: str | None, fresh: bool, store: Path | None, **others: Any
    ) -> Any:
        jobs = JobOptions(processes=processes, scheduler=scheduler, fresh=fresh, store=store)
        try:
            return function(jobs=jobs, **others)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(KEPT) from None

    decorated: Decorated = command
    for option in reversed(OPTIONS):
        decorated = option(decorated)
    return decorated
