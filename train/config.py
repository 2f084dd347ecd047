"""The configuration of a run: typed, closed to unknown keys, saved beside the results."""

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from ..errors import UserError, did_you_mean
from ..roles.terms import TABLES, load_terms
from .named_parts import CurriculumName, LossName


class ConfigError(UserError, ValueError):
    """A configuration that cannot be; the message names what was given, what is allowed and how to fix it."""


class Section(BaseModel):
    """A part of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class RolloutConfig(Section):
    """The shape of one step's episode tree."""

    source: Literal["programs", "scenes", "environment"] = "programs"
    """Where items come from: the Proposer's question on what the Coder's `programs` draw, its question about `scenes`
    that the environment shows it, or whole items made by the `environment`, so that the Solver alone acts."""
    proposer: Literal["model", "environment"] = "model"
    """Who proposes what programs shall draw; the environment samples a query of the task, and objects of any kind."""
    proposer_sees_scene: bool = True
    """A Proposer that asks about a `given` scene is shown its picture; a model that writes without one may not be."""
    explain_unanswerable: bool = False
    """A question about a `given` scene that has no answer is put to the Solver: why has it none?"""
    num_briefings: int = Field(4, ge=1)
    """Briefings drawn by the curriculum for each step."""
    num_proposals: int = Field(4, ge=2)
    """Proposals for each briefing: the Proposer's group."""
    num_programs: int = Field(4, ge=2)
    """Programs for each valid proposal: the Coder's group."""
    num_answers: int = Field(16, ge=2)
    """Answers for each item: the Solver's group."""
    items_per_step: int = Field(160, ge=1)
    """Items at most that the Solver answers in each step."""
    env_questions: int = Field(12, ge=0)
    """Questions that the environment adds about each drawing that satisfies its spec; the curriculum chooses tasks."""
    proposer_tokens: int | None = Field(None, ge=8)
    """New tokens at most in a proposal; by default what the environments' own take in this tokenizer, and room."""
    coder_tokens: int | None = Field(None, ge=8)
    """New tokens at most in a program, by default likewise."""
    solver_tokens: int | None = Field(None, ge=2)
    """New tokens at most in an answer, by default likewise; give a Solver that is to reason 1,024."""
    solver_mode: Literal["answer", "reason"] = "answer"
    """The Solver answers at once, or reasons first (not the embedded model, which was taught bare answers)."""
    examples: int = Field(2, ge=0, le=8)
    """Whole proposals of the environment's own that a Proposer is shown, drawn anew in each step (full prompts)."""
    picture_size: int | None = Field(None, ge=16, le=4096)
    """Width of pictures at least, px; by default what the model's processor makes the most of: its own size, or 448."""
    proposer_temperature: float = Field(1.0, gt=0)
    """Of the Proposer's sampling."""
    coder_temperature: float = Field(1.0, gt=0)
    """Of the Coder's sampling."""
    solver_temperature: float = Field(1.0, gt=0)
    """Of the Solver's sampling; above 1 keeps answers in play that a sure policy would never try again."""


