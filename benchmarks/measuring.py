"""What the benchmarks share: two things timed in turn, and a table of ratios against goals.

A benchmark never stands on seconds alone: whatever it times is timed beside a yardstick, in the
same run and in alternation, so that a busy machine slows both.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


def as_commands_run() -> None:
    """Begin again with the one thread of OpenBLAS that commands set, which it reads as it loads."""
    if "OPENBLAS_NUM_THREADS" not in os.environ:
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A measured thing over its yardstick, and the goal it is held to (None: only stated)."""

    name: str
    value: float  # seconds, or another unit that `unit` names
    yardstick: float
    unit: str = "s"
    at_most: float | None = None
    at_least: float | None = None

    @property
    def ratio(self) -> float:
        """Measured over yardstick."""
        return self.value / self.yardstick

    @property
    def goal(self) -> str:
        """The goal in words."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return f"at least {self.at_least:g}" if self.at_least is not None else ""

    @property
    def verdict(self) -> str:
        """Whether the goal is met."""
        if self.at_most is not None:
            return "met" if self.ratio <= self.at_most else "MISSED"
        if self.at_least is not None:
            return "met" if self.ratio >= self.at_least else "MISSED"
        return ""


def ratify() -> str:
    """The installed command beside the Python that runs this."""
    return str(Path(sys.executable).with_name("ratify"))


def seconds_of(command: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Wall seconds of one process, which must succeed; its output is swallowed."""
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    spent = time.perf_counter() - start
    if done.returncode:
        sys.exit(f"error: {' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return spent


def alternately(
    first: Callable[[], float], second: Callable[[], float], runs: int
) -> tuple[list[float], list[float]]:
    """Seconds of both, in turn; whoever goes first changes with every turn."""
    pair: tuple[list[float], list[float]] = ([], [])
    timed = (first, second)
    for turn in range(runs):
        for index in (0, 1) if turn % 2 == 0 else (1, 0):
            pair[index].append(timed[index]())
    return pair


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def spread(values: Sequence[float]) -> str:
    """Fastest and slowest, to show how quiet the machine was."""
    return f"{min(values):.2f} to {max(values):.2f}"


def show(title: str, ratios: Sequence[Ratio]) -> None:
    """Print the table of ratios."""
    heads = ("", "measured", "yardstick", "unit", "ratio", "goal", "")
    print_table(title, heads, [_row(ratio) for ratio in ratios])


def _row(entry: Ratio) -> tuple[str, ...]:
    numbers = (f"{entry.value:.4g}", f"{entry.yardstick:.4g}", entry.unit, f"{entry.ratio:.3g}")
    return (entry.name, *numbers, entry.goal, entry.verdict)


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns, the first to the left and the others to the right."""
    widths = [max(len(line[i]) for line in (heads, *rows)) for i in range(len(heads))]
    print(f"\n{title}")
    for line in (heads, *rows):
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        print("  ".join(cells).rstrip(), flush=True)
