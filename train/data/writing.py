"""Proposals and programs with their verdicts, for supervised warm-ups of a Proposer or Coder.

Two sources: worlds, whose own items are written as the proposals and programs that lead to them, and runs, whose
rollouts hold what was written and what became of it. Rows are as those of answers, but have no picture.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from ...envs import Briefing, Rejected, make
from ...envs.card import ExampleProposal, Style
from ...roles import coder, proposer
from ...roles.messages import Messages, text_of
from ..runs.reading import is_object, read_lines
from .plan import DataError, DataPlan
from .rows import Row

ROLES = ("proposer", "coder")
ACCEPTED = "accepted"
MAX_MISSES = 2_000
"""Items in a row without a proposal, after which a world is taken to have none."""

_BRIEFING = re.compile(r"(.*), (\d+) objects")


def _row(row_id: str, world: str, task: str, messages: Messages, reply: str, verdict: str, reason: str) -> Row:
    return {
        "id": row_id,
        "world": world,
        "task": task,
        "system": text_of(messages, "system"),
        "prompt": text_of(messages, "user"),
        "reply": reply,
        "verdict": verdict,
        "reason": reason,
    }


def world_rows(plan: DataPlan, role: str) -> Iterator[tuple[int, Row]]:
    """Yield the items of `plan` as the replies of `role` that lead to them, each with the number of its item.

    Raises:
        DataError: item after item cannot be put so: its world does not say what a drawing of its own meets.
    """
    misses = 0
    for number in count():
        row = _world_row(plan, role, number)
        misses = misses + 1 if row is None else 0
        if misses > MAX_MISSES:
            raise DataError(f"{', '.join(plan.worlds)}: no item can be put as a {role}'s reply; choose another world")
        if row is not None:
            yield number, row


def _world_row(plan: DataPlan, role: str, number: int) -> Row | None:
    item = plan.item(number)
    env = make(item.env)
    requirements = env.requirements_of(item.scene)
    if not requirements:
        return None
    object_count = sum(requirement.count for requirement in requirements)
    briefing = Briefing(item.task, item.difficulty, object_count)
    if role == "coder":
        needs = [need.text for need in env.needs(env.parse_value(item.question.query))]
        messages, reply = coder.prompt(env, requirements, needs=needs, style=plan.style), item.program
    else:
        messages = proposer.prompt(env, briefing, style=plan.style)
        reply = ExampleProposal(briefing, requirements, item).to_json()
        if isinstance(proposer.parse(env, reply), Rejected):
            return None
    row_id = f"{item.env}/{plan.split}/{plan.seed}/{number}/{role}"
    return _row(row_id, item.env, item.task, messages, reply, ACCEPTED, "")


def run_rows(run: Path, role: str, style: Style = "full") -> Iterator[tuple[int, Row]]:
    """Yield what `role` wrote in all steps of a `run`, with the verdict on it and its number.

    The verdict is `accepted`, the code of a rejection, or `spec` for a drawing that does not show what was required.
    Programs whose drawing failed through no fault of theirs have no verdict and are left out.

    Args:
        run: the run's directory.
        role: `proposer` or `coder`.
        style: of the prompts.

    Raises:
        DataError: the folder holds no rollouts.
    """
    paths = sorted((run / "rollouts").glob("step_*.jsonl"))
    if not paths:
        raise DataError(f"{run} has no rollouts; name a run directory of `zerosight evolve`")
    rows = (
        row
        for path in paths
        for place, rollout in enumerate(read_lines(path, is_object, "those rollouts are left out"))
        for row in _rollout_rows(rollout, role, style, f"{path.stem}/{place}")
    )
    yield from zip(count(), rows, strict=False)


def _rollout_rows(rollout: Mapping[str, Any], role: str, style: Style, name: str) -> Iterator[Row]:
    env = make(rollout["env"])
    briefing_match = _BRIEFING.fullmatch(rollout["briefing"])
    if not rollout["proposal"] or briefing_match is None:
        return
    task = briefing_match[1].replace(" ", "_")
    if role == "proposer":
        briefing = Briefing(task, env.difficulties[0], int(briefing_match[2]))
        code, reason = rollout["rejected"] or (ACCEPTED, "")
        messages = proposer.prompt(env, briefing, style=style)
        yield _row(name, env.id, task, messages, rollout["proposal"], code, reason)
        return
    proposal = proposer.parse(env, rollout["proposal"])
    if isinstance(proposal, Rejected):
        return
    messages = coder.proposal_prompt(env, proposal, style=style)
    for number, program in enumerate(rollout["programs"]):
        if "failed" not in program:
            code, reason = _program_verdict(program)
            yield _row(f"{name}/{number}", env.id, task, messages, program["program"], code, reason)


def _program_verdict(program: Mapping[str, Any]) -> tuple[str, str]:
    """Return the code and the reason of a `program`'s verdict."""
    if program.get("rejected"):
        code, reason = program["rejected"]
        return code, reason
    if program["spec_check"] and program["spec_check"]["spec_satisfied"]:
        return ACCEPTED, ""
    return "spec", json.dumps(program["spec_check"], sort_keys=True)


def writing_rows(plan: DataPlan, role: str, run: Path | None, start: int) -> Iterator[tuple[int, Row]]:
    """Yield the rows of `role` from number `start` on: of a `run` where one is named, else of the plan's worlds."""
    rows = run_rows(run, role, plan.style) if run is not None else world_rows(plan, role)
    return ((number, row) for number, row in rows if number >= start)
