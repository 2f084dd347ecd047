"""Chat messages in the form that Hugging Face chat templates take."""

from typing import Any

Messages = list[dict[str, Any]]


def chat(system: str, text: str, *, image: bool = False) -> Messages:
    """Return a system turn and a user turn of `text`; with `image`, a picture comes before the words."""
    content: list[dict[str, str]] = [{"type": "image"}] if image else []
    content.append({"type": "text", "text": text})
    return [{"role": "system", "content": [{"type": "text", "text": system}]}, {"role": "user", "content": content}]


def text_of(messages: Messages, role: str) -> str:
    """Return the words of the turn of `role` in `messages`."""
    turns = [message["content"] for message in messages if message["role"] == role]
    return "".join(part["text"] for content in turns for part in content if part["type"] == "text")
