"""The page and the JSON beside it, which people read while the case is watched."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ratification.answers.run import Run
from ratification.case.writing import write_whole
from ratification.errors import RequestError
from ratification.output.page.notice import Notice, marked
from ratification.output.views.watching import stale_object, watch_object

WritePage = Callable[[Path, Run, Notice], None]


class Published:
    """Two files of one stem, each written whole. What is on disk is what counts, not memory."""

    def __init__(self, page: Path, write_page: WritePage) -> None:
        if page.suffix.lower() == ".json":
            raise RequestError(f"{page} is the name of the JSON beside the page: name it .html")
        self.page = page
        self.data = page.with_suffix(".json")
        self._write_page = write_page

    def write(self, run: Run, notice: Notice) -> None:
        """Put a new forecast in place of the old.

        Raises:
            RequestError: a file cannot be written; it is then unchanged.
        """
        self._write_page(self.page, run, notice)
        write_whole(self.data, _encoded(watch_object(run, notice)))

    def mark_stale(self, notice: Notice) -> bool:
        """Say on the page and in the JSON that a newer edit is not in them; all else stays.

        False where there is no page yet.

        Raises:
            RequestError: a file cannot be read or written, or is none of these two.
        """
        from ratification.output.page.render import notice_html

        kept = self.kept()
        if kept is None or not self.page.exists():
            return False
        if notice.made is None and kept.get("made"):
            notice = replace(notice, made=datetime.fromisoformat(kept["made"]))
        try:
            page = self.page.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise RequestError(f"{self.page} cannot be read: {error}") from None
        write_whole(self.page, marked(page, notice_html(notice)).encode())
        write_whole(self.data, _encoded(kept | {"stale": stale_object(notice)}))
        return True

    def stale_since(self) -> datetime | None:
        """Since when the files on disk say that a newer edit is not in them."""
        stale = (self.kept() or {}).get("stale")
        return datetime.fromisoformat(stale["since"]) if stale else None

    def kept(self) -> dict[str, Any] | None:
        """The JSON on disk if it is one of these, else None."""
        try:
            found = json.loads(self.data.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        ours = isinstance(found, dict) and {"case", "made", "stale"} <= found.keys()
        return found if ours else None

    def refuse_other(self, case: str, *, force: bool) -> None:
        """Refuse to replace files that are not of an earlier watch of the same case.

        Raises:
            RequestError: saying what to do.
        """
        there = [path for path in (self.page, self.data) if path.exists()]
        kept = self.kept()
        ours = kept is not None and kept["case"] == case
        if there and not ours and not force:
            raise RequestError(
                f"{there[0]} is already there, and not from watching {case!r}. Replace it with "
                "--force, or name another with --report"
            )


def _encoded(told: dict[str, Any]) -> bytes:
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode()
