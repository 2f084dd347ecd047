"""A vocabulary that is padded beyond its tokenizer, and special tokens: never sampled, and no share in log-probs."""

import json
from pathlib import Path

import pytest
import torch
from transformers import AutoProcessor

from zerosight.envs import Score, SeededRng
from zerosight.train.config import LearningConfig
from zerosight.train.generators.endpoint import Endpoint
from zerosight.train.generators.hf import HFGenerator
from zerosight.train.generators.replies import Checks, OtherIdsError
from zerosight.train.generators.vllm_server import VLLMServerGenerator
from zerosight.train.learning.learner import Learner
from zerosight.train.models.architecture import load_model, never_sampled
from zerosight.train.models.completions import Prompt, Sampling
from zerosight.train.models.packing import Branch, PackedRow
from zerosight.train.models.policy import Policy
from zerosight.train.rollouts import Trajectory

PADDING = 64
PROMPTS = [Prompt((100 + n, 106, 107)) for n in range(4)]
SAMPLING = Sampling(max_new_tokens=8, n=16, temperature=2.0)


@pytest.fixture(scope="module")
def padded_folder(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with more output rows than its tokenizer has ids, and a special token that begins a turn."""
    folder = tmp_path_factory.mktemp("padded")
    processor = AutoProcessor.from_pretrained(tiny_folder)
    processor.tokenizer.add_special_tokens({"additional_special_tokens": ["<image>", "<turn>"]})
    model = load_model(tiny_folder, torch.float32)
    torch.manual_seed(0)
    model.resize_token_embeddings(len(processor.tokenizer) + PADDING, mean_resizing=False)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture
def padded(padded_folder: Path) -> Policy:
    policy = Policy.load(padded_folder)
    with torch.no_grad():
        # The padding is likelier than all else, as it may be where nothing ever trained it.
        policy.model.lm_head.weight[-PADDING:] *= 3.0
    return policy


def test_what_no_completion_may_hold(padded: Policy) -> None:
    tokenizer = padded.tokenizer
    suppressed = set(padded.suppressed_ids.tolist())
    assert padded.model.lm_head.weight.shape[0] == len(tokenizer) + PADDING
    assert suppressed >= {len(tokenizer), len(tokenizer) + PADDING - 1}
    assert suppressed >= set(tokenizer.convert_tokens_to_ids(["<pad>", "<image>", "<turn>"]))
    assert tokenizer.eos_token_id not in suppressed
    assert len(suppressed) == PADDING + 3
    assert max(never_sampled(padded.model, tokenizer)) < padded.model.lm_head.weight.shape[0]


def test_no_id_beyond_the_tokenizer_is_sampled_and_every_completion_can_be_checked(padded: Policy) -> None:
    groups = HFGenerator(padded).generate("solver", PROMPTS, SAMPLING, 0)
    checks = Checks.of(padded)
    for completion in (c for group in groups for c in group):
        assert not set(completion.ids) & set(padded.suppressed_ids.tolist())
        assert padded.tokenizer.decode(completion.ids, skip_special_tokens=True) == completion.text
        checks.completion(list(completion.ids), list(completion.logprobs), SAMPLING, "hf")
    with pytest.raises(OtherIdsError, match="is not an id of this tokenizer"):
        checks.completion([len(padded.tokenizer)], [-1.0], SAMPLING, "hf")


def test_sampler_and_trainer_have_one_distribution_and_it_sums_to_one(padded: Policy) -> None:
    groups = HFGenerator(padded).generate("solver", PROMPTS, SAMPLING, 0)
    for prompt, group in zip(PROMPTS, groups, strict=True):
        row = PackedRow(prompt.ids, [Branch(c.ids) for c in group])
        logprobs, entropies = padded.logprobs("solver", padded.pack([row]), SAMPLING.temperature, entropy=True)
        sampled = torch.tensor([value for c in group for value in c.logprobs])
        assert torch.allclose(logprobs, sampled, atol=1e-5)
        assert entropies is not None
        assert torch.isfinite(entropies).all()
    allowed = sorted(set(range(padded.model.lm_head.weight.shape[0])) - set(padded.suppressed_ids.tolist()))
    every = PackedRow(PROMPTS[0].ids, [Branch([token]) for token in allowed])
    logprobs, _ = padded.logprobs("solver", padded.pack([every]))
    assert float(logprobs.detach().exp().sum()) == pytest.approx(1.0, abs=1e-4)


def test_a_step_on_a_padded_vocabulary_is_finite_and_leaves_the_padding_alone(padded: Policy) -> None:
    groups = HFGenerator(padded).generate("solver", PROMPTS, SAMPLING, 0)
    samples = [
        Trajectory("solver", (f"g{n}",), prompt, c, Score(float(c.ids[0] % 2)), policy_version=0)
        for n, (prompt, group) in enumerate(zip(PROMPTS, groups, strict=True))
        for c in group
    ]
    before = padded.model.lm_head.weight.detach().clone()
    metrics = Learner(padded, LearningConfig(learning_rate=1e-3, warmup_steps=0), 4).step(samples, SeededRng(("t",)))
    assert metrics["solver/logprob_gap"] < 1e-5
    assert metrics["skipped_updates"] == 0.0
    after = padded.model.lm_head.weight.detach()
    assert torch.equal(after[-PADDING:], before[-PADDING:])
    assert not torch.equal(after[:-PADDING], before[:-PADDING])


def test_vllm_is_told_of_every_suppressed_id(padded: Policy) -> None:
    checks = Checks.of(padded)
    assert checks.bad_words == ["<pad>", "<image>", "<turn>"]
    assert checks.logit_bias == dict.fromkeys(range(checks.vocabulary, checks.vocabulary + PADDING), -100.0)


def test_a_servers_requests_name_every_suppressed_id(padded: Policy, tiny: Policy) -> None:
    bodies = []
    for policy in (padded, tiny):
        generator = VLLMServerGenerator(Endpoint(url="http://localhost:1"), Checks.of(policy), "base")
        bodies.append(json.loads(json.dumps(generator._body("base", SAMPLING, 1, None))))
    vocabulary = len(padded.tokenizer)
    assert bodies[0]["bad_words"] == ["<pad>", "<image>", "<turn>"]
    assert bodies[0]["logit_bias"] == {str(token): -100.0 for token in range(vocabulary, vocabulary + PADDING)}
    assert "logit_bias" not in bodies[1]
