"""Every model family, from a published folder to an exported one: load, sample, train, save, merge, load again."""

from pathlib import Path

import numpy as np
import pytest
import tiny_models
import torch
from transformers import AutoModelForImageTextToText

from zerosight.envs import Score, SeededRng
from zerosight.render import Picture
from zerosight.roles.messages import chat
from zerosight.train.config import LearningConfig
from zerosight.train.generators.hf import HFGenerator
from zerosight.train.learning.learner import Learner
from zerosight.train.models.architecture import ArchitectureError, image_id, lora_targets
from zerosight.train.models.completions import Prompt, Sampling
from zerosight.train.models.packing import Branch, PackedRow, pack
from zerosight.train.models.policy import ROLES, ModelNotFoundError, Policy, RestoreError, fingerprint
from zerosight.train.rollouts import Trajectory

pytestmark = pytest.mark.filterwarnings("ignore:.*torchvision")


@pytest.fixture(scope="module", params=tiny_models.FAMILIES)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.write(request.param, tmp_path_factory.mktemp(request.param))


Replies = list[tuple[tuple[int, ...], tuple[float, ...]]]


def prompts(policy: Policy) -> list[Prompt]:
    """Two pictures of one size with unlike words, and words alone."""
    noise = np.random.default_rng(2)
    pictures = [Picture(noise.integers(0, 256, (64, 64, 3), dtype=np.uint8)) for _ in range(2)]
    return [
        policy.prompt(chat("be brief", "what?", image=True), pictures[0]),
        policy.prompt(chat("be brief", "what colour is the circle?", image=True), pictures[1]),
        policy.prompt(chat("be brief", "hello")),
    ]


def trajectories(policy: Policy, role: str) -> list[Trajectory]:
    found = []
    groups = HFGenerator(policy).generate(role, prompts(policy), Sampling(max_new_tokens=5, n=4), seed=3)
    for number, (prompt, group) in enumerate(zip(prompts(policy), groups, strict=True)):
        for place, completion in enumerate(group):
            found.append(Trajectory(role, (f"item{number}",), prompt, completion, Score(float(place % 2), {}), 0))
    return found


def greedy(policy: Policy, role: str) -> Replies:
    sampling = Sampling(max_new_tokens=4, temperature=0.0)
    return [(g[0].ids, g[0].logprobs) for g in HFGenerator(policy).generate(role, prompts(policy), sampling, 0)]


def same(found: Replies, expected: Replies) -> bool:
    """The same ids with the same log-probs, but for what the order of sums leaves."""
    return all(
        ids == wanted and logprobs == pytest.approx(given, abs=1e-4)
        for (ids, logprobs), (wanted, given) in zip(found, expected, strict=True)
    )


def test_the_picture_reaches_the_model(folder: Path) -> None:
    policy = Policy.load(folder)
    first = prompts(policy)[0]
    assert first.vision is not None
    assert image_id(policy.model) in first.ids
    logprobs = []
    for scale in (1.0, -1.0):
        vision = first.vision | {"pixel_values": first.vision["pixel_values"] * scale}
        packed = policy.pack([PackedRow(first.ids, [Branch([40, 41])], vision, first.positions)])
        logprobs.append(policy.logprobs("solver", packed)[0])
    assert not torch.allclose(logprobs[0], logprobs[1], atol=1e-4)


def test_sampler_packed_trainer_and_the_plain_model_agree(folder: Path) -> None:
    policy = Policy.load(folder, "lora", 4, 0)
    groups = HFGenerator(policy).generate("solver", prompts(policy), Sampling(max_new_tokens=6, n=3), seed=1)
    for prompt, group in zip(prompts(policy), groups, strict=True):
        row = PackedRow(prompt.ids, [Branch(c.ids) for c in group], prompt.vision, prompt.positions)
        packed, _ = policy.logprobs("solver", policy.pack([row]))
        sampled = torch.tensor([value for c in group for value in c.logprobs])
        assert torch.allclose(packed, sampled, atol=1e-4)
        assert torch.allclose(packed, torch.cat([plain(policy, prompt, c.ids) for c in group]), atol=1e-4)


