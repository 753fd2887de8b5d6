"""`ratify forecast CASE`."""

import json
from pathlib import Path

import click

from ratification.cli.options import (
    Waiting,
    case_argument,
    checked_day,
    evidence_options,
    open_store,
    store_option,
)


@click.command("forecast")
@case_argument
@evidence_options
@click.option(
    "--bylaws",
    multiple=True,
    metavar="ID",
    help="Only these: '1996' (its first reading) or '1996/ballots'. Default: all readings.",
)
@click.option(
    "--scenario", multiple=True, metavar="ID", help="Under this scenario ('as-voted': none)."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="PRIOR=VALUE",
    help="Change a prior: 'tau_union=0.4', 'mu.mean=0'.",
)
@click.option("--worlds", default=20_000, show_default=True, help="Simulated complete results.")
@click.option(
    "--seed",
    default=391,
    show_default=True,
    type=click.IntRange(0, 2**31 - 2),
    help="Same seed, same inputs: the same bytes.",
)
@store_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--timings", is_flag=True, help="Also say how many seconds each stage took.")
def command(
    case: str,
    round_id: str | None,
    as_of: str | None,
    assume: tuple[str, ...],
    without: tuple[str, ...],
    bylaws: tuple[str, ...],
    scenario: tuple[str, ...],
    settings: tuple[str, ...],
    worlds: int,
    seed: int,
    store: Path | None,
    as_json: bool,
    timings: bool,
) -> None:
    r"""How likely ratification is, under every bylaw of a case.

    \b
    ratify forecast sebac-2011 --as-of 2011-06-24
    ratify forecast sebac-2011 --as-of 2011-06-22 --assume "council-4 rejected"
    ratify forecast sebac-2011 --as-of 2011-06-24 --scenario revote --bylaws july-2011

    The first run compiles the model, which can take a minute or two; asking the same evidence
    about other bylaws answers at once. The yes count always comes first.
    """
    from ratification.api import Runs, forecast, load, set_from_text
    from ratification.case.priors import PriorError

    checked_day(as_of)
    loaded = load(case)
    for text in settings:
        try:
            loaded = loaded.with_priors(set_from_text(loaded.priors, text))
        except PriorError as error:
            raise click.BadParameter(str(error), param_hint="--set") from None
    with Waiting(quiet=False) as waiting:
        runs = Runs(open_store(store), progress=waiting.tell)
        found = forecast(
            loaded,
            round_id=round_id,
            as_of=as_of,
            bylaws=bylaws,
            scenarios=scenario,
            assume=assume,
            without=without,
            worlds=worlds,
            seed=seed,
            runs=runs,
        )
    seconds = waiting.seconds if timings else None
    if as_json:
        from ratification.output.contract import forecast_object

        click.echo(json.dumps(forecast_object(found, seconds), indent=1, ensure_ascii=False))
        return
    from ratification.output.terminal import console, forecast_view

    console().print(forecast_view(found))
    for stage, spent in (seconds or {}).items():
        click.echo(f"{spent:8.2f} s  {stage}", err=True)
