"""Recovery: simulate coalitions from known parameters, fit them, and see whether they come back.

Parameters are drawn from the priors, complete results from the parameters, and evidence of mixed
kinds from the complete results: counts of leaves, outcomes, margins within a range, a count pooled
over several leaves, how many unions approved, and nothing at all of some. What is reported never
depends on what it says. If model, fit and worlds are right, central 50, 80 and 95% intervals then
hold the truth 50, 80 and 95% of the time, and the truth's rank in the posterior is uniform.

One small tree serves every coalition, so the model is compiled once; its members differ each time.
Each coalition counts once a quantity, so hits are binomial: they must lie in the central 99.9%.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from measuring import print_table
from ratification.case.case import Case
from ratification.case.electorate import Electorate, Figure, Unit, canonical
from ratification.case.evidence import Report
from ratification.case.known import known
from ratification.case.priors import DEFAULT, Priors
from ratification.case.rounds import Round
from ratification.errors import ConvergenceError, RatificationError
from ratification.inference.fit import Engine, Sampler
from ratification.inference.layout import build_layout
from ratification.inference.numerics import expit
from ratification.inference.posterior import Posterior
from ratification.inference.worlds import draw_worlds
from ratification.validation.ranking import CHECKED, LEVELS, binomial_ranges, coverage, place, share
from ratification.validation.simulating import draw_correlation

ROUND = "vote"
# Eight unions; the first has three units, of which the last has two locals: every level is there.
PARENTS: Mapping[str, str | None] = {
    **{f"union-{u}": None for u in range(1, 9)},
    **{f"unit-{part}": "union-1" for part in "abc"},
    **{f"local-{part}": "unit-c" for part in "xy"},
}
# What is said of a union that is a single leaf, and how often.
KINDS: Mapping[str, float] = {"count": 0.3, "outcome": 0.25, "margin": 0.2, "nothing": 0.25}
COUNTED_SO_FAR = 25  # ballots, set beforehand: that there are as many is all it says of turnout
ASKED = 400  # in a straw poll
SMALLEST, LARGEST = 60, 3000  # members of a leaf, log-uniform


@dataclass(frozen=True)
class Truth:
    """The parameters of one coalition and its complete result, by leaf."""

    parameters: Mapping[str, float]
    yes: np.ndarray
    no: np.ndarray
    p: np.ndarray  # the chance of a yes


@dataclass(frozen=True)
class Simulated:
    """A coalition whose truth is known, with the leaf that is asked about."""

    case: Case
    truth: Truth
    asked: int


def main() -> None:
    """Simulate, fit, and print coverage and ranks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--coalitions", type=int, default=120, help="(default: 120)")
    parser.add_argument("--draws", type=int, default=750, help="of each chain (default: 750)")
    parser.add_argument("--seed", type=int, default=20110624, help="(default: 20110624)")
    asked = parser.parse_args()

    # Half of what a forecast draws and tunes: a hundred posteriors need not be as smooth as one.
    sampler = Sampler(draws=asked.draws, tune=500, retry_draws=2 * asked.draws, retry_tune=1000)
    engine, tree = Engine(), electorate(np.full(len(PARENTS), 1000))
    ranks: list[dict[str, float]] = []
    retried = 0
    failed: list[str] = []
    start = time.perf_counter()
    for number in range(asked.coalitions):
        rng = np.random.default_rng([asked.seed, number])
        simulated = simulate(tree, rng)
        try:
            layout = build_layout(simulated.case, simulated.case.evidence(), ROUND)
            posterior = engine.fit(layout, number, sampler=sampler).posterior
            ranks.append(ranked(simulated, posterior, rng))
            retried += posterior.diagnostics.retried
        except (ConvergenceError, RatificationError) as error:
            failed.append(f"coalition {number}: {error}")
        if sys.stderr.isatty() or number % 10 == 9:
            spent = time.perf_counter() - start
            print(f"{number + 1} of {asked.coalitions}, {spent:.0f} s", file=sys.stderr)
    print(f"{asked.coalitions} coalitions simulated, {len(ranks)} fitted, {len(failed)} not;")
    print(f"{retried} of those fitted were sampled a second time, more carefully")
    print("\n".join(failed))
    if ranks:
        report(ranks)


# Simulating


def electorate(members: Sequence[int] | np.ndarray) -> Electorate:
    """The tree, with the members of every leaf; a parent has what its children have."""
    sizes = dict.fromkeys(PARENTS, 0)
    leaves = [unit for unit in PARENTS if unit not in PARENTS.values()]
    for leaf, size in zip(leaves, members, strict=False):
        unit: str | None = leaf
        while unit is not None:
            sizes[unit] += int(size)
            unit = PARENTS[unit]
    units = [
        Unit(id=unit, parent=parent, name=unit, figure=Figure(members=sizes[unit]))
        for unit, parent in PARENTS.items()
    ]
    whole = Unit(id="*", parent=None, name="the coalition", figure=Figure())
    return Electorate(units=canonical(units), coalition=whole, listed=tuple(PARENTS))


