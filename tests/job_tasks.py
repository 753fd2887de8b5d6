"""Tasks of the tests of jobs, in a module of their own: workers import it.

Run as a script it is one whole run of jobs, for tests that kill it.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ratification.inference.numerics import stream
from ratification.validation.jobs import Job, run_jobs


def mean_of_draws(given: Mapping[str, Any]) -> dict[str, Any]:
    """The mean of some normal draws, long enough that the order of a sum shows in it."""
    draws = stream(given["seed"], "draws").normal(size=20_000)
    return {"mean": float(draws.mean()), "dot": float(draws @ draws), "seed": given["seed"]}


def slowly(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same, a while later; it says on the disk that it was worked out."""
    with Path(given["log"]).open("a") as log:
        log.write(f"{given['seed']} {os.getpid()}\n")
    time.sleep(given["seconds"])
    return mean_of_draws(given)


def killing_once(given: Mapping[str, Any]) -> dict[str, Any]:
    """Kills its worker the first time one of the jobs is worked out."""
    mark = Path(given["mark"])
    if given["seed"] == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return mean_of_draws(given)


def deadly(given: Mapping[str, Any]) -> dict[str, Any]:
    """Kills every worker that it is given to."""
    os.kill(os.getpid(), signal.SIGKILL)
    return dict(given)


def refusing(given: Mapping[str, Any]) -> dict[str, Any]:
    """Fails for one seed."""
    if given["seed"] == given["refused"]:
        raise ValueError("no such seed")
    return mean_of_draws(given)


def settings(given: object) -> dict[str, Any]:
    """Threads that a worker's numeric libraries may use, and where it runs."""
    time.sleep(0.02)
    return {
        "threads": os.environ.get("OPENBLAS_NUM_THREADS"),
        "pid": os.getpid(),
        "given": str(given),
    }


def not_json(given: object) -> dict[str, Any]:
    """What JSON cannot hold."""
    return {"array": np.zeros(2), "given": given}


def slow_jobs(log: Path, count: int, seconds: float) -> list[Job]:
    """Jobs that each take a while."""
    given = {"log": str(log), "seconds": seconds}
    return [Job(name=f"seed {n}", given=given | {"seed": n}) for n in range(count)]


if __name__ == "__main__":
    folder, count, seconds, processes = Path(sys.argv[1]), *map(float, sys.argv[2:])
    found = run_jobs(
        slowly,
        slow_jobs(folder / "log", int(count), seconds),
        doing="drawing",
        progress=lambda _, done, total: sys.stdout.write(f"{done} {total}\n"),
        processes=int(processes),
        kept=folder / "kept.jsonl",
    )
    (folder / "found.json").write_text(json.dumps(found))
