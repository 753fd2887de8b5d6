"""Forecasts where the true correlation between unions is known: the gap to what came true.

Unions of one leaf vote with a correlation of 0, 0.5 or 0.9 between their logit yes shares (the
whole spread is that of the priors), some of them are counted, and the instant engine forecasts
whether a majority of unions approves, with the default priors. In one cell the priors are wrong on
purpose; with mean and scale drawn from the priors they are right, and there should be no gap. A gap
is the mean chance less the share that came true, in points.
"""

import argparse
import sys
from collections.abc import Sequence

import numpy as np
from engine_cases import VOTE, coalition, flat, report
from measuring import print_table
from ratification.case.priors import DEFAULT
from ratification.errors import RatificationError
from ratification.inference.instant.adapting import Effort
from ratification.inference.instant.engine import fit
from ratification.inference.layout import build_layout
from ratification.inference.worlds import draw_worlds
from ratification.validation.simulating import draw_votes

CORRELATIONS = (None, 0.0, 0.5, 0.9)  # None: mean and scale as the priors have them
UNIONS = (3, 8, 15, 30, 60)
REPORTED = (0.0, 0.25, 0.5, 0.75, 1.0)
EFFORT = Effort(points=1024, kept=400)


def main() -> None:
    """Print the grid of gaps with their standard errors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--votes", type=int, default=100, help="of each cell (default: 100)")
    parser.add_argument("--seed", type=int, default=391, help="(default: 391)")
    asked = parser.parse_args()
    for correlation in CORRELATIONS:
        rows = []
        for unions in UNIONS:
            cells = [gap(correlation, unions, part, asked.votes, asked.seed) for part in REPORTED]
            rows.append((str(unions), *cells))
            print(f"correlation {correlation}, {unions} unions", file=sys.stderr)
        heads = ("unions", *(f"{part:.0%} counted" for part in REPORTED))
        name = "As the priors have it" if correlation is None else f"Correlation {correlation}"
        print_table(f"{name}: gap in points", heads, rows)


def gap(correlation: float | None, unions: int, part: float, votes: int, seed: int) -> str:
    """Mean chance less what came true, with its standard error; and how many were refused."""
    apart = []
    for number in range(votes):
        rng = np.random.default_rng([seed, unions, number])
        try:
            chance, came = one(correlation, unions, part, number, rng)
        except RatificationError:
            continue
        apart.append(chance - came)
    return told(apart, votes)


def told(apart: Sequence[float], votes: int) -> str:
    """A gap in points, ± its standard error."""
    error = np.std(apart, ddof=1) / np.sqrt(len(apart))
    refused = f", {votes - len(apart)} refused" if len(apart) < votes else ""
    return f"{100 * np.mean(apart):+.1f} ±{100 * error:.1f}{refused}"


def one(
    correlation: float | None, unions: int, part: float, number: int, rng: np.random.Generator
) -> tuple[float, bool]:
    """The chance that most unions approve, and whether they do."""
    tree = flat(unions, seed=unions)
    members = np.array([size for _, size in tree.values()])
    common, own = rng.standard_normal(), rng.standard_normal(unions)
    if correlation is None:
        scales = DEFAULT.mu.sd, DEFAULT.tau_union.sd * abs(rng.standard_normal())
    else:
        spread = np.hypot(DEFAULT.mu.sd, DEFAULT.tau_union.sd)
        scales = spread * np.sqrt(correlation), spread * np.sqrt(1 - correlation)
    logit = DEFAULT.mu.mean + scales[0] * common + scales[1] * own
    turnout = rng.normal(DEFAULT.nu.mean, DEFAULT.nu.sd) + 0.3 * rng.standard_normal(unions)
    votes = draw_votes(members, (logit, turnout), rng)
    counted = rng.permutation(unions)[: round(part * unions)]
    names = list(tree)
    reports = [
        report(at, names[u], "count", yes=int(votes.yes[u]), no=int((votes.ballots - votes.yes)[u]))
        for at, u in enumerate(counted)
    ]
    came = 2 * (2 * votes.yes > votes.ballots).sum() > unions
    case = coalition(tree, reports)
    evidence = case.evidence()
    posterior = fit(build_layout(case, evidence, VOTE), number, effort=EFFORT).posterior
    worlds = draw_worlds(case, posterior, evidence, VOTE, EFFORT.kept)
    return float(np.mean(2 * worlds.approves.sum(axis=1) > unions)), bool(came)


if __name__ == "__main__":
    main()
