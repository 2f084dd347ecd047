"""One step's episodes: briefings, proposals, programs, drawings, questions, answers, and the rewards back up.

Begin at `Episodes.roll_out`, then `Episodes.trajectories`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ..envs import Environment, Item, Picture, Rejected, SeededRng, make
from ..render import InfrastructureError
from ..render.drawing import Drawn, RenderOutcome
from ..roles import coder, explain, proposer
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
        max_tokens: int,
        n: int,
        rng: SeededRng,
        temperature: float | None = None,
    ) -> list[list[Completion]]:
        """Return `n` completions of at most `max_tokens` for each of `prompts`.

        Args:
            role: who writes.
            prompts: to be completed.
            max_tokens: new tokens at most.
            n: completions for each prompt.
            rng: of the sampling.
            temperature: by default the algorithm's for the role.
        """
        sampling_temperature = self.algorithm.temperature(role) if temperature is None else temperature
        sampling = Sampling(max_new_tokens=max_tokens, temperature=sampling_temperature, n=n)
        return self.generator.generate(role, prompts, sampling, rng.word() >> 1) if prompts else []

    # --- proposals and drawings -----------------------------------------------------------------------------------

    def _briefed(self, rng: SeededRng, count: int) -> list[ProposalRollout]:
        """Return `count` rollouts with briefings from the curriculum, and scenes for them where those are given."""
        rollouts = []
        for number, arm in enumerate(self.curriculum.draw(rng, count)):
            env = make(arm.env)
            briefing = self.algorithm.briefed(env.briefing(rng, arm.task, arm.difficulty), rng)
            rollout = ProposalRollout(env, briefing, (f"briefing{number}",))
            if self.config.rollout.source != "programs":
                rollout.conditioning_scene = _sampled(rollout, rng.child("given", number), self.limits)
            rollouts.append(rollout)
        return rollouts

    def made_by_worlds(self, rng: SeededRng) -> list[ProposalRollout]:
        """Return whole items of the curriculum's tasks, sampled by `rng`: no model proposes or draws."""
        return self._briefed(rng, self.config.rollout.items_per_step)

    def propose(self, rng: SeededRng) -> list[ProposalRollout]:
        """Return a group of proposals for each of the curriculum's briefings; `rng` draws both."""
        settings = self.config.rollout
        briefed_rollouts = self._briefed(rng, settings.num_briefings)
        if settings.proposer == "environment":
            for rollout in briefed_rollouts:
                rollout.proposal = _worlds_proposal(rollout, rng)
            return briefed_rollouts
        # Where a scene was to be given and could not be, there is nothing to propose about.
        asked_rollouts = [
            rollout
            for rollout in briefed_rollouts
            if settings.source == "programs" or rollout.conditioning_scene is not None
        ]
        for rollout in asked_rollouts:
            shown_picture = (
                rollout.conditioning_scene.picture
                if rollout.conditioning_scene and settings.proposer_sees_scene
                else None
            )
            messages = self.algorithm.proposer_messages(
                rollout.env, rollout.briefing, rng.child("card"), shows_scene=shown_picture is not None
            )
            rollout.prompt = self.policy.prompt(messages, shown_picture)
        prompts = [rollout.prompt for rollout in asked_rollouts if rollout.prompt is not None]
        groups = self.generate("proposer", prompts, self.limits.tokens["proposer"], settings.num_proposals, rng)
        rollouts = [rollout for rollout in briefed_rollouts if rollout not in asked_rollouts]
        for rollout, group in zip(asked_rollouts, groups, strict=True):
            for number, completion in enumerate(group):
                proposal = proposer.parse(rollout.env, completion.text) if completion.finished else _cut_off("proposal")
                path = (*rollout.path, f"proposal{number}")
                proposal_rollout = ProposalRollout(
                    rollout.env,
                    rollout.briefing,
                    path,
                    rollout.prompt,
                    completion,
                    proposal,
                    rollout.conditioning_scene,
                )
                rollouts.append(proposal_rollout)
        return rollouts

    def program(self, rollouts: Sequence[ProposalRollout], rng: SeededRng) -> None:
        """Have a group of programs written for each valid proposal of `rollouts`, and drawn in the workers."""
        valid_rollouts = [
            rollout_with_prompt
            for rollout_with_prompt in rollouts
            if isinstance(rollout_with_prompt.proposal, Proposal)
        ]
        for rollout in valid_rollouts:
            assert isinstance(rollout.proposal, Proposal)
            messages = self.algorithm.coder_messages(rollout.env, rollout.proposal, rng)
            rollout.coder_prompt = self.policy.prompt(messages)
        prompts = [
            rollout_with_prompt.coder_prompt
            for rollout_with_prompt in valid_rollouts
            if rollout_with_prompt.coder_prompt is not None
        ]
        groups = self.generate("coder", prompts, self.limits.tokens["coder"], self.config.rollout.num_programs, rng)
        jobs = [
            (rollout_with_prompt.env, coder.parse(completion_in_group.text))
            for rollout_with_prompt, group in zip(valid_rollouts, groups, strict=True)
            for completion_in_group in group
        ]
        outcomes = iter(draw_each(self.draw, jobs))
        for rollout, group in zip(valid_rollouts, groups, strict=True):
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
        offered_items: list[tuple[ProposalRollout, AnsweredItem]] = []
        for rollout in rollouts:
            if self.config.rollout.source == "programs":
                offered_items += [(rollout, answered_item) for answered_item in self._on_drawings(rollout, rng)]
            elif self.config.rollout.source == "scenes":
                offered_items += [(rollout, answered_item) for answered_item in self._on_given(rollout, rng)]
        for rollout, answered_item in self._balanced(offered_items or self._made(rollouts, rng), rng):
            rollout.answered_items.append(answered_item)

    def _made(self, rollouts: Sequence[ProposalRollout], rng: SeededRng) -> list[tuple[ProposalRollout, AnsweredItem]]:
        """Return items of each briefing's task and difficulty, made by the environment without any model."""
        sampled_items = []
        for number, rollout in enumerate(rollouts[: self.config.rollout.items_per_step]):
            has_own_scene = self.config.rollout.source == "environment"
            # Rollouts of one briefing share their given scene; each is asked about a scene of its own here.
            sampled_scene = (
                rollout.conditioning_scene
                if has_own_scene
                else _sampled(rollout, rng.child("made", number), self.limits)
            )
            if sampled_scene is not None:
                item = replace(sampled_scene.item, provenance={"from_proposer": False, "made": True})
                sampled_items.append((rollout, AnsweredItem(item, False, sampled_scene.picture)))
        return sampled_items

    def _on_drawings(self, rollout: ProposalRollout, rng: SeededRng) -> list[AnsweredItem]:
        answered_items: list[AnsweredItem] = []
        seen_digests: set[str] = set()
        for program in rollout.program_rollouts:
            outcome = program.outcome
            if not isinstance(outcome, Drawn) or not satisfies_spec(program) or outcome.scene.digest in seen_digests:
                continue
            seen_digests.add(outcome.scene.digest)
            for query, task, from_proposer in self.algorithm.questions(rollout, self.curriculum, rng):
                truth = rollout.env.solve(outcome.scene, query)
                if isinstance(truth, Rejected):
                    if from_proposer:
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
                    program.program,
                    outcome.scene,
                    question,
                    truth,
                    {"from_proposer": from_proposer},
                )
                answered_items.append(AnsweredItem(item, from_proposer, self._picture_of(rollout.env, item, outcome)))
        return answered_items

    def _picture_of(self, env: Environment, item: Item, drawn: Drawn) -> Picture:
        """Return the picture of `item` at the run's size; what was `drawn` at that size is not drawn again."""
        size = self.limits.picture_size(env)
        return env.observation(item, drawn) if size == env.size else env.render_item(item, size)

    def _on_given(self, rollout: ProposalRollout, rng: SeededRng) -> list[AnsweredItem]:
        """Return the question about the given scene of `rollout`, or, if configured, the one why it has no answer."""
        if rollout.conditioning_scene is None or not isinstance(rollout.proposal, Proposal):
            return []
        env, query, scene_item = rollout.env, rollout.proposal.query, rollout.conditioning_scene.item
        truth = env.solve(scene_item.scene, query)
        key = "/".join(map(str, (*rng.key, *rollout.path)))
        if isinstance(truth, Rejected):
            rollout.question_rejections.append(truth)
            if not self.config.rollout.explain_unanswerable:
                return []
            question, truth = explain.why_question(env, query, scene_item.scene, rng), explain.truth(truth)
            item = replace(
                scene_item, id=key, task=EXPLAIN, question=question, truth=truth, provenance={"from_proposer": True}
            )
            return [
                AnsweredItem(item, True, rollout.conditioning_scene.picture, rejection=rollout.question_rejections[-1])
            ]
        question, task = env.ask(query, rng, scene_item.scene), rollout.proposal.task or "other"
        item = replace(
            scene_item, id=key, task=task, question=question, truth=truth, provenance={"from_proposer": True}
        )
        try:
            return [AnsweredItem(item, True, env.render_item(item, self.limits.picture_size(env)))]
        except InfrastructureError:
            rollout.infrastructure_failures += 1
            return []

    def _balanced(
        self, offered_items: Sequence[tuple[ProposalRollout, AnsweredItem]], rng: SeededRng
    ) -> list[tuple[ProposalRollout, AnsweredItem]]:
        """Choose at most `rollout.items_per_step` items: the Proposer's first, then the answers asked least so far.

        A question whose answer leads its form's rarest by `MAX_LEAD` is left out, so that no constant answer pays.
        """
        chosen_items: list[tuple[ProposalRollout, AnsweredItem]] = []
        waiting_items = rng.shuffled(offered_items)
        while waiting_items and len(chosen_items) < self.config.rollout.items_per_step:
            best_place = min(
                range(len(waiting_items)),
                key=lambda i: (not waiting_items[i][1].from_proposer, self._lead(waiting_items[i][1].item)),
            )
            rollout, answered_item = waiting_items.pop(best_place)
            if self._lead(answered_item.item) >= MAX_LEAD:
                continue
            item = answered_item.item
            self.answer_counts[item.env, item.task, item.truth.value] += 1
            chosen_items.append((rollout, answered_item))
        return chosen_items

    def _lead(self, item: Item) -> int:
        """Return by how much the answer of `item` leads the task's rarest; 0 without a named task or options."""
        task = make(item.env).tasks.get(item.task)
        if task is None or not task.options:
            return 0
        counts = [self.answer_counts[item.env, item.task, option] for option in task.options]
        return self.answer_counts[item.env, item.task, item.truth.value] - min(counts)

    def answer(self, rollouts: Sequence[ProposalRollout], rng: SeededRng) -> None:
        """Have each item of `rollouts` answered by the Solver, a group of answers each."""
        self.answered(
            [answered_item for rollout in rollouts for answered_item in rollout.answered_items],
            self.config.rollout.num_answers,
            rng,
        )

    def answered(
        self, answered_items: Sequence[AnsweredItem], n: int, rng: SeededRng, temperature: float | None = None
    ) -> None:
        """Have each of `answered_items` answered `n` times by the Solver, in place, and scored by the oracle.

        Args:
            answered_items: what is asked.
            n: answers for each.
            rng: of the sampling.
            temperature: by default the algorithm's.
        """
        prompts = [
            self.policy.prompt(self.algorithm.solver_messages(answered_item.item.question), answered_item.picture)
            for answered_item in answered_items
        ]
        groups = self.generate("solver", prompts, self.limits.tokens["solver"], n, rng, temperature)
        labels = self.config.labels
        for answered_item, prompt, group in zip(answered_items, prompts, groups, strict=True):
            answered_item.prompt, answered_item.answers = prompt, group
            answered_item.token_limit = self.limits.tokens["solver"]
            env, item = make(answered_item.item.env), answered_item.item
            answered_item.scores = [
                explain.score(answered_item.rejection, completion.text)
                if answered_item.rejection is not None
                else env.score(item.truth, item.question.options, completion.text)
                for completion in group
            ]
            answered_item.vote = vote([c.text for c in group], tie=labels.tie, merge_no=labels.merge_no)

    # --- rewards back up the tree ---------------------------------------------------------------------------------

    def trajectories(
        self, rollouts: Sequence[ProposalRollout], policy_version: int, algorithm: Algorithm
    ) -> list[Trajectory]:
        """Return every role's trajectories with their scores; none of what was lost to infrastructure or filtered out.

        Args:
            rollouts: of the step.
            policy_version: of the weights that sampled them.
            algorithm: of the step; `self.algorithm` may be the next step's already, rolled out beside this.
        """
        all_trajectories: list[Trajectory] = []
        groups = proposer_groups(rollouts, self.config.learning.proposer_groups)
        for rollout, score, group in zip(rollouts, algorithm.proposer_scores(rollouts), groups, strict=True):
            if score is not None and rollout.prompt is not None and rollout.completion is not None:
                is_correct = isinstance(rollout.proposal, Proposal) and bool(rollout.proposer_items)
                all_trajectories.append(
                    Trajectory("proposer", group, rollout.prompt, rollout.completion, score, policy_version, is_correct)
                )
            if rollout.coder_prompt is not None and algorithm.teaches_coder(rollout):
                for completion, program in zip(rollout.program_completions, rollout.program_rollouts, strict=True):
                    program_score = algorithm.coder_score(rollout, program)
                    if program_score is not None:
                        is_correct = satisfies_spec(program)
                        all_trajectories.append(
                            Trajectory(
                                "coder",
                                rollout.path,
                                rollout.coder_prompt,
                                completion,
                                program_score,
                                policy_version,
                                is_correct,
                            )
                        )
            for number, answered_item in enumerate(rollout.answered_items):
                all_trajectories += answer_trajectories(rollout, number, answered_item, policy_version, algorithm)
        return all_trajectories

    def observe(self, rollouts: Sequence[ProposalRollout]) -> None:
        """Tell the curriculum how the Solver did on the items of `rollouts`."""
        for rollout in rollouts:
            for answered_item in rollout.answered_items:
                if answered_item.item.task in rollout.env.tasks:
                    item = answered_item.item
                    self.curriculum.observe(
                        item.env, item.task, item.difficulty, answered_item.solve_rate, len(answered_item.scores)
                    )
                    self.curriculum.note_share(item.env, item.task, item.difficulty, answered_item.vote.share)
        self.curriculum.finish_step()


