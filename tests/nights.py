"""A night of the count, for tests: a case whose files are edited, and a clock for it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hand_made import make_case
from made_runs import MadeRuns
from ratification.answers.run import Run
from ratification.api import Accepted, Refused, Watch, run, write_report
from ratification.case.case import Case
from ratification.output.edits import Edits
from ratification.output.ledger import Ledger, State
from ratification.output.page.notice import BEGINS, ENDS, Notice
from ratification.output.published import Published

ELECTORATE = "unit,parent,members\na,,400\nb,,300\nc,,200\n"
FIRST = "first,june,2011-06-01,a,count,150,90,,,\n"
SECOND = "second,june,2011-06-02,b,outcome,,,,,approved\n"
RULES = """\
[[bylaws]]
id = "rule"
title = "The rule"
[[bylaws.reading]]
id = "unions"
title = "Two unions approve"
all = [{ measure = "approving unions", at_least = 2 }]
[[bylaws.reading]]
id = "ballots"
title = "60% of ballots are yes"
all = [{ measure = "yes of ballots", at_least = "60%" }]
"""


def case_folder(parent: Path) -> Path:
    """A case of three unions, one of them counted."""
    make_case(parent, ELECTORATE, FIRST, bylaws=RULES)
    return parent / "made"


@dataclass
class Clock:
    """A clock that sleeping moves on; what is due by then is done on the way."""

    now: float = 0.0
    due: list[tuple[float, Callable[[], object]]] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Pass the time, doing what falls into it."""
        until = self.now + seconds
        while self.due and self.due[0][0] <= until:
            self.now, act = self.due.pop(0)
            act()
        self.now = until

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Do something so many seconds from now."""
        self.due.append((self.now + seconds, act))
        self.due.sort(key=lambda entry: entry[0])


def evidence(folder: Path, *rows: str) -> bytes:
    """The bytes of an evidence file with these rows."""
    head = (folder / "evidence.csv").read_bytes().partition(b"\n")[0]
    return head + b"\n" + "".join(rows).encode()


def save(folder: Path, *rows: str) -> None:
    """Save other rows of evidence, as an editor does: the file is written over."""
    (folder / "evidence.csv").write_bytes(evidence(folder, *rows))


def quick(case: Case, how: str) -> Run:
    """A run on draws that are made, which says that it is of the engine asked for."""
    made = run(case, runs=MadeRuns(), worlds=200)
    engine: Any = "nuts" if how == "nuts" else "instant"
    return replace(made, forecast=replace(made.forecast, engine=engine))


@dataclass
class Night:
    """A watch whose clock stands still unless somebody waits, with all that it said."""

    folder: Path
    ledger: Ledger
    ask: Callable[[Case, Any], Run] = quick
    then_nuts: bool = False
    clock: Clock = field(default_factory=Clock)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.published = Published(self.folder.parent / "page.html", write_page)
        self.watch = Watch(
            Edits(self.folder, sleep=self.clock.sleep, clock=lambda: self.clock.now),
            lambda case, how: self.ask(case, how),
            self.published,
            self.ledger,
            {"seed": 391},
            then_nuts=self.then_nuts,
            warn=self.warnings.append,
            now=lambda: datetime(2011, 6, 24, 21, tzinfo=UTC) + timedelta(seconds=self.clock.now),
        )

    def step(self) -> Accepted | Refused | None:
        """The next event, if one comes within a minute."""
        return self.watch.step(60.0)

    def accepted(self) -> Accepted:
        """The next event, which is a forecast."""
        event = self.step()
        assert isinstance(event, Accepted), event
        return event

    def refused(self) -> Refused:
        """The next event, which is none."""
        event = self.step()
        assert isinstance(event, Refused), event
        return event

    @property
    def page(self) -> str:
        """The page as it is now."""
        return self.published.page.read_text(encoding="utf-8")

    @property
    def notice(self) -> str:
        """What the page says of its age."""
        return self.page.partition(BEGINS)[2].partition(ENDS)[0]

    @property
    def json(self) -> dict[str, Any]:
        """The JSON as it is now."""
        found: dict[str, Any] = json.loads(self.published.data.read_text())
        return found

    @property
    def states(self) -> list[State]:
        """What the ledger has kept of the case."""
        return self.ledger.states(str(self.folder.resolve()))


def write_page(path: Path, made: Run, notice: Notice) -> None:
    """Write a real page."""
    write_report(path, [made], notice=notice)


def body(page: str) -> str:
    """A page without its notice."""
    return page.partition(BEGINS)[0] + page.partition(ENDS)[2]


def torn(path: Path) -> None:
    """Tear a ledger's pages, behind its header."""
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\x5a" * (len(data) - 4096))
