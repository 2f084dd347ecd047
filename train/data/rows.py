"""Rows of a data set: an item as a trainer reads it, with its picture, prompt, answer and the oracle's truth.

A row is a mapping of plain values; its picture is the bytes of a PNG file under `png`. `truth` is JSON text that
`zerosight.score` takes, so that a reward needs nothing but this column.
"""

import json
from collections.abc import Mapping
from typing import Any

from ...envs import Item, make
from ...envs.card import Style
from ...envs.scorer import truth_json
from ...roles import solver
from ...roles.messages import text_of
from .plan import DataPlan

Row = dict[str, Any]


def row_of(
    item: Item, *, style: Style = "full", mode: solver.Mode = "answer", picture_px: int = 0, with_scene: bool = False
) -> Row:
    """Return `item` as a row.

    Args:
        item: with its truth.
        style: of the Solver's prompt.
        mode: of the Solver's prompt: the answer alone, or thinking before it.
        picture_px: width of the picture; 0 is the world's own.
        with_scene: add the scene as JSON text.

    Raises:
        InfrastructureError: the sandbox failed.
    """
    env = make(item.env)
    messages = solver.prompt(item.question, style=style, mode=mode)
    row: Row = {
        "id": item.id,
        "world": item.env,
        "task": item.task,
        "difficulty": item.difficulty,
        "question": item.question.text,
        "system": text_of(messages, "system"),
        "prompt": text_of(messages, "user"),
        "answer": item.truth.value,
        "kind": item.question.kind,
        "options": list(item.question.options),
        "margin": float(item.truth.margin),
        "margin_unit": item.truth.unit,
        "tolerance": float(item.truth.tolerance),
        "measure": item.truth.measure,
        "truth": truth_json(item),
        "query": json.dumps(item.question.query, sort_keys=True),
        "program": item.program,
        "png": env.render_item(item, picture_px or env.size).png(),
    }
    if with_scene:
        row["scene"] = item.scene.to_json()
    return row


def planned_row(plan: DataPlan, number: int) -> Row:
    """Return row `number` of `plan`; ids are the item's key, so that no two rows share one.

    Raises:
        InfrastructureError: the sandbox failed.
    """
    place = plan.place(number)
    row = row_of(
        plan.item(number), style=plan.style, mode=plan.mode, picture_px=plan.picture_px, with_scene=plan.with_scene
    )
    row["id"] = f"{place.world}/{plan.split}/{plan.seed}/{place.turn}/{place.task}"
    return row


def target(row: Mapping[str, Any], mode: solver.Mode = "answer") -> str:
    """Return the reply to learn for `row`: its answer, within the tags that the prompt asks for in reasoning `mode`."""
    return f"<answer>{row['answer']}</answer>" if mode == "reason" else str(row["answer"])
