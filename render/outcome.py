"""What a program can come to: a picture, a rejection, or a failure of ours."""

from dataclasses import asdict, dataclass
from typing import Any

from ..errors import UserError


@dataclass(frozen=True, slots=True)
class Rejected:
    """Model-written input that is not accepted: a result that trains its author, never an error of ours."""

    code: str
    """Short and stable, for counting."""
    reason: str
    """What and where, in words that a model can learn from."""
    hint: str = ""
    """How to mend it."""

    def as_message(self) -> dict[str, Any]:
        """As a worker's reply."""
        return {"rejected": self.to_dict()}

    def to_dict(self) -> dict[str, str]:
        """As a mapping of its fields."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Rejected":
        """What `to_dict` gave."""
        return cls(str(fields["code"]), str(fields["reason"]), str(fields["hint"]))


class InfrastructureError(UserError, RuntimeError):
    """Our machinery failed (a dead or hung worker): retried, counted, never scored as a wrong answer."""
