"""One process for each run directory: a lock that names its owner, and ends with it.

The operating system's lock on `run.lock` is what counts: it is released however its owner ends. The file's text says
who that is (process and host), for whoever is refused. Begin at `RunLock`.
"""

import fcntl
import json
import logging
import os
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from ...errors import UserError

LOG = logging.getLogger(__name__)

NAME = "run.lock"

_LOCKED_HERE: set[Path] = set()
"""Run directories that this process owns: record locks do not hold a process off itself."""


class RunLockedError(UserError, RuntimeError):
    """Another process is running in this directory; the message names it and says how to go on."""


class Owner(NamedTuple):
    """The process that runs in a directory."""

    pid: int
    host: str
    since: str
    """Local date and time."""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} (since {self.since})"


class RunLock:
    """The right to write to a run directory, for as long as the block lasts.

    Args:
        folder: of the run.

    Raises:
        RunLockedError: another process, or this one already, has it; raised on entry.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._path = self._folder / NAME
        self._descriptor: int | None = None

    def __enter__(self) -> "RunLock":
        if self._folder in _LOCKED_HERE:
            raise _refusal(self._folder, Owner(os.getpid(), socket.gethostname(), "earlier in this process"))
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = _owner_of(_text_of(descriptor))
            os.close(descriptor)
            raise _refusal(self._folder, owner) from error
        # Whoever stands in the file has ended without a word: the lock went with it.
        if (stale_owner := _owner_of(_text_of(descriptor))) is not None:
            LOG.warning("%s: %s ended without finishing; its lock is taken over", self._folder, stale_owner)
        owner = Owner(os.getpid(), socket.gethostname(), time.strftime("%Y-%m-%d %H:%M:%S"))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, (json.dumps(owner._asdict()) + "\n").encode(), 0)
        self._descriptor = descriptor
        _LOCKED_HERE.add(self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._descriptor is not None
        _LOCKED_HERE.discard(self._folder)
        # Emptied and not removed: another process may have it open and be about to lock it.
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = None


def running_owner(folder: Path) -> Owner | None:
    """Return the process that is running in the run directory `folder`; None where none is."""
    folder = folder.resolve()
    try:
        lock_text = (folder / NAME).read_text(errors="replace") if folder not in _LOCKED_HERE else None
        if lock_text is None:
            return Owner(os.getpid(), socket.gethostname(), "now")
        # Whoever ends well empties the file. To look is to lock for a moment, which could refuse one that begins.
        if not lock_text:
            return None
        with (folder / NAME).open("rb+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except OSError:
        return _owner_of(lock_text) if lock_text else None
    return None


def _text_of(descriptor: int) -> str:
    return os.pread(descriptor, 4096, 0).decode(errors="replace")


def _owner_of(lock_text: str) -> Owner | None:
    """Read the owner in a lock's `lock_text`; None where there is none, or none that can be read."""
    try:
        owner_fields: Any = json.loads(lock_text)
        return Owner(int(owner_fields["pid"]), str(owner_fields["host"]), str(owner_fields["since"]))
    except (ValueError, KeyError, TypeError):
        return None


def _refusal(folder: Path, owner: Owner | None) -> RunLockedError:
    """Say who runs in `folder`, and what to do."""
    owner_text = str(owner) if owner is not None else "another process"
    stop_command = f"kill {owner.pid}" if owner is not None and owner.pid != os.getpid() else "end it"
    return RunLockedError(
        f"{folder} is being run by {owner_text}, and two would write over each other; wait for it, or stop it "
        f"({stop_command}; it leaves a checkpoint) and resume then"
    )
