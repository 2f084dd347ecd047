"""What several commands share: their consoles, bad input, progress bars, and what is needed to train."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ..errors import UserError

console = Console()
errors = Console(stderr=True)


class Usage(UserError):
    """Bad input found by a command itself."""


def need_training() -> None:
    """Look for the `train` extra, and keep its libraries quiet.

    Raises:
        Usage: it is not installed.
    """
    try:
        import torch
        import transformers
    except ModuleNotFoundError as error:
        raise Usage(
            f"{error.name} is not installed; run `pip install 'zerosight[train]'` (see `zerosight doctor`)"
        ) from error
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    torch.set_flush_denormal(True)


class Watch:
    """Progress bars for a session."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            # On stderr, so that stdout is only what was asked for: `--json` can be piped.
            console=errors,
        )
        self._task: Any = None
        self._name = ""
        self._rejected: dict[str, int] = {}
        self._pictures = 0

    def __enter__(self) -> "Watch":
        self._bars.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._bars.__exit__(*exception)

    def phase(self, name: str) -> None:
        """A new bar."""
        self._name = name
        self._task = self._bars.add_task(name, total=None, note="")

    def answered(self, name: str, done: int, total: int) -> None:
        """Held-out answers."""
        self._bars.update(self._task, completed=done, total=total, note=name)

    def stepped(self, metrics: Mapping[str, Any], total: int) -> None:
        """Solve rate, pictures and rejections of a training step."""
        self._pictures += metrics["pictures"]
        for code, count in metrics["rejected"].items():
            self._rejected[code] = self._rejected.get(code, 0) + count
        top = sorted(self._rejected.items(), key=lambda pair: -pair[1])[:3]
        rate = metrics["solve_rate"]
        solved = "–" if rate is None else format(rate, ".0%")
        note = (
            f"solve {solved} · valid {metrics['proposals_valid']}/{metrics['proposals']}"
            f" · faithful {metrics['faithful']}/{metrics['programs']} · {self._pictures} pictures"
            f" · rejected {', '.join(f'{code} {count}' for code, count in top)}"
        )
        self._bars.update(self._task, completed=metrics["step"], total=total, note=note)
        # Without a terminal no bar is drawn, so a line now and then says how it goes.
        if not errors.is_terminal and (metrics["step"] % 10 == 0 or metrics["step"] == total):
            errors.print(f"step {metrics['step']}/{total}  {note}", highlight=False, soft_wrap=True)


def share(summary: Mapping[str, Any], value: str = "accuracy") -> str:
    """A share of a summary with its interval."""
    return f"{summary[value]:.1%} [dim]({summary['low']:.1%}–{summary['high']:.1%})[/]"
