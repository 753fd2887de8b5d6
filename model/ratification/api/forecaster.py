"""Asking again and again: a forecaster that keeps what was fitted and compiled, for notebooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from ratification.answers.estimates import Estimate
from ratification.answers.forecast import Forecast
from ratification.answers.replication import Replicated
from ratification.answers.reweighting import Reweighted, reweighted
from ratification.answers.run import Run
from ratification.api.forecasts import DEFAULT_SEED, RunOptions, asked_round, run
from ratification.api.settings_compared import Setting, SettingsCompared
from ratification.case.case import Case
from ratification.case.priors import Priors
from ratification.case.rounds import AS_VOTED, Scenario
from ratification.errors import RequestError
from ratification.inference.fit import Progress
from ratification.inference.posterior import EngineChoice
from ratification.output.runs import Runs
from ratification.output.store import RunStore
from ratification.validation.tuning import replicated

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


def told_once() -> Progress:
    """Progress that says each stage the first time it begins, on a line of its own."""
    said: set[str] = set()

    def tell(stage: str, done: int, total: int) -> None:  # noqa: ARG001  one line a stage
        if stage not in said:
            said.add(stage)
            print(f"{stage} ...")  # noqa: T201  for whoever waits at the cell

    return tell


@dataclass(frozen=True, repr=False)
class Result:
    """A forecast in a notebook: shown as a small table, with everything it was made from."""

    run: Run

    @property
    def forecast(self) -> Forecast:
        """All numbers, as values."""
        return self.run.forecast

    def probability(self, rule: str = "") -> float:
        """The chance under one reading, `1996/ballots`; of bylaws alone, their first reading's.

        Raises:
            RequestError: the run has no such rule.
        """
        for entry in self.forecast.rules:
            if rule in ("", entry.bylaws, f"{entry.bylaws}/{entry.reading}"):
                return entry.estimate.probability
        names = ", ".join(f"{entry.bylaws}/{entry.reading}" for entry in self.forecast.rules)
        raise RequestError(f"no rule {rule!r} in this forecast. It has: {names}")

    def rules(self) -> "pd.DataFrame":
        """One row a reading and scenario."""
        from ratification.output.views.tables import rules_frame

        return rules_frame(self.forecast)

    def unions(self) -> "pd.DataFrame":
        """One row a union and scenario."""
        from ratification.output.views.tables import unions_frame

        return unions_frame(self.forecast)

    def worlds(self) -> "xr.Dataset":
        """The simulated complete results of the first scenario, by world and union."""
        from ratification.output.views.tables import worlds_dataset

        made = self.run.simulations[0]
        return worlds_dataset(made, made.electorate)

    def posterior(self) -> "xr.DataTree":
        """The draws of the first scenario's fit as an ArviZ tree."""
        from ratification.inference.tree import tree_of

        return tree_of(self.run.simulations[0].posterior)

    def replicated(self) -> tuple[Replicated, ...]:
        """Each reported figure beside the same figure in votes simulated without holding to it."""
        return replicated(self.run)

    def under(
        self, priors: Priors | None = None, **numbers: float | Mapping[str, float]
    ) -> Reweighted:
        """The same worlds under other priors, in milliseconds; `refit` says where that will not do.

            result.under(tau_union=0.4, mu={"mean": 0.0})

        Raises:
            PriorError: no such prior, or a number that it cannot have.
        """
        return reweighted(self.run, self.run.case.with_priors(priors, **numbers).priors)

    def _repr_html_(self) -> str:
        from ratification.output.views.tables import forecast_html

        return forecast_html(self.forecast)

    def __repr__(self) -> str:
        from ratification.output.words import with_error

        rules = (
            f"{r.bylaws}/{r.reading} {with_error(r.estimate, decided=r.standing != 'open')}"
            for r in self.forecast.rules
        )
        return f"<Result {self.forecast.case}: {', '.join(rules)}>"


