"""[[scenario]] of case.toml: assumptions about a round, read and checked."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ratification.case.electorate import COALITION, Electorate
from ratification.case.files import Problems
from ratification.case.priors import Normal
from ratification.case.read_toml import Place, TomlReader, line_of
from ratification.case.rounds import AS_VOTED, Joining, Round, Scenario
from ratification.case.unitsets import near_miss
from ratification.case.values import MOST_MEMBERS, ValueProblem, plain, shown, unit_id

FILE = "case.toml"
HEADER = "[[scenario]]"
KEYS = (
    "id",
    "title",
    "round",
    "swing",
    "turnout",
    "returns",
    "regression",
    "abstaining",
    "leaving",
    "joining",
    "note",
)


def read_scenarios(
    reader: TomlReader, document: Mapping[str, Any], rounds: Sequence[Round] | None
) -> tuple[Scenario, ...]:
    """The scenarios, with problems noted; `rounds` is None where they could not all be read."""
    scenarios = []
    taken: set[str] = set()
    for number, table in enumerate(reader.tables(document, "scenario")):
        place = Place(HEADER, number)
        reader.known_keys(table, KEYS, place)
        round_id = _round(reader, table, place, rounds)
        identity = reader.identity(table, place, taken)
        if identity == AS_VOTED:
            reader.problem(f"id {AS_VOTED!r} is what no scenario is called: rename it", place, "id")
        scenarios.append(
            Scenario(
                id=identity,
                title=reader.string(table, "title", place) or identity,
                round=round_id,
                swing=_normal(reader, table, "swing", place),
                turnout=_normal(reader, table, "turnout", place),
                returns=_returns(reader, table, place),
                regression=_regression(reader, table, place, round_id, rounds),
                abstaining=_units(reader, table, "abstaining", place),
                leaving=_units(reader, table, "leaving", place),
                joining=_joining(reader, table, place),
            )
        )
    return tuple(scenarios)


def _round(
    reader: TomlReader, table: Mapping[str, Any], place: Place, rounds: Sequence[Round] | None
) -> str:
    round_id = reader.string(table, "round", place, required=True)
    ids = [entry.id for entry in rounds or ()]
    if round_id and rounds is not None and round_id not in ids:
        near = near_miss(round_id, ids) or f" Rounds: {', '.join(ids)}"
        reader.problem(f"round {round_id!r} is not in this case.{near}", place, "round")
    return round_id


def _normal(reader: TomlReader, table: Mapping[str, Any], key: str, place: Place) -> Normal | None:
    given = table.get(key)
    if given is None:
        return None
    values = given if isinstance(given, dict) else {"mean": given, "sd": 0.0}
    extra = [name for name in values if name not in ("mean", "sd")]
    mean = reader.number(values.get("mean", 0.0), f"{key}.mean", place, key)
    sd = reader.number(values.get("sd", 0.0), f"{key}.sd", place, key)
    if extra:
        reader.problem(f"{key} has no {shown(extra[0])}: it has mean and sd", place, key)
    if mean is None or sd is None:
        return None
    if sd < 0 or max(abs(mean), sd) > 10:
        reader.problem(
            f"{key} = {shown(given)} is no shift on the logit scale: both of its numbers are at "
            "most 10, and sd is not negative",
            place,
            key,
        )
        return None
    return Normal(mean=mean, sd=sd)


def _returns(
    reader: TomlReader, table: Mapping[str, Any], place: Place
) -> Literal["withheld", "published"]:
    value = table.get("returns", "withheld")
    if value == "published":
        return "published"
    if value != "withheld":
        reader.problem(
            f"returns is {shown(value)}: say 'withheld' or 'published'", place, "returns"
        )
    return "withheld"


def _regression(
    reader: TomlReader,
    table: Mapping[str, Any],
    place: Place,
    round_id: str,
    rounds: Sequence[Round] | None,
) -> float | None:
    if "regression" not in table:
        return None
    value = reader.number(table["regression"], "regression", place, "regression")
    if value is not None and not 0 <= value <= 1:
        reader.problem(
            f"regression is {value:g}: from 0 (every unit keeps its distance from the coalition) "
            "to 1 (none of it)",
            place,
            "regression",
        )
    if any(entry.id == round_id and not entry.repeats for entry in rounds or ()):
        said = f"regression needs an earlier vote to regress from: round {round_id!r} repeats none"
        reader.problem(said, place, "regression")
    return value


def _units(reader: TomlReader, table: Mapping[str, Any], key: str, place: Place) -> tuple[str, ...]:
    given = table.get(key)
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(unit, str) for unit in given):
        reader.problem(f'{key} must be a list of units, such as ["council-4"]', place, key)
        return ()
    if not given:
        reader.problem(f"{key} names no unit: name one, or leave {key} out", place, key)
    for unit in dict.fromkeys(given):
        if given.count(unit) > 1:
            reader.problem(f"{key} names {shown(unit)} twice", place, key, unit)
    return tuple(dict.fromkeys(given))


def _joining(reader: TomlReader, table: Mapping[str, Any], place: Place) -> tuple[Joining, ...]:
    given = table.get("joining", [])
    said = 'joining must be a list such as [{ id = "nurses", members = 1200 }]'
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        reader.problem(said, place, "joining")
        return ()
    if "joining" in table and not given:
        reader.problem("joining names no union: name one, or leave joining out", place, "joining")
    found = [_joiner(reader, entry, place) for entry in given]
    return tuple(entry for entry in found if entry is not None)


def _joiner(reader: TomlReader, table: Mapping[str, Any], place: Place) -> Joining | None:
    extra = [key for key in table if key not in ("id", "name", "members")]
    if extra:
        reader.problem(
            f"a joining union has no {shown(extra[0])}: id, name, members", place, "joining"
        )
    identity, name, members = (table.get(key) for key in ("id", "name", "members"))
    try:
        if not isinstance(identity, str):
            raise ValueProblem(f"the id of a joining union is {shown(identity)}, not a string")
        unit_id(identity, "id")
        named = plain(name, "name") if isinstance(name, str) else identity
    except ValueProblem as error:
        reader.problem(str(error), place, "joining")
        return None
    if (
        isinstance(members, bool)
        or not isinstance(members, int)
        or not 1 <= members <= MOST_MEMBERS
    ):
        reader.problem(
            f"members of {identity!r}, which joins, is {shown(members)}: a whole number from 1 to "
            f"{MOST_MEMBERS} is needed, since nothing else says how large it is",
            place,
            "joining",
        )
        return None
    return Joining(id=identity, name=named, members=members)


def check_scenario_units(
    scenarios: Sequence[Scenario], electorate: Electorate, text: str, problems: Problems
) -> None:
    """Refuse scenarios about units the electorate has not, or that leave nobody to vote."""
    for number, scenario in enumerate(scenarios):
        for key, unit, said in _wrong(scenario, electorate):
            line = line_of(text, Place(HEADER, number), key, unit)
            problems.add(FILE, line, f"scenario {scenario.id!r}: {said}")


def _wrong(scenario: Scenario, tree: Electorate) -> list[tuple[str, str, str]]:
    """What is wrong with a scenario's units: key, unit and what to say."""
    found = []
    for unit in scenario.abstaining:
        if unit not in tree.by_id:
            near = "" if unit == COALITION else near_miss(unit, tree.by_id)
            found.append(("abstaining", unit, f"no unit {shown(unit)} in electorate.csv.{near}"))
    for unit in scenario.leaving:
        if unit not in tree.by_id:
            near = near_miss(unit, tree.unions)
            found.append(("leaving", unit, f"no union {shown(unit)} in electorate.csv.{near}"))
        elif unit not in tree.unions:
            said = f"{unit!r} is a unit of {tree.paths[unit][0]!r}: only a whole union can leave"
            found.append(("leaving", unit, said))
        elif unit in scenario.abstaining:
            found.append(("leaving", unit, f"{unit!r} both abstains and leaves: say one"))
    ids = [entry.id for entry in scenario.joining]
    for joiner in dict.fromkeys(ids):
        if joiner in tree.by_id or ids.count(joiner) > 1:
            said = f"joining {joiner!r}: there is such a unit already. Give it another id"
            found.append(("joining", joiner, said))
    if not found and not scenario.joining:
        found += _nobody(scenario, tree)
    return found


def _nobody(scenario: Scenario, tree: Electorate) -> list[tuple[str, str, str]]:
    gone = frozenset[int]().union(
        *(tree.leaves_under[unit] for unit in (*scenario.leaving, *scenario.abstaining))
    )
    if len(scenario.leaving) == len(tree.unions):
        return [("leaving", "", "every union leaves: no coalition is left to ratify")]
    if len(gone) == len(tree.leaves):
        return [("abstaining", "", "nobody is left to vote: every unit abstains or leaves")]
    return []
