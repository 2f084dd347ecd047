"""One step's episode tree: briefings, proposals, programs, drawings, questions, answers, and the rewards back up."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..config import RunConfig
from ..envs import Briefing, Environment, Item, Rejected, Score, Stream, make
from ..render import InfrastructureError, Picture
from ..render.pools import Drawn, Outcome, Pools
from ..roles import coder, proposer, solver
from ..roles.proposer import Proposal
from ..roles.reward import edge, novelty
from .curriculum import Curriculum
from .generator import Completion, Generator, Prompt, Sampling
from .learner import Trace
from .policy import Policy

MAX_LEAD = 3
"""How often an answer may be asked more than its form's rarest one."""

Draw = Callable[[Environment, Sequence[str]], Sequence[Outcome]]
"""Programs of a world to their outcomes, in order."""


def drawn_by(pools: Pools) -> Draw:
    """Each world's own way to draw, in these workers."""
    return lambda env, programs: env.draw(pools, programs)


def draw_each(draw: Draw, jobs: Sequence[tuple[Environment, str]]) -> list[Outcome]:
    """Programs of several worlds, each world's in one batch; outcomes in the order of the jobs."""
    found: dict[int, Outcome] = {}
    for env in {env.id: env for env, _ in jobs}.values():
        own = [number for number, (each, _) in enumerate(jobs) if each is env]
        found.update(zip(own, draw(env, [jobs[number][1] for number in own]), strict=True))
    return [found[number] for number in range(len(jobs))]


class Drawing(NamedTuple):
    """What a program came to."""

    program: str
    outcome: Outcome
    score: Score | None
    """None where our machinery failed: no reward, no trace."""


@dataclass(slots=True)
class Attempt:
    """One proposal with all that grew from it."""

    env: Environment
    briefing: Briefing
    path: tuple[str, ...]
    prompt: Prompt
    completion: Completion
    proposal: Proposal | Rejected
    coder_prompt: Prompt | None = None
    programs: list[Completion] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    asked: list["Asked"] = field(default_factory=list)
    refused: list[Rejected] = field(default_factory=list)
    """Why the question could not be asked of a faithful drawing."""
    failures: int = 0
    """How often our machinery failed to make an item for it."""


@dataclass(slots=True)
class Asked:
    """An item with the Solver's answers."""

    item: Item
    own: bool
    """True for the Proposer's question, False for one that the environment added."""
    picture: Picture
    prompt: Prompt | None = None
    """Made when it is asked: most that are offered never are."""
    answers: list[Completion] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """The Solver's accuracy against the oracle."""
        return sum(score.terms["correct"] for score in self.scores) / len(self.scores)


