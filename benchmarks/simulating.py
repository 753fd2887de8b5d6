"""Coalitions drawn from the priors, with true reports of every kind, for `calibration.py`.

Parameters come from the default priors, complete results from the parameters as docs/model.md says,
and reports from the results. What is reported about whom is drawn before the results are known; so
are bins and thresholds, and a range is laid round the truth so that every place inside it is as
likely. A report then says that the truth lies where it says, and no more.

Some of the likelihood is an approximation by design. There the results are simulated so that it
holds, since it is the engine that is on trial:

- straw polls are drawn from p and t with the variance that the model gives them;
- so are shares so far, counted or not, of several leaves, but round the final share, with what is
  left of that variance when its own is taken off;
- a partial count of one leaf is a random part of its ballots, of a size set beforehand: exactly
  binomial;
- reports about overlapping votes are counts inside wider reports, which the model subtracts, or
  share and turnout of the same leaves, which hardly depend on each other given p and t. A margin
  inside a margin, or a straddling margin beside a number of approvals, is not simulated: the model
  multiplies their chances as if they were independent given p and t. Nor is a count
  inside a union whose approval is open and counts towards a number;
- leaves have 60 members or more, and ranges hold several votes, so sums are near normal.

Not simulated either: uncertain rosters, abstentions, units that decide by their units or by a share
other than a half, trees so large that leaves are sampled as one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import ceil

import numpy as np
from engine_cases import VOTE, Tree, coalition
from engine_cases import report as report_of
from ratification.case.case import Case
from ratification.case.electorate import COALITION, Electorate
from ratification.case.evidence import Kind, Report
from ratification.case.priors import DEFAULT
from ratification.case.rounds import Round, Scenario
from ratification.case.unitsets import leaves_in, units_in
from ratification.inference.numerics import expit
from ratification.validation.simulating import Votes, draw_logits
from ratification.validation.telling import Scope, label, part_range, told_of, whole_range

FIRST = "first"
SMALLEST, LARGEST = 60, 3000  # members of a leaf, log-uniform
FEWEST_INSIDE = 4  # ballots that a range holds at least
# What is said of a unit alone, of a unit where the number of approvals is told, of a unit inside a
# report about several unions, and of several unions at once.
ALONE = {
    "count": 0.17,
    "outcome": 0.13,
    "margin": 0.12,
    "share": 0.1,
    "turnout": 0.07,
    "share, turnout": 0.05,
    "returned": 0.07,
    "partial": 0.1,
    "so far": 0.05,
    "poll": 0.06,
    "nothing": 0.08,
}
BESIDE_A_NUMBER = {
    "count": 0.2,
    "outcome": 0.15,
    "settled margin": 0.15,
    "so far": 0.1,
    "poll": 0.1,
    "nothing": 0.3,
}
INSIDE = {"count": 0.35, "poll": 0.1, "nothing": 0.55}
TOGETHER = {
    "count": 0.3,
    "margin": 0.2,
    "share": 0.15,
    "turnout": 0.1,
    "returned": 0.05,
    "partial": 0.1,
    "so far": 0.05,
    "poll": 0.05,
}
DESIGNS = {"apart": 0.45, "together": 0.3, "number": 0.25}
RESULTS = ("count", "outcome")  # what early returns are made of


@dataclass(frozen=True)
class Plan:
    """What will be said about which units, before it is known what there is to say."""

    units: str
    kind: str


@dataclass(frozen=True)
class Simulated:
    """A coalition whose truth is known."""

    case: Case
    scenario: Scenario | None
    rounds: tuple[str, ...]
    parameters: Mapping[str, float]
    votes: Votes  # of the target round
    kinds: frozenset[str]  # of reports, and what else is special
    told: Mapping[int, str]  # of every leaf of the target round, what is said about it


@dataclass
class Making:
    """A coalition while it is made."""

    electorate: Electorate
    members: np.ndarray
    rng: np.random.Generator
    early: bool
    kappa: float
    reports: list[Report] = field(default_factory=list)


def simulate(rng: np.random.Generator) -> Simulated:
    """A coalition of five to ten unions, its truth, and true reports about it."""
    tree = draw_tree(rng)
    bare = coalition(tree, [])
    leaves = bare.electorate.leaves
    twice, early = rng.random() < 0.35, rng.random() < 0.2
    features = {}
    if rng.random() < 0.3:
        features = {"night-shift": dict(zip(leaves, rng.uniform(-1, 1, len(leaves)), strict=True))}
    columns = {name: np.array(list(values.values())) for name, values in features.items()}
    rounds = (FIRST, VOTE) if twice else (VOTE,)
    designs = {name: choose(DESIGNS, rng) for name in rounds}
    plans = {name: draw_plans(bare.electorate, designs[name], rng) for name in rounds}
    if twice and not early and rng.random() < 0.2:
        plans[VOTE] = []  # drawn forward from the first round
    parameters, logits = draw_logits(bare.electorate, len(rounds), columns, DEFAULT, rng)
    members = np.array([tree[leaf][1] for leaf in leaves])
    making = Making(bare.electorate, members, rng, early, parameters["kappa"])
    votes = {
        name: vote(making, name, plans[name], *each)
        for name, each in zip(rounds, logits, strict=True)
    }
    listed = [Round(id=name, title=name) for name in rounds]
    listed[1:] = [replace(again, repeats=FIRST) for again in listed[1:]]
    case = replace(coalition(tree, making.reports, listed), features=features)
    scenario = Scenario(id="published", title="", round=VOTE, returns="published")
    special = {"two rounds": twice, "features": bool(features), "early returns": early}
    kinds = {label(bare.electorate, *said(plan)) for name in rounds for plan in plans[name]}
    return Simulated(
        case=case,
        scenario=scenario if early else None,
        rounds=rounds,
        parameters=parameters,
        votes=votes[VOTE],
        kinds=frozenset(kinds | {name for name, is_so in special.items() if is_so}),
        told=told_of(bare.electorate, [said(plan) for plan in plans[VOTE]]),
    )


def draw_tree(rng: np.random.Generator) -> Tree:
    """Five to ten unions; some have two to four units, some of which have two or three locals."""
    tree: dict[str, tuple[str | None, int]] = {}

    def grow(unit: str, parent: str | None, chances: Sequence[float], most: int) -> None:
        if not chances or rng.random() >= chances[0]:
            tree[unit] = (parent, int(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST)))))
            return
        tree[unit] = (parent, 0)
        for part in range(int(rng.integers(2, most + 1))):
            grow(f"{unit}-{part}", unit, chances[1:], 3)

    for union in range(int(rng.integers(5, 11))):
        grow(f"u{union}", None, (0.22, 0.25), 4)
    return tree


# Planning


def choose(weights: Mapping[str, float], rng: np.random.Generator) -> str:
    """One name by its weight."""
    shares = np.array(list(weights.values()))
    return str(rng.choice(list(weights), p=shares / shares.sum()))


def draw_plans(tree: Electorate, design: str, rng: np.random.Generator) -> list[Plan]:
    """Who is reported on and how: results first, in the order in which they come out."""
    plans: list[Plan] = []
    unions = list(tree.unions)
    if design == "together":
        count = int(rng.integers(2, 5))
        tied = [str(union) for union in rng.choice(unions, count, replace=False)]
        everyone = rng.random() < 0.2
        tied = unions if everyone else tied
        kind = choose(TOGETHER, rng)
        plans.append(Plan(COALITION if everyone else " + ".join(tied), kind))
        for union in tied:
            if kind != "partial":
                plan_unit(tree, union, INSIDE, plans, rng)
        rest = [union for union in unions if union not in tied]
    elif design == "number":
        several = [union for union in unions if len(tree.children.get(union, ())) > 2]
        rest = unions
        if several and rng.random() < 0.4:  # of the units of one union
            one = str(rng.choice(several))
            plans.append(Plan(" + ".join(tree.children[one]), "approvals"))
            for unit in tree.children[one]:
                plan_whole(unit, {"count": 0.3, "nothing": 0.7}, plans, rng)
            rest = [union for union in unions if union != one]
        else:
            plans.append(Plan(COALITION, "approvals"))
            for union in unions:
                plan_whole(union, BESIDE_A_NUMBER, plans, rng)
            rest = []
    else:
        rest = unions
    for union in rest:
        plan_unit(tree, union, ALONE, plans, rng)
    plans = plans or [Plan(unions[0], "count")]
    results = [plan for plan in plans if plan.kind in RESULTS]
    order = rng.permutation(len(results))
    return [results[i] for i in order] + [plan for plan in plans if plan.kind not in RESULTS]


def plan_unit(
    tree: Electorate,
    unit: str,
    kinds: Mapping[str, float],
    plans: list[Plan],
    rng: np.random.Generator,
) -> None:
    """Of a unit as a whole, perhaps with a count inside it; or of each of its units."""
    children = tree.children.get(unit, ())
    if children and rng.random() < 0.4:
        for child in children:
            plan_unit(tree, child, kinds, plans, rng)
        return
    kind = plan_whole(unit, kinds, plans, rng)
    if children and kind != "partial" and rng.random() < 0.4:
        plans.append(Plan(str(rng.choice(list(children))), "count"))


def plan_whole(
    unit: str, kinds: Mapping[str, float], plans: list[Plan], rng: np.random.Generator
) -> str:
    """Of a unit as a whole."""
    kind = choose(kinds, rng)
    plans += [Plan(unit, each) for each in kind.split(", ") if each != "nothing"]
    return kind


def said(plan: Plan) -> tuple[str, str]:
    """Of whom a plan speaks, and its kind."""
    return plan.units, plan.kind.removeprefix("settled ")


# Voting and reporting


Said = Mapping[str, object]


def vote(
    making: Making, name: str, plans: Sequence[Plan], logit_p: np.ndarray, logit_t: np.ndarray
) -> Votes:
    """Hold a round's vote, and report on it. Early returns move those who have not voted yet."""
    leaves, rng = len(making.members), making.rng
    t, p = expit(logit_t), expit(logit_p)
    votes = Votes(p=p, t=t, yes=np.zeros(leaves, dtype=int), ballots=np.zeros(leaves, dtype=int))
    waiting, lean, out = set(range(leaves)), 0.0, []
    results = [plan for plan in plans if plan.kind in RESULTS]
    others = [plan for plan in plans if plan.kind not in RESULTS]
    for plan in [*results, None, *others]:
        here = sorted(waiting if plan is None else leaves_in(plan.units, making.electorate))
        now = [leaf for leaf in here if leaf in waiting]
        if making.early:
            p[now] = expit(logit_p[now] + making.kappa * lean)
        votes.ballots[now] = rng.binomial(making.members[now], t[now])
        votes.yes[now] = rng.binomial(votes.ballots[now], p[now])
        waiting -= set(now)
        if plan is None:
            continue
        for kind, said in tell(making, plan, votes):
            number = len(making.reports)
            report = report_of(number, plan.units, kind, name, **said)
            hour, minute = divmod(number, 60)
            report = replace(report, reported=f"2020-01-01T{hour:02d}:{minute:02d}")
            making.reports.append(report)
        if plan.kind in RESULTS:
            out.append(1 if 2 * votes.yes[here].sum() > votes.ballots[here].sum() else -1)
            lean = float(np.mean(out))
    return votes


