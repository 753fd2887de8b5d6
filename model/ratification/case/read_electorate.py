"""electorate.csv: rows to a checked tree of units."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from ratification.case.check_rosters import FILE, check_deciding, check_sums
from ratification.case.electorate import (
    COALITION,
    Decides,
    Electorate,
    Figure,
    RosterVariant,
    Unit,
    canonical,
    with_rests,
)
from ratification.case.files import Problems, Row, attempt, read_table
from ratification.case.unitsets import near_miss
from ratification.case.values import (
    ValueProblem,
    exact,
    not_too_fine,
    plain,
    shown,
    unit_id,
    whole,
)

COLUMNS = (
    "unit",
    "parent",
    "name",
    "class",
    "members",
    "error",
    "low",
    "high",
    "decides",
    "weight",
    "round",
    "source",
    "note",
)


def read_electorate(
    text: str | None,
    rounds: Sequence[str] | None,
    variants: Sequence[RosterVariant],
    problems: Problems,
) -> Electorate | None:
    """The tree of units, or None where its units are not sure. `rounds` None: not known."""
    before = len(problems)
    table = read_table(text, FILE, COLUMNS, ("unit",), problems)
    rows = table.rows
    if not rows:
        if not problems.about(FILE):
            problems.add(FILE, None, "lists no unit: a case needs one union or more")
        return None
    base = [row for row in rows if not row["round"]]
    lines = {row["unit"]: row.line for row in reversed(base)}
    _check_ids(base, problems)
    named = [unit for unit in (_unit(row, problems) for row in base) if unit]
    by_round = [row for row in rows if row["round"]]
    read = _with_round_figures(named, by_round, rounds, problems)
    coalition = next((unit for unit in read if unit.id == COALITION), None)
    units = [unit for unit in read if unit.id != COALITION]
    if not units and len(problems) == before:
        problems.add(FILE, None, "lists no union: a case needs one or more")
    if not table.complete or len(named) < len(base) or not units:
        return None
    if not _is_tree(units, lines, problems):
        return None
    known_rounds = rounds or ("",)
    tree = Electorate(
        units=with_rests(units, known_rounds, variants),
        coalition=coalition or Unit(id=COALITION, parent=None, name="the coalition"),
        listed=tuple(unit.id for unit in units),
        variants=tuple(variants),
    )
    check_deciding(tree, lines, problems)
    if len(problems) == before:
        check_sums(tree, known_rounds, lines, problems)
    return tree


def _unit(row: Row, problems: Problems) -> Unit | None:
    def read[T](value: Callable[[], T], fallback: T) -> T:
        return attempt(value, fallback, row.line, FILE, problems)

    if row["unit"] == COALITION:
        for column in ("parent", "decides", "weight"):
            if row[column]:
                problems.add(FILE, row.line, f"the coalition '*' has no {column}: leave it blank")
        identity = COALITION
    else:
        identity = read(lambda: unit_id(row["unit"], "unit"), "")
    if not identity:
        return None
    if row["weight"] and row["parent"] not in ("", COALITION):
        problems.add(FILE, row.line, f"weight {row['weight']} is read of unions only: leave it out")
    return Unit(
        id=identity,
        parent=row["parent"] if row["parent"] not in ("", COALITION) else None,
        name=read(lambda: plain(row["name"], "name"), "") or identity,
        label=read(lambda: plain(row["class"], "class"), ""),
        figure=_figure(row, problems),
        decides=read(lambda: _decides(row["decides"]), "pooled"),
        weight=read(lambda: _weight(row["weight"]), Fraction(1)),
        source=read(lambda: plain(row["source"], "source"), ""),
        note=row["note"],
    )


def _figure(row: Row, problems: Problems) -> Figure:
    def number(column: str) -> int | None:
        return attempt(lambda: whole(row[column], column), None, row.line, FILE, problems)

    members, low, high = number("members"), number("low"), number("high")
    figure = Figure(members=members, error=number("error") or 0, low=low, high=high)
    if low is not None and high is not None and low > high:
        problems.add(FILE, row.line, f"low {low} is above high {high}: exchange them")
    elif members is not None and low is not None and members < low:
        problems.add(FILE, row.line, f"members {members} is under its lower bound {low}")
    elif members is not None and high is not None and members > high:
        problems.add(FILE, row.line, f"members {members} is over its upper bound {high}")
    if not row["members"] and figure.error:
        problems.add(FILE, row.line, f"error {figure.error} without members: give the best figure")
    return figure


def _decides(text: str) -> Decides:
    if text in ("", "pooled"):
        return "pooled"
    if text == "units":
        return "units"
    if text == "all-units":
        return "all-units"
    threshold = exact(text)
    if threshold is None or not 0 < threshold <= 1:
        near = near_miss(text, ("pooled", "units", "all-units"))
        raise ValueProblem(
            f"decides {shown(text)} is none of pooled, units, all-units or a threshold such as 2/3."
            f"{near}"
        )
    return not_too_fine(threshold, "decides", text)


def _weight(text: str) -> Fraction:
    if not text:
        return Fraction(1)
    weight = exact(text)
    if weight is None or weight > 1_000_000:
        raise ValueProblem(f"weight {shown(text)} is not a number from 0, such as 1, 0 or 1/2")
    return not_too_fine(weight, "weight", text)


def _check_ids(rows: Sequence[Row], problems: Problems) -> None:
    first: dict[str, int] = {}
    for row in rows:
        unit = row["unit"]
        if unit and unit in first:
            problems.add(
                FILE, row.line, f"unit {shown(unit)} stands twice (first in line {first[unit]})"
            )
        first.setdefault(unit, row.line)


def _with_round_figures(
    units: list[Unit], rows: Sequence[Row], rounds: Sequence[str] | None, problems: Problems
) -> list[Unit]:
    by_id = {unit.id: unit for unit in units}
    for row in rows:
        unit, round_id = row["unit"], row["round"]
        known = by_id.get(unit)
        if rounds is not None and round_id not in rounds:
            near = near_miss(round_id, rounds)
            problems.add(FILE, row.line, f"round {shown(round_id)} is not in case.toml.{near}")
        elif known is None:
            problems.add(
                FILE,
                row.line,
                f"unit {shown(unit)} has a roster for one round but no row of its own."
                f"{near_miss(unit, by_id)}",
            )
        elif round_id in known.figures:
            problems.add(
                FILE, row.line, f"unit {unit!r} has two rosters for round {round_id!r}: keep one"
            )
        else:
            _check_only_roster(row, known, problems)
            figures = {**known.figures, round_id: _figure(row, problems)}
            by_id[unit] = replace(known, figures=figures)
    return list(by_id.values())


def _check_only_roster(row: Row, known: Unit, problems: Problems) -> None:
    """A row for one round changes the roster and nothing else."""
    said = {
        "parent": row["parent"] in ("", known.parent),
        "decides": row["decides"] in ("", str(known.decides)),
        "weight": row["weight"] in ("", str(known.weight)),
    }
    for column, same in said.items():
        if not same:
            problems.add(
                FILE,
                row.line,
                f"{column} {shown(row[column])} cannot change for one round: leave it blank",
            )


def _is_tree(units: Sequence[Unit], lines: Mapping[str, int], problems: Problems) -> bool:
    before = len(problems)
    ids = {unit.id for unit in units}
    for unit in units:
        if unit.parent is not None and unit.parent not in ids:
            problems.add(
                FILE,
                lines.get(unit.id),
                f"parent {shown(unit.parent)} of {unit.id!r} is not a unit."
                f"{near_miss(unit.parent, ids)}",
            )
    if len(problems) > before:
        return False
    parents = {unit.id: unit.parent for unit in units}
    reached = {unit.id for unit in canonical(units)}
    for unit in units:
        cycle = [] if unit.id in reached else _cycle(unit.id, parents)
        if cycle:
            path = " in ".join(cycle)
            problems.add(FILE, lines.get(unit.id), f"unit {unit.id!r} lies inside itself: {path}")
    return len(problems) == before


def _cycle(start: str, parents: Mapping[str, str | None]) -> list[str]:
    """The way from a unit up to itself; empty where it only hangs below a cycle."""
    path = [start]
    current = parents[start]
    while current is not None and current not in path:
        path.append(current)
        current = parents[current]
    return [*path, start] if current == start else []
