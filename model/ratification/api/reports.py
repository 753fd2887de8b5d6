"""The HTML report."""

from collections.abc import Sequence
from pathlib import Path

from ratification.answers.run import Run
from ratification.answers.timeline import Timeline
from ratification.case.writing import write_whole
from ratification.output.page.notice import Notice
from ratification.validation.tuning import Tuning


def write_report(
    path: Path,
    runs: Sequence[Run],
    *,
    title: str = "",
    author: str = "",
    note: str = "",
    public: bool = False,
    commands: Sequence[str] = (),
    timelines: Sequence[Timeline] = (),
    tunings: Sequence[Tuning] = (),
    notice: Notice | None = None,
) -> None:
    """Write one HTML page about a run, or comparing several. It replaces a file that is there.

    `note` is the sender's Markdown; `public` leaves out private reports and what gives them away;
    `commands` say, run by run, how to make it again; `timelines` add how each forecast moved,
    `tunings` the checks of its model; `notice` is what the page says of its own age.

    Raises:
        RequestError: the file cannot be written, or a private report would show.
    """
    from ratification.output.page.page import Page
    from ratification.output.page.render import render

    page = Page.from_runs(
        runs,
        title=title,
        author=author,
        note=note,
        public=public,
        commands=commands,
        timelines=timelines,
        tunings=tunings,
    )
    write_whole(path, render(page, notice=notice).encode())
