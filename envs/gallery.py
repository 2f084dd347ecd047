"""A page of items to look at: picture, question, answer and all that they were made from."""

import base64
import json
from collections.abc import Sequence
from html import escape

from ..render import Picture
from .core import Environment, Item

SIZE = 256
"""Pictures that are meant to be seen smaller are shown so wide, px."""

_STYLE = """
:root { color-scheme: light dark; --card: #8881; --line: #8884; --quiet: #888; --right: #1a7f37; }
@media (prefers-color-scheme: dark) { :root { --right: #4ac26b; } }
body { font: 16px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 82rem; padding: 0 1rem; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(17.5rem, 1fr)); }
article { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .75rem; }
img { background: #fff; display: block; height: auto; margin: 0 auto .6rem; max-width: 100%; }
h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin: 0 0 .4rem; }
p { margin: .2rem 0; } .quiet, footer { color: var(--quiet); font-size: .85rem; }
.answer { color: var(--right); font-weight: 600; }
pre { font-size: .78rem; overflow-x: auto; white-space: pre-wrap; word-break: break-word; }
summary { cursor: pointer; font-size: .85rem; }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p class="quiet">{count} items. Pixels and answers come from the same scene; no answer was guessed.</p>
<main>
{cards}
</main>
</body>
</html>
"""

_CARD = """<article>
<img src="data:image/png;base64,{png}" width="{size}" height="{size}" alt="{alt}">
<h2>{question}</h2>
<p>answer: <span class="answer">{answer}</span> <span class="quiet">of {options}</span></p>
<p class="quiet">{task}, difficulty {difficulty}, margin {margin}</p>
<p class="quiet">{id}</p>
{proof}<details><summary>query</summary><pre>{query}</pre></details>
<details><summary>program</summary><pre>{program}</pre></details>
</article>"""


_PROOF = """<details><summary>proof</summary>
<img src="data:image/png;base64,{png}" width="{size}" height="{size}" alt="what the answer rests on">
</details>
"""
PROOF_SIZE = 400


def gallery_page(env: Environment, items: Sequence[Item]) -> str:
    """One self-contained page of HTML with a card for each item."""
    cards = "\n".join(_card(env, item) for item in items)
    return _PAGE.format(title=escape(env.id), style=_STYLE, count=len(items), cards=cards)


def _card(env: Environment, item: Item) -> str:
    size = max(SIZE, env.size)
    proof = env.proof(item, PROOF_SIZE)
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
    escaped = {name: escape(text) for name, text in texts.items()}
    shown = "" if proof is None else _PROOF.format(png=_encoded(proof), size=PROOF_SIZE)
    return _CARD.format(png=_encoded(env.show(item, size)), size=size, proof=shown, **escaped)


def _encoded(picture: Picture) -> str:
    return base64.b64encode(picture.png()).decode("ascii")
