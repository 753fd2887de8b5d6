"""The break-even of published early returns."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Unpack

from ratification.answers.breakeven import BreakEven, Point, between, bracket, curve_of
from ratification.answers.run import Run
from ratification.api.forecasts import BY_AUTO, RunOptions, run
from ratification.case.case import Case
from ratification.case.priors import Normal
from ratification.case.rounds import AS_VOTED, Scenario
from ratification.errors import ConvergenceError, RequestError
from ratification.inference.layout import build_layout
from ratification.output.runs import Runs

HELD = 0.01  # sd (logit) of a strength that is held fixed: a quarter of a point of yes share
STEPS = 8  # of the sweep, from the strongest effect one way to the strongest the other way
CLOSER = 2  # further fits for every crossing
PUBLISHED = "early-returns-held"


def break_even(
    case: Case, *, target: float = 0.5, strongest: float = 2.0, **asked: Unpack[RunOptions]
) -> BreakEven:
    """How strong the effect of published returns would have to be to bring a chance to `target`.

    The strength (kappa, logit) is swept from minus to plus `strongest`, in one scenario at most:
    with positive strength, results that were published pull later voters their way. Else as `run`,
    by the engine "auto" unless another is given.

    Raises:
        RequestError: as `run`; or a target or strength that is none, or several scenarios.
        CaseError: the evidence in force cannot all be true.
        ConvergenceError: a fit did not converge.
    """
    scenarios = asked.get("scenarios", ())
    _refuse(target, strongest, scenarios)
    shared: RunOptions = BY_AUTO | asked | {"runs": asked.get("runs") or Runs()}

    def answered(about: Case, names: Sequence[str]) -> Run:
        return run(about, **(shared | {"scenarios": names}))

    base = answered(case, scenarios)
    published = _published(case, base.forecast.round, next(iter(scenarios), AS_VOTED))
    strengths = _Strengths(replace(case, scenarios=(published,)), answered)
    inert = not _early(case, base, published)
    if not inert and any(rule.standing == "open" for rule in base.forecast.rules):
        strengths.sweep(strongest)
        strengths.closer(base, target)
    return BreakEven(
        run=base,
        target=target,
        strongest=strongest,
        inert=inert,
        gaps=tuple(sorted(strengths.failed)),
        curves=tuple(
            curve_of(
                chosen,
                base.rule(base.simulations[0], chosen).standing,
                strengths.points(index),
                target,
            )
            for index, chosen in enumerate(base.readings)
        ),
    )


def _refuse(target: float, strongest: float, scenarios: Sequence[str]) -> None:
    if not 0 < target < 1:
        raise RequestError(f"target {target:g} is no chance between 0 and 1")
    if not 0 < strongest <= 5:
        raise RequestError(f"strongest {strongest:g} is not above 0 and at most 5 (logit)")
    if len(scenarios) > 1:
        raise RequestError("a break-even is about one scenario at a time")


class _Strengths:
    """Runs by strength of the effect, each fitted once; and strengths that did not converge."""

    def __init__(self, case: Case, answered: Callable[[Case, Sequence[str]], Run]) -> None:
        self.case, self.answered = case, answered
        self.found: dict[float, Run] = {}
        self.failed: set[float] = set()

    def fit(self, strength: float) -> None:
        """Fit with the effect held at a strength; one that does not converge leaves a gap."""
        strength = round(strength, 3)
        if strength in self.found or strength in self.failed:
            return
        held = replace(self.case.priors, kappa=Normal(mean=strength, sd=HELD))
        try:
            self.found[strength] = self.answered(replace(self.case, priors=held), [PUBLISHED])
        except ConvergenceError:
            self.failed.add(strength)

    def sweep(self, strongest: float) -> None:
        """Fit strengths all the way from minus to plus `strongest`.

        Raises:
            ConvergenceError: none gave a forecast.
        """
        for step in range(STEPS + 1):
            self.fit(strongest * (2 * step / STEPS - 1))
        if not self.found:
            raise ConvergenceError("no strength of the effect gave a forecast. Try another --seed")

    def closer(self, base: Run, target: float) -> None:
        """Fit where each open reading's line between two strengths crosses the target."""
        for index, chosen in enumerate(base.readings):
            if base.rule(base.simulations[0], chosen).standing != "open":
                continue
            for _ in range(CLOSER):
                pair = bracket(self.points(index), target)
                if pair is None or abs(pair[1].strength - pair[0].strength) < 0.05:
                    break
                self.fit(between(pair, target))

    def points(self, index: int) -> list[Point]:
        """A reading's chance at every strength that was fitted."""
        return [
            Point(
                strength=strength,
                estimate=made.rule(made.simulations[0], made.readings[index]).estimate,
            )
            for strength, made in self.found.items()
        ]


def _early(case: Case, base: Run, published: Scenario) -> bool:
    """Whether some result was out before another unit's own, so that there is an effect."""
    layout = build_layout(case, base.evidence, base.forecast.round, published)
    return layout.structure.early_returns and bool(layout.data["early"].any())


def _published(case: Case, round_id: str, name: str) -> Scenario:
    """The scenario asked for, or none, with returns published."""
    if name != AS_VOTED:
        return replace(case.scenario(name), id=PUBLISHED, returns="published")
    return Scenario(
        id=PUBLISHED, title="Returns published as they come", round=round_id, returns="published"
    )
