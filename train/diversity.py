"""How unlike one another a step's proposals are, in what they say, what is written for them, and what that draws."""

from collections.abc import Sequence

from ..geometry import Scene, scene_kind, statistics
from ..render.drawing import Drawn
from ..roles.novelty import cluster_shares, coverage, scene_novelty, structure
from ..roles.proposer import Proposal
from .rollouts import ProposalRollout

CUT = 0.5
"""Distance (1 - BLEU) at which concepts are no longer one cluster: R-Zero's."""


def varieties(rollouts: Sequence[ProposalRollout]) -> list[dict[str, float]]:
    """Each valid proposal's `structure`, `wording` and `scene` terms (`ProposerWeights`), 0 to 1.

    What nothing was drawn for has 0 in what a drawing decides, and a scene is compared with those of its own kind.
    Source: the parts are in roles/novelty.py; that a proposal is compared with the others of its step is ours.
    """
    concepts = [rollout.proposal.concept for rollout in rollouts if isinstance(rollout.proposal, Proposal)]
    programs = [[drawing.program for drawing in rollout.program_rollouts] for rollout in rollouts]
    structures = [{structure(program) for program in own} for own in programs]
    scenes = [
        [drawing.outcome.scene for drawing in rollout.program_rollouts if isinstance(drawing.outcome, Drawn)]
        for rollout in rollouts
    ]
    found = []
    for number, share in enumerate(cluster_shares(concepts, CUT)):
        others = set().union(*structures[:number], *structures[number + 1 :])
        away = [scene for own in (*scenes[:number], *scenes[number + 1 :]) for scene in own]
        found.append(
            {
                "structure": coverage(programs[number], others),
                "wording": 1.0 - share,
                "scene": _apart(scenes[number], away),
            }
        )
    return found


def _apart(own: Sequence[Scene], others: Sequence[Scene]) -> float:
    """The mean novelty of scenes among others of their kinds; 0 of none."""
    values = [
        scene_novelty(statistics(scene), [statistics(o) for o in others if scene_kind(o) == scene_kind(scene)])
        for scene in own
    ]
    return sum(values) / len(values) if values else 0.0
