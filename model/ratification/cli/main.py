"""`ratify`: the group of commands. Each is loaded when it is called, so that --help is quick."""

import difflib
import importlib
import io
import os
import sys
from typing import Any

import click

COMMANDS = {
    "forecast": "How likely ratification is, under every bylaw of a case.",
    "report": "Write the HTML report of a case, or compare several on one page.",
    "timeline": "How the forecast moved, and what moved it, day by day.",
    "diff": "Why two forecasts differ: each change split by its causes.",
    "compare": "Every scenario of a vote by every bylaw, in one table.",
    "whatif": "How a result that might come in, or a report left out, would change the chances.",
    "breakeven": "How strong the effect of early returns must be to change the answer.",
    "sweep": "How likely, at every choice of two thresholds of the bylaws.",
    "amend": "The smallest changes to the bylaws that reach a target chance.",
    "pivots": "Which unions and counts matter: power, pivotality, what results would tell.",
    "tune": "What the priors say and the reports taught, and whether the model suits them.",
    "watch": "Keep a report up to date while a case is edited, and a ledger of what it said.",
    "history": "List what a case's report said while it was watched.",
    "backtest": "How good the forecasts are: finished votes replayed and scored.",
    "learn": "Learn priors for a new vote from past ones, and whether that helps.",
    "calibrate": "Whether the model finds again what it simulated on a case: rank plots, verdict.",
    "check": "Check a case: its tree, the evidence in force, contradictions, every problem.",
    "add": "Record one report in a case and show what it changes.",
    "new": "Write a small commented case to start from.",
    "cases": "List the shipped cases.",
}


class LazyGroup(click.Group):
    """Commands by name, each in its own module `ratification.cli.NAME`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Names in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command's module."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"ratification.cli.{name}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse an unknown command, offering the nearest."""
        name = args[0] if args else ""
        if name and name not in COMMANDS and not name.startswith("-"):
            close = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else f" Try: {', '.join(COMMANDS)}"
            ctx.fail(f"No such command {name!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ratification", prog_name="ratify")
def ratify() -> None:
    """Forecast whether a coalition of unions ratifies, under the bylaws that decide it.

    Start with:  ratify forecast sebac-2011 --as-of 2011-06-24

    A case is a folder of plain files, or the name of a shipped one (ratify cases).
    Exit codes: 0 done, 1 the forecast failed, 2 wrong usage, 3 the case is wrong.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run `ratify` and exit. Errors made on purpose end in one clear line and their own code."""
    from ratification.errors import CaseError, RatificationError

    # Matrices here are small: threads of OpenBLAS wait for each other, and chains have their own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What the encoding of a pipe or terminal lacks shows as "?" and ends no command.
            stream.reconfigure(errors="replace")
    try:
        code: Any = ratify.main(arguments, prog_name="ratify", standalone_mode=False)
    except CaseError as error:
        for problem in error.problems:
            click.echo(f"error: {problem}", err=True)
        sys.exit(error.exit_code)
    except RatificationError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as stop:
        # click makes an Abort of an interrupt; what the command has to say of it is in its cause.
        click.echo(f"stopped: {str(stop.__cause__ or '') or 'nothing was written'}", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)
