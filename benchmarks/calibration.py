"""Simulation-based calibration of the instant engine (Talts et al. 2018).

Coalitions like those of `recovery.py`, with counts, outcomes, margins, shares, turnouts, partial
counts and straw polls of single leaves, counts of two unions together, counts nested in wider
reports, and numbers approving. Where the truth stands in the posterior must be uniform. Not
simulated here: several rounds, features, early returns.
"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
from ratification.errors import ConvergenceError, RatificationError
from ratification.inference.instant.adapting import Effort
from ratification.inference.instant.engine import fit
from ratification.inference.layout import build_layout
from recovery import PARENTS, ROUND, electorate, ranked, report, simulate

KINDS = {
    "count": 0.2,
    "outcome": 0.2,
    "margin": 0.15,
    "share": 0.1,
    "turnout": 0.1,
    "partial": 0.1,
    "poll": 0.05,
    "nothing": 0.1,
}
EFFORT = Effort(kept=1000)


def main() -> None:
    """Simulate, fit, and print coverage and ranks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--coalitions", type=int, default=1100, help="(default: 1100)")
    parser.add_argument("--seed", type=int, default=20111118, help="(default: 20111118)")
    parser.add_argument("--processes", type=int, default=2, help="(default: 2)")
    asked = parser.parse_args()
    start = time.perf_counter()
    ranks: list[dict[str, float]] = []
    failed: Counter[str] = Counter()
    with ProcessPoolExecutor(asked.processes) as pool:
        every = pool.map(partial(one, asked.seed), range(asked.coalitions), chunksize=5)
        for number, found in enumerate(every, 1):
            if isinstance(found, str):
                failed[found] += 1
            else:
                ranks.append(found)
            if number % 50 == 0:
                spent = time.perf_counter() - start
                print(f"{number} of {asked.coalitions}, {spent:.0f} s", file=sys.stderr)
    print(f"{asked.coalitions} coalitions simulated, {len(ranks)} fitted")
    for why, times in failed.most_common():
        print(f"{times}: {why}")
    report(ranks)


def one(seed: int, number: int) -> dict[str, float] | str:
    """Ranks of one coalition, or why it has none."""
    rng = np.random.default_rng([seed, number])
    simulated = simulate(electorate(np.full(len(PARENTS), 1000)), rng, KINDS)
    try:
        layout = build_layout(simulated.case, simulated.case.evidence(), ROUND)
        return ranked(simulated, fit(layout, number, effort=EFFORT).posterior, rng)
    except ConvergenceError:
        return "handed over to NUTS"
    except RatificationError as error:
        return str(error)[-90:]


if __name__ == "__main__":
    main()
