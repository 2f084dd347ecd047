"""The learner on a tiny model: it learns what is rewarded, and stops rather than learn the wrong thing."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from zerosight.envs import Score, SeededRng
from zerosight.train.config import LearningConfig
from zerosight.train.generators.hf import HFGenerator
from zerosight.train.learning.batches import prefix_batches, with_advantages
from zerosight.train.learning.guards import TrainingError
from zerosight.train.learning.learner import Learner
from zerosight.train.learning.losses import policy_loss
from zerosight.train.models.completions import Completion, Prompt, Sampling
from zerosight.train.models.packing import Branch, PackedRow, pack
from zerosight.train.models.policy import Policy
from zerosight.train.rollouts import Trajectory

CONFIG = LearningConfig(learning_rate=1e-2, warmup_steps=0, minibatches=1)
PROMPT = Prompt((105, 106, 107))


def trajectories(policy: Policy, role: str, wanted: int, seed: int) -> list[Trajectory]:
    """Completions of one token, rewarded where it is below `wanted`."""
    group = HFGenerator(policy).generate(role, [PROMPT], Sampling(max_new_tokens=1, n=32), seed)[0]
    return [Trajectory(role, ("g",), PROMPT, c, Score(float(c.ids[0] < wanted)), policy_version=0) for c in group]


def probability(policy: Policy, role: str, wanted: int) -> float:
    with policy.acting(role) as model, torch.no_grad():
        return float(model(input_ids=torch.tensor([PROMPT.ids])).logits[0, -1].softmax(-1)[:wanted].sum())


@pytest.mark.parametrize(("sharing", "steps"), [("tiny", 15), ("tiny_lora", 30)])
def test_rewarded_completions_become_likelier(sharing: str, steps: int, request: pytest.FixtureRequest) -> None:
    policy = request.getfixturevalue(sharing)
    with torch.no_grad(), policy.acting("solver") as model:
        # Adapters leave the head as it is, and a random head of the usual scale can hardly prefer any token.
        model.lm_head.weight *= 5
    learner = Learner(policy, CONFIG, steps)
    before = probability(policy, "solver", 100)
    for step in range(steps):
        learner.step(trajectories(policy, "solver", 100, step), SeededRng(("test", step)))
    assert probability(policy, "solver", 100) > before + 0.2


def test_a_role_that_is_left_out_is_frozen(tiny_lora: Policy) -> None:
    learner = Learner(tiny_lora, CONFIG.model_copy(update={"role_weights": {"solver": 1.0}}), 4)
    before = {name: p.clone() for name, p in tiny_lora.trainable().items()}
    both = trajectories(tiny_lora, "solver", 100, 0) + trajectories(tiny_lora, "coder", 100, 1)
    learner.step(both, SeededRng(("test",)))
    changed = {name for name, p in tiny_lora.trainable().items() if not torch.equal(p, before[name])}
    assert changed
    assert all(".solver." in name for name in changed)


def test_groups_without_signal_change_nothing(tiny: Policy) -> None:
    learner = Learner(tiny, CONFIG, 4)
    before = [p.clone() for p in tiny.model.parameters()]
    flat = [replace(trajectory, score=Score(0.5)) for trajectory in trajectories(tiny, "solver", 100, 0)]
    metrics = learner.step(flat, SeededRng(("test",)))
    assert metrics["solver/flat_groups"] == 1
    assert all(torch.equal(p, q) for p, q in zip(tiny.model.parameters(), before, strict=True))


def test_micro_batches_do_not_change_the_update(tiny_folder: Any) -> None:
    results = []
    for budget in (256, 100_000):
        policy = Policy.load(tiny_folder)
        learner = Learner(policy, CONFIG.model_copy(update={"token_budget": budget}), 4)
        own = trajectories(policy, "solver", 100, 0)
        others = [
            replace(t, prompt=Prompt((9, 9, n)), group=(f"h{n}",))
            for n in range(40)
            for t in trajectories(policy, "coder", 90, n)[:4]
        ]
        learner = Learner(policy, CONFIG.model_copy(update={"token_budget": budget, "max_logprob_gap": 100.0}), 4)
        learner.step(own + others, SeededRng(("test",)))
        results.append([p.detach().clone() for p in policy.model.parameters()])
    assert all(torch.allclose(p, q, atol=2e-5) for p, q in zip(*results, strict=True))


def test_a_sampler_of_other_weights_stops_the_run(tiny: Policy) -> None:
    wrong = [
        replace(t, completion=Completion(t.completion.ids, tuple(v - 1.0 for v in t.completion.logprobs), "", True))
        for t in trajectories(tiny, "solver", 100, 0)
    ]
    with pytest.raises(TrainingError, match=r"sampler and trainer differ by 1\.000 nats"):
        Learner(tiny, CONFIG, 4).step(wrong, SeededRng(("test",)))


def test_a_loss_that_is_not_finite_names_the_group(tiny: Policy) -> None:
    own = trajectories(tiny, "solver", 100, 0)
    with torch.no_grad():
        tiny.model.lm_head.weight.fill_(float("nan"))
    learner = Learner(tiny, CONFIG, 4)
    with pytest.raises(TrainingError, match=r"loss of solver is not finite at group g"):
        for _ in range(3):
            learner.step(own, SeededRng(("test",)))


def test_groups_of_different_roles_are_apart(tiny: Policy) -> None:
    own = trajectories(tiny, "solver", 100, 0)[:2]
    mixed = [replace(own[0], role="coder", score=Score(1.0)), replace(own[1], score=Score(0.0))]
    kept, counts = with_advantages(mixed, "group")
    assert kept == []
    assert counts == {"groups": 2.0, "flat_groups": 2.0, "truncated": 2.0}


def test_kl_pulls_towards_the_start(tiny_folder: Any) -> None:
    ends = []
    for weight in (0.0, 5.0):
        policy = Policy.load(tiny_folder)
        learner = Learner(policy, CONFIG.model_copy(update={"kl_weight": weight, "minibatches": 1}), 4)
        for step in range(8):
            learner.step(trajectories(policy, "solver", 100, step), SeededRng(("test", step)))
        ends.append(probability(policy, "solver", 100))
    assert ends[1] < ends[0]


def test_equal_traces_are_computed_once_and_count_as_often_as_they_are(tiny: Policy) -> None:
    own = trajectories(tiny, "solver", 100, 0)
    good, bad = (next(t for t in own if t.score.value == value) for value in (1.0, 0.0))
    six = [replace(t, advantage=t.score.value - 1 / 3) for t in (good, bad, bad, good, bad, bad)]
    (batch,) = prefix_batches("solver", six)
    assert len(batch.row.branches) == 2
    assert batch.counts == (2, 4)
    packed = pack([batch.row], 0)
    merged, _ = tiny.logprobs("solver", packed)
    apart, _ = tiny.logprobs("solver", pack([PackedRow(PROMPT.ids, [Branch(t.completion.ids) for t in six])], 0))
    losses = [
        policy_loss(
            "grpo",
            merged,
            merged.detach(),
            torch.tensor([2 / 3, -1 / 3]),
            packed.branch,
            weights=torch.tensor([2.0, 4.0]),
        ).loss,
        policy_loss("grpo", apart, apart.detach(), torch.tensor([t.advantage for t in six]), torch.arange(6)).loss,
    ]
    first, second = (torch.autograd.grad(loss, tiny.model.lm_head.weight)[0] for loss in losses)
    assert torch.allclose(first, second, atol=1e-5)


def test_a_hot_sampler_is_trained_hot(tiny: Policy) -> None:
    group = HFGenerator(tiny).generate("solver", [PROMPT], Sampling(max_new_tokens=3, n=16, temperature=1.7), 0)[0]
    hot = [Trajectory("solver", ("g",), PROMPT, c, Score(float(i % 2)), policy_version=0) for i, c in enumerate(group)]
    metrics = Learner(tiny, CONFIG, 4).step(hot, SeededRng(("test",)))
    assert metrics["solver/logprob_gap"] < 1e-5


def test_the_entropy_bonus_keeps_answers_in_play(tiny_folder: Any) -> None:
    entropies = []
    for weight in (0.0, 1.0):
        policy = Policy.load(tiny_folder)
        with torch.no_grad():
            policy.model.lm_head.weight *= 5
        learner = Learner(policy, CONFIG.model_copy(update={"entropy_weight": {"solver": weight}}), 4)
        for step in range(8):
            learner.step(trajectories(policy, "solver", 100, step), SeededRng(("test", step)))
        _, entropy = policy.logprobs("solver", pack([PackedRow(PROMPT.ids, [Branch([8])])], 0), entropy=True)
        assert entropy is not None
        entropies.append(float(entropy.detach()))
    assert entropies[1] > entropies[0] + 0.1


@pytest.mark.parametrize("final", [0.0, 0.25, 1.0])
def test_the_rate_rises_then_falls_to_its_final_share(final: float, tiny: Policy) -> None:
    config = CONFIG.model_copy(update={"learning_rate": 1e-5, "warmup_steps": 3, "final_rate": final})
    learner = Learner(tiny, config, 20)
    rates = []
    for step in range(20):
        learner.step(trajectories(tiny, "solver", 100, step), SeededRng(("test", step)))
        rates.append(learner.optimizer.param_groups[0]["lr"])
    peak = rates.index(max(rates))
    assert rates[0] == pytest.approx(1e-5 / 3)
    assert peak in (2, 3)
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] == pytest.approx(final * 1e-5)


def test_recomputed_layers_give_the_same_gradients(tiny_folder: Any) -> None:
    found = []
    for again in (False, True):
        policy = Policy.load(tiny_folder)
        calls = 0

        def counted(*_: Any) -> None:
            nonlocal calls
            calls += 1

        learner = Learner(policy, CONFIG.model_copy(update={"gradient_checkpointing": again}), 4)
        policy.model.model.language_model.layers[0].input_layernorm.register_forward_hook(counted)
        own = trajectories(policy, "solver", 100, 0)
        calls = 0
        learner.step(own, SeededRng(("test",)))
        found.append((calls, [p.detach().clone() for p in policy.model.parameters()]))
    assert (found[0][0], found[1][0]) == (1, 2)
    assert all(torch.allclose(p, q, atol=1e-6) for p, q in zip(found[0][1], found[1][1], strict=True))


def test_bfloat16_samples_and_trains_alike_and_keeps_float32_weights(tiny_folder: Any) -> None:
    policy = Policy.load(tiny_folder)
    policy.autocast = torch.bfloat16
    metrics = Learner(policy, CONFIG, 4).step(trajectories(policy, "solver", 100, 0), SeededRng(("test",)))
    assert metrics["solver/logprob_gap"] < 0.02
    assert {p.dtype for p in policy.model.parameters()} == {torch.float32}


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_rate_falls_to_its_final_share(tiny: Policy, schedule: Any) -> None:
    learner = Learner(tiny, CONFIG.model_copy(update={"schedule": schedule, "final_rate": 0.2}), 11)
    rates = []
    for step in range(11):
        learner.version = step
        rates.append(learner._learning_rate() / CONFIG.learning_rate)
    assert rates[0] == pytest.approx(1.0)
    assert rates[5] == pytest.approx(0.6)
    assert rates[-1] == pytest.approx(0.2)
    assert rates == sorted(rates, reverse=True)
    assert rates[2] == pytest.approx(0.2 + 0.8 * (0.8 if schedule == "linear" else 0.9045), abs=1e-3)


def test_rows_split_at_the_token_budget_make_the_same_update(tiny_folder: Any) -> None:
    ends = []
    for budget in (8192, 256):
        policy = Policy.load(tiny_folder)
        prompt = Prompt(tuple(range(100, 130)))
        group = HFGenerator(policy).generate("solver", [prompt], Sampling(max_new_tokens=40, n=12), 0)[0]
        own = [Trajectory("solver", ("g",), prompt, c, Score(float(i % 3)), 0) for i, c in enumerate(group)]
        config = CONFIG.model_copy(update={"token_budget": budget, "max_grad_norm": 1e9, "loss": "dapo"})
        learner = Learner(policy, config, 4)
        packed_rows = []
        pack_rows = policy.pack
        policy.pack = lambda rows, seen=packed_rows, real=pack_rows: (seen.append(rows), real(rows))[1]  # type: ignore[misc, method-assign]
        learner._gradients("solver", learner._within_budget(prefix_batches("solver", with_advantages(own, "none")[0])))
        assert all(len(row.branches) == 1 or row.tokens <= budget for rows in packed_rows for row in rows)
        assert all(sum(row.tokens for row in rows) <= budget for rows in packed_rows)
        ends.append((len(packed_rows), [p.grad.clone() for p in policy.model.parameters() if p.grad is not None]))
    assert ends[0][0] < ends[1][0]
    assert all(torch.allclose(p, q, atol=1e-5) for p, q in zip(ends[0][1], ends[1][1], strict=True))