def test_a_cache_of_fixed_size_gives_the_same_ids_or_says_that_it_cannot(folder: Path) -> None:
    policy = Policy.load(folder)
    sampling = Sampling(max_new_tokens=6, n=3)
    growing = HFGenerator(policy).generate("solver", prompts(policy), sampling, seed=1)
    fixed = HFGenerator(policy, static_cache=True)
    if "gemma3" in folder.name:
        with pytest.raises(ArchitectureError, match=r"a gemma3 model keeps windows.*generator.cache=dynamic"):
            fixed.generate("solver", prompts(policy), sampling, seed=1)
        return
    found = fixed.generate("solver", prompts(policy), sampling, seed=1)
    for group, wanted in zip(found, growing, strict=True):
        assert same([(c.ids, c.logprobs) for c in group], [(c.ids, c.logprobs) for c in wanted])


def plain(policy: Policy, prompt: Prompt, ids: tuple[int, ...]) -> torch.Tensor:
    """Log-probs as any user of transformers would compute them: one sequence, the model's own masks and positions."""
    whole = torch.tensor([[*prompt.ids, *ids]])
    kinds = (whole == image_id(policy.model.get_base_model())).long()
    extra = {"mm_token_type_ids": kinds} if policy.layout.axes > 1 else {}
    extra |= {"token_type_ids": kinds} if policy.layout.seen_whole is not None else {}
    with policy.acting("solver") as model:
        logits = model(input_ids=whole, attention_mask=torch.ones_like(whole), **extra, **(prompt.vision or {})).logits
    found = logits[0].index_fill(1, policy.suppressed_ids, -torch.inf).log_softmax(-1)[len(prompt.ids) - 1 : -1]
    return found.gather(1, torch.tensor(ids)[:, None])[:, 0]


def test_every_packing_gives_the_gradients_of_plain_rows(folder: Path) -> None:
    """Adapters on both halves, one picture and two, positions by row and column where a family has them."""
    policy = Policy.load(folder, "lora", 4, 0, "both")
    with torch.no_grad():
        for parameter in policy.parameters("solver"):
            parameter += 0.02 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(parameter.numel()))
    noise = np.random.default_rng(5)
    pictures = [Picture(noise.integers(0, 256, (64, 64, 3), dtype=np.uint8)) for _ in range(2)]
    image = {"type": "image"}
    messages = [{"role": "user", "content": [image, image, {"type": "text", "text": "which is it?"}]}]
    for prompt in (prompts(policy)[0], policy.prompt(messages, pictures[0], pictures[1:])):
        branches = [Branch([40 + n + i for i in range(length)]) for n, length in enumerate((3, 7, 1, 5))]
        row = PackedRow(prompt.ids, branches, prompt.vision, prompt.positions)
        expected: tuple[torch.Tensor, list[torch.Tensor]] | None = None
        for split in ([[0], [1], [2], [3]], [[0, 1, 2, 3]], [[0, 3], [1, 2]], [[2], [0, 1, 3]]):
            policy.model.zero_grad()
            batch = pack([row], policy.tokenizer.pad_token_id, policy.layout, [split])
            logprobs, entropies = policy.logprobs("solver", batch, 1.2, entropy=True)
            assert entropies is not None
            (logprobs.mean() + 0.1 * entropies.mean()).backward()
            gradients = [p.grad.clone() for p in policy.parameters("solver") if p.grad is not None]
            assert batch.branch.tolist() == [0] * 3 + [1] * 7 + [2] + [3] * 5
            if expected is None:
                expected = logprobs.detach(), gradients
            assert torch.allclose(logprobs, expected[0], atol=1e-5), split
            for found, wanted in zip(gradients, expected[1], strict=True):
                assert torch.allclose(found, wanted, atol=1e-5), split
        assert expected is not None
        assert max(float(g.abs().max()) for g in expected[1]) > 1e-4


def test_a_step_changes_the_roles_adapter_alone(folder: Path) -> None:
    policy = Policy.load(folder, "lora", 4, 0, "both")
    before = {name: p.detach().clone() for name, p in policy.model.named_parameters()}
    learner = Learner(policy, LearningConfig(role_weights={"solver": 1.0}, learning_rate=0.01, warmup_steps=0), steps=2)
    metrics = learner.step(trajectories(policy, "solver"), SeededRng(("learn",)))
    assert np.isfinite(metrics["grad_norm"])
    assert metrics["grad_norm"] > 0
    assert metrics["solver/logprob_gap"] < 1e-4
    changed = {name for name, p in policy.model.named_parameters() if not torch.equal(p, before[name])}
    assert changed
    assert all(".solver." in name for name in changed)
    towers = [name for name in changed if any(tower in name for tower in ("visual", "vision_tower", "vision_model"))]
    assert towers
    assert len(towers) < len(changed)


