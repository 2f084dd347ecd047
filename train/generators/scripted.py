"""A generator that says what it is told, for tests and for looking at a loop without a model."""

from collections.abc import Callable, Sequence
from typing import Any

from ..models.completions import Completion, Prompt, Sampling

Say = Callable[[Prompt, int], str]
"""From a prompt and the number of its completion to the text."""


class ScriptedGenerator:
    """Texts from a table or a function for each role.

    Args:
        scripts: for each role the texts, given in turn over prompts and completions, or a function.
        tokenizer: gives the ids of a text, with the end token; without one they are two fixed ids.
        cut_text: the text that counts as cut off.
    """

    def __init__(self, tokenizer: Any = None, cut_text: str = "cut off", **scripts: Sequence[str] | Say) -> None:
        self.scripts = scripts
        self._tokenizer = tokenizer
        self._unfinished = cut_text

    def generate(self, role: str, prompts: Sequence[Prompt], sampling: Sampling, seed: int) -> list[list[Completion]]:
        """Say the texts of the `role`'s script, in order of `prompts`; the seed changes nothing.

        Raises:
            KeyError: the role has no script.
        """
        if role not in self.scripts:
            raise KeyError(f"no script for {role!r}; there are {', '.join(map(repr, self.scripts)) or 'none'}")
        script = self.scripts[role]

        def text(place: int, number: int) -> str:
            if callable(script):
                return script(prompts[place], number)
            return script[(place * sampling.n + number) % len(script)]

        return [[self._say(text(p, i), sampling) for i in range(sampling.n)] for p in range(len(prompts))]

    def _say(self, text: str, sampling: Sampling) -> Completion:
        if self._tokenizer is None:
            token_ids: tuple[int, ...] = (5, 2)
        else:
            token_ids = (*self._tokenizer(text, add_special_tokens=False)["input_ids"], self._tokenizer.eos_token_id)
        is_finished = text != self._unfinished
        return Completion(token_ids, (-1.0,) * len(token_ids), text, is_finished, sampling.temperature)
