"""Whether the figures of an electorate can hold together: parts and wholes, weights, deciding."""

from collections.abc import Mapping, Sequence

from ratification.case.electorate import COALITION, Electorate, Figure, RosterVariant
from ratification.case.files import Problems

FILE = "electorate.csv"
LARGEST_COALITION = 2_000_000_000  # members; worlds hold counts in 32 bits
REACH = 6  # standard deviations that a figure may be off before figures contradict each other


def check_deciding(tree: Electorate, lines: Mapping[str, int], problems: Problems) -> None:
    """Units that decide by units have some, and some union has weight."""
    for unit in tree.units:
        if unit.decides in ("units", "all-units") and unit.id not in tree.children:
            problems.add(
                FILE,
                lines.get(unit.id),
                f"unit {unit.id!r} decides by {unit.decides} but has none: list them, with "
                f"{unit.id!r} as their parent",
            )
    if not any(tree.by_id[union].weight for union in tree.unions):
        problems.add(FILE, None, "every union has weight 0: no rule can count them")


def check_sums(
    tree: Electorate, rounds: Sequence[str], lines: Mapping[str, int], problems: Problems
) -> None:
    """Figures of parts and wholes agree in every round and roster variant."""
    settings = [(entry, variant) for entry in rounds for variant in tree.variants or (None,)]
    for unit in [COALITION, *tree.by_id]:
        said = next(filter(None, (_parts_differ(tree, unit, *each) for each in settings)), "")
        if said:
            problems.add(FILE, lines.get(unit), f"{said}. Correct a figure or give it an error")
    for round_id, variant in settings:
        figures = [tree.figure(union, round_id, variant) for union in tree.unions]
        total = sum(figure.members or 0 for figure in figures)
        if total > LARGEST_COALITION:
            said = f"{total} members in all are too many (at most {LARGEST_COALITION})"
            problems.add(FILE, None, said)


def _parts_differ(tree: Electorate, unit: str, round_id: str, variant: RosterVariant | None) -> str:
    """How a unit's figure contradicts those of its units; blank where it does not."""
    children = tree.children.get(None if unit == COALITION else unit, ())
    whole_figure = tree.figure(unit, round_id, variant)
    if not children or whole_figure.members is None:
        return ""
    low, high = figure_bounds(whole_figure)
    parts = [figure_bounds(tree.figure(child, round_id, variant)) for child in children]
    least = sum(part[0] for part in parts)
    most = None if any(part[1] is None for part in parts) else sum(part[1] or 0 for part in parts)
    if high is not None and least > high:
        said = f"its units at least {least}"
    elif most is not None and most < low:  # only unions: elsewhere a rest is added
        said = f"its unions at most {most}"
    else:
        return ""
    where = f"round {round_id}" if variant is None else f"round {round_id}, roster {variant.id}"
    called = "the coalition" if unit == COALITION else f"unit {unit!r}"
    return f"{called} has {whole_figure.members} members, {said} ({where})"


def figure_bounds(figure: Figure) -> tuple[int, int | None]:
    """How far a membership figure may reach: its bounds, else REACH times its error."""
    if figure.members is None:
        return figure.low or 0, figure.high
    reach = REACH * figure.error
    low = max(0, figure.members - reach) if figure.low is None else figure.low
    high = figure.members + reach if figure.high is None else figure.high
    return low, high
