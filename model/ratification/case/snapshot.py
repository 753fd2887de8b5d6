"""The bytes of a case's files at one moment: what is checked is what was seen, not a later state.

A file that is being written can change between two reads. So each file is read once, and the case
is read from those bytes.
"""

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ratification.case.case import Case
from ratification.case.files import LARGEST_FILE, Files
from ratification.case.folder import FEATURES, FILES, load_files

ALL_FILES = (*FILES, FEATURES)

Stamp = tuple[int, int, int, int]  # device, inode, size, time of change in nanoseconds


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What each file of a case held. A file that is not there, or cannot be read, is left out."""

    folder: Path
    files: Mapping[str, bytes] = field(repr=False)
    unreadable: frozenset[str] = frozenset()

    @staticmethod
    def of(folder: Path) -> "Snapshot":
        """Read every file of a case once."""
        files, unreadable = {}, set()
        for name in ALL_FILES:
            try:
                found = (folder / name).stat()
                if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST_FILE:
                    files[name] = (folder / name).read_bytes()
                else:
                    unreadable.add(name)  # reading the case says what is wrong with it
            except FileNotFoundError:
                continue
            except OSError:
                unreadable.add(name)
        return Snapshot(folder=folder, files=files, unreadable=frozenset(unreadable))

    @property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each file, by its name."""
        return {name: hashlib.sha256(data).hexdigest() for name, data in self.files.items()}

    @property
    def sha256(self) -> str:
        """A hash of every byte of every file."""
        digest = hashlib.sha256()
        for name, hashed in sorted(self.hashes.items()):
            digest.update(f"{name} {hashed}\n".encode())
        for name in sorted(self.unreadable):
            digest.update(f"{name} unreadable\n".encode())
        return digest.hexdigest()

    @property
    def unfinished(self) -> tuple[str, ...]:
        """Files that look half-written: empty, or without an end to their last line."""
        return tuple(name for name, data in self.files.items() if not data.endswith((b"\n", b"\r")))

    def load(self) -> Case:
        """Read and check the case from these bytes.

        Raises:
            CaseError: the case is wrong; every problem found is in it.
        """
        seen = {name: self.files.get(name) for name in ALL_FILES if name not in self.unreadable}
        return load_files(Files(self.folder, seen))


def stamps(folder: Path) -> tuple[Stamp | None, ...]:
    """What tells cheaply that a file was written or replaced; None for one that is not there."""
    return tuple(_stamp(folder / name) for name in ALL_FILES)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
