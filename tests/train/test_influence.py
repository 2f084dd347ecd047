"""Imitation, influence and measured gain: what moves the Solver where, on a model small enough to check by hand."""

import pytest
import torch
from test_learner import CONFIG, PROMPT, probability, trajectories

from zerosight.envs import Score, SeededRng, make
from zerosight.train.config import RunConfig, override
from zerosight.train.influence import cosine, expected_accuracy, influence, nudged
from zerosight.train.learning.batches import prefix_batches
from zerosight.train.learning.learner import Learner
from zerosight.train.learning.losses import imitation_loss
from zerosight.train.models.completions import Completion
from zerosight.train.models.policy import Policy
from zerosight.train.recipes.soar import prompted
from zerosight.train.rollouts import Trajectory
from zerosight.train.trajectories import taught
from zerosight.train.validation import validation


def written(*ids: int) -> Trajectory:
    """A completion that nobody sampled."""
    return Trajectory("solver", ("g",), PROMPT, Completion(ids, (0.0,) * len(ids), "", True), Score(0.0, {}), 0)


def test_imitation_is_minus_the_mean_log_prob_of_each_sequence() -> None:
    logprobs = torch.tensor([-1.0, -3.0, -0.5], requires_grad=True)
    loss = imitation_loss(logprobs, torch.tensor([0, 0, 1]), torch.tensor([1.0, 2.0])).loss
    assert float(loss.detach()) == pytest.approx(2.0 + 2 * 0.5)
    loss.backward()
    assert logprobs.grad is not None and logprobs.grad.tolist() == [-0.5, -0.5, -2.0]


def test_what_is_imitated_becomes_likelier_whatever_it_is_paid(tiny: Policy) -> None:
    with torch.no_grad():
        tiny.model.lm_head.weight *= 5  # a random head of the usual scale can hardly prefer any token
    learner = Learner(tiny, CONFIG, 15)
    for step in range(15):
        metrics = learner.step([written(11)], SeededRng(("sft", step)), "sft")
    assert metrics["solver/imitated"] == 1.0
    assert probability(tiny, "solver", 12) - probability(tiny, "solver", 11) > 0.5


def test_imitation_has_the_gradient_of_the_plain_path(tiny: Policy) -> None:
    learner = Learner(tiny, CONFIG, 4)
    learner._gradients("solver", prefix_batches("solver", [written(5, 7), written(9)], True))
    packed = [p.grad.clone() for p in tiny.model.parameters() if p.grad is not None]
    learner.optimizer.zero_grad()
    loss = torch.zeros(())
    for ids in ((5, 7), (9,)):
        logits = tiny.model(input_ids=torch.tensor([[*PROMPT.ids, *ids]])).logits[0].float()
        found = logits.index_fill(1, tiny.suppressed_ids, -torch.inf).log_softmax(-1)
        place = len(PROMPT.ids) - 1
        loss = loss - torch.stack([found[place + i, token] for i, token in enumerate(ids)]).mean() / 2
    loss.backward()
    plain = [p.grad for p in tiny.model.parameters() if p.grad is not None]
    assert len(plain) == len(packed) > 10
    assert max(float((a - b).abs().max()) for a, b in zip(plain, packed, strict=True)) < 1e-5


def test_cosine_of_gradients_by_parameter() -> None:
    one, other = [torch.tensor([1.0, 0.0]), torch.tensor([[2.0]])], [torch.tensor([0.0, 5.0]), torch.tensor([[0.0]])]
    assert cosine(one, one) == pytest.approx(1.0)
    assert cosine(one, [-g for g in one]) == pytest.approx(-1.0)
    assert cosine(one, other) == 0.0
    assert cosine(one, [torch.zeros(2), torch.zeros(1, 1)]) == 0.0


def test_influence_tells_the_same_lesson_from_its_opposite(tiny: Policy) -> None:
    # A bonus for entropy points the same way in a lesson and its opposite.
    learner = Learner(tiny, CONFIG.model_copy(update={"entropy_weight": {}}), 4)
    lesson = trajectories(tiny, "solver", 100, 0)
    opposite = [Trajectory(t.role, t.group, t.prompt, t.completion, Score(-t.score.value), 0) for t in lesson]
    reference = learner.gradient("solver", lesson)
    assert influence(learner, lesson, reference) == pytest.approx(1.0, abs=1e-5)
    assert influence(learner, opposite, reference) == pytest.approx(-1.0, abs=1e-5)
    flat = [Trajectory(t.role, t.group, t.prompt, t.completion, Score(1.0), 0) for t in lesson]
    assert influence(learner, flat, reference) == 0.0
    learner.step(lesson, SeededRng(("once",)))
    # Now each parameter is weighed by how much it moved before: no longer the plain gradient.
    assert 0.0 < influence(learner, lesson, learner.gradient("solver", lesson)) < 1.0


def test_measuring_changes_nothing(tiny: Policy) -> None:
    learner = Learner(tiny, CONFIG, 4)
    before = [p.detach().clone() for p in tiny.model.parameters()]
    lesson = trajectories(tiny, "solver", 100, 0)
    chance = probability(tiny, "solver", 100)
    with nudged(learner, lesson, 1e-3):
        assert probability(tiny, "solver", 100) > chance, "a step along the gradient helps"
    assert all(torch.equal(p, old) for p, old in zip(tiny.model.parameters(), before, strict=True))
    assert all(p.grad is None for p in tiny.model.parameters())
    assert not learner.optimizer.state


def test_expected_accuracy_is_the_product_over_an_answers_tokens(tiny: Policy) -> None:
    config = override(RunConfig(), ["envs=[shapes/Canvas-v1]"])
    every = prompted(validation(config, 3), tiny)
    assert {asked.item.env for asked in every} == {make("shapes/Canvas-v1").id}
    total = 0.0
    for asked in every:
        assert asked.prompt is not None
        ids = taught(tiny, ("x",), asked).completion.ids
        tokens = torch.tensor([[*asked.prompt.ids, *ids]])
        with torch.no_grad():
            vision = {name: torch.as_tensor(value) for name, value in (asked.prompt.vision or {}).items()}  # type: ignore[union-attr]
            logits = tiny.model(input_ids=tokens, **vision).logits[0].float()
        chances = logits.index_fill(1, tiny.suppressed_ids, -torch.inf).softmax(-1)
        start = len(asked.prompt.ids) - 1
        total += float(torch.stack([chances[start + i, token] for i, token in enumerate(ids)]).prod())
    assert expected_accuracy(tiny, every) == pytest.approx(total / 3, rel=1e-4)
