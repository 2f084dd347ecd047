"""TRL's GRPOTrainer learns from our data and plays our environment, on the embedded model."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from trl import GRPOConfig, GRPOTrainer
from trl.chat_template_utils import qwen3_schema, qwen3_template

import zerosight
from zerosight.train.bridges.trl_solver import (
    SolverEnvironment,
    completion_text,
    format_reward,
    item_numbers,
    oracle_reward,
    solver_environment,
)
from zerosight.train.data.plan import DataError, DataPlan
from zerosight.train.data.rows import planned_row
from zerosight.train.models.architecture import load_model, load_processor
from zerosight.train.models.load import EMBEDDED_SEED

EXAMPLE = Path(__file__).parents[2] / "examples" / "trl_grpo.py"
PLAN = DataPlan(worlds=("shapes/Canvas-v1",), count=8, style="short")
TEMPLATE = (
    "{% if tools %}{{ tools | tojson }}{% endif %}{% for message in messages %}"
    "{% for call in message.tool_calls or [] %}<tool_call>{{ call.function | tojson }}</tool_call>{% endfor %}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] or [] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}{{ '\n' }}"
    "{% endfor %}"
)
"""A template with tools, which the embedded model's own has not."""


def test_rewards_read_texts_and_messages() -> None:
    truth = planned_row(PLAN, 0)["truth"]
    right = json.loads(truth)["value"]
    messages = [{"role": "assistant", "content": [{"type": "text", "text": right}]}]
    assert oracle_reward([right, messages, "?"], truth=[truth] * 3) == [1.0, 1.0, 0.0]
    assert format_reward([right, "?"], truth=[truth] * 2) == [1.0, 0.0]
    assert completion_text([{"role": "assistant", "content": None}]) == ""
    with pytest.raises(DataError, match="column `truth`"):
        oracle_reward([right])


def test_an_environment_pays_the_last_answer() -> None:
    environment = SolverEnvironment(PLAN)
    picture, words = environment.reset(number=2)
    row = planned_row(PLAN, 2)
    assert picture["image"].mode == "RGB"
    assert words["text"] == row["prompt"]
    assert environment.get_reward() == 0.0
    environment.answer(row["answer"])
    assert environment.get_reward() == 1.0
    environment.reset(number=2)
    assert environment.get_reward() == 0.0


def trainer_config(folder: Path, **options: Any) -> GRPOConfig:
    settings = {"per_device_train_batch_size": 4, "num_generations": 2, "max_completion_length": 8, "max_steps": 1}
    quiet = {"report_to": [], "save_strategy": "no", "disable_tqdm": True, "use_cpu": True, "bf16": False}
    return GRPOConfig(output_dir=str(folder), gradient_checkpointing=False, **settings, **quiet, **options)


def test_the_trainer_plays_the_environment_and_shows_its_pictures(tmp_path: Path) -> None:
    processor = load_processor(EMBEDDED_SEED)
    processor.chat_template = processor.tokenizer.chat_template = TEMPLATE
    processor.tokenizer.response_schema, processor.tokenizer.response_template = qwen3_schema, qwen3_template
    seen: list[torch.Size] = []
    model = load_model(EMBEDDED_SEED, torch.float32)

    def watch(module: Any, arguments: Any, options: dict[str, Any]) -> None:
        if options.get("pixel_values") is not None:
            seen.append(options["pixel_values"].shape)

    model.register_forward_pre_hook(watch, with_kwargs=True)
    trainer = GRPOTrainer(
        model=model,
        environment_factory=solver_environment(PLAN),
        args=trainer_config(tmp_path),
        train_dataset=item_numbers(8),
        processing_class=processor,
    )
    trainer.train()
    assert seen
    (log,) = [entry for entry in trainer.state.log_history if "rewards/SolverEnvironment/mean" in entry][:1]
    # The embedded model was taught bare answers and calls no tools.
    assert log["rewards/SolverEnvironment/mean"] == 0.0


def test_the_example_runs_and_measures(tmp_path: Path) -> None:
    options = ["--steps", "2", "--prompts", "4", "--replies", "4", "--heldout", "40"]
    run = subprocess.run(
        [sys.executable, "-W", "ignore", str(EXAMPLE), *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    result = json.loads(run.stdout.strip().splitlines()[-1])
    assert 0.0 <= result["after"]["accuracy"] <= 1.0
    assert result["steps"] == 2
    assert zerosight.score({"value": "3", "kind": "number"}, "3").value == 1.0
