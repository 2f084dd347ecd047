"""Every reward term of every role, declared once: its name, its default weight, and how it is computed.

This is the one place that decides what a role is paid. A term is a function of one context (`context.py`), and its
weight is the option `rewards.<role>.<name>`; a recipe is a choice of weights (`train/recipes/`). To add one, write:

    @PROPOSER.term("short_concept", "The concept is at most three words long.", weight=0.1)
    def _short_concept(context: ProposalContext) -> float:
        return float(len(context.proposal.concept.split()) <= 3)

Terms of weight 0 cost nothing: they are not computed. Terms are summed in the order in which they stand here.
"""

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path

from ..envs import PluginError, Rejected
from ..envs.parts import installed_parts, load_part
from ..envs.registry import guarded
from . import reward
from .context import (
    AnswerContext,
    ProgramContext,
    ProgramView,
    ProposalContext,
    ProposalView,
    mean_over,
    proposed_task,
    query_key,
)
from .novelty import coverage, rarity_among, scene_novelty
from .proposer import Proposal, briefing_agreement

PROPOSER: reward.TermTable[ProposalContext] = reward.TermTable("proposer")
CODER: reward.TermTable[ProgramContext] = reward.TermTable("coder")
SOLVER: reward.TermTable[AnswerContext] = reward.TermTable("solver")
TABLES: dict[str, reward.TermTable] = {table.role: table for table in (PROPOSER, CODER, SOLVER)}

UNREADABLE_PROPOSAL = ("syntax", "unfinished")
UNREADABLE_PROGRAM = ("syntax", "unfinished", "xml", "empty")
"""Codes of texts that are not a proposal or program at all; every other code is of one that breaks a rule."""

FREE_LENGTH = 0.8
"""Share of the token limit that costs nothing; DAPO punishes the last 4,096 of 20,480 tokens."""

# --- the Solver: what an answer is paid for ------------------------------------------------------------------------


@SOLVER.term(
    "correct",
    "The answer is right by its label: the oracle's answer by default, the majority's where so configured.",
    weight=1.0,
)
def _correct(context: AnswerContext) -> float:
    return context.correct


@SOLVER.term("format", "The reply is an answer of the kind that was asked for.", weight=0.1)
def _answer_format(context: AnswerContext) -> float:
    return context.well_formed


@SOLVER.term(
    "overlong",
    "DAPO's soft punishment of overlong replies (Yu et al. 2025, equation 13): 0 up to four fifths of the token limit, "
    "then falling to -1 at the limit.",
)
def _overlong(context: AnswerContext) -> float:
    return -max(0.0, context.length_share - FREE_LENGTH) / (1.0 - FREE_LENGTH)


# --- the Coder: what a program is paid for -------------------------------------------------------------------------


@CODER.term("rendered", "The renderer accepts the program.", weight=0.2)
def _rendered(context: ProgramContext) -> float:
    return float(context.spec_check.rendered)


@CODER.term("parseable", "Every object can be named: inside, apart, of a known colour, shape and size.", weight=0.2)
def _parseable(context: ProgramContext) -> float:
    return float(context.spec_check.parseable)


@CODER.term("requirement_recall", "Share of the requirements that the picture meets.", weight=0.2)
def _requirement_recall(context: ProgramContext) -> float:
    return context.spec_check.requirement_recall


@CODER.term("spec_satisfied", "The picture shows all that was required and nothing else.", weight=0.4)
def _spec_satisfied(context: ProgramContext) -> float:
    return float(context.spec_check.spec_satisfied)


@CODER.term("short_comments", "EVE's format term: a program that is not empty and has at most two comments.")
def _short_comments(context: ProgramContext) -> float:
    program = context.program.program
    return float(bool(program.strip()) and program.count("#") <= 2)


@CODER.term(
    "tent_difficulty",
    "EVE's difficulty of a program that draws: mean 1 - 2|p - 1/2| of the accuracy p on each question about it.",
)
def _tent_difficulty(context: ProgramContext) -> float:
    if context.drawn is None:
        return 0.0
    accuracies = [item.solve_rate for item in context.answered_items]
    return reward.eve_difficulty(accuracies, last_only="last_only" in context.paper_compat)


