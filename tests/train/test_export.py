"""Exported roles: loadable by plain transformers and peft, with a card."""

from pathlib import Path

import pytest
import torch
import yaml
from peft import PeftModel
from transformers import AutoModelForImageTextToText, AutoProcessor

from zerosight.train.config import build
from zerosight.train.learning.learner import Learner
from zerosight.train.models.load import load_policy
from zerosight.train.models.policy import Policy
from zerosight.train.runs.export import export
from zerosight.train.runs.store import Run, RunError

IDS = torch.tensor([[40, 41, 42]])


def trained(folder: Path, model: Path, sharing: str) -> tuple[Run, Policy]:
    """A run whose Coder's weights were moved, with a checkpoint and two evaluations."""
    run = Run.create(folder, build({"model": str(model), "sharing": sharing, "lora_rank": 2, "steps": 9}))
    policy = load_policy(run.config)
    with torch.no_grad():
        for parameter in policy.parameters("coder"):
            parameter += 0.03
    run.checkpoint(7, policy, Learner(policy, run.config.learning, 9), {})
    for name, accuracy in (("start", 0.25), ("end", 0.5)):
        run.keep_evaluation(name, {"overall": {"accuracy": accuracy, "blind": 0.125}})
    return run, policy


@pytest.mark.parametrize("sharing", ["shared", "lora", "full"])
def test_a_merged_role_is_a_plain_model(sharing: str, tiny_folder: Path, tmp_path: Path) -> None:
    run, policy = trained(tmp_path / "run", tiny_folder, sharing)
    export(run.folder, tmp_path / "out", "coder")
    model = AutoModelForImageTextToText.from_pretrained(tmp_path / "out", dtype=torch.float32)
    with policy.acting("coder") as own:
        assert torch.allclose(model(input_ids=IDS).logits, own(input_ids=IDS).logits, atol=1e-4)
    assert AutoProcessor.from_pretrained(tmp_path / "out").tokenizer.decode([40]) == policy.tokenizer.decode([40])


def test_an_adapter_is_pefts(tiny_folder: Path, tmp_path: Path) -> None:
    run, policy = trained(tmp_path / "run", tiny_folder, "lora")
    export(run.folder, tmp_path / "out", "coder", "adapter")
    assert not list((tmp_path / "out").glob("model*.safetensors"))
    base = AutoModelForImageTextToText.from_pretrained(tiny_folder, dtype=torch.float32)
    loaded = PeftModel.from_pretrained(base, tmp_path / "out")
    with policy.acting("coder") as own:
        assert torch.allclose(loaded(input_ids=IDS).logits, own(input_ids=IDS).logits, atol=1e-5)


def test_the_card_says_what_was_measured_and_how_to_load(tiny_folder: Path, tmp_path: Path) -> None:
    run, _ = trained(tmp_path / "run", tiny_folder, "lora")
    export(run.folder, tmp_path / "my-coder", "coder")
    _, head, body = (tmp_path / "my-coder" / "README.md").read_text().split("---\n", 2)
    fields = yaml.safe_load(head)
    assert fields["library_name"] == "transformers"
    assert fields["pipeline_tag"] == "image-text-to-text"
    assert "base_model" not in fields, "a folder of this machine is no name on the hub"
    assert "7 of 9 steps" in body
    assert "| before | 25.0% | 12.5% |" in body
    assert "| after | 50.0% | 12.5% |" in body
    code = body.split("```python\n")[1].split("```")[0]
    compile(code, "card", "exec")
    assert 'from_pretrained("my-coder")' in code


def test_what_cannot_be_exported_says_why(tiny_folder: Path, tmp_path: Path) -> None:
    run, _ = trained(tmp_path / "run", tiny_folder, "shared")
    with pytest.raises(RunError, match="no role 'judge'; the roles are proposer"):
        export(run.folder, tmp_path / "out", "judge")
    with pytest.raises(RunError, match="sharing=shared has no adapters"):
        export(run.folder, tmp_path / "out", "coder", "adapter")
    assert not (tmp_path / "out").exists()
    with pytest.raises(RunError, match="is not empty"):
        export(run.folder, run.folder, "coder")
