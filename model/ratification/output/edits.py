"""Noticing edits of a case folder, and waiting until what is being written has settled.

By looking, not by the system's events: those do not tell of what another machine writes on a
network drive, and end when a folder is renamed. A look costs five `stat` calls. What counts as an
edit is the content of the files: every few seconds they are read even where their times and sizes
stand still, since some drives keep times to two seconds.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ratification.case.case import Case
from ratification.case.snapshot import Snapshot, stamps
from ratification.errors import CaseError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often to look, and how long an edit must stand still before it is believed; seconds.

    `doubt` is for an edit that may be half of one: the case is wrong, a file is empty or gone, or
    its last line has no end.
    """

    every: float = 0.1
    settle: float = 0.25
    doubt: float = 1.0
    longest: float = 10.0  # a file that is written without a pause is read all the same
    reread: float = 2.0


DEFAULT_PACE = Pace()


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A settled edit: the bytes, and the case they make, or why they make none."""

    snapshot: Snapshot
    case: Case | None
    problems: tuple[Problem, ...] = ()


Early = Callable[[Reading], None]  # is told of an edit that has not settled yet


class Edits:
    """Settled edits of a case folder, one after the other. The first is what is there now."""

    def __init__(
        self,
        folder: Path,
        *,
        pace: Pace = DEFAULT_PACE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = folder
        self.pace = pace
        self._sleep = sleep
        self._clock = clock
        self._before: Snapshot | None = None
        self._stamps: object = None
        self._looked = -float("inf")

    def pending(self) -> bool:
        """Whether the folder holds something else than what was last given: one cheap look."""
        if self._before is None:
            return True
        found = stamps(self.folder)  # before reading: a write in between shows at the next look
        if found == self._stamps and self._clock() - self._looked < self.pace.reread:
            return False
        differs = Snapshot.of(self.folder).sha256 != self._before.sha256
        if not differs:
            self._stamps, self._looked = found, self._clock()
        return differs

    def stands(self, reading: Reading) -> bool:
        """Whether the folder still holds what was read."""
        return Snapshot.of(self.folder).sha256 == reading.snapshot.sha256

    def next(self, patience: float, early: Early | None = None) -> Reading | None:
        """The next settled edit; None if there is none for so many seconds, or it was undone.

        `early` is told of one that raises no doubt as soon as it is seen. It may take long: whether
        the edit stands is looked at after it.
        """
        until = self._clock() + patience
        while not self.pending():
            left = until - self._clock()
            if left <= 0:
                return None
            self._sleep(min(self.pace.every, left))
        return self._settled(early)

    def _settled(self, early: Early | None) -> Reading | None:
        """Wait until the content stands still; for longer where it may be half of an edit."""
        began = self._clock()
        reading, since, found = self._seen(early)
        settled = False
        while not settled:
            quiet = self.pace.doubt if self._doubtful(reading) else self.pace.settle
            self._sleep(min(self.pace.every, max(quiet - (self._clock() - since), 0.0)))
            found, now, stands = stamps(self.folder), self._clock(), self.stands(reading)
            if not stands:
                reading, since, found = self._seen(early)
            settled = now - began >= self.pace.longest or (stands and now - since >= quiet)
        self._stamps, self._looked = found, self._clock()
        undone = self._before and self._before.sha256 == reading.snapshot.sha256
        self._before = reading.snapshot
        return None if undone else reading

    def _seen(self, early: Early | None) -> tuple[Reading, float, object]:
        """What is there, since when, and the stamps it has."""
        found, since = stamps(self.folder), self._clock()
        reading = read(Snapshot.of(self.folder))
        if early is not None and not self._doubtful(reading):
            early(reading)
        return reading, since, found

    def _doubtful(self, reading: Reading) -> bool:
        """Whether it may be half of an edit. What was so before the edit raises no doubt."""
        if self._before is None:
            return reading.case is None
        gone = self._before.files.keys() - reading.snapshot.files.keys()
        unfinished = set(reading.snapshot.unfinished) - set(self._before.unfinished)
        return reading.case is None or bool(gone) or bool(unfinished)


def read(snapshot: Snapshot) -> Reading:
    """Read and check the case that a snapshot holds."""
    try:
        return Reading(snapshot=snapshot, case=snapshot.load())
    except CaseError as error:
        return Reading(snapshot=snapshot, case=None, problems=error.problems)