@CODER.term(
    "solvability", "MM-Zero's accuracy on the environment's easy questions about the drawing, 1 where none was asked."
)
def _solvability(context: ProgramContext) -> float:
    view = solver_view(context.program, context.rollout)
    return view.solvability if view else 0.0


@CODER.term(
    "vote_split", "MM-Zero's min(c, 1 - c) of the majority share c on the Proposer's hard question about the drawing."
)
def _vote_split(context: ProgramContext) -> float:
    view = solver_view(context.program, context.rollout)
    return reward.smaller_side(view.consistency) if view else 0.0


@CODER.term(
    "no_drawing",
    "MM-Zero's penalty of a program that does not draw: 0.1, 0.05 more if empty, 0.5 more if it is not SVG.",
)
def _no_drawing(context: ProgramContext) -> float:
    if context.drawn is not None:
        return 0.0
    is_svg = context.rollout.env.renderer != "svg" or "<svg" in context.program.program
    return reward.no_drawing_penalty(empty=not context.program.program, is_svg=is_svg)


@CODER.term(
    "rarely_solved",
    "Absolute Zero's mean 1 - p, 0 at p = 0, of the accuracy p on the Proposer's question about the drawing.",
)
def _rarely_solved(context: ProgramContext) -> float:
    own_items = [item for item in context.answered_items if item.from_proposer]
    return mean_over(own_items, lambda item: reward.rarity(item.solve_rate))


@CODER.term("unreadable", "The reply is not a program at all.")
def _unreadable(context: ProgramContext) -> float:
    outcome = context.program.outcome
    return float(isinstance(outcome, Rejected) and outcome.code in UNREADABLE_PROGRAM)


@CODER.term("rule_violation", "The program can be read, but breaks a rule.")
def _rule_violation(context: ProgramContext) -> float:
    outcome = context.program.outcome
    return float(isinstance(outcome, Rejected) and outcome.code not in UNREADABLE_PROGRAM)


# --- the Proposer: what a proposal is paid for ---------------------------------------------------------------------

_ProposalFunction = Callable[[ProposalContext], float]


def of_valid(compute: _ProposalFunction) -> _ProposalFunction:
    """Wrap a term that only an accepted proposal can earn: 0 for a rejected one."""

    def of_any(context: ProposalContext) -> float:
        return compute(context) if isinstance(context.rollout.proposal, Proposal) else 0.0

    return of_any


@PROPOSER.term("format", "The reply is a valid proposal.", weight=0.2)
@of_valid
def _valid_proposal(context: ProposalContext) -> float:
    return 1.0


@PROPOSER.term(
    "follows_briefing",
    "It keeps to the briefing: 1/2 for the task that was asked for, 1/2 for the number of objects.",
    weight=0.2,
)
@of_valid
def _follows_briefing(context: ProposalContext) -> float:
    return briefing_agreement(context.rollout.briefing, context.proposal)


@PROPOSER.term(
    "render_success_rate", "Share of its programs that draw what was required; 1 on a given scene.", weight=0.1
)
@of_valid
def _render_success_rate(context: ProposalContext) -> float:
    if context.rollout.conditioning_scene is not None:
        return 1.0
    return mean_over(context.judged_programs, _satisfies_spec)


@PROPOSER.term(
    "answerable",
    "Share of those drawings, or of the given scene, on which its question has one clear answer.",
    weight=0.2,
)
@of_valid
def _answerable(context: ProposalContext) -> float:
    has_given_scene = context.rollout.conditioning_scene is not None
    scene_count = 1.0 if has_given_scene else sum(map(_satisfies_spec, context.judged_programs))
    return 1.0 - len(context.rollout.question_rejections) / scene_count if scene_count else 0.0


@PROPOSER.term(
    "learnability",
    "Mean 4p(1 - p) of the Solver's accuracy p against the oracle: highest where half of the answers are correct.",
    weight=0.5,
)
@of_valid
def _learnability(context: ProposalContext) -> float:
    return mean_over(context.rollout.proposer_items, lambda item: reward.bernoulli_variance(item.solve_rate))


