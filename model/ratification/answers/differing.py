"""What two forecasts were made with, compared: all that their files alone can tell."""

from ratification.answers.changes import Cause, Side, Swap

INPUTS: tuple[Cause, ...] = ("corrected", "new", "rosters", "priors", "rules")


def differing(before: Side, after: Side) -> tuple[str, ...]:
    """What differs, in words: nothing where the two were asked the same."""
    told = [
        f"{name}: {_shown(was)}, then {_shown(now)}"
        for name, was, now in (
            ("as of", before.as_of, after.as_of),
            ("seed", before.seed, after.seed),
            ("simulated votes", before.worlds, after.worlds),
            ("engine", before.engine, after.engine),
            ("reports in force", before.reports, after.reports),
        )
        if was != now
    ]
    if before.inputs != after.inputs:
        told.append("inputs (case and evidence) differ, by their hash")
    told += [
        f"version of {name}: {before.versions.get(name, 'none')}, "
        f"then {after.versions.get(name, 'none')}"
        for name in sorted(before.versions.keys() | after.versions.keys())
        if before.versions.get(name) != after.versions.get(name)
    ]
    told += [f"only before: {text}" for text in before.assumptions if text not in after.assumptions]
    told += [f"only after: {text}" for text in after.assumptions if text not in before.assumptions]
    return tuple(told)


def unsplit(before: Side, after: Side) -> tuple[Swap, ...]:
    """The whole change as one part, of every cause that the two files leave open."""
    causes: list[Cause] = []
    if before.inputs != after.inputs:
        causes += INPUTS
    if _versions_differ(before, after):
        causes.append("version")
    if _drawn_otherwise(before, after):
        causes.append("simulation")
    same_draws = not causes
    rules = {
        key: told.estimate
        for key, told in after.rules.items()
        if not same_draws or before.rules.get(key) != told
    }
    return (Swap(causes=tuple(causes) or ("simulation",), rules=rules, paired={}),)


def leftover(before: Side, after: Side) -> Cause:
    """What a probability that cannot be made again as it was recorded differs by."""
    return "version" if _versions_differ(before, after) else "simulation"


def _versions_differ(before: Side, after: Side) -> bool:
    """Whether other software made them; another engine needs other software anyway."""
    shared = before.versions.keys() & after.versions.keys()
    return any(before.versions[name] != after.versions[name] for name in shared)


def _drawn_otherwise(before: Side, after: Side) -> bool:
    return (before.seed, before.worlds, before.engine) != (after.seed, after.worlds, after.engine)


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value or "all evidence")