def simulate(
    tree: Electorate, rng: np.random.Generator, kinds: Mapping[str, float] = KINDS
) -> Simulated:
    """A coalition from the priors: members, parameters, complete result, evidence."""
    size = rng.uniform(np.log(SMALLEST), np.log(LARGEST), len(tree.leaves))
    tree = electorate(np.rint(np.exp(size)))
    truth = draw_truth(tree, DEFAULT, rng)
    reports = draw_evidence(tree, truth, rng, kinds)
    case = Case(
        id="simulated",
        title="Simulated",
        target=ROUND,
        rounds=(Round(id=ROUND, title="Vote"),),
        electorate=tree,
        reports=tuple(reports),
        bylaws=(),
    )
    counted = known(case.evidence(), ROUND, tree).counted
    still_open = [leaf for leaf in range(len(tree.leaves)) if leaf not in counted]
    return Simulated(case, truth, int(rng.choice(still_open)))


def draw_truth(tree: Electorate, priors: Priors, rng: np.random.Generator) -> Truth:
    """Parameters from the priors and a complete result from the parameters, as the model says."""
    mu = rng.normal(priors.mu.mean, priors.mu.sd)
    nu = rng.normal(priors.nu.mean, priors.nu.sd)
    tau = np.abs(rng.normal(0, [priors.tau_union.sd, priors.tau_unit.sd, priors.tau_local.sd]))
    scales = [priors.tau_turnout_union, priors.tau_turnout_unit, priors.tau_turnout_local]
    tau_turnout = np.abs(rng.normal(0, [scale.sd for scale in scales]))
    correlation = draw_correlation(priors.correlation, rng)
    logit_p, logit_t = np.full(len(tree.leaves), mu), np.full(len(tree.leaves), nu)
    for unit in tree.by_id:
        level, leaves = len(tree.paths[unit]) - 1, sorted(tree.leaves_under[unit])
        z, z_turnout = rng.standard_normal(2)
        if level == 0:  # a union's yes and turnout effects are correlated
            z_turnout = correlation * z + np.sqrt(1 - correlation**2) * z_turnout
        logit_p[leaves] += tau[level] * z
        logit_t[leaves] += tau_turnout[level] * z_turnout
    members = [tree.figure(leaf, ROUND).members or 0 for leaf in tree.leaves]
    ballots = rng.binomial(members, expit(logit_t))
    yes = rng.binomial(ballots, expit(logit_p))
    parameters = {
        "mu": mu,
        "nu": nu,
        "tau_union": float(tau[0]),
        "tau_turnout_union": float(tau_turnout[0]),
    }
    return Truth(parameters=parameters, yes=yes, no=ballots - yes, p=expit(logit_p))


