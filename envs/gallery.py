"""A page of items to look at: picture, question, answer and all that they were made from."""

import base64
import json
from collections.abc import Sequence
from html import escape

from markupsafe import Markup

from ..render import Picture
from .core import Environment, Item
from .html import page_templates

SIZE = 256
"""Width, px, of pictures that are meant to be seen smaller."""
EXPLANATION_SIZE = 400
"""Width, px, of the pictures that show what an answer rests on."""


def gallery_page(env: Environment, items: Sequence[Item]) -> str:
    """Return one self-contained page of HTML with a card for each of `items`, which `env` made."""
    cards = [_card(env, item) for item in items]
    template = page_templates().get_template("gallery.html.j2")
    return template.render(title=env.id, cards=cards, explanation_size=EXPLANATION_SIZE)


def _card(env: Environment, item: Item) -> dict[str, Markup | str | int | None]:
    size = max(SIZE, env.size)
    explanation = env.explanation_image(item, EXPLANATION_SIZE)
    texts = {
        "alt": f"what the question is about: {item.task.replace('_', ' ')}",
        "question": item.question.text,
        "answer": f"{item.truth.value} {item.truth.measure}".strip(),
        "options": ", ".join(item.question.options) or "any",
        "task": item.task.replace("_", " "),
        "difficulty": str(item.difficulty),
        "margin": f"{item.truth.margin:g} {item.truth.unit}",
        "id": item.id,
        "query": json.dumps(item.question.query),
        "program": item.program,
    }
    return {
        "png": _encoded(env.render_item(item, size)),
        "size": size,
        "explanation": None if explanation is None else _encoded(explanation),
        **{name: Markup(escape(text)) for name, text in texts.items()},
    }


def _encoded(picture: Picture) -> str:
    return base64.b64encode(picture.png()).decode("ascii")
