"""Whole GRPO steps of the embedded model, sampled by vLLM: what is learned from is what was sampled."""

from pathlib import Path

import pytest

from zerosight.render.drawing import Pools
from zerosight.train.config import GeneratorConfig, LearningConfig, RolloutConfig, RunConfig
from zerosight.train.generators import VLLMEngineGenerator, make_generator, push_weights
from zerosight.train.learning.guards import TrainingError
from zerosight.train.loop import Evolution
from zerosight.train.models.policy import ROLES
from zerosight.train.rollouts import drawn_by
from zerosight.train.runs.store import Run

CONFIG = RunConfig(
    steps=3,
    sharing="lora",
    lora_rank=8,
    rollout=RolloutConfig(num_briefings=2, num_proposals=2, num_programs=2, num_answers=8, items_per_step=12),
    # A rate at which each step's weights differ clearly from those before, and a gap far below that difference.
    learning=LearningConfig(learning_rate=1e-2, warmup_steps=0, max_logprob_gap=0.002),
    generator=GeneratorConfig(
        kind="vllm", dtype="float32", enforce_eager=True, max_length=512, max_fingerprint_gap=0.002
    ),
)


def test_sampler_and_trainer_stay_one_policy(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", CONFIG)
    with Pools() as pools:
        evolution = Evolution(run, drawn_by(pools))
        generator = make_generator(CONFIG, evolution.policy, tmp_path / "work")
        assert isinstance(generator, VLLMEngineGenerator)
        evolution.generator = evolution.episodes.generator = generator  # type: ignore[assignment]
        for step in range(2):
            push_weights(generator, evolution.policy, tmp_path / "weights", evolution.learner.version)
            metrics = evolution.one_step()
            gaps = [metrics[f"{role}/logprob_gap"] for role in ROLES if f"{role}/logprob_gap" in metrics]
            assert gaps, f"step {step} learned nothing"
            assert max(gaps) < 5e-4
        # Without the push, the sampler is a step behind, and the run stops instead of learning from it.
        with pytest.raises(TrainingError, match="sampler and trainer differ"):
            evolution.one_step()
