"""Chat messages in the form that Hugging Face chat templates take."""

from typing import Any

Messages = list[dict[str, Any]]


def chat(system: str, text: str, *, image: bool = False) -> Messages:
    """A system turn and a user turn; the picture, if any, comes before the words."""
    content: list[dict[str, str]] = [{"type": "image"}] if image else []
    content.append({"type": "text", "text": text})
    return [{"role": "system", "content": [{"type": "text", "text": system}]}, {"role": "user", "content": content}]
