"""The ledger's states of a case, as JSON, as rows for CSV, and as a table for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ratification.output import wording
from ratification.output.contract import SCHEMA_VERSION
from ratification.output.ledger import State
from ratification.output.views.watch_view import arrivals_text

CSV_HEAD = (
    "state",
    "recorded",
    "case",
    "round",
    "as_of",
    "engine",
    "seed",
    "worlds",
    "reports",
    "bylaws",
    "reading",
    "scenario",
    "probability",
    "mcse",
    "standing",
    "arrived",
    "inputs_sha256",
)
MOST_COLUMNS = 4  # of rules side by side on a terminal

Rule = Mapping[str, Any]


def history_object(folder: str, ledger: str, states: Sequence[State]) -> dict[str, Any]:
    """Every state with all that was kept of it but the rows of evidence."""
    return {
        "schema_version": SCHEMA_VERSION,
        "folder": folder,
        "ledger": ledger,
        "states": [
            {
                "state": state.id,
                "recorded": state.recorded,
                "engine": state.engine,
                "question": dict(state.question),
                "arrived": None if state.arrived is None else list(state.arrived),
                "files_sha256": dict(state.files),
                "forecast": dict(state.forecast),
            }
            for state in states
        ],
    }


def history_rows(states: Sequence[State]) -> list[tuple[object, ...]]:
    """One row for each rule of each state, under `CSV_HEAD`."""
    rows: list[tuple[object, ...]] = []
    for state in states:
        told = state.forecast
        about: tuple[object, ...] = (
            state.id,
            state.recorded,
            told["case"],
            told["round"],
            told["as_of"],
        )
        about += (told["engine"], told["seed"], told["worlds"], told["inputs"]["reports"])
        names = ("bylaws", "reading", "scenario", "probability", "mcse", "standing")
        arrived = arrivals_text(state.arrived, most=1000)
        for rule in told["forecasts"]:
            cells = tuple(rule[name] for name in names)
            rows.append((*about, *cells, arrived, state.inputs_sha256))
    return rows


def history_view(case: str, states: Sequence[State], shown: Sequence[str]) -> RenderableType:
    """One line for each state; a column for each rule in `shown`, such as `1996/ballots`."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("State", "Recorded", "Engine"):
        table.add_column(name, no_wrap=True)
    table.add_column("Arrived")
    for key in shown:
        table.add_column(escape(key), justify="right")
    for state in states:
        chances = rules_of(state)
        cells = [_chance(chances[key]) if key in chances else "" for key in shown]
        when = state.recorded[:19].replace("T", " ")
        arrived = escape(arrivals_text(state.arrived))
        table.add_row(str(state.id), when, state.engine, arrived, *cells)
    left_out = sorted({key for state in states for key in rules_of(state)} - set(shown))
    parts: list[RenderableType] = [Text(f"What the report of {case} said", style="bold"), table]
    if left_out:
        parts.append(Text(f"Not shown: {', '.join(left_out)} (--bylaws, --json or --csv)\n"))
    return Group(*parts)


def rules_of(state: State) -> dict[str, Rule]:
    """A state's rules by their key; the scenario is named where there are several."""
    rules = state.forecast["forecasts"]
    several = len({rule["scenario"] for rule in rules}) > 1
    return {
        f"{rule['bylaws']}/{rule['reading']}" + (f" {rule['scenario']}" if several else ""): rule
        for rule in rules
    }


def columns(states: Sequence[State], asked: Sequence[str]) -> list[str]:
    """Rules to show side by side: those of the bylaws or readings asked for, else the first few."""
    keys = list(dict.fromkeys(key for state in states for key in rules_of(state)))
    if asked:
        return [key for key in keys if any(_names(name, key) for name in asked)]
    if len(keys) <= MOST_COLUMNS:
        return keys
    first: dict[str, str] = {}
    for key in keys:
        first.setdefault(key.partition("/")[0], key)
    return list(first.values())[:MOST_COLUMNS]


def _names(asked: str, key: str) -> bool:
    rule = key.partition(" ")[0]
    return asked in (key, rule, rule.partition("/")[0])


def _chance(rule: Rule) -> str:
    decided = rule["standing"] != "open"
    said = wording.percent(rule["probability"], mcse=rule["mcse"], decided=decided)
    return f"{said} {wording.error(rule['mcse'], decided=decided)}".strip()
