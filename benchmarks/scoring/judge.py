"""A language model as judge, for benchmarks whose official score asks one; OpenAI-compatible, each question once.

Which model judges changes the score: results name it, and are comparable with others of the same judge alone.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from ...train.generators.endpoint import Endpoint
from ...train.generators.replies import ReplyError
from ...train.store import write_atomically

EXTRACT = """Read the question and the reply to it, and write down the final answer that the reply gives: {form}.
Write nothing else. If the reply gives no answer, write "none".

Question: {question}
Reply: {reply}
Final answer:"""

COMPARE = """Does the reply give the right answer to the question? Compare its final answer with the right one in
meaning: other wording, units written out and equal numbers are the same. Write "yes" or "no", and nothing else.

Question: {question}
Right answer: {answer}
Reply: {reply}
Judgement:"""


class Judge:
    """A chat endpoint that is asked at temperature 0; what it said is kept on disk and not asked again."""

    def __init__(self, endpoint: Endpoint, model: str, folder: Path, max_tokens: int = 64) -> None:
        self._endpoint, self.model, self._folder, self._max_tokens = endpoint, model, folder, max_tokens

    def say(self, prompt: str) -> str:
        """What the judge says to a prompt.

        Raises:
            GeneratorError: the endpoint cannot be reached, refuses, or replies with something else.
        """
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": 0,
            "max_tokens": self._max_tokens,
        }
        path = self._folder / f"{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()}.json"
        if path.exists():
            return str(json.loads(path.read_text())["said"])
        said = _content(self._endpoint.post("/v1/chat/completions", body))
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps({"prompt": prompt, "said": said}).encode())
        return said

    def extract(self, question: str, reply: str, form: str) -> str:
        """The final answer that a reply gives, in a form such as `a letter`; empty where it gives none."""
        said = self.say(EXTRACT.format(question=question, reply=reply, form=form)).strip().strip("\"'`.")
        return "" if said.lower() == "none" else said

    def agrees(self, question: str, answer: str, reply: str) -> bool:
        """Whether a reply gives the right answer; anything but a yes at the beginning is a no."""
        said = self.say(COMPARE.format(question=question, answer=answer, reply=reply))
        return said.strip().lower().startswith("yes")


def _content(reply: Any) -> str:
    try:
        said = reply["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError) as error:
        raise ReplyError(f"the judge replied without a message: {str(reply)[:120]}") from error
    if not isinstance(said, str):
        raise ReplyError(f"the judge replied without words: {str(reply)[:120]}")
    return said
