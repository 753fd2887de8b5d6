"""Pivots in words, for terminal and page alike: vetoes, sets, what must happen, due days."""

from collections.abc import Mapping, Sequence

from ratification.answers.blocking import Sets, VetoOf
from ratification.answers.due import Earliest
from ratification.answers.estimates import Difference, Estimate
from ratification.answers.pivots import Needed, Pivots, RulePivots, SetsNow, Watched
from ratification.answers.power import Index
from ratification.answers.required import Need, Required
from ratification.output import wording

MOST_NAMED = 6  # unions, or units, in one sentence
MOST_SETS = 3  # sets written out in one sentence
LEAST_MOVED = 0.001  # a smaller expected movement of the chance is not told
LONGEST_SET = 3  # unions of a set that is written out
LEGEND = (
    "Banzhaf, Shapley-Shubik: shares of all power under the rule, before any vote. Pivotal: how "
    "often the union's yes and no exchanged turn the result. Tells: the chance if it approves less "
    "the chance if it rejects, in points; a dash where either was seen in fewer than 100 simulated "
    "votes, or where nothing is open."
)
METHODS = {
    "enumeration": "exactly, from every pattern of decisions",
    "dynamic programming": "exactly, by counting patterns with equal sums",
    "sampling": "from {:,} random orders",
}


def names(units: Sequence[str], called: Mapping[str, str]) -> str:
    """Some units by name: all of a few, else the first of them and how many more."""
    told = [called[unit] for unit in units]
    if len(told) > MOST_NAMED:
        told = [*told[: MOST_NAMED - 1], f"{len(told) - MOST_NAMED + 1} more"]
    return wording.listing(told)


def index(value: Index | None) -> str:
    """A power index as a share, with its error where it was sampled."""
    if value is None:
        return "-"
    told = wording.share(value.value)
    return f"{told} {wording.error(value.error)}" if value.error else told


def difference(found: Difference | None) -> str:
    """What a result tells, in points; a dash where it cannot be told."""
    if found is None:
        return "-"
    told = wording.points(found.value, found.mcse)
    return told.replace(" points", "").replace("no difference", "none")


def chance(found: Estimate | None) -> str:
    """A chance with its error; a dash where it cannot be told."""
    if found is None:
        return "-"
    return wording.chance(found.probability, found.mcse)


def movement(watched: Watched) -> str:
    """An expected movement, which has no sign."""
    return wording.moved(watched.movement.value, watched.movement.mcse)


def moving(watch: Sequence[Watched], most: int) -> list[Watched]:
    """The units that are seen to move the chance, beyond noise; the first so many."""
    seen = [
        entry
        for entry in watch
        if entry.movement.value >= max(LEAST_MOVED, 2 * entry.movement.mcse)
    ]
    return seen[:most]


NOTHING_MOVES = "No count still out is expected to move the chance by more than noise would."


def sentences(found: RulePivots, pivots: Pivots) -> list[str]:
    """Power, vetoes, sets and due days under one rule, a sentence each."""
    called = pivots.names
    told = [f"No power index is defined: {found.no_power}."] if found.no_power else []
    told += [_how_found(found)] if found.power else []
    told += _vetoes(found, called)
    if found.rule.standing != "open":
        return [*told, f"Now it is {found.rule.standing}: no union still out can change that."]
    told += _vetoes_now(found, called)
    told += _sets(found, called)
    if not found.sets and found.power:
        told.append(f"With {_open(found)} unions still out, their sets are too many to go through.")
    return told + ([due_days(found.earliest)] if found.earliest else [])


def _how_found(found: RulePivots) -> str:
    first = found.power[0].power
    how = METHODS[first.method].format(first.draws)
    rosters = f", mean over {len(found.power)} rosters" if len(found.power) > 1 else ""
    return f"Power by the rule alone: {how}{rosters}."


def _vetoes(found: RulePivots, called: Mapping[str, str]) -> list[str]:
    if found.no_power:
        named = [veto.unit for veto in found.vetoes]
        return [f"The rule names who must approve: {names(named, called)}."] if named else []
    always, sometimes = _split(found.vetoes)
    players = len(found.power[0].players)
    if len(always) == players > 1:
        return [f"By the rule each of the {players} unions has a veto."]
    if not found.vetoes:
        return ["By the rule no union has a veto."]
    told = []
    if always:
        alone = " alone" if len(found.vetoes) == 1 else ""
        has = f"{alone} has a veto" if len(always) == 1 else " have a veto each"
        told.append(f"By the rule {names(always, called)}{has}.")
    return told + [
        f"{called[veto.unit]} has a veto by the rule in "
        f"{wording.percent(veto.rosters, mcse=0.01)} of simulated rosters."
        for veto in sometimes
    ]


def _split(vetoes: Sequence[VetoOf]) -> tuple[list[str], list[VetoOf]]:
    """Vetoes in every simulated roster, and in some."""
    always = [veto.unit for veto in vetoes if veto.rosters == 1.0]
    return always, [veto for veto in vetoes if 0.0 < veto.rosters < 1.0]