class LearningConfig(Section):
    """The optimizer and the loss."""

    learning_rate: float = Field(3e-4, gt=0)
    """AdamW's peak rate."""
    weight_decay: float = Field(0.0, ge=0)
    """AdamW's decay."""
    warmup_steps: int = Field(5, ge=0)
    """Steps over which the rate rises from 0."""
    final_rate: float = Field(0.1, ge=0, le=1)
    """Share of the rate that is left at the run's end; 1 keeps it level."""
    schedule: Literal["linear", "cosine"] = "linear"
    """How the rate falls to it."""
    gradient_checkpointing: bool = False
    """Compute layers again in the backward pass: less memory, about a third more time."""
    minibatches: int = Field(1, ge=1)
    """Updates for each step's trajectories."""
    loss: LossName = "grpo"
    """The loss, or an installed one's name; their sources stand in train/losses.py. `gspo` wants far tighter clips,
    such as 3e-4 and 4e-4."""
    length_constant: int = Field(256, ge=1)
    """Tokens that `dr_grpo` divides each sequence's sum by: the longest that a completion may be."""
    clip_low: float = Field(0.2, gt=0, lt=1)
    """The ratio is clipped below 1 - clip_low."""
    clip_high: float = Field(0.28, gt=0)
    """And above 1 + clip_high (DAPO's clip-higher)."""
    entropy_weight: dict[Literal["proposer", "coder", "solver"], float] = {"solver": 0.05}
    """Of each role's entropy bonus, each sequence's mean over its tokens, in nats; none for a role left out."""
    kl_weight: float = Field(0.0, ge=0)
    """Of the KL to the policy the run began with; 0 keeps no reference."""
    kl: Literal["k1", "k2", "k3"] = "k3"
    """Which estimate of it; k1 has no gradient on average and is there to be compared with."""
    correction: Literal["none", "token_truncate", "token_mask", "sequence_truncate", "sequence_mask"] = "none"
    """Weighs tokens by how the trainer's log-probs before its first update differ from the sampler's."""
    correction_low: float = Field(0.0, ge=0)
    """Ratios below are raised to this (truncate) or weigh nothing (mask)."""
    correction_high: float = Field(3.0, gt=0)
    """And those above are lowered to this, or weigh nothing."""
    max_grad_norm: float = Field(1.0, gt=0)
    """Gradients are clipped to this norm."""
    advantage: Literal["auto", "group", "rloo", "reinforce_pp", "reinforce_pp_baseline", "dual"] = "auto"
    """What rewards are compared with; `auto` is the loss's own: `rloo`, `reinforce_pp`, and `group` for others."""
    advantage_scale: Literal["group", "batch", "none"] = "none"
    """What centred rewards are divided by (`group` alone); undivided, lucky guesses at the blind level weigh least."""
    proposer_groups: Literal["briefing", "structure", "step"] = "briefing"
    """What a proposal is compared with: those for the same briefing, those that ask a question of the same form (Dr.
    Zero's baseline, which lets `rollout.num_proposals` be small; rare forms together), or all of the step."""
    dynamic_sampling_rounds: int = Field(0, ge=0)
    """Rounds at most in which a step is rolled out again until `rollout.items_per_step` items have both right and wrong
    answers: DAPO's dynamic sampling. At 0, items without signal are left out and not replaced."""
    mask_truncated: Literal["plain", "masked", "penalised"] = "plain"
    """What is learned from completions cut off at their token limit: as any other, nothing (`masked`: DAPO's overlong
    filtering), or with a reward of 0 at most (`penalised`)."""
    token_budget: int = Field(8192, ge=256)
    """Padded tokens at most in a forward pass."""
    max_logprob_gap: float = Field(0.05, gt=0)
    """The run stops where sampler and trainer differ by more than this on average, in nats for each token."""
    role_weights: dict[Literal["proposer", "coder", "solver"], float] = {"proposer": 0.5, "coder": 0.3, "solver": 1.0}
    """Weight of each role's loss; a role that is left out is frozen."""

    @property
    def advantage_method(self) -> Literal["group", "rloo", "reinforce_pp", "reinforce_pp_baseline", "dual"]:
        """The advantage, `auto` settled by the loss."""
        if self.advantage != "auto":
            return self.advantage
        return self.loss if self.loss in ("rloo", "reinforce_pp") else "group"


class CurriculumConfig(Section):
    """How forms and difficulties are drawn."""

    kind: CurriculumName = "learnability"
    """`learnability` prefers what the Solver half knows; `uniform` samples all alike; see train/curriculum/. Or an
    installed one's name."""
    min_weight: float = Field(0.02, ge=0, le=1)
    """Weight of an arm that carries no signal, beside at most 1."""
    memory: float = Field(0.9, ge=0, lt=1)
    """How much of an arm's solve rate is kept at each observation of it."""
    band_low: float = Field(0.25, ge=0, le=1)
    """Lowest solve rate in the band of `goldilocks`."""
    band_high: float = Field(0.75, ge=0, le=1)
    """And the highest."""
    remapped_tasks: tuple[str, ...] = ()
    """Tasks whose accuracy `spatialevo` takes as min(acc/0.5, 1): there the ones with a metric answer."""
    bandit_rate: float = Field(0.1, gt=0, le=1)
    """Share of a step's gain in the values of `sec`."""
    temperature: float = Field(1.0, ge=0.01)
    """Of the softmax that `sec` draws by."""
    decay_absent: bool = False
    """Quirk of the published `sec`: arms without an item in a step are given gain 0."""
    slow_memory: float = Field(0.98, ge=0, lt=1)
    """As `memory`, of the slower mean that `progress` compares with."""
    replay_weight: float = Field(0.2, ge=0, le=1)
    """Weight that `replay` leaves a mastered arm."""

    target_tasks: tuple[str, ...] = ()
    """Forms of the test questions that `ttcs` trains for; none means every form."""
    failure_share: float = Field(0.5, ge=0, le=1)
    """Of the briefings, how many `failures` makes of what the Solver lately failed on."""
    mastery_threshold: float = Field(0.6, ge=0, le=1)
    """Mean solve rate of the open rungs at which `coevolve` opens the next."""

    @model_validator(mode="after")
    def _band_is_one(self) -> "CurriculumConfig":
        if self.band_low > self.band_high:
            raise ValueError(f"band_low {self.band_low} lies above band_high {self.band_high}; swap them")
        return self


