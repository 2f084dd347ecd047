"""verifiers v1 (0.4): a taskset of our items, one turn each, with the picture as a data URL and the oracle as reward.

    uv pip install zerosight verifiers examples/verifiers
    eval zerosight-items --env.taskset.worlds '["shapes/Canvas-v2"]' --model NAME -n 100 -r 4

`OneTurnHarness` asks in this process, without a program in a box: nothing here runs what the model wrote but our own
sandbox. Packages that verifiers finds by name (`zerosight_items`, `zerosight_triad`) are in examples/verifiers.
"""

import base64
from collections.abc import Iterator
from typing import Any

import httpx2
import verifiers.v1 as vf
from verifiers.v1.runtimes import ProgramResult
from verifiers.v1.types import ImageUrlContentPart, ImageUrlSource, TextContentPart

from ...envs.scorer import score
from ..data.plan import BANDS, DataPlan
from ..data.rows import planned_row

TIMEOUT_S = 600.0
"""For one reply of a model."""


def user_message(text: str, png: bytes | None) -> Any:
    """Return a user's turn of `text`, after the picture `png` where there is one."""
    if png is None:
        return vf.UserMessage(content=text)
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    picture = ImageUrlContentPart(image_url=ImageUrlSource(url=url))
    return vf.UserMessage(content=[picture, TextContentPart(text=text)])


class ItemsConfig(vf.TasksetConfig):
    """The items and the way they are asked: the options of `zerosight data make`."""

    worlds: tuple[str, ...] = ("shapes/Canvas-v2",)
    count: int = 1000
    tasks: tuple[str, ...] = ()
    bands: tuple[str, ...] = BANDS
    split: str = "train"
    seed: int = 0
    picture_px: int = 0
    mode: str = "answer"

    def plan(self) -> DataPlan:
        """Return the plan of these items.

        Raises:
            DataError: a name is not one of those that are allowed.
        """
        values: dict[str, Any] = self.model_dump(
            include={"worlds", "count", "tasks", "bands", "split", "seed", "picture_px", "mode"}
        )
        return DataPlan.from_dict(values)


class ItemData(vf.TaskData):
    """An item's key and truth beside its prompt."""

    truth: str
    world: str
    task_name: str
    difficulty: int
    answer: str


class ItemTask(vf.Task[ItemData]):
    """A question about a picture."""

    @property
    def key(self) -> str:
        """The item's own key, the same in every run."""
        return str(self.data.id)

    @vf.reward(weight=1.0)
    async def correct(self, trace: Any) -> float:
        """Return the oracle's score of the last reply in `trace`."""
        return score(self.data.truth, trace.last_reply).value

    @vf.reward(weight=0.1)
    async def well_formed(self, trace: Any) -> float:
        """Return 1 where the last reply in `trace` can be read as an answer of its kind."""
        return score(self.data.truth, trace.last_reply).terms["format"]

    async def validate(self, runtime: Any) -> bool:
        """Tell whether the true answer scores 1; no `runtime` is needed for that."""
        return score(self.data.truth, self.data.answer).value == 1.0


class ItemTaskset(vf.Taskset[ItemTask, ItemsConfig]):
    """Items of our worlds, made one after another as they are taken."""

    def load(self) -> Iterator[ItemTask]:
        """Yield the items of the configured plan."""
        plan = self.config.plan()
        for number in range(plan.count):
            row = planned_row(plan, number)
            data = ItemData(
                id=row["id"],
                prompt=[user_message(row["prompt"], row["png"])],
                system_prompt=row["system"],
                truth=row["truth"],
                world=row["world"],
                task_name=row["task"],
                difficulty=row["difficulty"],
                answer=row["answer"],
            )
            yield ItemTask(data, self.config.task)


class OneTurnHarness(vf.Harness[vf.HarnessConfig]):
    """Asks the model once, from this process."""

    APPENDS_SYSTEM_PROMPT = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: Any,
        trace: Any,
        runtime: Any,
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],
        data: vf.TaskData,
        tool_interception_url: str | None = None,
    ) -> ProgramResult:
        """Send the prompt of `data` to `endpoint`, which records the reply; the other arguments are verifiers' own."""
        system_prompt, prompt = self.resolve_prompt(data)
        turns = [vf.UserMessage(content=prompt)] if isinstance(prompt, str) else list(prompt or [])
        messages = [turn.model_dump(exclude_none=True) for turn in turns]
        if system_prompt:
            messages.insert(0, {"role": "system", "content": system_prompt})
        async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
            response = await client.post(
                f"{endpoint.rstrip('/')}/chat/completions",
                headers={"Authorization": f"Bearer {secret}"},
                json={"model": ctx.model, "messages": messages},
            )
        return ProgramResult(0 if response.is_success else 1, "", "" if response.is_success else response.text)
