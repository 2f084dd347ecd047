"""verl's own classes read our data, reward our responses and play our agent loop, on a CPU with a scripted server."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from omegaconf import DictConfig, OmegaConf
from scripted_endpoint import triad_reply
from verl import DataProto
from verl.experimental.agent_loop.agent_loop import DictConfigWrap
from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
from verl.trainer.ppo.reward import get_custom_reward_fn
from verl.trainer.ppo.utils import create_rl_dataset
from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn
from verl.workers.rollout.replica import TokenOutput

import zerosight
from zerosight.envs import make
from zerosight.train.bridges.triad import TriadSettings
from zerosight.train.bridges.verl_dataset import PlannedDataset
from zerosight.train.bridges.verl_job import VerlJob, write_job
from zerosight.train.bridges.verl_loop import TriadAgentLoop
from zerosight.train.data.plan import DataError, DataPlan
from zerosight.train.models.architecture import load_processor
from zerosight.train.models.load import EMBEDDED_SEED

WORLD = "shapes/Canvas-v1"
PLAN = DataPlan(worlds=(WORLD,), count=12, style="short")


@pytest.fixture(scope="module")
def processor() -> Any:
    return load_processor(EMBEDDED_SEED)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verl") / "job"
    write_job(folder, VerlJob(plan=PLAN, batch=4, nodes=2, triad=True, validation_items=6))
    return folder


@pytest.fixture(scope="module")
def data_config() -> DictConfig:
    custom = {"path": "pkg://zerosight.train.bridges.verl_dataset", "name": "PlannedDataset"}
    return OmegaConf.create(
        {"custom_cls": custom, "max_prompt_length": 512, "filter_overlong_prompts": False, "return_raw_chat": True}
    )


def dataset(path: Path, config: DictConfig, processor: Any) -> Any:
    return create_rl_dataset(str(path), config, processor.tokenizer, processor)


def plan_file(folder: Path, **more: Any) -> Path:
    path = folder / "plan.json"
    path.write_text(json.dumps({"plan": PLAN.to_dict(), **more}))
    return path


def test_items_are_drawn_as_rows_of_a_rollout(tmp_path: Path, data_config: DictConfig, processor: Any) -> None:
    rows = dataset(plan_file(tmp_path), data_config, processor)
    assert isinstance(rows, PlannedDataset)
    assert len(rows) == PLAN.count
    batch = collate_fn([rows[0], rows[5]])
    assert [extra["index"] for extra in batch["extra_info"]] == [0, 5]
    for turns, reward in zip(batch["raw_prompt"], batch["reward_model"], strict=True):
        assert [part["type"] for part in turns[-1]["content"]] == ["image", "text"]
        pictures, _, _ = asyncio.run(PlannedDataset.process_multi_modal_info(turns, 14, data_config))
        assert pictures[0].width == make(WORLD).size
        assert zerosight.score(reward["ground_truth"], "").value == 0.0


def test_written_parquet_is_read_by_verls_own_data_set(job: Path, data_config: DictConfig, processor: Any) -> None:
    path = job / "data" / "heldout-00000.parquet"
    plain = RLHFDataset(str(path), processor.tokenizer, data_config, processor)
    ours = dataset(path, data_config, processor)
    assert len(plain) == len(ours) == 6
    for number in range(6):
        assert plain[number]["reward_model"] == ours[number]["reward_model"]
        assert plain[number]["raw_prompt"][-1]["content"][0]["type"] == "image"


def test_the_reward_manager_pays_by_the_reward_file(job: Path, data_config: DictConfig, processor: Any) -> None:
    settings = {"path": str(job / "reward.py"), "name": "compute_score"}
    compute_score = get_custom_reward_fn(OmegaConf.create({"reward": {"custom_reward_function": settings}}))
    row = dataset(job / "data" / "heldout-00000.parquet", data_config, processor)[0]

    async def reward(text: str) -> dict[str, Any]:
        manager = NaiveRewardManager(OmegaConf.create({}), processor.tokenizer, compute_score)
        ids = torch.tensor([processor.tokenizer(text, add_special_tokens=False)["input_ids"]])
        tensors = {"responses": ids, "attention_mask": torch.ones_like(ids)}
        others = {name: [row[name]] for name in ("data_source", "reward_model", "extra_info")}
        return await manager.run_single(DataProto.from_dict(tensors, non_tensors=others))

    right, wrong = asyncio.run(reward(row["extra_info"]["answer"])), asyncio.run(reward("perhaps"))
    assert right["reward_score"] == pytest.approx(1.1)
    assert right["reward_extra_info"]["acc"] == 1.0
    assert wrong["reward_score"] == 0.0


class ScriptedServer:
    """Stands for verl's rollout servers."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.pictures: list[Any] = []

    async def generate(self, *, prompt_ids: list[int], image_data: Any = None, **options: Any) -> TokenOutput:
        words = self.tokenizer.decode(prompt_ids, skip_special_tokens=True)
        begins = max(words.rfind("Asked for"), words.rfind("Draw "))
        ids = self.tokenizer(triad_reply(words[begins:] if begins >= 0 else ""), add_special_tokens=False)["input_ids"]
        self.pictures += image_data or []
        return TokenOutput(token_ids=ids, log_probs=[-0.5] * len(ids))