class Forecaster:
    """Forecasts cases one after another: `Forecaster().forecast(case)`.

    By the instant engine, and by NUTS where its checks do not pass (`engine="auto"`), or by NUTS,
    which compiles a case's tree once. A cell that is stopped leaves everything usable.
    """

    def __init__(
        self,
        *,
        engine: EngineChoice = "auto",
        worlds: int | None = None,
        seed: int = DEFAULT_SEED,
        store: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        """`store` is a folder in which runs are kept; `progress` is told (stage, done, of)."""
        kept = None if store is None else RunStore(store, print)
        self.runs = Runs(kept, progress=progress or told_once())
        self.engine, self.worlds, self.seed = engine, worlds, seed

    def forecast(self, case: Case, **asked: Unpack[RunOptions]) -> Result:
        """How likely ratification is. `asked` is what `run` takes: as_of, bylaws, scenarios.

        Raises:
            RequestError: the case has no such round, bylaws, scenario or report.
            CaseError: the evidence in force cannot all be true.
            ConvergenceError: the fit did not converge.
        """
        return Result(run(case, **self.options(asked)))

    def options(self, asked: RunOptions) -> RunOptions:
        """What is asked, by this forecaster's engine, seed and number of worlds unless named."""
        own: RunOptions = {"engine": self.engine, "worlds": self.worlds, "seed": self.seed}
        return own | asked | {"runs": self.runs}

    def compare(
        self, case: Case, *, asked: RunOptions | None = None, **settings: Sequence[Any]
    ) -> SettingsCompared:
        """How the answer depends on settings of the priors, one changed at a time.

            forecaster.compare(case, tau_union=[0.3, 0.6, 0.9], nu=[0.8, 1.4])

        Under every reading of the rules, or those that `asked` names as `run` takes them. Where the
        same draws can be weighed anew that is done, else it is fitted again. A value is a number,
        or a mapping such as {"mean": 0, "sd": 1}. `kappa`, the effect of early returns, is compared
        in a scenario that publishes them, beside a row of that scenario as it is.

        Raises:
            PriorError: no such prior, or a number that it cannot have.
            RequestError: `kappa` of a round without reports, where it changes nothing.
        """
        changes = [(name, value) for name, values in settings.items() for value in values]
        priors = [case.with_priors(**{name: value}).priors for name, value in changes]  # all first
        made = [(*change, new) for change, new in zip(changes, priors, strict=True)]
        rows = self._settings(case, asked or {}, "as it is", [m for m in made if m[0] != "kappa"])
        if "kappa" in settings:
            shown, question = _published(case, asked or {})
            effects = [m for m in made if m[0] == "kappa"]
            rows += self._settings(shown, question, "returns published", effects)
        return SettingsCompared(tuple(rows))

    def _settings(
        self,
        case: Case,
        asked: RunOptions,
        as_it_is: str,
        changes: Sequence[tuple[str, float | Mapping[str, float], Priors]],
    ) -> list[Setting]:
        """The case with its own priors, then with each of these."""
        base = self.forecast(case, **asked)
        rows = [Setting(as_it_is, "", "fitted", _chances(base.forecast))]
        for name, value, priors in changes:
            weighed = base.under(priors)
            if weighed.refit is None and len(base.run.simulations) == 1:
                chances, how = weighed.estimates, "weighed"
            else:
                again = self.forecast(case.with_priors(priors), **asked)
                chances, how = _chances(again.forecast), "fitted"
            rows.append(Setting(name, _text(value), how, chances))
        return rows


def _published(case: Case, asked: RunOptions) -> tuple[Case, RunOptions]:
    """The case and question with early returns published: else their effect is nowhere.

    Raises:
        RequestError: the round has no reports, on which published returns act.
    """
    named = [case.scenario(name) for name in asked.get("scenarios", ()) if name != AS_VOTED]
    round_id = asked_round(case, asked.get("round_id"), named)
    day = asked.get("as_of")
    if not case.evidence(as_of=day, round_id=round_id).of_round(round_id):
        raise RequestError(
            f"kappa is the effect of results published before a union votes: round {round_id!r} "
            "has no reports yet, so it changes nothing"
        )
    if any(scenario.returns == "published" for scenario in named):
        return case, asked
    title = "Results are published as they come"
    scenario = Scenario(id="published", title=title, round=round_id, returns="published")
    return case.with_scenario(scenario), asked | {"scenarios": (scenario.id,)}


def _text(value: float | Mapping[str, float]) -> str:
    """What a prior was set to: `0.4`, or `mean 0, sd 1`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {number:g}" for name, number in value.items())
    return f"{value:g}"


def _chances(forecast: Forecast) -> dict[str, Estimate]:
    """Estimates by reading, and by scenario where there are several."""
    several = len({rule.scenario for rule in forecast.rules}) > 1
    return {
        f"{rule.bylaws}/{rule.reading}" + (f", {rule.scenario}" if several else ""): rule.estimate
        for rule in forecast.rules
    }
