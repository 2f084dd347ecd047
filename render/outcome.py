"""Outcomes of a program besides its picture: a rejection, or a failure of the infrastructure."""

from dataclasses import asdict, dataclass
from typing import Any

from ..errors import UserError


@dataclass(frozen=True, slots=True)
class Rejected:
    """Model-written input that is not accepted: a result that trains its author, and not an error."""

    code: str
    """Short and stable, for counting."""
    reason: str
    """The fault and its place, in words that a model can learn from."""
    hint: str = ""
    """Advice on mending it."""

    def as_message(self) -> dict[str, Any]:
        """Return it as a worker's reply."""
        return {"rejected": self.to_dict()}

    def to_dict(self) -> dict[str, str]:
        """Return a mapping of its fields."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> "Rejected":
        """Return the rejection whose `fields` are as `to_dict` gave them."""
        return cls(str(fields["code"]), str(fields["reason"]), str(fields["hint"]))


class InfrastructureError(UserError, RuntimeError):
    """The infrastructure failed (a dead or hung worker): retried, counted, never scored as a wrong answer."""
