"""The main job, end to end: from the founding case's folder to its forecast."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ratification.api import Runs, forecast, load
from ratification.case.fingerprint import fingerprint
from ratification.cli.main import main
from ratification.inference.layout import build_layout
from ratification.inference.worlds import draw_worlds
from ratification.output.store import RunStore

DAY = ["--as-of", "2011-06-24", "--worlds", "6000"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run store that every test of the file shares, so that one fit serves them all."""
    return tmp_path_factory.mktemp("store")


def ratify(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a successful command prints."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    told = capsys.readouterr()
    assert not stopped.value.code, told.err
    return told.out


def june_24(store: Path, extra: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """The JSON forecast as of 24 June."""
    arguments = ["forecast", "sebac-2011", *DAY, "--store", str(store), "--json", *extra]
    found: dict[str, Any] = json.loads(ratify(arguments, capsys))
    return found


def one(found: dict[str, Any], bylaws: str, reading: str) -> dict[str, Any]:
    """One reading of a forecast."""
    return next(
        entry
        for entry in found["forecasts"]
        if (entry["bylaws"], entry["reading"]) == (bylaws, reading)
    )


@pytest.mark.slow
def test_on_24_june_the_1996_bylaws_are_defeated_and_the_new_ones_open(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Probability exactly 0 with both unions named; July 2011 stays a probability."""
    found = june_24(store, [], capsys)
    old, new = one(found, "1996", "per-capita"), one(found, "july-2011", "per-capita")
    assert (old["probability"], old["mcse"], old["standing"]) == (0.0, 0.0, "defeated")
    assert old["because"] == (
        "CEUI and AFSCME Council 4 have rejected: at most 13 unions can approve, 14 are needed"
    )
    assert new["standing"] == "open"
    assert 0 < new["probability"] < 1
    assert new["mcse"] > 0


@pytest.mark.slow
def test_the_json_keeps_its_contract(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every field of schema 1 is there, and what is a distribution adds up to one."""
    found = june_24(store, [], capsys)
    assert found["schema_version"] == 1
    assert (found["case"], found["round"], found["seed"]) == ("sebac-2011", "2011-06", 391)
    assert (found["worlds"], found["engine"], found["as_of"]) == (6000, "nuts", "2011-06-24")
    for entry in found["forecasts"]:
        assert set(entry["sensitivity"]) == {"correlation", "weaker", "stronger"}
        assert entry["scenario"] == "as-voted"
    assert len(found["unions"]) == 15
    for union in found["unions"]:
        for name in ("yes_share", "turnout"):
            spread = union[name]
            assert spread["q05"] <= spread["q50"] <= spread["q95"]
    approving = found["coalition"][0]["approving_unions"]
    assert list(approving) == [str(k) for k in range(16)]
    assert sum(approving.values()) == pytest.approx(1, abs=1e-12)
    expected = sum(int(k) * p for k, p in approving.items())
    assert expected == pytest.approx(sum(u["approves"] for u in found["unions"]), abs=0.01)
    assert found["diagnostics"]["rhat_max"] <= 1.01
    assert found["diagnostics"]["ess_min"] >= 400
    assert len(found["inputs"]["sha256"]) == 64
    assert "seconds" not in found
    assert "seconds" in june_24(store, ["--timings"], capsys)


@pytest.mark.slow
def test_other_bylaws_need_neither_a_fit_nor_pymc(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asking a kept fit about other bylaws or a scenario imports nothing heavy."""
    june_24(store, [], capsys)
    for extra in (["--bylaws", "1996/ballots"], ["--scenario", "revote"]):
        arguments = ["forecast", "sebac-2011", *DAY, "--store", str(store), *extra]
        code = (
            "import sys\nfrom ratification.cli.main import main\n"
            f"try:\n    main({arguments!r})\nexcept SystemExit as stop:\n    assert not stop.code\n"
            "heavy = ('pymc', 'pytensor', 'nutpie', 'arviz', 'xarray', 'pandas')\n"
            "print([name for name in heavy if name in sys.modules], file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stderr.strip().endswith("[]"), done.stderr


@pytest.mark.slow
def test_the_same_question_gets_the_same_bytes(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A forecast from kept worlds, and one whose worlds are drawn anew, are byte for byte alike."""
    arguments = ["forecast", "sebac-2011", *DAY, "--store", str(store), "--json"]
    first = ratify(arguments, capsys)
    assert ratify(arguments, capsys) == first
    for manifest in store.glob("*/worlds.npz"):
        manifest.unlink()
    assert ratify(arguments, capsys) == first


@pytest.mark.slow
def test_the_kept_fit_opens_in_arviz(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The NetCDF carries posterior, sampler statistics, seed, versions, inputs and diagnostics."""
    import arviz

    found = june_24(store, [], capsys)
    tree = arviz.from_netcdf(next(store.glob("*/posterior.nc")))
    assert {"posterior", "sample_stats"} <= set(tree.children)
    assert (tree["posterior"]["tau"] > 0).all()
    assert int(tree.attrs["seed"]) == 391
    assert tree.attrs["inputs_sha256"] == found["inputs"]["sha256"]
    assert "version_pymc" in tree.attrs
    assert json.loads(tree.attrs["diagnostics"])["divergences"] >= 0


@pytest.mark.slow
def test_worlds_agree_with_everything_in_force(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No world contradicts a count, an outcome, a margin or a share; rosters hold all ballots."""
    june_24(store, [], capsys)
    case = load("sebac-2011")
    evidence = case.evidence(as_of="2011-06-24")
    runs = Runs(RunStore(store, print))
    _, posterior = runs.posterior(case, evidence, "2011-06", seed=391)
    worlds = draw_worlds(case, posterior, evidence, "2011-06", 6000)
    tree = case.electorate
    leaf = tree.leaf_index["local-391"]
    assert (worlds.leaf_yes[:, leaf] == 527).all()
    assert (worlds.leaf_ballots[:, leaf] == 1482).all()
    assert (worlds.leaf_ballots <= worlds.leaf_members).all()
    assert (worlds.leaf_yes <= worlds.leaf_ballots).all()
    margin = 2 * worlds.yes.astype(int) - worlds.ballots
    at = {union: index for index, union in enumerate(tree.unions)}
    assert ((margin[:, at["ceui"]] >= -204) & (margin[:, at["ceui"]] <= -184)).all()
    assert not worlds.approves[:, at["council-4"]].any()
    share = worlds.yes[:, at["council-4"]] / worlds.ballots[:, at["council-4"]]
    assert ((share >= 0.44) & (share <= 0.46)).all()
    for union in ("1199ne", "aft", "csea", "np-5", "a-and-r", "4cs", "uconn-aaup"):
        assert worlds.approves[:, at[union]].all(), union


@pytest.mark.slow
def test_a_new_case_forecasts_as_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `ratify new` writes passes check and forecast."""
    folder = tmp_path / "mine"
    ratify(["new", str(folder)], capsys)
    ratify(["check", str(folder)], capsys)
    arguments = ["forecast", str(folder), "--worlds", "1000", "--store", str(tmp_path / "store")]
    assert "Will it be ratified?" in ratify(arguments, capsys)


def test_later_evidence_leaves_an_earlier_forecast_as_it_was() -> None:
    """Reports that came after the day change neither the arrays of a fit nor its fingerprint."""
    case = load("sebac-2011")
    early = tuple(r for r in case.reports if r.reported <= "2011-06-22")
    assert len(early) < len(case.reports)
    before = replace(case, reports=early)
    layouts = []
    for known in (case, before):
        evidence = known.evidence(as_of="2011-06-22")
        layouts.append(build_layout(known, evidence, "2011-06"))
        assert fingerprint(known, evidence) == fingerprint(before, before.evidence())
    first, second = layouts
    assert first.structure.key == second.structure.key
    for name, values in first.data.items():
        assert np.array_equal(values, second.data[name]), name


def test_a_scenario_of_another_round_is_refused() -> None:
    """One forecast is about one round."""
    from ratification.errors import RequestError

    with pytest.raises(RequestError, match="one forecast is about one round"):
        forecast(load("sebac-2011"), round_id="2011-06", scenarios=["revote"])
