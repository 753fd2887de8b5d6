"""Fitting: compile once for a structure, sample with nutpie, refuse what has not converged."""

import atexit
import os
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ratification.errors import ConvergenceError
from ratification.inference.parameters import summarise
from ratification.inference.posterior import Diagnostics, Posterior
from ratification.inference.structure import Layout

if TYPE_CHECKING:
    import xarray as xr

RHAT_LIMIT = 1.01
ESS_LIMIT = 400
DIVERGENCE_LIMIT = 0.001  # of all draws, after the retry
GATED = ("mu", "nu", "tau", "tau_turnout", "swing")
COMPILED_KEPT = 4
LOOK = 0.1  # seconds between two looks at how far the sampler is

Progress = Callable[[str, int, int], None]  # stage, done, of how many (0 when not known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """How to sample, what a run must reach, and how to sample again where the first will not do."""

    rhat: float = RHAT_LIMIT  # at most
    effective: int = ESS_LIMIT  # draws, at least
    chains: int = 4
    draws: int = 1500
    tune: int = 1000
    cores: int = 2
    target_accept: float = 0.97
    retry_tune: int = 2000
    retry_draws: int = 3000
    retry_target_accept: float = 0.995

    def again(self, *, careful: bool, longer: bool) -> "Sampler":
        """With smaller steps where there were divergences, and longer where a gate was missed."""
        accept = self.retry_target_accept if careful else self.target_accept
        draws = self.retry_draws if longer else self.draws
        return replace(self, draws=draws, tune=self.retry_tune, target_accept=accept)


DEFAULT_SAMPLER = Sampler()


