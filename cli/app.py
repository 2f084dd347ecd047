"""The command line: the list of commands, and what becomes of an error.

Exit status: 0 done; 1 what was checked does not hold (a drawing is rejected, something does not fit, a part is
missing); 2 the command cannot be carried out as it was given, with the reason in one line; 3 part of an evaluation
could not be asked; 70 a fault of this program; 128 + N ended by signal N, so 130 for Ctrl-C.
"""

import sys
import traceback
from typing import Annotated, ClassVar

import typer
from rich.text import Text

from .. import UserError, __version__
from .console import console, errors
from .lazy import LazyCommand, LazyGroup

FAULT_STATUS = 70
"""The exit status of a fault of this program, as in sysexits.h."""

_CLICK_ERROR = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")
"""What typer raises on bad input; its own click's, where it brings one."""


class Commands(LazyGroup):
    """Every command."""

    lazy_commands: ClassVar[dict[str, LazyCommand]] = {
        "evolve": LazyCommand("evolve", "evolve", "Evolve a model from zero data; measure it before and after."),
        "watch": LazyCommand("pages", "watch", "Show runs as they go, on a page in your browser."),
        "runs": LazyCommand("runs", "runs_app", "List runs, say how they stand, measure and clean them."),
        "plan": LazyCommand("plan", "plan", "Estimate what a run will need, and what would not fit."),
        "recipe": LazyCommand("recipes", "recipe_app", "The systems that can be run, as recipes of one loop."),
        "compare": LazyCommand("pages", "compare", "Put runs side by side on one page."),
        "report": LazyCommand("pages", "report", "Write a run's report anew, finished or not."),
        "env": LazyCommand("environments", "env_app", "The environments that questions are asked about."),
        "draw": LazyCommand("draw", "draw", "Run a program in the sandbox; write its picture."),
        "eval": LazyCommand("evaluate", "evaluate_model", "Measure a model on held-out items and benchmarks."),
        "bench": LazyCommand("evaluate", "bench_app", "Public benchmarks and our own suites."),
        "data": LazyCommand("data", "data_app", "Data sets for other trainers."),
        "cluster": LazyCommand("cluster", "cluster_app", "Jobs for training engines on many machines."),
        "serve": LazyCommand("serve", "serve", "Items, drawing and scoring over HTTP."),
        "part": LazyCommand("parts", "part_app", "Recipes, terms, curricula, losses of your own."),
        "export": LazyCommand("export", "export_role", "Write a trained role as a Hugging Face folder."),
        "doctor": LazyCommand("doctor", "doctor", "What is installed, what is missing and how to get it."),
    }


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    # Help texts name packages such as zerosight[train], which markup would swallow.
    rich_markup_mode=None,
    epilog="Exit status: 0 done, 1 what was checked does not hold, 2 not possible as given, 3 an evaluation is "
    "incomplete, 70 a fault of zerosight itself, 130 ended by Ctrl-C.",
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        console.print(f"zerosight {__version__}")
        raise typer.Exit


@app.callback()
def zerosight(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A vision-language model improves itself from zero data."""


def main() -> None:
    """Run the command line; whatever goes wrong is one line on stderr, and the exit status says of what kind."""
    sys.exit(_status())


def _status() -> int:
    """Run the command that the arguments name, and return the exit status."""
    try:
        status = app(standalone_mode=False, prog_name="zerosight")
        return status if isinstance(status, int) else 0
    except UserError as error:
        _print_error(str(error))
        return error.exit_status
    except typer.Exit as ending:
        return ending.exit_code
    except (typer.Abort, KeyboardInterrupt):
        _print_error("interrupted")
        return 130
    except BrokenPipeError:
        # Whoever read the output has had enough of it.
        sys.stdout = None
        return 1
    except Exception as error:  # noqa: BLE001 - the last boundary: a person is told what to do, never a traceback alone
        if isinstance(error, _CLICK_ERROR):
            return _misuse(error)
        return _failure(error)


def _misuse(error: Exception) -> int:
    """Print in one line why typer refuses the arguments, or the help where none were given; return the exit status."""
    context = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split())  # type: ignore[attr-defined]
    if type(error).__name__ == "NoArgsIsHelpError":
        errors.print(error.format_message())  # type: ignore[attr-defined]
    else:
        see = f"; see `{context.command_path} --help`" if context is not None else ""
        _print_error(f"{message.rstrip('.')}{see}")
    return 2


def _failure(error: Exception) -> int:
    """Print what failed; the traceback only where it is a fault of this program."""
    if isinstance(error, OSError) and error.filename is not None:
        _print_error(f"{error.filename}: {error.strerror}")
        return 2
    errors.print(traceback.format_exc().rstrip(), soft_wrap=True)
    _print_error(f"this is a fault of zerosight ({type(error).__name__}: {error}); please report the lines above")
    return FAULT_STATUS


def _print_error(text: str) -> None:
    one_line = " ".join(text.splitlines())
    errors.print(Text.assemble(("error:", "bold red"), f" {one_line}"), soft_wrap=True)
