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
class Scenario:
    """Assumptions about a round.

    `swing` (logit, whole coalition) moves it against the round it repeats, or against its own
    prior if it repeats none; `turnout` (logit) moves turnout likewise. `returns` says whether
    early returns are published, which turns the early-returns effect on, or withheld.
    """

    id: str
    title: str
    round: str
    swing: Normal | None = None
    turnout: Normal | None = None
    returns: Literal["withheld", "published"] = "withheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stake:
    """What hangs on the result, in the stake's own unit."""

    name: str
    ratified: float
    defeated: float
