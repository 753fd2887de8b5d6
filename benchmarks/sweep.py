"""A sweep over 15 unions by 101 percents, against one pass over the arrays of unions.

One pass is one `sum()` over each union-level array of the worlds: members, ballots, yes, approves.
"""

import argparse
from dataclasses import replace
from fractions import Fraction

import numpy as np
from judging import UNIONS, made_up, seconds
from measuring import Ratio, alternately, median, show
from ratification.answers.axes import Axis, axis_of
from ratification.answers.judging import Results
from ratification.answers.surface import surface
from ratification.answers.surface_errors import errors
from ratification.api import load
from ratification.case.bylaws import Reading
from ratification.inference.worlds import Worlds

GOAL = 5.0
CHAINS, PER_CHAIN = 4, 1000  # posterior draws that the worlds come from
RULES = ("1996/per-capita", "1996/ballots", "1996/either", "july-2011/ballots-cast")


def main() -> None:
    """Sweep made-up worlds under the founding case's rules of unions and a share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=1_000_000, help="(default: 1,000,000)")
    parser.add_argument("--runs", type=int, default=7, help="of each, in turn (default: 7)")
    asked = parser.parse_args()

    results = made_up(asked.worlds)
    ratios = []
    for bylaws in load("sebac-2011").bylaws:
        for reading in bylaws.readings:
            if f"{bylaws.id}/{reading.id}" in RULES:
                ratios += swept(f"{bylaws.id}/{reading.id}", reading, results, asked.runs)
    show(f"Sweeping {asked.worlds:,} worlds of {UNIONS} unions against one pass over them", ratios)


def swept(name: str, reading: Reading, results: Results, runs: int) -> list[Ratio]:
    """Median time of a surface over that of one pass; and of the errors of all its cells."""
    axes = tuple(grid(reading, position) for position in (0, 1))
    arrays = [results.members, results.ballots, results.yes, results.approves]
    sweeping, passing = alternately(
        lambda: seconds(lambda: surface(reading, axes, results)),
        lambda: seconds(lambda: [array.sum() for array in arrays]),
        runs,
    )
    found, worlds = surface(reading, axes, results), worlds_of(results)
    erring = [seconds(lambda: errors(found, worlds)) for _ in range(3)]
    cells = "x".join(map(str, found.passes.shape))
    yardstick = median(passing)
    return [
        Ratio(name=f"{name}, {cells}", value=median(sweeping), yardstick=yardstick, at_most=GOAL),
        Ratio(name="  all its errors, besides", value=median(erring), yardstick=yardstick),
    ]


def grid(reading: Reading, position: int) -> Axis:
    """0 to 15 unions, or 0% to 100%, and nothing between: one row more than 15 by 101."""
    axis = axis_of(reading.rule, position, Fraction(UNIONS))
    kept = [there for there in axis.thresholds if there.comparison == "at_least"]
    return replace(axis, thresholds=tuple(kept))


def worlds_of(results: Results) -> Worlds:
    """The same results as worlds that go through posterior draws again and again."""
    count = len(results.members)
    nothing = np.zeros((count, 0), dtype=np.int32)
    return Worlds(
        members=results.members,
        ballots=results.ballots,
        yes=results.yes,
        approves=results.approves,
        abstains=results.abstains,
        draw=np.arange(count, dtype=np.int32) % (CHAINS * PER_CHAIN),
        variant=np.zeros(count, dtype=np.int32),
        chains=CHAINS,
        leaf_members=nothing,
        leaf_ballots=nothing,
        leaf_yes=nothing,
    )


if __name__ == "__main__":
    main()
