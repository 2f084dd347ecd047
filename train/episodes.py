"""One step's episode tree: briefings, proposals, programs, drawings, questions, answers, and the rewards back up."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ..envs import Environment, Item, Picture, Rejected, SeededRng, make
from ..render import InfrastructureError
from ..render.drawing import Drawn, RenderOutcome
from ..roles import coder, explain, proposer, solver
from ..roles.labels import vote
from ..roles.proposer import Proposal
from .algorithm import Algorithm
from .config import RunConfig
from .curriculum.base import Curriculum
from .learning.advantages import dynamic_sampling, pooled
from .limits import RunLimits, run_limits
from .models.completions import Completion, Generator, Prompt, Sampling
from .models.policy import Policy
from .rollouts import (
    EXPLAIN,
    AnsweredItem,
    ConditioningScene,
    Draw,
    ProgramRollout,
    ProposalRollout,
    Trajectory,
    draw_each,
    satisfies_spec,
)
from .trajectories import answer_trajectories

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
        self.limits = run_limits(config, policy)
        self.answer_counts: Counter[tuple[str, str, str]] = Counter()
        """How often each (environment, task, answer) was asked; the rarer of a task's answers are preferred."""

    def roll_out(self, rng: SeededRng) -> list[ProposalRollout]:
        """Roll out one step, without rewards.

        With `learning.dynamic_sampling_rounds` further rounds are added until enough items have signal.
        """
        rollouts = self._round(rng)
        for number in range(1, self.config.learning.dynamic_sampling_rounds + 1):
            if items_with_signal(rollouts) >= self.config.rollout.items_per_step:
                break
            for rollout in self._round(rng.child("refill", number)):
                rollout.path = (f"round{number}", *rollout.path)
                rollouts.append(rollout)
        return rollouts

    def _round(self, rng: SeededRng) -> list[ProposalRollout]:
        if self.config.rollout.source == "environment":
            rollouts = self.made_by_worlds(rng.child("propose"))
        else:
            rollouts = self.propose(rng.child("propose"))
        if self.config.rollout.source == "programs":
            self.program(rollouts, rng.child("program"))
        self.pose(rollouts, rng.child("pose"))
        self.answer(rollouts, rng.child("answer"))
        return rollouts

    def generate(
        self,
        role: str,
        prompts: Sequence[Prompt],
        tokens: int,
        n: int,
        rng: SeededRng,
        temperature: float | None = None,
    ) -> list[list[Completion]]:
        """`n` completions for each prompt, by default at the algorithm's temperature of the role."""
        heat = self.algorithm.temperature(role) if temperature is None else temperature
        sampling = Sampling(max_new_tokens=tokens, temperature=heat, n=n)
        return self.generator.generate(role, prompts, sampling, rng.word() >> 1) if prompts else []

    # --- proposals and drawings -----------------------------------------------------------------------------------

    def _briefed(self, rng: SeededRng, count: int) -> list[ProposalRollout]:
        """Briefings from the curriculum, of worlds that drew a scene for them where scenes are given."""
        found = []
        for number, arm in enumerate(self.curriculum.draw(rng, count)):
            env = make(arm.env)
            briefing = self.algorithm.briefed(env.briefing(rng, arm.task, arm.difficulty), rng)
            rollout = ProposalRollout(env, briefing, (f"briefing{number}",))
            if self.config.rollout.source != "programs":
                rollout.conditioning_scene = _sampled(rollout, rng.child("given", number), self.limits)
            found.append(rollout)
        return found

    def made_by_worlds(self, rng: SeededRng) -> list[ProposalRollout]:
        """Whole items of the curriculum's forms and difficulties: no model proposes or draws."""
        return self._briefed(rng, self.config.rollout.items_per_step)

    def propose(self, rng: SeededRng) -> list[ProposalRollout]:
        """Briefings from the curriculum, a group of proposals for each."""
        shape = self.config.rollout
        briefed = self._briefed(rng, shape.num_briefings)
        if shape.proposer == "environment":
            for rollout in briefed:
                rollout.proposal = _worlds_proposal(rollout, rng)
            return briefed
        # Where a scene was to be given and could not be, there is nothing to propose about.
        begun = [rollout for rollout in briefed if shape.source == "programs" or rollout.conditioning_scene is not None]
        for rollout in begun:
            shown = (
                rollout.conditioning_scene.picture if rollout.conditioning_scene and shape.proposer_sees_scene else None
            )
            note = self.algorithm.note(rollout.env)
            messages = proposer.prompt(rollout.env, rollout.briefing, note=note, shows_scene=shown is not None)
            rollout.prompt = self.policy.prompt(messages, shown)
        prompts = [rollout.prompt for rollout in begun if rollout.prompt is not None]
        groups = self.generate("proposer", prompts, self.limits.tokens["proposer"], shape.num_proposals, rng)
        rollouts = [rollout for rollout in briefed if rollout not in begun]
        for rollout, group in zip(begun, groups, strict=True):
            for number, completion in enumerate(group):
                parsed = proposer.parse(rollout.env, completion.text) if completion.finished else _cut_off("proposal")
                path = (*rollout.path, f"proposal{number}")
                own = ProposalRollout(
                    rollout.env, rollout.briefing, path, rollout.prompt, completion, parsed, rollout.conditioning_scene
                )
                rollouts.append(own)
        return rollouts

    def program(self, rollouts: Sequence[ProposalRollout], rng: SeededRng) -> None:
        """A group of programs for each valid proposal, drawn in the workers."""
        valid = [a for a in rollouts if isinstance(a.proposal, Proposal)]
        for rollout in valid:
            assert isinstance(rollout.proposal, Proposal)
            messages = self.algorithm.coder_messages(rollout.env, rollout.proposal, rng)
            rollout.coder_prompt = self.policy.prompt(messages)
        prompts = [a.coder_prompt for a in valid if a.coder_prompt is not None]
        groups = self.generate("coder", prompts, self.limits.tokens["coder"], self.config.rollout.num_programs, rng)
        jobs = [(a.env, coder.parse(c.text)) for a, group in zip(valid, groups, strict=True) for c in group]
        outcomes = iter(draw_each(self.draw, jobs))
        for rollout, group in zip(valid, groups, strict=True):
            rollout.program_completions = group
            rollout.program_rollouts = [self._judge(rollout, completion, next(outcomes)) for completion in group]

    def _judge(self, rollout: ProposalRollout, completion: Completion, outcome: RenderOutcome) -> ProgramRollout:
        text = coder.parse(completion.text)
        if isinstance(outcome, InfrastructureError):
            return ProgramRollout(text, outcome, None)
        if not completion.finished:
            outcome = _cut_off("program")
        assert isinstance(rollout.proposal, Proposal)
        scene = outcome.scene if isinstance(outcome, Drawn) else outcome
        return ProgramRollout(text, outcome, coder.check_spec(rollout.env, scene, rollout.proposal.requirements))

    # --- questions ------------------------------------------------------------------------------------------------

    def pose(self, rollouts: Sequence[ProposalRollout], rng: SeededRng) -> None:
        """Make items: the Proposer's question on each drawing that satisfies its spec, and the environment's questions.

        At most `rollout.items_per_step` of them, balanced over answers.

        A step whose drawings offer no question is given items that the worlds make themselves: in a world that is new
        to the Proposer and the Coder, the Solver learns from the first step on.
        """
        offered: list[tuple[ProposalRollout, AnsweredItem]] = []
        for rollout in rollouts:
            if self.config.rollout.source == "programs":
                offered += [(rollout, asked) for asked in self._on_drawings(rollout, rng)]
            elif self.config.rollout.source == "scenes":
                offered += [(rollout, asked) for asked in self._on_given(rollout, rng)]
        for rollout, asked in self._balanced(offered or self._made(rollouts, rng), rng):
            rollout.answered_items.append(asked)

    def _made(self, rollouts: Sequence[ProposalRollout], rng: SeededRng) -> list[tuple[ProposalRollout, AnsweredItem]]:
        """Items of each briefing's form and difficulty, made by its world without any model."""
        made = []
        for number, rollout in enumerate(rollouts[: self.config.rollout.items_per_step]):
            world = self.config.rollout.source == "environment"
            # Rollouts of one briefing share their given scene; each is asked about a scene of its own here.
            given = rollout.conditioning_scene if world else _sampled(rollout, rng.child("made", number), self.limits)
            if given is not None:
                item = replace(given.item, provenance={"from_proposer": False, "made": True})
                made.append((rollout, AnsweredItem(item, False, given.picture)))
        return made

    def _on_drawings(self, rollout: ProposalRollout, rng: SeededRng) -> list[AnsweredItem]:
        found: list[AnsweredItem] = []
        seen: set[str] = set()
        for drawing in rollout.program_rollouts:
            outcome = drawing.outcome
            if not isinstance(outcome, Drawn) or not satisfies_spec(drawing) or outcome.scene.digest in seen:
                continue
            seen.add(outcome.scene.digest)
            for query, task, own in self.algorithm.questions(rollout, self.curriculum, rng):
                truth = rollout.env.solve(outcome.scene, query)
                if isinstance(truth, Rejected):
                    if own:
                        rollout.question_rejections.append(truth)
                    continue
                question = rollout.env.ask(query, rng, outcome.scene)
                key = "/".join(map(str, (*rng.key, *rollout.path, outcome.scene.digest[:8], task)))
                level = rollout.env.difficulty_of(outcome.scene)
                item = Item(
                    key,
                    rollout.env.id,
                    task,
                    level,
                    drawing.program,
                    outcome.scene,
                    question,
                    truth,
                    {"from_proposer": own},
                )
                found.append(AnsweredItem(item, own, self._picture_of(rollout.env, item, outcome)))
        return found

    def _picture_of(self, env: Environment, item: Item, drawn: Drawn) -> Picture:
        """Return the picture of `item` at the run's size; what was `drawn` at that size is not drawn again."""
        size = self.limits.picture_size(env)
        return env.observation(item, drawn) if size == env.size else env.render_item(item, size)

    def _on_given(self, rollout: ProposalRollout, rng: SeededRng) -> list[AnsweredItem]:
        """The Proposer's question about the given scene, or, where configured, why it has no answer."""
        if rollout.conditioning_scene is None or not isinstance(rollout.proposal, Proposal):
            return []
        env, query, base = rollout.env, rollout.proposal.query, rollout.conditioning_scene.item
        truth = env.solve(base.scene, query)
        key = "/".join(map(str, (*rng.key, *rollout.path)))
        if isinstance(truth, Rejected):
            rollout.question_rejections.append(truth)
            if not self.config.rollout.explain_unanswerable:
                return []
            question, truth = explain.why_question(env, query, base.scene, rng), explain.truth(truth)
            item = replace(
                base, id=key, task=EXPLAIN, question=question, truth=truth, provenance={"from_proposer": True}
            )
            return [
                AnsweredItem(item, True, rollout.conditioning_scene.picture, rejection=rollout.question_rejections[-1])
            ]
        question, task = env.ask(query, rng, base.scene), rollout.proposal.task or "other"
        item = replace(base, id=key, task=task, question=question, truth=truth, provenance={"from_proposer": True})
        try:
            return [AnsweredItem(item, True, env.render_item(item, self.limits.picture_size(env)))]
        except InfrastructureError:
            rollout.infrastructure_failures += 1
            return []

    def _balanced(
        self, offered: Sequence[tuple[ProposalRollout, AnsweredItem]], rng: SeededRng
    ) -> list[tuple[ProposalRollout, AnsweredItem]]:
        """Choose at most `rollout.items_per_step` items: the Proposer's first, then the answers asked least so far.

        A question whose answer leads its form's rarest by `MAX_LEAD` is left out, so that no constant answer pays.
        """
        chosen: list[tuple[ProposalRollout, AnsweredItem]] = []
        waiting = rng.shuffled(offered)
        while waiting and len(chosen) < self.config.rollout.items_per_step:
            best = min(
                range(len(waiting)), key=lambda i: (not waiting[i][1].from_proposer, self._lead(waiting[i][1].item))
            )
            rollout, asked = waiting.pop(best)
            if self._lead(asked.item) >= MAX_LEAD:
                continue
            item = asked.item
            self.answer_counts[item.env, item.task, item.truth.value] += 1
            chosen.append((rollout, asked))
        return chosen

    def _lead(self, item: Item) -> int:
        """By how many this answer leads the task's rarest; none without a form or options."""
        task = make(item.env).tasks.get(item.task)
        if task is None or not task.options:
            return 0
        counts = [self.answer_counts[item.env, item.task, option] for option in task.options]
        return self.answer_counts[item.env, item.task, item.truth.value] - min(counts)

    def answer(self, rollouts: Sequence[ProposalRollout], rng: SeededRng) -> None:
        """A group of answers for each item, scored by the oracle."""
        self.answered(
            [asked for rollout in rollouts for asked in rollout.answered_items], self.config.rollout.num_answers, rng
        )

    def answered(self, every: Sequence[AnsweredItem], n: int, rng: SeededRng, temperature: float | None = None) -> None:
        """Have each item answered `n` times by the Solver, in place, by default at the algorithm's temperature."""
        prompts = [self.policy.prompt(solver.prompt(asked.item.question), asked.picture) for asked in every]
        groups = self.generate("solver", prompts, self.limits.tokens["solver"], n, rng, temperature)
        labels = self.config.labels
        for asked, prompt, group in zip(every, prompts, groups, strict=True):
            asked.prompt, asked.answers = prompt, group
            env, item = make(asked.item.env), asked.item
            asked.scores = [
                explain.score(asked.rejection, completion.text)
                if asked.rejection is not None
                else env.score(item.truth, item.question.options, completion.text)
                for completion in group
            ]
            asked.vote = vote([c.text for c in group], tie=labels.tie, merge_no=labels.merge_no)

    # --- rewards back up the tree ---------------------------------------------------------------------------------

    def trajectories(self, rollouts: Sequence[ProposalRollout], version: int, algorithm: Algorithm) -> list[Trajectory]:
        """Every role's trajectories with the algorithm's scores; none where it was lost or filtered out.

        The algorithm is given: `self.algorithm` may be the next step's already, where that is rolled out beside this.
        """
        found: list[Trajectory] = []
        groups = proposer_groups(rollouts, self.config.learning.proposer_groups)
        for rollout, score, group in zip(rollouts, algorithm.proposer_scores(rollouts), groups, strict=True):
            if score is not None and rollout.prompt is not None and rollout.completion is not None:
                right = isinstance(rollout.proposal, Proposal) and bool(rollout.proposer_items)
                found.append(Trajectory("proposer", group, rollout.prompt, rollout.completion, score, version, right))
            if rollout.coder_prompt is not None and algorithm.teaches_coder(rollout):
                for completion, drawing in zip(rollout.program_completions, rollout.program_rollouts, strict=True):
                    drawn = algorithm.coder_score(rollout, drawing)
                    if drawn is not None:
                        right = satisfies_spec(drawing)
                        found.append(
                            Trajectory("coder", rollout.path, rollout.coder_prompt, completion, drawn, version, right)
                        )
            for number, asked in enumerate(rollout.answered_items):
                found += answer_trajectories(rollout, number, asked, version, algorithm)
        return found

    def observe(self, rollouts: Sequence[ProposalRollout]) -> None:
        """Tell the curriculum how the Solver did."""
        for rollout in rollouts:
            for asked in rollout.answered_items:
                if asked.item.task in rollout.env.tasks:
                    item = asked.item
                    self.curriculum.observe(item.env, item.task, item.difficulty, asked.solve_rate, len(asked.scores))
                    self.curriculum.note_share(item.env, item.task, item.difficulty, asked.vote.share)
        self.curriculum.finish_step()