class LabelConfig(Section):
    """What the Solver's answers are held to while it trains."""

    source: Literal["oracle", "majority"] = "oracle"
    """The oracle's answer, or what most of the Solver's own answers say: the label of systems without an oracle."""
    min_vote_share: float = Field(0.0, ge=0, le=1)
    """Items whose majority has a smaller share of the answers are not learned from."""
    max_vote_share: float = Field(1.0, ge=0, le=1)
    """Nor those whose majority has a larger one."""
    tie: Literal["first", "refuse"] = "first"
    """A tied vote is settled by the answer that was given first, or gives no label."""
    merge_no: bool = False
    """Quirk of MM-Zero: any two answers that hold "no " count as the same."""

    @model_validator(mode="after")
    def _band_is_one(self) -> "LabelConfig":
        if self.min_vote_share > self.max_vote_share:
            raise ValueError(
                f"min_vote_share {self.min_vote_share} lies above max_vote_share {self.max_vote_share}; swap them"
            )
        return self


class SandboxConfig(Section):
    """What contains model-written programs."""

    required: tuple[Literal["limits", "landlock", "seccomp", "namespaces"], ...] = ("limits",)
    """Layers without which nothing is drawn. Every layer that the machine offers is used, required or not."""


class EvaluationConfig(Section):
    """Held-out measurement before and after."""

    heldout_items: int = Field(1200, ge=1)
    """Items of the held-out suite."""
    dev_items: int = Field(0, ge=0)
    """Items of the `dev` split that are answered at each checkpoint, logged as `dev/accuracy`; none at 0."""
    coding_briefings: int = Field(256, ge=0)
    """Briefings that measure the share of valid proposals and of programs that satisfy their spec."""


class Phase(Section):
    """A stretch of steps in which some roles learn and the others only act."""

    roles: tuple[Literal["proposer", "coder", "solver"], ...] = Field(min_length=1)
    """Who learns."""
    steps: int = Field(ge=1)
    """For how long."""
    method: Literal["grpo", "sft"] = "grpo"
    """Learn from all completions by their rewards, or imitate those that the algorithm accepts."""
    algorithm: str = ""
    """The algorithm of this phase, paid by its own recipe's reward weights; by default the run's."""


class GeneratorConfig(Section):
    """What samples the roles' completions."""

    kind: Literal["hf", "vllm", "vllm-server", "openai"] = "hf"
    """`hf` samples in this process with Hugging Face, `vllm` with vLLM, `vllm-server` by a vLLM server's HTTP API;
    `openai` asks a chat endpoint for the roles that are not trained, and Hugging Face for the others."""
    batch_size: int = Field(512, ge=1)
    """Completions decoded at a time (`hf`)."""
    cache: Literal["dynamic", "static"] = "dynamic"
    """Keys and values grow with each token, or have their final room from the first on (`hf`)."""
    url: str = ""
    """The server's address, such as http://localhost:8000 (`vllm-server`, `openai`)."""
    model: str = ""
    """The model's name on the server (`vllm-server`: of the base model; by default the run's `model`)."""
    key_file: Path | None = None
    """A file that holds the server's API key."""
    timeout: float = Field(600.0, gt=0)
    """Seconds that one request may take."""
    retries: int = Field(5, ge=0)
    """Tries after a request's first, where the server cannot be reached or is busy."""
    backoff: float = Field(0.5, ge=0)
    """Seconds before the first of them, doubled before each further one; a server's Retry-After counts too."""
    max_concurrency: int = Field(32, ge=1)
    """Requests under way at a time."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """What vLLM computes in (`vllm`); `auto` is the checkpoint's."""
    gpu_memory_fraction: float = Field(0.45, gt=0, le=1)
    """Share of the GPU's memory that vLLM takes (`vllm`); the trainer needs the rest."""
    max_length: int | None = Field(None, ge=16)
    """Tokens of a prompt and its completion at most (`vllm`); by default the model's own limit."""
    constrained_decoding: bool = False
    """Proposals are decoded under the JSON schema of the run's environments, so that each is well-formed. The sampler's
    log-probs are then those among what the schema allows: `learning.correction` weighs them, and by `hf` they are not
    compared with the trainer's."""
    enforce_eager: bool = False
    """Without compilation and CUDA graphs (`vllm`): starts sooner, samples slower."""
    max_fingerprint_gap: float = Field(0.05, gt=0)
    """After each load of new weights, sampler and trainer may differ by this in nats a token on a probe."""


