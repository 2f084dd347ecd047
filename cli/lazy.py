"""A group of commands that are imported when they are run: `--help` and completion load none of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from ..errors import UserError, did_you_mean


class LazyCommand(NamedTuple):
    """Where a command stands, and what the list of commands says of it."""

    module: str
    """Of this package."""
    name: str
    """Of the function, or of the `typer.Typer` of a group of commands."""
    summary: str

    def load(self, command_name: str) -> Any:
        """Import the command, called `command_name`, and return it as typer's."""
        target = getattr(import_module(f".{self.module}", __package__), self.name)
        # Help texts name packages such as zerosight[train], which markup would swallow.
        if isinstance(target, typer.Typer):
            target.rich_markup_mode = None
            return typer.main.get_group(target)
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(command_name)(target)
        return typer.main.get_command(single)


class LazyGroup(TyperGroup):
    """Commands by name, in the order in which they are listed; a subclass names them."""

    lazy_commands: ClassVar[dict[str, LazyCommand]] = {}
    _is_listing = False

    @contextmanager
    def _listing(self) -> Iterator[None]:
        """Have `get_command` return names and summaries alone while the block lasts."""
        self._is_listing = True
        try:
            yield
        finally:
            self._is_listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands."""
        return list(self.lazy_commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return the command called `cmd_name`; None without one."""
        lazy_command = self.lazy_commands.get(cmd_name)
        if lazy_command is None:
            return None
        if self._is_listing:
            return TyperCommand(cmd_name, help=lazy_command.summary, rich_markup_mode=None)
        return lazy_command.load(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that `args` begin with.

        Raises:
            UserError: there is none; the message suggests the closest.
        """
        if args and args[0] not in self.lazy_commands and not args[0].startswith("-"):
            hint = did_you_mean(args[0], self.lazy_commands)
            known = f"known: {', '.join(self.lazy_commands)}"
            raise UserError(f"unknown command {args[0]!r}; {hint + ' ' if hint else ''}({known})")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        with self._listing():
            super().format_commands(ctx, formatter)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Return what `incomplete` may become."""
        with self._listing():
            return super().shell_complete(ctx, incomplete)
