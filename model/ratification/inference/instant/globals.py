"""The parameters all unions share, as independent standard normals a priori, and back.

A point `u` of the proposal has one coordinate per parameter. Each is the prior's own quantile of
Phi(u), so that before any evidence points drawn from the standard normal are exact.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from ratification.arrays import Float
from ratification.case.priors import Priors
from ratification.inference.quantiles import correlation_quantile, quantile
from ratification.inference.structure import Structure

LEVELS = ("union", "unit", "local")
NO_SCALE = 1e-3  # of a logit: smaller scales are all alike


@dataclass(frozen=True)
class Shared:
    """Global parameters by point, on the scale the model is written on."""

    mu: Float[np.ndarray, " point"]
    swing: Float[np.ndarray, "point later_round"]
    nu: Float[np.ndarray, "point round"]
    tau: Float[np.ndarray, "point level"]
    tau_turnout: Float[np.ndarray, "point level"]
    correlation: Float[np.ndarray, " point"]
    persistence: Float[np.ndarray, " point"]  # 0 where no unit is sampled twice
    beta: Float[np.ndarray, "point feature"]
    kappa: Float[np.ndarray, " point"]  # 0 where early returns have no effect

    def __len__(self) -> int:
        return len(self.mu)

    def __getitem__(self, rows: slice | np.ndarray) -> "Shared":
        """The same for some points."""
        return Shared(**{part.name: getattr(self, part.name)[rows] for part in fields(self)})

    @cached_property
    def round_means(self) -> Float[np.ndarray, "point round"]:
        """Mean logit yes share of the coalition by round."""
        steps = np.concatenate([np.zeros((len(self.mu), 1)), np.cumsum(self.swing, axis=1)], axis=1)
        return np.asarray(self.mu[:, None] + steps)

    @cached_property
    def columns(self) -> Float[np.ndarray, "point column"]:
        """All of them side by side, scales as logarithms."""
        parts = {part.name: getattr(self, part.name) for part in fields(self)}
        for name in ("tau", "tau_turnout"):
            parts[name] = np.log(parts[name] + NO_SCALE)
        return np.column_stack(list(parts.values()))


class SharedPrior:
    """From standard normal coordinates to the parameters of a structure."""

    def __init__(self, structure: Structure, priors: Priors) -> None:
        self.structure = structure
        self.priors = priors
        later, rounds = len(structure.rounds) - 1, len(structure.rounds)
        self.sizes = {
            "mu": 1,
            "swing": later,
            "nu": rounds,
            "tau": structure.depth,
            "tau_turnout": structure.depth,
            "correlation": 1,
            "persistence": int(bool(structure.repeated)),
            "beta": len(structure.features),
            "kappa": int(structure.early_returns),
        }

    @property
    def dimension(self) -> int:
        """How many coordinates a point has."""
        return sum(self.sizes.values())

    def shared(self, u: Float[np.ndarray, "point coordinate"]) -> Shared:
        """The parameters at these points."""
        ends = np.cumsum(list(self.sizes.values()))[:-1]
        part = dict(zip(self.sizes, np.split(u, ends, axis=1), strict=True))
        p, levels = self.priors, LEVELS[: self.structure.depth]
        nothing = np.zeros(len(u))

        def scales(name: str, of: np.ndarray) -> np.ndarray:
            each = [quantile(getattr(p, f"{name}_{at}"), of[:, i]) for i, at in enumerate(levels)]
            return np.stack(each, axis=1)

        return Shared(
            mu=quantile(p.mu, part["mu"][:, 0]),
            swing=quantile(p.swing, part["swing"]),
            nu=quantile(p.nu, part["nu"]),
            tau=scales("tau", part["tau"]),
            tau_turnout=scales("tau_turnout", part["tau_turnout"]),
            correlation=correlation_quantile(p.correlation, part["correlation"][:, 0]),
            persistence=(
                quantile(p.persistence, part["persistence"][:, 0])
                if self.sizes["persistence"]
                else nothing
            ),
            beta=quantile(p.beta, part["beta"]),
            kappa=quantile(p.kappa, part["kappa"][:, 0]) if self.sizes["kappa"] else nothing,
        )
