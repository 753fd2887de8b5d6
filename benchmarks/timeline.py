"""A timeline against one forecast: whole cold processes by the instant engine.

Every day of the founding case's first vote on which something was reported, and the beginning
before any report, each forecast on its own. The yardstick is one cold forecast of the dearest day,
the last, with all evidence. A second timeline finds every fit and every world in the store.
"""

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measuring import Ratio, alternately, median, ratify, seconds_of, show, spread

CASE = "sebac-2011"
GOAL = 6.0


def main() -> None:
    """Time both in turn, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each, in turn (default: 3)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folders = (str(Path(scratch, str(number))) for number in itertools.count())
        show("Whole processes, medians", list(measured(folders, asked.runs)))


def measured(folders: Iterator[str], runs: int) -> Iterator[Ratio]:
    """The timeline, cold and kept, over a cold forecast."""
    kept: list[str] = []

    def cold_timeline() -> float:
        kept.append(next(folders))
        return seconds("timeline", kept[-1])

    timelines, forecasts = alternately(
        cold_timeline, lambda: seconds("forecast", next(folders)), runs
    )
    told = f"timeline {spread(timelines)} s, forecast {spread(forecasts)} s"
    print(told, file=sys.stderr)
    yardstick = median(forecasts)
    yield Ratio(
        name="cold timeline / cold forecast of the last day",
        value=median(timelines),
        yardstick=yardstick,
        at_most=GOAL,
    )
    again = median([seconds("timeline", folder) for folder in kept])
    yield Ratio(name="kept timeline / the same forecast", value=again, yardstick=yardstick)


def seconds(command: str, store: str) -> float:
    """Seconds of one command on all evidence."""
    return seconds_of([ratify(), command, CASE, "--engine", "instant", "--json", "--store", store])


if __name__ == "__main__":
    main()
