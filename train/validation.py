"""Items of the `dev` split: what a run may look at to choose by, which is neither trained on nor held out."""

from functools import lru_cache

from ..envs import Item, item_rng, make
from ..render import Picture
from .config import RunConfig
from .rollouts import AnsweredItem

VALIDATION = 32
"""Items that recipes compare by."""


def validation(config: RunConfig, count: int = VALIDATION, picture_px: int = 0) -> list[AnsweredItem]:
    """Items of the `dev` split, in turn over worlds, forms and difficulties; the same ones at each call, unanswered."""
    return [AnsweredItem(item, False, picture) for item, picture in _made(config.envs, config.seed, count, picture_px)]


@lru_cache(maxsize=4)
def _made(envs: tuple[str, ...], seed: int, count: int, picture_px: int) -> tuple[tuple[Item, Picture], ...]:
    items = []
    for index in range(count):
        env = make(envs[index % len(envs)])
        tasks, turn = list(env.tasks), index // len(envs)
        difficulty = env.difficulties[turn // len(tasks) % len(env.difficulties)]
        item = env.sample(item_rng(env.id, "dev", seed, index), tasks[turn % len(tasks)], difficulty)
        items.append((item, env.render_item(item, max(env.size, picture_px))))
    return tuple(items)
