"""What a session keeps in the ledger, and what the next state is compared with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ratification.answers.arrived import Change, Move, RuleKey, arrived, moves
from ratification.answers.estimates import Estimate
from ratification.answers.run import Run
from ratification.case.evidence import Report
from ratification.case.read_evidence import FILE
from ratification.case.snapshot import Snapshot
from ratification.output.contract import forecast_object
from ratification.output.ledger import Ledger, LedgerError, State
from ratification.output.views.watching import (
    arrived_objects,
    chances_of,
    report_object,
    report_of,
)


@dataclass(frozen=True, kw_only=True)
class News:
    """What a state has that the one before had not; `first` where none before it is known.

    `files` are those other than the evidence that changed, `changes` the reports that did.
    """

    first: bool
    files: Sequence[str]
    changes: Sequence[Change]
    moves: Sequence[Move]

    @property
    def arrivals(self) -> list[dict[str, Any]] | None:
        """All that arrived, as plain values; None of a first state."""
        return None if self.first else arrived_objects(self.files, self.changes)


@dataclass(frozen=True, kw_only=True)
class _Known:
    """The last state: the hashes of its files, its reports, each rule's estimate and standing."""

    files: Mapping[str, str]
    reports: Sequence[Report]
    chances: Mapping[RuleKey, tuple[Estimate, str]]


class Recorder:
    """Keeps the states of one case that answer one question.

    A ledger that cannot be used is said, and the states follow once it can be again.
    """

    def __init__(
        self,
        ledger: Ledger,
        folder: Path,
        question: Mapping[str, Any],
        warn: Callable[[str], None],
    ) -> None:
        self.ledger = ledger
        self.folder = str(folder.resolve())
        self.question = question
        self.warn = warn
        self.unrecorded: list[State] = []
        self.numbers: set[int] = set()  # in the ledger; of a state that repeats one, that one's
        self._known = self._from_ledger()

    def news(self, run: Run, snapshot: Snapshot) -> News:
        """What came since the last state, and how far each rule's answer moved."""
        if self._known is None:
            return News(first=True, files=(), changes=(), moves=moves({}, run.forecast.rules))
        now, before = snapshot.hashes, self._known.files
        names = sorted(now.keys() | before.keys())
        return News(
            first=False,
            files=[name for name in names if name != FILE and now.get(name) != before.get(name)],
            changes=arrived(self._known.reports, run.case.reports),
            moves=moves(self._known.chances, run.forecast.rules),
        )

    def keep(self, run: Run, snapshot: Snapshot, at: datetime, news: News) -> int | None:
        """Keep a state, after those that could not be kept so far; its number, or None."""
        told = forecast_object(run.forecast)
        self.unrecorded.append(
            State(
                recorded=at.isoformat(timespec="milliseconds"),
                folder=self.folder,
                case_id=run.case.id,
                question=self.question,
                engine=run.forecast.engine,
                inputs_sha256=run.forecast.inputs,
                files=snapshot.hashes,
                arrived=news.arrivals,
                evidence=[report_object(report) for report in run.case.reports],
                forecast=told,
            )
        )
        self._known = _Known(
            files=snapshot.hashes, reports=run.case.reports, chances=chances_of(told)
        )
        return self._flush()

    def _flush(self) -> int | None:
        number = None
        try:
            while self.unrecorded:
                number = self.ledger.append(self.unrecorded[0])
                self.unrecorded.pop(0)
                self.numbers.add(number)
        except LedgerError as error:
            self.warn(f"{error}. The report is written all the same")
            return None
        return number

    def _from_ledger(self) -> _Known | None:
        """The last state of an earlier session."""
        try:
            last = self.ledger.last(self.folder, self.question)
            if last is None:
                return None
            return _Known(
                files=last.files,
                reports=[report_of(cells) for cells in last.evidence],
                chances=chances_of(last.forecast),
            )
        except LedgerError as error:
            self.warn(str(error))
        except (KeyError, TypeError, ValueError) as error:
            self.warn(f"the last state in {self.ledger.path} cannot be compared with: {error}")
        return None
