"""The learner with each loss by name: it learns, divides by the whole batch, and is unchanged by default."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from zerosight.envs import Score, SeededRng
from zerosight.train.config import ConfigError, LearningConfig, RunConfig, override
from zerosight.train.generators.hf import HFGenerator
from zerosight.train.learning.advantages import group_advantages
from zerosight.train.learning.batches import with_advantages
from zerosight.train.learning.learner import Learner
from zerosight.train.learning.losses import LOSSES, UnknownLossError, divisor, policy_loss
from zerosight.train.models.completions import Completion, Prompt, Sampling
from zerosight.train.models.packing import Branch, PackedRow, pack
from zerosight.train.models.policy import Policy
from zerosight.train.rollouts import Trajectory

PROMPT = Prompt((105, 106, 107))
PLAIN = LearningConfig(
    learning_rate=1e-2, warmup_steps=0, entropy_weight={}, max_grad_norm=1e9, role_weights={"solver": 1.0}
)


def configured(**values: Any) -> LearningConfig:
    return LearningConfig.model_validate(PLAIN.model_dump() | values)


def trajectories(policy: Policy, seed: int, tokens: int = 1, prompt: Prompt = PROMPT, n: int = 32) -> list[Trajectory]:
    """Completions of up to `tokens` tokens, rewarded where the first is below 100."""
    group = HFGenerator(policy).generate("solver", [prompt], Sampling(max_new_tokens=tokens, n=n), seed)[0]
    return [Trajectory("solver", prompt.ids, prompt, c, Score(float(c.ids[0] < 100)), 0) for c in group]  # type: ignore[arg-type]


def cut(found: list[Trajectory]) -> list[Trajectory]:
    """The trajectories with completions of 1 to 4 tokens, so that token and sequence means differ."""
    return [
        replace(t, completion=Completion(t.completion.ids[: i % 4 + 1], t.completion.logprobs[: i % 4 + 1], "", True))
        for i, t in enumerate(found)
    ]


def gradient(policy: Policy, config: LearningConfig, own: list[Trajectory]) -> torch.Tensor:
    """What one step's gradient of the head is, read before the optimizer takes it."""
    learner, found = Learner(policy, config, 4), []
    learner.optimizer.register_step_pre_hook(lambda *_: found.append(policy.model.lm_head.weight.grad.clone()))
    learner.step(own, SeededRng(("test",)))
    assert len(found) == 1
    return found[0]


def test_the_names_are_those_of_the_losses() -> None:
    assert LearningConfig.model_json_schema()["properties"]["loss"]["enum"] == list(LOSSES)


@pytest.mark.parametrize("loss", LOSSES)
def test_rewarded_completions_become_likelier(loss: str, tiny: Policy) -> None:
    with torch.no_grad():
        tiny.model.lm_head.weight *= 5
    learner = Learner(tiny, configured(loss=loss, length_constant=1), 10)

    def likely() -> float:
        values, _ = tiny.logprobs("solver", pack([PackedRow(PROMPT.ids, [Branch([n]) for n in range(8, 100)])], 0))
        return float(values.detach().exp().sum())

    before = likely()
    for step in range(10):
        metrics = learner.step(trajectories(tiny, step), SeededRng(("test", step)))
        assert metrics.get("solver/ratio", 1.0) == pytest.approx(1.0, abs=1e-4)
    assert likely() > before + 0.1


@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_is_that_of_the_divided_loss(loss: str, tiny: Policy) -> None:
    own = cut(trajectories(tiny, 0, tokens=4))
    config = configured(loss=loss)
    kept, _ = with_advantages(own, config.advantage_scale, config.advantage_method)
    packed = pack([PackedRow(PROMPT.ids, [Branch(t.completion.ids) for t in kept])], 0)
    logprobs, _ = tiny.logprobs("solver", packed)
    advantages = torch.tensor([t.advantage for t in kept])[packed.branch]
    result = policy_loss(loss, logprobs, logprobs.detach(), advantages, packed.branch)
    loss_value = result.loss / divisor(LOSSES[loss].aggregation, len(kept), len(logprobs), config.length_constant)
    (expected,) = torch.autograd.grad(loss_value, tiny.model.lm_head.weight)
    found = gradient(tiny, config, own)
    assert float(expected.norm()) > 0
    assert float((found - expected).norm()) < 1e-3 * float(expected.norm())


