"""Which engine answers, and that every output says so."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hand_made import FINE, make_case, make_posterior
from ratification.answers.forecast import Answers
from ratification.answers.run import Run
from ratification.api import forecasts, load, posterior_tree, run
from ratification.case.case import Case
from ratification.cli.main import ratify
from ratification.cli.options import Waiting
from ratification.errors import ConvergenceError
from ratification.inference import fit as sampling
from ratification.inference.instant.adapting import Effort
from ratification.inference.instant.engine import InstantFit
from ratification.inference.posterior import Posterior
from ratification.output import runs as making
from ratification.output.checks import checks
from ratification.output.page.page import Page
from ratification.output.page.render import render
from ratification.output.runs import Runs
from ratification.output.store import RunStore

TREE = "unit,parent,members\na,,400\nb,,500\nc,,900\n"
EVIDENCE = "r,june,2011-06-01,a,count,150,120,,,\n"


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """Three unions, one of them counted."""
    return make_case(tmp_path, TREE, EVIDENCE)


def asked(case: Case, engine: str, runs: Runs | None = None) -> Run:
    """A run with few worlds."""
    return run(case, engine=engine, worlds=400, runs=runs)  # type: ignore[arg-type]


def never(*_: object, **__: object) -> InstantFit:
    """An instant engine that cannot answer."""
    raise ConvergenceError("the instant engine cannot answer: 12 effective points")


class Sampled(Runs):
    """NUTS draws made by hand."""

    def _sampled(self, layout: object, seed: int, about: object) -> tuple[str, Posterior]:  # noqa: ARG002
        return "key", make_posterior(self.case, seed=seed)

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case


def test_the_instant_engine_says_that_it_answered(case: Case) -> None:
    """Engine and checks stand in the forecast; R-hat, which it has not, is null."""
    forecast = asked(case, "instant").forecast
    assert forecast.engine == "instant"
    found = forecast.diagnostics
    assert (found.rhat_max, found.divergences, found.handed_over) == (None, 0, None)
    assert found.ess_min >= 400
    assert found.pareto_k is not None
    assert found.pareto_k <= 0.7
    assert set(forecast.versions) == {"python", "ratification", "numpy"}


def test_auto_is_instant_where_the_checks_pass(case: Case) -> None:
    """The same bytes as the instant engine's."""
    assert asked(case, "auto").forecast == asked(case, "instant").forecast


def test_auto_hands_over_and_says_why(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they do not pass NUTS answers, and the reason is kept with the diagnostics."""
    monkeypatch.setattr(making, "instant_fit", never)
    forecast = asked(case, "auto", Sampled(case)).forecast
    assert forecast.engine == "nuts"
    assert forecast.diagnostics.handed_over == (
        "the instant engine cannot answer: 12 effective points"
    )
    assert ("Why NUTS answered", forecast.diagnostics.handed_over) in checks(forecast.diagnostics)


def test_auto_hands_over_where_an_answer_is_worth_too_little(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draws that pass may still be too few for one rule: then NUTS is asked, and it is said."""
    real, worlds = forecasts.answer, []

    def strict(*about: Any, **asked: Any) -> Answers:
        worlds.append(about[2])
        if len(worlds) == 1:
            raise ConvergenceError("worth only 295 independent draws")
        return real(*about, **asked)

    monkeypatch.setattr(forecasts, "answer", strict)
    found = asked(case, "auto", Sampled(case)).forecast
    assert (found.engine, len(worlds)) == ("nuts", 2)
    assert found.diagnostics.handed_over == "worth only 295 independent draws"
    worlds.clear()
    with pytest.raises(ConvergenceError, match="295"):
        asked(case, "instant")


def test_instant_alone_is_an_error_where_the_checks_do_not_pass(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never answered silently by another engine; the message names the way out."""
    monkeypatch.setattr(making, "instant_fit", never)
    with pytest.raises(ConvergenceError, match=r"12 effective points\. `--engine auto` hands over"):
        asked(case, "instant", Sampled(case))


def test_an_instant_run_is_kept_and_found_again(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other bylaws about the same evidence need no new fit; other effort does."""
    store = RunStore(tmp_path / "store", print)
    first = asked(case, "instant", Runs(store)).forecast
    monkeypatch.setattr(making, "instant_fit", never)
    assert asked(case, "instant", Runs(store)).forecast == first
    with pytest.raises(ConvergenceError):
        asked(case, "instant", Runs(store, effort=Effort(points=1024)))


def test_the_page_names_the_engine_and_its_checks(case: Case) -> None:
    """Pareto k in place of R-hat, and no table of chains."""
    page = render(Page.from_runs([asked(case, "instant")]))
    assert "instant (importance sampling of the same posterior)" in page
    assert "Largest Pareto k" in page
    assert "Convergence by parameter" not in page
    assert "--engine instant" not in page  # no command was given, so none is shown


def test_arviz_reads_an_instant_posterior(case: Case) -> None:
    """As a tree whose axes carry the names that NUTS draws have."""
    import arviz_stats

    tree = posterior_tree(case, engine="instant")
    posterior = tree["posterior"].dataset
    assert posterior["z"].dims == ("chain", "draw", "node")
    assert list(posterior["node"].values) == ["a@june", "b@june", "c@june"]
    assert float(posterior["mu"].mean()) == pytest.approx(0.35, abs=0.3)
    assert set(arviz_stats.ess(posterior).data_vars) == set(posterior.data_vars)


def test_the_command_names_the_engine(case: Case, tmp_path: Path) -> None:
    """On the table and in JSON; `--worlds` is 4,000 unless it is given."""
    folder, store = str(tmp_path / case.id), str(tmp_path / "store")
    arguments = ["forecast", folder, "--engine", "instant", "--store", store]
    told = CliRunner().invoke(ratify, arguments)
    assert told.exit_code == 0, told.output
    assert "4,000 simulated votes, seed 391, engine instant; Pareto k" in told.stdout
    said = json.loads(CliRunner().invoke(ratify, [*arguments, "--json"]).stdout)
    assert (said["engine"], said["worlds"]) == ("instant", 4000)
    assert set(asdict(FINE)) <= set(said["diagnostics"])


def test_who_waits_is_shown_a_preview(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before NUTS samples, someone at a terminal sees the instant answer, on stderr, marked."""

    def stop(*_: object, **__: object) -> None:
        raise ConvergenceError("sampling was to begin")

    monkeypatch.setattr(sampling.Engine, "fit", stop)
    arguments = ["forecast", str(tmp_path / case.id), "--store", str(tmp_path / "store")]
    told = CliRunner().invoke(ratify, arguments)
    assert "PREVIEW" not in told.stderr
    monkeypatch.setattr(Waiting, "watched", True)
    told = CliRunner().invoke(ratify, arguments)
    assert "PREVIEW by the instant engine (4,000 simulated votes; Pareto k" in told.stderr
    assert told.stdout == ""
    assert str(told.exception) == "sampling was to begin"
    told = CliRunner().invoke(ratify, [*arguments, "--json"])
    assert "PREVIEW" not in told.stderr


def test_a_setting_without_effect_is_said() -> None:
    """Published returns act on rounds that have reports; of another the forecast says so."""
    sebac = load("sebac-2011")
    asked_for = {"as_of": "2011-06-17", "engine": "instant", "worlds": 400}
    told = run(sebac, scenarios=["revote-published"], **asked_for).forecast  # type: ignore[arg-type]
    assert any("so they change nothing" in text for text in told.assumptions)
    told = run(sebac, scenarios=["revote"], **asked_for).forecast  # type: ignore[arg-type]
    assert not any("change nothing" in text for text in told.assumptions)
