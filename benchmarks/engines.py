"""The instant engine against long NUTS runs: differences in standard errors.

For every case of `engine_cases.py`: means of all shared parameters, and over the worlds of each
engine the chance that each union approves, its mean yes share, and the chance of every number of
approvals. Several instant fits are put together. A difference is divided by both engines' standard
errors together.

    python benchmarks/engines.py --keep DIR        # long NUTS runs are kept there, and found again
"""

import argparse
import pickle
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from engine_cases import Asked, all_cases
from measuring import print_table
from ratification.case.evidence import InForce
from ratification.errors import RatificationError
from ratification.inference.fit import Engine, Sampler
from ratification.inference.instant.engine import fit
from ratification.inference.instant.resampling import together
from ratification.inference.layout import build_layout
from ratification.inference.numerics import effective_sample_size
from ratification.inference.parameters import parameters_of
from ratification.inference.posterior import Posterior
from ratification.inference.worlds import draw_worlds

WORST = 4.5
# Twice as careful as a forecast: the reference must be beyond doubt.
LONG = Sampler(
    draws=4000,
    tune=2000,
    target_accept=0.99,
    retry_draws=6000,
    retry_tune=3000,
    retry_target_accept=0.998,
)
LEAST_ERROR = 1e-4  # of a chance that hardly ever happens


@dataclass(frozen=True)
class Found:
    """Means with standard errors, by what they are of."""

    means: Mapping[str, tuple[float, float]]
    divergences: int
    seconds: float


def main() -> None:
    """Compare, print a table, and say which differences are too large."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, required=True, help="folder of long NUTS runs")
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--references", action="store_true", help="only make the NUTS runs")
    parser.add_argument("--fits", type=int, default=6, help="instant fits a case (default: 6)")
    asked = parser.parse_args()
    asked.keep.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, ...]] = []
    large: list[str] = []
    for case in all_cases():
        if asked.only not in case.name:
            continue
        reference = long_run(case, asked.keep)
        if asked.references:
            print(f"{case.name}: {reference.divergences} divergences, {reference.seconds:.0f} s")
            continue
        rows.append(compared(case, reference, asked.fits, large))
    if rows:
        heads = ("case", "quantities", "largest |z|", "of", "mean z^2", "ESS", "k", "seconds")
        print_table("Instant engine against NUTS", heads, rows)
        print(f"{len(large)} differences above {WORST} standard errors")
        print("\n".join(large))


def compared(case: Asked, reference: Found, fits: int, large: list[str]) -> tuple[str, ...]:
    """One row: how far some fits of the instant engine, together, are from the reference."""
    layout = build_layout(case.case, _evidence(case), case.round, case.scenario)
    start = time.perf_counter()
    try:
        posteriors = [fit(layout, 100 + seed).posterior for seed in range(fits)]
    except RatificationError as error:
        return (case.name, "handed over", str(error), "", "", "", "", "")
    spent = (time.perf_counter() - start) / fits
    # One alone would not show a small difference.
    draws = together([each.draws for each in posteriors])
    found = measured(case, replace(posteriors[0], draws=draws))
    z = {
        name: (mean - reference.means[name][0]) / np.hypot(error, reference.means[name][1])
        for name, (mean, error) in found.items()
    }
    worst = max(z, key=lambda name: abs(z[name]))
    large += [f"{case.name}, {name}: {v:+.1f}" for name, v in z.items() if abs(v) > WORST]
    return (
        case.name,
        str(len(z)),
        f"{abs(z[worst]):.1f}",
        worst,
        f"{np.mean(np.square(list(z.values()))):.2f}",
        f"{min(each.diagnostics.ess_min for each in posteriors):.0f}",
        f"{np.max([each.diagnostics.pareto_k for each in posteriors]):.2f}",
        f"{spent:.2f}",
    )


def long_run(case: Asked, folder: Path) -> Found:
    """A long NUTS run of a case, made once."""
    path = folder / f"{case.name.replace(' ', '-').replace(',', '')}.pickle"
    if path.exists():
        kept: Found = pickle.loads(path.read_bytes())
        return kept
    start = time.perf_counter()
    layout = build_layout(case.case, _evidence(case), case.round, case.scenario)
    posterior = Engine().fit(layout, 1, sampler=LONG).posterior
    made = Found(
        means=measured(case, posterior),
        divergences=posterior.diagnostics.divergences,
        seconds=time.perf_counter() - start,
    )
    path.write_bytes(pickle.dumps(made))
    return made


def measured(case: Asked, posterior: Posterior) -> dict[str, tuple[float, float]]:
    """Means and standard errors of everything that is compared."""
    found = {}
    for name, _, variable, where, _ in parameters_of(posterior.layout):
        if variable in posterior.draws:
            values = posterior.draws[variable]
            found[name] = averaged(values if where is None else values[..., where])
    evidence = _evidence(case)
    count = posterior.chains * posterior.per_chain
    worlds = draw_worlds(case.case, posterior, evidence, case.round, count, scenario=case.scenario)

    def by_chain(values: np.ndarray) -> np.ndarray:
        return values.astype(float).reshape(-1, worlds.chains).T

    for index, union in enumerate(case.case.electorate.unions):
        share = worlds.yes[:, index] / np.maximum(worlds.ballots[:, index], 1)
        turnout = worlds.ballots[:, index] / np.maximum(worlds.members[:, index], 1)
        found[f"{union} approves"] = averaged(by_chain(worlds.approves[:, index]))
        found[f"{union} yes share"] = averaged(by_chain(share))
        found[f"{union} turnout"] = averaged(by_chain(turnout))
    approving = worlds.approves.sum(axis=1)
    for number in range(1, len(case.case.electorate.unions) + 1):
        found[f"at least {number} approve"] = averaged(by_chain(approving >= number))
    total = worlds.yes.sum(axis=1) / worlds.ballots.sum(axis=1)
    found["yes of ballots"] = averaged(by_chain(total))
    return found


def _evidence(case: Asked) -> InForce:
    return case.case.evidence(as_of=case.as_of, round_id=case.round)


def averaged(values: np.ndarray) -> tuple[float, float]:
    """Mean, and its standard error from the draws' own effective number."""
    error = values.std() / np.sqrt(effective_sample_size(values))
    return float(values.mean()), float(max(error, LEAST_ERROR))


if __name__ == "__main__":
    main()
