"""The GPU benchmarks at toy size on a CPU: everything but the scale, and goes on where it was stopped."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from zerosight.benchmarks.gpu.shapes import SHAPES, model_of, tokenizer_of, write_processor
from zerosight.benchmarks.gpu.step import CARDS, Work, beside_trl, limits, made_of, measure, prompts_of, seen, work_of
from zerosight.benchmarks.own.training import Load
from zerosight.train.models.policy import Policy

ROOT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.filterwarnings("ignore:.*torchvision")


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("gpu")
    tokenizer = tokenizer_of(["what is at 12?"], 320)
    return tokenizer, write_processor(folder, tokenizer, "tiny")


@pytest.mark.parametrize("sharing", ["lora", "shared"])
def test_a_step_is_measured_and_its_work_counted(sharing: str, parts) -> None:
    tokenizer, processor = parts
    policy = Policy(model_of(tokenizer, "tiny", 0, torch.device("cpu"), torch.float32), processor, sharing, 2)
    asked = prompts_of(policy, 2, "tiny")
    found = measure(policy, asked, 3, 4, 2)
    assert found["step"] == pytest.approx(found["generation"] + found["learning"], rel=0.2) and found["gap"] < 1e-4
    work = work_of(policy, asked, 3, 4)
    tower = sum(p.numel() for name, p in policy.model.named_parameters() if "visual" in name)
    adapters = sum(p.numel() for name, p in policy.model.named_parameters() if "lora_" in name)
    assert work.weights == sum(p.numel() for p in policy.model.parameters()) - tower - adapters
    assert (work.trained < work.weights / 2) == (sharing == "lora")
    assert work.new_tokens == 2 * 3 * 4 and work.prompt_tokens == sum(len(prompt.ids) for prompt in asked)


@pytest.mark.parametrize("sharing", ["lora", "shared"])
def test_the_same_step_beside_trl(sharing: str) -> None:
    pytest.importorskip("trl", reason="TRL is installed by make bench-train alone")
    made = made_of("tiny", sharing, torch.device("cpu"))
    before = {name: p.detach().clone() for name, p in made.model.named_parameters()}
    found = beside_trl(made, Load("gpu", "solver", seen(2, "tiny"), 4, 4), 2, sharing)
    assert found["step"] > found["generation"] > 0 and found["forward"] > 0
    changed = [name for name, p in made.model.named_parameters() if name in before and not torch.equal(p, before[name])]
    assert bool(changed) == (sharing == "shared"), "of adapters the base stays as it is"


def test_the_cards_limits_are_shares_of_what_the_work_needs() -> None:
    work = Work(weights=10**9, trained=10**9, prompt_tokens=1000, new_tokens=1000, decode_steps=100)
    card = CARDS["H200"]
    found = limits(work, {"generation": 1.0, "learning": 1.0}, "NVIDIA H200")
    assert found["generation_share_of_bandwidth"] == pytest.approx(2e9 * 100 / card.bytes_per_s)
    assert found["learning_share_of_flops"] == pytest.approx(6e9 * 2000 / card.flops)
    assert limits(work, {}, "some card")["known"] == ["A100", "H100", "H200", "L40S"]


def test_the_full_shape_has_the_published_number_of_parameters(parts) -> None:
    # 3.75 billion with the tower, by the model's card; made without memory.
    model = model_of(parts[0], "3b", 0, torch.device("meta"), torch.bfloat16)
    assert sum(p.numel() for p in model.parameters()) == pytest.approx(3.75e9, rel=0.01)
    assert SHAPES["3b"]["text"]["vocab_size"] == 151936
    small = model_of(parts[0], "small", 0, torch.device("meta"), torch.float32)
    assert 50e6 < sum(p.numel() for p in small.parameters()) < 300e6


@pytest.mark.slow
def test_a_machine_with_nothing_of_ours_evolves_in_pieces(tmp_path: Path) -> None:
    script, out = ROOT / "benchmarks" / "gpu" / "bootstrap.py", tmp_path / "gpu"
    command = [sys.executable, "-W", "ignore", str(script), "evolve", "--size", "tiny", "--out", str(out)]
    command += ["--warm", "3", "--batch", "1", "--steps", "2", "--items", "4", "--measured", "4"]
    codes = []
    for _ in range(8):
        done = subprocess.run([*command, "--seconds", "12"], capture_output=True, text=True, timeout=240, check=False)
        codes.append(done.returncode)
        assert done.returncode in (0, 3), done.stderr
        assert "limits" in done.stderr, "it says how programs are contained"
        if done.returncode == 0:
            break
        assert "not done: call again" in done.stdout
    assert codes[-1] == 0, "what is done is kept, so that it ends"
    assert (out / "run" / "report.html").exists()
    figures = json.loads((out / "figures.json").read_text())
    assert len(figures["solve_rate"]) == 2 and figures["warm_up_steps"] == 3
