"""Runs: the posterior and the worlds a forecast needs, from the store or made now."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace

import numpy as np

from ratification.case.case import Case
from ratification.case.evidence import InForce
from ratification.case.fingerprint import fingerprint
from ratification.case.rounds import Scenario
from ratification.errors import ConvergenceError
from ratification.inference.fit import DEFAULT_SAMPLER, Engine, Progress, Sampler, no_progress
from ratification.inference.instant.adapting import DEFAULT_EFFORT, Effort
from ratification.inference.instant.engine import fit as instant_fit
from ratification.inference.layout import build_layout
from ratification.inference.membership import in_scenario
from ratification.inference.posterior import EngineChoice, EngineName, Posterior
from ratification.inference.sharing import Share, alone
from ratification.inference.structure import Layout
from ratification.inference.versions import REVISION, versions
from ratification.inference.worlds import Worlds, draw_worlds
from ratification.output.store import RunStore

# The instant engine's draws are worth fewer: more worlds than draws would add little.
DEFAULT_WORLDS: Mapping[EngineName, int] = {"nuts": 20_000, "instant": 4_000}


class Runs:
    """Finds or makes fits and worlds. Compiled models are kept while it lives.

    `before_sampling` is called when NUTS has to sample, which takes long: no fit of it is kept.
    `share` is who draws; the results are the same.
    """

    def __init__(
        self,
        store: RunStore | None = None,
        *,
        sampler: Sampler = DEFAULT_SAMPLER,
        effort: Effort = DEFAULT_EFFORT,
        progress: Progress = no_progress,
        before_sampling: Callable[[], None] = lambda: None,
        share: Share = alone,
    ) -> None:
        self.store = store
        self.sampler = sampler
        self.effort = effort
        self.progress = progress
        self.before_sampling = before_sampling
        self.share = share
        self.engine = Engine()
        self._last: tuple[str, Posterior] | None = None

    def versions(self, engine: EngineName) -> dict[str, str]:
        """Versions of everything that makes the numbers of an engine."""
        return versions(engine)

    def posterior(
        self,
        case: Case,
        evidence: InForce,
        round_id: str,
        *,
        seed: int,
        scenario: Scenario | None = None,
        engine: EngineChoice = "nuts",
    ) -> tuple[str, Posterior]:
        """The fit of a round and its key: kept, or made now and kept.

        With "auto" the instant engine answers if its checks pass, and NUTS if they do not.

        Raises:
            CaseError: the evidence cannot all be true.
            ConvergenceError: the fit did not converge.
        """
        layout = build_layout(case, evidence, round_id, scenario)
        about = {
            "case": case.id,
            "round": round_id,
            "inputs_sha256": fingerprint(case, evidence),
        }
        if engine == "nuts":
            return self._sampled(layout, seed, about)
        try:
            return self._instant(layout, seed, about)
        except ConvergenceError as error:
            if engine == "instant":
                raise ConvergenceError(f"{error}. `--engine auto` hands over to NUTS") from error
            self.progress("handing over to NUTS", 0, 0)
            key, posterior = self._sampled(layout, seed, about)
            noted = replace(posterior.diagnostics, handed_over=str(error))
            return key, replace(posterior, diagnostics=noted)

    def _sampled(
        self, layout: Layout, seed: int, about: Mapping[str, str]
    ) -> tuple[str, Posterior]:
        key = self._fit_key(layout, seed, "nuts")
        kept = self._kept(key, layout)
        if kept is not None:
            return key, kept
        self.before_sampling()
        fit = self.engine.fit(layout, seed, sampler=self.sampler, progress=self.progress)
        if self.store:
            self.progress("keeping the run", 0, 0)
            self.store.keep_fit(key, fit.posterior, {**about, **self._named("nuts")}, fit.tree)
        self._last = (key, fit.posterior)
        return key, fit.posterior

    def _instant(
        self, layout: Layout, seed: int, about: Mapping[str, str]
    ) -> tuple[str, Posterior]:
        key = self._fit_key(layout, seed, "instant")
        kept = self._kept(key, layout)
        if kept is not None:
            return key, kept
        self.progress("fitting, instant engine", 0, 0)
        posterior = instant_fit(layout, seed, effort=self.effort, share=self.share).posterior
        if self.store:
            self.store.keep_fit(key, posterior, {**about, **self._named("instant")})
        self._last = (key, posterior)
        return key, posterior

    def _kept(self, key: str, layout: Layout) -> Posterior | None:
        """The fit made last, as the scenarios of one round share theirs, or one in the store."""
        if self._last is not None and self._last[0] == key:
            return self._last[1]
        return self.store.posterior(key, layout) if self.store else None

    def worlds(
        self,
        case: Case,
        evidence: InForce,
        round_id: str,
        *,
        seed: int,
        count: int | None = None,
        scenario: Scenario | None = None,
        engine: EngineChoice = "nuts",
    ) -> tuple[Posterior, Worlds]:
        """Complete results of a round, with the posterior they are drawn from.

        `count` is 20,000 of NUTS draws and 4,000 of the instant engine's unless it is given.
        """
        fit_key, posterior = self.posterior(
            case, evidence, round_id, seed=seed, scenario=scenario, engine=engine
        )
        count = count or DEFAULT_WORLDS[posterior.engine]
        said = (fit_key, fingerprint(case, evidence), round_id, repr(scenario), count)
        key = hashlib.sha256(repr(said).encode()).hexdigest()
        kept = self.store.worlds(key) if self.store else None
        if kept is not None:
            return posterior, kept
        self.progress("simulating complete results", 0, 0)
        worlds = draw_worlds(
            case, posterior, evidence, round_id, count, scenario=scenario, share=self.share
        )
        worlds = in_scenario(worlds, case, posterior, round_id, scenario)
        if self.store:
            self.store.keep_worlds(key, worlds)
        return posterior, worlds

    def _named(self, engine: EngineName) -> dict[str, str]:
        return {f"version_{name}": version for name, version in self.versions(engine).items()}

    def _fit_key(self, layout: Layout, seed: int, engine: EngineName) -> str:
        """A hash of everything a fit rests on: structure, arrays, settings, seed, versions."""
        digest = hashlib.sha256()
        settings = asdict(self.sampler if engine == "nuts" else self.effort)
        made_by = (REVISION, sorted(self.versions(engine).items()))
        said = (layout.structure.key, engine, settings, seed, made_by)
        digest.update(repr(said).encode())
        for name, values in _sorted(layout.data):
            digest.update(f"{name} {values.shape} {values.dtype}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


def _sorted(data: Mapping[str, np.ndarray]) -> list[tuple[str, np.ndarray]]:
    return sorted(data.items())