def tell(making: Making, plan: Plan, votes: Votes) -> Iterator[tuple[Kind, Said]]:
    """The report that was planned; its kind is another where a partial count is complete."""
    if plan.kind == "approvals":
        yield "approvals", approvals(making, plan, votes)
        return
    leaves = sorted(leaves_in(plan.units, making.electorate))
    scope = Scope(votes=votes.of(leaves), members=making.members[leaves], rng=making.rng)
    yield from TELLING[plan.kind](scope)


def approvals(making: Making, plan: Plan, votes: Votes) -> Said:
    """A number approving, in bins set beforehand."""
    units = units_in(plan.units, making.electorate)
    under = (sorted(making.electorate.leaves_under[unit]) for unit in units)
    number = sum(2 * votes.yes[leaves].sum() > votes.ballots[leaves].sum() for leaves in under)
    width = int(making.rng.integers(1, 2 if len(units) < 5 else 4))
    low = int(number) // width * width
    return {"low": Fraction(low), "high": Fraction(min(low + width - 1, len(units)))}


def tell_count(scope: Scope) -> Iterator[tuple[Kind, Said]]:
    """All of it."""
    yield "count", {"yes": scope.yes, "no": scope.ballots - scope.yes}


def tell_outcome(scope: Scope) -> Iterator[tuple[Kind, Said]]:
    """Which way it went."""
    yield "outcome", {"result": "approved" if scope.margin > 0 else "rejected"}


