"""One step's episode tree: briefings, proposals, programs, drawings, questions, answers, and the rewards back up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ..envs import Item, Rejected, Stream, make
from ..render import InfrastructureError
from ..render.drawing import Drawn, Outcome
from ..roles import coder, explain, proposer, solver
from ..roles.labels import vote
from ..roles.proposer import Proposal
from .algorithm import Algorithm
from .config import RunConfig
from .curriculum.base import Curriculum
from .learning.advantages import dynamic_sampling, pooled
from .models.completions import Completion, Generator, Prompt, Sampling
from .models.policy import Policy
from .rollouts import EXPLAIN, Asked, Attempt, Draw, Drawing, Given, Trace, draw_each, faithful
from .traces import answer_traces

MAX_LEAD = 3
"""How often an answer may be asked more than its form's rarest one."""


class Episodes:
    """Rolls out one step after another, as the algorithm has it."""

    def __init__(
        self,
        config: RunConfig,
        policy: Policy,
        generator: Generator,
        curriculum: Curriculum,
        draw: Draw,
        algorithm: Algorithm,
    ) -> None:
        self.config = config
        self.policy = policy
        self.generator = generator
        self.curriculum = curriculum
        self.draw = draw
        self.algorithm = algorithm
        self.asked_before: Counter[tuple[str, str, str]] = Counter()
        """How often each (environment, task, answer) was asked; the rarer of a task's answers are preferred."""

    def roll_out(self, stream: Stream) -> list[Attempt]:
        """One step's attempts, unrewarded; with `learning.refill` more of them, until enough items have signal."""
        attempts = self._round(stream)
        for number in range(1, self.config.learning.refill + 1):
            if items_with_signal(attempts) >= self.config.tree.items:
                break
            for attempt in self._round(stream.child("refill", number)):
                attempt.path = (f"round{number}", *attempt.path)
                attempts.append(attempt)
        return attempts

    def _round(self, stream: Stream) -> list[Attempt]:
        if self.config.tree.source == "world":
            attempts = self.made_by_worlds(stream.child("propose"))
        else:
            attempts = self.propose(stream.child("propose"))
        if self.config.tree.source == "drawn":
            self.program(attempts, stream.child("program"))
        self.pose(attempts, stream.child("pose"))
        self.answer(attempts, stream.child("answer"))
        return attempts

    def generate(
        self,
        role: str,
        prompts: Sequence[Prompt],
        tokens: int,
        n: int,
        stream: Stream,
        temperature: float | None = None,
    ) -> list[list[Completion]]:
        """`n` completions for each prompt, by default at the algorithm's temperature of the role."""
        heat = self.algorithm.temperature(role) if temperature is None else temperature
        sampling = Sampling(max_new_tokens=tokens, temperature=heat, n=n)
        return self.generator.generate(role, prompts, sampling, stream.word() >> 1) if prompts else []

    # --- proposals and drawings -----------------------------------------------------------------------------------

    def _briefed(self, stream: Stream, count: int) -> list[Attempt]:
        """Briefings from the curriculum, of worlds that drew a scene for them where scenes are given."""
        found = []
        for number, arm in enumerate(self.curriculum.draw(stream, count)):
            env = make(arm.env)
            briefing = self.algorithm.briefed(env.briefing(stream, arm.task, arm.difficulty), stream)
            attempt = Attempt(env, briefing, (f"briefing{number}",))
            if self.config.tree.source != "drawn":
                attempt.given = _sampled(attempt, stream.child("given", number))
            found.append(attempt)
        return found

    def made_by_worlds(self, stream: Stream) -> list[Attempt]:
        """Whole items of the curriculum's forms and difficulties: no model proposes or draws."""
        return self._briefed(stream, self.config.tree.items)

    def propose(self, stream: Stream) -> list[Attempt]:
        """Briefings from the curriculum, a group of proposals for each."""
        tree = self.config.tree
        briefed = self._briefed(stream, tree.briefings)
        if tree.proposer == "world":
            for attempt in briefed:
                attempt.proposal = _worlds_proposal(attempt, stream)
            return briefed
        # Where a scene was to be given and could not be, there is nothing to propose about.
        begun = [attempt for attempt in briefed if tree.source == "drawn" or attempt.given is not None]
        for attempt in begun:
            shown = attempt.given.picture if attempt.given and tree.proposer_sees else None
            note = self.algorithm.note(attempt.env)
            messages = proposer.prompt(attempt.env, attempt.briefing, note=note, given=shown is not None)
            attempt.prompt = self.policy.prompt(messages, shown)
        prompts = [attempt.prompt for attempt in begun if attempt.prompt is not None]
        groups = self.generate("proposer", prompts, tree.proposer_tokens, tree.proposals, stream)
        attempts = [attempt for attempt in briefed if attempt not in begun]
        for attempt, group in zip(begun, groups, strict=True):
            for number, completion in enumerate(group):
                parsed = proposer.parse(attempt.env, completion.text) if completion.finished else _cut_off("proposal")
                path = (*attempt.path, f"proposal{number}")
                own = Attempt(attempt.env, attempt.briefing, path, attempt.prompt, completion, parsed, attempt.given)
                attempts.append(own)
        return attempts

    def program(self, attempts: Sequence[Attempt], stream: Stream) -> None:
        """A group of programs for each valid proposal, drawn in the workers."""
        valid = [a for a in attempts if isinstance(a.proposal, Proposal)]
        for attempt in valid:
            assert isinstance(attempt.proposal, Proposal)
            messages = self.algorithm.coder_messages(attempt.env, attempt.proposal, stream)
            attempt.coder_prompt = self.policy.prompt(messages)
        prompts = [a.coder_prompt for a in valid if a.coder_prompt is not None]
        groups = self.generate("coder", prompts, self.config.tree.coder_tokens, self.config.tree.programs, stream)
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
            outcome = _cut_off("program")
        assert isinstance(attempt.proposal, Proposal)
        scene = outcome.scene if isinstance(outcome, Drawn) else outcome
        return Drawing(
            text, outcome, coder.reward(self.config.rewards.coder, attempt.env, scene, attempt.proposal.requirements)
        )

    # --- questions ------------------------------------------------------------------------------------------------

    def pose(self, attempts: Sequence[Attempt], stream: Stream) -> None:
        """Items: the Proposer's question on each faithful drawing, and companions; at most `tree.items`, balanced.

        A step whose drawings offer no question is given items that the worlds make themselves: in a world that is new
        to the Proposer and the Coder, the Solver learns from the first step on.
        """
        offered: list[tuple[Attempt, Asked]] = []
        for attempt in attempts:
            if self.config.tree.source == "drawn":
                offered += [(attempt, asked) for asked in self._on_drawings(attempt, stream)]
            elif self.config.tree.source == "given":
                offered += [(attempt, asked) for asked in self._on_given(attempt, stream)]
        for attempt, asked in self._balanced(offered or self._made(attempts, stream), stream):
            attempt.asked.append(asked)

    def _made(self, attempts: Sequence[Attempt], stream: Stream) -> list[tuple[Attempt, Asked]]:
        """Items of each briefing's form and difficulty, made by its world without any model."""
        made = []
        for number, attempt in enumerate(attempts[: self.config.tree.items]):
            world = self.config.tree.source == "world"
            # Attempts of one briefing share their given scene; each is asked about a scene of its own here.
            given = attempt.given if world else _sampled(attempt, stream.child("made", number))
            if given is not None:
                item = replace(given.item, provenance={"own": False, "made": True})
                made.append((attempt, Asked(item, False, given.picture)))
        return made

    def _on_drawings(self, attempt: Attempt, stream: Stream) -> list[Asked]:
        found: list[Asked] = []
        seen: set[str] = set()
        for drawing in attempt.drawings:
            outcome = drawing.outcome
            if not isinstance(outcome, Drawn) or not faithful(drawing) or outcome.scene.digest in seen:
                continue
            seen.add(outcome.scene.digest)
            for query, task, own in self.algorithm.questions(attempt, self.curriculum, stream):
                truth = attempt.env.solve(outcome.scene, query)
                if isinstance(truth, Rejected):
                    if own:
                        attempt.refused.append(truth)
                    continue
                question = attempt.env.ask(query, stream, outcome.scene)
                key = "/".join(map(str, (*stream.key, *attempt.path, outcome.scene.digest[:8], task)))
                level = attempt.env.difficulty_of(outcome.scene)
                item = Item(
                    key, attempt.env.id, task, level, drawing.program, outcome.scene, question, truth, {"own": own}
                )
                found.append(Asked(item, own, attempt.env.shown(item, outcome)))
        return found

    def _on_given(self, attempt: Attempt, stream: Stream) -> list[Asked]:
        """The Proposer's question about the given scene, or, where configured, why it has no answer."""
        if attempt.given is None or not isinstance(attempt.proposal, Proposal):
            return []
        env, query, base = attempt.env, attempt.proposal.query, attempt.given.item
        truth = env.solve(base.scene, query)
        key = "/".join(map(str, (*stream.key, *attempt.path)))
        if isinstance(truth, Rejected):
            attempt.refused.append(truth)
            if not self.config.tree.explain:
                return []
            question, truth = explain.posed(env, query, base.scene, stream), explain.truth(truth)
            item = replace(base, id=key, task=EXPLAIN, question=question, truth=truth, provenance={"own": True})
            return [Asked(item, True, attempt.given.picture, refused=attempt.refused[-1])]
        question, task = env.ask(query, stream, base.scene), attempt.proposal.task or "other"
        item = replace(base, id=key, task=task, question=question, truth=truth, provenance={"own": True})
        try:
            return [Asked(item, True, env.show(item, env.size))]
        except InfrastructureError:
            attempt.failures += 1
            return []

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
        self.answered([asked for attempt in attempts for asked in attempt.asked], self.config.tree.answers, stream)

    def answered(self, every: Sequence[Asked], n: int, stream: Stream, temperature: float | None = None) -> None:
        """Have each item answered `n` times by the Solver, in place, by default at the algorithm's temperature."""
        prompts = [self.policy.prompt(solver.prompt(asked.item.question), asked.picture) for asked in every]
        groups = self.generate("solver", prompts, self.config.tree.solver_tokens, n, stream, temperature)
        labels = self.config.labels
        for asked, prompt, group in zip(every, prompts, groups, strict=True):
            asked.prompt, asked.answers = prompt, group
            env, item = make(asked.item.env), asked.item
            weights, refused = self.config.rewards.solver, asked.refused
            asked.scores = [
                explain.reward(weights, refused, c.text)
                if refused is not None
                else solver.reward(weights, env, item.truth, item.question, c.text)
                for c in group
            ]
            asked.vote = vote([c.text for c in group], tie=labels.tie, merge_no=labels.merge_no)

    # --- rewards back up the tree ---------------------------------------------------------------------------------

    def traces(self, attempts: Sequence[Attempt], version: int, algorithm: Algorithm) -> list[Trace]:
        """Every role's traces with the algorithm's scores; none where infrastructure failed or a filter drops them.

        The algorithm is given: `self.algorithm` may be the next step's already, where that is rolled out beside this.
        """
        found: list[Trace] = []
        groups = proposer_groups(attempts, self.config.learning.proposer_groups)
        for attempt, score, group in zip(attempts, algorithm.proposer_scores(attempts), groups, strict=True):
            if score is not None and attempt.prompt is not None and attempt.completion is not None:
                right = isinstance(attempt.proposal, Proposal) and bool(attempt.own)
                found.append(Trace("proposer", group, attempt.prompt, attempt.completion, score, version, right))
            if attempt.coder_prompt is not None and algorithm.teaches_coder(attempt):
                for completion, drawing in zip(attempt.programs, attempt.drawings, strict=True):
                    drawn = algorithm.coder_score(attempt, drawing)
                    if drawn is not None:
                        right = faithful(drawing)
                        found.append(
                            Trace("coder", attempt.path, attempt.coder_prompt, completion, drawn, version, right)
                        )
            for number, asked in enumerate(attempt.asked):
                found += answer_traces(attempt, number, asked, version, algorithm)
        return found

    def observe(self, attempts: Sequence[Attempt]) -> None:
        """Tell the curriculum how the Solver did."""
        for attempt in attempts:
            for asked in attempt.asked:
                if asked.item.task in attempt.env.tasks:
                    item = asked.item
                    self.curriculum.observe(item.env, item.task, item.difficulty, asked.rate, len(asked.scores))
                    self.curriculum.note_share(item.env, item.task, item.difficulty, asked.vote.share)
        self.curriculum.finish_step()


