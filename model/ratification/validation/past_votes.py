"""Finished votes as data for learning: counted unions and units, questions of one day together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from ratification.arrays import Float, Int
from ratification.case.case import Case
from ratification.case.evidence import InForce
from ratification.case.known import Known, known
from ratification.case.unitsets import leaves_in
from ratification.errors import RequestError
from ratification.inference.terms import published_lean
from ratification.validation.votes import counted_in, polling_day, vote_name

FEWEST_UNIONS = 2
RESULTS = ("count", "outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """All ballots of a unit. `members` is 0 where no figure is known, or one below the ballots.

    `early` is the balance of results out before its own, from -1 to 1.
    """

    unit: str
    yes: int
    no: int
    members: int
    early: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVote:
    """A round whose unions are counted, two or more of them.

    `day` is that of the first report, `first` the round that this one repeats in the end, or the
    round itself. `parts` are counted units inside one union, two or more of them.
    """

    case: Case
    round: str
    day: str
    first: str
    unions: tuple[Counted, ...]
    parts: tuple[tuple[Counted, ...], ...]

    @property
    def name(self) -> str:
        """The case, and the round where the case has several."""
        return vote_name(self.case, self.round)


def past_votes(
    cases: Iterable[Case], *, since: str | None = None, until: str | None = None
) -> tuple[PastVote, ...]:
    """The rounds of some cases in which two unions or more are counted, by day.

    `since` and `until` are days (ISO), both included.

    Raises:
        RequestError: there is no such round.
        CaseError: the evidence of a case cannot all be true.
    """
    every = [vote for case in cases for vote in _of_case(case)]
    found = [
        vote
        for vote in every
        if (since is None or vote.day >= since) and (until is None or vote.day <= until)
    ]
    if not found:
        raise RequestError(
            "nothing can be learned: no vote of these cases"
            + (" and days" if every else "")
            + " has two unions with a complete count"
        )
    return tuple(sorted(found, key=lambda vote: (vote.day, vote.name)))


def _of_case(case: Case) -> list[PastVote]:
    found = []
    for entry in case.rounds:
        evidence = case.evidence(round_id=entry.id)
        reports = evidence.of_round(entry.id)
        facts = known(evidence, entry.id, case.electorate, case.id)
        tree = case.electorate
        unions = _counted(case, facts, tree.unions)
        if len(unions) < FEWEST_UNIONS:
            continue
        inside = [_counted(case, facts, tree.children.get(union, ())) for union in tree.unions]
        vote = PastVote(
            case=case,
            round=entry.id,
            day=polling_day(reports),
            first=case.chain(entry.id)[0],
            unions=unions,
            parts=tuple(parts for parts in inside if len(parts) >= FEWEST_UNIONS),
        )
        found.append(vote)
    return found


def _counted(case: Case, facts: Known, units: Sequence[str]) -> tuple[Counted, ...]:
    found = []
    for unit in units:
        leaves = case.electorate.leaves_under[unit]
        votes = counted_in(facts, leaves)
        if votes is None or not sum(votes):
            continue
        members = int(case.electorate.figure(unit, facts.round).members or 0)
        found.append(
            Counted(
                unit=unit,
                yes=votes[0],
                no=votes[1],
                members=members if members > sum(votes) else 0,
                early=_early(case, facts.round, leaves),
            )
        )
    return tuple(found)


def _early(case: Case, round_id: str, leaves: frozenset[int]) -> float:
    """The balance of results known by the day before these leaves' own: within a day none leads."""
    evidence = case.evidence(round_id=round_id)
    own = min(
        report.reported[:10]
        for report in evidence.of_round(round_id)
        if report.kind in RESULTS and leaves & leaves_in(report.units, case.electorate)
    )
    before = tuple(report for report in evidence.reports if report.reported[:10] < own)
    return published_lean(case, InForce(reports=before), round_id, leaves)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """One row a union and vote. A cell is a union on one day, or in a chain of repeated rounds.

    `chained` says of each row whether its cell is such a chain. Questions of one day have the
    same voters: their ballots and members are averaged into one row of `turnout`, whose row of
    each row is `at_turnout`.
    """

    votes: tuple[str, ...]
    days: tuple[str, ...]
    units: tuple[str, ...]
    vote: Int[np.ndarray, " row"]
    day: Int[np.ndarray, " row"]
    unit: Int[np.ndarray, " row"]
    cell: Int[np.ndarray, " row"]
    chained: Int[np.ndarray, " row"]
    early: Float[np.ndarray, " row"]
    yes: Int[np.ndarray, " row"]
    ballots: Int[np.ndarray, " row"]
    at_turnout: Int[np.ndarray, " row"]
    turnout: "Turnout"

    @property
    def day_of_vote(self) -> Int[np.ndarray, " vote"]:
        """The day of each vote."""
        found = np.zeros(len(self.votes), dtype=int)
        found[self.vote] = self.day
        return found

    @property
    def recurring(self) -> tuple[str, ...]:
        """Units that are there on more than one day: what lasts of them can be told."""
        days = [len(set(self.day[self.unit == u].tolist())) for u in range(len(self.units))]
        return tuple(name for name, seen in zip(self.units, days, strict=True) if seen > 1)


