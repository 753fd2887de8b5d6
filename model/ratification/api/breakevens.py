"""The break-even of published early returns."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from ratification.answers.breakeven import BreakEven, Point, between, bracket, curve_of
from ratification.answers.run import Run
from ratification.api.forecasts import DEFAULT_SEED, run
from ratification.case.case import Case
from ratification.case.priors import Normal
from ratification.case.rounds import AS_VOTED, Scenario
from ratification.errors import ConvergenceError, RequestError
from ratification.inference.layout import build_layout
from ratification.output.runs import EngineChoice, Runs

HELD = 0.01  # sd (logit) of a strength that is held fixed: a quarter of a point of yes share
STEPS = 8  # of the sweep, from the strongest effect one way to the strongest the other way
CLOSER = 2  # further fits for every crossing
PUBLISHED = "early-returns-held"


def break_even(
    case: Case,
    *,
    target: float = 0.5,
    strongest: float = 2.0,
    round_id: str | None = None,
    as_of: str | None = None,
    bylaws: Sequence[str] = (),
    scenarios: Sequence[str] = (),
    assume: Sequence[str] = (),
    without: Sequence[str] = (),
    worlds: int | None = None,
    seed: int = DEFAULT_SEED,
    engine: EngineChoice = "auto",
    runs: Runs | None = None,
) -> BreakEven:
    """How strong the effect of published returns would have to be to bring a chance to `target`.

    The strength (kappa, logit) is swept from minus to plus `strongest`, in one scenario at most:
    with positive strength, results that were published pull later voters their way. Else as `run`.

    Raises:
        RequestError: as `run`; or a target or strength that is none, or several scenarios.
        CaseError: the evidence in force cannot all be true.
        ConvergenceError: a fit did not converge.
    """
    if not 0 < target < 1:
        raise RequestError(f"target {target:g} is no chance between 0 and 1")
    if not 0 < strongest <= 5:
        raise RequestError(f"strongest {strongest:g} is not above 0 and at most 5 (logit)")
    if len(scenarios) > 1:
        raise RequestError("a break-even is about one scenario at a time")
    runs = runs or Runs()

    def answered(about: Case, names: Sequence[str]) -> Run:
        return run(
            about,
            round_id=round_id,
            as_of=as_of,
            bylaws=bylaws,
            scenarios=names,
            assume=assume,
            without=without,
            worlds=worlds,
            seed=seed,
            engine=engine,
            runs=runs,
        )

    base = answered(case, scenarios)
    published = _published(case, base.forecast.round, next(iter(scenarios), AS_VOTED))
    found: dict[float, Run] = {}
    failed: set[float] = set()

    def at(strength: float) -> None:
        """Fit with the effect held at a strength; one that does not converge leaves a gap."""
        strength = round(strength, 3)
        if strength in found or strength in failed:
            return
        priors = replace(case.priors, kappa=Normal(mean=strength, sd=HELD))
        try:
            found[strength] = answered(
                replace(case, priors=priors, scenarios=(published,)), [PUBLISHED]
            )
        except ConvergenceError:
            failed.add(strength)

    inert = not _early(case, base, published)
    undecided = any(rule.standing == "open" for rule in base.forecast.rules)
    if not inert and undecided:
        for step in range(STEPS + 1):
            at(strongest * (2 * step / STEPS - 1))
        if not found:
            raise ConvergenceError("no strength of the effect gave a forecast. Try another --seed")
        _closer(base, found, at, target)
    return BreakEven(
        run=base,
        target=target,
        strongest=strongest,
        inert=inert,
        gaps=tuple(sorted(failed)),
        curves=tuple(
            curve_of(
                chosen,
                base.rule(base.simulations[0], chosen).standing,
                _points(found, index),
                target,
            )
            for index, chosen in enumerate(base.readings)
        ),
    )


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


def _points(found: dict[float, Run], index: int) -> list[Point]:
    """A reading's chance at every strength that was fitted."""
    return [
        Point(
            strength=strength,
            estimate=made.rule(made.simulations[0], made.readings[index]).estimate,
        )
        for strength, made in found.items()
    ]


def _closer(base: Run, found: dict[float, Run], at: Callable[[float], None], target: float) -> None:
    """Fit where each reading's line between two strengths crosses the target."""
    for index, chosen in enumerate(base.readings):
        if base.rule(base.simulations[0], chosen).standing != "open":
            continue
        for _ in range(CLOSER):
            pair = bracket(_points(found, index), target)
            if pair is None or abs(pair[1].strength - pair[0].strength) < 0.05:
                break
            at(between(pair, target))
