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


def export(
    run_folder: Path, out_folder: Path, role: str = "solver", export_form: Form = "merged", *, best: bool = False
) -> None:
    """Write a role of a run's newest checkpoint.

    Args:
        run_folder: the run.
        out_folder: an empty or missing folder.
        role: whose weights.
        export_form: `merged`, a model of its own that plain transformers loads; `adapter`, the LoRA weights as peft has
            them.
        best: of the checkpoint that `keep_best` keeps instead.

    Raises:
        RunError: the run has no checkpoint or no best one, the folder holds something, or there is no such role or
            form of it.
    """
    if role not in ROLES:
        raise RunError(f"no role {role!r}; the roles are {', '.join(ROLES)}")
    if out_folder.exists() and (out_folder.is_file() or any(out_folder.iterdir())):
        raise RunError(f"{out_folder} is not empty; choose another with --out")
    policy = load_trained(run_folder, best=best)
    if export_form == "adapter" and policy.sharing != "lora":
        raise RunError(f"a run with sharing={policy.sharing} has no adapters; leave --adapter away")
    out_folder.mkdir(parents=True, exist_ok=True)
    if export_form == "adapter":
        policy.save_adapter(role, out_folder)
    else:
        policy.merged(role).save_pretrained(out_folder)
    policy.save_processor(out_folder)
    write_atomically(out_folder / "README.md", card(Run.open(run_folder), role, export_form, out_folder.name).encode())


def card(run: Run, role: str, export_form: Form, folder_name: str) -> str:
    """Write the model card of a `run`: what it is, from which model, what was measured, how it is loaded.

    Args:
        run: that was exported.
        role: whose weights.
        export_form: `merged` or `adapter`.
        folder_name: that it is loaded from.
    """
    config = run.config
    front_matter = {
        "library_name": "transformers" if export_form == "merged" else "peft",
        "pipeline_tag": "image-text-to-text",
        "tags": ["zerosight", "self-evolving", role],
    }
    if "/" in config.model and not Path(config.model).exists():
        front_matter["base_model"] = config.model
    lines = [
        "---",
        *(f"{key}: {json.dumps(value)}" for key, value in front_matter.items()),
        "---",
        "",
        f"# {folder_name}",
        "",
    ]
    whose_weights = "" if config.sharing == "shared" else "'s weights"
    lines += [
        f"The {role}{whose_weights} of a Zerosight {__version__} run: recipe `{config.recipe}`, model "
        f"`{config.model}`, {run.checkpoints()[-1].name.removeprefix('step_').lstrip('0') or '0'} of {config.steps} "
        f"steps, seed {config.seed}, on {', '.join(config.envs)}. No picture, question or label from outside took "
        "part.",
        "",
    ]
    evaluations = [(label, run.evaluation(key)) for label, key in (("before", "start"), ("after", "end"))]
    if any(evaluation for _, evaluation in evaluations):
        lines += ["| held-out items | accuracy | blind (pictures swapped) |", "| --- | --- | --- |"]
        for label, evaluation in evaluations:
            if evaluation:
                overall = evaluation["overall"]
                lines.append(f"| {label} | {overall['accuracy']:.1%} | {overall['blind']:.1%} |")
        lines.append("")
    loading_code = _LOADING[export_form].format(folder=folder_name, base=config.model)
    return "\n".join([*lines, "```python", loading_code, "```", ""])
