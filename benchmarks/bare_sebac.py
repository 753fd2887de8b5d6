"""What a person would write by hand: the founding case's model, sampled by nutpie, nothing else.

It reads ready-made arrays (`.npz`) and the structure they belong to (a pickle), which `cold.py`
writes. From the package it takes only the model itself, so that both sample the same one.
"""

import argparse
import pickle
from pathlib import Path


def main() -> None:
    """Import, build, compile, sample."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="holds data.npz and structure.pickle")
    parser.add_argument("--chains", type=int, required=True)
    parser.add_argument("--cores", type=int, required=True)
    parser.add_argument("--draws", type=int, required=True)
    parser.add_argument("--tune", type=int, required=True)
    parser.add_argument("--target-accept", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument(
        "--again",
        nargs=3,
        metavar=("DRAWS", "TUNE", "TARGET_ACCEPT"),
        help="sample a second time, with the next seed: what the forecast did too",
    )
    asked = parser.parse_args()

    import numpy as np
    import nutpie
    import pymc  # noqa: F401 - a script by hand imports it to write the model down
    from ratification.inference.model import build_model

    structure = pickle.loads((asked.folder / "structure.pickle").read_bytes())
    with np.load(asked.folder / "data.npz") as arrays:
        data = dict(arrays)
    model = build_model(structure, data)
    compiled = nutpie.compile_pymc_model(model)
    runs = [(asked.draws, asked.tune, asked.target_accept)]
    if asked.again:
        draws, tune, accept = asked.again
        runs.append((int(draws), int(tune), float(accept)))
    for index, (draws, tune, accept) in enumerate(runs):
        nutpie.sample(
            compiled,
            draws=draws,
            tune=tune,
            chains=asked.chains,
            cores=asked.cores,
            seed=asked.seed + index,
            target_accept=accept,
            save_warmup=False,
            progress_bar=False,
        )


if __name__ == "__main__":
    main()