@PROPOSER.term("query_novelty", "Rarity of its query among the step's proposals for the same task.", weight=0.1)
@of_valid
def _query_novelty(context: ProposalContext) -> float:
    same_query = context.step.query_counts[query_key(context.rollout)]
    return rarity_among(same_query, context.step.task_counts[context.rollout.briefing.task])


@PROPOSER.term("program_novelty", "Share of its programs whose structure the programs of no other proposal have.")
@of_valid
def _program_novelty(context: ProposalContext) -> float:
    others = [
        structures for path, structures in context.step.program_structures.items() if path != context.rollout.path
    ]
    return coverage([program.program for program in context.rollout.program_rollouts], set().union(*others))


@PROPOSER.term(
    "concept_novelty",
    "1 less the share of the step's proposals in the same cluster of concepts, by BLEU of their words.",
)
@of_valid
def _concept_novelty(context: ProposalContext) -> float:
    return 1.0 - context.step.concept_shares[context.rollout.path]


@PROPOSER.term(
    "scene_novelty",
    "Mean distance of its scenes' statistics from the nearest scene of another proposal, of the same kind.",
)
@of_valid
def _scene_difference(context: ProposalContext) -> float:
    statistics = context.step.scene_statistics
    others = [scene for path, scenes in statistics.items() if path != context.rollout.path for scene in scenes]
    return mean_over(
        statistics[context.rollout.path],
        lambda scene: scene_novelty(scene[1], [values for kind, values in others if kind == scene[0]]),
    )


@PROPOSER.term(
    "vote_split",
    "R-Zero's min(s, 1 - s) of the mean majority share s of the answers to its question; 0 where none was asked.",
)
@of_valid
def _vote_disagreement(context: ProposalContext) -> float:
    return reward.smaller_side(mean_over(context.rollout.proposer_items, lambda item: item.vote.share))


@PROPOSER.term(
    "repetition",
    "R-Zero's share of the step's proposals in the same cluster of questions, by BLEU; paid with a negative weight.",
)
def _question_repetition(context: ProposalContext) -> float:
    return context.step.question_shares[context.rollout.path]


@PROPOSER.term("rarely_solved", "Absolute Zero's mean 1 - p, 0 at p = 0, of the Solver's accuracy p on its question.")
@of_valid
def _rare_success(context: ProposalContext) -> float:
    return mean_over(context.rollout.proposer_items, lambda item: reward.rarity(item.solve_rate))


@PROPOSER.term(
    "solvable_and_split",
    "MM-Zero's mean over programs of capped solvability and vote split, less a penalty where all is too easy.",
)
@of_valid
def _solvable_and_split(context: ProposalContext) -> float:
    samples = [solver_view(program, context.rollout) for program in context.judged_programs]
    cap = None if "uncapped" in context.step.paper_compat else reward.SOLVABILITY_CAP
    return reward.mm_zero_programs(samples, cap=cap) if samples else 0.0


@PROPOSER.term(
    "task_balance", "MM-Zero's penalty of a task that more than half of the step's proposals ask for, down to -0.15."
)
@of_valid
def _task_balance(context: ProposalContext) -> float:
    return reward.type_penalty(proposed_task(context.rollout), context.step.proposed_tasks)


@PROPOSER.term(
    "text_balance", "MM-Zero's penalty of texts in large clusters, or bonus of those in small ones, -0.5 to 0.5."
)
@of_valid
def _text_balance(context: ProposalContext) -> float:
    return reward.text_penalty(context.step.text_excess[context.rollout.path], len(context.step.valid_proposals))


@PROPOSER.term(
    "observed_validity",
    "SpatialEvo's validity of its question times how much of what it says it sees is in the scene, at least 0.1.",
)
@of_valid
def _observed_validity(context: ProposalContext) -> float:
    valid_items = [item for item in context.rollout.proposer_items if item.rejection is None]
    validity = mean_over(valid_items, lambda item: reward.spatialevo_factor(item.item.task, item.item.truth.value))
    return validity * max(reward.LEAST_OBSERVATION, observation(context))


