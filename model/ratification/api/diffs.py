"""Diffs: why two forecasts differ, each probability's change split by its causes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ratification.answers.changes import Cause, Diff, Side, Swap, rule_changes
from ratification.answers.differing import differing, leftover, unsplit
from ratification.answers.inputs import details_of
from ratification.answers.run import Run
from ratification.api.forecasts import DEFAULT_SEED, run
from ratification.api.swaps import Settings, swaps_between
from ratification.case.case import Case
from ratification.case.priors import Priors, set_from_text
from ratification.errors import RequestError
from ratification.inference.fit import no_progress
from ratification.inference.posterior import EngineChoice
from ratification.output.runs import Runs

Progress = Callable[[str, int, int], None]
ASSUMED, LEFT_OUT, PRIORS = "assumed: ", "left out: ", "priors differ from the defaults: "


def diff(
    case: Case,
    *,
    from_day: str | None = None,
    to_day: str | None = None,
    case_before: Case | None = None,
    round_id: str | None = None,
    bylaws: Sequence[str] = (),
    scenarios: Sequence[str] = (),
    assume: Sequence[str] = (),
    without: Sequence[str] = (),
    worlds: int | None = None,
    seed: int = DEFAULT_SEED,
    engine: EngineChoice = "auto",
    runs: Runs | None = None,
    progress: Progress = no_progress,
) -> Diff:
    """Why the forecast of a case as of `to_day` differs from that as of `from_day`.

    Without a day: with all evidence. `case_before` is the case as it was then, where its rosters,
    priors, bylaws or rows have changed since. Everything else is asked of both alike.

    Raises:
        RequestError: a case has no such round, bylaws, scenario or report.
        CaseError: the evidence of one of the two cannot all be true.
        ConvergenceError: the fit of one of the two did not converge.
    """
    runs = runs or Runs()

    def made(of: Case, day: str | None) -> Run:
        return run(
            of,
            round_id=round_id,
            as_of=day,
            bylaws=bylaws,
            scenarios=scenarios,
            assume=assume,
            without=without,
            worlds=worlds,
            seed=seed,
            engine=engine,
            runs=runs,
        )

    progress(f"as of {from_day or 'all evidence'}", 0, 0)
    first = made(case_before or case, from_day)
    progress(f"as of {to_day or 'all evidence'}", 0, 0)
    second = made(case, to_day)
    settings = Settings(worlds=worlds, seed=seed, engine=engine)
    return _compared(
        _Made(run=first, settings=settings), _Made(run=second, settings=settings), runs, progress
    )


def diff_runs(
    before: Side,
    after: Side,
    *,
    case: Case | None = None,
    case_before: Case | None = None,
    runs: Runs | None = None,
    progress: Progress = no_progress,
) -> Diff:
    """Why two recorded forecasts differ. `output.recorded.read_run` reads them.

    With `case`, both are made again from it (the first from `case_before`, where it has changed
    since), and the change is split. Without, one part is left of every cause that the two files
    leave open.

    Raises:
        RequestError: they are not about one round, or were not made from the case given.
        CaseError: the evidence of one of the two cannot all be true.
        ConvergenceError: the fit of one of the two did not converge.
    """
    if (before.case, before.round) != (after.case, after.round):
        raise RequestError(
            f"the two runs are about different votes: {before.case} {before.round}, and "
            f"{after.case} {after.round}"
        )
    if case is None:
        return _told_by_files(before, after)
    runs = runs or Runs()
    progress("the run before", 0, 0)
    first = _remade(before, case_before or case, "before", runs)
    progress("the run after", 0, 0)
    second = _remade(after, case, "after", runs)
    return _compared(first, second, runs, progress, recorded=(before, after))


def _told_by_files(before: Side, after: Side) -> Diff:
    swaps = unsplit(before, after)
    several = len(swaps[0].causes) > 1
    return Diff(
        title=before.case,
        before=before,
        after=after,
        rules=rule_changes(before, after, swaps),
        only_before=tuple(key for key in before.rules if key not in after.rules),
        only_after=tuple(key for key in after.rules if key not in before.rules),
        details=None,
        differs=differing(before, after),
        notes=("two files alone cannot split this further: name the case with --case",)
        if several
        else (),
    )


@dataclass(frozen=True, kw_only=True)
class _Made:
    """A run and how it was asked for."""

    run: Run
    settings: Settings


def _compared(
    first: _Made,
    second: _Made,
    runs: Runs,
    progress: Progress,
    recorded: tuple[Side, Side] | None = None,
) -> Diff:
    """The change from one run to the other, or from one recorded run to the other, split."""
    made = Side.of(first.run.forecast), Side.of(second.run.forecast)
    before, after = recorded or made
    settings = first.settings, second.settings
    swaps, notes = swaps_between(first.run, second.run, settings, runs, progress)
    if recorded is not None:
        cause = leftover(before, after)
        swaps = (_again(before, made[0], cause), *swaps, _again(made[1], after, cause))
    return Diff(
        title=second.run.forecast.title,
        before=before,
        after=after,
        rules=rule_changes(before, after, swaps),
        only_before=tuple(key for key in before.rules if key not in after.rules),
        only_after=tuple(key for key in after.rules if key not in before.rules),
        details=details_of(first.run, second.run),
        differs=differing(before, after),
        notes=notes,
    )


def _again(was: Side, now: Side, cause: Cause) -> Swap:
    """From a recorded run to the same made again, or back, where the numbers differ at all."""
    rules = {
        key: told.estimate
        for key, told in now.rules.items()
        if key in was.rules and told.estimate != was.rules[key].estimate
    }
    return Swap(causes=(cause,), rules=rules, paired={})


def _remade(side: Side, case: Case, which: str, runs: Runs) -> _Made:
    """A recorded run, made again from its case.

    Raises:
        RequestError: the case is not what it was made from.
    """
    if case.id != side.case:
        raise RequestError(f"the runs are about the case {side.case}, not {case.id}")
    settings = Settings(worlds=side.worlds, seed=side.seed, engine=_engine(side))
    found = run(
        _with_its_priors(case, side),
        round_id=side.round,
        as_of=side.as_of,
        bylaws=tuple(dict.fromkeys(f"{bylaws}/{reading}" for bylaws, reading, _ in side.rules)),
        scenarios=tuple(dict.fromkeys(scenario for _, _, scenario in side.rules)),
        assume=_said(side, ASSUMED),
        without=_said(side, LEFT_OUT),
        worlds=settings.worlds,
        seed=settings.seed,
        engine=settings.engine,
        runs=runs,
    )
    if found.forecast.inputs != side.inputs:
        hint = "--case-before" if which == "before" else "--case"
        raise RequestError(
            f"the run {which} was not made from {case.id} as it is in the folder given: the case "
            f"or its evidence as of {side.as_of} has changed since. Name the folder as it was with "
            f"{hint}, or compare the two files alone"
        )
    return _Made(run=found, settings=settings)


def _engine(side: Side) -> EngineChoice:
    return "nuts" if side.engine == "nuts" else "instant"


def _with_its_priors(case: Case, side: Side) -> Case:
    """The case with the priors that the run says it had: the defaults, unless it lists others."""
    priors = Priors()
    for listed in _said(side, PRIORS):
        for text in listed.split(", "):
            priors = set_from_text(priors, text)
    return case.with_priors(priors)


def _said(side: Side, start: str) -> tuple[str, ...]:
    """What follows a beginning that some of the run's assumptions share."""
    return tuple(text.removeprefix(start) for text in side.assumptions if text.startswith(start))
