"""`ratify watch CASE`."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ratification.cli.asking import Asked, answer_options, force_option
from ratification.cli.live_line import LiveLine
from ratification.cli.options import case_argument, checked_day

if TYPE_CHECKING:
    from ratification.answers.run import Run
    from ratification.api import Accepted, Refused, Watch
    from ratification.case.case import Case
    from ratification.output.page.notice import Notice


@click.command("watch")
@case_argument
@answer_options
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep this page up to date, and a .json beside it (default: CASE-report.html here).",
)
@force_option
@click.option(
    "--then-nuts", is_flag=True, help="Sample each state by NUTS too, while no newer edit comes."
)
@click.option(
    "--every",
    type=click.FloatRange(0.02, 60),
    default=0.1,
    show_default=True,
    metavar="SECONDS",
    help="How often to look at the files.",
)
@click.option(
    "--settle",
    type=click.FloatRange(0.02, 60),
    default=0.25,
    show_default=True,
    metavar="SECONDS",
    help="How long an edit must stand still; four times that if it may be half of one.",
)
def command(
    case: str,
    report: Path | None,
    force: bool,
    then_nuts: bool,
    every: float,
    settle: float,
    **options: Any,
) -> None:
    """Keep a report up to date while a case is edited: for the night of the count.

    \b
    ratify watch my-case
    ratify watch my-case --report tonight.html --then-nuts
    ratify history my-case

    Whenever a file of the case is saved, the case is checked, a new forecast is made, and the page
    and its JSON are written again. An edit that cannot be used is told of, and the last good page
    stays, marked with since when. Ctrl-C ends it. Every state is kept in a ledger.
    """
    from ratification.case.folder import find
    from ratification.output.edits import Edits, Pace
    from ratification.output.published import Published

    asked = Asked(**options)
    checked_day(asked.as_of)
    if then_nuts and asked.engine == "nuts":
        raise click.BadParameter(
            "with --engine nuts every state is by NUTS", param_hint="--then-nuts"
        )
    folder = find(case)
    name = folder.resolve().name or "case"
    session = _Session(asked, case)
    published = Published(report or Path(f"{name}-report.html"), session.write_page)
    published.refuse_other(name, force=force)
    edits = Edits(folder, pace=Pace(every=every, settle=settle, doubt=4 * settle))
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with session.line:
            session.follow(edits, published, then_nuts=then_nuts)
    except KeyboardInterrupt:
        click.echo(session.farewell(published), err=True)
    finally:
        signal.signal(signal.SIGTERM, before)


class _Session:
    """One run of the command: what it asks, and how it shows what comes."""

    def __init__(self, asked: Asked, case: str) -> None:
        self.asked = asked
        self.case = case
        self.line = LiveLine()
        self.runs = asked.runs(self._progress)
        self.watch: Watch | None = None

    def follow(self, edits: Any, published: Any, *, then_nuts: bool) -> None:
        """Take edit after edit, until Ctrl-C."""
        from ratification.api import Watch
        from ratification.output.ledger import Ledger
        from ratification.output.recorder import Recorder
        from ratification.output.store import default_folder

        self.watch = Watch(
            edits,
            self._ask,
            published,
            Recorder(
                Ledger(self.asked.store or default_folder()),
                edits.folder,
                _question(self.asked),
                lambda text: self.line.warn(f"warning: {text}"),
            ),
            then_nuts=then_nuts,
            now=_now,
            whole=finishing,
        )
        while True:
            event = self.watch.step(patience=1.0)
            if event is not None:
                self._tell(event)
            self.line.show(self._standing(self.watch))

    def write_page(self, path: Path, run: "Run", notice: "Notice") -> None:
        """Write the page of a run."""
        from ratification.api import write_report

        self.line.tell("writing the report", 0, 0)
        asked = replace(self.asked, engine=run.forecast.engine)
        write_report(path, [run], commands=[asked.command(self.case)], notice=notice)

    def farewell(self, published: Any) -> str:
        """What is kept, once watching ends."""
        watch = self.watch
        if watch is None or watch.shown is None:
            return "stopped: no report was made"
        record = watch.record
        kept = len(record.numbers)
        states = "1 state" if kept == 1 else f"{kept} states"
        told = [
            f"stopped: {published.page} and {published.data.name} are kept as of "
            f"{watch.shown.made:%H:%M:%S}, and {states} of this session in {record.ledger.path}"
        ]
        if watch.stale is not None:
            told.append("the newest edit is not in them")
        if record.unrecorded:
            told.append(f"{len(record.unrecorded)} could not be kept in the ledger")
        return "; ".join(told)

    def _ask(self, case: "Case", how: Literal["quick", "nuts"]) -> "Run":
        asked = replace(self.asked, engine="nuts") if how == "nuts" else self.asked
        return asked.run_of(asked.with_settings(case), self.runs)

    def _progress(self, stage: str, done: int, total: int) -> None:
        self.line.tell(stage, done, total)
        if self.watch is not None:
            self.watch.give_way()

    def _tell(self, event: "Accepted | Refused") -> None:
        from ratification.api import Accepted

        if isinstance(event, Accepted):
            self._tell_accepted(event)
            return
        count = len(event.reasons)
        kept = "the last good report stays, marked" if event.kept else "there is no report yet"
        problems = "1 problem" if count == 1 else f"{count} problems"
        line = f"{event.at:%H:%M:%S}  the newest edit cannot be used ({problems}): {kept}"
        self.line.print(line, line)
        for reason in event.reasons:
            self.line.warn(f"error: {reason}")

    def _tell_accepted(self, event: "Accepted") -> None:
        from ratification.output.views import watch_view

        forecast = event.run.forecast
        arrivals = event.news.arrivals
        what = watch_view.arrivals_text(arrivals)
        if event.refined:
            what = "sampled by NUTS"
        number = "not in the ledger" if event.number is None else f"state {event.number}"
        title = (
            f"{event.at:%H:%M:%S}  report of {forecast.reports} reports, {number}, "
            f"{sum(event.seconds.values()):.1f} s, {forecast.engine}"
        )
        if arrivals is None or not arrivals or event.refined:
            shown = watch_view.accepted_view(f"{title}: {what}", forecast, (), event.news.moves)
        else:
            shown = watch_view.accepted_view(title, forecast, arrivals, event.news.moves)
        self.line.print(shown, f"{title}: {what} | {watch_view.chances_text(event.news.moves)}")

    def _standing(self, watch: "Watch") -> str:
        """What the last line of a terminal says while nothing happens."""
        from ratification.output.views.watch_view import age

        if watch.shown is None:
            return f"watching {self.case}: no report yet"
        made = watch.shown.made
        since = age((_now() - made).total_seconds())
        stale = watch.stale.since if watch.stale else None
        marked = f"; the newest edit cannot be used since {stale:%H:%M:%S}" if stale else ""
        return f"watching {self.case}: report of {made:%H:%M:%S}, {since} ago{marked}"


def _question(asked: Asked) -> dict[str, Any]:
    """What tells states of different options apart; the engine is told with each state."""
    options = asdict(asked)
    return {name: options[name] for name in options if name not in ("engine", "store")}


def _now() -> datetime:
    return datetime.now().astimezone()


@contextmanager
def finishing() -> Iterator[None]:
    """Hold Ctrl-C back until what is being written is whole."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: held.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) is not signal.SIG_IGN  # as a shell leaves it behind `&`
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if held:
        raise KeyboardInterrupt