@PROPOSER.term(
    "utility",
    "Measured gain of the Solver from its questions: INFUSER's gradient alignment or SOAR's change of accuracy.",
    requires="utilities",
)
@of_valid
def _utility(context: ProposalContext) -> float:
    return context.step.utilities.get(context.rollout.path, 0.0)


@PROPOSER.term("readable", "The reply can be read as a proposal, whether or not it keeps every rule.")
def _readable_proposal(context: ProposalContext) -> float:
    return 1.0 - _unreadable_proposal(context)


@PROPOSER.term("unreadable", "The reply is not a proposal at all; paid with a negative weight.")
def _unreadable_proposal(context: ProposalContext) -> float:
    return float(context.rejection is not None and context.rejection.code in UNREADABLE_PROPOSAL)


@PROPOSER.term("rule_violation", "The proposal can be read, but breaks a rule; paid with a negative weight.")
def _proposal_rule_violation(context: ProposalContext) -> float:
    return float(context.rejection is not None and context.rejection.code not in UNREADABLE_PROPOSAL)


# --- what several terms share --------------------------------------------------------------------------------------


def _satisfies_spec(program: ProgramView) -> float:
    return float(program.spec_check is not None and program.spec_check.spec_satisfied)


def solver_view(program: ProgramView, rollout: ProposalView) -> reward.SolverView | None:
    """Return what the Solver made of the drawing of `program`; None where it did not draw.

    A drawing that does not satisfy its spec is asked about by nobody, and counts as drawn and unsolvable. Without easy
    questions a drawing counts as solvable, without a hard one as unanimous.
    """
    if isinstance(program.outcome, Exception | Rejected):
        return None
    if not _satisfies_spec(program):
        return reward.SolverView(0.0, 1.0)
    items = rollout.items_about(program)
    easy_rates = [item.solve_rate for item in items if not item.from_proposer]
    hard_shares = [item.vote.share for item in items if item.from_proposer]
    return reward.SolverView(
        sum(easy_rates) / len(easy_rates) if easy_rates else 1.0,
        sum(hard_shares) / len(hard_shares) if hard_shares else 1.0,
    )


def observation(context: ProposalContext) -> float:
    """Return how much of what a proposal says it sees is in the scene that it was given, 0 to 1."""
    given_scene = context.rollout.conditioning_scene
    if given_scene is None:
        return 0.0
    requirements = context.proposal.requirements
    missing_requirements = context.rollout.env.missing_requirements(given_scene.item.scene, requirements)
    if isinstance(missing_requirements, Rejected):
        return 0.0
    return max(0.0, 1.0 - len(missing_requirements) / (len(requirements) + 1))


# --- terms of others' -----------------------------------------------------------------------------------------------

_LOADED_FILES: set[Path] = set()


def load_terms(path: Path) -> None:
    """Run the Python file at `path`, which declares reward terms as this module does; once in a process.

    Raises:
        PluginError: it is not there, or does not run.
    """
    resolved_path = path.expanduser().resolve()
    if resolved_path in _LOADED_FILES:
        return
    if not resolved_path.is_file():
        raise PluginError(f"the file of reward terms {path} is not there")
    spec = importlib.util.spec_from_file_location(f"zerosight_terms_{resolved_path.stem}", resolved_path)
    if spec is None or spec.loader is None:
        raise PluginError(f"the file of reward terms {path} is not Python; its name ends in .py")
    module, loader = importlib.util.module_from_spec(spec), spec.loader
    guarded(f"the file of reward terms {path} does not run", lambda: loader.exec_module(module))
    _LOADED_FILES.add(resolved_path)


def _load_installed_terms() -> None:
    """Load the modules that installed packages declare terms in; one that does not load is a warning."""
    for name in installed_parts("reward"):
        try:
            load_part("reward", name)
        except PluginError as error:
            warnings.warn(str(error), stacklevel=2)


_load_installed_terms()
