"""Adoption: a rule that must first be adopted, and the chance of ratification on that path.

    P(path) = P(adopted) P(ratified | rule) + (1 - P(adopted)) P(ratified | bylaws in force)

P(adopted) is assumed and has no error of its own; that the vote goes the same way whatever rule
decides it is assumed too. Both rules judge the same simulated votes, so the error is paired.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ratification.answers.estimates import Estimate, mean_error
from ratification.answers.pairing import holds
from ratification.answers.run import Run, Simulation
from ratification.case.bylaws import ChosenReading
from ratification.case.unitsets import near_miss
from ratification.case.values import shown
from ratification.errors import RequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The chance of ratification if a rule may be adopted, and the chances it is made of."""

    bylaws: str
    reading: str
    scenario: str
    adoption: float
    otherwise: str
    if_adopted: Estimate
    if_not: Estimate
    estimate: Estimate


def adoption_paths(run: Run, asked: Mapping[str, float]) -> tuple[Path, ...]:
    """Paths by reading and scenario, for bylaws of which it is said how likely adoption is.

    Raises:
        RequestError: a probability outside 0 to 1, or bylaws that the run has not.
    """
    likely = _likely(run, asked)
    return tuple(
        _path(run, made, chosen, likely[chosen.bylaws.id])
        for made in run.simulations
        for chosen in run.readings
        if chosen.bylaws.id in likely
    )


def _likely(run: Run, asked: Mapping[str, float]) -> dict[str, float]:
    """Chance of adoption by bylaws: as asked, else as the case says."""
    known = {chosen.bylaws.id: chosen.bylaws for chosen in run.readings}
    for name, chance in asked.items():
        if name not in known:
            near = near_miss(name, known) or f" There are: {', '.join(known)}"
            raise RequestError(f"adoption: no bylaws {shown(name)} are asked about.{near}")
        if not 0 <= chance <= 1:
            raise RequestError(f"adoption of {name!r} is {chance:g}: not a chance from 0 to 1")
        if name == run.main.bylaws.id:
            raise RequestError(f"adoption: bylaws {name!r} are in force, or come first, already")
    said = {name: bylaws.adoption for name, bylaws in known.items() if name != run.main.bylaws.id}
    return {name: p for name, p in said.items() if p is not None} | dict(asked)


def _path(run: Run, made: Simulation, chosen: ChosenReading, adoption: float) -> Path:
    rule, force = run.rule(made, chosen), run.rule(made, run.main)
    p = adoption * rule.estimate.probability + (1 - adoption) * force.estimate.probability
    by_world = adoption * holds(run, made, chosen) + (1 - adoption) * holds(run, made, run.main)
    # Where no world was seen on one side, its estimate's own error is the floor.
    unseen = max(
        weight * side.estimate.mcse
        for weight, side in ((adoption, rule), (1 - adoption, force))
        if weight > 0
    )
    decided = {side.standing for side in (rule, force)} <= {"ratified", "defeated"}
    error = 0.0 if decided else mean_error(by_world, made.worlds)
    return Path(
        bylaws=rule.bylaws,
        reading=rule.reading,
        scenario=made.name,
        adoption=adoption,
        otherwise=run.main.key,
        if_adopted=rule.estimate,
        if_not=force.estimate,
        estimate=Estimate(probability=p, mcse=error or unseen * (not decided)),
    )
