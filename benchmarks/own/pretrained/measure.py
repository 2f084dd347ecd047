"""What a pretrained model writes in each world before it has learned anything: valid proposals, accepted programs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ....envs import Briefing, Environment, Rejected, SeededRng
from ....envs.card import example_proposals
from ....render import InfrastructureError
from ....render.drawing import Drawn
from ....roles import coder, proposer
from ....train.models.completions import Completion, Generator, Prompt, Sampling
from ....train.models.policy import Policy
from ....train.rollouts import Draw

REPLIES_KEPT = 6
"""Replies of each kind that go into the results, to be looked at."""
TEMPERATURE = 0.7


class ReplySample(NamedTuple):
    """How many prompts there are, and replies to each."""

    prompt_count: int
    reply_count: int
    max_tokens: int


class Replies(NamedTuple):
    """What was made of the replies of a role under one condition."""

    reply_count: int
    valid_count: int
    """Valid proposals, or programs that the renderer accepts."""
    faithful_count: int
    """Proposals of the briefing's task, or programs that draw what was asked for and nothing else."""
    cut_count: int
    """Replies that were cut off at the limit."""
    rejections: Mapping[str, int]
    texts: Sequence[str]
    """Some of them as they were written."""

    def as_dict(self) -> dict[str, Any]:
        """Return the counts and the shares."""
        shares = {
            "valid": round(self.valid_count / max(1, self.reply_count), 3),
            "faithful": round(self.faithful_count / max(1, self.reply_count), 3),
        }
        return self._asdict() | {"rejections": dict(self.rejections), "texts": list(self.texts)} | shares


def briefings_of(env: Environment, count: int, rng: SeededRng) -> list[Briefing]:
    """Draw `count` briefings of the easiest level of `env`, its tasks in turn."""
    tasks = list(env.tasks)
    return [
        env.briefing(
            rng.child("briefing", number), tasks[number * len(tasks) // count % len(tasks)], env.difficulties[0]
        )
        for number in range(count)
    ]


def proposals(
    env: Environment, policy: Policy, generator: Generator, sample: ReplySample, example_count: int
) -> Replies:
    """ReplySample proposals in `env`.

    Args:
        env: the environment.
        policy: whose tokenizer writes the prompts.
        generator: that samples; under a grammar or not.
        sample: how many.
        example_count: whole proposals in each prompt.
    """
    rng = SeededRng(("pretrained", env.id))
    briefings = briefings_of(env, sample.prompt_count, rng)
    prompts = [
        policy.prompt(
            proposer.prompt(env, briefing, style="full", rng=rng.child("card", number), examples=example_count)
        )
        for number, briefing in enumerate(briefings)
    ]
    groups = _generated(generator, "proposer", prompts, sample)
    rejections: Counter[str] = Counter()
    valid_count = faithful_count = 0
    for briefing, group in zip(briefings, groups, strict=True):
        for completion in group:
            proposal = proposer.parse(env, completion.text)
            if isinstance(proposal, Rejected):
                rejections[proposal.code] += 1
                continue
            valid_count += 1
            faithful_count += proposal.task == briefing.task
    return _replies(groups, valid_count, faithful_count, rejections)


def programs(
    env: Environment, policy: Policy, generator: Generator, draw: Draw, sample: ReplySample, *, with_example: bool
) -> Replies:
    """ReplySample programs in `env` for proposals that the environment made itself, and `draw` them.

    Args:
        env: the environment.
        policy: whose tokenizer writes the prompts.
        generator: that samples.
        draw: runs the programs in the sandbox.
        sample: how many.
        with_example: show a complete program as well, and say what the question needs.
    """
    rng = SeededRng(("pretrained", env.id, "programs"))
    wanted = []
    for number in range(sample.prompt_count):
        (example,) = example_proposals(env, rng.child("proposal", number), 1)
        query = env.parse_value(example.item.question.query)
        needs = () if isinstance(query, Rejected) else tuple(need.text for need in env.needs(query))
        wanted.append((example.requirements, needs))
    prompts = []
    for number, (requirements, needs) in enumerate(wanted):
        messages = coder.prompt(env, requirements, needs=needs, style="full", rng=rng.child("card", number))
        prompts.append(policy.prompt(messages if with_example else coder.prompt(env, requirements)))
    groups = _generated(generator, "coder", prompts, sample)
    texts = [coder.parse(completion.text) for group in groups for completion in group]
    outcomes = iter(draw(env, texts))
    rejections: Counter[str] = Counter()
    valid_count = faithful_count = 0
    for (requirements, _), group in zip(wanted, groups, strict=True):
        for _ in group:
            outcome = next(outcomes)
            if isinstance(outcome, Drawn):
                check = coder.check_spec(env, outcome.scene, requirements)
                valid_count += 1
                faithful_count += check.spec_satisfied
            else:
                rejections["infrastructure" if isinstance(outcome, InfrastructureError) else outcome.code] += 1
    return _replies(groups, valid_count, faithful_count, rejections)


def _generated(
    generator: Generator, role: str, prompts: Sequence[Prompt], sample: ReplySample
) -> list[list[Completion]]:
    sampling = Sampling(max_new_tokens=sample.max_tokens, temperature=TEMPERATURE, n=sample.reply_count)
    return generator.generate(role, prompts, sampling, 0)


def _replies(
    groups: Sequence[Sequence[Completion]], valid_count: int, faithful_count: int, rejections: Counter[str]
) -> Replies:
    completions = [completion for group in groups for completion in group]
    cut_count = sum(not completion.finished for completion in completions)
    texts = [group[0].text for group in groups][:REPLIES_KEPT]
    return Replies(len(completions), valid_count, faithful_count, cut_count, dict(rejections.most_common(8)), texts)
