"""What a run will need before it is begun: tokens, floating-point operations, memory by part, and time on a card.

No weights are loaded: the model is built without storage (torch's `meta` device) to count its parameters, and the
environments' own items are measured in its tokenizer. `plan_run` makes the plan; `RunPlan.problems` says what would not
fit, with the option to change.

Sources: training costs 6 and generation 2 operations for each parameter and token (Kaplan et al. 2020, appendix B);
activations of a layer are counted by the tensors that its backward pass keeps (Korthikanti et al. 2022, section 4, for
gated feed-forward layers and attention that stores no scores). Times are estimates: `EFFICIENCY` of a card's peak.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from huggingface_hub import snapshot_download
from transformers import AutoConfig, AutoModelForImageTextToText

from ..envs import make
from ..errors import UserError, did_you_mean
from .config import RunConfig
from .limits import RunLimits, run_limits
from .models.architecture import load_processor
from .models.load import model_path
from .models.policy import Policy
from .token_needs import TokenNeeds, measure_needs

GIB = 2**30
_SETTINGS = ["*.json", "*.jinja", "*.txt", "*.model"]
"""What is downloaded of a model to plan with it: everything but weights."""
EFFICIENCY = {"train": 0.35, "generate": 0.5}
"""Share of a card's peak that is reached: of its arithmetic in training, of its memory's bandwidth in decoding."""
SPARE = 0.08
"""Share of a card's memory that the runtime and fragmentation take."""


class Card(NamedTuple):
    """A GPU, by its maker's data sheet."""

    memory_gib: float
    bf16_tflops: float
    """Dense, without sparsity."""
    bandwidth_tbs: float


CARDS = {
    "h200": Card(139, 989, 4.8),
    "h100-80": Card(79, 989, 3.35),
    "a100-80": Card(79, 312, 2.0),
    "a100-40": Card(39, 312, 1.55),
    "l40s": Card(44, 362, 0.86),
    "rtx4090": Card(23.5, 165, 1.0),
    "rtx3090": Card(23.5, 71, 0.94),
}


class PlanError(UserError, ValueError):
    """No plan can be made of this; the message says why."""


