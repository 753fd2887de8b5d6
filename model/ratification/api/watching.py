"""Watching a case: each edit that can be used becomes a forecast, a page and a line in a ledger."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter
from typing import Literal

from ratification.answers.run import Run
from ratification.case.case import Case
from ratification.case.snapshot import Snapshot
from ratification.errors import CaseError, RatificationError, RequestError
from ratification.output.edits import Edits, Reading
from ratification.output.page.notice import Notice
from ratification.output.published import Published
from ratification.output.recorder import News, Recorder

Ask = Callable[[Case, Literal["quick", "nuts"]], Run]


def _never() -> bool:
    return False


class NewerEdit(RatificationError):
    """A fit was given up, since the case has been edited while it went on."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """An edit that became a forecast, or (`refined`) the same state sampled by NUTS.

    `number` is its line in the ledger, None where it could not be kept; `seconds` by part.
    """

    at: datetime
    run: Run
    refined: bool
    news: News
    number: int | None
    seconds: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Refused:
    """An edit that became none, and why. `kept`: an earlier page stands, marked as not newest."""

    at: datetime
    since: datetime
    reasons: Sequence[str]
    kept: bool


@dataclass(frozen=True, kw_only=True)
class Answered:
    """The answer to an edit, and how many seconds it took."""

    run: Run
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The forecast on the page, when it was made, and the files it was made from."""

    run: Run
    made: datetime
    snapshot: Snapshot


class Watch:
    """One case under watch. `step` does one thing and says what, so that a caller can go on."""

    def __init__(
        self,
        edits: Edits,
        ask: Ask,
        published: Published,
        record: Recorder,
        *,
        then_nuts: bool = False,
        now: Callable[[], datetime],
        whole: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """`ask` answers quickly, or by NUTS; a progress callback of its runs may call `give_way`.

        `whole` guards what must be brought to its end, such as writing the page.
        """
        self.edits = edits
        self.ask = ask
        self.published = published
        self.record = record
        self.warn = record.warn
        self.then_nuts = then_nuts
        self.now = now
        self.whole = whole
        self.shown: Shown | None = None
        self.stale: Notice | None = None
        self._unwritten = False
        self._no_nuts = ""  # inputs that NUTS has given no answer to
        self._in_vain = _never  # whether what is being done is for a state that has been edited
        self._ahead: tuple[Snapshot, Answered] | None = None

    def step(self, patience: float) -> Accepted | Refused | None:
        """Take the next edit, or sample what is only quickly answered, or wait so many seconds.

        Raises:
            RequestError: the very first question names something that the case does not have.
        """
        if self.shown is not None and self._unwritten:
            self._write(self.shown)
        due = self._due_to_nuts()
        reading = self.edits.next(0.0 if due else patience, self._answer_early)
        if reading is not None:
            return self._take(reading)
        return self._refine(due) if due else None

    def give_way(self) -> None:
        """End a fit for a state which has been edited since, if nothing waits for it.

        Raises:
            NewerEdit: there is an edit, and what is being done is only to refine, or is early.
        """
        if self._in_vain():
            raise NewerEdit("the case has been edited")

    # One edit

    def _take(self, reading: Reading) -> Accepted | Refused:
        if reading.case is None:
            return self._refuse([str(problem) for problem in reading.problems])
        try:
            found = self._answered(reading.snapshot, reading.case)
        except CaseError as error:
            return self._refuse([str(problem) for problem in error.problems])
        except RatificationError as error:
            if isinstance(error, RequestError) and self.shown is None:
                raise  # what is wrong is the question, not an edit
            return self._refuse([str(error)])
        return self._accept(found.run, reading.snapshot, found.seconds, refined=False)

    def _answer_early(self, reading: Reading) -> None:
        """Answer an edit while it is still to be seen whether it stands.

        One that has no answer has none later on either, and is refused then.
        """
        if reading.case is None:
            return
        self._in_vain = lambda: not self.edits.stands(reading)
        try:
            with suppress(RatificationError):
                self._ahead = reading.snapshot, self._answered(reading.snapshot, reading.case)
        finally:
            self._in_vain = _never

    def _answered(self, snapshot: Snapshot, case: Case) -> Answered:
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0].sha256 == snapshot.sha256:
            return ahead[1]
        began = perf_counter()
        run = self.ask(case, "quick")
        if self._sampled_before(run):
            run = self.ask(case, "nuts")  # kept, so it is there at once
        return Answered(run=run, seconds=perf_counter() - began)

    def _refine(self, shown: Shown) -> Accepted | None:
        began = perf_counter()
        self._in_vain = self.edits.pending
        try:
            run = self.ask(shown.snapshot.load(), "nuts")
        except NewerEdit:
            return None
        except RatificationError as error:
            self._no_nuts = shown.run.forecast.inputs
            self.warn(f"NUTS gives no answer, the quick one stands: {error}")
            return None
        finally:
            self._in_vain = _never
        return self._accept(run, shown.snapshot, perf_counter() - began, refined=True)

    def _accept(self, run: Run, snapshot: Snapshot, asking: float, *, refined: bool) -> Accepted:
        """Publish and record a forecast. A refused edit that came after it stays told of."""
        news = self.record.news(run, snapshot)
        at, began = self.now(), perf_counter()
        with self.whole():
            self.shown = Shown(run=run, made=at, snapshot=snapshot)
            self.stale = replace(self.stale, made=at) if self.stale and refined else None
            self._write(self.shown)
            written = perf_counter()
            number = self.record.keep(run, snapshot, at, news)
        spent = {
            "answering": asking,
            "page": written - began,
            "ledger": perf_counter() - written,
        }
        return Accepted(at=at, run=run, refined=refined, news=news, number=number, seconds=spent)

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