@pytest.mark.parametrize("loss", LOSSES)
def test_micro_batches_change_only_bnpo(loss: str, tiny_folder: Any) -> None:
    found = []
    for budget in (256, 100_000):
        policy = Policy.load(tiny_folder)
        prompts = [Prompt((9, 9, n) * (1 + n // 2)) for n in range(24)]
        own = [t for n, p in enumerate(prompts) for t in cut(trajectories(policy, n, 4, p, 6))[: 3 + n % 4]]
        found.append(gradient(policy, configured(loss=loss, token_budget=budget), own))
    gap = float((found[0] - found[1]).norm() / found[1].norm())
    assert gap > 1e-3 if loss == "bnpo" else gap < 1e-4


@pytest.mark.parametrize(
    ("mode", "high", "factor"),
    [("token_truncate", 3.0, 1.49182), ("token_truncate", 1.2, 1.2), ("sequence_mask", 1.2, 0.0)],
)
def test_a_correction_weighs_by_the_gap_of_the_sampler(mode: str, high: float, factor: float, tiny_folder: Any) -> None:
    # The sampler says that each token is e^0.4 = 1.49182 times less likely than it is to the trainer.
    first, second = Policy.load(tiny_folder), Policy.load(tiny_folder)
    own = trajectories(first, 0)
    off = [replace(t, completion=replace(t.completion, logprobs=tuple(v - 0.4 for v in t.completion.logprobs)))
           for t in own]  # fmt: skip
    plain = gradient(first, configured(), own)
    config = configured(correction=mode, correction_high=high, max_logprob_gap=1.0)
    assert torch.allclose(gradient(second, config, off), factor * plain, atol=1e-6)


def test_a_correction_of_nothing_changes_no_update(tiny_folder: Any) -> None:
    ends = []
    for mode in ("none", "token_truncate"):
        policy = Policy.load(tiny_folder)
        prompts = [Prompt((9, 9, n)) for n in range(6)]
        own = [t for n, p in enumerate(prompts) for t in trajectories(policy, n, 2, p, 8)]
        learner = Learner(policy, configured(correction=mode, minibatches=3, learning_rate=1e-3), 4)
        learner.step(own, SeededRng(("test",)))
        assert learner._first_logprobs == {}
        ends.append([p.detach().clone() for p in policy.model.parameters()])
    assert all(torch.allclose(p, q, atol=1e-4) for p, q in zip(*ends, strict=True))


@pytest.mark.parametrize(
    ("loss", "advantage", "method"),
    [("grpo", "auto", "group"), ("rloo", "auto", "rloo"), ("reinforce_pp", "auto", "reinforce_pp"),
     ("dapo", "dual", "dual"), ("rloo", "group", "group")],
)  # fmt: skip
def test_auto_is_the_losss_own_advantage(loss: str, advantage: str, method: str) -> None:
    assert configured(loss=loss, advantage=advantage).advantage_method == method


def test_the_learners_groups_are_those_of_the_tree(tiny: Policy) -> None:
    one = trajectories(tiny, 0)[0]
    places = [("proposer", (0,)), ("proposer", (1,)), ("coder", (0, 0)), ("coder", (0, 1)), ("coder", (1, 0))]
    rewards = [1.0, 0.0, 0.25, 0.75, 0.5]
    own = [replace(one, role=role, group=tuple(map(str, path[:-1])), score=Score(reward))
           for (role, path), reward in zip(places, rewards, strict=True)]  # fmt: skip
    kept, _ = with_advantages(own, "none")
    siblings = group_advantages(rewards, [(role, *path[:-1]) for role, path in places], "none")
    assert [t.advantage for t in kept] == siblings.values[siblings.signal].tolist() == [0.5, -0.5, -0.25, 0.25]


def test_a_wrong_name_gives_the_close_one(tiny: Policy) -> None:
    with pytest.raises(ConfigError, match=r"learning\.loss: .*got 'drgrpo'; did you mean 'dr_grpo'\?"):
        override(RunConfig(), ["learning.loss=drgrpo"])
    with pytest.raises(ConfigError, match=r"learning\.loss: .*got 'xyz'$"):
        override(RunConfig(), ["learning.loss=xyz"])
    with pytest.raises(UnknownLossError, match="did you mean 'gspo'"):
        Learner(tiny, PLAIN.model_copy(update={"loss": "gsppo"}), 4)


def cut_short(trajectory: Trajectory, reward: float) -> Trajectory:
    return replace(trajectory, completion=replace(trajectory.completion, finished=False), score=Score(reward))


def test_a_truncated_completion_is_learned_from_masked_or_penalised(tiny: Policy) -> None:
    own = [
        replace(t, score=Score(float(i < 2)), completion=replace(t.completion, finished=True))
        for i, t in enumerate(trajectories(tiny, 0)[:4])
    ]
    group = [cut_short(own[0], 1.0), *own[1:]]
    plain, counts = with_advantages(group, "none")
    assert [t.advantage for t in plain] == [0.5, 0.5, -0.5, -0.5]
    assert counts["truncated"] == 1.0
    masked, counts = with_advantages(group, "none", mask_truncated="masked")
    # It counts in the mean that the others are compared with, and in no gradient.
    assert [t.advantage for t in masked] == [0.5, -0.5, -0.5]
    assert all(t.completion.finished for t in masked)
    assert counts["truncated"] == 1.0
    penalised, _ = with_advantages(group, "none", mask_truncated="penalised")
    assert [t.advantage for t in penalised] == [-0.25, 0.75, -0.25, -0.25]
    # A penalty that is there already is not softened.
    [worst, *_], _ = with_advantages([cut_short(own[0], -0.5), *own[1:]], "none", mask_truncated="penalised")
    assert worst.score.value == -0.5


def test_masked_completions_move_no_weight_and_are_counted_by_role(tiny: Policy) -> None:
    cut = [cut_short(t, float(i % 2)) for i, t in enumerate(trajectories(tiny, 0))]
    learner = Learner(tiny, configured(mask_truncated="masked", learning_rate=1e-2), 4)
    before = [p.detach().clone() for p in tiny.model.parameters()]
    metrics = learner.step(cut, SeededRng(("test",)))
    assert metrics["solver/truncated"] == float(len(cut))
    assert all(torch.equal(p, q) for p, q in zip(before, tiny.model.parameters(), strict=True))
    assert learner.step(cut, SeededRng(("test",)), "sft")["solver/imitated"] == 0.0
    assert all(torch.equal(p, q) for p, q in zip(before, tiny.model.parameters(), strict=True))
    plain = Learner(tiny, configured(learning_rate=1e-2), 4).step(cut, SeededRng(("test",)))
    assert plain["solver/truncated"] == float(len(cut))
    assert any(not torch.equal(p, q) for p, q in zip(before, tiny.model.parameters(), strict=True))
