"""The language of unit sets: `council-4 - local-391`, `class:bargaining-unit`, `* - marshals`."""

import difflib
import re
from collections.abc import Iterable

from ratification.case.electorate import COALITION, REST, Electorate
from ratification.case.values import shown

_SPLIT = re.compile(r"\s+([+-])\s+")


class UnitSetError(ValueError):
    """An expression that names something the electorate does not have."""


def terms(expression: str) -> list[tuple[str, str]]:
    """Split into (sign, name) pairs. Signs need spaces round them: unit ids hold hyphens."""
    if not expression.strip():
        raise UnitSetError("units is blank: name a unit, or * for the whole coalition")
    pieces = _SPLIT.split(expression.strip())
    if not all(pieces):
        raise UnitSetError(f"units {shown(expression)} has a sign with nothing beside it")
    signs = ["+", *pieces[1::2]]
    return list(zip(signs, pieces[0::2], strict=True))


def leaves_in(expression: str, electorate: Electorate) -> frozenset[int]:
    """Indices of the leaves an expression covers."""
    covered: frozenset[int] = frozenset()
    for sign, name in terms(expression):
        leaves = frozenset[int]().union(
            *(electorate.leaves_under[unit] for unit in _units_named(name, electorate))
        )
        if sign == "-" and not leaves & covered:
            raise UnitSetError(
                f"units {shown(expression)} subtracts {name!r}, which is not inside the rest"
            )
        covered = covered | leaves if sign == "+" else covered - leaves
    if not covered:
        raise UnitSetError(f"units {shown(expression)} covers nobody")
    return covered


def units_in(expression: str, electorate: Electorate) -> tuple[str, ...]:
    """The units an expression lists, for counting them: `*` lists the unions."""
    listed: set[str] = set()
    for sign, name in terms(expression):
        named = electorate.unions if name == COALITION else _units_named(name, electorate)
        if sign == "-" and not listed & set(named):
            raise UnitSetError(
                f"units {shown(expression)} subtracts {name!r}, which is none of the units listed"
            )
        listed = listed | set(named) if sign == "+" else listed - set(named)
    for unit in sorted(listed):
        if electorate.by_id[unit].implicit:
            raise UnitSetError(f"{unit!r} votes but is no unit to be counted as approving")
    if not listed:
        raise UnitSetError(f"units {shown(expression)} lists no unit")
    return tuple(unit.id for unit in electorate.units if unit.id in listed)


def check_units(expression: str, kind: str, electorate: Electorate) -> None:
    """Refuse units that a report of a kind cannot be about.

    Raises:
        UnitSetError: saying why not.
    """
    if kind == "approvals":
        units_in(expression, electorate)
        return
    leaves_in(expression, electorate)
    if kind == "outcome" and expression not in electorate.by_id and " " not in expression:
        raise UnitSetError(
            f"an outcome is about a unit or a sum of units, not {shown(expression)}. "
            "How many of them approved is of kind approvals"
        )


def _units_named(name: str, electorate: Electorate) -> tuple[str, ...]:
    if name == COALITION:
        return (COALITION,)
    if name.startswith("class:"):
        return _units_of_class(name.removeprefix("class:"), electorate)
    if name in electorate.by_id:
        return (name,)
    raise UnitSetError(f"unit {shown(name)} is not in electorate.csv.{_why_not(name, electorate)}")


def _units_of_class(label: str, electorate: Electorate) -> tuple[str, ...]:
    found = tuple(unit.id for unit in electorate.units if unit.label == label)
    if not found:
        labels = {unit.label for unit in electorate.units if unit.label}
        raise UnitSetError(f"no unit has class {shown(label)}.{near_miss(label, labels)}")
    return found


def _why_not(name: str, electorate: Electorate) -> str:
    if name.endswith(f"/{REST}"):
        return " There is no rest: the children's members add up to their parent's."
    if " " in name or "+" in name:
        return " A sum or difference needs a space on both sides of its sign: `a + b`, `a - b`."
    return near_miss(name, electorate.by_id)


def near_miss(name: str, known: Iterable[str]) -> str:
    """A sentence that offers the closest known name, or nothing."""
    if len(name) > 80:
        return ""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