class RewardConfig(Section):
    """Weight of each role's reward terms, by name; roles/terms.py declares them. A term of weight 0 is not computed.

    >>> RewardConfig(solver={"correct": 2.0}).solver
    {'correct': 2.0, 'format': 0.1}
    """

    proposer: dict[str, float] = Field(default_factory=TABLES["proposer"].default_weights)
    """The Proposer's."""
    coder: dict[str, float] = Field(default_factory=TABLES["coder"].default_weights)
    """The Coder's."""
    solver: dict[str, float] = Field(default_factory=TABLES["solver"].default_weights)
    """The Solver's."""
    files: tuple[Path, ...] = ()
    """Python files that declare further terms, as roles/terms.py does; their terms weigh 0 unless weighed here."""

    @model_validator(mode="before")
    @classmethod
    def _with_their_terms(cls, values: Any) -> Any:
        """Run the `files` before the weights are checked, which may be of their terms."""
        files = values.get("files", ()) if isinstance(values, dict) else ()
        for path in [files] if isinstance(files, str | Path) else files:
            load_terms(Path(path))
        return values

    @field_validator("proposer", "coder", "solver")
    @classmethod
    def _of_known_terms(cls, weights: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        table = TABLES[str(info.field_name)]
        return table.default_weights() | table.known(weights)

    def of(self, role: str) -> dict[str, float]:
        """Return the weights of a `role`'s terms."""
        return dict(getattr(self, role))


class RunConfig(Section):
    """Everything that decides a run's result, machine and thread count aside."""

    recipe: str = "zerosight"
    """The recipe this began from."""
    algorithm: str = "zerosight"
    """Whose prompts, labels, filters and memory the loop has: a recipe's name (`zerosight recipe list`)."""
    paper_compat: tuple[str, ...] = ()
    """Switches of the algorithm: behaviour of published code that is off by default (`zerosight recipe show`)."""
    start_from: Path | None = None
    """A run whose newest checkpoint's weights and curriculum this one begins with."""
    model: str = "embedded"
    """`embedded`, a folder written by save_pretrained, or a Hugging Face id."""
    sharing: Literal["shared", "lora", "two", "full"] = "shared"
    """One set of weights for all roles, a LoRA adapter for each on a frozen base, `two` models, one for Proposer and
    Coder and one for the Solver, or a whole model for each."""
    lora_rank: int = Field(16, ge=1)
    """Rank of the adapters."""
    lora_targets: Literal["text", "vision", "both"] = "text"
    """Which half of the model the adapters go on."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the model is; `auto` takes a GPU where there is one."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of forward passes; `auto` is bfloat16 on a GPU. Trained weights are float32 always."""
    prompt_style: Literal["auto", "short", "full"] = "auto"
    """Prompts that explain each environment's whole language with examples (`full`), or the words that the embedded
    model was taught with (`short`); `auto` is `short` for the embedded model and `full` for every other."""
    envs: tuple[str, ...] = ("shapes/Canvas-v1",)
    """The environments, by id."""
    seed: int = Field(0, ge=0)
    """Of everything that is drawn at random."""
    steps: int = Field(240, ge=0)
    """Steps of the run."""
    checkpoint_every: int = Field(20, ge=1)
    """Steps between checkpoints."""
    keep_checkpoints: int = Field(2, ge=1)
    """Checkpoints kept, the newest."""
    keep_best: str = ""
    """A logged figure, such as `solve_rate` or `dev/accuracy`: the checkpoint where it is highest is kept too."""
    keep_best_window: int = Field(10, ge=1)
    """Steps that this figure is averaged over."""
    stop_after_stalled_steps: int = Field(100, ge=0)
    """Steps in a row that teach nothing, after which the run stops and says why; 0 for any number."""
    trackers: tuple[Literal["tensorboard", "wandb", "trackio", "mlflow"], ...] = ()
    """Where figures are sent beside the run directory."""
    project: str = "zerosight"
    """The trackers' name for runs that belong together."""
    shuffle_rewards: bool = False
    """Control: the Solver's rewards are shuffled within the batch, so that they teach nothing."""
    max_off_policy_steps: int = Field(0, ge=0, le=16)
    """Steps that generation and drawing run ahead, beside learning, with weights that many updates older."""
    phases: tuple[Phase, ...] = ()
    """Roles trained in turn, over and over; none trains all of them in every step."""
    rollout: RolloutConfig = RolloutConfig()
    """The shape of a step."""
    learning: LearningConfig = LearningConfig()
    """The learner."""
    generator: GeneratorConfig = GeneratorConfig()
    """The sampler."""
    curriculum: CurriculumConfig = CurriculumConfig()
    """The curriculum."""
    labels: LabelConfig = LabelConfig()
    """What the Solver is held to."""
    evaluation: EvaluationConfig = EvaluationConfig()
    """The measurement."""
    rewards: RewardConfig = Field(default_factory=RewardConfig)
    """The reward terms' weights."""
    sandbox: SandboxConfig = SandboxConfig()
    """What contains programs."""
    render_workers: int = Field(1, ge=1)
    """Worker processes that draw programs."""

    @property
    def style(self) -> Literal["short", "full"]:
        """The style of prompts, `auto` settled by the model."""
        if self.prompt_style != "auto":
            return self.prompt_style
        return "short" if self.model == "embedded" else "full"

    def to_yaml(self) -> str:
        """The resolved configuration as YAML."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)

    @classmethod
    def load(cls, path: Path) -> "RunConfig":
        """The configuration that `to_yaml` wrote to a file.

        Raises:
            ConfigError: the file is missing, no YAML, or not a configuration.
        """
        try:
            return build(yaml.safe_load(path.read_text()))
        except OSError as error:
            raise ConfigError(f"no configuration at {path}: {error.strerror}") from error
        except yaml.YAMLError as error:
            raise ConfigError(f"{path} is no YAML: {str(error).splitlines()[0]}") from error


def build(values: Any) -> RunConfig:
    """A configuration from decoded values.

    Raises:
        ConfigError: a key or value is not allowed; the message names the first and suggests the closest key.
    """
    if not isinstance(values, dict):
        raise ConfigError(f"a configuration is a mapping, got {type(values).__name__}")
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            raise ConfigError(_unknown_key(where)) from error
        close = _close_value(first)
        raise ConfigError(f"{where}: {first['msg']}, got {first['input']!r:.60}{close}") from error


def _close_value(error: Any) -> str:
    """A hint at the allowed name that a wrong one is close to, or nothing."""
    if error["type"] != "literal_error" or not isinstance(error["input"], str):
        return ""
    allowed = re.findall(r"'([^']*)'", error["ctx"]["expected"])
    hint = did_you_mean(error["input"], allowed, 0.6)
    return f"; {hint}" if hint else ""


def known_keys(section: Any = None, prefix: str = "") -> list[str]:
    """Return every key that `--set` takes, dotted.

    Args:
        section: of the configuration; all of it by default.
        prefix: of the section's keys.
    """
    keys: list[str] = []
    for name, value in dict(RunConfig() if section is None else section).items():
        nested = isinstance(value, BaseModel) or prefix == "rewards."
        keys += known_keys(value, f"{prefix}{name}.") if nested else [prefix + name]
    return keys


def _unknown_key(key: str) -> str:
    known = known_keys()
    # A bare last part is the likeliest slip: a name given without its section.
    close = [name for name in known if name.split(".")[-1] == key.split(".")[-1]]
    close = close or difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(known)}"
    return f"unknown option {key!r}; {hint}"


def override(config: RunConfig, settings: Sequence[str]) -> RunConfig:
    """The configuration with `a.b=c` settings applied; values are read as YAML.

    Raises:
        ConfigError: a setting is malformed, its key unknown or its value not allowed.
    """
    values = config.model_dump(mode="json")
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key.strip():
            raise ConfigError(f"cannot read {setting!r}; write --set key=value, such as --set steps=50")
        *parents, last = key.strip().split(".")
        target: Any = values
        for parent in parents:
            target = target.get(parent) if isinstance(target, dict) else None
        if not isinstance(target, dict) or last not in target:
            raise ConfigError(_unknown_key(key.strip()))
        try:
            target[last] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigError(f"cannot read the value of {setting!r}: {str(error).splitlines()[0]}") from error
    return build(values)
