"""Simulation-based calibration of the instant engine (Talts et al. 2018).

Coalitions are drawn from the priors, with true reports of every kind (`simulating.py`), and fitted.
If the engine draws from the posterior, the place of the truth among the draws is uniform, whatever
was reported. It stays so among coalitions that were fitted although others were handed over to
NUTS: which those are depends on the reports alone.

Places are among a random part of the draws, few enough to be nearly independent: draws of one
weighted point lie together. Every coalition counts once a row. The verdict is Bonferroni's: the
test of ranks of each row is held to its part of 1%.
"""

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from case_calibration import told
from engine_cases import VOTE
from measuring import print_table
from ratification.case.known import known
from ratification.errors import RatificationError
from ratification.inference.instant.adapting import Effort
from ratification.inference.instant.engine import fit
from ratification.inference.layout import build_layout
from ratification.inference.posterior import Posterior
from ratification.inference.worlds import Worlds, draw_worlds
from ratification.validation.calibrating import ALARM, PLACED, quantities_of, reason
from ratification.validation.jobs import Job, Json, run_jobs
from ratification.validation.quantities import parameter_pairs
from ratification.validation.ranking import CHECKED, LEVELS, place, share
from simulating import Simulated, simulate

EFFORT = Effort(kept=1000)  # draws, and as many worlds


def main() -> None:
    """Simulate, fit, and print coverage, ranks and what was handed over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--coalitions", type=int, default=1100, help="(default: 1100)")
    parser.add_argument("--seed", type=int, default=20111118, help="(default: 20111118)")
    parser.add_argument("--processes", type=int, default=2, help="(default: 2)")
    parser.add_argument("--keep", type=Path, help="file of outcomes, one a line")
    asked = parser.parse_args()
    jobs = [Job(name=f"{number}", given=(asked.seed, number)) for number in range(asked.coalitions)]
    outcomes = run_jobs(
        one, jobs, doing="fitting", progress=told, processes=asked.processes, kept=asked.keep
    )
    report_refused(outcomes)
    fitted = [outcome for outcome in outcomes if "refused" not in outcome]
    report([outcome["places"] for outcome in fitted], [outcome["by_told"] for outcome in fitted])


def one(given: tuple[int, int]) -> Json:
    """A coalition's kinds of evidence, and places of its truth or why it has none.

    Places are by quantity and, of the yes share of an open leaf, by what is said about it.
    """
    seed, number = given
    rng = np.random.default_rng([seed, number])
    simulated = simulate(rng)
    case, scenario = simulated.case, simulated.scenario
    evidence = case.evidence()
    kinds = sorted(simulated.kinds)
    try:
        layout = build_layout(case, evidence, VOTE, scenario)
        posterior = fit(layout, number, effort=EFFORT).posterior
        count = posterior.chains * posterior.per_chain
        worlds = draw_worlds(case, posterior, evidence, VOTE, count, scenario=scenario)
    except RatificationError as error:
        return {"kinds": kinds, "refused": reason(error)}
    rows = rng.choice(count, PLACED, replace=False)
    places, by_told = placed(simulated, posterior, worlds, rows, rng)
    return {"kinds": kinds, "places": places, "by_told": by_told}


# Ranking


def placed(
    simulated: Simulated,
    posterior: Posterior,
    worlds: Worlds,
    rows: np.ndarray,
    rng: np.random.Generator,
) -> tuple[dict[str, float], dict[str, float]]:
    """Where the truth stands among some of the draws, and open leaves by what is said of them."""
    case, votes = simulated.case, simulated.votes
    pairs = parameter_pairs(simulated.parameters, simulated.rounds, posterior)
    truth, ballots = votes.yes, votes.ballots
    under = [sorted(case.electorate.leaves_under[union]) for union in case.electorate.unions]
    approving = sum(2 * truth[leaves].sum() > ballots[leaves].sum() for leaves in under)
    pairs["approving unions"] = (float(approving), worlds.approves.sum(axis=1))
    everyone = share(truth.sum(), ballots.sum())
    pairs["yes of all ballots"] = (
        float(everyone),
        share(worlds.yes.sum(axis=1), worlds.ballots.sum(axis=1)),
    )

    def leaf_share(leaf: int) -> tuple[float, np.ndarray]:
        drawn = share(worlds.leaf_yes[:, leaf], worlds.leaf_ballots[:, leaf])
        return float(share(truth[leaf], ballots[leaf])), drawn

    counted = known(case.evidence(), VOTE, case.electorate).counted
    still_open = [leaf for leaf in range(len(case.electorate.leaves)) if leaf not in counted]
    by_told = {}
    if still_open:
        leaf = int(rng.choice(still_open))
        pairs["yes share, an open leaf"] = leaf_share(leaf)
        pairs["turnout, an open leaf"] = (float(ballots[leaf]), worlds.leaf_ballots[:, leaf])
        for told in sorted({simulated.told[leaf] for leaf in still_open}):
            own = [leaf for leaf in still_open if simulated.told[leaf] == told]
            real, drawn = leaf_share(int(rng.choice(own)))
            by_told[told] = place(real, drawn[rows], rng)
    return {name: place(real, drawn[rows], rng) for name, (real, drawn) in pairs.items()}, by_told


# Reporting


def report_refused(outcomes: Sequence[Json]) -> None:
    """Print how many were not answered, why, and beside which kinds of evidence."""
    refused = [outcome for outcome in outcomes if "refused" in outcome]
    print(f"{len(outcomes)} coalitions simulated, {len(outcomes) - len(refused)} fitted,", end=" ")
    print(f"{len(refused)} not")
    for why, times in Counter(outcome["refused"] for outcome in refused).most_common():
        print(f"{times}: {why}")
    rows = []
    for kind in sorted({kind for outcome in outcomes for kind in outcome["kinds"]}):
        having = [outcome for outcome in outcomes if kind in outcome["kinds"]]
        without = sum("refused" in outcome for outcome in having)
        rows.append((kind, str(len(having)), str(without), f"{without / len(having):.1%}"))
    print_table("Coalitions with evidence of a kind", ("", "all", "refused", ""), rows)


def report(places: Sequence[Mapping[str, float]], by_told: Sequence[Mapping[str, float]]) -> None:
    """Print coverage and ranks of every row, and the verdict."""
    tables = {
        "Quantities": quantities_of(places),
        "Yes share of an open leaf": quantities_of(by_told),
    }
    tests = sum(len(table) for table in tables.values())
    failed = []
    for title, table in tables.items():
        lines = []
        for entry in sorted(table, key=lambda entry: entry.name):
            found = entry.coverage
            cells = [
                f"{covered:.3f}" + ("" if inside else f" OUTSIDE {low:.3f}-{high:.3f}")
                for covered, inside, (low, high) in zip(
                    found.covered, found.inside, found.ranges, strict=True
                )
            ]
            histogram = " ".join(map(str, found.histogram))
            row = (entry.name, str(found.fitted), *cells, histogram, f"{found.uniform_p:.3f}")
            lines.append(row)
            if found.uniform_p < ALARM / tests:
                failed.append(f"{entry.name} ({found.uniform_p:.1e})")
        heads = ("", "fits", *(f"{level:.0%}" for level in LEVELS), "ranks, ten bins", "p")
        print_table(title, heads, lines)
    print(f"OUTSIDE: not in the central {CHECKED:.1%} of a binomial of so many fits")
    print(f"{tests} tests, each held to {ALARM / tests:.1e}: a right engine fails one or more of")
    print(f"them with a chance of at most {ALARM:.0%}. Failed: {', '.join(failed) or 'none'}")


if __name__ == "__main__":
    main()
