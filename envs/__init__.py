"""Environments: worlds of scenes and questions whose answers are computed, never guessed."""

from ..geometry import FlatScene, Scene
from ..render import InfrastructureError, Picture, Rejected
from . import notebook as _notebook  # noqa: F401 - items show themselves in Jupyter
from .answers import Answer, Score, read_answer, score_answer
from .core import SPLITS, Briefing, Environment, FolderError, Item, Need, Question, Requirement, Task, Truth
from .registry import PluginError, UnknownEnvironmentError, broken_plugins, list_environments, make, register
from .rng import SeededRng, item_rng

__all__ = [
    "SPLITS",
    "Answer",
    "Briefing",
    "Environment",
    "FlatScene",
    "FolderError",
    "InfrastructureError",
    "Item",
    "Need",
    "Picture",
    "PluginError",
    "Question",
    "Rejected",
    "Requirement",
    "Scene",
    "Score",
    "SeededRng",
    "Task",
    "Truth",
    "UnknownEnvironmentError",
    "broken_plugins",
    "item_rng",
    "list_environments",
    "make",
    "read_answer",
    "register",
    "score_answer",
]
