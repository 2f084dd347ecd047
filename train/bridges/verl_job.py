"""Write a verl job: the plan of its items, validation data, reward function, agent loop, launch script and notes."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment as Templates
from jinja2 import StrictUndefined

from ..data.make import make_data
from ..data.plan import DataError, DataPlan
from ..runs.files import write_atomically
from .triad import ROLES

VALIDATION_ITEMS = 200
SOLVER_TOKENS = {"answer": 64, "reason": 1024}
"""New tokens of an answer at most, by the Solver's mode."""


@dataclass(frozen=True, kw_only=True)
class VerlJob:
    """A job for verl on one node or several."""

    plan: DataPlan
    """The training items; its count is what an epoch has."""
    model: str = "Qwen/Qwen2.5-VL-3B-Instruct"
    nodes: int = 1
    gpus: int = 8
    """Of each node."""
    batch: int = 128
    """Prompts of a step."""
    group: int = 8
    """Replies to each prompt."""
    prompt_tokens: int = 4096
    response_tokens: int = 1536
    triad: bool = False
    """The three roles learn in turn; without it the Solver alone."""
    validation_items: int = VALIDATION_ITEMS


def write_job(folder: Path, job: VerlJob) -> Path:
    """Write `job` into an empty or new `folder` and return the script that starts it.

    Raises:
        DataError: the folder holds something, or a step has more prompts than an epoch has items.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise DataError(f"{folder} is not empty; choose another folder")
    if job.batch > job.plan.count:
        raise DataError(f"a step of {job.batch} prompts needs as many items, got {job.plan.count}; raise --items")
    roles = list(ROLES) if job.triad else []
    plan_text = json.dumps({"plan": job.plan.to_dict(), "roles": roles}, indent=1) + "\n"
    write_atomically(folder / "plan.json", plan_text.encode())
    values = job.plan.to_dict() | {"count": job.validation_items, "split": "heldout"}
    make_data(folder / "data", DataPlan.from_dict(values), "verl", shard_rows=job.validation_items)
    templates = Templates(undefined=StrictUndefined, keep_trailing_newline=True)
    fields = {
        "worlds": job.plan.worlds,
        "seed": job.plan.seed,
        "mode": job.plan.mode,
        "picture_px": job.plan.picture_px,
        "solver_tokens": SOLVER_TOKENS[job.plan.mode],
        **{name: getattr(job, name) for name in ("model", "nodes", "gpus", "batch", "group", "triad")},
        **{name: getattr(job, name) for name in ("prompt_tokens", "response_tokens")},
    }
    for template in ("README.md", "run.sh", "reward.py", "agent_loop.yaml"):
        text = (files(__package__) / "verl_job_template" / f"{template}.j2").read_text(encoding="utf-8")
        write_atomically(folder / template, templates.from_string(text).render(fields).encode())
    script = folder / "run.sh"
    script.chmod(0o755)
    return script