def tell_margin(scope: Scope, *, settled: bool = False) -> Iterator[tuple[Kind, Said]]:
    """Within 20, 100 or 400 votes; where it must settle the outcome, cut at a tie."""
    low, high = whole_range(scope.margin, int(scope.rng.choice((20, 100, 400))), scope.rng)
    if settled:
        over = scope.margin > 0
        low, high = (max(low, Fraction(1)), high) if over else (low, min(high, Fraction(0)))
    yield "margin", {"low": low, "high": high}


def tell_returned(scope: Scope) -> Iterator[tuple[Kind, Said]]:
    """Within some ballots; or more, or less, than a number set beforehand."""
    members = int(scope.members.sum())
    if scope.rng.random() < 0.3:
        limit = round(scope.rng.uniform(0.5, 0.9) * members)
        above = scope.ballots >= limit
        yield "returned", {"low" if above else "high": Fraction(limit if above else limit - 1)}
        return
    low, high = whole_range(scope.ballots, int(scope.rng.choice((4, 20, 100))), scope.rng)
    yield "returned", {"low": max(low, Fraction(0)), "high": min(high, Fraction(members))}


def tell_share(scope: Scope) -> Iterator[tuple[Kind, Said]]:
    """Within 1, 4 or 20 points; or on one side of a share set beforehand."""
    if not scope.ballots:
        return
    real = Fraction(scope.yes, scope.ballots)
    if scope.rng.random() < 0.2:
        limit = Fraction(int(scope.rng.integers(35, 75)), 100)
        yield "share", {"low" if real >= limit else "high": limit}
        return
    yield "share", within(real, cells_for(scope, (2, 8, 40)), scope)


