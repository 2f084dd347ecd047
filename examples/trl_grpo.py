"""make example-trl.

Train the embedded Solver with TRL's GRPOTrainer on a data set that `zerosight data make` wrote, on a CPU in minutes,
and measure it before and after on held-out items. Without make: `pip install 'zerosight[train,data]' trl==1.16.0`, then
`python examples/trl_grpo.py`. For a pretrained model: --model a Hugging Face id, --style full, more tokens, a GPU.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from datasets import load_dataset
from trl import GRPOConfig, GRPOTrainer

from zerosight.train.bridges.trl_solver import format_reward, oracle_reward
from zerosight.train.data.make import make_data
from zerosight.train.data.plan import DataPlan
from zerosight.train.heldout import evaluate, heldout_suite
from zerosight.train.models.architecture import load_model, load_processor
from zerosight.train.models.load import model_path
from zerosight.train.models.policy import Policy, locate_model
from zerosight.train.session import taught_forms


def options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--world", default="shapes/Canvas-v1")
    parser.add_argument("--style", default="short", choices=("short", "full"), help="short is the embedded model's")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--prompts", type=int, default=24, help="in a step")
    parser.add_argument("--replies", type=int, default=16, help="to each prompt")
    parser.add_argument("--tokens", type=int, default=8, help="of a reply, at most")
    parser.add_argument("--rate", type=float, default=3e-4, help="learning rate")
    parser.add_argument("--heldout", type=int, default=600, help="items before and after")
    parser.add_argument("--data", type=Path, help="a data set of `zerosight data make`; by default one is made")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def training_config(settings: argparse.Namespace, folder: Path) -> GRPOConfig:
    """Return TRL's configuration for these `settings`, writing to `folder`."""
    return GRPOConfig(
        output_dir=str(folder),
        per_device_train_batch_size=settings.prompts * settings.replies,
        num_generations=settings.replies,
        max_completion_length=settings.tokens,
        max_steps=settings.steps,
        learning_rate=settings.rate,
        lr_scheduler_type="constant",
        beta=0.0,
        loss_type="dapo",
        scale_rewards="group",
        reward_weights=[1.0, 0.1],
        temperature=1.0,
        gradient_checkpointing=False,
        report_to=[],
        save_strategy="no",
        logging_steps=10,
        disable_tqdm=True,
        dataloader_pin_memory=False,
        use_cpu=not torch.cuda.is_available(),
        bf16=torch.cuda.is_available(),
        seed=settings.seed,
    )


def main() -> None:
    """Make the data, measure, train, measure again, and print one line of JSON."""
    settings = options()
    source = locate_model(model_path(settings.model))
    model, processor = load_model(source, torch.float32), load_processor(source)
    suite = heldout_suite([settings.world], settings.heldout)
    policy = Policy(model, processor, source=source)

    def accuracy() -> dict[str, Any]:
        overall = evaluate(policy, suite, taught_forms(settings.model))["overall"]
        return {name: round(overall[name], 4) for name in ("accuracy", "low", "high", "blind")}

    before, began = accuracy(), time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        data = settings.data or Path(scratch) / "data"
        if settings.data is None:
            count = settings.steps * settings.prompts
            plan = DataPlan(worlds=(settings.world,), count=count, seed=settings.seed, style=settings.style)
            make_data(data, plan, "parquet")
        rows = load_dataset(str(data), split="train", cache_dir=str(Path(scratch) / "cache"))
        trainer = GRPOTrainer(
            model=model,
            reward_funcs=[oracle_reward, format_reward],
            args=training_config(settings, Path(scratch) / "trainer"),
            train_dataset=rows.select_columns(["prompt", "images", "truth"]),
            processing_class=processor,
        )
        trainer.train()
    seconds = time.monotonic() - began
    print(json.dumps({"before": before, "after": accuracy(), "steps": settings.steps, "seconds": round(seconds)}))


if __name__ == "__main__":
    main()
