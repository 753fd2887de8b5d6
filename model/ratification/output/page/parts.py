"""What pages are made of: tables, figures and sections, as plain values that are already worded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTable:
    """A table of texts. `numeric` names the columns that hold figures, by position."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart: its finding as a title, what it shows in words, a Vega-Lite spec, its data."""

    id: str
    title: str
    alt: str
    spec: Mapping[str, Any]
    table: DataTable


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page. Each kind has a template of its own in reports/."""

    id: str
    heading: str
    template: ClassVar[str]
