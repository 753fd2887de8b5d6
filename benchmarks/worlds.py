"""Drawing worlds, against NumPy drawing the same binomials; and the memory that a million takes.

Leaf counts only: 15 unions, 30 leaves, a third of them counted, and a made-up posterior. A world
then is two binomials for every open leaf (ballots, then yes), which NumPy draws here from the same
arrays of n and p. Pooled totals and ranges tie leaves together and cost more; for them the
founding case is fitted, and its rate is stated against the same yardstick.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from measuring import Ratio, alternately, median, print_table, ratify, show
from ratification.api import DEFAULT_SEED, Runs, load
from ratification.case.case import Case
from ratification.case.evidence import InForce
from ratification.case.known import known
from ratification.inference.field import FieldMaker
from ratification.inference.layout import build_layout
from ratification.inference.numerics import stream
from ratification.inference.posterior import Diagnostics, Posterior
from ratification.inference.rosters import draw_rosters
from ratification.inference.worlds import BLOCK, draw_index, draw_worlds
from ratification.output.store import RunStore

GOAL = 0.5
MOST_MEMORY = 1024.0  # MiB
UNIONS, COUNTED = 15, 10
CHAINS, DRAWS = 4, 2000
FOUNDING = "sebac-2011"
DAYS = ("2011-06-24", "2011-06-26")
MILLION = 1_000_000
TIED = 10  # times fewer worlds where reports tie leaves together


def main() -> None:
    """Print rates against NumPy's own, then peak memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=200_000, help="(default: 200,000)")
    parser.add_argument("--runs", type=int, default=5, help="of each, in turn (default: 5)")
    parser.add_argument(
        "--only-small", action="store_true", help="leave out the founding case, which is fitted"
    )
    parser.add_argument("--store", type=Path, help="keep and find the fits here")
    parser.add_argument("--memory-of", metavar="DAY", help=argparse.SUPPRESS)  # the child process
    asked = parser.parse_args()
    if asked.memory_of:
        draw_a_million(asked.memory_of, asked.store)
        return

    ratios = [small_case(asked.worlds, asked.runs)]
    show(f"Worlds a second, {asked.worlds:,} worlds, leaf counts only", ratios)
    if not asked.only_small:
        with tempfile.TemporaryDirectory() as scratch:
            founding_case(asked.store or Path(scratch), asked.worlds // TIED, asked.runs)


# Leaf counts only


def small_case(worlds: int, runs: int) -> Ratio:
    """Rate of worlds of the made-up case against that of its binomials."""
    with tempfile.TemporaryDirectory() as folder:
        write_case(Path(folder))
        case = load(folder)
    evidence = case.evidence()
    posterior = made_up_posterior(case, evidence)
    return rate("30 leaves, 10 counted", case, posterior, evidence, worlds, runs, goal=GOAL)


def write_case(folder: Path) -> None:
    """Fifteen unions of two locals each; the first ten locals have counted."""
    names = [f"union-{u:02}" for u in range(UNIONS)]
    locals_ = [f"{name}-{part}" for name in names for part in "ab"]
    electorate = ["unit,parent,name,members"]
    electorate += [f"{name},,{name},{1000 + 400 * u}" for u, name in enumerate(names)]
    for u, name in enumerate(names):
        electorate += [f"{name}-{part},{name},{name}-{part},{500 + 200 * u}" for part in "ab"]
    evidence = ["id,round,reported,units,kind,yes,no"]
    evidence += [f"c-{unit},vote,2020-01-01,{unit},count,210,170" for unit in locals_[:COUNTED]]
    (folder / "electorate.csv").write_text("\n".join(electorate) + "\n")
    (folder / "evidence.csv").write_text("\n".join(evidence) + "\n")
    (folder / "case.toml").write_text(
        'title = "Leaf counts only"\ntarget = "vote"\n\n[[round]]\nid = "vote"\ntitle = "Vote"\n'
    )
    (folder / "bylaws.toml").write_text(
        '[[bylaws]]\nid = "half"\ntitle = "Half"\ntext = "8 of 15 unions"\n\n'
        '[[bylaws.reading]]\nid = "unions"\ntitle = "8 of 15 unions"\n'
        'all = [{ measure = "approving unions", at_least = 8 }]\n'
    )


def made_up_posterior(case: Case, evidence: InForce) -> Posterior:
    """Draws in the shapes of a fit, from something like the priors: no fit is needed for a rate."""
    layout = build_layout(case, evidence, case.target)
    structure, rng = layout.structure, np.random.default_rng(7)
    size = (CHAINS, DRAWS)
    draws = {
        "mu": rng.normal(0.4, 0.3, size),
        "nu": rng.normal(1.1, 0.2, (*size, len(structure.rounds))),
        "tau": np.abs(rng.normal(0.0, 0.5, (*size, structure.depth))),
        "tau_turnout": np.abs(rng.normal(0.0, 0.3, (*size, structure.depth))),
        "correlation": rng.uniform(-0.5, 0.5, size),
        "z": rng.standard_normal((*size, len(structure.nodes))),
        "z_turnout": rng.standard_normal((*size, len(structure.nodes))),
    }
    fine = Diagnostics(
        rhat_max=1.0, ess_min=8000.0, divergences=0, target_accept=0.97, retried=False
    )
    return Posterior(layout=layout, draws=draws, diagnostics=fine, seed=1)


def rate(
    name: str,
    case: Case,
    posterior: Posterior,
    evidence: InForce,
    worlds: int,
    runs: int,
    goal: float | None,
) -> Ratio:
    """Worlds a second, over the rate at which NumPy draws their binomials."""
    trials = binomials_of(case, posterior, evidence)
    rng = np.random.default_rng(3)

    def ours() -> float:
        start = time.process_time()
        draw_worlds(case, posterior, evidence, case.target, worlds)
        return time.process_time() - start

    def numpy_alone() -> float:
        members, turnout, yes_share = trials
        start = time.process_time()
        for _ in range(0, worlds, BLOCK):
            rng.binomial(rng.binomial(members, turnout), yes_share)
        return (time.process_time() - start) * worlds / (BLOCK * -(-worlds // BLOCK))

    drawing, yardstick = alternately(ours, numpy_alone, runs)
    return Ratio(
        name=name,
        value=worlds / median(drawing),
        yardstick=worlds / median(yardstick),
        unit="worlds/s",
        at_least=goal,
    )


def binomials_of(
    case: Case, posterior: Posterior, evidence: InForce
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Members, turnout and yes share of the open leaves in one block of worlds."""
    facts = known(evidence, case.target, case.electorate, case.id)
    rows, rng = draw_index(posterior, BLOCK)[:BLOCK], stream(1, "yardstick")
    field = FieldMaker(case, posterior, case.target, None).field(rows, rng)
    rosters = draw_rosters(case.electorate, facts, len(rows), rng)
    still_open = [leaf for leaf in range(len(case.electorate.leaves)) if leaf not in facts.counted]
    turnout, yes_share = field.turnout[:, still_open], field.yes_share[:, still_open]
    return rosters.members[:, still_open], turnout, yes_share


# The founding case: pooled totals and ranges


def founding_case(folder: Path, worlds: int, runs: int) -> None:
    """Fit or find both days, state their rates, and measure memory on the first."""
    case = load(FOUNDING)
    ratios = []
    for day in DAYS:
        print(f"fitting {FOUNDING} as of {day}", file=sys.stderr)
        evidence = case.evidence(as_of=day)
        posterior = fit_of(case, evidence, folder)
        name = f"{FOUNDING} as of {day}"
        ratios.append(rate(name, case, posterior, evidence, worlds, runs, goal=None))
    show("Worlds a second, pooled totals and ranges (no goal: stated)", ratios)
    drawn = peak_memory([sys.executable, __file__, "--store", str(folder), "--memory-of", DAYS[0]])
    asked = ["forecast", FOUNDING, "--as-of", DAYS[0], "--worlds", str(MILLION)]
    whole = peak_memory([ratify(), *asked, "--store", str(folder)])
    memory = [
        Ratio(name="draw_worlds", value=drawn, yardstick=MOST_MEMORY, unit="MiB", at_most=1.0),
        Ratio(name="ratify forecast", value=whole, yardstick=MOST_MEMORY, unit="MiB", at_most=1.0),
    ]
    show(f"Peak memory of {MILLION:,} worlds of {FOUNDING} against 1 GiB, fit already kept", memory)
    by_array = bytes_of_worlds(case, fit_of(case, evidence, folder), evidence)
    print_table("Bytes a world", ("array", "bytes"), by_array)


def fit_of(case: Case, evidence: InForce, folder: Path) -> Posterior:
    """The fit of the target round, from the store if it is there."""
    runs = Runs(RunStore(folder, lambda text: print(text, file=sys.stderr)))
    return runs.posterior(case, evidence, case.target, seed=DEFAULT_SEED)[1]


def draw_a_million(day: str, folder: Path) -> None:
    """What the child process does: read the kept fit, draw the worlds."""
    case = load(FOUNDING)
    evidence = case.evidence(as_of=day)
    draw_worlds(case, fit_of(case, evidence, folder), evidence, case.target, MILLION)


def peak_memory(command: Sequence[str]) -> float:
    """Largest resident size of a process, in MiB, as the system accounts for its own children."""
    script = (
        "import resource, subprocess, sys; "
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *command], check=True, stdout=subprocess.PIPE, text=True
    )
    return int(done.stdout) / (1024.0**2 if sys.platform == "darwin" else 1024.0)


def bytes_of_worlds(case: Case, posterior: Posterior, evidence: InForce) -> list[tuple[str, str]]:
    """What each array of worlds takes."""
    count = 1000
    worlds = draw_worlds(case, posterior, evidence, case.target, count)
    arrays = {name: getattr(worlds, name) for name in worlds.__dataclass_fields__}
    return [
        (name, f"{array.nbytes / count:g}")
        for name, array in arrays.items()
        if isinstance(array, np.ndarray)
    ]


if __name__ == "__main__":
    main()
