"""`ratify report CASE...`."""

from pathlib import Path
from typing import Any

import click

from ratification.cli.asking import Asked, force_option, forecast_options, refuse_existing
from ratification.cli.options import Waiting
from ratification.errors import RequestError


@click.command("report")
@click.argument("cases", metavar="CASE...", nargs=-1, required=True)
@forecast_options
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the page here (default: CASE-DAY.html in this folder).",
)
@force_option
@click.option("--title", default="", metavar="TEXT", help="The page's title.")
@click.option("--author", default="", metavar="TEXT", help="Who sends it.")
@click.option(
    "--note",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The sender's words, in Markdown.",
)
@click.option(
    "--public",
    is_flag=True,
    help="Leave out private reports, and every figure that would give them away.",
)
@click.option(
    "--timeline",
    "with_timeline",
    is_flag=True,
    help="Also show how the forecast moved: one fit a day with news, by the instant engine.",
)
@click.option(
    "--checks",
    "with_checks",
    is_flag=True,
    help="Also show how the model was checked, as `ratify tune` does: one more fit for every union "
    "that has reported, by the instant engine.",
)
@click.option("--summary", is_flag=True, help="Print five sentences to paste; write no page.")
def command(
    cases: tuple[str, ...],
    out: Path | None,
    force: bool,
    title: str,
    author: str,
    note: Path | None,
    public: bool,
    with_timeline: bool,
    with_checks: bool,
    summary: bool,
    **options: Any,
) -> None:
    """Write the HTML report of a case, or one page that compares several.

    \b
    ratify report sebac-2011 --as-of 2011-06-24
    ratify report sebac-2011 --scenario revote --scenario revote-no-swing --out second-vote.html
    ratify report sebac-2011 rail-2022 --title "Two coalitions" --out compared.html
    ratify report sebac-2011 --as-of 2011-06-22 --timeline
    ratify report sebac-2011 --as-of 2011-06-22 --checks
    ratify report sebac-2011 --as-of 2011-06-22 --summary

    The page is one file that opens anywhere, offline, and prints. It carries a calculator in which
    readers move the bylaws' thresholds.
    """
    from ratification.api import write_report
    from ratification.output.page.page import Page

    for part, wanted in (("--timeline", with_timeline), ("--checks", with_checks)):
        if summary and wanted:
            raise click.UsageError(f"{part} is a part of the page, which --summary does not write")
    asked = Asked(**options)
    told = _note(note)
    target = out or Path(_name(cases, asked.as_of))
    if not summary:
        refuse_existing(target, force)
    with Waiting(quiet=False) as waiting:
        runs = asked.runs(waiting.tell)
        found = [asked.run(case, runs) for case in cases]
        if summary:
            page = Page.from_runs(found, public=public)
        else:
            timelines = [
                asked.timeline(case, waiting.tell, last=made)
                for case, made in zip(cases, found, strict=True)
                if with_timeline
            ]
            tunings = [asked.checks(made, waiting.tell) for made in found if with_checks]
            waiting.tell("writing the report", 0, 0)
            write_report(
                target,
                found,
                title=title,
                author=author,
                note=told,
                public=public,
                commands=[asked.command(case) for case in cases],
                timelines=timelines,
                tunings=tunings,
            )
    if summary:
        click.echo("\n\n".join(chapter.summary for chapter in page.chapters))
    else:
        click.echo(f"report: {target}", err=True)


def _name(cases: tuple[str, ...], day: str | None) -> str:
    case = Path(cases[0]).resolve().name if len(cases) == 1 else "compared"
    return f"{case}-{day}.html".replace(":", "") if day else f"{case}.html"


def _note(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"the note {path} cannot be read as UTF-8 text: {error}") from None
