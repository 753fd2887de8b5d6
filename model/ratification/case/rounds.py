"""Ballot rounds, scenarios about them, and what hangs on the result."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ratification.case.priors import Normal

AS_VOTED = "as-voted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One vote. `repeats` names an earlier round of the same members.

    `due` says by unit (`*`: all) on which day a result is expected (ISO date). No forecast rests
    on it, so neither the hash of its inputs nor a kept run does.
    """

    id: str
    title: str
    question: str = ""
    repeats: str = ""
    due: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joining:
    """A union that joins the coalition, with all its members; how it votes is drawn."""

    id: str
    name: str
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Assumptions about a round.

    `swing` (logit, whole coalition) moves it against the round it repeats, or against its own
    prior if it repeats none; `turnout` (logit) moves turnout likewise. `returns` says whether
    early returns are published, which turns the early-returns effect on, or withheld.
    `regression` is the share of every unit's distance from the coalition, in the vote before,
    that is lost on average: None leaves it to the model. Units `abstaining` cast no ballots;
    unions `leaving` are counted nowhere; unions `joining` vote and are counted.
    """

    id: str
    title: str
    round: str
    swing: Normal | None = None
    turnout: Normal | None = None
    returns: Literal["withheld", "published"] = "withheld"
    regression: float | None = None
    abstaining: tuple[str, ...] = ()
    leaving: tuple[str, ...] = ()
    joining: tuple[Joining, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """An amount in its stake's unit: fixed, or anything in a range.

    "uniform": from `low` to `high`, all alike; "normal": these are its 5% and 95% quantiles.
    """

    low: float
    high: float
    distribution: Literal["fixed", "uniform", "normal"] = "fixed"

    @property
    def mean(self) -> float:
        """What is to be expected of it."""
        return (self.low + self.high) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """What hangs on the result: an amount if ratified, another if not, both in `unit`."""

    name: str
    ratified: Amount
    defeated: Amount
    unit: str = ""
