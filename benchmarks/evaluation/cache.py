"""Replies of models, on disk: nothing is asked twice, and a killed evaluation goes on where it was.

One line for each batch, so that a kill leaves a batch whole or not at all: a resumed evaluation forms the same batches
as one that was never killed, and so gets the same replies even where a batch's padding changes a last bit.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's reply."""

    text: str
    finished: bool
    """False where the limit of tokens cut it off."""
    refused: bool = False
    """The model or its server would not answer; the text is what it said instead, if anything."""
    prompt_tokens: int | None = None
    """Tokens of the question with its pictures, as a server counts them."""
    new_tokens: int | None = None
    """Tokens of the reply, its thinking included, as a server counts them."""
    seconds: float | None = None
    """The time that a server took."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values, without what is as by default."""
        values = asdict(self)
        defaults = {item.name: item.default for item in fields(self)}
        return {name: value for name, value in values.items() if value != defaults[name]}


def digest_of(*parts: Any) -> str:
    """Return the sha256 over `parts`, JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Cache:
    """Replies by key in a folder; several processes may write, each to a file of its own.

    Args:
        folder: is made where it is missing; every `*.jsonl` in it is read.
        writer: the name of this process's file.
    """

    def __init__(self, folder: Path, writer: str = "answers") -> None:
        self.folder = folder
        self._path = folder / f"{writer}.jsonl"
        self._known: dict[str, Reply] = {}
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob("*.jsonl")):
            for line in path.read_text(encoding="utf-8").splitlines():
                self._known |= _read(line)
        if self._path.exists() and not self._path.read_bytes().endswith(b"\n"):
            # A kill cut the last line short: what follows must not be joined to it.
            self._append("")

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def __getitem__(self, key: str) -> Reply:
        return self._known[key]

    def keep(self, replies: Mapping[str, Reply]) -> None:
        """Write a batch of `replies` by key; they are on disk when this returns."""
        self._append(json.dumps({key: reply.to_dict() for key, reply in replies.items()}))
        self._known |= replies

    def _append(self, line: str) -> None:
        with self._path.open("ab") as file:
            # A lone surrogate, which JSON escapes, is the only text without UTF-8 bytes.
            file.write(f"{line}\n".encode())
            file.flush()
            os.fsync(file.fileno())


def _read(line: str) -> dict[str, Reply]:
    """Return the replies of a `line`; none of one that a kill cut short."""
    try:
        return {key: Reply(**value) for key, value in json.loads(line).items()}
    except ValueError:
        return {}
