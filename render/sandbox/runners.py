"""The program workers of a slot: one for all programs of a kind, and others that have loaded more libraries.

Each starts with the first program that needs it: pandas or OpenCV cost nothing where no program uses them, and where
one does they are loaded once and not by each child. A program's text alone says which worker runs it, so that the same
program gives the same picture whatever ran before it.

Begin with `Runners`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from ..outcome import InfrastructureError, Rejected
from .service import ReadReply, Service

Outcome = TypeVar("Outcome")


class Runners:
    """Program workers of which a program's text chooses one.

    Args:
        plain: runs whatever no other one is for.
        special: by regular expression; the first that matches somewhere in a program says who runs it.
    """

    def __init__(self, plain: Service, special: Mapping[str, Service]) -> None:
        self._plain = plain
        self._special = [(re.compile(pattern), service) for pattern, service in special.items()]

    @property
    def services(self) -> tuple[Service, ...]:
        """Return the services of all workers, the plain one first."""
        return (self._plain, *(service for _, service in self._special))

    def stream(
        self, programs: Sequence[str], jobs: Sequence[bytes], read_reply: ReadReply[Outcome]
    ) -> Iterator[tuple[int, Outcome | Rejected | InfrastructureError]]:
        """Yield the position and outcome of each of `jobs` once it is done.

        Args:
            programs: Python texts.
            jobs: packed messages, one for each program.
            read_reply: turns a reply into an outcome.
        """
        numbers_by_service: dict[Service, list[int]] = {}
        for number, program in enumerate(programs):
            numbers_by_service.setdefault(self._service(program), []).append(number)
        for service, numbers in numbers_by_service.items():
            for index, outcome in service.stream([jobs[number] for number in numbers], read_reply):
                yield numbers[index], outcome

    def _service(self, program: str) -> Service:
        return next((service for pattern, service in self._special if pattern.search(program)), self._plain)
