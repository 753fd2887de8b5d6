"""Cases written from Python: priors into a case.toml, whole folders from rows and tables."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ratification.case.case import Case
from ratification.case.files import Files
from ratification.case.folder import load_files, shipped
from ratification.case.given import cell, is_blank
from ratification.case.priors import DEFAULT, PRIOR_NAMES, Priors
from ratification.case.read_evidence import COLUMNS, REQUIRED
from ratification.case.scaffold import make_folder
from ratification.case.writing import write_whole
from ratification.errors import RequestError

if TYPE_CHECKING:
    import tomlkit

SETTINGS = "case.toml"
Rows = Iterable[Mapping[str, object]]


def priors_toml(priors: Priors) -> str:
    """The `[priors]` table to paste into case.toml: what differs from the defaults."""
    import tomlkit

    document = tomlkit.document()
    _set_priors(document, priors)
    return tomlkit.dumps(document) or "# every prior is the default\n"


def write_priors(folder: Path, priors: Priors) -> None:
    """Put priors into a folder's case.toml; comments and everything else stay as they are.

    Raises:
        RequestError: a shipped case, or a file that cannot be read as TOML or written.
        CaseError: the case is wrong in itself.
    """
    import tomlkit
    import tomlkit.exceptions

    if folder.resolve() in {path.resolve() for path in shipped().values()}:
        raise RequestError(
            f"{folder.name!r} is a shipped case: copy its folder and change the copy"
        )
    path = folder / SETTINGS
    try:
        before = path.read_bytes()
        document = tomlkit.parse(before.decode())
    except (OSError, UnicodeDecodeError, tomlkit.exceptions.ParseError) as error:
        raise RequestError(f"cannot read {path}: {error}") from None
    _set_priors(document, priors)
    after = tomlkit.dumps(document).encode()
    if load_files(Files(folder, {SETTINGS: after})).priors != priors:
        raise RequestError(f"{path} would not be read back as it is written: nothing was changed")
    write_whole(path, after, before=before)


def _set_priors(document: "tomlkit.TOMLDocument", priors: Priors) -> None:
    """What differs from the defaults stands in [priors]; what does not is taken out."""
    import tomlkit

    table: Any = document.get("priors")
    for name in PRIOR_NAMES:
        prior, default = getattr(priors, name), getattr(DEFAULT, name)
        if prior == default:
            if table is not None and name in table:
                table.remove(name)
            continue
        if table is None:
            table = tomlkit.table()
            document["priors"] = table
        values = tomlkit.inline_table()
        for entry in fields(prior):
            value = getattr(prior, entry.name)
            if entry.default != value:  # a scale's mean of zero goes without saying
                values[entry.name] = value
        table[name] = values


def save_case(
    folder: Path,
    *,
    settings: Mapping[str, object],
    electorate: Rows,
    bylaws: Iterable[Mapping[str, object]],
    evidence: Rows = (),
) -> Case:
    """Write a new case folder from tables, once all of it is right; returns the case.

    `settings` is what case.toml says, `bylaws` a mapping for each [[bylaws]]; `electorate` and
    `evidence` are rows by column, as `DataFrame.to_dict("records")` gives them.

    Raises:
        RequestError: the folder holds something already, or cannot be written.
        CaseError: the case is wrong; all its problems at once, as for a folder.
    """
    import tomlkit

    if folder.exists():
        raise RequestError(f"{folder} is already there: name a new folder")
    files = {
        SETTINGS: tomlkit.dumps(dict(settings)),
        "electorate.csv": _csv(electorate, ("unit", "parent"), ()),
        "bylaws.toml": tomlkit.dumps({"bylaws": [dict(entry) for entry in bylaws]}),
        "evidence.csv": _csv(evidence, REQUIRED, COLUMNS),
    }
    found = {name: text.encode() for name, text in files.items()}
    case = load_files(Files(folder, found))
    make_folder(folder.resolve(), found)
    return case


def _csv(rows: Rows, always: tuple[str, ...], order: tuple[str, ...]) -> str:
    """Rows with the columns that any of them fills, and those that are always there."""
    listed = [
        {str(name): cell(value) for name, value in row.items() if not is_blank(value)}
        for row in rows
    ]
    used = dict.fromkeys([*always, *(name for row in listed for name in row)])
    columns = [*(name for name in order if name in used), *(n for n in used if n not in order)]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return text.getvalue()
