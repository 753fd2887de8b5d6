"""The last line of the terminal while a case is watched; elsewhere one line per event."""

import sys
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import click


class LiveLine(AbstractContextManager["LiveLine"]):
    """A line on stderr that says what is being done, or how old the report is.

    It moves only on a terminal. What is printed goes to stdout; where both are one terminal, it
    goes above the line.
    """

    def __init__(self) -> None:
        self.live: Any = None
        self.stage, self.since = "", time.perf_counter()
        self.for_people = sys.stderr.isatty() and sys.stdout.isatty()

    def __enter__(self) -> "LiveLine":
        if sys.stderr.isatty():
            from rich.console import Console

            self.live = Console(stderr=True, highlight=False).status("looking")
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.live is not None:
            self.live.stop()

    def tell(self, stage: str, done: int, total: int) -> None:
        """Progress callback of a fit: a stage, and how much of it is done."""
        if stage != self.stage:
            self.stage, self.since = stage, time.perf_counter()
        share = f", {100 * done // total}%" if total else ""
        spent = time.perf_counter() - self.since
        self.show(f"{stage}{share}, {spent:.0f} s")

    def show(self, text: str) -> None:
        """Say something on the line, in place of what stands there."""
        if self.live is not None:
            from rich.text import Text

            self.live.update(Text(text))

    def print(self, view: Any, line: str) -> None:
        """Print an event: the view on a terminal, the line elsewhere."""
        if self.for_people:
            self.live.console.print(view)
        else:
            click.echo(line)
            sys.stdout.flush()

    def warn(self, text: str) -> None:
        """Print a line on stderr."""
        if self.live is not None:
            from rich.text import Text

            self.live.console.print(Text(text))
        else:
            click.echo(text, err=True)
