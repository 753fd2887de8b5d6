"""What a page that is made again and again says of its own age; it can be changed in the file.

The notice stands between two marks of the page's template. Text is escaped wherever it comes from,
so nothing a case says can be mistaken for a mark.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ratification.errors import RequestError
from ratification.output import wording

BEGINS, ENDS = "<!--notice-->", "<!--/notice-->"
MOST_REASONS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """When the numbers were made; if a newer edit is not in them, since when and why.

    `made` None: not known, as of a page that an older session left.
    """

    made: datetime | None
    since: datetime | None = None
    reasons: Sequence[str] = field(default=())

    @property
    def shown(self) -> Sequence[str]:
        """The first reasons."""
        return self.reasons[:MOST_REASONS]

    @property
    def more(self) -> int:
        """How many reasons are not shown."""
        return max(0, len(self.reasons) - MOST_REASONS)


def at(moment: datetime) -> str:
    """A moment as people write it: `21:03:12 on 24 June 2011`."""
    return f"{moment:%H:%M:%S} on {wording.day(moment.date().isoformat())}"


def marked(html: str, notice: str) -> str:
    """A page with another notice, all else unchanged to the byte.

    Raises:
        RequestError: the page has no place for one.
    """
    places = re.findall(f"{BEGINS}.*?{ENDS}", html, flags=re.DOTALL)
    if len(places) != 1:
        raise RequestError("is no page that `ratify` made")
    before, _, rest = html.partition(BEGINS)
    return f"{before}{BEGINS}{notice}{ENDS}{rest.partition(ENDS)[2]}"
