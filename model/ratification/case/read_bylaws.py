"""bylaws.toml: rules with exact thresholds, each with its readings."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any as AnyValue
from typing import Literal

from ratification.case.bylaws import (
    COMPARISONS,
    COUNTED,
    MEASURES,
    NEEDS_BALLOTS,
    NEEDS_MEMBERS,
    All,
    Any,
    Bylaws,
    Condition,
    Not,
    Reading,
    Rule,
    Veto,
    conditions,
)
from ratification.case.electorate import Electorate
from ratification.case.files import Problems
from ratification.case.read_toml import TOP, Place, TomlReader, parse_toml
from ratification.case.unitsets import near_miss
from ratification.case.values import FINEST_DENOMINATOR, exact, shown

FILE = "bylaws.toml"
ELECTORATE = "electorate.csv"
DEEPEST = 20
_READING = ("id", "title", "abstaining", "all", "any", "not", "note", "source")
_COMBINING = ("all", "any", "not")


class _Malformed(ValueError):
    """A rule that cannot be read, with the words to look for where it stands."""

    def __init__(self, message: str, *sought: str) -> None:
        super().__init__(message)
        self.sought = sought


def read_bylaws(
    text: str | None,
    electorate: Electorate | None,
    rounds: Sequence[str] | None,
    problems: Problems,
) -> tuple[Bylaws, ...]:
    """Every bylaw of the case, with problems noted. `rounds` None: not known."""
    document = parse_toml(text, FILE, problems)
    if text is None or document is None:
        return ()
    reader = TomlReader(FILE, text, problems)
    reader.known_keys(document, ("bylaws",), TOP)
    blank: Sequence[str] = ()
    if electorate is not None and not problems.about(ELECTORATE):
        blank = electorate.leaves_without_members(rounds or ("",))
    found = []
    taken: set[str] = set()
    for number, table in enumerate(reader.tables(document, "bylaws")):
        entry = _bylaws(reader, table, number, taken)
        found.append(entry)
        if electorate is not None:
            for inner, reading in enumerate(entry.readings):
                place = Place("[[bylaws.reading]]", inner, number)
                _check_against(reader, place, reading.rule, electorate, blank)
    if not found and not document.get("bylaws"):
        reader.problem("there is no [[bylaws]]: a case needs one rule")
    return tuple(found)


def _bylaws(
    reader: TomlReader, table: Mapping[str, AnyValue], number: int, taken: set[str]
) -> Bylaws:
    place = Place("[[bylaws]]", number)
    known = ("id", "title", "text", "source", "note", "in_force", "adoption", "reading")
    reader.known_keys(table, known, place)
    ids: set[str] = set()
    readings = [
        _reading(reader, entry, Place("[[bylaws.reading]]", inner, number), ids)
        for inner, entry in enumerate(reader.tables(table, "bylaws.reading", place))
    ]
    if not table.get("reading"):
        reader.problem("has no [[bylaws.reading]]: say how the rule is read", place)
    since, until = _dates(reader, table.get("in_force", {}), place)
    identity = reader.identity(table, place, taken)
    return Bylaws(
        id=identity,
        title=reader.string(table, "title", place) or identity,
        readings=tuple(readings),
        text=reader.string(table, "text", place),
        source=reader.string(table, "source", place),
        since=since,
        until=until,
        adoption=_adoption(reader, table, place),
    )


def _adoption(reader: TomlReader, table: Mapping[str, AnyValue], place: Place) -> float | None:
    if "adoption" not in table:
        return None
    value = reader.number(table["adoption"], "adoption", place, "adoption")
    if value is not None and not 0 <= value <= 1:
        reader.problem(
            f"adoption is {value:g}: a chance from 0 to 1, such as 0.7", place, "adoption"
        )
        return None
    return value


def _dates(reader: TomlReader, given: object, place: Place) -> tuple[str | None, str | None]:
    if not isinstance(given, dict) or any(key not in ("since", "until") for key in given):
        reader.problem("in_force takes { since = DATE, until = DATE }", place, "in_force")
        return None, None
    since, until = (_date(reader, given, key, place) for key in ("since", "until"))
    if since is not None and until is not None and since > until:
        reader.problem(f"in_force begins {since}, after its end {until}", place, "in_force")
    return since, until


def _date(reader: TomlReader, given: Mapping[str, object], key: str, place: Place) -> str | None:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:  # a day that no month has; told below
            pass
    reader.problem(f"{key} {shown(value)} is no date such as 2011-07-18", place, "in_force", key)
    return None


# A rule that could not be read, so that what follows it is still checked.
_UNREAD = All(parts=())


def _reading(
    reader: TomlReader, table: Mapping[str, AnyValue], place: Place, taken: set[str]
) -> Reading:
    reader.known_keys(table, _READING, place)
    identity = reader.identity(table, place, taken)
    abstaining = table.get("abstaining", "stays")
    if abstaining not in ("stays", "leaves"):
        said = f"abstaining is {shown(abstaining)}: say 'stays' or 'leaves'"
        reader.problem(said, place, "abstaining")
    body = {key: table[key] for key in _COMBINING if key in table}
    rule: Rule = _UNREAD
    try:
        if not body:
            raise _Malformed("has no rule: write all = [...], any = [...] or not = {...}")
        rule = parse_rule(body)
    except _Malformed as error:
        reader.problem(str(error), place, *error.sought)
    leaves: Literal["stays", "leaves"] = "leaves" if abstaining == "leaves" else "stays"
    title = reader.string(table, "title", place) or identity
    return Reading(id=identity, title=title, rule=rule, abstaining=leaves)


def parse_rule(table: object, depth: int = 0) -> Rule:
    """A rule from its TOML table: all, any, not, a veto or a condition.

    Raises:
        ValueError: the table is no rule; the message says why.
    """
    if not isinstance(table, dict):
        raise _Malformed(
            f"{shown(table)} is no condition: write {{ measure = ..., at_least = ... }}",
            shown(table).strip("'"),
        )
    if depth > DEEPEST:
        raise _Malformed(f"the rule nests more than {DEEPEST} levels deep: flatten it")
    combining = [key for key in _COMBINING if key in table]
    if not combining:
        return _veto(table) if "approves" in table else _condition(table)
    if len(table) > 1:
        others = ", ".join(sorted(shown(key) for key in table))
        raise _Malformed(f"one rule cannot hold {others} side by side: nest them", *combining)
    if combining == ["not"]:
        return Not(part=parse_rule(table["not"], depth + 1))
    return _combined(combining[0], table[combining[0]], depth)


def _combined(word: str, parts: object, depth: int) -> Rule:
    if not isinstance(parts, list) or not parts:
        raise _Malformed(f"{word} needs a list of conditions in [ ]", word)
    rules = tuple(parse_rule(part, depth + 1) for part in parts)
    return All(parts=rules) if word == "all" else Any(parts=rules)


def _veto(table: Mapping[str, AnyValue]) -> Veto:
    if len(table) > 1 or not isinstance(table["approves"], str):
        raise _Malformed('a veto is written { approves = "union-id" }', "approves")
    return Veto(union=table["approves"])


def _condition(table: Mapping[str, AnyValue]) -> Condition:
    measure = table.get("measure")
    if measure not in MEASURES:
        if "measure" not in table:
            raise _Malformed("a condition needs a measure, e.g. 'approving unions'", *table)
        raise _Malformed(
            f"unknown measure {shown(measure)}.{near_miss(str(measure), MEASURES)}"
            f" Measures: {', '.join(MEASURES)}",
            "measure",
            str(measure),
        )
    given = [key for key in table if key != "measure"]
    unknown = [key for key in given if key not in COMPARISONS]
    if unknown:
        raise _Malformed(
            f"unknown comparison {shown(unknown[0])}.{near_miss(unknown[0], COMPARISONS)}"
            f" Comparisons: {', '.join(COMPARISONS)}",
            str(measure),
            unknown[0],
        )
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise _Malformed(
            f"{measure!r} needs exactly one of {', '.join(COMPARISONS)}; here: {found}",
            str(measure),
            *given,
        )
    [comparison] = given
    threshold, is_share = _threshold(str(measure), table[comparison], comparison)
    return Condition(
        measure=measure,
        comparison=comparison,  # type: ignore[arg-type]
        threshold=threshold,
        share=is_share,
        text=str(table[comparison]),
    )


def _threshold(measure: str, value: object, comparison: str) -> tuple[Fraction, bool]:
    """The threshold, and whether it is a share of the measure's denominator."""
    sought = (measure, comparison, shown(value).strip("'"))
    if isinstance(value, float):
        better = f"{value:g}" if measure in COUNTED and value > 1 else f'"{value * 100:g}%"'
        raise _Malformed(
            f"threshold {value} is a float: quote it to be exact, e.g. {better}", *sought
        )
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _Malformed(f"threshold {shown(value)} is no number", *sought)
    threshold = Fraction(value) if isinstance(value, int) else exact(value)
    if threshold is None or threshold < 0:
        said = f'threshold {shown(value)} is not understood: write 14, "80%" or "2/3"'
        raise _Malformed(said, *sought)
    if threshold.denominator > FINEST_DENOMINATOR:
        said = f"threshold {shown(value)} is finer than one in {FINEST_DENOMINATOR:,}"
        raise _Malformed(said, *sought)
    percent = isinstance(value, str) and "%" in value
    number = isinstance(value, int) or value.isdecimal()
    if measure in COUNTED and not percent and (number or threshold > 1):
        return threshold, False
    if threshold > 1:
        hint = f': did you mean "{value}%"?' if not percent and threshold <= 100 else ""
        raise _Malformed(f"threshold {shown(value)} of {measure!r} is above 100%{hint}", *sought)
    return threshold, True


