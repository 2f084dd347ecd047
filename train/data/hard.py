"""Items that a model finds neither easy nor hopeless: those whose share of right answers lies in a band.

Loads torch, where the model is not behind a URL. Begin at `solve_rate_filter`.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ...envs.scorer import score
from ...render import Picture
from ...render.decode import open_picture
from ...roles.messages import Messages
from ..generators import Endpoint, OpenAICompatibleGenerator
from ..generators.hf import HFGenerator
from ..models.completions import Generator, Prompt, Sampling
from ..models.load import model_path
from ..models.policy import Policy, locate_model
from ..runs.store import load_trained
from .make import RowFilter
from .plan import DataError
from .rows import Row

SEED = 0
ENDPOINT_ROLES = ("solver",)

MakePrompt = Callable[[Messages, Picture], Prompt]


def messages_of(row: Row) -> Messages:
    """Return the Solver's prompt of `row` as messages with a place for its picture."""
    user_parts = [{"type": "image"}, {"type": "text", "text": row["prompt"]}]
    return [
        {"role": "system", "content": [{"type": "text", "text": row["system"]}]},
        {"role": "user", "content": user_parts},
    ]


def picture_of(row: Row) -> Picture:
    """Return the picture of `row`, decoded."""
    return Picture(np.asarray(open_picture(row["png"]).convert("RGB")))


def open_sampler(model: str, key_file: Path | None = None) -> tuple[Generator, MakePrompt]:
    """Return what samples replies of `model`, and what makes its prompts.

    Args:
        model: `embedded`, a Hugging Face id or folder, a run directory, or `http://HOST:PORT#NAME`.
        key_file: holds the key of a model behind a URL.

    Raises:
        DataError: a URL does not name a model, or the key file cannot be read.
        ModelNotFoundError: there is no such model here.
    """
    if not model.startswith(("http://", "https://")):
        is_run = (Path(model) / "config.yaml").is_file()
        policy = load_trained(Path(model)) if is_run else Policy.load(locate_model(model_path(model)))
        return HFGenerator(policy, batch_size=64), policy.prompt
    try:
        endpoint, name = Endpoint.of_model(model, key_file)
    except ValueError as error:
        raise DataError(str(error)) from error
    return OpenAICompatibleGenerator(endpoint, name, ENDPOINT_ROLES), _plain_prompt


def _plain_prompt(messages: Messages, picture: Picture) -> Prompt:
    return Prompt((), text=json.dumps(messages), picture=picture, messages=messages)


def solve_rate_filter(
    generator: Generator,
    make_prompt: MakePrompt,
    low: float,
    high: float,
    *,
    replies: int = 8,
    max_new_tokens: int = 16,
) -> RowFilter:
    """Return a filter that lets rows by whose solve rate is from `low` to `high`, and adds it to them.

    Args:
        generator: samples the replies, at temperature 1.
        make_prompt: makes a prompt of messages and a picture.
        low: lowest solve rate.
        high: highest solve rate.
        replies: to each item.
        max_new_tokens: of a reply.

    Raises:
        DataError: the band is not one.
    """
    if not 0.0 <= low <= high <= 1.0:
        raise DataError(f"the band of solve rates is LOW-HIGH with 0 <= LOW <= HIGH <= 1, got {low}-{high}")
    sampling = Sampling(n=replies, max_new_tokens=max_new_tokens, temperature=1.0)

    def rated(rows: Sequence[Row]) -> list[Row | None]:
        prompts = [make_prompt(messages_of(row), picture_of(row)) for row in rows]
        groups = generator.generate("solver", prompts, sampling, SEED)
        rates = [
            sum(score(row["truth"], completion.text).value == 1.0 for completion in group) / len(group)
            for row, group in zip(rows, groups, strict=True)
        ]
        return [
            row | {"solve_rate": rate} if low <= rate <= high else None for row, rate in zip(rows, rates, strict=True)
        ]

    return rated
