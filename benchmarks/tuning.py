"""Tuning: other priors neither compile again nor keep whoever moves a slider waiting.

NUTS: the founding case as of 22 June, cold (compiling and all), then the same evidence under other
priors; how often it compiled is counted. Sliders: moves of the panel that are answered by weighing,
against a fit of the instant engine, which is what each would cost otherwise; and what a move is
made of. Last, what the checks of `ratify tune` cost against the forecast that they are about.
"""

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from measuring import Ratio, alternately, median, print_table, show
from ratification.answers.reweighting import log_prior
from ratification.api import DEFAULT_SEED, Forecaster, PriorsPanel, Result, load
from ratification.api.tuning import each_left_out
from ratification.case.beliefs import believing
from ratification.case.case import Case
from ratification.output.views.tables import html_table
from ratification.validation.power_scaling import power_scaled
from ratification.validation.tuning import replicated

CASE, DAY = "sebac-2011", "2011-06-22"
PRIORS = ({"mu": {"mean": 0.0}}, {"nu": {"mean": 0.8}, "tau_union": 0.5})
MOVES = (("tau_union", (0, 0.2)), ("mu", (0.4, 0.8)), ("nu", (0.55, 0.85)), ("mu", (0.36, 0.8)))
READY_GOAL = 0.1  # of what a cold fit takes before and after sampling


def main() -> None:
    """Time all three and print their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of a slider's move (default: 5)")
    parser.add_argument(
        "--without-nuts", action="store_true", help="leave NUTS out: it takes minutes"
    )
    asked = parser.parse_args()
    case = load(CASE).as_of(DAY)
    if not asked.without_nuts:
        show_nuts(case)
    ask = Forecaster(engine="instant", progress=lambda *_: None)
    fit = seconds(lambda: ask.forecast(case))
    result = ask.forecast(case)
    show_sliders(ask, result, asked.runs)
    show_checks(ask, result, fit)


def seconds(what: Callable[[], object]) -> float:
    """Wall seconds."""
    start = time.perf_counter()
    what()
    return time.perf_counter() - start


class Stages:
    """Seconds of every stage of a fit, and how often it compiled."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.compiled = 0
        self._now, self._since = "", time.perf_counter()

    def tell(self, stage: str, done: int, total: int) -> None:  # noqa: ARG002 - a progress callback
        """Progress callback."""
        if stage != self._now:
            at = time.perf_counter()
            self.seconds[self._now] += at - self._since
            self._now, self._since = stage, at
            self.compiled += stage == "compiling"


def show_nuts(case: Case) -> None:
    """A cold fit, then other priors on the same tree.

    How long sampling takes depends on the posterior, and on whether it is done twice; what a
    compiled model saves is the rest.
    """
    stages = Stages()
    ask = Forecaster(engine="nuts", progress=stages.tell)

    def timed(numbers: Mapping[str, Any]) -> tuple[float, float]:
        """Seconds of everything, and of all but sampling."""
        stages.seconds.clear()
        print(f"NUTS, {dict(numbers) or 'cold'}", file=sys.stderr)
        whole = seconds(lambda: ask.forecast(case.with_priors(**numbers), worlds=1000))
        again = stages.seconds["sampling again, more carefully"]
        return whole, whole - stages.seconds["sampling"] - again

    cold, ready = timed({})
    ratios = []
    for numbers in PRIORS:
        whole, rest = timed(numbers)
        name = f"other {', '.join(numbers)}"
        ratios.append(Ratio(name=name, value=whole, yardstick=cold))
        name = f"{name}: all but sampling"
        ratios.append(Ratio(name=name, value=rest, yardstick=ready, at_most=READY_GOAL))
    show(f"NUTS under other priors against its first fit, {CASE} as of {DAY}", ratios)
    print(f"compiled {stages.compiled} time(s) for {1 + len(PRIORS)} fits")


def show_sliders(ask: Forecaster, result: Result, runs: int) -> None:
    """A move against a fit, and its parts."""
    panel = PriorsPanel(ask, result)
    moves: list[float] = []

    def move() -> float:
        took = []
        for name, ends in MOVES:
            value = ends[1] if ends[0] == 0 else ends
            took.append(seconds(lambda: setattr(panel.sliders[name], "value", value)))  # noqa: B023 - called at once
            assert "weighed anew" in panel.answer.value, panel.answer.value
        moves.extend(took)
        panel.sliders["tau_union"].value = 0.23
        return median(took)

    def refit() -> float:
        ask.runs._last = None  # else it finds the fit it has just made
        return seconds(lambda: ask.forecast(result.run.case))

    each, fits = alternately(move, refit, runs)
    ratios = [Ratio(name="a move / a fit", value=median(each), yardstick=median(fits))]
    ratios.append(
        Ratio(name="slowest move / half a second", value=max(moves), yardstick=0.5, at_most=1.0)
    )
    show(f"A slider's move, {len(moves)} of them", ratios)
    show_parts(result)


def show_parts(result: Result) -> None:
    """What a move is made of."""
    priors = believing(result.run.case.priors, "tau_union", 0, 0.2)
    posterior = result.run.simulations[0].posterior
    whole = seconds(lambda: result.under(priors))
    weighed = result.under(priors)
    rows = [{"rule": rule, "chance": str(e.probability)} for rule, e in weighed.estimates.items()]
    parts = {
        "prior from a belief": seconds(lambda: believing(priors, "mu", 0.3, 0.8)),
        "weights": 2 * seconds(lambda: log_prior(posterior, priors)),
        "weights, Pareto k and every rule judged": whole,
        "the table": seconds(lambda: html_table(rows, "")),
    }
    print_table(
        "Parts of a move", ("", "ms"), [(name, f"{1000 * s:.1f}") for name, s in parts.items()]
    )


def show_checks(ask: Forecaster, result: Result, fit: float) -> None:
    """What each check costs against the forecast."""
    run = result.run

    def left_out() -> object:
        return each_left_out(run, engine="instant", worlds=None, runs=ask.runs)

    power_scaled(run)  # ArviZ is loaded once
    unions = len(each_left_out(run, engine="instant", worlds=None, runs=ask.runs))
    checks: dict[str, Callable[[], object]] = {
        "posterior predictive": lambda: replicated(run),
        "power scaling": lambda: power_scaled(run),
        f"{unions} unions left out": left_out,
    }
    ratios = [Ratio(name=n, value=seconds(each), yardstick=fit) for n, each in checks.items()]
    show(f"Checks of `ratify tune` against the forecast, seed {DEFAULT_SEED}", ratios)


if __name__ == "__main__":
    main()
