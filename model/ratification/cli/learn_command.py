"""`ratify learn`: priors for a new vote from past ones."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ratification.cli.asking import force_option, refuse_existing, seed_option
from ratification.cli.options import Waiting, checked_day
from ratification.errors import RequestError

if TYPE_CHECKING:
    from ratification.validation.learned import Learned


def write_learned(found: "Learned", toml: Path | None, features: Path | None) -> None:
    """Write priors and leanings, each file whole.

    Raises:
        RequestError: no unit recurs, so there are no leanings, or a file cannot be written.
    """
    from ratification.case.saving import priors_toml
    from ratification.case.writing import write_whole
    from ratification.output.views.learn import leanings_csv

    if features is not None:
        if found.beside is None:
            raise RequestError("no unit recurs on two polling days: there are no leanings to write")
        write_whole(features, leanings_csv(found).encode())
    if toml is not None:
        priors = found.beside if features is not None and found.beside else found.priors
        write_whole(toml, priors_toml(priors).encode())


@click.command("learn")
@click.argument("cases", nargs=-1, required=True, metavar="FOLDER...")
@click.option("--since", metavar="DAY", help="Only votes from this day on: '1924-01-01'.")
@click.option("--until", metavar="DAY", help="Only votes to the end of this day.")
@click.option("--fast", is_flag=True, help="By marginal likelihood in a second, without PyMC.")
@seed_option
@click.option(
    "--toml",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the [priors] to paste into case.toml; beside --features those with leanings.",
)
@click.option(
    "--features",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the lasting leanings of units as a features.csv.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@force_option
def command(
    cases: tuple[str, ...],
    since: str | None,
    until: str | None,
    fast: bool,
    seed: int,
    toml: Path | None,
    features: Path | None,
    as_json: bool,
    force: bool,
) -> None:
    """Learn priors for a new vote from past ones whose final counts are known.

    Estimates how far votes, unions and units lie apart, and the lasting leanings of units that
    recur, and shows, leaving out one polling day at a time, whether that predicts better than the
    cases' own priors. FOLDER is a case, the name of a shipped one, or of a shipped table of votes.

    \b
    ratify learn australia
    ratify learn australia --since 1924-01-01 --fast --toml priors.toml --features features.csv
    """
    from ratification.api.learning import learn
    from ratification.output.views.learn import learn_object, learn_view

    for path in (toml, features):
        if path is not None:
            refuse_existing(path, force)
    days = (checked_day(since, "--since"), checked_day(until, "--until"))
    with Waiting(quiet=as_json) as waiting:
        found = learn(
            cases, since=days[0], until=days[1], fast=fast, seed=seed, progress=waiting.tell
        )
    write_learned(found, toml, features)
    if as_json:
        click.echo(json.dumps(learn_object(found), indent=1))
        return
    from ratification.output.terminal import console

    console().print(learn_view(found))