class ModelSize(NamedTuple):
    """Parameters of a model, and the sizes that memory is counted by."""

    parameters: int
    trained: int
    """Parameters that one set of trained weights has: the adapters' with LoRA, else all."""
    hidden: int
    feed_forward: int
    layers: int
    key_values: int
    """Keys and values of one token in one layer, together."""
    vocabulary: int


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What one step of a run takes, on each of `gpus` cards."""

    config: RunConfig
    card_name: str
    gpus: int
    size: ModelSize
    needs: TokenNeeds
    memory_gib: dict[str, float]
    """By part, of one card."""
    generated_tokens: int
    trained_tokens: int
    """Of a step, prompts counted once for each group."""
    problems: tuple[str, ...]

    @property
    def card(self) -> Card:
        """The card."""
        return CARDS[self.card_name]

    @property
    def peak_gib(self) -> float:
        """Memory that is needed at once: states and the larger of learning and generation."""
        learning = self.memory_gib["activations"] + self.memory_gib["logits"]
        generating = self.memory_gib["keys and values"]
        states = sum(self.memory_gib[part] for part in ("weights", "gradients", "optimizer states", "reference"))
        return states + self.memory_gib["sampler"] + max(learning, generating)

    @property
    def step_seconds(self) -> float:
        """Time of a step, drawing aside."""
        operations = 6.0 * self.size.parameters * self.trained_tokens
        learning = operations / (EFFICIENCY["train"] * self.card.bf16_tflops * 1e12 * self.gpus)
        batch = max(1, self.config.generator.batch_size)
        # Decoding reads all weights once for each token of a batch.
        reads = self.generated_tokens / (batch * self.gpus)
        decoding = reads * 2 * self.size.parameters / (EFFICIENCY["generate"] * self.card.bandwidth_tbs * 1e12)
        return learning + decoding


def plan_run(config: RunConfig, card_name: str = "a100-80", gpus: int = 1) -> RunPlan:
    """Plan a run of `config` on `gpus` cards called `card_name`; nothing is loaded but settings.

    Raises:
        PlanError: the card is unknown, or the model's settings cannot be had.
    """
    if card_name not in CARDS:
        hint = did_you_mean(card_name, CARDS)
        raise PlanError(f"unknown card {card_name!r}; {hint}{' ' if hint else ''}(known: {', '.join(CARDS)})")
    policy = unloaded_policy(config)
    limits = run_limits(config, policy)
    settled = {f"{role}_tokens": limit for role, limit in limits.tokens.items()} | {"picture_size": limits.picture_px}
    config = config.model_copy(update={"rollout": config.rollout.model_copy(update=settled)})
    needs = measure_needs(policy, [make(env) for env in config.envs], picture_px=limits.picture_px, style=config.style)
    size = model_size(policy.model, config)
    generated, trained = step_tokens(limits, config, needs)
    memory = memory_by_part(limits, config, size, needs, gpus)
    plan = RunPlan(config, card_name, gpus, size, needs, memory, generated, trained, ())
    problems = (*limit_problems(config, needs), *memory_problems(plan))
    return RunPlan(config, card_name, gpus, size, needs, memory, generated, trained, problems)


def unloaded_policy(config: RunConfig) -> Policy:
    """Build the policy of `config` without storage for its weights: it can make prompts, and no more.

    Raises:
        PlanError: there are no settings of this model.
    """
    try:
        folder = settings_folder(model_path(config.model))
        with torch.device("meta"):
            model = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(folder))
        return Policy(model, load_processor(folder))
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PlanError(
            f"no settings of model {config.model!r}: {reason}; give a folder or a Hugging Face id"
        ) from error


def settings_folder(name: str | Path) -> Path:
    """Return the folder called `name`, or download a Hugging Face id's settings without its weights."""
    return Path(name) if Path(name).is_dir() else Path(snapshot_download(str(name), allow_patterns=_SETTINGS))


def model_size(model: Any, config: RunConfig) -> ModelSize:
    """Count the parameters of `model`, and of what `config` trains of it."""
    text = model.config.get_text_config()
    parameters = sum(parameter.numel() for parameter in model.parameters())
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    head_size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return ModelSize(
        parameters,
        adapter_parameters(model, config.lora_rank) if config.sharing == "lora" else parameters,
        text.hidden_size,
        getattr(text, "intermediate_size", 4 * text.hidden_size),
        text.num_hidden_layers,
        2 * heads * head_size,
        text.vocab_size,
    )


def adapter_parameters(model: Any, rank: int) -> int:
    """Count the parameters of one LoRA adapter of `rank` on every linear layer of the language model's blocks."""
    return sum(
        rank * sum(module.weight.shape)
        for name, module in model.named_modules()
        if name.endswith("_proj") and ".layers." in name and "vision" not in name and "visual" not in name
    )


def step_tokens(limits: RunLimits, config: RunConfig, needs: TokenNeeds) -> tuple[int, int]:
    """Return the tokens that a step generates and learns from, at most.

    Every completion is counted at its limit, and a prompt once for each group.
    """
    rollout = config.rollout
    groups = {
        "proposer": (rollout.num_briefings, rollout.num_proposals, limits.tokens["proposer"]),
        "coder": (rollout.num_briefings * rollout.num_proposals, rollout.num_programs, limits.tokens["coder"]),
        "solver": (rollout.items_per_step, rollout.num_answers, limits.tokens["solver"]),
    }
    generated = sum(count * group * limit for count, group, limit in groups.values())
    prompts = sum(count * needs.roles[role].prompt_tokens for role, (count, _, _) in groups.items())
    learns = [role for role in groups if role in config.learning.role_weights]
    trained = sum(
        count * (needs.roles[role].prompt_tokens + group * limit)
        for role, (count, group, limit) in groups.items()
        if role in learns
    )
    return generated + prompts, trained