def no_progress(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Fit:
    """A posterior, and the ArviZ tree it came from."""

    posterior: Posterior
    tree: "xr.DataTree"


class Engine:
    """Compiled models by structure. New evidence or priors on a known structure do not compile."""

    def __init__(self) -> None:
        self._compiled: OrderedDict[tuple[object, ...], Any] = OrderedDict()

    def fit(
        self,
        layout: Layout,
        seed: int,
        *,
        sampler: Sampler = DEFAULT_SAMPLER,
        progress: Progress = no_progress,
    ) -> Fit:
        """Sample the posterior; retry once where it has divergences or has not converged.

        Raises:
            ConvergenceError: the retry did not converge either.
        """
        compiled = self.compiled(layout, progress)
        tree = _sample(compiled, layout, seed, sampler, progress)
        found = diagnose(tree, sampler.target_accept, retried=False)
        missed = failures(found, sampler)
        if found.divergences or missed:
            progress("sampling again, more carefully", 0, 0)
            again = sampler.again(careful=found.divergences > 0, longer=bool(missed))
            tree = _sample(compiled, layout, seed + 1, again, progress)
            found = diagnose(tree, again.target_accept, retried=True)
            wrong = [*failures(found, sampler), *too_many_divergences(found, tree)]
            if wrong:
                raise ConvergenceError(
                    f"the fit did not converge, so there is no forecast: {'; '.join(wrong)}. "
                    "Try another --seed, or look at the evidence with `ratify check`"
                )
        return Fit(posterior=to_posterior(tree, layout, found, seed), tree=tree)

    def compiled(self, layout: Layout, progress: Progress = no_progress) -> Any:
        """The compiled model of a layout's structure, with the layout's arrays."""
        key = layout.structure.key
        if key not in self._compiled:
            self._compiled[key] = _compile(layout, progress)
            while len(self._compiled) > COMPILED_KEPT:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(key)
        model = self._compiled[key]
        known = {variable.name for variable in model.shared_var_keys}
        return model.with_data(**{k: v for k, v in layout.data.items() if k in known})


def _compile(layout: Layout, progress: Progress) -> Any:
    progress("loading PyMC", 0, 0)
    give_pytensor_a_folder()
    import nutpie

    from ratification.inference.model import build_model

    progress("building the model", 0, 0)
    model = build_model(layout.structure, dict(layout.data))
    progress("compiling", 0, 0)
    return nutpie.compile_pymc_model(model)


def give_pytensor_a_folder() -> None:
    """PyTensor keeps what it compiles in the home folder and fails where it cannot write there.

    It then gets a temporary folder, so that a forecast is slower and not impossible.
    """
    flags = os.environ.get("PYTENSOR_FLAGS", "")
    if "compiledir" in flags:
        return
    try:
        with tempfile.TemporaryFile(dir=_made(Path.home() / ".pytensor")):
            return
    except OSError:
        scratch = tempfile.mkdtemp(prefix="ratification-")
        atexit.register(shutil.rmtree, scratch, ignore_errors=True)
        os.environ["PYTENSOR_FLAGS"] = f"{flags},base_compiledir={scratch}".lstrip(",")


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _sample(
    compiled: Any,
    layout: Layout,
    seed: int,
    sampler: Sampler,
    progress: Progress,
) -> "xr.DataTree":
    from ratification.inference.model import unfold

    tree = sampled(compiled, seed, sampler, progress)
    posterior = tree["posterior"].dataset
    raw = {str(name): posterior[name].values for name in posterior.data_vars}
    unfolded = unfold(layout.structure, raw)
    kept = posterior[list(unfolded)]
    tree["posterior"] = kept.assign({n: (kept[n].dims, v) for n, v in unfolded.items()})
    return tree


def sampled(compiled: Any, seed: int, sampler: Sampler, progress: Progress) -> "xr.DataTree":
    """Draws of any model that nutpie has compiled; Ctrl-C, or an error of `progress`, ends it."""
    import nutpie

    total = sampler.chains * (sampler.draws + sampler.tune)

    finished = [0]

    def told(chains: list[Any]) -> None:  # by a thread of nutpie's, which no error may leave
        finished[0] = sum(chain.finished_draws for chain in chains)

    progress("sampling", 0, total)
    running = nutpie.sample(
        compiled,
        draws=sampler.draws,
        tune=sampler.tune,
        chains=sampler.chains,
        cores=sampler.cores,
        seed=seed,
        target_accept=sampler.target_accept,
        save_warmup=False,
        progress_bar=False,
        progress_callback=told,
        progress_rate=200,
        blocking=False,
    )
    try:  # nutpie's own blocking call turns Ctrl-C into a short, silent result
        while not _finished(running):
            time.sleep(LOOK)
            progress("sampling", finished[0], total)  # may raise, to end what is not wanted now
        tree: xr.DataTree = running.wait()
    except BaseException:
        running.cancel()
        raise
    progress("sampling", total, total)
    return tree


def _finished(running: Any) -> bool:
    """Whether a sampler has ended. nutpie 0.16 raises where the answer is no."""
    try:
        return bool(running.is_finished)
    except TimeoutError:
        return False


def diagnose(
    tree: "xr.DataTree", target_accept: float, *, retried: bool, names: Sequence[str] = GATED
) -> Diagnostics:
    """R-hat and effective sample sizes of those variables that are there, and divergences."""
    import arviz_stats

    posterior = tree["posterior"].dataset
    gated = posterior[[name for name in names if name in posterior]]
    rhat = arviz_stats.rhat(gated)
    bulk = arviz_stats.ess(gated, method="bulk")
    tail = arviz_stats.ess(gated, method="tail")
    return Diagnostics(
        rhat_max=max(float(rhat[name].max()) for name in rhat.data_vars),
        ess_min=min(float(ess[name].min()) for ess in (bulk, tail) for name in ess.data_vars),
        divergences=int(tree["sample_stats"]["diverging"].sum()),
        target_accept=target_accept,
        retried=retried,
    )


def failures(found: Diagnostics, sampler: Sampler = DEFAULT_SAMPLER) -> list[str]:
    """Which gates of convergence a fit has missed, with numbers."""
    wrong = []
    rhat = np.inf if found.rhat_max is None else found.rhat_max
    if not rhat <= sampler.rhat:
        wrong.append(f"R-hat {rhat:.3f} (at most {sampler.rhat})")
    if not found.ess_min >= sampler.effective:
        wrong.append(f"effective sample size {found.ess_min:.0f} (at least {sampler.effective})")
    return wrong


def too_many_divergences(found: Diagnostics, tree: "xr.DataTree") -> list[str]:
    """More than the few that may be left after the second run, with numbers."""
    draws = int(np.prod(tree["sample_stats"]["diverging"].shape))
    if found.divergences <= DIVERGENCE_LIMIT * draws:
        return []
    return [f"{found.divergences} divergences in {draws} draws"]


def to_posterior(
    tree: "xr.DataTree", layout: Layout, diagnostics: Diagnostics, seed: int
) -> Posterior:
    """Plain arrays of an ArviZ tree."""
    posterior = tree["posterior"].dataset
    draws = {str(name): np.asarray(posterior[name].values) for name in posterior.data_vars}
    return Posterior(
        layout=layout,
        draws=draws,
        diagnostics=diagnostics,
        seed=seed,
        parameters=summarise(tree, layout),
    )
