"""Every metric that a run logs, explained once: the report, the live page and the documents all take it from here.

Begin at `explain`. A logged key without an entry fails a test.
"""

import re
from typing import NamedTuple

from ...roles.terms import TABLES
from ..phases import ROLES


class Metric(NamedTuple):
    """A logged key with its name on a chart, its unit, and what it says."""

    key: str
    """As logged; `{role}` stands for a role, `{name}` for a name that the run decides."""
    title: str
    unit: str
    """`share` (from 0 to 1), `count`, `nats`, `seconds`, or "" for a plain number."""
    about: str


_COUNTS = (
    Metric("step", "step", "count", "The step's number, counted from 1."),
    Metric("proposals", "proposals", "count", "Texts that the Proposer wrote."),
    Metric("proposals_valid", "valid proposals", "count", "Proposals that were read and passed every rule."),
    Metric("programs", "programs", "count", "Texts that the Coder wrote."),
    Metric("programs_rendered", "programs that draw", "count", "Programs that the renderer accepted."),
    Metric(
        "programs_spec_satisfied",
        "programs that draw what was asked",
        "count",
        "Programs whose picture shows all that the proposal required and nothing else.",
    ),
    Metric(
        "infrastructure_errors",
        "infrastructure failures",
        "count",
        "Drawings that failed through no fault of the program: a worker died, the disk was full. They are kept out of "
        "every reward. More than a few say that something is wrong with the machine: see `zerosight doctor`.",
    ),
    Metric("items", "questions", "count", "Questions with a picture and an oracle's answer that the Solver was asked."),
    Metric(
        "items_from_proposer",
        "the Proposer's questions",
        "count",
        "Of these, the Proposer's own; the environment adds the others about the same pictures.",
    ),
    Metric(
        "distinct_queries",
        "different questions",
        "count",
        "How many different queries the step's questions are. It falls when the Proposer repeats itself.",
    ),
    Metric("rejected/{name}", "rejections", "count", "Refused texts, by kind (proposal, program, question) and code."),
)

_SHARES = (
    Metric(
        "solve_rate",
        "right answers while training",
        "share",
        "Share of the Solver's answers that the oracle accepts, on this step's questions. The curriculum keeps asking "
        "what is neither trivial nor impossible, so it can stay level while the Solver learns: it proves nothing.",
    ),
    Metric(
        "arms/{name}",
        "solve rate by task and difficulty",
        "share",
        "Running mean of the solve rate of one task at one difficulty, as the curriculum sees it. Begins at chance.",
    ),
    Metric(
        "dev/accuracy",
        "accuracy on the dev split",
        "share",
        "Share of right greedy answers to fixed items that are not trained on; measured at each checkpoint where "
        "`evaluation.dev_items` is set.",
    ),
    Metric("label/error", "wrong labels", "share", "Labelled questions whose label the oracle does not accept."),
    Metric("label/coverage", "labelled questions", "share", "Questions that got a label to be learned from."),
    Metric(
        "hacking/rewarded_incorrect",
        "paid though wrong",
        "share",
        "The Solver's answers that were paid as correct though the oracle says they are not.",
    ),
    Metric(
        "hacking/unrewarded_correct",
        "right though unpaid",
        "share",
        "The Solver's answers that are correct by the oracle and were not paid as such.",
    ),
)

_LEARNING = (
    Metric(
        "collapse/query_entropy",
        "variety of questions",
        "nats",
        "Entropy of the structures of the step's queries (operators without words). 0 where all are alike.",
    ),
    Metric(
        "collapse/program_entropy",
        "variety of programs",
        "nats",
        "Entropy of the structures of the step's programs. 0 where all are alike.",
    ),
    Metric("grad_norm", "gradient norm", "", "Norm of the gradient before it is clipped, averaged over updates."),
    Metric(
        "skipped_updates",
        "skipped updates",
        "count",
        "Updates left out because losses or gradients were not finite. Several in a row stop the run.",
    ),
    Metric("time/rollout", "time to roll out", "seconds", "Writing, drawing and answering; one step."),
    Metric("time/learn", "time to learn", "seconds", "Rewards, losses and updates; one step."),
)

