"""The held-out suites: procedural items that no run ever sees, answered greedily, sighted and blind.

A suite is fixed by its environments' versions. Items are balanced by construction: each form equally often, each
answer of a form equally likely whatever the question's words, so every constant answer is at chance. The blind
score is the accuracy with each picture swapped for another item's.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..envs import Item, Question, Rejected, item_rng, make
from ..envs.card import Style
from ..envs.shapes.canvas import ENV_ID
from ..render import Picture
from ..render.drawing import Drawn
from ..roles import coder, proposer, solver
from ..roles.messages import Messages
from .curriculum.base import task_label
from .generators.hf import HFGenerator
from .intervals import wilson
from .limits import EMBEDDED_LIMITS
from .models.completions import Sampling
from .models.policy import Policy
from .rollouts import Draw, draw_each

SUITE_SEED = 0
DIFFICULTY_PATTERN = (1, 2, 3, 2, 3)
"""Difficulties in turn: one item in five is as easy as the warm-up's questions."""
ANSWER_TOKENS = 8
EASY = "easy pictures, taught forms"
HARDER = "harder pictures, taught forms"
NEW = "forms never answered before the run"

Progress = Callable[[str, int, int], None]
"""Called with what is done, how much of it, and out of how much."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Held-out items with their pictures."""

    items: tuple[Item, ...]
    pictures: tuple[Picture, ...]

    @property
    def envs(self) -> set[str]:
        """The environments that its items are of."""
        return {item.env for item in self.items}


