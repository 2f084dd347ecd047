"""Seeds of single requests: a backend that samples each prompt by a seed of its own must be given different ones."""

from ...envs import SeededRng


def request_seed(seed: int, prompt_number: int) -> int:
    """Return the seed [0, 2**62) of the prompt with this `prompt_number` in a batch of this `seed`.

    vLLM adds a completion's number to its request's seed, so neighbouring seeds would repeat each other's completions.
    """
    return SeededRng(("request", seed, prompt_number)).word() >> 2
