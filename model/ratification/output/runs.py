"""Runs: the posterior and the worlds a forecast needs, from the store or made now."""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata

import numpy as np

from ratification.case.case import Case
from ratification.case.evidence import InForce
from ratification.case.fingerprint import fingerprint
from ratification.case.rounds import Scenario
from ratification.inference.fit import DEFAULT_SAMPLER, Engine, Progress, Sampler, no_progress
from ratification.inference.layout import build_layout
from ratification.inference.posterior import Posterior
from ratification.inference.structure import Layout
from ratification.inference.worlds import Worlds, draw_worlds
from ratification.output.store import RunStore

PACKAGES = ("ratification", "numpy", "pymc", "pytensor", "nutpie", "arviz")


def versions() -> dict[str, str]:
    """Versions of everything that makes the numbers."""
    found = {name: metadata.version(name) for name in PACKAGES}
    return {"python": platform.python_version()} | found


class Runs:
    """Finds or makes fits and worlds. Compiled models are kept while it lives."""

    def __init__(
        self,
        store: RunStore | None = None,
        *,
        sampler: Sampler = DEFAULT_SAMPLER,
        progress: Progress = no_progress,
    ) -> None:
        self.store = store
        self.sampler = sampler
        self.progress = progress
        self.engine = Engine()
        self.versions = versions()

    def posterior(
        self,
        case: Case,
        evidence: InForce,
        round_id: str,
        *,
        seed: int,
        scenario: Scenario | None = None,
    ) -> tuple[str, Posterior]:
        """The fit of a round and its key: kept, or sampled now and kept.

        Raises:
            CaseError: the evidence cannot all be true.
            ConvergenceError: the fit did not converge.
        """
        layout = build_layout(case, evidence, round_id, scenario)
        key = self._fit_key(layout, seed)
        kept = self.store.posterior(key, layout) if self.store else None
        if kept is not None:
            return key, kept
        fit = self.engine.fit(layout, seed, sampler=self.sampler, progress=self.progress)
        if self.store:
            self.progress("keeping the run", 0, 0)
            attributes = {
                "case": case.id,
                "round": round_id,
                "inputs_sha256": fingerprint(case, evidence),
                **{f"version_{name}": version for name, version in self.versions.items()},
            }
            self.store.keep_fit(key, fit.posterior, fit.tree, attributes)
        return key, fit.posterior

    def worlds(
        self,
        case: Case,
        evidence: InForce,
        round_id: str,
        *,
        seed: int,
        count: int,
        scenario: Scenario | None = None,
    ) -> tuple[Posterior, Worlds]:
        """Complete results of a round, with the posterior they are drawn from."""
        fit_key, posterior = self.posterior(case, evidence, round_id, seed=seed, scenario=scenario)
        said = (fit_key, fingerprint(case, evidence), round_id, repr(scenario), count)
        key = hashlib.sha256(repr(said).encode()).hexdigest()
        kept = self.store.worlds(key) if self.store else None
        if kept is not None:
            return posterior, kept
        self.progress("simulating complete results", 0, 0)
        worlds = draw_worlds(case, posterior, evidence, round_id, count, scenario=scenario)
        if self.store:
            self.store.keep_worlds(key, worlds)
        return posterior, worlds

    def _fit_key(self, layout: Layout, seed: int) -> str:
        """A hash of everything a fit rests on: structure, arrays, sampler, seed, versions."""
        digest = hashlib.sha256()
        said = (layout.structure.key, asdict(self.sampler), seed, sorted(self.versions.items()))
        digest.update(repr(said).encode())
        for name, values in _sorted(layout.data):
            digest.update(f"{name} {values.shape} {values.dtype}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


def _sorted(data: Mapping[str, np.ndarray]) -> list[tuple[str, np.ndarray]]:
    return sorted(data.items())
