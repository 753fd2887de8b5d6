"""Coalitions on which the two engines are compared: each asks something else of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from ratification.case.case import Case
from ratification.case.electorate import Electorate, Figure, Unit, canonical
from ratification.case.evidence import Kind, Report
from ratification.case.folder import load
from ratification.case.rounds import Round, Scenario

VOTE = "vote"
SEBAC_DAYS = ("15", "17", "20", "21", "22", "23", "24", "26")
Tree = Mapping[str, tuple[str | None, int]]  # unit: its parent, its members (0 above a leaf)


@dataclass(frozen=True)
class Asked:
    """One comparison: a case, the day up to which it is known, and a scenario."""

    name: str
    case: Case
    as_of: str | None = None
    scenario: Scenario | None = None

    @property
    def round(self) -> str:
        """The round asked about."""
        return self.case.target


def all_cases() -> Iterator[Asked]:
    """SEBAC day by day, then one case for each thing that reports can ask."""
    sebac = load("sebac-2011")
    for day in SEBAC_DAYS:
        yield Asked(f"SEBAC, {day} June", sebac, f"2011-06-{day}")
    for name, make in MADE.items():
        yield make(name)


def coalition(tree: Tree, reports: Sequence[Report], rounds: Sequence[Round] = ()) -> Case:
    """A case without bylaws."""
    sizes = {unit: members for unit, (_, members) in tree.items()}
    for unit, (parent, members) in tree.items():
        while parent is not None and unit not in {up for up, _ in tree.values()}:
            sizes[parent] += members
            parent = tree[parent][0]
    units = [
        Unit(id=unit, parent=parent, name=unit, figure=Figure(members=sizes[unit]))
        for unit, (parent, _) in tree.items()
    ]
    whole = Unit(id="*", parent=None, name="the coalition", figure=Figure())
    electorate = Electorate(units=canonical(units), coalition=whole, listed=tuple(tree))
    return Case(
        id="made",
        title="Made",
        target=VOTE,
        rounds=tuple(rounds) or (Round(id=VOTE, title="Vote"),),
        electorate=electorate,
        reports=tuple(reports),
        bylaws=(),
    )


def report(number: int, units: str, kind: Kind, round_id: str = VOTE, **said: Any) -> Report:
    """One report; its number is its id."""
    day = f"2020-01-{number % 28 + 1:02d}"
    return Report(id=f"r{number}", round=round_id, reported=day, units=units, kind=kind, **said)


def flat(unions: int, seed: int = 1) -> dict[str, tuple[str | None, int]]:
    """Unions that are one leaf each, of 60 to 6,000 members."""
    sizes = np.exp(np.random.default_rng(seed).uniform(np.log(60), np.log(6000), unions))
    return {f"u{i}": (None, int(size)) for i, size in enumerate(sizes)}


def deep(unions: int, leaves: int, seed: int = 2) -> dict[str, tuple[str | None, int]]:
    """Unions of several locals of 40 to 900 members."""
    rng = np.random.default_rng(seed)
    tree: dict[str, tuple[str | None, int]] = {}
    for u in range(unions):
        tree[f"u{u}"] = (None, 0)
        for local in range(leaves):
            size = int(np.exp(rng.uniform(np.log(40), np.log(900))))
            tree[f"u{u}-{local}"] = (f"u{u}", size)
    return tree


def counts(
    tree: Tree, leaves: Sequence[str], seed: int, spread: float = 0.5, centre: float = 0.2
) -> list[Report]:
    """Counts of leaves, round a common logit."""
    rng = np.random.default_rng(seed)
    found = []
    for number, leaf in enumerate(leaves):
        ballots = int(rng.binomial(tree[leaf][1], rng.uniform(0.6, 0.9)))
        share = 1 / (1 + np.exp(-rng.normal(centre, spread)))
        yes = int(rng.binomial(ballots, share))
        found.append(report(number, leaf, "count", yes=yes, no=ballots - yes))
    return found


def one_local(name: str) -> Asked:
    """Local 391's count, in a coalition of which nothing else is known."""
    tree: dict[str, tuple[str | None, int]] = {"council-4": (None, 0)}
    tree |= {"local-391": ("council-4", 1850), "others": ("council-4", 13750)}
    tree |= flat(14)
    return Asked(name, coalition(tree, [report(0, "local-391", "count", yes=527, no=955)]))


def nothing(name: str) -> Asked:
    """No report."""
    return Asked(name, coalition(deep(4, 3) | flat(6), []))


def everything(name: str) -> Asked:
    """All leaves counted but one, which is asked about."""
    tree = flat(15)
    return Asked(name, coalition(tree, counts(tree, list(tree)[:-1], 3)))


def narrow_margins(name: str) -> Asked:
    """Margins within 20 votes, over locals none of which is counted: curved ridges."""
    tree = deep(8, 4)
    reports = [
        report(u, f"u{u}", "margin", low=Fraction(60 * u - 200), high=Fraction(60 * u - 180))
        for u in range(6)
    ]
    return Asked(name, coalition(tree, reports))


def number_and_share(name: str) -> Asked:
    """How many of ten approve, and the share of all ballots, beside some counts."""
    tree = flat(10)
    reports = counts(tree, ["u0", "u3"], 4)
    reports.append(report(10, "*", "approvals", low=Fraction(6), high=Fraction(6)))
    reports.append(report(11, "*", "share", low=Fraction(53, 100), high=Fraction(55, 100)))
    return Asked(name, coalition(tree, reports))


