"""Every check of a forecast's model at once: what was believed, what was learnt, what decides."""

from typing import Unpack

from ratification.answers.run import Run
from ratification.api.forecasts import BY_AUTO, RunOptions, run, run_on
from ratification.case.case import Case
from ratification.case.evidence import InForce
from ratification.errors import ConvergenceError, RequestError
from ratification.inference.fit import Progress, no_progress
from ratification.inference.posterior import EngineChoice
from ratification.output.runs import Runs
from ratification.validation.left_out import LeftOut, left_out, reported_unions, without
from ratification.validation.power_scaling import PowerScaled, power_scaled
from ratification.validation.tuning import Tuning, beliefs_in_play, replicated


def tune(
    case: Case,
    *,
    leave_one_out: bool = True,
    progress: Progress = no_progress,
    **asked: Unpack[RunOptions],
) -> Tuning:
    """A round's forecast with everything that tells whether its priors and its model suit it.

    Options as `run`, by the engine "auto" unless another is given, with one scenario at most.
    `leave_one_out` fits once more for every union that has reported. `progress` is told which fit
    begins.

    Raises:
        RequestError: as `run`, or several scenarios.
        CaseError: the evidence in force cannot all be true.
        ConvergenceError: a fit did not converge.
    """
    if len(asked.get("scenarios", ())) > 1:
        raise RequestError("the model is checked in one scenario: name one")
    asked = BY_AUTO | asked | {"runs": asked.get("runs") or Runs()}
    progress("the forecast", 0, 0)
    return checked(
        run(case, **asked),
        engine=asked["engine"],
        worlds=asked.get("worlds"),
        runs=asked["runs"],
        leave_one_out=leave_one_out,
        progress=progress,
    )


def checked(
    found: Run,
    *,
    engine: EngineChoice = "auto",
    worlds: int | None = None,
    runs: Runs | None = None,
    leave_one_out: bool = True,
    progress: Progress = no_progress,
) -> Tuning:
    """The checks of a run that is made already; further fits by this engine.

    Raises:
        ConvergenceError: one of these did not converge.
    """
    runs = runs or Runs()
    progress("before any report", 0, 0)
    before = _again(found, InForce(reports=()), engine, worlds, runs)
    rows = None
    if leave_one_out:
        rows = each_left_out(found, engine=engine, worlds=worlds, runs=runs, progress=progress)
    power, untold = _power(found)
    return Tuning(
        run=found,
        before=before,
        beliefs=beliefs_in_play(found.simulations[0].posterior),
        replicated=replicated(found),
        power=power,
        untold=untold,
        left_out=rows,
    )


def each_left_out(
    found: Run,
    *,
    engine: EngineChoice,
    worlds: int | None,
    runs: Runs,
    progress: Progress = no_progress,
) -> tuple[LeftOut, ...]:
    """Every union that has reported, forecast as if it had not.

    Raises:
        ConvergenceError: a fit did not converge.
    """
    unions = reported_unions(found)
    rows = []
    for number, union in enumerate(unions, start=1):
        progress(f"without {union.unit}", number, len(unions))
        again = _again(found, without(found, union.unit), engine, worlds, runs)
        rows.append(left_out(again, union))
    return tuple(rows)


def _again(
    found: Run, evidence: InForce, engine: EngineChoice, worlds: int | None, runs: Runs
) -> Run:
    """The same question asked of other evidence, in the first scenario."""
    return run_on(
        found.case,
        evidence,
        round_id=found.facts.round,
        chosen=found.readings,
        asked=[found.simulations[0].scenario],
        as_of=found.forecast.as_of,
        assumptions=(),
        worlds=worlds,
        seed=found.forecast.seed,
        engine=engine,
        runs=runs,
    )


def _power(found: Run) -> tuple[PowerScaled | None, str]:
    """Sensitivities, or why there are none."""
    try:
        return power_scaled(found), ""
    except ConvergenceError as error:
        return None, str(error)
