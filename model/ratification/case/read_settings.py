"""case.toml: title, rounds, priors, roster variants, scenarios, stakes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from ratification.case.electorate import COALITION, RosterVariant
from ratification.case.files import Problems
from ratification.case.priors import PriorError, Priors, changed, default_key
from ratification.case.read_scenarios import read_scenarios
from ratification.case.read_toml import TOP, Place, TomlReader, line_of, parse_toml
from ratification.case.rounds import Amount, Round, Scenario, Stake
from ratification.case.unitsets import near_miss
from ratification.case.values import MOST_MEMBERS, exact, shown

FILE = "case.toml"
KEYS = ("title", "target", "round", "priors", "roster", "scenario", "stake")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What case.toml says; `rounds_known` where every round's id could be read."""

    title: str = ""
    target: str = ""
    rounds: tuple[Round, ...] = ()
    rounds_known: bool = False
    priors: Priors
    variants: tuple[RosterVariant, ...] = ()
    scenarios: tuple[Scenario, ...] = ()
    stakes: tuple[Stake, ...] = ()


def read_settings(text: str | None, problems: Problems) -> Settings | None:
    """What case.toml says, with problems noted; None where it cannot be read at all."""
    document = parse_toml(text, FILE, problems)
    if text is None or document is None:
        return None
    reader = TomlReader(FILE, text, problems)
    reader.known_keys(document, KEYS, TOP)
    rounds = _rounds(reader, document)
    ids = [entry.id for entry in rounds]
    rounds_known = bool(ids) and all(ids) and len(set(ids)) == len(ids)
    if not rounds and not document.get("round"):
        reader.problem("there is no [[round]]: a case needs one")
    return Settings(
        title=reader.string(document, "title", TOP, required=True),
        target=_target(reader, document, ids if rounds_known else []),
        rounds=rounds,
        rounds_known=rounds_known,
        priors=_priors(reader, document),
        variants=_variants(reader, document),
        scenarios=read_scenarios(reader, document, rounds if rounds_known else None),
        stakes=_stakes(reader, document),
    )


def _target(reader: TomlReader, document: Mapping[str, Any], ids: Sequence[str]) -> str:
    if "target" not in document and len(ids) == 1:
        return ids[0]
    target = reader.string(document, "target", TOP)
    if target not in ids and isinstance(document.get("target", ""), str) and ids:
        said = f"target {target!r} is not a round." if target else "target is missing."
        near = near_miss(target, ids) or f" Rounds: {', '.join(ids)}"
        reader.problem(f"{said}{near}", TOP, "target")
    return target


def _rounds(reader: TomlReader, document: Mapping[str, Any]) -> tuple[Round, ...]:
    rounds: list[Round] = []
    taken: set[str] = set()
    for number, table in enumerate(reader.tables(document, "round")):
        place = Place("[[round]]", number)
        reader.known_keys(table, ("id", "title", "question", "repeats", "due"), place)
        identity = reader.identity(table, place, taken)
        entry = Round(
            id=identity,
            title=reader.string(table, "title", place) or identity,
            question=reader.string(table, "question", place),
            repeats=reader.string(table, "repeats", place),
            due=_due(reader, table, place),
        )
        earlier = [known.id for known in rounds]
        if entry.repeats and entry.repeats not in earlier and all(earlier):
            reader.problem(
                f"repeats {entry.repeats!r} is not a round above this one."
                f"{near_miss(entry.repeats, earlier)}",
                place,
                "repeats",
            )
        rounds.append(entry)
    return tuple(rounds)


def _due(reader: TomlReader, table: Mapping[str, Any], place: Place) -> Mapping[str, str]:
    given = table.get("due", {})
    if not isinstance(given, dict):
        reader.problem(
            "due must be a table of unit = day, such as { a = 2011-06-24 }", place, "due"
        )
        return {}
    days = {}
    for unit, value in given.items():
        day = _day(value)
        if day is None:
            said = f"due of {shown(unit)} is {shown(value)}, not a day such as 2011-06-24"
            reader.problem(said, place, unit, "due")
        else:
            days[unit] = day
    return days