def tell_turnout(scope: Scope) -> Iterator[tuple[Kind, Said]]:
    """Within 1, 4 or 20 points."""
    real = Fraction(scope.ballots, int(scope.members.sum()))
    yield "turnout", within(real, cells_for(scope, (2, 8, 40)), scope)


def within(real: Fraction, cells: int, scope: Scope) -> Said:
    """So many cells of half a point round a share."""
    low, high = part_range(real, cells, Fraction(1, 200), scope.rng)
    return {"low": low, "high": high}


def cells_for(scope: Scope, cells: Sequence[int]) -> int:
    """So many cells of half a point, but enough to hold some votes."""
    least = ceil(200 * FEWEST_INSIDE / int(scope.members.sum()))
    return max(int(scope.rng.choice(cells)), least)


def tell_partial(scope: Scope) -> Iterator[tuple[Kind, Said]]:
    """Of one leaf, a random part of the ballots; of several, as the model has it."""
    part = scope.rng.uniform(0.03, 0.5)
    counted = max(round(part * int(scope.members.sum())), 10)
    if counted > scope.ballots:
        yield "returned", {"low": Fraction(scope.ballots), "high": Fraction(scope.ballots)}
        return
    seen = scope.yes_so_far(counted)
    if seen is not None:
        yield "partial", {"yes": seen, "no": counted - seen}


def tell_so_far(scope: Scope) -> Iterator[tuple[Kind, Said]]:
    """A range of the share in a count so far, of which it is not said how much was counted."""
    seen = Fraction(scope.share_seen())
    cells = int(scope.rng.choice((2, 8, 40)))
    yield "partial", within(seen, cells, scope)


def tell_poll(scope: Scope) -> Iterator[tuple[Kind, Said]]:
    """A straw poll of 100 to 600, with a bias of its own."""
    asked = int(scope.rng.integers(100, 601))
    yes = scope.poll(asked, DEFAULT.poll_bias)
    yield "poll", {"yes": yes, "no": asked - yes}


def tell_settled_margin(scope: Scope) -> Iterator[tuple[Kind, Said]]:
    """A margin of which the sign is known."""
    yield from tell_margin(scope, settled=True)


TELLING: Mapping[str, Callable[[Scope], Iterator[tuple[Kind, Said]]]] = {
    "count": tell_count,
    "outcome": tell_outcome,
    "margin": tell_margin,
    "settled margin": tell_settled_margin,
    "share": tell_share,
    "turnout": tell_turnout,
    "returned": tell_returned,
    "partial": tell_partial,
    "so far": tell_so_far,
    "poll": tell_poll,
}
