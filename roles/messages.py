"""Chat messages in the form that Hugging Face chat templates take."""

from typing import Any

Messages = list[dict[str, Any]]


def chat(system: str, text: str, *, image: bool = False) -> Messages:
    """Return a system turn and a user turn of `text`; with `image`, a picture comes before the words."""
    content: list[dict[str, str]] = [{"type": "image"}] if image else []
    content.append({"type": "text", "text": text})
    return [{"role": "system", "content": [{"type": "text", "text": system}]}, {"role": "user", "content": content}]
