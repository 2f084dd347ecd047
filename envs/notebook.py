"""Notebooks: how an item shows itself in Jupyter, with its picture, question, answer and margin.

`core` knows no registry and so cannot draw; `envs` gives `Item` this method when it is loaded.
"""

import base64
from html import escape

from ..render import InfrastructureError, Picture
from .core import Item
from .registry import make

SHOWN_PX = 256
"""Least width of a picture in a notebook."""


def picture_html(picture: Picture, alt_text: str = "", width: int = SHOWN_PX) -> str:
    """Return `picture` as an image element, enlarged to `width` without smoothing where it is smaller.

    Args:
        picture: to show.
        alt_text: what it shows, for who cannot see it.
        width: least width, px.
    """
    data = base64.b64encode(picture.png()).decode()
    shown_width = max(width, picture.array.shape[1])
    style = "image-rendering: pixelated; border: 1px solid #ccc"
    return f'<img src="data:image/png;base64,{data}" width="{shown_width}" style="{style}" alt="{escape(alt_text)}">'


def item_html(item: Item) -> str:
    """Return `item` as a notebook shows it; where it cannot be drawn, its words with the reason."""
    env = make(item.env)
    try:
        shown = picture_html(env.render_item(item, env.size), item.question.text)
    except InfrastructureError as error:
        shown = f"<em>no picture: {escape(str(error))}</em>"
    truth = item.truth
    measure = f" {truth.measure}" if truth.measure else ""
    rows = [
        ("question", item.question.text),
        ("answer", f"{truth.value}{measure}"),
        ("margin", f"{truth.margin:g} {truth.unit}"),
        ("of", f"{item.env}: {item.task}, difficulty {item.difficulty}"),
    ]
    cells = "".join(f"<tr><th style='text-align:left'>{name}</th><td>{escape(text)}</td></tr>" for name, text in rows)
    return f"<div>{shown}<table>{cells}</table></div>"


Item._repr_html_ = item_html  # type: ignore[attr-defined]
