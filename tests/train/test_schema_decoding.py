"""Decoding under a schema by Hugging Face: every proposal is well-formed, and log-probs are what they say."""

import json

import pytest
import torch

from zerosight.envs import Rejected, item_rng, list_environments, make
from zerosight.roles import proposer
from zerosight.roles.proposer import Proposal
from zerosight.train.config import RunConfig
from zerosight.train.generators import make_generator
from zerosight.train.generators.grammar import SchemaGrammar
from zerosight.train.generators.hf import HFGenerator
from zerosight.train.learning.learner import Learner
from zerosight.train.models.completions import Sampling
from zerosight.train.models.load import EMBEDDED_SEED
from zerosight.train.models.policy import Policy

ENV = make("shapes/Canvas-v1")
BY_GRAMMAR = ("syntax", "operator", "arity", "type", "word", "requirements", "concept")
"""Codes that no text under the schema can have."""


@pytest.fixture(scope="module")
def policy():
    return Policy.load(EMBEDDED_SEED)


@pytest.fixture(scope="module")
def completions(policy):
    """At a temperature at which this model writes little that is valid by itself."""
    briefing = ENV.briefing(item_rng(ENV.id, "train", 0, 0), "count", 2)
    prompt = policy.prompt(proposer.prompt(ENV, briefing))
    generator = HFGenerator(policy, schemas={"proposer": proposer.schema([ENV])})
    return generator.generate("proposer", [prompt] * 2, Sampling(max_new_tokens=160, temperature=2.0, n=12), 3)


def test_whatever_ends_is_well_formed(completions):
    ended = [c for group in completions for c in group if c.finished]
    assert len(ended) >= 3
    for completion in ended:
        parsed = proposer.parse(ENV, completion.text)
        assert isinstance(parsed, Proposal) or parsed.code not in BY_GRAMMAR, (completion.text, parsed)
        assert completion.constrained and completion.text.endswith("}")


def test_the_same_model_alone_writes_what_is_not(policy, completions):
    briefing = ENV.briefing(item_rng(ENV.id, "train", 0, 0), "count", 2)
    prompt = policy.prompt(proposer.prompt(ENV, briefing))
    (group,) = HFGenerator(policy).generate(
        "proposer", [prompt], Sampling(max_new_tokens=160, temperature=2.0, n=12), 3
    )
    codes = [parsed.code for c in group if isinstance(parsed := proposer.parse(ENV, c.text), Rejected)]
    assert any(code in BY_GRAMMAR for code in codes)
    assert not any(c.constrained for c in group)


def test_logprobs_are_those_among_what_is_allowed(policy, completions):
    """An independent count: at a place where a single token is allowed its probability is 1."""
    first = completions[0][0]
    allowed = SchemaGrammar(policy.tokenizer, proposer.schema([ENV])).rows(1)
    forced = 0
    for token, logprob in zip(first.ids, first.logprobs, strict=True):
        logits = allowed.forbid(torch.zeros(1, len(policy.tokenizer)))
        if int((logits > -1).sum()) == 1:
            forced += 1
            assert logprob == pytest.approx(0.0, abs=1e-5)
        assert logits[0, token] == 0
        allowed.accept(torch.tensor([token]))
    assert forced > 3


@pytest.mark.parametrize("env_id", [env_id for env_id in list_environments() if "@" not in env_id])
def test_own_queries_of_every_environment_are_allowed(policy, env_id):
    env = make(env_id)
    grammar = SchemaGrammar(policy.tokenizer, proposer.schema([env]))
    for number, task in enumerate(list(env.tasks)[:3]):
        query = env.sample(item_rng(env.id, "train", 0, number), task, min(env.difficulties)).question.query
        text = json.dumps({"concept": "a picture", "draw": [[2]], "ask": query})
        rows = grammar.rows(1)
        for token in policy.tokenizer(text, add_special_tokens=False)["input_ids"]:
            assert rows.forbid(torch.zeros(1, len(policy.tokenizer)))[0, token] == 0, (text, token)
            rows.accept(torch.tensor([token]))


def test_option_constrains_the_proposer_and_the_learner_takes_it(tmp_path):
    config = RunConfig.model_validate({"generator": {"constrained_decoding": True}})
    policy = Policy.load(EMBEDDED_SEED)
    generator = make_generator(config, policy, tmp_path)
    briefing = ENV.briefing(item_rng(ENV.id, "train", 0, 1), "side", 2)
    prompt = policy.prompt(proposer.prompt(ENV, briefing))
    (group,) = generator.generate("proposer", [prompt], Sampling(max_new_tokens=60, temperature=1.5, n=4), 0)
    assert all(completion.constrained for completion in group)
    assert Learner(policy, config.learning, 1).policy is policy
