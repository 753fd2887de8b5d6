"""`ratify diff CASE --from DAY` and `ratify diff RUN RUN`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from ratification.cli.asking import Asked, answer_options
from ratification.cli.options import Staged, Waiting, checked_day

if TYPE_CHECKING:
    from ratification.answers.changes import Diff

OF_RUNS = ("what", "case", "case_before", "as_json", "store")  # all else is in the runs already


@click.command("diff")
@click.argument("what", metavar="CASE | RUN RUN", nargs=-1, required=True)
@click.option("--from", "from_day", metavar="DAY", help="The earlier forecast's day.")
@click.option("--to", "to_day", metavar="DAY", help="The later one's (default: all evidence).")
@click.option(
    "--case-before",
    metavar="CASE",
    help="The case as it was for the earlier forecast, where rosters, priors or rules changed.",
)
@click.option("--case", metavar="CASE", help="The case of two RUNs, so that more can be split.")
@answer_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    what: tuple[str, ...],
    from_day: str | None,
    to_day: str | None,
    case: str | None,
    case_before: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Why two forecasts differ: each change split by its causes, parts that add up to the whole.

    \b
    ratify diff sebac-2011 --from 2011-06-22 --to 2011-06-24
    ratify diff my-case --case-before my-case-last-week --from 2011-06-22
    ratify diff monday.json tuesday.json --case my-case

    A RUN is what `ratify forecast --json` printed. Two files alone tell what they were made with;
    with --case both are made again, and new evidence, corrections, rosters, priors, rules, model
    version and simulation are told apart.
    """
    asked = Asked(as_of=None, **options)
    days = (checked_day(from_day, "--from"), checked_day(to_day, "--to"))
    with Waiting(quiet=False) as waiting:
        stages = Staged(waiting.tell)
        if len(what) == 1:
            if case is not None:
                raise click.UsageError("--case goes with two RUNs; the case is named already")
            found = _of_days(asked, what[0], days, case_before, stages)
        else:
            _refuse_options(ctx)
            found = _of_runs(asked, what, case, case_before, stages)
    if as_json:
        from ratification.output.views.diff import diff_object

        click.echo(json.dumps(diff_object(found), indent=1))
    else:
        from ratification.output.terminal import console
        from ratification.output.views.diff import diff_view

        console().print(diff_view(found))


# The two days stand in its place.
command.params = [parameter for parameter in command.params if parameter.name != "as_of"]


def _of_days(
    asked: Asked,
    case: str,
    days: tuple[str | None, str | None],
    case_before: str | None,
    stages: Staged,
) -> "Diff":
    from ratification.api import diff

    if Path(case).is_file():
        raise click.UsageError(f"{case} is a file: name two runs, or a case")
    if days == (None, None) and case_before is None:
        raise click.UsageError("say what to compare: --from DAY, --case-before CASE, or two RUNs")
    if days[0] is not None and days[1] is not None and days[0] > days[1] and case_before is None:
        raise click.UsageError(f"--from {days[0]} is after --to {days[1]}: swap them")
    return diff(
        asked.loaded(case),
        from_day=days[0],
        to_day=days[1],
        case_before=asked.loaded(case_before) if case_before else None,
        round_id=asked.round_id,
        bylaws=asked.bylaws,
        scenarios=asked.scenario,
        assume=asked.assume,
        without=asked.without,
        worlds=asked.worlds,
        seed=asked.seed,
        engine=asked.engine,
        runs=asked.runs(stages.tell),
        progress=stages.begin,
    )


def _of_runs(
    asked: Asked,
    paths: tuple[str, ...],
    case: str | None,
    case_before: str | None,
    stages: Staged,
) -> "Diff":
    from ratification.api import diff_runs, load, read_run

    if len(paths) != 2:
        raise click.UsageError(f"a diff is of one case or of two runs, not of {len(paths)} things")
    if case_before is not None and case is None:
        raise click.UsageError("--case-before needs --case: the case of the later run")
    before, after = (read_run(Path(path)) for path in paths)
    return diff_runs(
        before,
        after,
        case=load(case) if case else None,
        case_before=load(case_before) if case_before else None,
        runs=asked.runs(stages.tell),
        progress=stages.begin,
    )


def _refuse_options(ctx: click.Context) -> None:
    """Refuse options that two runs have settled."""
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if name in OF_RUNS or ctx.get_parameter_source(name) == ParameterSource.DEFAULT:
            continue
        raise click.UsageError(f"{parameter.opts[0]} does not go with two RUNs: it is in them")
