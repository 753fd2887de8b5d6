"""Kept runs come back as they were, or not at all, and are found by everything they rest on."""

import contextlib
import json
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand_made import FINE, TWO_ROUNDS, constant_draws, make_case
from made_runs import PARAMETERS
from ratification.case.fingerprint import fingerprint
from ratification.case.priors import Normal
from ratification.case.rounds import Scenario
from ratification.inference.fit import DEFAULT_SAMPLER, Fit
from ratification.inference.numerics import stream
from ratification.inference.posterior import Posterior
from ratification.inference.structure import Layout
from ratification.inference.worlds import Worlds
from ratification.output import runs
from ratification.output.store import DRAWS, MANIFEST, TREE, WORLDS, RunStore

UNIONS = "unit,parent,members\na,,100\nb,,60\n"
REPORTS = "a,may,2011-05-01,a,count,40,30,,,\nb,june,2011-06-01,b,count,20,30,,,\n"
Patch = pytest.MonkeyPatch
AGAIN = Scenario(id="again", title="Again", round="june", swing=Normal(mean=0.7, sd=0.5))
SEED, COUNT = 391, 300


class Bench:
    """A case, a store and what it warned of, and how often an engine would have sampled."""

    def __init__(self, parent: Path) -> None:
        self.case = make_case(parent, UNIONS, REPORTS, settings=TWO_ROUNDS)
        self.warned: list[str] = []
        self.store = RunStore(parent / "store", self.warned.append)
        self.fits, self.sampler = 0, DEFAULT_SAMPLER

    def sampled(self, layout: Layout, seed: int, **_how: Any) -> Fit:
        """Draws made up from the seed, where the engine would sample them, with their tree."""
        import xarray as xr

        self.fits += 1
        draws, dataset = constant_draws(layout.structure, (4, 50)), xr.Dataset()
        for name, values in draws.items():
            values += 0.1 * stream(seed, name).random(values.shape)
            dims = ["chain", "draw", *(f"{name}_{axis}" for axis in range(values.ndim - 2))]
            dataset[name] = (dims, values)
        posterior = Posterior(layout, draws, replace(FINE, divergences=2), seed, PARAMETERS)
        return Fit(posterior, xr.DataTree.from_dict({"posterior": dataset}))

    def command(self) -> runs.Runs:
        """What another command starts with."""
        found = runs.Runs(self.store, sampler=self.sampler)
        found.engine.fit = self.sampled  # type: ignore[method-assign]
        return found

    def fit(self, seed: int = SEED) -> tuple[str, Posterior]:
        """The key of the June fit and the fit, asked by another command."""
        return self.command().posterior(self.case, self.case.evidence(), "june", seed=seed)

    def worlds(self, day: str | None = None, **changed: Any) -> Worlds:
        """June worlds, asked by another command."""
        how = {"seed": SEED, "count": COUNT} | changed
        return self.command().worlds(self.case, self.case.evidence(as_of=day), "june", **how)[1]

    def names(self) -> list[str]:
        """Everything in the store folder, hidden or not."""
        return sorted(path.name for path in self.store.folder.iterdir())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A store in which nothing is kept yet."""
    return Bench(tmp_path)


def test_a_kept_fit_comes_back_as_it_was(bench: Bench) -> None:
    """Draws, diagnostics and seed of a kept fit are those of the fit, and nothing is sampled."""
    key, made = bench.fit()
    again, kept = bench.fit()
    assert (again, bench.fits, bench.warned) == (key, 1, [])
    assert (kept.diagnostics, kept.seed) == (made.diagnostics, SEED)
    assert kept.parameters == made.parameters == PARAMETERS
    np.testing.assert_equal(kept.draws, made.draws)


def test_kept_worlds_come_back_as_they_were(bench: Bench, monkeypatch: Patch) -> None:
    """Every field of kept worlds is what was drawn, type and order in memory included."""
    drawn = replace(bench.worlds(count=7), replaced=3)
    monkeypatch.setattr(runs, "draw_worlds", lambda *_given, **_how: drawn)
    bench.worlds()
    monkeypatch.setattr(runs, "draw_worlds", None)
    kept = vars(bench.worlds())
    for name, made in vars(drawn).items():
        np.testing.assert_array_equal(kept[name], made, err_msg=name, strict=True)
        assert np.isfortran(np.asarray(kept[name])) == np.isfortran(np.asarray(made)), name


def test_arviz_opens_a_kept_fit_and_finds_what_it_rests_on(bench: Bench) -> None:
    """The NetCDF has the draws, and in its attributes seed, versions, inputs and diagnostics."""
    import arviz

    key, made = bench.fit()
    with arviz.from_netcdf(bench.store.tree_path(key)) as tree:
        draws, said = {n: tree["posterior"][n].values for n in made.draws}, tree.attrs
    np.testing.assert_equal(draws, made.draws)
    assert json.loads(said["diagnostics"]) == asdict(made.diagnostics)
    assert (int(said["seed"]), said["case"], said["round"]) == (SEED, "made", "june")
    assert said["inputs_sha256"] == fingerprint(bench.case, bench.case.evidence())
    versions = runs.Runs().versions("nuts")
    assert {name: said[f"version_{name}"] for name in versions} == versions


READ = f"""
import sys
from pathlib import Path
from ratification.api import load
from ratification.output import runs, store
case, asked = load(sys.argv[1]), runs.Runs(store.RunStore(Path(sys.argv[2]), sys.exit))
asked.engine = runs.draw_worlds = None
asked.worlds(case, case.evidence(), "june", seed={SEED}, count={COUNT})
print({{"arviz", "arviz_stats", "xarray", "pandas", "pymc", "nutpie", "scipy"}} & set(sys.modules))
"""


def test_a_kept_run_is_read_with_numpy_alone(bench: Bench, tmp_path: Path) -> None:
    """A process with another hash seed finds fit and worlds, and imports nothing heavy."""
    bench.worlds()
    arguments = [sys.executable, "-c", READ, tmp_path / "made", bench.store.folder]
    other = os.environ | {"PYTHONHASHSEED": "1"}
    done = subprocess.run(arguments, capture_output=True, text=True, env=other)
    assert (done.stdout.strip(), done.returncode) == ("set()", 0), done.stderr


WAYS = ("cut", "changed", "lost")
HARMED = [
    *((run, file, harm) for run in (DRAWS, WORLDS) for file in (run, MANIFEST) for harm in WAYS),
    *((DRAWS, TREE, harm) for harm in WAYS),
]


@pytest.mark.parametrize(("run", "file", "harm"), HARMED)
def test_a_damaged_run_is_said_and_made_again(bench: Bench, run: str, file: str, harm: str) -> None:
    """A run of which a file was cut, changed or lost is made and kept anew, after one warning."""
    made, (_, fit), kept = bench.worlds(), bench.fit(), bench.names()
    (folder,) = (path.parent for path in bench.store.folder.glob(f"*/{run}"))
    data = (folder / file).read_bytes()
    (folder / file).unlink()
    if harm != "lost":
        half = data[: len(data) // 2]
        (folder / file).write_bytes(half if harm == "cut" else half.ljust(len(data), b"?"))
    for _ in range(2):
        np.testing.assert_equal(bench.worlds().leaf_yes, made.leaf_yes)
        np.testing.assert_equal(bench.fit()[1].draws, fit.draws)
        assert bench.fits == (2 if run == DRAWS else 1)
    (said,) = bench.warned
    assert f"the kept run {folder.name[:12]} is damaged" in said
    assert bench.names() == kept


@pytest.mark.parametrize(("error", "warnings"), [(OSError(28, ""), 1), (KeyboardInterrupt(), 0)])
def test_a_run_is_kept_whole_or_not_at_all(
    bench: Bench, monkeypatch: Patch, error: BaseException, warnings: int
) -> None:
    """No part of a run is seen while it is written, and none stays if writing fails half-way."""
    half_way = []

    def fail(*_args: object, **_arrays: object) -> None:
        half_way.extend(path.parent.name[0] for path in bench.store.folder.rglob(TREE))
        raise error

    monkeypatch.setattr(np, "savez", fail)
    with contextlib.suppress(KeyboardInterrupt):
        bench.fit()
    assert (half_way, bench.names(), len(bench.warned)) == (["."], [], warnings)


def test_a_folder_that_cannot_be_written_is_said(bench: Bench, tmp_path: Path) -> None:
    """A run that cannot be kept is no error: a warning names the folder and what to do."""
    bench.store.folder = tmp_path / "made" / "case.toml" / "store"  # not even root can make it
    bench.store.keep_worlds("some", small_worlds())
    said = f"the run was not kept: {bench.store.folder} cannot be written (Not a directory). "
    assert bench.warned == [said + "Name another folder with --store"]


def small_worlds() -> Worlds:
    """Worlds large enough that two processes write them at the same time."""
    votes = np.asfortranarray(np.arange(60_000, dtype=np.int32).reshape(-1, 3))
    row, leaf, no = votes[:, 0], np.ascontiguousarray(votes), np.zeros(3, dtype=bool)
    return Worlds(votes, votes, votes, votes > 9, no, row, row, 4, leaf, leaf, leaf)


def keep_many(folder: Path, start: Any) -> list[str]:
    """Keep the same runs as another process, at the same moments; returns the warnings."""
    warned: list[str] = []
    for key in range(20):
        start.wait(60)
        RunStore(folder, warned.append).keep_worlds(str(key), small_worlds())
    return warned


def test_two_processes_that_keep_the_same_run_do_no_harm(bench: Bench) -> None:
    """Both go on without a word; one whole copy of every run is there, and nothing else."""
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager, ProcessPoolExecutor(2, spawn) as pool:
        start = manager.Barrier(2)
        both = [pool.submit(keep_many, bench.store.folder, start) for _ in range(2)]
        assert [one.result(60) for one in both] == [[], []]
    assert bench.names() == sorted(str(key) for key in range(20))
    for key in bench.names():
        np.testing.assert_equal(vars(bench.store.worlds(key)), vars(small_worlds()))


def test_whatever_a_fit_rests_on_gives_it_another_key(bench: Bench, monkeypatch: Patch) -> None:
    """Another seed, count, prior, sampler or version of a library is another fit."""
    bench.fit()
    bench.fit(seed=SEED + 1)
    may, june = bench.case.reports
    bench.case = replace(bench.case, reports=(may, replace(june, no=31)))
    bench.fit()
    bench.case = replace(bench.case, priors=replace(bench.case.priors, mu=Normal(mean=0.1, sd=0.2)))
    bench.fit()
    bench.sampler = replace(DEFAULT_SAMPLER, draws=DEFAULT_SAMPLER.draws + 1)
    bench.fit()
    monkeypatch.setattr(runs.Runs, "versions", lambda *_: {"numpy": "another"})
    bench.fit()
    assert bench.fits == len(bench.names()) == 6


def test_what_is_only_simulated_reuses_the_fit(bench: Bench) -> None:
    """A scenario of a round without evidence, or more worlds, are drawn from the fit there is."""
    asked = [{}, {"scenario": AGAIN}, {"count": 7}]
    first, again = ([bench.worlds("2011-05-15", **how).leaf_yes for how in asked] for _ in range(2))
    assert (bench.fits, len(first[2])) == (1, 7)
    assert not np.array_equal(first[0], first[1])
    np.testing.assert_equal(again, first)


def test_what_changes_the_fitted_rounds_is_fitted(bench: Bench) -> None:
    """A later day, or a scenario of a round with evidence, gets a fit of its own."""
    bench.worlds("2011-05-15")
    bench.worlds()
    bench.worlds(scenario=AGAIN)
    assert bench.fits == 3
