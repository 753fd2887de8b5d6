"""Replicas of a case: the same electorate and the same pattern of reports, another vote.

Parameters come from the case's priors, complete results from the parameters, and reports from the
results; so the truth is known, and the priors are true.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ratification.answers.judging import Results
from ratification.arrays import Bool, Int
from ratification.case.case import Case
from ratification.case.electorate import Electorate
from ratification.case.evidence import InForce
from ratification.case.unitsets import leaves_in
from ratification.inference.approving import approved
from ratification.inference.layout import fitted_rounds
from ratification.validation.simulating import Votes, draw_logits, draw_members, draw_votes
from ratification.validation.telling import tell, told_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """A case with simulated reports, and what is true of its round; `told` is of every leaf."""

    case: Case
    round: str
    rounds: tuple[str, ...]  # of which parameters were drawn; the last is `round`
    parameters: Mapping[str, float]
    members: Int[np.ndarray, " leaf"]
    votes: Votes
    told: Mapping[int, str]

    @property
    def results(self) -> Results:
        """The truth, as one world."""
        tree = self.case.electorate
        return Results(
            members=self._by_union(self.members),
            ballots=self._by_union(self.votes.ballots),
            yes=self._by_union(self.votes.yes),
            approves=self.approving[None],
            abstains=np.array([unit in self._abstained for unit in tree.unions]),
            weights=tuple(tree.by_id[union].weight for union in tree.unions),
            unions=tree.unions,
        )

    @property
    def approving(self) -> Bool[np.ndarray, " union"]:
        """Which unions truly approve."""
        tree, votes = self.case.electorate, self.votes
        yes, ballots = votes.yes[None], votes.ballots[None]
        return np.array([bool(approved(tree, union, yes, ballots)[0]) for union in tree.unions])

    def _by_union(self, values: np.ndarray) -> np.ndarray:
        under = self.case.electorate.leaves_under
        return np.array([[values[sorted(under[u])].sum() for u in self.case.electorate.unions]])

    @property
    def _abstained(self) -> set[str]:
        reports = self.case.evidence().of_round(self.round)
        return {report.units for report in reports if report.result == "abstained"}


def replicate(case: Case, evidence: InForce, round_id: str, rng: np.random.Generator) -> Replica:
    """A replica of a case as it is known by the evidence: as voted, without a scenario."""
    chain = case.chain(round_id)
    rounds = chain[chain.index(fitted_rounds(case, evidence, round_id)[0]) :]
    tree, reports = case.electorate, []
    features = {
        name: np.array([values.get(leaf, 0.0) for leaf in tree.leaves])
        for name, values in case.features.items()
    }
    parameters, logits = draw_logits(tree, len(rounds), features, case.priors, rng)
    for name, each in zip(rounds, logits, strict=True):
        members = draw_members(tree, name, rng)
        votes = draw_votes(members, each, rng, _abstaining(tree, evidence, name))
        told = [
            tell(report, tree, members, votes, case.priors.poll_bias, rng)
            for report in evidence.of_round(name)
        ]
        reports += [report for report in told if report is not None]
    said = [(report.units, _kind(report.kind, report.yes)) for report in evidence.of_round(name)]
    return Replica(
        case=replace(case, reports=tuple(reports)),
        round=round_id,
        rounds=rounds,
        parameters=parameters,
        members=members,
        votes=votes,
        told=told_of(tree, said),
    )


def _kind(kind: str, yes: int | None) -> str:
    return "so far" if kind == "partial" and yes is None else kind


def _abstaining(tree: Electorate, evidence: InForce, round_id: str) -> tuple[int, ...]:
    silent = [r.units for r in evidence.of_round(round_id) if r.result == "abstained"]
    return tuple({leaf for units in silent for leaf in leaves_in(units, tree)})