TEMPLATE = (
    "{% for message in messages %}{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}{{ '\n' }}{% endfor %}"
)


def played(role: str, number: int, processor: Any, server: ScriptedServer, data_config: DictConfig) -> Any:
    rollout = {"prompt_length": 8192, "response_length": 256}
    config = OmegaConf.create({"actor_rollout_ref": {"rollout": rollout}, "data": data_config})

    async def run() -> Any:
        loop = TriadAgentLoop(
            DictConfigWrap(config),
            server,
            processor.tokenizer,
            processor,
            PlannedDataset,
            DictConfigWrap(config.data),
            settings=OmegaConf.create({"worlds": [WORLD], "items": 2, "answers": 2}),
        )
        return await loop.run({"temperature": 1.0}, extra_info={"role": role, "index": number})

    return asyncio.run(run())


@pytest.fixture
def templated(processor: Any) -> Any:
    """The embedded processor with a template that says the system turn too, as those of pretrained models do."""
    before = processor.chat_template, processor.tokenizer.chat_template
    processor.chat_template = processor.tokenizer.chat_template = TEMPLATE
    yield processor
    processor.chat_template, processor.tokenizer.chat_template = before


@pytest.mark.parametrize("role", ["proposer", "coder", "solver"])
def test_each_role_learns_from_its_own_rollout(role: str, templated: Any, data_config: DictConfig) -> None:
    server = ScriptedServer(templated.tokenizer)
    output = played(role, 0, templated, server, data_config)
    assert output.response_mask == [1] * len(output.response_ids)
    assert output.response_logprobs == [-0.5] * len(output.response_ids)
    assert bool(output.multi_modal_data) == (role == "solver")
    assert output.extra_fields["reward_extra_info"]["known"] == 1.0
    fields = output.as_dict()
    assert fields["rm_scores"][-1].item() == pytest.approx(output.reward_score)
    if role == "proposer":
        # Two red circles are proposed, drawn and counted rightly: all but what a Solver could learn is paid.
        assert output.reward_score >= 0.5
        assert server.pictures


def test_a_group_shares_its_prompt(templated: Any, data_config: DictConfig) -> None:
    server = ScriptedServer(templated.tokenizer)
    for role in ("proposer", "coder", "solver"):
        first, second = (played(role, 3, templated, server, data_config) for _ in range(2))
        assert first.prompt_ids == second.prompt_ids
    other = played("solver", 4, templated, server, data_config)
    assert other.prompt_ids != first.prompt_ids


def test_the_job_is_whole(job: Path) -> None:
    assert subprocess.run(["bash", "-n", str(job / "run.sh")], check=False).returncode == 0
    (loop,) = yaml.safe_load((job / "agent_loop.yaml").read_text())
    assert loop["_target_"] == f"{TriadAgentLoop.__module__}.{TriadAgentLoop.__qualname__}"
    assert TriadSettings(**{**loop["settings"], "worlds": tuple(loop["settings"]["worlds"])}).worlds == (WORLD,)
    with pytest.raises(DataError, match="is not empty"):
        write_job(job, VerlJob(plan=PLAN, batch=4))


def test_the_options_of_the_script_are_verls_own(job: Path) -> None:
    from hydra import compose, initialize_config_module

    lines = (job / "run.sh").read_text().split("python -m verl.trainer.main_ppo")[1].splitlines()
    options = [line.strip(" \\") for line in lines if "=" in line]
    with initialize_config_module("verl.trainer.config", version_base=None):
        config = compose(
            "ppo_trainer",
            overrides=[
                option.replace('"', "").replace("$(basename $JOB)", "job").replace("$JOB", str(job))
                for option in options
            ],
        )
    assert config.data.custom_cls.name == "PlannedDataset"
    assert config.reward.custom_reward_function.path == str(job / "reward.py")


def test_rows_of_the_three_roles_take_turns(tmp_path: Path, data_config: DictConfig, processor: Any) -> None:
    rows = dataset(plan_file(tmp_path, roles=["proposer", "coder", "solver"]), data_config, processor)
    assert [rows[number]["extra_info"]["role"] for number in range(4)] == ["proposer", "coder", "solver", "proposer"]
    assert collate_fn([rows[0], rows[1]])["agent_name"].tolist() == ["zerosight_triad"] * 2