class Episodes:
    """Rolls out one step after another."""

    def __init__(
        self, config: RunConfig, policy: Policy, generator: Generator, curriculum: Curriculum, draw: Draw
    ) -> None:
        self.config = config
        self.policy = policy
        self.generator = generator
        self.curriculum = curriculum
        self.draw = draw
        self.asked_before: Counter[tuple[str, str, str]] = Counter()
        """How often each (environment, task, answer) was asked; the rarer of a task's answers are preferred."""

    def roll_out(self, stream: Stream) -> list[Attempt]:
        """One step's attempts, unrewarded."""
        attempts = self.propose(stream.child("propose"))
        self.program(attempts, stream.child("program"))
        self.pose(attempts, stream.child("pose"))
        self.answer(attempts, stream.child("answer"))
        return attempts

    def temperature(self, role: str) -> float:
        """What the role's completions are sampled at."""
        return float(getattr(self.config.tree, f"{role}_temperature"))

    def _generate(
        self, role: str, prompts: Sequence[Prompt], tokens: int, n: int, stream: Stream
    ) -> list[list[Completion]]:
        sampling = Sampling(max_new_tokens=tokens, temperature=self.temperature(role), n=n)
        return self.generator.generate(role, prompts, sampling, stream.word() >> 1) if prompts else []

    def propose(self, stream: Stream) -> list[Attempt]:
        """Briefings from the curriculum, a group of proposals for each."""
        tree = self.config.tree
        arms = self.curriculum.draw(stream, tree.briefings)
        envs = [make(arm.env) for arm in arms]
        briefings = [env.briefing(stream, arm.task, arm.difficulty) for env, arm in zip(envs, arms, strict=True)]
        prompts = [self.policy.prompt(proposer.prompt(env, b)) for env, b in zip(envs, briefings, strict=True)]
        groups = self._generate("proposer", prompts, tree.proposer_tokens, tree.proposals, stream)
        attempts = []
        for b, (env, briefing, prompt, group) in enumerate(zip(envs, briefings, prompts, groups, strict=True)):
            for p, completion in enumerate(group):
                parsed = proposer.parse(env, completion.text) if completion.finished else _unfinished("proposal")
                attempts.append(Attempt(env, briefing, (f"briefing{b}", f"proposal{p}"), prompt, completion, parsed))
        return attempts

    def program(self, attempts: Sequence[Attempt], stream: Stream) -> None:
        """A group of programs for each valid proposal, drawn in the workers."""
        valid = [a for a in attempts if not isinstance(a.proposal, Rejected)]
        for attempt in valid:
            assert isinstance(attempt.proposal, Proposal)
            attempt.coder_prompt = self.policy.prompt(coder.prompt(attempt.env, attempt.proposal.requirements))
        prompts = [a.coder_prompt for a in valid if a.coder_prompt is not None]
        groups = self._generate("coder", prompts, self.config.tree.coder_tokens, self.config.tree.programs, stream)
        jobs = [(a.env, coder.parse(c.text)) for a, group in zip(valid, groups, strict=True) for c in group]
        outcomes = iter(draw_each(self.draw, jobs))
        for attempt, group in zip(valid, groups, strict=True):
            attempt.programs = group
            attempt.drawings = [self._judge(attempt, completion, next(outcomes)) for completion in group]

    def _judge(self, attempt: Attempt, completion: Completion, outcome: Outcome) -> Drawing:
        text = coder.parse(completion.text)
        if isinstance(outcome, InfrastructureError):
            return Drawing(text, outcome, None)
        if not completion.finished:
            outcome = _unfinished("program")
        assert isinstance(attempt.proposal, Proposal)
        scene = outcome.scene if isinstance(outcome, Drawn) else outcome
        return Drawing(
            text, outcome, coder.reward(self.config.rewards.coder, attempt.env, scene, attempt.proposal.requirements)
        )

    def pose(self, attempts: Sequence[Attempt], stream: Stream) -> None:
        """Items: the Proposer's question on each faithful drawing, and companions; at most `tree.items`, balanced.

        A step whose drawings offer no question is given items that the worlds make themselves: in a world that is new
        to the Proposer and the Coder, the Solver learns from the first step on.
        """
        offered: list[tuple[Attempt, Asked]] = []
        for attempt in attempts:
            faithful = [
                (d.program, d.outcome)
                for d in attempt.drawings
                if d.score is not None and d.score.terms["faithful"] and isinstance(d.outcome, Drawn)
            ]
            seen: set[str] = set()
            for program, rendered in faithful:
                if rendered.scene.digest in seen:
                    continue
                seen.add(rendered.scene.digest)
                offered += [(attempt, asked) for asked in self._questions(attempt, program, rendered, stream)]
        for attempt, asked in self._balanced(offered or self._made(attempts, stream), stream):
            attempt.asked.append(asked)

    def _made(self, attempts: Sequence[Attempt], stream: Stream) -> list[tuple[Attempt, Asked]]:
        """Items of each briefing's form and difficulty, made by its world without any model."""
        made = []
        for number, attempt in enumerate(attempts[: self.config.tree.items]):
            env, briefing, own = attempt.env, attempt.briefing, stream.child("made", number)
            try:
                item = env.sample(own, briefing.task, briefing.difficulty)
            except InfrastructureError:
                attempt.failures += 1
                continue
            item = replace(item, provenance={"own": False, "made": True})
            made.append((attempt, Asked(item, False, env.show(item, env.size))))
        return made

    def _questions(self, attempt: Attempt, program: str, rendered: Drawn, stream: Stream) -> list[Asked]:
        assert isinstance(attempt.proposal, Proposal)
        env, found = attempt.env, []
        queries = [(attempt.proposal.query, attempt.proposal.task or "other", True)]
        for arm in self.curriculum.draw(stream, self.config.tree.companions):
            if arm.env == env.id:
                queries.append((env.query(stream, arm.task), arm.task, False))
        for query, task, own in queries:
            truth = env.solve(rendered.scene, query)
            if isinstance(truth, Rejected):
                if own:
                    attempt.refused.append(truth)
                continue
            question = env.ask(query, stream, rendered.scene)
            key = "/".join(map(str, (*stream.key, *attempt.path, rendered.scene.digest[:8], task)))
            difficulty = env.difficulty_of(rendered.scene)
            item = Item(key, env.id, task, difficulty, program, rendered.scene, question, truth, {"own": own})
            found.append(Asked(item, own, env.shown(item, rendered)))
        return found

    def _balanced(self, offered: Sequence[tuple[Attempt, Asked]], stream: Stream) -> list[tuple[Attempt, Asked]]:
        """At most `tree.items` of the offered, the Proposer's own first and then the answers asked least so far.

        A question whose answer leads its form's rarest by `MAX_LEAD` is left out, so that no constant answer pays.
        """
        chosen: list[tuple[Attempt, Asked]] = []
        waiting = stream.shuffled(offered)
        while waiting and len(chosen) < self.config.tree.items:
            best = min(range(len(waiting)), key=lambda i: (not waiting[i][1].own, self._lead(waiting[i][1].item)))
            attempt, asked = waiting.pop(best)
            if self._lead(asked.item) >= MAX_LEAD:
                continue
            item = asked.item
            self.asked_before[item.env, item.task, item.truth.value] += 1
            chosen.append((attempt, asked))
        return chosen

    def _lead(self, item: Item) -> int:
        """By how many this answer leads the task's rarest; none without a form or options."""
        task = make(item.env).tasks.get(item.task)
        if task is None or not task.options:
            return 0
        counts = [self.asked_before[item.env, item.task, option] for option in task.options]
        return self.asked_before[item.env, item.task, item.truth.value] - min(counts)

    def answer(self, attempts: Sequence[Attempt], stream: Stream) -> None:
        """A group of answers for each item, scored by the oracle."""
        every = [(attempt, asked) for attempt in attempts for asked in attempt.asked]
        prompts = [self.policy.prompt(solver.prompt(asked.item.question), asked.picture) for _, asked in every]
        tree = self.config.tree
        groups = self._generate("solver", prompts, tree.solver_tokens, tree.answers, stream)
        for (attempt, asked), prompt, group in zip(every, prompts, groups, strict=True):
            asked.prompt, asked.answers = prompt, group
            item = asked.item
            asked.scores = [
                solver.reward(self.config.rewards.solver, attempt.env, item.truth, item.question, c.text) for c in group
            ]

    # --- rewards back up the tree ---------------------------------------------------------------------------

    def traces(self, attempts: Sequence[Attempt], version: int) -> list[Trace]:
        """Every role's traces with their scores; what our machinery failed on has none."""
        found = []
        for attempt, score in zip(attempts, self.proposer_scores(attempts), strict=True):
            if score is not None:
                found.append(Trace("proposer", attempt.path[:1], attempt.prompt, attempt.completion, score, version))
            for completion, drawing in zip(attempt.programs, attempt.drawings, strict=True):
                if drawing.score is not None and attempt.coder_prompt is not None:
                    found.append(Trace("coder", attempt.path, attempt.coder_prompt, completion, drawing.score, version))
            for number, asked in enumerate(attempt.asked):
                assert asked.prompt is not None
                group = (*attempt.path, f"item{number}")
                for completion, solved in zip(asked.answers, asked.scores, strict=True):
                    found.append(Trace("solver", group, asked.prompt, completion, solved, version))
        return found

    def proposer_scores(self, attempts: Sequence[Attempt]) -> list[Score | None]:
        """Scores of the proposals; None where no drawing of one could be judged."""
        valid = [a for a in attempts if isinstance(a.proposal, Proposal)]
        queries = Counter(_query_key(a) for a in valid)
        tasks = Counter(a.briefing.task for a in valid)
        weights = self.config.rewards.proposer
        found: list[Score | None] = []
        for attempt in attempts:
            if not isinstance(attempt.proposal, Proposal):
                found.append(proposer.reward(weights, valid=False))
                continue
            judged = [d for d in attempt.drawings if d.score is not None]
            if not judged:
                found.append(None)
                continue
            faithful = sum(d.score.terms["faithful"] for d in judged if d.score is not None)
            own = [asked for asked in attempt.asked if asked.own]
            found.append(
                proposer.reward(
                    weights,
                    valid=True,
                    brief=proposer.keeps_to(attempt.briefing, attempt.proposal),
                    drawable=faithful / len(judged),
                    posed=1.0 - len(attempt.refused) / faithful if faithful else 0.0,
                    edge=sum(edge(asked.rate) for asked in own) / len(own) if own else 0.0,
                    novelty=novelty(queries[_query_key(attempt)], tasks[attempt.briefing.task]),
                )
            )
        return found

    def observe(self, attempts: Sequence[Attempt]) -> None:
        """Tell the curriculum how the Solver did."""
        for attempt in attempts:
            for asked in attempt.asked:
                if asked.item.task in attempt.env.tasks:
                    item = asked.item
                    self.curriculum.observe(item.env, item.task, item.difficulty, asked.rate, len(asked.scores))
        self.curriculum.finish_step()


def _unfinished(what: str) -> Rejected:
    return Rejected("unfinished", f"the {what} was cut off before its end", "write a shorter one")


def _query_key(attempt: Attempt) -> tuple[str, str]:
    assert isinstance(attempt.proposal, Proposal)
    return attempt.briefing.task, repr(attempt.proposal.query)
