"""Pivots: who matters. Power of a rule, pivotality in the forecast, what results would tell.

Three different things, kept apart. Power is of the rule alone. Pivotality is how often a union's
vote, turned around, would turn the result in the simulated votes. What a result tells is how far
the chance of ratification differs between its approving and its rejecting: also through what it
says of other unions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ratification.answers.because import positive, short_name
from ratification.answers.blocking import (
    Sets,
    VetoOf,
    minimal_sets,
    named_vetoes,
    roster_share,
    vetoes,
)
from ratification.answers.due import Earliest, due_day, earliest
from ratification.answers.estimates import Difference, Estimate, estimate
from ratification.answers.forecast import Forecast, RuleForecast, UnionForecast
from ratification.answers.game import Game, game_of, increasing, why_none
from ratification.answers.judging import Results, judge
from ratification.answers.pivotality import (
    Tells,
    expected_movement,
    flips,
    sorted_margins,
    tells,
)
from ratification.answers.power import Index, Power, power
from ratification.answers.required import Required, required
from ratification.answers.run import Run, Simulation
from ratification.case.bylaws import NEEDS_MEMBERS, ChosenReading, Condition, conditions
from ratification.case.electorate import Electorate
from ratification.inference.approving import approved, unit_total
from ratification.inference.numerics import stream


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterPower:
    """The power of the unions under a rule, in the order of the run's unions, at one roster.

    The roster is the simulated rosters' mean, by competing roster if the case has any; `weight` is
    its share of the simulated votes. `power` is by player, which an abstaining union is not.
    """

    roster: str
    weight: float
    players: tuple[str, ...]
    power: Power


@dataclass(frozen=True, slots=True, kw_only=True)
class SetsNow:
    """Minimal winning and blocking sets of the open unions, alike under these rosters."""

    rosters: tuple[str, ...]
    winning: Sets
    blocking: Sets


@dataclass(frozen=True, slots=True, kw_only=True)
class UnionPivot:
    """One union under one rule. Power is its mean over rosters, None where none is defined.

    `pivotal` is the chance that its yes and no exchanged turn the result; `tells` what its result
    would say, None where the rule or the union is decided.
    """

    unit: str
    name: str
    standing: str
    members: int
    penrose: Index | None
    banzhaf: Index | None
    shapley: Index | None
    approves: Estimate
    pivotal: Estimate
    tells: Tells | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A unit still out, and how far its count is expected to move the chance, either way."""

    unit: str
    name: str
    union: str
    members: int
    due: str | None
    movement: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePivots:
    """Who matters under one reading in one scenario.

    `no_power` says why no power is defined, blank where it is. `vetoes` are of the rule alone,
    `vetoes_now` of the open unions given what is decided. `sets` is empty where the rule is
    decided, has no power or where more than 20 unions are open. `watch` is ordered by movement.
    """

    rule: RuleForecast
    no_power: str
    power: tuple[RosterPower, ...]
    unions: tuple[UnionPivot, ...]
    vetoes: tuple[VetoOf, ...]
    vetoes_now: tuple[VetoOf, ...]
    sets: tuple[SetsNow, ...]
    watch: tuple[Watched, ...]
    earliest: Earliest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What one union still needs, and the readings (`1996/per-capita`) that need its approval."""

    scenario: str
    required: Required
    needed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pivots:
    """Who matters in a forecast, under every reading and in every scenario of it.

    `names` are what people call units, unions in short.
    """

    forecast: Forecast
    names: Mapping[str, str]
    rules: tuple[RulePivots, ...]
    needed: tuple[Needed, ...]


def pivots_of(
    run: Run,
    readings: Sequence[ChosenReading] | None = None,
    simulations: Sequence[Simulation] | None = None,
) -> Pivots:
    """Who matters in a run: under all its readings and in all its scenarios, or only in these."""
    chosen = run.readings if readings is None else tuple(readings)
    rules: list[RulePivots] = []
    needed: list[Needed] = []
    for simulation in run.simulations if simulations is None else simulations:
        made = _Simulated(run, simulation)
        firsts = made.earliest(chosen)
        found = [made.rule(one, first) for one, first in zip(chosen, firsts, strict=True)]
        rules += found
        needed += _needed(made, found)
    return Pivots(
        forecast=run.forecast,
        names=_names(run.case.electorate),
        rules=tuple(rules),
        needed=tuple(needed),
    )


def _names(tree: Electorate) -> dict[str, str]:
    """Units as listed, unions in short and the members that no unit lists as the rest of one."""
    found = {union: short_name(tree, union) for union in tree.unions_as_listed}
    for unit in tree.units:
        if unit.implicit and unit.parent is not None:
            found[unit.id] = f"the rest of {found[unit.parent]}"
        else:
            found.setdefault(unit.id, unit.name)
    return found


def _needed(made: "_Simulated", rules: Sequence[RulePivots]) -> list[Needed]:
    worlds = made.simulation.worlds
    found = required(
        made.tree,
        made.run.facts,
        made.open,
        leaf_members=worlds.leaf_members,
        leaf_ballots=worlds.leaf_ballots,
    )
    return [
        Needed(
            scenario=made.simulation.name,
            required=entry,
            needed_by=tuple(
                f"{pivots.rule.bylaws}/{pivots.rule.reading}"
                for pivots in rules
                if any(veto.unit == entry.union for veto in pivots.vetoes_now)
            ),
        )
        for entry in found
    ]


class _Simulated:
    """One scenario of a run, with what all readings share of it."""

    def __init__(self, run: Run, simulation: Simulation) -> None:
        self.run, self.simulation = run, simulation
        self.tree: Electorate = run.case.electorate
        self.results = Results.of(simulation.worlds, self.tree)
        self.unions: dict[str, UnionForecast] = {
            union.unit: union for union in run.forecast.unions if union.scenario == simulation.name
        }
        self.open = [unit for unit, union in self.unions.items() if union.standing == "open"]
        self.due: Mapping[str, str] = run.case.round(run.forecast.round).due

    def rule(self, chosen: ChosenReading, first: Earliest | None) -> RulePivots:
        """Who matters under one reading."""
        told = next(
            rule
            for rule in self.run.forecast.rules
            if (rule.bylaws, rule.reading, rule.scenario)
            == (chosen.bylaws.id, chosen.reading.id, self.simulation.name)
        )
        open_rule = told.standing == "open"
        reason = why_none(chosen.reading.rule)
        games = {} if reason else self._games(chosen)
        at_rosters = tuple(
            RosterPower(
                roster=roster,
                weight=weight,
                players=game.players,
                power=power(game, stream(self.run.forecast.seed, "power", chosen.key, roster)),
            )
            for (roster, weight), game in games.items()
        )
        return RulePivots(
            rule=told,
            no_power=reason,
            power=at_rosters,
            unions=self._unions(chosen, told, at_rosters),
            vetoes=self._vetoes(chosen, games, {}),
            vetoes_now=self._vetoes(chosen, games, self.decisions) if open_rule else (),
            sets=self._sets(games) if open_rule else (),
            watch=self._watch(chosen) if open_rule else (),
            earliest=first if open_rule else None,
        )

    @property
    def decisions(self) -> dict[str, bool]:
        """Unions that are decided, and whether they approve."""
        return {
            unit: union.standing == "approved"
            for unit, union in self.unions.items()
            if union.standing != "open"
        }

    def earliest(self, chosen: Sequence[ChosenReading]) -> list[Earliest | None]:
        """By reading; None without due days, or where approvals may harm."""
        days = {union: due_day(self.tree, union, self.due) for union in self.open}
        if not any(days.values()):
            return [None] * len(chosen)
        readings = [one.reading for one in chosen]
        as_of = self.run.forecast.as_of
        found = earliest(readings, self.tree, self.run.facts, days, as_of)
        return [
            first if increasing(positive(reading.rule)) else None
            for reading, first in zip(readings, found, strict=True)
        ]

    # The rule alone

    def _games(self, chosen: ChosenReading) -> dict[tuple[str, float], Game]:
        """The rule as a game, at the mean of the simulated rosters, by competing roster."""
        worlds = self.simulation.worlds
        measures = {p.measure for p in conditions(chosen.reading.rule) if isinstance(p, Condition)}
        groups = {("", 1.0): slice(None)}
        if measures & NEEDS_MEMBERS and len(self.tree.variants) > 1:
            rows = {v.id: worlds.variant == i for i, v in enumerate(self.tree.variants)}
            groups = {
                (name, float(among.mean())): among for name, among in rows.items() if among.any()
            }
        return {
            key: game_of(
                chosen.reading,
                unions=self.tree.unions,
                members=np.rint(worlds.members[rows].mean(axis=0)).astype(np.int64).tolist(),
                weights=self.results.weights,
                abstains=worlds.abstains.tolist(),
            )
            for key, rows in groups.items()
        }

    def _vetoes(
        self,
        chosen: ChosenReading,
        games: Mapping[tuple[str, float], Game],
        decisions: Mapping[str, bool],
    ) -> tuple[VetoOf, ...]:
        """Who can stop it alone, given some decisions; a named veto where there is no game."""
        found = {unit for game in games.values() for unit in vetoes(game.given(decisions))}
        if not games:
            found = set(named_vetoes(chosen.reading.rule)) - set(decisions)
        decided = [decisions.get(union) for union in self.tree.unions]
        return tuple(
            VetoOf(
                unit=union,
                rosters=roster_share(chosen.reading, self.results, union, decided=decided)
                if games
                else 1.0,
            )
            for union in self.tree.unions_as_listed
            if union in found
        )

    def _sets(self, games: Mapping[tuple[str, float], Game]) -> tuple[SetsNow, ...]:
        """Minimal sets of the open unions; rosters under which they are alike together."""
        alike: dict[tuple[Sets, Sets], list[str]] = {}
        for (roster, _), game in games.items():
            both = minimal_sets(game.given(self.decisions))
            if both is not None:
                alike.setdefault(both, []).append(roster)
        return tuple(
            SetsNow(rosters=tuple(rosters), winning=winning, blocking=blocking)
            for (winning, blocking), rosters in alike.items()
        )

    # The forecast

    def _unions(
        self, chosen: ChosenReading, told: RuleForecast, at_rosters: Sequence[RosterPower]
    ) -> tuple[UnionPivot, ...]:
        worlds = self.simulation.worlds
        turned = {
            union: estimate(flipped, worlds, f"turning {union} around")
            for union, flipped in flips(chosen.reading, self.results)
        }
        held = judge(chosen.reading, self.results)
        return tuple(
            UnionPivot(
                unit=unit,
                name=union.name,
                standing=union.standing,
                members=union.members,
                penrose=_mean_index("penrose", unit, at_rosters),
                banzhaf=_mean_index("banzhaf", unit, at_rosters),
                shapley=_mean_index("shapley", unit, at_rosters),
                approves=union.approves,
                pivotal=turned[unit],
                tells=tells(worlds.approves[:, self.tree.unions.index(unit)], held, worlds)
                if "open" == told.standing == union.standing
                else None,
            )
            for unit, union in self.unions.items()
            if unit in turned
        )

    @cached_property
    def _pending(self) -> dict[str, np.ndarray]:
        """Units of open unions whose count is not in: in which bin each world has their margin."""
        worlds, facts = self.simulation.worlds, self.run.facts
        counted = {count.scope for count in facts.counts}
        known = frozenset(facts.counted)
        found = {}
        for unit in self.tree.units:
            leaves = self.tree.leaves_under[unit.id]
            done = leaves in counted or leaves <= known or unit.id in facts.outcomes
            if self.tree.paths[unit.id][0] in self.open and not (done or unit.implicit):
                yes = unit_total(self.tree, unit.id, worlds.leaf_yes)
                ballots = unit_total(self.tree, unit.id, worlds.leaf_ballots)
                verdict = approved(self.tree, unit.id, worlds.leaf_yes, worlds.leaf_ballots)
                found[unit.id] = sorted_margins(2 * yes - ballots, verdict)
        return found

    def _watch(self, chosen: ChosenReading) -> tuple[Watched, ...]:
        worlds = self.simulation.worlds
        held = judge(chosen.reading, self.results)
        watched = [
            Watched(
                unit=unit,
                name=self.tree.name(unit),
                union=self.tree.paths[unit][0],
                members=round(float(unit_total(self.tree, unit, worlds.leaf_members).mean())),
                due=due_day(self.tree, unit, self.due),
                movement=expected_movement(bins, held, worlds),
            )
            for unit, bins in self._pending.items()
        ]
        return tuple(sorted(watched, key=lambda entry: -entry.movement.value))


def _mean_index(name: str, unit: str, at_rosters: Sequence[RosterPower]) -> Index | None:
    """A power index over the rosters, by their weights."""
    if not at_rosters:
        return None
    value, variance = 0.0, 0.0
    for entry in at_rosters:
        indices: tuple[Index, ...] = getattr(entry.power, name)
        own = indices[entry.players.index(unit)]
        value += entry.weight * own.value
        variance += (entry.weight * own.error) ** 2
    return Index(value=value, error=float(np.sqrt(variance)))