def outcomes_only(name: str) -> Asked:
    """Thirty unions, twenty of which say only which way they went."""
    reports = [
        report(u, f"u{u}", "outcome", result="rejected" if u % 3 == 0 else "approved")
        for u in range(20)
    ]
    return Asked(name, coalition(flat(30), reports))


def three_levels(name: str) -> Asked:
    """A union of units of locals, with reports at each level."""
    tree: dict[str, tuple[str | None, int]] = {"u": (None, 0)}
    for unit in "abc":
        tree[f"u-{unit}"] = ("u", 0)
        tree |= {f"u-{unit}{local}": (f"u-{unit}", 150 + 100 * local) for local in range(3)}
    tree |= {f"v{i}": size for i, size in enumerate(flat(6).values())}
    reports = counts(tree, ["u-a0", "u-b1", "v0"], 5)
    reports.append(report(10, "u-a", "outcome", result="rejected"))
    reports.append(report(11, "u-b", "margin", low=Fraction(-80), high=Fraction(-20)))
    reports.append(report(12, "u", "share", low=Fraction(44, 100), high=Fraction(48, 100)))
    return Asked(name, coalition(tree, reports))


def two_rounds(name: str) -> Asked:
    """A first vote counted, a second vote with a few results."""
    tree = flat(8) | {"w": (None, 0), "w-1": ("w", 700), "w-2": ("w", 500)}
    rounds = (
        Round(id="first", title="First"),
        Round(id=VOTE, title="Second", repeats="first"),
    )
    first = [replace(r, round="first") for r in counts(tree, ["u0", "u1", "u2", "w-1"], 6)]
    first.append(report(8, "u3", "outcome", "first", result="rejected"))
    second = [
        report(10, "u0", "count", yes=tree["u0"][1] // 2, no=tree["u0"][1] // 4),
        report(11, "w", "outcome", result="approved"),
    ]
    return Asked(name, coalition(tree, [*first, *second], rounds))


def partial_counts(name: str) -> Asked:
    """Counts so far, of single locals and pooled, with numbers or only a share; a poll; turnout."""
    tree = deep(5, 3) | flat(4)
    reports = [
        report(0, "u0-0", "partial", yes=20, no=14),
        report(1, "u1", "partial", yes=120, no=150),
        report(2, "u2", "partial", low=Fraction(43, 100), high=Fraction(46, 100)),
        report(3, "u3", "poll", yes=30, no=20),
        report(4, "u4", "turnout", low=Fraction(1, 2), high=Fraction(3, 5)),
        report(5, "u3-1", "returned", low=Fraction(30)),
        report(6, "u4-0", "outcome", result="approved"),
    ]
    return Asked(name, coalition(tree, reports))


def many_leaves(name: str) -> Asked:
    """Fifteen unions of twenty locals, a third of them counted."""
    tree = deep(15, 20)
    leaves = [unit for unit, (parent, _) in tree.items() if parent is not None]
    return Asked(name, coalition(tree, counts(tree, leaves[::3], 7)))


def contradictory(name: str) -> Asked:
    """What hardly goes together, but can: unions at both ends, a margin against its locals."""
    tree = deep(3, 2) | {f"v{i}": size for i, size in enumerate(flat(5).values())}
    reports = [
        report(0, "v0", "count", yes=int(0.97 * tree["v0"][1] * 0.8), no=int(0.03 * tree["v0"][1])),
        report(1, "v1", "count", yes=int(0.05 * tree["v1"][1]), no=int(0.75 * tree["v1"][1])),
        report(2, "u0-0", "outcome", result="rejected"),
        report(3, "u0", "margin", low=Fraction(20), high=Fraction(60)),
        report(4, "v2", "outcome", result="rejected"),
        report(5, "v2 + v3", "count", yes=int(0.6 * _two(tree)), no=int(0.2 * _two(tree))),
    ]
    return Asked(name, coalition(tree, reports))


def _two(tree: Tree) -> int:
    return tree["v2"][1] + tree["v3"][1]


def tied_by_a_total(name: str) -> Asked:
    """Four unions that say only that they approved, one counted, and a total over the five."""
    tree: dict[str, tuple[str | None, int]] = {"a": (None, 0), "a-1": ("a", 3000)}
    tree |= {"a-2": ("a", 2500), "b": (None, 2600), "c": (None, 1900), "d": (None, 1400)}
    tree |= {"e": (None, 900), "f": (None, 700)}
    reports = [report(n, unit, "outcome", result="approved") for n, unit in enumerate("abcd")]
    reports.append(report(4, "e", "count", yes=500, no=150))
    reports.append(report(5, "* - f", "count", yes=5050, no=4100))
    return Asked(name, coalition(tree, reports))


def features_and_early_returns(name: str) -> Asked:
    """A covariate, and returns that were out before others voted."""
    tree = flat(12)
    case = coalition(tree, counts(tree, ["u0", "u1", "u2", "u3"], 8))
    case = replace(case, features={"night-shift": {f"u{i}": (-1.0) ** i for i in range(12)}})
    published = Scenario(id="published", title="Published", round=VOTE, returns="published")
    return Asked(name, case, scenario=published)


MADE: Mapping[str, Callable[[str], Asked]] = {
    "one local": one_local,
    "nothing reported": nothing,
    "everything counted": everything,
    "narrow margins": narrow_margins,
    "number approving and share": number_and_share,
    "outcomes only": outcomes_only,
    "three levels": three_levels,
    "two rounds": two_rounds,
    "partial counts, poll, turnout": partial_counts,
    "300 leaves": many_leaves,
    "contradictory but possible": contradictory,
    "tied by a total": tied_by_a_total,
    "features and early returns": features_and_early_returns,
}