def _day(value: object) -> str | None:
    """An ISO day from a TOML date or a string; None where it is neither."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            return None
    return None


def _priors(reader: TomlReader, document: Mapping[str, Any]) -> Priors:
    priors = Priors()
    tables = document.get("priors", {})
    if not isinstance(tables, dict):
        reader.problem("priors must be written as a [priors] table", TOP, "priors")
        return priors
    for name, given in tables.items():
        try:
            values = given if isinstance(given, dict) else {default_key(name): given}
            priors = changed(priors, name, values)
        except PriorError as error:
            reader.problem(str(error), Place("[priors"), name)
    return priors


def _variants(reader: TomlReader, document: Mapping[str, Any]) -> tuple[RosterVariant, ...]:
    variants: list[RosterVariant] = []
    taken: set[str] = set()
    for number, table in enumerate(reader.tables(document, "roster")):
        place = Place("[[roster]]", number)
        reader.known_keys(table, ("id", "weight", "members", "title", "source", "note"), place)
        variants.append(
            RosterVariant(
                id=reader.identity(table, place, taken),
                weight=_roster_weight(reader, table.get("weight", 1), place),
                members=_roster_members(reader, table, place),
                title=reader.string(table, "title", place),
            )
        )
    if variants and not sum(variant.weight for variant in variants):
        reader.problem("the weights of the rosters add up to 0", Place("[[roster]]"), "weight")
    return tuple(variants)


def _roster_members(
    reader: TomlReader, table: Mapping[str, Any], place: Place
) -> Mapping[str, int]:
    members = table.get("members", {})
    if not isinstance(members, dict):
        reader.problem("members must be a table of unit = number", place, "members")
        return {}
    good = {}
    for unit, value in members.items():
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_MEMBERS:
            reader.problem(
                f"members of {shown(unit)} is {shown(value)}, not a whole number from 0 to "
                f"{MOST_MEMBERS}",
                place,
                unit,
                "members",
            )
        else:
            good[unit] = value
    return good


def _roster_weight(reader: TomlReader, value: object, place: Place) -> Fraction:
    weight = None
    if isinstance(value, str):
        weight = exact(value)
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e6:
        weight = Fraction(str(value))
    if weight is None:
        reader.problem(
            f'weight is {shown(value)}, not a number from 0, such as 1, 0.5 or "1/3"',
            place,
            "weight",
        )
        return Fraction(1)
    return weight


def check_variant_units(
    variants: Sequence[RosterVariant], units: Sequence[str], text: str, problems: Problems
) -> None:
    """Refuse variants that name units the electorate does not list."""
    for number, variant in enumerate(variants):
        for unit in variant.members:
            if unit != COALITION and unit not in units:
                line = line_of(text, Place("[[roster]]", number), unit)
                near = near_miss(unit, units)
                problems.add(FILE, line, f"unit {shown(unit)} is not in electorate.csv.{near}")


def check_due_units(
    rounds: Sequence[Round], units: Sequence[str], text: str, problems: Problems
) -> None:
    """Refuse due days of units the electorate does not list."""
    for number, entry in enumerate(rounds):
        for unit in entry.due:
            if unit != COALITION and unit not in units:
                line = line_of(text, Place("[[round]]", number), unit, "due")
                near = near_miss(unit, units)
                said = f"due of unit {shown(unit)}, which is not in electorate.csv.{near}"
                problems.add(FILE, line, said)


def _stakes(reader: TomlReader, document: Mapping[str, Any]) -> tuple[Stake, ...]:
    stakes = []
    names: set[str] = set()
    for number, table in enumerate(reader.tables(document, "stake")):
        place = Place("[[stake]]", number)
        known = ("name", "unit", "ratified", "defeated", "source", "note")
        reader.known_keys(table, known, place)
        ratified = _amount(reader, table, "ratified", place)
        defeated = _amount(reader, table, "defeated", place)
        name = reader.string(table, "name", place, required=True)
        unit = reader.string(table, "unit", place)
        if name and name in names:
            reader.problem(f"stake {shown(name)} stands twice", place, "name")
        names.add(name)
        if ratified is not None and defeated is not None:
            stakes.append(Stake(name=name, ratified=ratified, defeated=defeated, unit=unit))
    return tuple(stakes)


def _amount(reader: TomlReader, table: Mapping[str, Any], key: str, place: Place) -> Amount | None:
    """A number, or { low, high, distribution }."""
    given = table.get(key)
    if not isinstance(given, dict):
        value = reader.number(given, key, place, key)
        return None if value is None else Amount(low=value, high=value)
    extra = [name for name in given if name not in ("low", "high", "distribution")]
    if extra:
        reader.problem(f"{key} has no {shown(extra[0])}: low, high, distribution", place, key)
    low = reader.number(given.get("low"), f"{key}.low", place, key)
    high = reader.number(given.get("high"), f"{key}.high", place, key)
    distribution = given.get("distribution")
    if distribution not in ("uniform", "normal"):
        said = "is missing" if distribution is None else f"is {shown(distribution)}"
        reader.problem(
            f"{key}.distribution {said}: say 'uniform' (low to high, all alike) or 'normal' (low "
            "and high are its 5% and 95% quantiles)",
            place,
            key,
        )
        return None
    if low is None or high is None:
        return None
    if low >= high:
        reader.problem(f"{key} goes from {low:g} to {high:g}: low must be below high", place, key)
        return None
    return Amount(low=low, high=high, distribution=distribution)
