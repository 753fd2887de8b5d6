"""Calibration passes the engine as it is, and fails it once something about it is broken."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from ratification.case.bylaws import All, Bylaws, Condition, Reading, choose
from ratification.case.case import Case
from ratification.case.electorate import Electorate, Figure, Unit, canonical
from ratification.case.evidence import Report
from ratification.case.rounds import Round
from ratification.inference import worlds as worlds_module
from ratification.inference.field import Field, FieldMaker
from ratification.inference.instant.adapting import Effort
from ratification.inference.instant.engine import fit
from ratification.inference.layout import build_layout
from ratification.inference.numerics import expit, stream
from ratification.inference.posterior import Posterior
from ratification.inference.worlds import draw_worlds
from ratification.validation.calibrating import Calibrated, looked_up, summed_up
from ratification.validation.replicating import Replica, replicate

FITS = 120
FEW = 60  # fits that show a gross error
EFFORT = Effort(points=1024, copies=2, kept=400)
ROUND = "vote"
SIZES = tuple(range(300, 1700, 100))


def made_case() -> Case:
    """Fourteen unions of one leaf: a count, an outcome, a straw poll, a turnout."""
    units = [
        Unit(id=f"u{i}", parent=None, name=f"u{i}", figure=Figure(members=size))
        for i, size in enumerate(SIZES)
    ]
    whole = Unit(id="*", parent=None, name="the coalition", figure=Figure())
    tree = Electorate(units=canonical(units), coalition=whole)
    said: list[tuple[str, str, dict[str, object]]] = [
        ("u1", "count", {"yes": 150, "no": 180}),
        ("u2", "outcome", {"result": "approved"}),
        ("u3", "poll", {"yes": 150, "no": 150}),
        ("u4", "turnout", {"low": Fraction(3, 4), "high": Fraction(4, 5)}),
    ]
    reports = [
        Report(
            id=f"{units}-{kind}", round=ROUND, reported="2020-01-01", units=units, kind=kind, **it
        )  # type: ignore[arg-type]
        for units, kind, it in said
    ]
    strict = Condition(
        measure="approving unions",
        comparison="at_least",
        threshold=Fraction(9),
        share=False,
        text="9",
    )
    reading = Reading(id="unions", title="9 of 14", rule=All(parts=(strict,)))
    return Case(
        id="made",
        title="Made",
        target=ROUND,
        rounds=(Round(id=ROUND, title="Vote"),),
        electorate=tree,
        reports=tuple(reports),
        bylaws=(Bylaws(id="strict", title="9 of 14", readings=(reading,)),),
    )


Altered = Callable[[Case], Case]


@cache
def replicas() -> tuple[Replica, ...]:
    """Votes like that of the case, with their reports."""
    case = made_case()
    return tuple(
        replicate(case, case.evidence(), ROUND, stream(5, "replica", str(number)))
        for number in range(FITS)
    )


def same(case: Case) -> Case:
    """The reports as they are."""
    return case


@cache
def posteriors(altered: Altered, fits: int) -> tuple[Posterior, ...]:
    """Fits of some replicas, after their reports were altered."""
    cases = [altered(replica.case) for replica in replicas()[:fits]]
    return tuple(
        fit(build_layout(case, case.evidence(), ROUND), number, effort=EFFORT).posterior
        for number, case in enumerate(cases)
    )


def calibrated(altered: Altered = same, fits: int = FITS) -> Calibrated:
    """What calibration finds of fits that saw the altered reports."""
    readings = choose(made_case().bylaws, ())
    outcomes = []
    for number, posterior in enumerate(posteriors(altered, fits)):
        replica = replicas()[number]
        seen = altered(replica.case)
        worlds = draw_worlds(seen, posterior, seen.evidence(), ROUND, EFFORT.kept)
        rng = stream(5, "places", str(number))
        outcomes.append(looked_up(replica, posterior, worlds, readings, rng))
    return summed_up(outcomes)


def failed(found: Calibrated) -> list[str]:
    """Names of the tests that fail."""
    return [entry.name for entry in found.failures]


@pytest.mark.slow
def test_the_engine_as_it_is_passes() -> None:
    """Of 120 fits no test fails; a right engine fails with a chance of at most 1%."""
    found = calibrated()
    assert found.fitted == FITS
    assert found.passes, found.failures


@pytest.mark.slow
def test_wrong_turnout_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turnout drawn 0.3 too low on the logit scale is found, and is said to be about turnout."""

    class Lower(FieldMaker):
        def field(self, index: np.ndarray, rng: np.random.Generator) -> Field:
            made = super().field(index, rng)
            logit = np.log(made.turnout / (1 - made.turnout))
            return replace(made, turnout=expit(logit - 0.3))

    monkeypatch.setattr(worlds_module, "FieldMaker", Lower)
    assert "turnout of all" in failed(calibrated())


@pytest.mark.slow
def test_ignored_correlation_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unions whose chances are right one by one, but drawn independently, are found."""

    class Apart(FieldMaker):
        def field(self, index: np.ndarray, rng: np.random.Generator) -> Field:
            made = super().field(index, rng)
            shuffled = stream(1, "apart").permuted(made.yes_share, axis=0)
            return replace(made, yes_share=shuffled)

    monkeypatch.setattr(worlds_module, "FieldMaker", Apart)
    found = failed(calibrated())
    assert "approving unions" in found
    assert "yes share, an open union" not in found, "each union alone is as it was"


def swapped(case: Case) -> Case:
    """The same reports with the yes and no of one count exchanged."""
    return altered_report(case, "u1-count", lambda r: [replace(r, yes=r.no, no=r.yes)])


def without_count(case: Case) -> Case:
    """The same reports without one count."""
    return altered_report(case, "u1-count", lambda _: [])


def without_poll(case: Case) -> Case:
    """The same reports without the straw poll."""
    return altered_report(case, "u3-poll", lambda _: [])


def altered_report(case: Case, name: str, change: Callable[[Report], Sequence[Report]]) -> Case:
    """A case with something else in place of one of its reports."""
    reports = [
        new
        for report in case.reports
        for new in (change(report) if report.id == name else [report])
    ]
    return replace(case, reports=tuple(reports))


@pytest.mark.slow
def test_a_swapped_yes_and_no_fails() -> None:
    """A count read the other way round is found in parameters, not only in the count itself."""
    found = failed(calibrated(swapped, FEW))
    assert "reports contradicted" in found
    assert {"mu", "yes of all ballots", "yes share, an open union"} & set(found), found


@pytest.mark.slow
def test_a_dropped_count_fails() -> None:
    """A count that the fit did not see is found, since worlds contradict it."""
    assert "reports contradicted" in failed(calibrated(without_count, FEW))


@pytest.mark.slow
def test_a_dropped_poll_fails() -> None:
    """A poll contradicts no world; that the unit's truth leans its way gives it away."""
    assert failed(calibrated(without_poll)) == ["yes share, the way of: poll"]
