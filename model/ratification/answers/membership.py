"""What is still possible where unions have left the coalition, or joined it.

A report about several unions speaks of the coalition as it voted. Where one of them has left, what
ties it to the others is dropped, which can leave a rule open that is decided, and never the other
way round.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from ratification.answers.extremes import added, tighten
from ratification.answers.patterns import NumberOf, Option, Prospect
from ratification.case.bounds import BALLOTS, MARGIN, MEMBERS, NO, YES, Box
from ratification.case.electorate import Electorate
from ratification.case.rounds import Joining, Scenario


def in_coalition(
    found: Sequence[Prospect], electorate: Electorate, scenario: Scenario | None
) -> tuple[Prospect, ...]:
    """What is possible roster by roster, in a scenario's coalition; joining unions come last."""
    if scenario is None:
        return tuple(found)
    positions = frozenset(electorate.unions.index(union) for union in scenario.leaving)
    return tuple(_joined(_left(prospect, positions), scenario.joining) for prospect in found)


def _left(prospect: Prospect, gone: frozenset[int]) -> Prospect:
    """Without the members, ballots and weight of unions that have left."""
    if not gone:
        return prospect
    nothing = Box(high=[0] * 5, low=[0] * 5)
    return replace(
        prospect,
        options=tuple(
            (Option(approves=False, box=nothing),) if u in gone else options
            for u, options in enumerate(prospect.options)
        ),
        abstains=tuple(u in gone or is_ for u, is_ in enumerate(prospect.abstains)),
        weights=tuple(Fraction(0) if u in gone else w for u, w in enumerate(prospect.weights)),
        numbers=tuple(_number(entry, prospect, gone) for entry in prospect.numbers),
        together=tuple(entry for entry in prospect.together if not entry.unions & gone),
        total=Box(),
    )


def _number(entry: NumberOf, prospect: Prospect, gone: frozenset[int]) -> NumberOf:
    """How many of those that stay approve, if so many of all do."""
    verdicts = [prospect.decided(u) for u in entry.unions & gone]
    return NumberOf(
        unions=entry.unions - gone,
        low=entry.low - sum(verdict is not False for verdict in verdicts),
        high=entry.high - sum(verdict is True for verdict in verdicts),
    )


def _joined(prospect: Prospect, joining: Sequence[Joining]) -> Prospect:
    """With unions of which nothing is known but how many members they have."""
    if not joining:
        return prospect
    total = prospect.total
    for joiner in joining:
        total = added([total, _box(joiner)])
    return replace(
        prospect,
        unions=(*prospect.unions, *(joiner.id for joiner in joining)),
        options=(*prospect.options, *(_options(joiner) for joiner in joining)),
        abstains=(*prospect.abstains, *(False for _ in joining)),
        weights=(*prospect.weights, *(Fraction(1) for _ in joining)),
        total=total,
    )


def _box(joiner: Joining) -> Box:
    box = Box()
    box.narrow(MEMBERS, joiner.members, joiner.members)
    for quantity in (YES, NO, BALLOTS):
        box.narrow(quantity, 0, joiner.members)
    box.narrow(MARGIN, -joiner.members, joiner.members)
    return box


def _options(joiner: Joining) -> tuple[Option, ...]:
    found = []
    for approves in (False, True):
        box = _box(joiner)
        box.narrow(MARGIN, *((1, joiner.members) if approves else (-joiner.members, 0)))
        tighten(box, [])
        found.append(Option(approves=approves, box=box))
    return tuple(found)
