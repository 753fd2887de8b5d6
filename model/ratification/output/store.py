"""The run store: fits and worlds on disk, found again by a hash of everything they rest on.

A fit is kept as NetCDF that `arviz.from_netcdf` opens, and as `.npz` of plain draws that is read
without PyMC, ArviZ, xarray or pandas. Every file is checked by its SHA-256 when it is read. A run
is written under a temporary name and renamed, so it is there whole or not at all, and two
processes at once do no harm.
"""

import hashlib
import json
import os
import shutil
import uuid
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ratification.inference.parameters import ParameterSummary
from ratification.inference.posterior import Diagnostics, Posterior
from ratification.inference.structure import Layout
from ratification.inference.worlds import Worlds

if TYPE_CHECKING:
    import xarray as xr

MANIFEST = "run.json"
TREE = "posterior.nc"
DRAWS = "draws.npz"
WORLDS = "worlds.npz"

Warn = Callable[[str], None]


def default_folder() -> Path:
    """The user's cache folder for this project."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("ratification"))


class RunStore:
    """Kept runs under one folder."""

    def __init__(self, folder: Path, warn: Warn) -> None:
        self.folder = folder
        self.warn = warn

    def posterior(self, key: str, layout: Layout) -> Posterior | None:
        """The kept fit, or None. A damaged one is said and set aside."""

        def build(manifest: Mapping[str, Any], run: Path) -> Posterior:
            return Posterior(
                layout=layout,
                draws=_arrays(run / DRAWS),
                diagnostics=Diagnostics(**manifest["diagnostics"]),
                seed=manifest["seed"],
                parameters=tuple(ParameterSummary(**p) for p in manifest["parameters"]),
                engine=manifest["engine"],
            )

        return self._read(key, build)

    def keep_fit(
        self,
        key: str,
        posterior: Posterior,
        attributes: Mapping[str, str],
        tree: "xr.DataTree | None" = None,
    ) -> None:
        """Keep a fit: draws for us, diagnostics and versions; of NUTS a NetCDF for ArviZ too."""
        about = {
            "engine": posterior.engine,
            "seed": posterior.seed,
            "diagnostics": asdict(posterior.diagnostics),
            "parameters": [asdict(parameter) for parameter in posterior.parameters],
            "attributes": dict(attributes),
        }

        def write(folder: Path) -> None:
            if tree is not None:
                tree.attrs |= dict(attributes) | {"seed": posterior.seed}
                tree.attrs |= {"diagnostics": json.dumps(about["diagnostics"], sort_keys=True)}
                # By way of memory: on a full disk HDF5 would raise what is no OSError, and crash.
                (folder / TREE).write_bytes(tree.to_netcdf(engine="h5netcdf"))
            np.savez(folder / DRAWS, allow_pickle=False, **posterior.draws)

        self._write(key, about, write)

    def tree_path(self, key: str) -> Path:
        """Where the NetCDF of a kept fit is."""
        return self.folder / key / TREE

    def worlds(self, key: str) -> Worlds | None:
        """Kept worlds, or None. Damaged ones are said and drawn again."""

        def build(manifest: Mapping[str, Any], run: Path) -> Worlds:
            arrays = _arrays(run / WORLDS)
            for name in ("members", "ballots", "yes", "approves"):
                arrays[name] = np.asfortranarray(arrays[name])
            return Worlds(**arrays, chains=manifest["chains"], replaced=manifest["replaced"])

        return self._read(key, build)

    def keep_worlds(self, key: str, worlds: Worlds) -> None:
        """Keep worlds, so that other bylaws can be asked about them."""
        arrays = {
            entry.name: value
            for entry in fields(worlds)
            if isinstance(value := getattr(worlds, entry.name), np.ndarray)
        }
        about = {"chains": worlds.chains, "replaced": worlds.replaced}

        def write(folder: Path) -> None:
            np.savez(folder / WORLDS, allow_pickle=False, **arrays)

        self._write(key, about, write)

    def _read[Kept](
        self,
        key: str,
        build: Callable[[Mapping[str, Any], Path], Kept],
    ) -> Kept | None:
        """What a run's manifest and files make, None if it is not kept, or is damaged."""
        folder = self.folder / key
        if not folder.is_dir():
            return None
        try:
            manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
            for name, written in manifest["files"].items():
                if _digest(folder / name) != written:
                    raise ValueError(f"{name} is not what was written")
            return build(manifest, folder)
        except FileNotFoundError as error:
            if folder.is_dir():  # else another process has set it aside
                self._discard(folder, f"{Path(error.filename or '').name} is missing")
        except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as error:
            self._discard(folder, str(error))
        return None

    def _discard(self, folder: Path, why: str) -> None:
        self.warn(f"the kept run {folder.name[:12]} is damaged ({why}): it is made again")
        aside = folder.with_name(f"{folder.name}.damaged-{uuid.uuid4().hex[:8]}")
        try:
            folder.rename(aside)
        except OSError:  # another process was faster, or the folder cannot be written
            return
        shutil.rmtree(aside, ignore_errors=True)

    def _write(self, key: str, about: Mapping[str, Any], write: Callable[[Path], None]) -> None:
        """Write a run under a temporary name, then rename; say where that cannot be done."""
        temporary = self.folder / f".{key[:12]}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        try:
            temporary.mkdir(parents=True)
            write(temporary)
            hashes = {path.name: _digest(path) for path in sorted(temporary.iterdir())}
            manifest = dict(about) | {"files": hashes}
            (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
            self._place(temporary, self.folder / key)
        except OSError as error:
            self.warn(
                f"the run was not kept: {self.folder} cannot be written ({error.strerror}). "
                "Name another folder with --store"
            )
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _place(self, temporary: Path, final: Path) -> None:
        try:
            temporary.rename(final)
        except OSError:
            if not (final / MANIFEST).exists():
                raise  # else another process kept the same run first


def _digest(path: Path) -> str:
    """A file's SHA-256, read piece by piece: a million worlds take half a gigabyte."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}