@dataclass(frozen=True, kw_only=True)
class Turnout:
    """One row a union and day; `members` is 0 where they are not known."""

    day: Int[np.ndarray, " row"]
    cell: Int[np.ndarray, " row"]
    chained: Int[np.ndarray, " row"]
    ballots: Int[np.ndarray, " row"]
    members: Int[np.ndarray, " row"]


def rows_of(votes: Sequence[PastVote]) -> Rows:
    """The unions of some votes as arrays."""
    days = tuple(sorted({vote.day for vote in votes}))
    units = tuple(sorted({entry.unit for vote in votes for entry in vote.unions}))
    chains = [(vote.case.id, vote.first) for vote in votes]
    numbers, cells = count(), dict[tuple[str, ...], int]()
    lines = []
    for number, (vote, chain) in enumerate(zip(votes, chains, strict=True)):
        chained = chains.count(chain) > 1
        for entry in vote.unions:
            group = (*chain, entry.unit) if chained else (vote.day, entry.unit)
            if group not in cells:
                cells[group] = next(numbers)
            place = (number, days.index(vote.day), units.index(entry.unit), cells[group], chained)
            lines.append((*place, entry.yes, entry.yes + entry.no, entry.members))
    table = np.array(lines, dtype=int)
    *named, members = table.T
    names = ("vote", "day", "unit", "cell", "chained", "yes", "ballots")
    turnout, at_turnout = _turnout(named[1], named[3], named[4], named[6], members)
    return Rows(
        votes=tuple(vote.name for vote in votes),
        days=days,
        units=units,
        early=np.array([entry.early for vote in votes for entry in vote.unions]),
        at_turnout=at_turnout,
        turnout=turnout,
        **dict(zip(names, named, strict=True)),
    )


def _turnout(
    day: np.ndarray, cell: np.ndarray, chained: np.ndarray, ballots: np.ndarray, members: np.ndarray
) -> tuple[Turnout, np.ndarray]:
    _, first, place = np.unique(
        np.stack([cell, day]), axis=1, return_index=True, return_inverse=True
    )
    seen = np.maximum(np.bincount(place, weights=members > 0), 1)
    sums = [np.bincount(place, weights=each * (members > 0)) for each in (ballots, members)]
    averaged = [np.rint(each / seen).astype(int) for each in sums]
    found = Turnout(
        day=day[first],
        cell=cell[first],
        chained=chained[first],
        ballots=averaged[0],
        members=averaged[1],
    )
    return found, place


def logits(
    successes: Int[np.ndarray, " row"], trials: Int[np.ndarray, " row"]
) -> tuple[Float[np.ndarray, " row"], Float[np.ndarray, " row"]]:
    """Logits of shares and their sampling variances, half added to each side. Haldane 1956."""
    up, down = successes + 0.5, trials - successes + 0.5
    return np.log(up / down), 1 / up + 1 / down
