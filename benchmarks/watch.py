"""From saving a file of the SEBAC case to the new page, and the parts of that.

`Watch` runs in this process as `ratify watch` runs it, with an empty store, and a thread saves the
file while it waits. Each saved edit is one that was never fitted, with a seed of its own, since how
many points a fit needs differs by seed. Yardsticks, in turn with it:
`python -c "import numpy"`, and a cold `ratify forecast --engine instant` of the same evidence.
Parts are told in wall and in processor seconds, which differ on a machine that is busy.
"""

import argparse
import itertools
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from measuring import Ratio, as_commands_run, median, print_table, ratify, seconds_of, show, spread
from ratification.api import Accepted, Runs, Watch, run, shipped, write_report
from ratification.inference.sharing import Helper
from ratification.output.edits import Edits, read
from ratification.output.ledger import Ledger
from ratification.output.published import Published
from ratification.output.recorder import Recorder
from ratification.output.store import RunStore

GOAL_SECONDS = 2.0
DAYS = ("2011-06-22", "2011-06-24", None)
COUNT = re.compile(r"^(np-9,.*,count),\d+,12,", re.MULTILINE)
STAGES = {
    "fitting, instant engine": "fit",
    "simulating complete results": "worlds, answers, settled",
}


@dataclass(frozen=True)
class Moment:
    """Wall and processor seconds, of this process."""

    wall: float
    cpu: float

    @staticmethod
    def now() -> "Moment":
        """This moment."""
        return Moment(time.perf_counter(), time.process_time())

    def less(self, before: "Moment") -> "Moment":
        """How long it was since."""
        return Moment(self.wall - before.wall, self.cpu - before.cpu)


@dataclass
class Night:
    """A copy of SEBAC under watch, and how long each part of an edit took."""

    folder: Path
    day: str | None
    parts: dict[str, list[Moment]] = field(default_factory=lambda: defaultdict(list))
    marks: list[tuple[str, Moment]] = field(default_factory=list)
    saved: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        store = RunStore(self.folder.parent / "store", sys.exit)
        self.runs = Runs(store, progress=self._told, share=Helper())
        self.watch = Watch(
            Edits(self.folder),
            self._ask,
            Published(self.folder.parent / "page.html", self._page),
            Recorder(Ledger(store.folder), self.folder, {}, sys.exit),
            now=lambda: datetime.now().astimezone(),
        )
        self._event(0)  # the first report also imports what draws charts

    def edit(self, number: int) -> float:
        """Seconds from a save to the new page, JSON and ledger."""
        self.seed = number
        path = self.folder / "evidence.csv"
        text = COUNT.sub(rf"\g<1>,{22 - number},12,", path.read_text())  # approves all the same
        saving = threading.Timer(0.4, self._save, (path, text))
        saving.start()
        done = self._event(number)
        saving.join()
        return done - self.saved

    def _save(self, path: Path, text: str) -> None:
        self.saved = time.perf_counter()
        path.write_text(text)

    def _event(self, number: int) -> float:
        self.marks = [("noticing, checking", Moment.now())]
        event = self.watch.step(60.0)
        self.marks.append(("", Moment.now()))
        if not isinstance(event, Accepted):
            sys.exit(f"error: edit {number} gave {event}")
        if number:
            self.marks[0] = (self.marks[0][0], replace(self.marks[0][1], wall=self.saved))
            for (part, began), (_, ended) in itertools.pairwise(self.marks):
                self.parts[part].append(ended.less(began))
        return self.marks[-1][1].wall

    def _ask(self, case: Any, how: str) -> Any:  # noqa: ARG002  Watch's signature
        return run(case, as_of=self.day, engine="instant", seed=self.seed, runs=self.runs)

    def _told(self, stage: str, done: int, total: int) -> None:  # noqa: ARG002  of a progress
        self.marks.append((STAGES.get(stage, stage), Moment.now()))

    def _page(self, path: Path, made: Any, notice: Any) -> None:
        self.marks.append(("page", Moment.now()))
        write_report(path, [made], notice=notice)
        self.marks.append(("JSON and ledger", Moment.now()))


def main() -> None:
    """Watch SEBAC on three evenings, and print the ratios and the parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=5, help="on each evening (default: 5)")
    asked = parser.parse_args()
    as_commands_run()
    ratios: list[Ratio] = []
    for day in DAYS:
        with tempfile.TemporaryDirectory() as scratch:
            ratios += evening(Path(scratch), day, asked.edits)
    show("From a save to the new report", ratios)


def evening(scratch: Path, day: str | None, edits: int) -> Iterator[Ratio]:
    """Edits of one evening, each with its yardsticks before it."""
    folder = scratch / "sebac"
    shutil.copytree(shipped()["sebac-2011"], folder)
    night = Night(folder, day)
    whole, numpy, cold = [], [], []
    for number in range(1, edits + 1):
        numpy.append(seconds_of([sys.executable, "-c", "import numpy"]))
        cold.append(forecast(scratch / f"cold-{number}", day, number))
        whole.append(night.edit(number))
    name = f"evidence to {day}" if day else "all evidence"
    print(f"{name}: {spread(whole)} s", file=sys.stderr)
    reading = statistics.median(checking(folder) for _ in range(5))
    rows = [
        (part, *(f"{median([getattr(m, kind) for m in taken]):.2f}" for kind in ("wall", "cpu")))
        for part, taken in night.parts.items()
    ]
    rows.append(("(reading and checking alone)", f"{reading:.2f}", ""))
    print_table(f"{name}: seconds, medians of {edits} edits", ("part", "wall", "processor"), rows)
    taken = median(whole)
    yield Ratio(name=f"{name}, seconds / 2 s", value=taken, yardstick=GOAL_SECONDS, at_most=1.0)
    yield Ratio(name=f"{name} / import numpy", value=taken, yardstick=median(numpy))
    yield Ratio(name=f"{name} / cold instant forecast", value=taken, yardstick=median(cold))


def forecast(store: Path, day: str | None, seed: int) -> float:
    """Seconds of a whole command with a store of its own."""
    command = [ratify(), "forecast", "sebac-2011", "--engine", "instant", "--json"]
    command += ["--store", str(store), "--seed", str(seed)]
    return seconds_of([*command, "--as-of", day] if day else command)


def checking(folder: Path) -> float:
    """Seconds to read and check a case."""
    from ratification.case.snapshot import Snapshot

    began = time.perf_counter()
    read(Snapshot.of(folder))
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
