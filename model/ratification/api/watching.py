"""Watching a case: each edit that can be used becomes a forecast, a page and a line in a ledger."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import perf_counter
from typing import Any, Literal

from ratification.answers.arrived import Change, Move, RuleKey, arrived, moves
from ratification.answers.estimates import Estimate
from ratification.answers.run import Run
from ratification.case.case import Case
from ratification.case.evidence import Report
from ratification.case.read_evidence import FILE
from ratification.case.snapshot import Snapshot
from ratification.errors import CaseError, RatificationError, RequestError
from ratification.output.contract import forecast_object
from ratification.output.edits import Edits, Reading
from ratification.output.ledger import Ledger, LedgerError, State
from ratification.output.page.notice import Notice
from ratification.output.published import Published
from ratification.output.views.watching import (
    arrived_objects,
    chances_of,
    report_object,
    report_of,
)

Ask = Callable[[Case, Literal["quick", "nuts"]], Run]


class NewerEdit(RatificationError):
    """A fit was given up, since the case has been edited while it went on."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """An edit that became a forecast, or (`refined`) the same state sampled by NUTS.

    `changes` and `files` (other than the evidence) differ from the state before; `first` where
    none is known. `number` is its line in the ledger, None where it could not be kept.
    """

    at: datetime
    run: Run
    first: bool
    refined: bool
    files: Sequence[str]
    changes: Sequence[Change]
    moves: Sequence[Move]
    number: int | None
    seconds: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An edit that became none, and why. `kept`: an earlier page stands, marked as not newest."""

    at: datetime
    since: datetime
    reasons: Sequence[str]
    kept: bool


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The forecast on the page, when it was made, and the files it was made from."""

    run: Run
    made: datetime
    snapshot: Snapshot


@dataclass(frozen=True, kw_only=True)
class _Known:
    """The last accepted state: what the next is compared with."""

    files: dict[str, str]
    reports: Sequence[Report]
    chances: dict[RuleKey, tuple[Estimate, str]]


class Watch:
    """One case under watch. `step` does one thing and says what, so that a caller can go on."""

    def __init__(
        self,
        edits: Edits,
        ask: Ask,
        published: Published,
        ledger: Ledger,
        question: dict[str, Any],
        *,
        then_nuts: bool = False,
        warn: Callable[[str], None],
        now: Callable[[], datetime],
        whole: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """`question` tells states of different options apart; `whole` guards what must be ended.

        `ask` answers quickly, or by NUTS; a progress callback of its runs may call `give_way`.
        """
        self.edits = edits
        self.ask = ask
        self.published = published
        self.ledger = ledger
        self.question = question
        self.then_nuts = then_nuts
        self.warn = warn
        self.now = now
        self.whole = whole
        self.shown: Shown | None = None
        self.stale: Notice | None = None
        self.unrecorded: list[State] = []
        self.recorded = 0
        self._unwritten = False
        self._no_nuts = ""  # inputs that NUTS has given no answer to
        self._folder = str(edits.folder.resolve())
        self._refining = False
        self._known = self._from_ledger()

    def step(self, patience: float) -> Accepted | Refused | None:
        """Take the next edit, or sample what is only quickly answered, or wait so many seconds.

        Raises:
            RequestError: the very first question names something that the case does not have.
        """
        if self.shown is not None and self._unwritten:
            self._write(self.shown)
        due = self._due_to_nuts()
        reading = self.edits.next(0.0 if due else patience)
        if reading is not None:
            return self._take(reading)
        return self._refine(due) if due else None

    def give_way(self) -> None:
        """End a fit by NUTS that runs for a state which has been edited since.

        Raises:
            NewerEdit: there is an edit, and what is being done is only to refine.
        """
        if self._refining and self.edits.pending():
            raise NewerEdit("the case has been edited")

    # One edit

    def _take(self, reading: Reading) -> Accepted | Refused:
        if reading.case is None:
            return self._refuse([str(problem) for problem in reading.problems])
        began = perf_counter()
        try:
            run = self.ask(reading.case, "quick")
            if self._sampled_before(run):
                run = self.ask(reading.case, "nuts")  # kept, so it is there at once
        except CaseError as error:
            return self._refuse([str(problem) for problem in error.problems])
        except RatificationError as error:
            if isinstance(error, RequestError) and self.shown is None:
                raise  # what is wrong is the question, not an edit
            return self._refuse([str(error)])
        return self._accept(run, reading.snapshot, perf_counter() - began, refined=False)

    def _refine(self, shown: Shown) -> Accepted | None:
        began = perf_counter()
        self._refining = True
        try:
            run = self.ask(shown.snapshot.load(), "nuts")
        except NewerEdit:
            return None
        except RatificationError as error:
            self._no_nuts = shown.run.forecast.inputs
            self.warn(f"NUTS gives no answer, the quick one stands: {error}")
            return None
        finally:
            self._refining = False
        return self._accept(run, shown.snapshot, perf_counter() - began, refined=True)

    def _accept(self, run: Run, snapshot: Snapshot, asking: float, *, refined: bool) -> Accepted:
        """Publish and record a forecast. A refused edit that came after it stays told of."""
        files, changes = self._changes(run, snapshot)
        moved = moves(self._known.chances if self._known else {}, run.forecast.rules)
        first, at, began = self._known is None, self.now(), perf_counter()
        with self.whole():
            self.shown = Shown(run=run, made=at, snapshot=snapshot)
            self.stale = replace(self.stale, made=at) if self.stale and refined else None
            self._write(self.shown)
            written = perf_counter()
            arrivals = None if first else arrived_objects(files, changes)
            number = self._record(self._state(self.shown, arrivals))
        self._known = _Known(
            files=snapshot.hashes,
            reports=run.case.reports,
            chances=chances_of(forecast_object(run.forecast)),
        )
        return Accepted(
            at=at,
            run=run,
            first=first,
            refined=refined,
            files=files,
            changes=changes,
            moves=moved,
            number=number,
            seconds={
                "answering": asking,
                "page": written - began,
                "ledger": perf_counter() - written,
            },
        )

    def _write(self, shown: Shown) -> None:
        """Write the page and the JSON; where that fails, say so and try again at the next step."""
        try:
            self.published.write(shown.run, self.stale or Notice(made=shown.made))
        except RequestError as error:
            if not self._unwritten:
                self.warn(f"{error}. It is tried again")
            self._unwritten = True
        else:
            self._unwritten = False

    def _refuse(self, reasons: list[str]) -> Refused:
        """Say on the last good page that a newer edit is not in it."""
        at = self.now()
        since = (self.stale.since if self.stale else self.published.stale_since()) or at
        self.stale = Notice(
            made=self.shown.made if self.shown else None, since=since, reasons=reasons
        )
        kept = False
        try:
            with self.whole():
                kept = self.published.mark_stale(self.stale)
        except RequestError as error:
            self.warn(f"the page could not be marked as out of date: {error}")
        return Refused(at=at, since=since, reasons=reasons, kept=kept)

    # What came, and what is kept

    def _changes(self, run: Run, snapshot: Snapshot) -> tuple[list[str], tuple[Change, ...]]:
        """Files other than the evidence that differ from the last state, and reports that do."""
        if self._known is None:
            return [], ()
        now, before = snapshot.hashes, self._known.files
        names = sorted(now.keys() | before.keys())
        files = [name for name in names if name != FILE and now.get(name) != before.get(name)]
        return files, arrived(self._known.reports, run.case.reports)

    def _state(self, shown: Shown, arrivals: list[dict[str, Any]] | None) -> State:
        run = shown.run
        return State(
            recorded=shown.made.isoformat(timespec="milliseconds"),
            folder=self._folder,
            case_id=run.case.id,
            question=self.question,
            engine=run.forecast.engine,
            inputs_sha256=run.forecast.inputs,
            files=shown.snapshot.hashes,
            arrived=arrivals,
            evidence=[report_object(report) for report in run.case.reports],
            forecast=forecast_object(run.forecast),
        )

    def _record(self, state: State) -> int | None:
        """Keep a state, and before it those that could not be kept when they came."""
        self.unrecorded.append(state)
        number = None
        try:
            while self.unrecorded:
                number = self.ledger.append(self.unrecorded[0])
                self.unrecorded.pop(0)
                self.recorded += 1
        except LedgerError as error:
            self.warn(f"{error}. The report is written all the same")
            return None
        return number

    def _from_ledger(self) -> _Known | None:
        """The last state of an earlier session that answers the same question."""
        try:
            last = self.ledger.last(self._folder, self.question)
            if last is None:
                return None
            return _Known(
                files=dict(last.files),
                reports=[report_of(cells) for cells in last.evidence],
                chances=chances_of(last.forecast),
            )
        except LedgerError as error:
            self.warn(str(error))
        except (KeyError, TypeError, ValueError) as error:
            self.warn(f"the last state in {self.ledger.path} cannot be compared with: {error}")
        return None

    # NUTS

    def _due_to_nuts(self) -> Shown | None:
        """What is shown, if NUTS is still to sample it."""
        if not self.then_nuts or self.shown is None:
            return None
        forecast = self.shown.run.forecast
        due = forecast.engine != "nuts" and forecast.inputs != self._no_nuts
        return self.shown if due else None

    def _sampled_before(self, run: Run) -> bool:
        """Whether the page already shows NUTS's answer to the same inputs."""
        if not self.then_nuts or self.shown is None or run.forecast.engine == "nuts":
            return False
        forecast = self.shown.run.forecast
        return forecast.engine == "nuts" and forecast.inputs == run.forecast.inputs