_OF_A_ROLE = (
    Metric("{role}/reward", "reward", "", "Mean reward of the {role}: its terms times their weights."),
    Metric("{role}/groups", "groups", "count", "Completions of the same prompt, whose rewards are compared."),
    Metric(
        "{role}/flat_groups",
        "groups without signal",
        "count",
        "Groups whose members all got the same reward; they teach nothing and are left out.",
    ),
    Metric(
        "{role}/truncated",
        "cut-off replies",
        "count",
        "Completions cut off at their token limit. Many of them: raise `rollout.{role}_tokens`.",
    ),
    Metric("{role}/imitated", "imitated replies", "count", "Completions that were imitated (phases with `sft`)."),
    Metric(
        "{role}/entropy",
        "entropy",
        "nats",
        "Mean entropy of the {role}'s next-token distribution. It falls as the model becomes sure; near 0 it no "
        "longer explores.",
    ),
    Metric("{role}/clip_frac", "clipped tokens", "share", "Tokens whose gradient was clipped by the ratio's bounds."),
    Metric(
        "{role}/logprob_gap",
        "sampler against trainer",
        "nats",
        "Mean difference of a token's log-probability in sampler and trainer. With the same weights it is rounding; "
        "above `learning.max_logprob_gap` the run stops.",
    ),
    Metric("{role}/ratio", "importance ratio", "", "Mean ratio of the new to the old probability of a token."),
    Metric("{role}/kl", "distance to the reference", "nats", "Mean KL divergence from the reference weights."),
)

_OF_ALGORITHMS = (
    Metric("algorithm/library", "programs in the library", "count", "EVE: programs learned beside the first ones."),
    Metric("algorithm/utility", "utility", "", "INFUSER: mean influence of the proposals on the Solver's gradient."),
    Metric("algorithm/temperature", "temperature", "", "M-STaR: the temperature that answers are sampled at."),
)


def reward_terms() -> tuple[Metric, ...]:
    """Return the reward terms of every role, as `roles/terms.py` declares them."""
    return tuple(
        Metric(f"{role}/term/{name}", name.replace("_", " "), "share", term.about)
        for role, table in TABLES.items()
        for name, term in table.terms.items()
    )


def metrics() -> tuple[Metric, ...]:
    """Return every metric that a run can log, those of a role once for each role."""
    of_roles = tuple(
        metric._replace(key=metric.key.replace("{role}", role), about=metric.about.replace("{role}", role))
        for role in ROLES
        for metric in _OF_A_ROLE
    )
    return (*_SHARES, *_COUNTS, *of_roles, *reward_terms(), *_LEARNING, *_OF_ALGORITHMS)


def about(*keys: str) -> str:
    """Return what a chart of the metrics logged as `keys` says; "" of keys that are not explained.

    >>> about("solver/clip_frac", "coder/clip_frac")
    "Tokens whose gradient was clipped by the ratio's bounds."
    """
    texts: dict[str, None] = {}
    for key in keys:
        role, _, name = key.partition("/")
        shared = next((metric for metric in _OF_A_ROLE if len(keys) > 1 and metric.key == f"{{role}}/{name}"), None)
        if shared is not None and role in ROLES:
            texts[shared.about.replace("{role}_tokens", "ROLE_tokens").replace("{role}", "role")] = None
        elif (metric := explain(key)) is not None:
            texts[metric.about] = None
    return " ".join(texts)


def explain(key: str) -> Metric | None:
    """Return the metric that is logged as `key`; None where there is none.

    >>> explain("solver/entropy").unit, explain("rejected/program/xml").title, explain("nonsense")
    ('nats', 'rejections', None)
    """
    for metric in metrics():
        pattern = re.escape(metric.key).replace(r"\{name\}", ".+")
        if re.fullmatch(pattern, key):
            return metric
    return None
