"""What is asked of a forecast: options that `forecast` and `report` share, and the run they ask."""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ratification.cli.options import (
    Staged,
    checked_day,
    evidence_options,
    open_store,
    store_option,
)
from ratification.errors import RequestError

if TYPE_CHECKING:
    from ratification.answers.run import Run
    from ratification.answers.timeline import By, Timeline
    from ratification.case.case import Case
    from ratification.inference.posterior import EngineChoice
    from ratification.inference.sharing import Share
    from ratification.output.runs import Runs
    from ratification.validation.tuning import Tuning

Decorated = Callable[..., Any]
_HELPER = f"{__name__}.helper"  # where click keeps it

seed_option = click.option(
    "--seed",
    default=391,
    show_default=True,
    type=click.IntRange(0, 2**31 - 2),
    help="Same seed, same inputs: the same bytes.",
)

OPTIONS = (
    click.option(
        "--bylaws",
        multiple=True,
        metavar="ID",
        help="Only these: '1996' (its first reading) or '1996/ballots'. Default: all readings.",
    ),
    click.option(
        "--scenario", multiple=True, metavar="ID", help="Under this scenario ('as-voted': none)."
    ),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="PRIOR=VALUE",
        help="Change a prior: 'tau_union=0.4', 'mu.mean=0'.",
    ),
    click.option(
        "--worlds",
        type=int,
        metavar="N",
        help="Simulated complete results (default: 20,000; 4,000 with the instant engine).",
    ),
    seed_option,
)


def engine_option(default: str) -> Decorated:
    """Which engine fits."""
    return click.option(
        "--engine",
        type=click.Choice(["nuts", "instant", "auto"]),
        default=default,
        show_default=True,
        help="nuts: the published number. instant: the same posterior in seconds. "
        "auto: instant where its checks pass, else nuts.",
    )


def forecast_options(function: Decorated) -> Decorated:
    """Which evidence, which bylaws and scenarios, how many worlds from which seed, which store."""
    return _run_options(function, engine="nuts")


def answer_options(function: Decorated) -> Decorated:
    """The same for whoever asks again and again: by the instant engine where it can."""
    return _run_options(function, engine="auto")


def _run_options(function: Decorated, *, engine: str) -> Decorated:
    function = engine_option(engine)(store_option(function))
    for option in reversed(OPTIONS):
        function = option(function)
    return evidence_options(function)


def rule_options(default: str) -> Callable[[Decorated], Decorated]:
    """Which rule, which is `default` unless it is named, and which of its thresholds move."""

    def decorate(function: Decorated) -> Decorated:
        axis = click.option(
            "--axis",
            "axes",
            multiple=True,
            metavar="CONDITION",
            help="Move this condition of the rule: its measure ('yes of ballots') or its number "
            "in the rule ('2'); two at most (default: the first two).",
        )
        rule = click.option(
            "--rule",
            default="",
            metavar="ID",
            help=f"This rule: '1996' or '1996/ballots' (default: {default}).",
        )
        return rule(axis(function))

    return decorate


