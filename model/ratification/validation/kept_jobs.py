"""What finished jobs found, one JSON line each, on the disk before the next one counts as done."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from ratification.errors import RequestError

HEAD = b'{"of": "'  # every line begins with this, the fingerprint after it
DIGITS = 64


class KeptJobs:
    """A file that lines are only ever added to. Without a path nothing is kept.

    A line that is not whole, as of a run that was killed while it wrote, is passed over. Two runs
    may add to one file at once: a line is written in one piece.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def read(self, wanted: Iterable[str]) -> dict[str, str]:
        """What is kept under these fingerprints, as JSON text.

        Raises:
            RequestError: the file cannot be read.
        """
        if self.path is None or not self.path.exists():
            return {}
        marks = {mark.encode() for mark in wanted}
        try:
            with self.path.open("rb") as file:
                # Other lines, which may be many, are not even parsed.
                lines = [line for line in file if line[len(HEAD) : len(HEAD) + DIGITS] in marks]
        except OSError as error:
            raise RequestError(f"cannot read {self.path}: {error.strerror}") from None
        return dict(pair for line in lines for pair in _parsed(line))

    def keep(self, mark: str, name: str, text: str) -> None:
        """Add a line, and return when it is on the disk.

        Raises:
            RequestError: it cannot be written.
        """
        if self.path is None:
            return
        line = f'{HEAD.decode()}{mark}", "job": {json.dumps(name)}, "found": {text}}}\n'
        try:
            file = self._file = self._file or _opened(self.path)
            file.write(line.encode())
            os.fsync(file.fileno())
        except OSError as error:
            raise RequestError(f"cannot write {self.path}: {error.strerror}") from None

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _parsed(line: bytes) -> list[tuple[str, str]]:
    try:
        entry = json.loads(line)
        return [(entry["of"], json.dumps(entry["found"]))]
    except ValueError:  # torn: its job is done again
        return []


def _opened(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("ab", buffering=0)
    if file.tell():
        file.write(b"\n")  # ends a torn line; after a whole one it is an empty line
    return file
