"""Posterior draws as plain arrays, with the diagnostics of the fit that made them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ratification.inference.parameters import ParameterSummary
from ratification.inference.structure import Layout

EngineName = Literal["nuts", "instant"]
EngineChoice = Literal["nuts", "instant", "auto"]  # auto: instant where its checks pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostics:
    """How well a fit converged, over mu, nu and the scales.

    R-hat and the target acceptance are those of NUTS; Pareto k, the largest of all weights, is
    that of the instant engine, whose `ess_min` is its effective number of weighted points.
    """

    rhat_max: float | None
    ess_min: float
    divergences: int
    target_accept: float | None
    retried: bool
    pareto_k: float | None = None
    handed_over: str | None = None  # why NUTS answered for the instant engine


@dataclass(frozen=True)
class Posterior:
    """Draws by variable, each (chain, draw, ...), of the parameters a layout samples."""

    layout: Layout
    draws: Mapping[str, np.ndarray]
    diagnostics: Diagnostics
    seed: int
    parameters: tuple[ParameterSummary, ...] = ()
    engine: EngineName = "nuts"

    @property
    def chains(self) -> int:
        """Number of chains."""
        return int(self.draws["mu"].shape[0])

    @property
    def per_chain(self) -> int:
        """Draws kept of each chain."""
        return int(self.draws["mu"].shape[1])

    def flat(self, name: str) -> np.ndarray:
        """Draws of one variable, chains interleaved: (draw * chain, ...)."""
        values = self.draws[name]
        return values.swapaxes(0, 1).reshape(-1, *values.shape[2:])