def proposer_groups(attempts: Sequence[Attempt], by: str) -> list[tuple[str, ...]]:
    """What each proposal is compared within: its briefing, the form that its question has, or the step."""
    if by == "briefing":
        return [attempt.path[:-1] for attempt in attempts]
    if by == "step":
        return [("step",) for _ in attempts]
    forms = [a.proposal.task or "other" if isinstance(a.proposal, Proposal) else "refused" for a in attempts]
    return [tuple(map(str, group)) for group in pooled(forms)]


def items_with_signal(attempts: Sequence[Attempt]) -> int:
    """How many items have right answers and wrong ones."""
    every = [asked for attempt in attempts for asked in attempt.asked]
    right = [score.terms["correct"] for asked in every for score in asked.scores]
    groups = [number for number, asked in enumerate(every) for _ in asked.scores]
    kept = dynamic_sampling(right, groups)
    return len(every) - kept.all_right - kept.all_wrong


def _sampled(attempt: Attempt, stream: Stream) -> Given | None:
    """An item of the briefing's form and difficulty, made by its world without any model; None where that failed."""
    env, briefing = attempt.env, attempt.briefing
    try:
        item = env.sample(stream, briefing.task, briefing.difficulty)
        return Given(item, env.show(item, env.size))
    except InfrastructureError:
        attempt.failures += 1
        return None


def _cut_off(what: str) -> Rejected:
    return Rejected("unfinished", f"the {what} was cut off before its end", "write a shorter one")


def _worlds_proposal(attempt: Attempt, stream: Stream) -> Proposal | Rejected:
    """A proposal without any model: a query of the briefing's form, and as many objects of any kind."""
    env, briefing = attempt.env, attempt.briefing
    requirements = env.requirements([[briefing.objects]])
    if isinstance(requirements, Rejected):
        return requirements
    return Proposal(briefing.text, requirements, env.query(stream, briefing.task), briefing.task)
