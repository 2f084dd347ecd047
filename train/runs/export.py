"""A trained role as a plain Hugging Face folder, or as a peft adapter, with a model card."""

import json
from pathlib import Path
from typing import Literal

from ... import __version__
from ..models.policy import ROLES
from .store import Run, RunError, load_trained, write_atomically

Form = Literal["merged", "adapter"]

_LOADING = {
    "merged": """from transformers import AutoModelForImageTextToText, AutoProcessor

model = AutoModelForImageTextToText.from_pretrained("{folder}")
processor = AutoProcessor.from_pretrained("{folder}")""",
    "adapter": """from peft import PeftModel
from transformers import AutoModelForImageTextToText, AutoProcessor

model = AutoModelForImageTextToText.from_pretrained("{base}")
model = PeftModel.from_pretrained(model, "{folder}")
processor = AutoProcessor.from_pretrained("{folder}")""",
}


def export(run_folder: Path, out: Path, role: str = "solver", form: Form = "merged", *, best: bool = False) -> None:
    """Write a role of a run's newest checkpoint.

    Args:
        run_folder: the run.
        out: an empty or missing folder.
        role: whose weights.
        form: `merged`, a model of its own that plain transformers loads; `adapter`, the LoRA weights as peft has them.
        best: of the checkpoint that `keep_best` keeps instead.

    Raises:
        RunError: the run has no checkpoint or no best one, the folder holds something, or there is no such role or
            form of it.
    """
    if role not in ROLES:
        raise RunError(f"no role {role!r}; the roles are {', '.join(ROLES)}")
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise RunError(f"{out} is not empty; choose another with --out")
    policy = load_trained(run_folder, best=best)
    if form == "adapter" and policy.sharing != "lora":
        raise RunError(f"a run with sharing={policy.sharing} has no adapters; leave --adapter away")
    out.mkdir(parents=True, exist_ok=True)
    if form == "adapter":
        policy.save_adapter(role, out)
    else:
        policy.merged(role).save_pretrained(out)
    policy.save_processor(out)
    write_atomically(out / "README.md", card(Run.open(run_folder), role, form, out.name).encode())


def card(run: Run, role: str, form: Form, name: str) -> str:
    """The model card: what it is, from which model, what was measured, how it is loaded."""
    config = run.config
    head = {
        "library_name": "transformers" if form == "merged" else "peft",
        "pipeline_tag": "image-text-to-text",
        "tags": ["zerosight", "self-evolving", role],
    }
    if "/" in config.model and not Path(config.model).exists():
        head["base_model"] = config.model
    lines = ["---", *(f"{key}: {json.dumps(value)}" for key, value in head.items()), "---", "", f"# {name}", ""]
    shared = "" if config.sharing == "shared" else "'s weights"
    lines += [
        f"The {role}{shared} of a Zerosight {__version__} run: recipe `{config.recipe}`, model `{config.model}`, "
        f"{run.checkpoints()[-1].name.removeprefix('step_').lstrip('0') or '0'} of {config.steps} steps, seed "
        f"{config.seed}, on {', '.join(config.envs)}. No picture, question or label from outside took part.",
        "",
    ]
    measured = [(label, run.evaluation(key)) for label, key in (("before", "start"), ("after", "end"))]
    if any(found for _, found in measured):
        lines += ["| held-out items | accuracy | blind (pictures swapped) |", "| --- | --- | --- |"]
        for label, found in measured:
            if found:
                overall = found["overall"]
                lines.append(f"| {label} | {overall['accuracy']:.1%} | {overall['blind']:.1%} |")
        lines.append("")
    loading = _LOADING[form].format(folder=name, base=config.model)
    return "\n".join([*lines, "```python", loading, "```", ""])
