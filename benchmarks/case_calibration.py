"""Calibration of the model on two cases, by either engine: the runs behind docs/calibration.md.

SEBAC's tree with the evidence pattern of 22 June 2011, and 26 unions that are one leaf each, half
of them counted. Every outcome is added to a file as soon as it is there, and a run goes on from it.
"""

import argparse
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from engine_cases import VOTE, coalition, counts, flat
from measuring import print_table
from ratification.case.bylaws import All, Bylaws, Condition, Reading, choose
from ratification.case.case import Case
from ratification.case.folder import load
from ratification.validation.calibrating import Calibrated, calibrate_on
from ratification.validation.ranking import LEVELS


def main() -> None:
    """Fit, and print what `ratify calibrate` says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=list(CASES))
    parser.add_argument("--engine", default="instant", choices=["instant", "nuts", "auto"])
    parser.add_argument("--fits", type=int, default=1000, help="(default: 1000)")
    parser.add_argument("--seed", type=int, default=391, help="(default: 391)")
    parser.add_argument("--keep", type=Path, required=True, help="file of outcomes, one a line")
    parser.add_argument("--processes", type=int, default=1, help="(default: 1)")
    asked = parser.parse_args()
    case, as_of = CASES[asked.case]()
    found = calibrate_on(
        case,
        case.evidence(as_of=as_of),
        case.target,
        choose(case.bylaws, ()),
        engine=asked.engine,
        fits=asked.fits,
        seed=asked.seed,
        progress=told,
        processes=asked.processes,
        kept=asked.keep,
    )
    report(found)


def told(doing: str, done: int, total: int) -> None:
    """Say how far it is, now and then."""
    if total and done % 20 == 0:
        print(f"{doing}: {done} of {total}", file=sys.stderr)


def sebac() -> tuple[Case, str | None]:
    """The founding case, as it was known on 22 June 2011."""
    return load("sebac-2011"), "2011-06-22"


def flat_26() -> tuple[Case, str | None]:
    """26 unions, every second one counted; a strict rule, a lax one and one of shares."""
    tree = flat(26, seed=26)
    case = coalition(tree, counts(tree, list(tree)[::2], seed=3))
    rules = {"strict": (21, "4/5"), "lax": (14, "1/2"), "half": (13, "2/3")}
    return replace(
        case, bylaws=tuple(rule(name, *asks) for name, asks in rules.items()), target=VOTE
    ), None


def rule(name: str, unions: int, members: str) -> Bylaws:
    """So many unions, which hold such a share of members."""
    parts = (
        Condition(
            measure="approving unions",
            comparison="at_least",
            threshold=Fraction(unions),
            share=False,
            text=str(unions),
        ),
        Condition(
            measure="members of approving unions",
            comparison="at_least",
            threshold=Fraction(members),
            share=True,
            text=members,
        ),
    )
    reading = Reading(id="members", title=name, rule=All(parts=parts))
    return Bylaws(id=name, title=name, readings=(reading,))


CASES = {"sebac": sebac, "flat-26": flat_26}


def report(found: Calibrated) -> None:
    """Print coverage, ranks and reliability, and which tests fail."""
    print(f"{found.fits} replicas, {found.fitted} fitted {dict(found.engines)}")
    for why, times in found.refused.items():
        print(f"{times}: {why}")
    rows = [
        (
            q.name,
            str(q.coverage.fitted),
            *(
                f"{c:.3f}{'' if inside else ' OUTSIDE'}"
                for c, inside in zip(q.coverage.covered, q.coverage.inside, strict=True)
            ),
            " ".join(map(str, q.coverage.histogram)),
            f"{q.coverage.uniform_p:.3g}",
        )
        for q in found.quantities
    ]
    heads = ("", "fits", *(f"{level:.0%}" for level in LEVELS), "ranks, ten bins", "p")
    print_table("Quantities", heads, rows)
    for name, made in found.rules.items():
        lines = [
            (
                f"{group.low:.0%}-{group.high:.0%}",
                str(group.forecasts),
                f"{group.chance:.3f}",
                f"{group.true / group.forecasts:.3f}",
                f"{group.true} in {group.least}-{group.most}",
                f"{group.p:.3g}",
            )
            for group in (made.overall, *made.groups)
        ]
        heads = ("chance", "forecasts", "mean", "came true", "99.9%", "p")
        print_table(f"Ratified, {name}", heads, lines)
    failed = ", ".join(f"{entry.name} ({entry.p:.1e})" for entry in found.failures)
    print(f"\n{found.tests} tests, each held to {found.limit:.1e}. Failed: {failed or 'none'}")


if __name__ == "__main__":
    main()