def proposer_groups(rollouts: Sequence[ProposalRollout], by: str) -> list[tuple[str, ...]]:
    """What each proposal is compared within: its briefing, the form that its question has, or the step."""
    if by == "briefing":
        return [rollout.path[:-1] for rollout in rollouts]
    if by == "step":
        return [("step",) for _ in rollouts]
    forms = [a.proposal.task or "other" if isinstance(a.proposal, Proposal) else "refused" for a in rollouts]
    return [tuple(map(str, group)) for group in pooled(forms)]


def items_with_signal(rollouts: Sequence[ProposalRollout]) -> int:
    """How many items have right answers and wrong ones."""
    every = [asked for rollout in rollouts for asked in rollout.answered_items]
    right = [score.terms["correct"] for asked in every for score in asked.scores]
    groups = [number for number, asked in enumerate(every) for _ in asked.scores]
    kept = dynamic_sampling(right, groups)
    return len(every) - kept.all_correct - kept.all_wrong


def _sampled(rollout: ProposalRollout, rng: SeededRng, limits: RunLimits) -> ConditioningScene | None:
    """An item of the briefing's form and difficulty, made by its world without any model; None where that failed."""
    env, briefing = rollout.env, rollout.briefing
    try:
        item = env.sample(rng, briefing.task, briefing.difficulty)
        return ConditioningScene(item, env.render_item(item, limits.picture_size(env)))
    except InfrastructureError:
        rollout.infrastructure_failures += 1
        return None


def _cut_off(what: str) -> Rejected:
    return Rejected("unfinished", f"the {what} was cut off before its end", "write a shorter one")


def _worlds_proposal(rollout: ProposalRollout, rng: SeededRng) -> Proposal | Rejected:
    """A proposal without any model: a query of the briefing's form, and as many objects of any kind."""
    env, briefing = rollout.env, rollout.briefing
    requirements = env.requirements([[briefing.objects]])
    if isinstance(requirements, Rejected):
        return requirements
    return Proposal(briefing.text, requirements, env.query(rng, briefing.task), briefing.task)
