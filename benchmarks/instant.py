"""The instant engine: whole cold commands, warm refits, and larger trees.

A cold command is a new process with an empty run store. Its yardsticks are the same command with
NUTS, whose compiled functions are cached, and `python -c "import numpy"`. A warm refit takes in one
more report in the same process, starting from the last fit's proposal; its yardstick is a NUTS
refit of the same evidence by a model that is compiled already.
"""

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from engine_cases import coalition, counts, deep
from measuring import Ratio, alternately, as_commands_run, median, ratify, seconds_of, show, spread
from ratification.api import load
from ratification.case.case import Case
from ratification.inference.fit import Engine
from ratification.inference.instant.engine import fit
from ratification.inference.layout import build_layout
from ratification.inference.structure import Layout

OF_NUTS, OF_NUMPY, OF_REFIT, OF_SEBAC = 0.1, 8.0, 0.05, 3.0
SEEDS = range(1, 8)
DAY, NEXT_DAY = "2011-06-22", "2011-06-24"


def main() -> None:
    """Time everything in turn, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each cold command (default: 5)")
    parser.add_argument("--without-nuts", action="store_true", help="leave out what takes minutes")
    asked = parser.parse_args()
    as_commands_run()
    with tempfile.TemporaryDirectory() as scratch:
        folders = (str(Path(scratch, str(number))) for number in itertools.count())
        show("Cold commands, medians", list(cold(folders, asked.runs, nuts=not asked.without_nuts)))
    show("Fits in one process", list(warm(nuts=not asked.without_nuts)))


def cold(folders: Iterator[str], runs: int, *, nuts: bool) -> Iterator[Ratio]:
    """Whole processes: with all evidence and half-way through, against NumPy and against NUTS."""
    for day in (None, DAY):
        name = f"instant, {day or 'all evidence'}"
        taken, numpy = alternately(
            lambda day=day: forecast("instant", next(folders), day),  # type: ignore[misc]
            lambda: seconds_of([sys.executable, "-c", "import numpy"]),
            runs,
        )
        print(f"{name}: {spread(taken)} s", file=sys.stderr)
        value = median(taken)
        yield Ratio(
            name=f"{name} / import numpy", value=value, yardstick=median(numpy), at_most=OF_NUMPY
        )
        if nuts:
            forecast("nuts", next(folders), day)  # fills the cache of compiled functions
            sampled = forecast("nuts", next(folders), day)
            yield Ratio(name=f"{name} / NUTS", value=value, yardstick=sampled, at_most=OF_NUTS)


def forecast(engine: str, store: str, day: str | None) -> float:
    """Seconds of one command with a store of its own."""
    command = [ratify(), "forecast", "sebac-2011", "--engine", engine, "--json", "--store", store]
    return seconds_of([*command, "--as-of", day] if day else command)


def warm(*, nuts: bool) -> Iterator[Ratio]:
    """Refits, and trees of 300 and 1,000 leaves against SEBAC."""
    sebac = load("sebac-2011")
    before, after = (layout_of(sebac, day) for day in (DAY, NEXT_DAY))
    start = fit(before, 1).proposal
    refit = median([timed(after, seed, start=start) for seed in SEEDS])
    if nuts:
        engine = Engine()
        engine.fit(before, 1)
        began = time.perf_counter()
        engine.fit(after, 1)
        sampled = time.perf_counter() - began
        name = "warm refit on new evidence / NUTS refit"
        yield Ratio(name=name, value=refit, yardstick=sampled, at_most=OF_REFIT)
    cold_fit = median([timed(after, seed) for seed in SEEDS])
    yield Ratio(name="warm refit / cold fit, SEBAC 24 June", value=refit, yardstick=cold_fit)
    for unions, leaves, goal in ((15, 20, OF_SEBAC), (20, 50, None)):
        tree = deep(unions, leaves)
        names = [unit for unit, (parent, _) in tree.items() if parent is not None]
        made = layout_of(coalition(tree, counts(tree, names[::3], 7)))
        fits = [timed(made, seed) for seed in SEEDS]
        print(f"{len(names)} leaves: {spread(fits)} s", file=sys.stderr)
        name = f"{len(names):,} leaves, a third counted / SEBAC 24 June"
        yield Ratio(name=name, value=median(fits), yardstick=cold_fit, at_most=goal)


def layout_of(case: Case, day: str | None = None) -> Layout:
    """The layout of what was known by a day."""
    return build_layout(case, case.evidence(as_of=day), case.target)


def timed(layout: Layout, seed: int, **asked: object) -> float:
    """Seconds of a fit. How many points it needs differs by seed."""
    began = time.perf_counter()
    fit(layout, seed, **asked)  # type: ignore[arg-type]
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