def test_adapters_come_back_and_merge_into_a_plain_model(folder: Path, tmp_path: Path) -> None:
    policy = Policy.load(folder, "lora", 4, 0)
    Learner(policy, LearningConfig(learning_rate=0.05, warmup_steps=0), 2).step(
        trajectories(policy, "coder"), SeededRng(("learn",))
    )
    expected = greedy(policy, "coder")
    policy.save(tmp_path / "checkpoint")
    restored = Policy.load(folder, "lora", 4, 9)
    restored.restore(tmp_path / "checkpoint")
    assert same(greedy(restored, "coder"), expected)

    policy.merged("coder").save_pretrained(tmp_path / "merged")
    policy.save_processor(tmp_path / "merged")
    assert not list((tmp_path / "merged").glob("adapter*"))
    merged = Policy.load(tmp_path / "merged")
    assert same(greedy(merged, "solver"), expected)


def test_an_exported_adapter_is_peft_own(folder: Path, tmp_path: Path) -> None:
    from peft import PeftModel

    policy = Policy.load(folder, "lora", 4, 0)
    with torch.no_grad():
        for parameter in policy.parameters("proposer"):
            parameter += 0.02
    policy.save_adapter("proposer", tmp_path)
    base = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa")
    loaded = PeftModel.from_pretrained(base, tmp_path)
    ids = torch.tensor([[40, 41, 42]])
    with policy.acting("proposer") as model:
        assert torch.allclose(model(input_ids=ids).logits, loaded(input_ids=ids).logits, atol=1e-5)


def test_roles_with_a_model_each_learn_apart_and_come_back(folder: Path, tmp_path: Path) -> None:
    policy = Policy.load(folder, "full")
    untouched = greedy(policy, "solver")
    Learner(policy, LearningConfig(learning_rate=0.01, warmup_steps=0), 2).step(
        trajectories(policy, "coder"), SeededRng(("learn",))
    )
    assert same(greedy(policy, "solver"), untouched)
    assert not same(greedy(policy, "coder"), untouched)
    policy.save(tmp_path)
    restored = Policy.load(folder, "full")
    restored.restore(tmp_path)
    for role in ROLES:
        assert same(greedy(restored, role), greedy(policy, role))
    assert same(greedy(Policy.load(tmp_path / "coder"), "solver"), greedy(policy, "coder"))


def test_an_adapter_of_other_settings_is_refused(tmp_path: Path) -> None:
    folder = tiny_models.write("llava", tmp_path / "model")
    policy = Policy.load(folder, "lora", 4, 0, "both")
    policy.save(tmp_path / "saved")
    with pytest.raises((RestoreError, RuntimeError), match="adapter"):
        Policy.load(folder, "lora", 4, 0, "text").restore(tmp_path / "saved")


def test_fingerprints_tell_any_change(tmp_path: Path) -> None:
    weights = {"a": torch.ones(2, 3), "b": torch.zeros(1)}
    assert fingerprint(weights) == fingerprint(dict(reversed(weights.items())))
    for other in (
        {**weights, "b": torch.full((1,), 1e-7)},
        {"a": torch.ones(3, 2), "b": torch.zeros(1)},
        {"a": torch.ones(2, 3)},
    ):
        assert fingerprint(other) != fingerprint(weights)


def test_a_model_without_the_usual_parts_is_refused_with_what_it_has(tmp_path: Path) -> None:
    model = Policy.load(tiny_models.write("llava", tmp_path)).model
    model.model.tongue = model.model.language_model
    del model.model.language_model
    with pytest.raises(ArchitectureError, match=r"has none of language_model.*it has.*tongue.*sharing=shared"):
        lora_targets(model, "text")


def test_a_folder_without_a_model_says_what_to_give(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelNotFoundError, match="give a folder written by save_pretrained"):
        Policy.load(tmp_path)