def _check_against(
    reader: TomlReader, place: Place, rule: Rule, electorate: Electorate, blank: Sequence[str]
) -> None:
    weight = sum(electorate.by_id[union].weight for union in electorate.unions)
    for part in conditions(rule):
        if isinstance(part, Veto):
            if part.union not in electorate.unions:
                reader.problem(_no_union(part.union, electorate), place, "approves", part.union)
        elif part.measure in NEEDS_MEMBERS | NEEDS_BALLOTS and blank:
            reader.problem(
                f"{part.measure!r} needs the members of {blank[0]!r}, which electorate.csv leaves"
                " blank. Give a best figure and its error",
                place,
                part.measure,
                part.comparison,
                part.text,
            )
        elif not part.share and part.threshold > weight:
            reader.problem(
                f"threshold {part.text} of {part.measure!r} is above the unions there are, {weight}"
                f"{' by weight' if weight != len(electorate.unions) else ''}",
                place,
                part.measure,
                part.comparison,
                part.text,
            )


def _no_union(name: str, electorate: Electorate) -> str:
    if name in electorate.by_id:
        union = electorate.paths[name][0]
        return f"{shown(name)} is a unit inside {union!r}, not a union: only a union has a veto"
    return f"{shown(name)} is not a union.{near_miss(name, electorate.unions)}"
