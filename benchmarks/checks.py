"""What the calibration status rests on: runs the checks, and writes them into data/checks.json.

Calibration on SEBAC's tree and on 26 unions by either engine, and the backtest of the Australian
referendums with priors learned from the other polling days. Each is kept in a folder as it goes,
and a run goes on from there; a check that is done replaces its own entry of the file.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from case_calibration import CASES, report, told
from ratification.api import backtest, load_family
from ratification.api.backtests import backtest_cases
from ratification.case.bylaws import choose
from ratification.case.tabled import families
from ratification.case.writing import write_whole
from ratification.inference.posterior import EngineName
from ratification.inference.versions import REVISION
from ratification.validation.backtest import Backtest
from ratification.validation.calibrating import ALARM, calibrate_on
from ratification.validation.learned_cases import Learner
from ratification.validation.mean_scores import REPORTED, at_stage, mean_over_days
from ratification.validation.replay import MODEL
from ratification.validation.resampling import FEWEST_DAYS
from ratification.validation.scores import LEVELS
from ratification.validation.status import status_of
from ratification.validation.verdicts import of_interval
from ratification.validation.votes import finished_votes

FILE = Path(__file__).parent.parent / "data" / "checks.json"
ELECTORATES = {
    "sebac": "SEBAC's electorate of 2011 with reports as of 22 June",
    "flat-26": "26 unions of which 13 are counted",
}
Entry = Mapping[str, Any]


def main() -> None:
    """Run the checks that are asked for, and write what they show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checks", nargs="*", choices=[[], *CHECKS], help="(default: all)")
    parser.add_argument("--keep", type=Path, required=True, help="folder of finished jobs")
    parser.add_argument("--fits", type=int, help="of a calibration (default: enough)")
    parser.add_argument("--processes", type=int, default=1, help="(default: 1)")
    asked = parser.parse_args()
    asked.keep.mkdir(parents=True, exist_ok=True)
    for name in asked.checks or CHECKS:
        kept = asked.keep / f"{name}.jsonl"
        entry = {"name": name, "revision": REVISION, **CHECKS[name](kept, asked)}
        record(entry)
        print(*status_of([entry]).statements)


def record(entry: Entry) -> None:
    """Put a check into the file in place of the one of its name, in the order of CHECKS."""
    found = json.loads(FILE.read_text(encoding="utf-8"))["checks"] if FILE.exists() else []
    by_name = {each["name"]: each for each in [*found, entry]}
    checks = [by_name[name] for name in CHECKS if name in by_name]
    write_whole(
        FILE, (json.dumps({"schema_version": 1, "checks": checks}, indent=1) + "\n").encode()
    )


def calibration(case: str, engine: EngineName, fits: int) -> Callable[..., Entry]:
    """Calibration on a case by an engine; `fits` are asked for, as some are refused."""

    def run(kept: Path, asked: argparse.Namespace) -> Entry:
        made, as_of = CASES[case]()
        found = calibrate_on(
            made,
            made.evidence(as_of=as_of),
            made.target,
            choose(made.bylaws, ()),
            engine=engine,
            fits=asked.fits or fits,
            seed=391,
            progress=told,
            processes=asked.processes,
            kept=kept,
        )
        report(found)
        return {
            "kind": "calibration",
            "of": ELECTORATES[case],
            "engine": engine,
            "fits": found.fits,
            "fitted": found.fitted,
            "tests": found.tests,
            "failed": [failure.name for failure in found.failures],
            "alarm": ALARM,
        }

    return run


def referendums(kept: Path, asked: argparse.Namespace) -> Entry:
    """The Australian referendums, replayed with priors learned from the other days."""
    found = backtest(
        load_family("australia"), learn=Learner(), kept=kept, processes=asked.processes
    )
    return {
        "kind": "backtest",
        "of": "Australian referendums",
        "engine": "instant",
        "priors": "priors learned from the other days",
        "votes": len(found.votes),
        "days": len({vote.day for vote in found.votes}),
        "coverage": [covered(found, place) for place in range(len(LEVELS))],
    }


def covered(found: Backtest, place: int) -> Entry:
    """How often an interval of the yes share held the truth, over all stages with a report."""
    values = of_interval(at_stage(found, "random", REPORTED), MODEL, place, "covered")
    score = mean_over_days(found, values)
    return {"level": LEVELS[place], "covered": score.mean, "error": score.error}


def union_votes(kept: Path, asked: argparse.Namespace) -> Entry:  # noqa: ARG001
    """The finished votes of unions that are shipped."""
    tabled = {member for members in families().values() for member in members}
    votes = [v for case in backtest_cases() if case.id not in tabled for v in finished_votes(case)]
    return {
        "kind": "missing",
        "of": "votes of unions",
        "votes": len(votes),
        "days": len({vote.day for vote in votes}),
        "fewest": FEWEST_DAYS,
    }


CHECKS: Mapping[str, Callable[[Path, argparse.Namespace], Entry]] = {
    "australia": referendums,
    "sebac-instant": calibration("sebac", "instant", 1350),
    "sebac-nuts": calibration("sebac", "nuts", 300),
    "flat-26-instant": calibration("flat-26", "instant", 1000),
    "flat-26-nuts": calibration("flat-26", "nuts", 330),
    "union-votes": union_votes,
}


if __name__ == "__main__":
    main()
