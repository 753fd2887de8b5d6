"""Options that several commands share, and the progress people see while they wait."""

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

import click

Decorated = Callable[..., Any]
Progress = Callable[[str, int, int], None]

NOTES = {
    "compiling": "compiling (the very first time takes a minute or two)",
    "handing over to NUTS": "handing over to NUTS, which takes a minute or more",
}
MOMENTARY = ("fitting, instant engine", "simulating complete results", "keeping the run")


def case_argument(function: Decorated) -> Decorated:
    """The case: a folder, or the name of a shipped one."""
    return click.argument("case", metavar="CASE")(function)


def evidence_options(function: Decorated) -> Decorated:
    """Which evidence counts."""
    for option in reversed(
        (
            click.option(
                "--round", "round_id", metavar="ID", help="Ballot round (default: target)."
            ),
            click.option(
                "--as-of",
                metavar="DAY",
                help="Use what was known by the end of this day (2011-06-24), or at a time.",
            ),
            click.option(
                "--assume",
                multiple=True,
                metavar="TEXT",
                help="Assume a result: 'council-4 rejected', 'local-391 527-955' (yes first).",
            ),
            click.option(
                "--without", multiple=True, metavar="ID", help="Leave a report out, by its id."
            ),
        )
    ):
        function = option(function)
    return function


def checked_day(day: str | None, option: str = "--as-of") -> str | None:
    """An `--as-of`, or another option's day, that can be read.

    Raises:
        click.BadParameter: it is no date or time.
    """
    from ratification.case.evidence import moment

    if day is not None:
        try:
            moment(day)
        except ValueError:
            raise click.BadParameter(
                f"{day!r} is no day such as 2011-06-24 or 2011-06-24T18:30", param_hint=option
            ) from None
    return day


class Waiting(AbstractContextManager["Waiting"]):
    """Shows on stderr what is being done, and keeps the seconds each stage took.

    On a terminal it moves; elsewhere, as in a log, each stage is one line when it begins.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.seconds: dict[str, float] = {}
        self.stage, self.since = "", time.perf_counter()
        self.quiet = quiet
        self.live: Any = None
        self.task: Any = None

    def __enter__(self) -> "Waiting":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close_stage()
        if self.live is not None:
            self.live.stop()

    def tell(self, stage: str, done: int, total: int) -> None:
        """Progress callback of a fit: a stage, and how much of it is done."""
        begins = stage != self.stage
        if begins:
            self._close_stage()
            self.stage, self.since = stage, time.perf_counter()
        if self.quiet:
            return
        if sys.stderr.isatty():
            self._show(stage, done, total)
        elif begins:
            click.echo(NOTES.get(stage, stage), err=True)

    @property
    def watched(self) -> bool:
        """Whether somebody looks on: progress goes to a terminal."""
        return not self.quiet and sys.stderr.isatty()

    def show(self, view: Any) -> None:
        """Print something for people above the progress."""
        if self.live is not None:
            self.live.console.print(view)
        else:
            from ratification.output.terminal import console

            console(stderr=True).print(view)

    def _close_stage(self) -> None:
        if self.stage:
            spent = time.perf_counter() - self.since
            self.seconds[self.stage] = round(self.seconds.get(self.stage, 0.0) + spent, 3)

    def _show(self, stage: str, done: int, total: int) -> None:
        if self.live is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
            from rich.progress import TimeElapsedColumn as Elapsed

            self.live = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                Elapsed(),
                console=Console(stderr=True),
                transient=True,
            )
            self.live.start()
            self.task = self.live.add_task(stage, total=None)
        self.live.update(
            self.task,
            description=NOTES.get(stage, stage),
            total=total or None,
            completed=done,
        )


class Staged:
    """Progress of many runs, one after another: whose turn it is, and what takes long of it."""

    def __init__(self, tell: Progress) -> None:
        self._tell = tell
        self._whose = ""

    def begin(self, name: str, number: int, of: int) -> None:
        """The next run begins."""
        self._whose = f"{name} ({number} of {of})" if of else name
        self._tell(self._whose, max(number - 1, 0), of)

    def tell(self, stage: str, done: int, total: int) -> None:
        """Progress callback of the run: its stages that are over in a moment go untold."""
        if stage not in MOMENTARY:
            self._tell(f"{self._whose}: {NOTES.get(stage, stage)}", done, total)


def store_option(function: Decorated) -> Decorated:
    """Where runs are kept."""
    return click.option(
        "--store",
        type=click.Path(file_okay=False, path_type=Path),
        metavar="DIR",
        help="Keep and find runs here (default: the user's cache folder).",
    )(function)


def open_store(folder: Path | None) -> Any:
    """The run store; its warnings go to stderr, each once."""
    from ratification.output.store import RunStore, default_folder

    told: set[str] = set()

    def warn(text: str) -> None:
        if text not in told:
            click.echo(f"warning: {text}", err=True)
        told.add(text)

    return RunStore(folder or default_folder(), warn)
