"""Gymnasium: every world as an environment of one-step episodes.

    import gymnasium, zerosight.train.bridges.gymnasium_envs
    env = gymnasium.make("zerosight/Canvas-v2")
    observation, info = env.reset(seed=0)
    observation, reward, terminated, truncated, info = env.step("three")

An id is `zerosight/` and the world's name without its family; `gymnasium.make("MODULE:zerosight/Canvas-v2")` with this
module's name does without the import. The observation is the picture and the question; the action is the reply.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from ...envs import Item, item_rng, list_environments, make
from ...envs.scorer import score
from ...roles import solver
from ...roles.messages import text_of
from ..data.plan import BANDS, DataPlan

MAX_REPLY_CHARS = 4096
MAX_QUESTION_CHARS = 4096
CHARACTERS = "".join(map(chr, range(32, 127))) + "\n"
"""Of the actions that are sampled; a reply may hold others."""


class _Text(spaces.Text):
    """Text of any characters, of which printable ones are sampled."""

    def __init__(self, max_length: int) -> None:
        super().__init__(max_length, min_length=0, charset=CHARACTERS)

    def contains(self, x: Any) -> bool:
        return isinstance(x, str) and len(x) <= self.max_length


class WorldEnv(gymnasium.Env[dict[str, Any], str]):
    """A world: a reset draws an item, a step answers it.

    Args:
        world: its id, such as `shapes/Canvas-v2`.
        split: whose items are drawn.
        bands: of difficulty.
        tasks: only these; all where it is empty.
        size: width of the picture, px; 0 is the world's own.
        render_mode: `rgb_array` or None.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 1}  # noqa: RUF012 - Gymnasium's own form

    def __init__(
        self,
        world: str,
        split: str = "train",
        bands: tuple[str, ...] = BANDS,
        tasks: tuple[str, ...] = (),
        size: int = 0,
        render_mode: str | None = None,
    ) -> None:
        self._plan = DataPlan(worlds=(world,), count=1, split=split, bands=bands, tasks=tasks, picture_px=size)
        self.world = make(world)
        self.render_mode = render_mode
        self._item: Item | None = None
        self._picture: np.ndarray | None = None
        self._answer_given = True
        # Of the first item's picture: all of a world's are of one size.
        height, width, _ = self._draw(self._plan.item(0)).shape
        picture = spaces.Box(0, 255, (height, width, 3), np.uint8)
        self.observation_space = spaces.Dict({"picture": picture, "question": _Text(MAX_QUESTION_CHARS)})
        self.action_space = _Text(MAX_REPLY_CHARS)

    def _draw(self, item: Item) -> np.ndarray:
        return np.array(self.world.render_item(item, self._plan.picture_px or self.world.size).array, np.uint8)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Draw the next item; after a `seed` the items are the same again.

        Args:
            seed: of this and the following items.
            options: not used.
        """
        super().reset(seed=seed)
        place = self._plan.place(int(self.np_random.integers(2**31)))
        rng = item_rng(self.world.id, self._plan.split, place.turn, 0).child("gymnasium", place.task, place.difficulty)
        self._item = self.world.sample(rng, place.task, place.difficulty)
        self._picture, self._answer_given = self._draw(self._item), False
        return self._observation(), {"task": place.task, "difficulty": place.difficulty, "id": self._item.id}

    def _observation(self) -> dict[str, Any]:
        assert self._item is not None
        assert self._picture is not None
        question = text_of(solver.prompt(self._item.question, style="full"), "user")
        return {"picture": self._picture.copy(), "question": question[:MAX_QUESTION_CHARS]}

    def step(self, action: str) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Answer with `action`; the reward is the oracle's score, and the episode ends.

        Raises:
            gymnasium.error.ResetNeeded: the item was answered, or none was drawn.
        """
        if self._item is None or self._answer_given:
            raise gymnasium.error.ResetNeeded("an episode is one answer: call reset() for the next item")
        self._answer_given = True
        outcome = score(self._item, str(action))
        info = {"answer": self._item.truth.value, "margin": self._item.truth.margin, "terms": dict(outcome.terms)}
        return self._observation(), outcome.value, True, False, info

    def render(self) -> np.ndarray | None:
        """Return the picture of the item that was drawn last."""
        return self._picture if self.render_mode == "rgb_array" else None


def _register_worlds() -> None:
    """Register each world that is installed under its short name; the first of two that share it."""
    for world in list_environments():
        env_id = f"zerosight/{world.split('/')[1]}"
        if env_id not in gymnasium.registry:
            entry_point = f"{__name__}:WorldEnv"
            gymnasium.register(env_id, entry_point, kwargs={"world": world})


_register_worlds()
