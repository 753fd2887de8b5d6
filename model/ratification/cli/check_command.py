"""`ratify check CASE`."""

import click

from ratification.cli.options import case_argument, checked_day, evidence_options


@click.command("check")
@case_argument
@evidence_options
def command(
    case: str,
    round_id: str | None,
    as_of: str | None,
    assume: tuple[str, ...],
    without: tuple[str, ...],
) -> None:
    """Check a case: its tree, the evidence in force, contradictions, every problem at once.

    Nothing is simulated: what it says is arithmetic. Problems end in exit code 3.
    """
    from ratification.api import load, standing
    from ratification.output.case_view import case_view
    from ratification.output.terminal import console

    checked_day(as_of)
    loaded = load(case)
    found = standing(loaded, round_id=round_id, as_of=as_of, assume=assume, without=without)
    console().print(
        case_view(
            loaded, found.round, found.evidence, found.unions, found.rules, found.facts.warnings
        )
    )