def memory_by_part(
    limits: RunLimits, config: RunConfig, size: ModelSize, needs: TokenNeeds, gpus: int
) -> dict[str, float]:
    """Return the memory of each part on one card, GiB.

    Trained weights are float32 with float32 gradients and two AdamW states; a frozen base is bfloat16. FSDP divides
    trained states over the cards.
    """
    copies = {"shared": 1, "lora": 3, "two": 2, "full": 3}[config.sharing]
    trained = copies * size.trained
    base = 2 * size.parameters if config.sharing == "lora" else 0
    # Forward passes under autocast keep bfloat16 copies of float32 weights.
    weights = base + 4 * trained + (0 if config.sharing == "lora" else 2 * size.parameters)
    tokens = config.learning.token_budget
    longest = max(needs.roles[role].prompt_tokens + limit for role, limit in limits.tokens.items())
    sampler_copy = 4 * trained + base if config.max_off_policy_steps else 0
    parts = {
        "weights": weights,
        "gradients": 4 * trained,
        "optimizer states": 8 * trained,
        "reference": 4 * size.parameters if config.learning.kl_weight else 0,
        "sampler": sampler_copy,
        "activations": activation_bytes(size, tokens, config.learning.gradient_checkpointing),
        "logits": 12 * min(tokens, 1024) * size.vocabulary,
        "keys and values": 2 * config.generator.batch_size * longest * size.layers * size.key_values,
    }
    sharded = {"gradients", "optimizer states"} if gpus > 1 else set()
    return {part: amount / (gpus if part in sharded else 1) / GIB for part, amount in parts.items()}


def activation_bytes(size: ModelSize, tokens: int, checkpointing: bool) -> int:
    """Count what the backward pass keeps of `tokens`, in bytes: two bytes a number, norms in float32.

    With `checkpointing` each layer's input is kept, and all of one layer at a time.
    """
    layer = 2 * tokens * (6 * size.hidden + 2 * size.key_values + 4 * size.feed_forward) + 8 * tokens * size.hidden
    if checkpointing:
        return size.layers * 2 * tokens * size.hidden + layer
    return size.layers * layer


def limit_problems(config: RunConfig, needs: TokenNeeds) -> list[str]:
    """Say which token limits cannot hold what the environments' own items take."""
    problems = []
    for role in ("proposer", "coder", "solver"):
        limit = getattr(config.rollout, f"{role}_tokens")
        for env_id, roles in needs.by_env.items():
            if roles[role].reply_tokens > limit:
                problems.append(
                    f"rollout.{role}_tokens={limit} is too short for {env_id}, whose own take "
                    f"{roles[role].reply_tokens}; --set rollout.{role}_tokens={roles[role].reply_tokens}"
                )
    return problems


def memory_problems(plan: RunPlan) -> list[str]:
    """Say what of `plan` does not fit on its card, with options that make it smaller."""
    room = plan.card.memory_gib * (1 - SPARE)
    if plan.config.generator.kind == "vllm":
        room *= 1 - plan.config.generator.gpu_memory_fraction
    if plan.peak_gib <= room:
        return []
    options = []
    if plan.config.sharing != "lora":
        options.append("sharing=lora")
    if not plan.config.learning.gradient_checkpointing:
        options.append("learning.gradient_checkpointing=true")
    if plan.config.generator.batch_size > 32:
        options.append(f"generator.batch_size={plan.config.generator.batch_size // 4}")
    if plan.config.learning.token_budget > 2048:
        options.append(f"learning.token_budget={plan.config.learning.token_budget // 2}")
    largest = max(plan.memory_gib, key=lambda part: plan.memory_gib[part])
    tried = f"; try --set {' --set '.join(options)}" if options else ""
    return [
        f"{plan.peak_gib:.1f} GiB are needed and {room:.1f} are free on a {plan.card_name}; "
        f"most of it is {largest}{tried}"
    ]
