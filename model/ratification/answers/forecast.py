"""The forecast: worlds judged under bylaws, with what arithmetic alone already says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ratification.answers.coupling import correlation, recoupled
from ratification.answers.estimates import Estimate, Spread, estimate, spread
from ratification.answers.judging import Results, judge
from ratification.answers.standing import RuleStanding, Standing, rule_standings, union_standings
from ratification.case.bylaws import ChosenReading
from ratification.case.case import Case
from ratification.case.coalition import electorate_in
from ratification.case.electorate import Electorate
from ratification.case.known import Known
from ratification.case.rounds import AS_VOTED, Scenario
from ratification.inference.numerics import stream
from ratification.inference.posterior import Diagnostics, EngineName
from ratification.inference.worlds import Worlds

VARIANT_DIFFERS = 0.005  # smaller differences between rosters are not told


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """The answer at weaker and stronger correlation between the open unions.

    `correlation` is None where fewer than two unions are open: then there is nothing to vary.
    """

    correlation: float | None
    weaker: float
    stronger: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleForecast:
    """One reading of one bylaw in one scenario."""

    bylaws: str
    reading: str
    title: str
    scenario: str
    estimate: Estimate
    standing: str
    because: str
    sensitivity: Sensitivity
    by_roster: Mapping[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnionForecast:
    """One union: its chance to approve, yes share of ballots, turnout. Members: mean roster."""

    unit: str
    name: str
    scenario: str
    members: int
    approves: Estimate
    standing: str
    yes_share: Spread
    turnout: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class CoalitionForecast:
    """The coalition as a whole. `approving_unions[k]` is the chance that exactly k approve."""

    scenario: str
    approving_unions: tuple[float, ...]
    yes_of_ballots: Spread
    members_of_approving_unions: Spread
    ballots: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Everything one set of worlds says."""

    rules: tuple[RuleForecast, ...]
    unions: tuple[UnionForecast, ...]
    coalition: CoalitionForecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A forecast with all that is needed to defend it."""

    case: str
    title: str
    round: str
    round_title: str
    as_of: str | None
    seed: int
    worlds: int
    engine: EngineName
    rules: tuple[RuleForecast, ...]
    unions: tuple[UnionForecast, ...]
    coalition: tuple[CoalitionForecast, ...]
    diagnostics: Diagnostics
    replaced: int
    assumptions: tuple[str, ...]
    warnings: tuple[str, ...]
    reports: int
    nominal: tuple[str, ...]
    inputs: str
    versions: Mapping[str, str]


def answer(
    case: Case,
    facts: Known,
    worlds: Worlds,
    readings: Sequence[ChosenReading],
    *,
    scenario: Scenario | None,
    seed: int,
) -> Answers:
    """Judge worlds under every reading, and sum up unions and coalition, in a scenario.

    Raises:
        ConvergenceError: the chains are worth too few draws for an answer.
    """
    tree = electorate_in(case.electorate, scenario)
    name = scenario.id if scenario is not None else AS_VOTED
    standings = union_standings(case.electorate, facts, scenario)
    still_open = [i for i, union in enumerate(tree.unions) if _open(standings, union)]
    verdicts = rule_standings(
        [chosen.reading for chosen in readings], case.electorate, facts, scenario
    )
    undecided = [
        chosen
        for chosen, verdict in zip(readings, verdicts, strict=True)
        if verdict.status == "open"
    ]
    streams = {side: stream(seed, "coupling", name, side) for side in ("weaker", "stronger")}
    coupled = _Coupled(worlds, still_open, undecided, tree, streams)
    rules = [
        _rule(chosen, verdict, tree, worlds, coupled, name)
        for chosen, verdict in zip(readings, verdicts, strict=True)
    ]
    return Answers(
        rules=tuple(rules),
        unions=tuple(
            _union(tree, union, standings[union], worlds, name)
            for union in tree.unions_as_listed
            if union in standings
        ),
        coalition=_coalition(worlds, name),
    )


def _open(standings: Mapping[str, Standing], union: str) -> bool:
    return union in standings and standings[union].status == "open"


class _Coupled:
    """Answers at weaker and stronger correlation, for all readings from one set of worlds each."""

    def __init__(
        self,
        worlds: Worlds,
        still_open: list[int],
        readings: Sequence[ChosenReading],
        tree: Electorate,
        streams: Mapping[str, np.random.Generator],
    ) -> None:
        self.rho = correlation(worlds, still_open)
        self.chances: dict[str, dict[str, float]] = {}
        if self.rho is None:
            return
        for name, rho in (("weaker", self.rho / 2), ("stronger", (1 + self.rho) / 2)):
            # Held by no name here: the next set is made when this one is gone.
            self.chances[name] = _chances(
                recoupled(worlds, still_open, rho, streams[name]), readings, tree
            )

    def sensitivity(self, chosen: ChosenReading, base: float) -> Sensitivity:
        """A reading's answers; its own where nothing varies or arithmetic decides."""
        weaker, stronger = (
            self.chances.get(name, {}).get(chosen.key, base) for name in ("weaker", "stronger")
        )
        return Sensitivity(correlation=self.rho, weaker=weaker, stronger=stronger)


