"""What two runs were made from, compared: evidence, rosters, priors and rules."""

from collections.abc import Sequence
from dataclasses import replace

from ratification.answers.changes import Details
from ratification.answers.evidence_change import evidence_change
from ratification.answers.run import Run
from ratification.case.bylaws import ChosenReading
from ratification.case.case import Case
from ratification.case.electorate import Electorate, Unit
from ratification.case.priors import settings_of


def details_of(before: Run, after: Run) -> Details:
    """Reports about the round and those it repeats, and ids of what else differs."""
    chain = after.case.chain(after.forecast.round)
    old, new = (
        [report for report in each.evidence.reports if report.round in chain]
        for each in (before, after)
    )
    found = evidence_change(old, new, after.case.reports)
    was, now = _texts(before.case), _texts(after.case)
    old_rules, new_rules = rules_of(before.readings), rules_of(after.readings)
    return Details(
        new=found.new,
        corrected=found.corrected,
        rosters=_rosters(before.case, after.case),
        priors=tuple(text for text in (*was, *now) if (text in was) != (text in now)),
        rules=tuple(
            key
            for key in dict.fromkeys((*old_rules, *new_rules))
            if old_rules.get(key) != new_rules.get(key)
        ),
    )


def _rosters(before: Case, after: Case) -> tuple[str, ...]:
    """Units, roster variants and features that differ."""
    old, new = (
        {"*": _bare_unit(case.electorate.coalition)}
        | {unit.id: _bare_unit(unit) for unit in case.electorate.units}
        | {f"roster {each.id}": replace(each, title="") for each in case.electorate.variants}
        | {f"feature {name}": dict(values) for name, values in case.features.items()}
        for case in (before, after)
    )
    return tuple(name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name))


def bare_tree(tree: Electorate) -> tuple[object, ...]:
    """A tree without names, titles, sources and notes, on which no number rests."""
    return (
        _bare_unit(tree.coalition),
        [_bare_unit(unit) for unit in tree.units],
        [replace(variant, title="") for variant in tree.variants],
    )


def _bare_unit(unit: Unit) -> Unit:
    return replace(unit, name="", source="", note="")


def rules_of(chosen: Sequence[ChosenReading]) -> dict[str, tuple[object, ...]]:
    """What each reading decides by, by its key."""
    return {entry.key: (entry.reading.rule, entry.reading.abstaining) for entry in chosen}


def assumptions_of(case: Case) -> tuple[object, ...]:
    """Priors, scenarios and how rounds repeat each other."""
    rounds = [(entry.id, entry.repeats) for entry in case.rounds]
    return case.priors, [replace(each, title="") for each in case.scenarios], rounds


def _texts(case: Case) -> list[str]:
    """Priors that differ from the defaults, scenarios and rounds, as texts to compare."""
    told = settings_of(case.priors)
    told += [f"scenario {replace(each, title='')!r}" for each in case.scenarios]
    return told + [f"round {each.id} repeats {each.repeats or 'none'}" for each in case.rounds]
