"""verl (0.9): an agent loop in which Proposer, Coder, drawing and Solver meet; one of them learns in each rollout.

A job that uses it, with the note of what differs from our own loop, is written by `zerosight cluster verl`.
"""

import asyncio
import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ClassVar
from uuid import uuid4

from PIL import Image
from verl.experimental.agent_loop.agent_loop import AgentLoopBase, AgentLoopOutput, register

from .triad import EngineReply, PaidReply, Request, TriadSettings, play
from .verl_dataset import TRIAD


@register(TRIAD)
class TriadAgentLoop(AgentLoopBase):
    """One episode of the three roles; the row's role is the one whose tokens are handed back, with its reward.

    All roles are sampled from the weights that verl trains. A reply whose drawing failed through no fault of its own
    comes back with nothing to learn from: its response mask is 0.

    Args:
        arguments: verl's own.
        settings: of `TriadSettings`, from the agent loop's configuration file.
        options: verl's own.
    """

    threads: ClassVar[ThreadPoolExecutor] = ThreadPoolExecutor(128, thread_name_prefix="zerosight")
    """Episodes spend most of their time waiting for the engine."""

    def __init__(self, *arguments: Any, settings: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        values: dict[str, Any] = dict(settings or {})
        if "worlds" in values:
            values["worlds"] = tuple(values["worlds"])
        self.settings = TriadSettings(**values)

    async def run(self, sampling_params: dict[str, Any], **columns: Any) -> AgentLoopOutput:
        """Play the episode that the row's `columns` name, sampling with `sampling_params`."""
        extra = columns["extra_info"]
        role, number = str(extra["role"]), int(extra["index"])
        loop = asyncio.get_running_loop()
        samples: list[EngineReply] = []

        def ask(requests: Sequence[Request]) -> list[EngineReply]:
            together = asyncio.run_coroutine_threadsafe(self._sample_all(requests, sampling_params), loop)
            replies = together.result()
            samples.extend(reply for request, reply in zip(requests, replies, strict=True) if request.role == role)
            return replies

        episode = partial(play, role, number, self.settings, ask)
        paid_replies = await loop.run_in_executor(self.threads, episode)
        return self._output(paid_replies, samples)

    async def _sample_all(self, requests: Sequence[Request], sampling_params: dict[str, Any]) -> list[EngineReply]:
        return list(await asyncio.gather(*(self._sample(request, sampling_params) for request in requests)))

    async def _sample(self, request: Request, sampling_params: dict[str, Any]) -> EngineReply:
        """Have the engine reply to one `request`; the reply's handle is the output that verl learns from."""
        pictures = [_image(request)] if request.picture is not None else None
        messages = [_with_picture(message, pictures) for message in request.messages]
        self._assert_mm_supported(pictures is not None)
        prompt_ids = await self.ct_build_initial_tokens(messages, images=pictures)
        limit = min(request.max_tokens, self.rollout_config.response_length)
        output = await self.server_manager.generate(
            request_id=uuid4().hex,
            prompt_ids=prompt_ids,
            sampling_params={**sampling_params, "max_tokens": limit},
            image_data=pictures,
        )
        response_ids = list(output.token_ids)[:limit]
        logprobs = list(output.log_probs)[:limit] if output.log_probs else None
        text = self.tokenizer.decode(response_ids, skip_special_tokens=True)
        learned = AgentLoopOutput(
            prompt_ids=list(prompt_ids),
            response_ids=response_ids,
            response_mask=[1] * len(response_ids),
            response_logprobs=logprobs,
            multi_modal_data={"images": pictures} if pictures else {},
            num_turns=2,
            metrics={},
            extra_fields={"turn_scores": [], "tool_rewards": []},
        )
        return EngineReply(text, len(output.token_ids) < limit, learned)

    @staticmethod
    def _output(paid_replies: Sequence[PaidReply], samples: Sequence[EngineReply]) -> AgentLoopOutput:
        """Return what verl learns from: a paid reply, or one that teaches nothing."""
        if not paid_replies:
            output: AgentLoopOutput = samples[0].handle
            output.response_mask = [0] * len(output.response_ids)
            output.reward_score = 0.0
            output.extra_fields["reward_extra_info"] = {"score": 0.0, "known": 0.0}
            return output
        output = paid_replies[0].reply.handle
        score = paid_replies[0].score
        output.reward_score = float(score.value)
        output.extra_fields["reward_extra_info"] = {"score": float(score.value), "known": 1.0}
        return output


def _image(request: Request) -> Image.Image:
    assert request.picture is not None
    return Image.open(io.BytesIO(request.picture.png())).convert("RGB")


def _with_picture(message: Mapping[str, Any], pictures: Sequence[Image.Image] | None) -> dict[str, Any]:
    """Return `message` with its picture in its place; text alone as a string, which every template takes."""
    parts = [
        {"type": "image", "image": pictures[0]} if part["type"] == "image" and pictures else part
        for part in message["content"]
    ]
    if all(part["type"] == "text" for part in parts):
        return {"role": message["role"], "content": "".join(str(part["text"]) for part in parts)}
    return {"role": message["role"], "content": parts}