def proposer_groups(rollouts: Sequence[ProposalRollout], grouping: str) -> list[tuple[str, ...]]:
    """Return the group that each of `rollouts` is compared within: its briefing, its question's task, or the step."""
    if grouping == "briefing":
        return [rollout.path[:-1] for rollout in rollouts]
    if grouping == "step":
        return [("step",) for _ in rollouts]
    task_labels = [
        labelled_rollout.proposal.task or "other" if isinstance(labelled_rollout.proposal, Proposal) else "refused"
        for labelled_rollout in rollouts
    ]
    return [tuple(map(str, group)) for group in pooled(task_labels)]


def items_with_signal(rollouts: Sequence[ProposalRollout]) -> int:
    """Return the number of items in `rollouts` that have both correct answers and wrong ones."""
    answered_items = [answered_item for rollout in rollouts for answered_item in rollout.answered_items]
    correct_marks = [score.terms["correct"] for answered_item in answered_items for score in answered_item.scores]
    groups = [number for number, answered_item in enumerate(answered_items) for _ in answered_item.scores]
    sampling_counts = dynamic_sampling(correct_marks, groups)
    return len(answered_items) - sampling_counts.all_correct - sampling_counts.all_wrong


def _sampled(rollout: ProposalRollout, rng: SeededRng, limits: RunLimits) -> ConditioningScene | None:
    """Return an item of the briefing's task and difficulty, made by the environment; None where that failed."""
    env, briefing = rollout.env, rollout.briefing
    try:
        item = env.sample(rng, briefing.task, briefing.difficulty)
        return ConditioningScene(item, env.render_item(item, limits.picture_size(env)))
    except InfrastructureError:
        rollout.infrastructure_failures += 1
        return None


def _cut_off(text_kind: str) -> Rejected:
    return Rejected("unfinished", f"the {text_kind} was cut off before its end", "write a shorter one")


def _worlds_proposal(rollout: ProposalRollout, rng: SeededRng) -> Proposal | Rejected:
    """A proposal without any model: a query of the briefing's form, and as many objects of any kind."""
    env, briefing = rollout.env, rollout.briefing
    requirements = env.requirements([[briefing.objects]])
    if isinstance(requirements, Rejected):
        return requirements
    return Proposal(briefing.text, requirements, env.query(rng, briefing.task), briefing.task)