def _vetoes_now(found: RulePivots, called: Mapping[str, str]) -> list[str]:
    if found.no_power and not found.vetoes_now:
        return []
    always, sometimes = _split(found.vetoes_now)
    out = _open(found)
    told = []
    if len(always) == out > 1:
        told = [f"As things stand each of the {out} unions still out can block it alone."]
    elif always:
        each = "" if len(always) == 1 else "each "
        told = [f"As things stand {names(always, called)} can {each}block it alone."]
    elif not sometimes and out:
        told = ["As things stand no union still out can block it alone."]
    return told + [
        f"As things stand {called[veto.unit]} can block it alone in "
        f"{wording.percent(veto.rosters, mcse=0.01)} of simulated rosters."
        for veto in sometimes
    ]


def _open(found: RulePivots) -> int:
    return sum(union.standing == "open" for union in found.unions)


def _sets(found: RulePivots, called: Mapping[str, str]) -> list[str]:
    """How many minimal sets of the open unions there are, and the smallest; by roster if needed."""
    if not found.sets:
        return []
    first, *others = found.sets
    told = [_settled(first) + (", whoever still approves" if _open(found) else "")]
    if first.winning.smallest:
        kinds = ((first.winning, "winning"), (first.blocking, "blocking"))
        told = ["; ".join(_kind(sets, kind, called) for sets, kind in kinds)]
    if others:
        told[0] = f"With roster {_rosters(first)}: {told[0]}"
    told += [
        f"With roster {_rosters(sets)}: "
        + (
            f"{sets.winning.count:,} winning, {sets.blocking.count:,} blocking"
            if sets.winning.smallest
            else _settled(sets)
        )
        for sets in others
    ]
    return [f"{wording.upper(text)}." for text in told]


def _rosters(sets: SetsNow) -> str:
    return wording.listing(list(sets.rosters))


def _settled(sets: SetsNow) -> str:
    """Where the mean roster leaves the open unions nothing to decide."""
    return f"at the mean roster it {'passes' if sets.winning.count else 'fails'}"


def _kind(sets: Sets, kind: str, called: Mapping[str, str]) -> str:
    """'20 minimal blocking sets, the smallest of 2 unions (AFT Connecticut + Council 4)'."""
    told = f"{wording.plural(sets.count, f'minimal {kind} set')}, "
    told += "" if sets.count == 1 else "the smallest "
    told += f"of {wording.plural(sets.smallest, 'union')}"
    if sets.smallest > LONGEST_SET:
        alike = sets.number_smallest
        return told if sets.count == 1 else f"{told} ({wording.plural(alike, 'such set')})"
    order = list(called)
    shown = [
        " + ".join(called[unit] for unit in sorted(members, key=order.index))
        for members in sorted(sets.listed, key=lambda members: sorted(map(order.index, members)))
    ]
    more = sets.number_smallest - min(len(shown), MOST_SETS)
    rest = f"; {more} more" if more > 0 else ""
    return f"{told} ({'; '.join(shown[:MOST_SETS])}{rest})"


# What must happen


def required(needed: Needed, called: Mapping[str, str]) -> str:
    """'700 to 900 behind: with every member voting, Local 391 needs 1,276 to 1,376 yes ...'."""
    entry = needed.required
    units = [pending.unit for pending in entry.pending]
    union = called[entry.union]
    about = "" if all(pending.exact for pending in entry.pending) else "about "
    who = f"{called[units[0]]} needs" if len(units) == 1 else "together they need"
    told = (
        f"{union} is {_margin(entry)} without {names(units, called)}: with every member voting, "
        f"{who} {_need(entry.together, about)} for {union} to approve; at the turnout the "
        f"simulated votes expect, {_need(entry.at_turnout, 'about ')}."
    )
    for pending in entry.pending:
        if len(units) > 1 and pending.least.high > 0:
            least = _need(pending.least, "" if pending.exact else "about ")
            told += (
                f" {wording.upper(called[pending.unit])} must give at least {least}, if every "
                "other member still to vote says yes."
            )
    if needed.needed_by:
        told += f" Its approval is needed under {wording.listing(list(needed.needed_by))}."
    return told


def _margin(entry: Required) -> str:
    low, high = entry.margin
    if low == high:
        return "level" if low == 0 else f"{abs(low):,} {'ahead' if low > 0 else 'behind'}"
    if low >= 0:
        return f"{low:,} to {high:,} ahead"
    if high <= 0:
        return f"{-high:,} to {-low:,} behind"
    return f"between {-low:,} behind and {high:,} ahead"


def _need(need: Need, about: str = "") -> str:
    if need.low > need.ballots:
        return f"more yes than its {about}{need.ballots:,} ballots"
    share = need.low / max(need.ballots, 1), need.high / max(need.ballots, 1)
    of = f"yes of {about}{need.ballots:,}"
    if need.low == need.high:
        return f"{need.low:,} {of} ({wording.share(share[0])})"
    if need.high > need.ballots:
        return f"{need.low:,} {of} ({wording.share(share[0])}), or more than all of them"
    ends = f"{wording.share(share[0])} to {wording.share(share[1])}"
    return f"{need.low:,} to {need.high:,} {of} ({ends})"


def due_days(found: Earliest) -> str:
    """From which day the outcomes that are due can decide a rule."""
    told = [
        f"{verb} it from {wording.day(day)}"
        for verb, day in (("defeat", found.defeated), ("ratify", found.ratified))
        if day is not None
    ]
    last = (
        f"the last of the unions still out is due on {wording.day(found.all_in)}"
        if (found.all_in)
        else "not every union still out has a due day"
    )
    if not told:
        return f"By the due days outcomes alone cannot decide it; {last}."
    return f"By the due days outcomes alone can {' and '.join(told)}; {last}."