def draw_evidence(
    tree: Electorate, truth: Truth, rng: np.random.Generator, kinds: Mapping[str, float] = KINDS
) -> list[Report]:
    """True reports of mixed kinds. Unions 2 and 3 may be counted together, union 1 pooled."""
    found: list[Report] = []

    def say(units: str, kind: str, **said: object) -> None:
        report = {"id": f"r{len(found)}", "round": ROUND, "reported": "2020-01-01"}
        found.append(Report(**report, units=units, kind=kind, **said))  # type: ignore[arg-type]

    def votes(*units: str) -> tuple[int, int]:
        leaves = sorted(leaf for unit in units for leaf in tree.leaves_under[unit])
        return int(truth.yes[leaves].sum()), int(truth.no[leaves].sum())

    def sum_of(unit: str) -> int:
        return sum(
            tree.figure(tree.leaves[leaf], ROUND).members or 0 for leaf in tree.leaves_under[unit]
        )

    def tell(unit: str, kind: str) -> None:
        yes, no = votes(unit)
        if kind == "count":
            say(unit, "count", yes=yes, no=no)
        elif kind == "outcome":
            say(unit, "outcome", result="approved" if yes > no else "rejected")
        elif kind == "margin":  # a range that holds the margin anywhere, as likely here as there
            width = int(rng.choice([20, 100, 400]))
            low = yes - no - int(rng.integers(width + 1))
            say(unit, "margin", low=Fraction(low), high=Fraction(low + width))
        elif kind in ("share", "turnout") and yes + no:
            part, of = (yes, yes + no) if kind == "share" else (yes + no, sum_of(unit))
            wide = Fraction(int(rng.choice([2, 6, 20])), 100)
            least = Fraction(part, of) - wide * Fraction(int(rng.integers(1001)), 1000)
            most = min(least + wide, Fraction(1))
            say(unit, kind, low=max(least, Fraction(0)), high=most)
        elif kind == "partial" and yes + no >= COUNTED_SO_FAR:
            seen = int(rng.hypergeometric(yes, no, COUNTED_SO_FAR))
            say(unit, "partial", yes=seen, no=COUNTED_SO_FAR - seen)
        elif kind == "poll":  # of a single leaf, from the chance that the model gives it
            (leaf,) = tree.leaves_under[unit]
            p = float(truth.p[leaf])
            sd = np.hypot(DEFAULT.poll_bias.sd, 1 / np.sqrt(ASKED * p * (1 - p)))
            said = int(np.rint(ASKED * expit(np.array(rng.normal(np.log(p / (1 - p)), sd)))))
            say(unit, "poll", yes=said, no=ASKED - said)

    pair = rng.random() < 0.4
    if pair:
        yes, no = votes("union-2", "union-3")
        say("union-2 + union-3", "count", yes=yes, no=no)
    for unit in (f"union-{u}" for u in range(4 if pair else 2, 9)):
        tell(unit, str(rng.choice(list(kinds), p=list(kinds.values()))))
    tell("union-1", str(rng.choice(["count", "outcome", "margin", "nothing"])))
    for unit in ("unit-a", "local-x"):  # and, inside it, one or two leaves: nested evidence
        if rng.random() < 0.3:
            tell(unit, "count")
    if rng.random() < 0.3:
        bins = ((0, 2), (3, 5), (6, 8))  # set beforehand, so which one is told says no more
        number = sum(yes > no for yes, no in map(votes, tree.unions))
        low, high = next(ends for ends in bins if number <= ends[1])
        say("*", "approvals", low=Fraction(low), high=Fraction(high))
    return found


# Recovering


def ranked(
    simulated: Simulated, posterior: Posterior, rng: np.random.Generator
) -> dict[str, float]:
    """Where the truth stands in the posterior, from 0 to 1, by quantity; ties at random."""
    case, truth, leaf = simulated.case, simulated.truth, simulated.asked
    count = posterior.chains * posterior.per_chain
    worlds = draw_worlds(case, posterior, case.evidence(), ROUND, count)
    drawn = {
        "mu": posterior.flat("mu"),
        "nu": posterior.flat("nu")[:, 0],
        "tau_union": posterior.flat("tau")[:, 0],
        "tau_turnout_union": posterior.flat("tau_turnout")[:, 0],
        "yes share, an open leaf": share(worlds.leaf_yes[:, leaf], worlds.leaf_ballots[:, leaf]),
        "approving unions": worlds.approves.sum(axis=1),
        "yes of all ballots": share(worlds.yes.sum(axis=1), worlds.ballots.sum(axis=1)),
    }
    ballots, tree = truth.yes + truth.no, case.electorate
    by_union = [sorted(tree.leaves_under[union]) for union in tree.unions]
    approving = sum(2 * truth.yes[leaves].sum() > ballots[leaves].sum() for leaves in by_union)
    real = {
        **truth.parameters,
        "yes share, an open leaf": share(truth.yes[leaf], ballots[leaf]),
        "approving unions": approving,
        "yes of all ballots": share(truth.yes.sum(), ballots.sum()),
    }
    return {name: place(real[name], draws, rng) for name, draws in drawn.items()}


# Reporting


def report(ranks: Sequence[Mapping[str, float]]) -> None:
    """Print coverage beside the range it must lie in, and how uniform the ranks are."""
    rows, outside = [], 0
    for name in ranks[0]:
        found = coverage([entry[name] for entry in ranks])
        cells = [
            f"{covered:.3f}" + ("" if inside else " OUTSIDE")
            for covered, inside in zip(found.covered, found.inside, strict=True)
        ]
        outside += found.inside.count(False)
        rows.append((name, *cells, " ".join(map(str, found.histogram)), f"{found.uniform_p:.3f}"))
    heads = tuple(f"{level:.0%}" for level in LEVELS)
    ranges = tuple(f"{low:.3f}-{high:.3f}" for low, high in binomial_ranges(len(ranks)))
    rows.append((f"central {CHECKED:.1%}", *ranges, "", ""))
    print_table("Coverage of central intervals", ("", *heads, "ranks, ten bins", "p"), rows)
    checks = len(LEVELS) * (len(rows) - 1)
    print(f"{checks - outside} of {checks} inside the central {CHECKED:.1%} of a binomial")


if __name__ == "__main__":
    main()
