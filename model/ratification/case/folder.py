"""A case folder: found by name or path, read, checked, and told all its problems at once."""

import os
import re
from collections.abc import Mapping
from functools import partial
from importlib import resources
from pathlib import Path

from ratification.case.bounds import check_possible
from ratification.case.case import Case
from ratification.case.electorate import Electorate
from ratification.case.evidence import in_force
from ratification.case.files import Files, Problems, attempt, read_table
from ratification.case.known import known
from ratification.case.priors import Priors
from ratification.case.read_bylaws import read_bylaws
from ratification.case.read_electorate import read_electorate
from ratification.case.read_evidence import read_evidence
from ratification.case.read_scenarios import check_scenario_units
from ratification.case.read_settings import (
    Settings,
    check_due_units,
    check_variant_units,
    read_settings,
)
from ratification.case.tabled import families, tabled
from ratification.case.unitsets import near_miss
from ratification.case.values import ValueProblem, shown, unit_id
from ratification.errors import CaseError, RequestError

FEATURES = "features.csv"
FILES = ("case.toml", "electorate.csv", "evidence.csv", "bylaws.toml")


def shipped() -> dict[str, Path]:
    """Shipped cases by name, each with its folder."""
    root = Path(str(resources.files("ratification.data")))
    return {
        folder.name: folder
        for folder in sorted(root.iterdir())
        if folder.is_dir() and (folder / "case.toml").is_file()
    }


def find(name: str | os.PathLike[str]) -> Path:
    """The folder of a case, given as a path or as the name of a shipped one.

    Raises:
        RequestError: there is neither.
    """
    path = Path(name)
    cases = shipped()
    try:
        if path.is_dir() and str(name):
            return path
        is_file = path.is_file()
    except (OSError, ValueError) as error:  # a name too long, or with a character no path has
        why = error.strerror if isinstance(error, OSError) else error
        raise RequestError(f"there can be no case {shown(str(name))}: {why}") from None
    if str(name) in cases:
        return cases[str(name)]
    if is_file:
        said = f"is a file: name the folder that holds {', '.join(FILES)}"
        raise RequestError(f"{shown(str(name))} {said}")
    raise RequestError(
        f"there is no folder {shown(str(name))} and no shipped case of that name."
        f"{near_miss(str(name), cases)} Shipped: {', '.join(cases)}"
    )


def load(name: str | os.PathLike[str]) -> Case:
    """Read and check a case folder, or a shipped case by its name.

    Raises:
        RequestError: there is no such folder or shipped case.
        CaseError: the case is wrong; every problem found is in it.
    """
    built = tabled(str(name))
    if built is None or Path(name).is_dir() or str(name) in shipped():
        return load_files(Files(find(name)))
    return load_files(built)


def load_family(name: str) -> tuple[Case, ...]:
    """The shipped cases that one table holds, such as the 28 of "australia".

    Raises:
        RequestError: no table of that name is shipped.
    """
    if name not in families():
        raise RequestError(f"no shipped table {shown(name)}. Shipped: {', '.join(families())}")
    built = [tabled(member) for member in families()[name]]
    return tuple(load_files(files) for files in built if files is not None)


def load_cases(name: str | os.PathLike[str]) -> tuple[Case, ...]:
    """What a name stands for: a folder, a shipped case, or all cases of a shipped table.

    Raises:
        RequestError: there is none of that name.
        CaseError: a case is wrong.
    """
    if str(name) in families() and not Path(name).is_dir():
        return load_family(str(name))
    return (load(name),)


def load_files(files: Files) -> Case:
    """Read and check the files of a case.

    Raises:
        CaseError: the case is wrong; every problem found is in it.
    """
    problems = Problems(folder=files.name)
    settings_text, electorate_text, evidence_text, bylaws_text = (
        files.text(file, problems) for file in FILES
    )
    settings = read_settings(settings_text, problems) or Settings(priors=Priors())
    rounds = tuple(entry.id for entry in settings.rounds) if settings.rounds_known else None
    electorate = read_electorate(electorate_text, rounds, settings.variants, problems)
    bylaws = read_bylaws(bylaws_text, electorate, rounds, problems)
    reports = read_evidence(evidence_text, electorate, rounds, problems)
    features: Mapping[str, Mapping[str, float]] = {}
    if electorate is not None:
        features = _features(files, electorate, problems)
        listed = [unit.id for unit in electorate.units if not unit.implicit]
        check_variant_units(settings.variants, listed, settings_text or "", problems)
        check_due_units(settings.rounds, listed, settings_text or "", problems)
        check_scenario_units(settings.scenarios, electorate, settings_text or "", problems)
    problems.stop_if_any()
    assert electorate is not None  # it is None only where a problem was noted
    case = Case(
        id=files.name,
        title=settings.title,
        target=settings.target,
        rounds=settings.rounds,
        electorate=electorate,
        reports=reports,
        bylaws=bylaws,
        priors=settings.priors,
        scenarios=settings.scenarios,
        stakes=settings.stakes,
        features=features,
    )
    _check_evidence(case, problems)
    return case


def _check_evidence(case: Case, problems: Problems) -> None:
    evidence = in_force(case.reports)
    for entry in case.rounds:
        try:
            facts = known(evidence, entry.id, case.electorate, case.id)
            check_possible(facts, case.electorate, case.reports, case.id)
        except CaseError as error:
            problems.extend(error.problems)
    problems.stop_if_any()


def _features(
    files: Files, electorate: Electorate, problems: Problems
) -> Mapping[str, Mapping[str, float]]:
    """Covariates from the optional features.csv: of a unit and everything below it."""
    text = files.text(FEATURES, problems, optional=True)
    table = read_table(text, FEATURES, None, ("unit",), problems)
    names = [name for name in table.columns if name not in ("unit", "source", "note")]
    given: dict[str, dict[str, float]] = {}
    seen: dict[str, int] = {}
    for row in table.rows:
        unit = row["unit"]
        if unit not in electorate.by_id:
            near = near_miss(unit, electorate.by_id)
            problems.add(FEATURES, row.line, f"unit {shown(unit)} is not in electorate.csv.{near}")
        elif unit in seen:
            said = f"unit {shown(unit)} stands twice (first in line {seen[unit]})"
            problems.add(FEATURES, row.line, said)
        seen.setdefault(unit, row.line)
        for name in names:
            if row[name]:
                read = partial(_feature, row[name], name)
                given.setdefault(name, {})[unit] = attempt(read, 0.0, row.line, FEATURES, problems)
    return {name: _inherited(values, electorate) for name, values in sorted(given.items())}


def _feature(text: str, column: str) -> float:
    unit_id(column, "column")
    number = re.fullmatch(r"[+-]?\d{1,9}(\.\d{1,20})?", text)
    if number is None or abs(float(text)) > 10:
        raise ValueProblem(f"{column} {shown(text)} is no number from -10 to 10, such as 0.5")
    return float(text)


def _inherited(values: Mapping[str, float], electorate: Electorate) -> dict[str, float]:
    found = {}
    for leaf in electorate.leaves:
        for unit in reversed(electorate.paths[leaf]):
            if unit in values:
                found[leaf] = values[unit]
                break
    return found