def heldout_items(envs: Sequence[str], count: int, seed: int = SUITE_SEED) -> tuple[Item, ...]:
    """Return `count` items of the `heldout` split, in turn over `envs`, their forms and the difficulties."""
    items = []
    for index in range(count):
        env = make(envs[index % len(envs)])
        tasks = list(env.tasks)
        turn = index // len(envs)
        wanted = DIFFICULTY_PATTERN[turn // len(tasks) % len(DIFFICULTY_PATTERN)]
        difficulty = min(wanted, max(env.difficulties))
        items.append(env.sample(item_rng(env.id, "heldout", seed, index), tasks[turn % len(tasks)], difficulty))
    return tuple(items)


def heldout_suite(envs: Sequence[str], count: int, seed: int = SUITE_SEED, picture_px: int = 0) -> Suite:
    """Return `heldout_items` of the same arguments with their pictures, at least `picture_px` wide."""
    items = heldout_items(envs, count, seed)
    pictures = (make(item.env).render_item(item, max(make(item.env).size, picture_px)) for item in items)
    return Suite(items, tuple(pictures))


def blind_partner(index: int, count: int) -> int:
    """Return whose picture item `index` of `count` is shown blind: half a suite away, so of another form and scene."""
    return (index + count // 2) % count


def evaluate(
    policy: Policy,
    suite: Suite,
    taught: Sequence[str],
    progress: Progress | None = None,
    answer_tokens: int = ANSWER_TOKENS,
    ask: Callable[[Question], Messages] = solver.prompt,
) -> dict[str, Any]:
    """Sighted and blind accuracy of the policy's Solver with 95 % intervals, overall, by form and by kind.

    Args:
        policy: whose Solver answers.
        suite: the items.
        taught: forms that the model was taught to answer before the run, on pictures of difficulty 1.
        progress: called as the answers come.
        answer_tokens: new tokens at most in an answer.
        ask: the Solver's prompt for a question.
    """
    count = len(suite.items)
    swapped = [suite.pictures[blind_partner(i, count)] for i in range(count)]
    sighted = _answers(policy, suite.items, suite.pictures, "sighted", progress, answer_tokens, ask)
    blind = _answers(policy, suite.items, swapped, "blind", progress, answer_tokens, ask)
    return summarize(
        [
            answer_row(suite.envs, item, taught, seen, unseen)
            for item, seen, unseen in zip(suite.items, sighted, blind, strict=True)
        ]
    )


def answer_row(
    envs: Collection[str], item: Item, taught: Sequence[str], sighted_reply: str, blind_reply: str
) -> dict[str, Any]:
    """Return one item's part of an evaluation.

    Args:
        envs: the environments of the whole suite, by which the form is named.
        item: the question.
        taught: forms that the model was taught to answer before the run.
        sighted_reply: what was answered to the item's own picture.
        blind_reply: what was answered to another item's picture.
    """
    return {
        "id": item.id,
        "task": task_label(envs, item.env, item.task),
        "chance": make(item.env).tasks[item.task].chance,
        "kind": kind_of(item, taught),
        "answer": sighted_reply,
        "right": is_right(item, sighted_reply),
        "blind_right": is_right(item, blind_reply),
    }


def summarize(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return an evaluation: its `rows` (see `answer_row`), and their accuracies overall, by form and by kind."""
    by_task = {
        name: _summary([r for r in rows if r["task"] == name]) for name in dict.fromkeys(r["task"] for r in rows)
    }
    by_kind = {kind: _summary([r for r in rows if r["kind"] == kind]) for kind in (EASY, HARDER, NEW)}
    return {
        "overall": _summary(rows),
        "tasks": by_task,
        "kinds": {kind: summary for kind, summary in by_kind.items() if summary["items"]},
        "answers": list(rows),
    }


def kind_of(item: Item, taught: Sequence[str]) -> str:
    """Whether the warm-up answered such items, only easier ones, or none of the form."""
    if item.env != ENV_ID or item.task not in taught:
        return NEW
    return EASY if item.difficulty == 1 else HARDER


def is_right(item: Item, answer: str) -> bool:
    """Tell whether `answer` is wholly right: a part of the score does not count."""
    return make(item.env).score(item.truth, item.question.options, answer).terms["correct"] == 1.0


def _summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    sighted = wilson(sum(row["right"] for row in rows), len(rows))
    blind = wilson(sum(row["blind_right"] for row in rows), len(rows))
    return {
        "accuracy": sighted.value,
        "low": sighted.low,
        "high": sighted.high,
        "blind": blind.value,
        "blind_low": blind.low,
        "blind_high": blind.high,
        "chance": sum(row["chance"] for row in rows) / max(1, len(rows)),
        "items": len(rows),
    }


def _answers(
    policy: Policy,
    items: Sequence[Item],
    pictures: Sequence[Picture],
    name: str,
    progress: Progress | None,
    answer_tokens: int,
    ask: Callable[[Question], Messages],
) -> list[str]:
    generator, found = HFGenerator(policy), []
    for start in range(0, len(items), 128):
        part = range(start, min(start + 128, len(items)))
        prompts = [policy.prompt(ask(items[i].question), pictures[i]) for i in part]
        groups = generator.generate("solver", prompts, Sampling(max_new_tokens=answer_tokens, temperature=0.0), seed=0)
        found += [group[0].text for group in groups]
        if progress is not None:
            progress(name, len(found), len(items))
    return found


def evaluate_writing(
    policy: Policy,
    envs: Sequence[str],
    count: int,
    draw: Draw,
    seed: int = SUITE_SEED,
    tokens: Mapping[str, int] = EMBEDDED_LIMITS,
    style: Style = "short",
) -> dict[str, Any]:
    """Shares of valid proposals, of programs that draw what was asked, and of well-posed questions.

    One proposal for each of `count` held-out briefings and one program for each valid proposal, at temperature 1.
    """
    generator, briefings = HFGenerator(policy), []
    for index in range(count):
        env = make(envs[index % len(envs)])
        tasks, own = list(env.tasks), item_rng(env.id, "heldout", seed, index).child("briefing")
        briefings.append((env, env.briefing(own, tasks[index % len(tasks)], own.choice(env.difficulties))))
    prompts = [policy.prompt(proposer.prompt(env, briefing, style=style)) for env, briefing in briefings]
    written = generator.generate("proposer", prompts, Sampling(max_new_tokens=tokens["proposer"]), seed=1)
    parsed = [(env, proposer.parse(env, group[0].text)) for (env, _), group in zip(briefings, written, strict=True)]
    valid = [(env, proposal) for env, proposal in parsed if not isinstance(proposal, Rejected)]
    coding = [policy.prompt(coder.proposal_prompt(env, proposal, style=style)) for env, proposal in valid]
    programs = [
        coder.parse(g[0].text)
        for g in generator.generate("coder", coding, Sampling(max_new_tokens=tokens["coder"]), seed=2)
    ]
    drawn = faithful = posed = 0
    outcomes = draw_each(draw, [(env, program) for (env, _), program in zip(valid, programs, strict=True)])
    for (env, proposal), outcome in zip(valid, outcomes, strict=True):
        if isinstance(outcome, Drawn):
            drawn += 1
            if env.missing_requirements(outcome.scene, proposal.requirements) == ():
                faithful += 1
                posed += env.check(outcome.scene, proposal.query) is None
    return {
        "valid_proposals": wilson(len(valid), count)._asdict(),
        "rendered_programs": wilson(drawn, len(valid))._asdict(),
        "spec_satisfied_programs": wilson(faithful, len(valid))._asdict(),
        "answerable_questions": wilson(posed, faithful)._asdict(),
    }