def force_option(function: Decorated) -> Decorated:
    """Whether an existing file may be replaced."""
    return click.option("--force", is_flag=True, help="Replace a file that is already there.")(
        function
    )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options of one command, as click gives them."""

    round_id: str | None
    as_of: str | None
    assume: tuple[str, ...]
    without: tuple[str, ...]
    bylaws: tuple[str, ...]
    scenario: tuple[str, ...]
    settings: tuple[str, ...]
    engine: "EngineChoice"
    worlds: int | None
    seed: int
    store: Path | None

    def runs(self, progress: Callable[[str, int, int], None], **settings: Any) -> "Runs":
        """Where runs are kept and made, with further settings as `Runs` has them."""
        from ratification.output.runs import Runs

        return Runs(open_store(self.store), progress=progress, share=_helper(), **settings)

    def preview(self, case: str, progress: Callable[[str, int, int], None]) -> "Run | None":
        """The instant engine's run of a case, of four lots of points at most; None if too few."""
        from ratification.errors import ConvergenceError
        from ratification.inference.instant.adapting import Effort

        runs = self.runs(progress, effort=Effort(retries=3))
        try:
            return replace(self, engine="instant").run(case, runs)
        except ConvergenceError:
            return None

    def run(self, case: str, runs: "Runs") -> "Run":
        """The run of a case: a folder, or the name of a shipped one.

        Raises:
            click.BadParameter: a day or a prior that cannot be read.
            RatificationError: see `api.run`.
        """
        return self.run_of(self.loaded(case), runs)

    def run_of(self, loaded: "Case", runs: "Runs") -> "Run":
        """The same of a case that is read already, as `loaded` gives it."""
        from ratification.api import run

        return run(loaded, **self.options(), runs=runs)

    def loaded(self, case: str) -> "Case":
        """A case: a folder, or the name of a shipped one, with the priors that were set.

        Raises:
            click.BadParameter: a day or a prior that cannot be read.
            RatificationError: the case is not there, or wrong.
        """
        from ratification.api import load

        checked_day(self.as_of)  # what is wrong with a command is told before what is with a case
        return self.with_settings(load(case))

    def with_settings(self, case: "Case") -> "Case":
        """A case with the priors that were set.

        Raises:
            click.BadParameter: a prior that cannot be read.
        """
        from ratification.api import set_from_text
        from ratification.case.priors import PriorError

        for text in self.settings:
            try:
                case = case.with_priors(set_from_text(case.priors, text))
            except PriorError as error:
                raise click.BadParameter(str(error), param_hint="--set") from None
        return case

    def options(self) -> dict[str, Any]:
        """The options that every answer of the API takes, by its names."""
        return {
            "round_id": self.round_id,
            "as_of": self.as_of,
            "bylaws": self.bylaws,
            "scenarios": self.scenario,
            "assume": self.assume,
            "without": self.without,
            "worlds": self.worlds,
            "seed": self.seed,
            "engine": self.engine,
        }

    def timeline(
        self,
        case: str,
        progress: Callable[[str, int, int], None],
        *,
        by: "By" = "day",
        last: "Run | None" = None,
    ) -> "Timeline":
        """How the forecast moved. `last` is the run of the whole evidence, where it is made.

        With NUTS asked for, a `last` that is made already stands at the end, and what leads
        there is by the instant engine where it can answer.

        Raises:
            RatificationError: see `api.timeline`.
        """
        from ratification.api import timeline

        stages = Staged(progress)
        engine = "auto" if last and self.engine == "nuts" else self.engine
        return timeline(
            self.loaded(case),
            by=by,
            **{**self.options(), "engine": engine},
            runs=self.runs(stages.tell),
            last=last,
            progress=stages.begin,
        )

    def checks(self, found: "Run", progress: Callable[[str, int, int], None]) -> "Tuning":
        """The checks of a run's model.

        With NUTS asked for, what is fitted for them is by the instant engine where it can answer.

        Raises:
            RatificationError: see `api.tuning.checked`.
        """
        from ratification.api.tuning import checked

        stages = Staged(progress)
        return checked(
            found,
            engine="auto" if self.engine == "nuts" else self.engine,
            worlds=self.worlds,
            runs=self.runs(stages.tell),
            progress=stages.begin,
        )

    def command(self, case: str, name: str = "forecast") -> str:
        """The command that makes the same numbers, ready for a shell."""
        words = ["ratify", name, case]
        for name, value in (("--round", self.round_id), ("--as-of", self.as_of)):
            words += [name, value] if value is not None else []
        for name, values in (
            ("--assume", self.assume),
            ("--without", self.without),
            ("--bylaws", self.bylaws),
            ("--scenario", self.scenario),
            ("--set", self.settings),
        ):
            for value in values:
                words += [name, value]
        words += ["--engine", self.engine, "--seed", str(self.seed)]
        words += ["--worlds", str(self.worlds)] if self.worlds is not None else []
        return shlex.join(words)


def _helper() -> "Share":
    """The second process of this command, if there is enough to share; it ends with the command."""
    from ratification.inference.sharing import Helper

    context = click.get_current_context()
    if _HELPER not in context.meta:
        context.meta[_HELPER] = helper = Helper()
        context.call_on_close(helper.close)
    found: Share = context.meta[_HELPER]
    return found


def refuse_existing(path: Path, force: bool) -> None:
    """Refuse to replace a file, or to write where no folder is, before anything slow is done.

    Raises:
        RequestError: saying what to do.
    """
    if path.is_dir():
        raise RequestError(f"{path} is a folder: name a file")
    if path.exists() and not force:
        raise RequestError(f"{path} is already there. Replace it with --force, or name another")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise RequestError(f"there is no folder {folder} for {path.name}")
    if not os.access(folder, os.W_OK):
        raise RequestError(f"the folder {folder} cannot be written: name a file in another")
