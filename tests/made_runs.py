"""Runs without a fit: posteriors drawn from hand-set normals, or worlds written down."""

from collections.abc import Mapping, Sequence

import numpy as np
from hand_made import FINE, constant_draws
from ratification.answers.run import Run
from ratification.api import run
from ratification.case.case import Case
from ratification.case.evidence import InForce
from ratification.case.rounds import Scenario
from ratification.inference.layout import build_layout
from ratification.inference.parameters import ParameterSummary
from ratification.inference.posterior import EngineChoice, EngineName, Posterior
from ratification.inference.worlds import Worlds
from ratification.output.runs import Runs

VERSIONS = {"python": "3", "ratification": "0"}
PARAMETERS = (
    ParameterSummary(
        name="mu",
        meaning="logit yes share of the coalition, june",
        mean=0.3,
        q05=0.1,
        q95=0.5,
        prior_q05=-0.6,
        prior_q95=1.4,
        rhat=1.001,
        ess_bulk=2000.0,
        ess_tail=1800.0,
    ),
)


class MadeRuns(Runs):
    """Finds nothing and fits nothing: draws are made, from the seed."""

    def __init__(self, shape: tuple[int, int] = (4, 500)) -> None:
        super().__init__()
        self.shape = shape

    def versions(self, engine: EngineName) -> dict[str, str]:  # noqa: ARG002  that of Runs
        """Versions that never change."""
        return dict(VERSIONS)

    def posterior(
        self,
        case: Case,
        evidence: InForce,
        round_id: str,
        *,
        seed: int,
        scenario: Scenario | None = None,
        engine: EngineChoice = "nuts",  # noqa: ARG002  that of Runs
    ) -> tuple[str, Posterior]:
        """Draws that no evidence has touched."""
        layout = build_layout(case, evidence, round_id, scenario)
        rng = np.random.default_rng(seed)
        draws = constant_draws(layout.structure, self.shape)
        for name in ("z", "z_turnout"):
            draws[name] = rng.standard_normal(draws[name].shape)
        draws["mu"] = rng.normal(0.3, 0.3, self.shape)
        draws["tau"] = np.full_like(draws["tau"], 0.5)
        draws["tau_turnout"] = np.full_like(draws["tau_turnout"], 0.3)
        return "made", Posterior(layout, draws, FINE, seed, PARAMETERS)


class WrittenRuns(MadeRuns):
    """Worlds as a test writes them down: results by union, repeated over the draws."""

    def __init__(self, results: Mapping[str, Sequence[tuple[int, int, int]]]) -> None:
        super().__init__(shape=(4, 25))
        self.results = results

    def worlds(
        self,
        case: Case,
        evidence: InForce,
        round_id: str,
        *,
        seed: int,
        count: int | None = None,
        scenario: Scenario | None = None,
        engine: EngineChoice = "nuts",  # noqa: ARG002  that of Runs
    ) -> tuple[Posterior, Worlds]:
        """Members, yes and no of every union, world by world, over and over."""
        count = count or len(next(iter(self.results.values())))
        _, posterior = self.posterior(case, evidence, round_id, seed=seed, scenario=scenario)
        tree = case.electorate
        columns = [np.resize(np.array(self.results[u]), (count, 3)) for u in tree.unions]
        members, yes, no = (
            np.asfortranarray(np.stack([c[:, i] for c in columns], axis=1).astype(np.int32))
            for i in range(3)
        )
        return posterior, Worlds(
            members=members,
            ballots=np.asfortranarray(yes + no),
            yes=yes,
            approves=np.asfortranarray(yes > no),
            abstains=np.zeros(len(tree.unions), dtype=bool),
            draw=np.arange(count, dtype=np.int32) % (4 * 25),
            variant=np.zeros(count, dtype=np.int32),
            chains=4,
            leaf_members=members,
            leaf_ballots=yes + no,
            leaf_yes=yes,
        )


def made_run(case: Case, **asked: object) -> Run:
    """A run of a case on draws that are made, 2,000 worlds unless asked otherwise."""
    return run(case, **({"runs": MadeRuns(), "worlds": 2000} | asked))  # type: ignore[arg-type]
