"""Priors said in shares and chances, and made from what is said so.

The model has its means and scales on the logit scale, where nobody thinks. A mean is believed as
a share that lies between two others; a scale as how far units lie apart, in points of a share
round one half.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log
from statistics import NormalDist
from typing import Literal

from ratification.case.priors import (
    PositiveNormal,
    PriorError,
    Priors,
    changed,
)
from ratification.case.unitsets import near_miss
from ratification.case.values import shown

Kind = Literal["share", "spread", "shift"]
# How each prior is said. A share: of a typical unit. A spread: how far two thirds of the units lie
# from the middle at most. A shift: by how much a share of one half would move.
SAID: Mapping[str, tuple[Kind, str]] = {
    "mu": ("share", "the coalition's yes share"),
    "nu": ("share", "turnout of a typical union"),
    "tau_union": ("spread", "unions' yes shares round the coalition's"),
    "tau_unit": ("spread", "units' yes shares round their union's"),
    "tau_local": ("spread", "locals' yes shares round their unit's"),
    "tau_turnout_union": ("spread", "unions' turnouts round the typical"),
    "tau_turnout_unit": ("spread", "units' turnouts round their union's"),
    "tau_turnout_local": ("spread", "locals' turnouts round their unit's"),
    "swing": ("shift", "the coalition's move to a repeated vote"),
    "beta": ("shift", "what one unit more of a feature moves"),
    "poll_bias": ("shift", "how far a straw poll is off"),
    "kappa": ("shift", "what published early returns move, all one way"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What a prior says: with the given chance the share, or points, lie from low to high."""

    prior: str
    meaning: str
    kind: Kind
    chance: float
    low: float
    high: float

    @property
    def range(self) -> str:
        """Where it lies, in words."""
        said = {
            "share": f"between {self.low:.0%} and {self.high:.0%}",
            "spread": f"two thirds of them within {100 * self.high:.0f} points",
            "shift": f"between {100 * self.low:+.0f} and {100 * self.high:+.0f} points",
        }
        return said[self.kind]

    def __str__(self) -> str:
        """In a sentence."""
        return f"{self.meaning}: {self.range} (chance {self.chance:.0%})"


def beliefs(priors: Priors, chance: float = 0.9) -> tuple[Belief, ...]:
    """What every prior of a mean, a scale or a shift says, in shares and points.

    Correlation and persistence are numbers between -1 and 1, and 0 and 1, as they stand.

    Raises:
        PriorError: the chance is not between 0 and 1.
    """
    found = []
    for name, (kind, meaning) in SAID.items():
        prior = getattr(priors, name)
        if isinstance(prior, PositiveNormal):
            low, high = 0.0, _share(_largest(prior, chance)) - 0.5
        else:
            width = prior.sd * _widest(chance)
            ends = (_share(prior.mean + side * width) for side in (-1, 1))
            low, high = (end - (0.0 if kind == "share" else 0.5) for end in ends)
        found.append(
            Belief(prior=name, meaning=meaning, kind=kind, chance=chance, low=low, high=high)
        )
    return tuple(found)


def in_shares(prior: str, low: float, high: float) -> str:
    """A range of a parameter as its prior is said: logits as shares, or as points.

    Correlation and persistence are numbers as they stand.
    """
    if prior not in SAID:
        return f"{low:.2f} to {high:.2f}"
    kind, _ = SAID[prior]
    ends = [100 * (_share(end) - (0.0 if kind == "share" else 0.5)) for end in (low, high)]
    if kind == "shift":
        return f"{ends[0]:+.0f} to {ends[1]:+.0f} points"
    return f"{ends[0]:.0f} to {ends[1]:.0f}" + ("%" if kind == "share" else " points")


def believing(priors: Priors, name: str, low: float, high: float, *, chance: float = 0.9) -> Priors:
    """Priors of which one says this: `believing(priors, "mu", 0.35, 0.8)`.

    Of a mean, the share lies from `low` to `high`; of a shift, the points (0.05 is five). A scale
    has one number: `low` is 0, and two thirds of the units lie within `high` points.

    Raises:
        PriorError: no prior that is said so, or ends that it cannot have.
    """
    if name not in SAID:
        raise PriorError(f"prior {shown(name)} is not said so.{near_miss(name, list(SAID))}")
    kind, _ = SAID[name]
    least, most = {"share": (0.0, 1.0), "spread": (0.0, 0.5), "shift": (-0.5, 0.5)}[kind]
    if not (least < low < high < most or (kind == "spread" and low == 0 < high < most)):
        raise PriorError(f"{name}: {low} to {high} is no range between {least} and {most}")
    if kind == "spread" and low:
        raise PriorError(f"{name} has one number: say 0 to {high}, the most it may be")
    if kind == "spread":
        return changed(priors, name, {"mean": 0.0, "sd": _logit(0.5 + high) / _widest(chance)})
    ends = [_logit(end + (0.0 if kind == "share" else 0.5)) for end in (low, high)]
    sd = (ends[1] - ends[0]) / 2 / _widest(chance)
    return changed(priors, name, {"mean": sum(ends) / 2, "sd": sd})


def _refuse_certain(chance: float) -> None:
    if not 0 < chance < 1:
        raise PriorError(f"a chance of {shown(chance)} is not between 0 and 1")


def _widest(chance: float) -> float:
    """How far from 0 a standard normal number lies at most, with this chance."""
    _refuse_certain(chance)
    return NormalDist().inv_cdf((1 + chance) / 2)


def _largest(prior: PositiveNormal, chance: float) -> float:
    """What a scale is at most, with this chance."""
    _refuse_certain(chance)
    law = NormalDist()
    return prior.mean - prior.sd * law.inv_cdf(law.cdf(prior.mean / prior.sd) * (1 - chance))


def _share(logit: float) -> float:
    return 1 / (1 + exp(-logit))


def _logit(share: float) -> float:
    return log(share / (1 - share))