def _chances(
    worlds: Worlds, readings: Sequence[ChosenReading], tree: Electorate
) -> dict[str, float]:
    """The probability of each reading, by its key."""
    results = Results.of(worlds, tree)
    return {
        chosen.key: estimate(judge(chosen.reading, results), worlds).probability
        for chosen in readings
    }


def _rule(
    chosen: ChosenReading,
    standing: RuleStanding,
    tree: Electorate,
    worlds: Worlds,
    coupled: _Coupled,
    scenario: str,
) -> RuleForecast:
    holds = judge(chosen.reading, Results.of(worlds, tree))
    found = _settled(standing) or estimate(holds, worlds, chosen.key)
    decided = standing.status != "open"
    return RuleForecast(
        bylaws=chosen.bylaws.id,
        reading=chosen.reading.id,
        title=f"{chosen.bylaws.title}: {chosen.reading.title}",
        scenario=scenario,
        estimate=found,
        standing=standing.status,
        because=standing.because,
        sensitivity=coupled.sensitivity(chosen, found.probability),
        by_roster={} if decided else _by_roster(holds, worlds, tree, found),
    )


def _settled(standing: RuleStanding) -> Estimate | None:
    """Exactly 0 or 1, only where arithmetic decides."""
    if standing.status == "open":
        return None
    return Estimate(probability=float(standing.status == "ratified"), mcse=0.0)


def _by_roster(
    holds: np.ndarray, worlds: Worlds, tree: Electorate, whole: Estimate
) -> dict[str, Estimate]:
    """The answer by roster variant, if any differs by more than chance and half a point."""
    found = {}
    for index, variant in enumerate(tree.variants):
        rows = worlds.variant == index
        count = int(rows.sum())
        if count:
            found[variant.id] = _among(holds[rows], whole, worlds.count)
    differs = any(
        abs(entry.probability - whole.probability) > max(VARIANT_DIFFERS, 3 * entry.mcse)
        for entry in found.values()
    )
    return found if differs else {}


def _among(holds: np.ndarray, whole: Estimate, worlds: int) -> Estimate:
    """A share of some worlds; its error carries the chains' autocorrelation over from the whole."""
    count = len(holds)
    hits = int(holds.sum())
    p = (hits + 0.5) / (count + 1) if hits in (0, count) else hits / count
    w = whole.probability
    inflation = max(1.0, whole.mcse / max(np.sqrt(w * (1 - w) / worlds), 1e-12))
    return Estimate(probability=p, mcse=float(np.sqrt(p * (1 - p) / count) * inflation))


def _union(
    tree: Electorate, union: str, standing: Standing, worlds: Worlds, scenario: str
) -> UnionForecast:
    position = tree.unions.index(union)
    yes, ballots = worlds.yes[:, position], worlds.ballots[:, position]
    members = worlds.members[:, position]
    if standing.status in ("approved", "rejected", "abstained"):
        chance = Estimate(probability=float(standing.status == "approved"), mcse=0.0)
    else:
        chance = estimate(worlds.approves[:, position], worlds, union)
    return UnionForecast(
        unit=union,
        name=tree.name(union),
        scenario=scenario,
        members=round(float(members.mean())),
        approves=chance,
        standing=standing.status,
        yes_share=spread(yes / np.maximum(ballots, 1)),
        turnout=spread(ballots / np.maximum(members, 1)),
    )


def _coalition(worlds: Worlds, scenario: str) -> CoalitionForecast:
    number = worlds.approves.sum(axis=1)
    counts = np.bincount(number, minlength=worlds.approves.shape[1] + 1)
    ballots, members = worlds.ballots.sum(axis=1), worlds.members.sum(axis=1)
    approving = np.where(worlds.approves, worlds.members, 0).sum(axis=1)
    return CoalitionForecast(
        scenario=scenario,
        approving_unions=tuple(float(c) / worlds.count for c in counts),
        yes_of_ballots=spread(worlds.yes.sum(axis=1) / np.maximum(ballots, 1)),
        members_of_approving_unions=spread(approving / np.maximum(members, 1)),
        ballots=spread(ballots),
    )
