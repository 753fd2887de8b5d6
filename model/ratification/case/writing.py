"""Writing files whole: under a temporary name in the same folder, then renamed into place."""

import os
import shutil
import uuid
from errno import EACCES
from pathlib import Path

from ratification.errors import RequestError


def write_whole(path: Path, data: bytes, *, before: bytes | None = None) -> None:
    """Write a file so that whoever reads it sees the old content or the new, never a part.

    `before` is what `data` was made from: where someone else has written the file since, theirs
    stays.

    Raises:
        RequestError: the file cannot be written, or is not as `before`; it is then unchanged.
    """
    target = path.resolve()  # a link goes on pointing at the file it points at
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.new")
    try:
        if target.exists() and not os.access(target, os.W_OK):  # a rename would not ask
            raise PermissionError(EACCES, os.strerror(EACCES))
        try:
            with temporary.open("xb") as file:
                file.write(data)
            if target.exists():
                shutil.copymode(target, temporary)
            if before is not None and target.read_bytes() != before:
                raise RequestError(
                    f"{path} was changed by someone else just now, and nothing was written. "
                    "Look at it, and try again"
                )
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise RequestError(
            f"cannot write {path}: {error.strerror or error}. Nothing was changed"
        ) from None
