"""A cold `ratify forecast sebac-2011` against a bare PyMC and nutpie script of the same model.

Cold: a new process and an empty run store. PyTensor's cache of compiled functions is warm unless
`--first` is given. Both sample the same number of draws, chains and tuning steps at the same
target_accept and seed; where the forecast samples a second time because the first run
would not do, the bare script does too. Then the same command asks about other bylaws, which must
neither sample nor import what sampling needs.
"""

import argparse
import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from measuring import Ratio, alternately, median, print_table, ratify, seconds_of, show, spread
from ratification.api import DEFAULT_SEED, load
from ratification.inference.fit import DEFAULT_SAMPLER
from ratification.inference.layout import build_layout

CASE = "sebac-2011"
GOAL = 1.15
GOAL_OTHER_BYLAWS = 0.1
OTHER_BYLAWS = ("--bylaws", "july-2011")
HEAVY = ("arviz", "nutpie", "pandas", "pymc", "pytensor", "scipy", "xarray")


def main() -> None:
    """Run both in turn, then the fast path, and print their ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each, in turn (default: 5)")
    parser.add_argument("--as-of", metavar="DAY", help="evidence known by then (default: all)")
    parser.add_argument(
        "--first", action="store_true", help="once each with an empty cache of compiled functions"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch), asked.as_of)
        if asked.first:
            bench.first()
        else:
            bench.warm()
            bench.compare(asked.runs)


class Bench:
    """Both commands over one set of arrays, in a scratch folder."""

    def __init__(self, scratch: Path, day: str | None) -> None:
        self.scratch, self.day = scratch, day
        self.stores = 0
        self.reports: list[dict[str, Any]] = []  # what each cold run printed
        self.write_arrays()

    def write_arrays(self) -> None:
        """The one set of ready-made arrays that the bare script reads."""
        case = load(CASE)
        layout = build_layout(case, case.evidence(as_of=self.day), case.target)
        np.savez(self.scratch / "data.npz", allow_pickle=False, **layout.data)
        (self.scratch / "structure.pickle").write_bytes(pickle.dumps(layout.structure))

    def forecast(self, *more: str) -> list[str]:
        """The command, on the newest store."""
        store = str(self.scratch / f"store-{self.stores}")
        day = ("--as-of", self.day) if self.day else ()
        return [ratify(), "forecast", CASE, *day, "--store", store, "--json", *more]

    def cold(self, environment: Mapping[str, str] | None = None) -> float:
        """Seconds of a forecast on an empty store; keeps what it printed."""
        self.stores += 1
        start = time.perf_counter()
        done = subprocess.run(
            self.forecast("--timings"),
            env=environment or plain(),
            capture_output=True,
            text=True,
            check=False,
        )
        spent = time.perf_counter() - start
        if done.returncode:
            sys.exit(f"error: the forecast failed:\n{done.stderr}")
        self.reports.append(json.loads(done.stdout))
        return spent

    def bare(self, environment: Mapping[str, str] | None = None) -> float:
        """Seconds of the bare script, which samples as often as the forecast did."""
        s, found = DEFAULT_SAMPLER, self.reports[0]["diagnostics"]
        script = str(Path(__file__).with_name("bare_sebac.py"))
        options: dict[str, object] = {
            "--chains": s.chains,
            "--cores": s.cores,
            "--draws": s.draws,
            "--tune": s.tune,
            "--target-accept": s.target_accept,
            "--seed": DEFAULT_SEED,
        }
        command = [sys.executable, script, str(self.scratch)]
        command += [str(part) for option in options.items() for part in option]
        if found["retried"]:
            again = (self.draws_kept(), s.retry_tune, found["target_accept"])
            command += ["--again", *map(str, again)]
        return seconds_of(command, environment or plain())

    def draws_kept(self) -> int:
        """Draws a chain in the newest store; a second run is longer only for a missed gate."""
        (kept,) = (self.scratch / f"store-{self.stores}").rglob("draws.npz")
        with np.load(kept) as draws:
            return int(draws["mu"].shape[1])

    def warm(self) -> None:
        """One run of each fills the cache of compiled functions; neither counts."""
        print("warming the cache of compiled functions", file=sys.stderr)
        self.cold()
        self.bare()

    def compare(self, runs: int) -> None:
        """Cold against bare; then other bylaws on the store that the last cold run left."""
        whole, bare = alternately(self.cold, self.bare, runs)
        fast = [seconds_of(self.forecast(*OTHER_BYLAWS), plain()) for _ in range(runs)]
        show(
            f"ratify forecast {CASE}, {self.evidence}, median of {runs} each",
            [
                Ratio(
                    name="cold run / bare script",
                    value=median(whole),
                    yardstick=median(bare),
                    at_most=GOAL,
                ),
                Ratio(
                    name="other bylaws / cold run",
                    value=median(fast),
                    yardstick=median(whole),
                    at_most=GOAL_OTHER_BYLAWS,
                ),
            ],
        )
        print(f"cold {spread(whole)} s, bare {spread(bare)} s, other bylaws {spread(fast)} s")
        self.tell(runs)
        print(f"heavy modules that the fast path imports: {self.heavy_modules() or 'none'}")

    def first(self) -> None:
        """Both with an empty cache of compiled functions, each its own."""
        caches = [self.scratch / f"cache-{index}" for index in range(2)]
        whole, bare = self.cold(without_cache(caches[0])), self.bare(without_cache(caches[1]))
        show(
            f"The very first ratify forecast {CASE}, {self.evidence}, one run each",
            [Ratio(name="first run / bare script", value=whole, yardstick=bare)],
        )
        self.tell(1)
        for cache in caches:
            kept = sum(1 for path in cache.rglob("*") if path.is_file())
            print(f"{kept} files in {cache.name}")

    @property
    def evidence(self) -> str:
        """Which evidence, in words."""
        return f"as of {self.day}" if self.day else "all evidence"

    def tell(self, runs: int) -> None:
        """Where the seconds of a cold run go, and how it converged."""
        last = self.reports[-runs:]
        stages = list(last[0]["seconds"])
        rows = [(stage, f"{median([r['seconds'][stage] for r in last]):.2f}") for stage in stages]
        print_table("Stages of a cold run, median", ("stage", "s"), rows)
        found = last[-1]["diagnostics"]
        print(
            f"R-hat {found['rhat_max']:.4f}, effective sample size {found['ess_min']:.0f}, "
            f"{found['divergences']} divergences, sampled {'twice' if found['retried'] else 'once'}"
        )

    def heavy_modules(self) -> str:
        """Which modules that only sampling needs the fast path has loaded when it ends."""
        script = (
            "import sys\n"
            "from ratification.cli.main import main\n"
            "try:\n"
            "    main(sys.argv[1:])\n"
            "except SystemExit as end:\n"
            "    assert not end.code, end.code\n"
            f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
        )
        arguments: Sequence[str] = self.forecast(*OTHER_BYLAWS)[1:]
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            env=plain(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""


def plain() -> dict[str, str]:
    """The environment, with byte code: PyMC imports four times slower without."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def without_cache(folder: Path) -> dict[str, str]:
    """The environment with an empty cache.

    nutpie compiles through PyTensor, whose Numba functions are kept in `base_compiledir`/numba,
    not where NUMBA_CACHE_DIR says; that one is for what other packages decorate themselves.
    """
    flags = f"base_compiledir={folder / 'pytensor'}"
    return plain() | {"PYTENSOR_FLAGS": flags, "NUMBA_CACHE_DIR": str(folder / "numba")}


if __name__ == "__main__":
    main()
