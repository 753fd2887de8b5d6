"""Bounds hold every complete result that the evidence allows: checked by going through them all."""

from collections.abc import Sequence
from dataclasses import replace

import every_result as oracle
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ratification.case.bounds import (
    BALLOTS,
    MARGIN,
    MEMBERS,
    NO,
    YES,
    Bounds,
    bounds,
    check_possible,
)
from ratification.case.electorate import COALITION, Electorate, Figure, Unit, with_rests
from ratification.case.evidence import Report, in_force
from ratification.case.known import known
from ratification.errors import CaseError

SEEDS = st.integers(0, 2**32 - 1)
NAMES = {YES: "yes", NO: "no", MARGIN: "margin", BALLOTS: "ballots", MEMBERS: "members"}


def coalition(seed: int) -> tuple[oracle.Every | None, np.random.Generator]:
    """A random coalition with all its results; None where they are too many."""
    rng = np.random.default_rng(seed)
    return oracle.every_result(oracle.random_tree(rng)), rng


def outside(every: oracle.Every, found: Bounds) -> list[str]:
    """Where a result lies outside the bounds of a unit."""
    wrong = []
    for unit in [*every.tree.by_id, COALITION]:
        yes, no, members = every.totals(unit)
        values = {YES: yes, NO: no, MARGIN: yes - no, BALLOTS: yes + no, MEMBERS: members}
        box = found.of(unit)
        for quantity, value in values.items():
            low, high = box.low[quantity], box.high[quantity]
            if value.min() < low or value.max() > high:
                wrong.append(
                    f"{unit}: {NAMES[quantity]} {value.min()} to {value.max()}, "
                    f"bounds {low} to {high}"
                )
    return wrong


@settings(max_examples=150)
@given(seed=SEEDS)
def test_no_result_is_excluded(seed: int) -> None:
    """A result that agrees with all reports lies inside every bound, and is never impossible."""
    every, rng = coalition(seed)
    if every is None:
        return
    reports = in_force(oracle.true_reports(every, rng)).reports

    facts = known(in_force(reports), oracle.ROUND, every.tree)
    check_possible(facts, every.tree, reports, "")
    left = every[oracle.agree_with_all(reports, every)]

    assert len(left)
    assert outside(left, bounds(facts, every.tree)) == []


@settings(max_examples=150)
@given(seed=SEEDS)
def test_what_is_impossible_is(seed: int) -> None:
    """Reports of two different results that are called impossible agree with none."""
    every, rng = coalition(seed)
    if every is None:
        return
    mixed = [*oracle.true_reports(every, rng), *oracle.true_reports(every, rng)]
    reports = [replace(report, id=f"m{number}") for number, report in enumerate(mixed)]
    evidence = in_force(reports)

    refused = ""
    try:
        facts = known(evidence, oracle.ROUND, every.tree)
        check_possible(facts, every.tree, reports, "")
    except CaseError as error:
        refused = str(error)

    # One who abstains casts no ballots, as one who rejects may: yet it is one outcome or the other.
    if refused and "abstained" not in refused:
        assert not oracle.agree_with_all(evidence.reports, every).any(), refused


def coalition_of(*units: tuple[str, str | None, int]) -> Electorate:
    """A tree of units, each with its parent and exact members."""
    made = [
        Unit(id=name, parent=parent, name=name, figure=Figure(members=members))
        for name, parent, members in units
    ]
    return Electorate(
        units=with_rests(made, ["r"], ()), coalition=Unit(id="*", parent=None, name="all")
    )


def said(identity: str, units: str, kind: str, **cells: object) -> Report:
    """A report of round r."""
    return Report(id=identity, round="r", reported="2020-01-01", units=units, kind=kind, **cells)  # type: ignore[arg-type]


TREE = coalition_of(("u", None, 100), ("x", "u", 60), ("y", "u", 40), ("v", None, 50))


def bounds_of(*reports: Report) -> Bounds:
    """How far votes can go beside these reports."""
    return bounds(known(in_force(reports), "r", TREE), TREE)


def test_a_count_fixes_its_unit() -> None:
    """What is counted is known exactly, and bounds what holds it."""
    found = bounds_of(said("a", "x", "count", yes=30, no=10))

    assert (found.of("x").low[YES], found.of("x").high[YES]) == (30, 30)
    assert (found.of("u").low[YES], found.of("u").high[YES]) == (30, 70)
    assert (found.of("*").low[BALLOTS], found.of("*").high[BALLOTS]) == (40, 130)


def test_counted_so_far_is_a_floor() -> None:
    """A unit ends with no fewer yes and no than were counted so far."""
    box = bounds_of(said("a", "x", "partial", yes=30, no=10)).of("x")

    assert (box.low[YES], box.high[YES], box.low[NO], box.high[NO]) == (30, 50, 10, 30)


def test_a_partial_before_a_count_inside_it() -> None:
    """What a wider partial held of a later count is not known: it bounds the rest from below."""
    early = replace(said("a", "u", "partial", yes=50, no=10), reported="2019-12-31")

    box = bounds_of(early, said("b", "x", "count", yes=30, no=10)).of("y")

    assert (box.low[YES], box.low[NO]) == (20, 0)


def test_the_total_bounds_what_is_open() -> None:
    """A total, less what is counted, is what the others have."""
    found = bounds_of(
        said("a", "*", "count", yes=60, no=40), said("b", "u", "count", yes=50, no=20)
    )

    assert (found.of("v").low[YES], found.of("v").high[NO]) == (10, 20)


@pytest.mark.parametrize(
    ("reports", "match"),
    [
        (
            [
                said("a", "x", "outcome", result="rejected"),
                said("b", "y", "outcome", result="rejected"),
                said("c", "u", "margin", low=5),
            ],
            r"the reports about 'u' \(a, b, c\) cannot all be true: .* 5 and at most 0 margin",
        ),
        (
            [
                said("a", "x + v", "count", yes=100, no=0),
                said("b", "u", "count", yes=40, no=0),
            ],
            r"the reports about '\*'|'v' has at most|cannot all be true|at most \d+ members",
        ),
        (
            [said("a", "*", "count", yes=200, no=0)],
            r"'\*' has at most 150 members but at least 200 ballots \(a\): correct a count",
        ),
    ],
)
def test_why_it_is_impossible(reports: Sequence[Report], match: str) -> None:
    """What is impossible is told of the units where it shows first, with the reports about them."""
    facts = known(in_force(reports), "r", TREE)

    with pytest.raises(CaseError, match=match):
        check_possible(facts, TREE, reports, "")
