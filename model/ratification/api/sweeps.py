"""Sweeps and amendments: other thresholds, and the smallest change that makes a rule likely."""

from collections.abc import Sequence
from typing import Unpack

from ratification.answers.amend import Amendments, amendments_of
from ratification.answers.run import Run, Simulation
from ratification.answers.sweep import Sweep, sweep_of
from ratification.api.forecasts import BY_AUTO, RunOptions, run
from ratification.case.bylaws import ChosenReading, choose
from ratification.case.case import Case
from ratification.errors import RequestError


def sweep(
    case: Case, *, rule: str = "", axes: Sequence[str] = (), **asked: Unpack[RunOptions]
) -> Sweep:
    """How likely a rule is at every choice of one or two of its thresholds, from one simulation.

    `rule` such as "1996/ballots" (the first of the case, if empty); `axes` the conditions to move,
    by measure ("yes of ballots") or number in the rule ("2"), its first two if none is named. The
    rest as in `run`, but by "auto" where no engine is given: `bylaws` are those marked on the
    surface; one scenario at most.

    Raises:
        RequestError: no such rule or condition, or several scenarios.
        CaseError, ConvergenceError: see `run`.
    """
    made, simulation = _simulated(case, rule, asked)
    return sweep_of(made, simulation, _chosen(made, rule) or made.readings[0], axes)


def amend(
    case: Case,
    *,
    target: float = 0.9,
    rule: str = "",
    axes: Sequence[str] = (),
    **asked: Unpack[RunOptions],
) -> Amendments:
    """The smallest changes to the bylaws in force that make ratification as likely as `target`.

    Of the thresholds named by `axes` (see `sweep`), by striking out conditions, by another reading
    or other bylaws of the case; and the swing of opinion that would do the same. `rule` is another
    rule to amend than the one in force for this vote. The rest as in `run`, but by "auto" where no
    engine is given.

    Raises:
        RequestError: a target not between 0 and 1, no such rule or condition, several scenarios.
        CaseError, ConvergenceError: see `run`.
    """
    if not 0 < target < 1:
        raise RequestError(f"target {target:g} is no chance between 0 and 1: write 0.9 for 90%")
    made, simulation = _simulated(case, rule, asked)
    return amendments_of(made, simulation, _chosen(made, rule) or made.main, target, axes)


def _simulated(case: Case, rule: str, asked: RunOptions) -> tuple[Run, Simulation]:
    """The run, in which the rule is judged too, and its one scenario."""
    if len(asked.get("scenarios", ())) > 1:
        raise RequestError("sweeps and amendments are of one scenario: name one")
    bylaws = tuple(asked.get("bylaws", ()))
    named = tuple(chosen.key for chosen in choose(case.bylaws, (rule,))) if rule else ()
    wanted: RunOptions = {"bylaws": (*bylaws, *named) if bylaws else ()}
    made = run(case, **(BY_AUTO | asked | wanted))
    return made, made.simulations[0]


def _chosen(made: Run, rule: str) -> ChosenReading | None:
    if not rule:
        return None
    [wanted] = choose(made.case.bylaws, (rule,))
    return next(chosen for chosen in made.readings if chosen.key == wanted.key)
