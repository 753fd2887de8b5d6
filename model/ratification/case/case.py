"""A case: everything known about one coalition and its votes, checked, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ratification.case.bounds import check_possible
from ratification.case.bylaws import Bylaws
from ratification.case.electorate import Electorate
from ratification.case.evidence import InForce, Report, assumed, in_force, known_by
from ratification.case.given import with_given
from ratification.case.known import known
from ratification.case.priors import Priors, changed, default_key
from ratification.case.rounds import Round, Scenario, Stake
from ratification.case.unitsets import UnitSetError, check_units, near_miss
from ratification.case.values import shown
from ratification.errors import CaseError, RequestError


@dataclass(frozen=True, kw_only=True, repr=False)
class Case:
    """One coalition. `features` are covariates by name and leaf unit."""

    id: str
    title: str
    target: str
    rounds: tuple[Round, ...]
    electorate: Electorate
    reports: tuple[Report, ...]
    bylaws: tuple[Bylaws, ...]
    priors: Priors = field(default_factory=Priors)
    scenarios: tuple[Scenario, ...] = ()
    stakes: tuple[Stake, ...] = ()
    features: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def __repr__(self) -> str:
        """What it is about, on one line: all of it would fill pages."""
        unions, leaves = len(self.electorate.unions), len(self.electorate.leaves)
        known = f"{len(self.reports)} report{'s' * (len(self.reports) != 1)}"
        if self.reports:
            known += f" to {max(report.reported for report in self.reports)}"
        rules = ", ".join(entry.id for entry in self.bylaws)
        return f"<Case {self.id}: {unions} unions, {leaves} leaves, {known}; bylaws {rules}>"

    def round(self, round_id: str) -> Round:
        """A ballot round by id.

        Raises:
            RequestError: the case has no such round.
        """
        for entry in self.rounds:
            if entry.id == round_id:
                return entry
        ids = [entry.id for entry in self.rounds]
        raise RequestError(
            f"no round {shown(round_id)} in this case.{near_miss(round_id, ids)}"
            f" It has: {', '.join(ids)}"
        )

    def scenario(self, scenario_id: str) -> Scenario:
        """A scenario by id.

        Raises:
            RequestError: the case has no such scenario.
        """
        for entry in self.scenarios:
            if entry.id == scenario_id:
                return entry
        ids = [entry.id for entry in self.scenarios]
        raise RequestError(
            f"no scenario {shown(scenario_id)} in this case.{near_miss(scenario_id, ids)}"
            f" It has: {', '.join(ids) or 'none'}"
        )

    def chain(self, round_id: str) -> tuple[str, ...]:
        """A round and those it repeats, earliest first. Later rounds never inform it."""
        rounds: list[str] = []
        current = round_id
        while current:
            rounds.insert(0, current)
            current = self.round(current).repeats
        return tuple(rounds)

    def evidence(
        self,
        *,
        as_of: str | None = None,
        without: tuple[str, ...] = (),
        assume: tuple[str, ...] = (),
        round_id: str | None = None,
    ) -> InForce:
        """The reports in force on a day, with assumptions about the round added.

        Raises:
            RequestError: a name is not there, the day is no date, or an assumption cannot hold
                beside the evidence.
            CaseError: the evidence in force on that day cannot all be true.
        """
        base = in_force(self.reports, as_of=as_of, without=without)
        target = self.round(round_id or self.target).id
        return self.assuming(base, assume, target)

    def assuming(self, base: InForce, assume: tuple[str, ...], round_id: str) -> InForce:
        """The same reports with assumptions about a round added, as the news that came last.

        Raises:
            RequestError: an assumption that is not understood, or cannot hold beside them.
            CaseError: the reports cannot all be true.
        """
        if not assume:
            return base
        first = 1 + sum(report.source == "assumed" for report in base.reports)
        extra = tuple(
            self._assumed(text, number, round_id) for number, text in enumerate(assume, start=first)
        )
        evidence = replace(base, reports=(*base.reports, *extra))
        self._refuse_impossible(base, evidence, assume, round_id)
        return evidence

    def _assumed(self, text: str, number: int, round_id: str) -> Report:
        report = assumed(text, number=number, round_id=round_id)
        try:
            check_units(report.units, report.kind, self.electorate)
        except UnitSetError as error:
            raise RequestError(f"assumption {shown(text)}: {error}") from None
        return report

    def _refuse_impossible(
        self, base: InForce, evidence: InForce, assume: tuple[str, ...], round_id: str
    ) -> None:
        known(base, round_id, self.electorate, self.id)
        try:
            facts = known(evidence, round_id, self.electorate, self.id)
            check_possible(facts, self.electorate, self.reports, self.id)
        except CaseError as error:
            said = "; ".join(problem.message for problem in error.problems)
            raise RequestError(
                f"assuming {' and '.join(shown(text) for text in assume)} contradicts the "
                f"evidence: {said}"
            ) from None

    def with_evidence(self, *given: Report | Mapping[str, object]) -> "Case":
        """The case with more evidence, in rows as evidence.csv has them.

            case.with_evidence({"units": "local-391", "kind": "count", "yes": 527, "no": 955,
                                "reported": "2011-06-24"})

        The round is the target, and the id made up, unless they are given.

        Raises:
            RequestError: a column that evidence does not have, or an id that is taken.
            CaseError: rows that cannot be understood, or a correction of what is not there.
        """
        rounds = [entry.id for entry in self.rounds]
        reports = with_given(self.reports, given, self.electorate, rounds, self.target)
        return replace(self, reports=reports)

    def without_evidence(self) -> "Case":
        """The case before any report: what its forecast rests on is the priors alone."""
        return replace(self, reports=())

    def as_of(self, day: str) -> "Case":
        """The case as it was known by the end of a day (2011-06-24), or at a time.

        Raises:
            RequestError: it is no day.
        """
        return replace(self, reports=known_by(self.reports, day))

    def with_priors(
        self, priors: Priors | None = None, **numbers: float | Mapping[str, float]
    ) -> "Case":
        """The case with other priors, or with other numbers in them.

            case.with_priors(tau_union=0.4, mu={"mean": 0.2, "sd": 0.5})

        A bare number is the mean of `mu`, `nu` and `swing`, and the scale of the others.

        Raises:
            PriorError: no such prior, or a number that it cannot have, such as a negative scale.
        """
        found = self.priors if priors is None else priors
        for name, given in numbers.items():
            values = given if isinstance(given, Mapping) else {default_key(name): given}
            found = changed(found, name, values)
        return replace(self, priors=found)

    def with_scenario(self, scenario: Scenario) -> "Case":
        """The case with one more scenario, or with another in place of the one of its name.

        Raises:
            RequestError: it is about a round that the case does not have.
        """
        self.round(scenario.round)
        others = [entry for entry in self.scenarios if entry.id != scenario.id]
        return replace(self, scenarios=(*others, scenario))
