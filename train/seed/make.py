"""Supervised training of the embedded model, deterministic for a given machine and number of threads.

`make seed` runs it and writes `train/embedded/` (weights in bfloat16, tokenizer, log). Begin at `make_seed`.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from ..models.load import EMBEDDED_SEED
from ..models.packing import Branch, PackedRow, pack, scored_logprobs, token_batches
from ..models.policy import Policy
from ..models.tiny import IMAGE_TOKENS, build_model, build_processor, build_tokenizer, save
from .lessons import Lesson, Page, Syllabus, pages

LAST_SHARE = 0.05
"""Of the peak rates, at the end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cycle:
    """A stretch of training whose rates rise, stay and fall; weights are rounded to bfloat16 at its end."""

    steps: int
    """Updates, each on a batch of pages never seen before."""
    peak: float
    """Of the rates, as a share of the recipe's."""
    decay_from: float
    """Share of the steps after which the rates fall, linearly to `LAST_SHARE`."""
    syllabus: Syllabus = Syllabus()  # noqa: RUF009 - a frozen value
    """What its pages teach."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedRecipe:
    """The settings by which the seed is made."""

    cycles: tuple[Cycle, ...] = (
        Cycle(steps=937, peak=1.0, decay_from=0.5),
        Cycle(steps=900, peak=0.7, decay_from=0.4),
        Cycle(
            steps=800,
            peak=0.5,
            decay_from=0.3,
            syllabus=Syllabus(relations=True, extra_answers=1, answer_weight=0.5),
        ),
        Cycle(
            steps=900,
            peak=0.6,
            decay_from=0.25,
            syllabus=Syllabus(relations=True, extra_answers=0, answer_weight=0.3),
        ),
    )
    """One after the other; each ends in a model that can be shipped."""
    batch: int = 16
    """Pages in a step."""
    matrix_rate: float = 3e-3
    """Peak rate of Muon, which trains the matrices."""
    vector_rate: float = 2e-3
    """Peak rate of AdamW, which trains embeddings, biases and norms."""
    corpus_pages: int = 512
    """Pages whose texts make the tokenizer."""
    seed: int = 0
    """Of weights and pages."""
    token_budget: int = 4096
    """Padded tokens at most in a forward pass."""
    threads: int = 2
    """Of torch; another number rounds sums differently and so gives other weights."""


class SeedOptimizer:
    """Muon for the matrices (Jordan et al. 2024), AdamW for the rest, one schedule for both."""

    def __init__(self, model: Any, recipe: SeedRecipe) -> None:
        matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
        matrix_ids = {id(p) for p in matrices}
        vectors = [p for p in model.parameters() if id(p) not in matrix_ids]
        self._parts = (
            (
                torch.optim.Muon(matrices, lr=recipe.matrix_rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw"),
                recipe.matrix_rate,
            ),
            (
                torch.optim.AdamW(vectors, lr=recipe.vector_rate, weight_decay=0.01, betas=(0.9, 0.98)),
                recipe.vector_rate,
            ),
        )
        self._model = model

    def step(self, rate_factor: float) -> None:
        """Update once at `rate_factor` times the peak rates."""
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        for optimizer, peak_rate in self._parts:
            for group in optimizer.param_groups:
                group["lr"] = peak_rate * rate_factor
            optimizer.step()
            optimizer.zero_grad()


def _schedule(cycle: Cycle, number: int) -> float:
    """Return the share of the recipe's rates at step `number` of a `cycle`: up over 100 steps, level, then down."""
    fall = (1.0 - number / cycle.steps) / (1.0 - cycle.decay_from)
    return cycle.peak * min(1.0, (number + 1) / 100, max(LAST_SHARE, fall))


def lesson_rows(
    tokenizer: Any, processor: Any, page_batch: Sequence[Page]
) -> tuple[list[PackedRow], list[list[float]]]:
    """Return the rows of `page_batch` (a picture with all its lessons is one), and each branch's weight."""
    pixels = processor.image_processor([page.picture for page in page_batch], return_tensors="pt")["pixel_values"]
    image_ids = [tokenizer.convert_tokens_to_ids("<image>")] * IMAGE_TOKENS
    rows, branch_weights = [], []
    for page, picture_pixels in zip(page_batch, pixels, strict=True):
        rows.append(
            PackedRow(image_ids, [_branch(tokenizer, lesson) for lesson in page.picture_lessons], picture_pixels)
        )
        branch_weights.append([lesson.weight for lesson in page.picture_lessons])
        for lesson in page.text_lessons:
            rows.append(PackedRow((), [_branch(tokenizer, lesson)]))
            branch_weights.append([lesson.weight])
    return rows, branch_weights


def _branch(tokenizer: Any, lesson: Lesson) -> Branch:
    prompt = tokenizer(lesson.prompt + "\n")["input_ids"]
    reply = tokenizer(lesson.reply)["input_ids"]
    return Branch([*prompt, *reply, tokenizer.eos_token_id], len(prompt))


def supervised_loss(
    model: Any, rows: Sequence[PackedRow], weights: Sequence[Sequence[float]], pad_id: int, token_budget: int
) -> Iterator[torch.Tensor]:
    """Yield parts of the weighted mean negative log-likelihood of `rows`; their sum is the batch's loss.

    They come one forward pass at a time, to be back-propagated before the next.
    """
    total_weight = sum(
        weight * (len(branch.ids) - branch.scored_from)
        for row, row_weights in zip(rows, weights, strict=True)
        for branch, weight in zip(row.branches, row_weights, strict=True)
    )
    for row_numbers in token_batches(rows, token_budget):
        batch = pack([rows[i] for i in row_numbers], pad_id)
        weight = torch.tensor([w for i in row_numbers for w in weights[i]])[batch.branch]
        logprobs, _ = scored_logprobs(model, batch)
        yield -(weight * logprobs).sum() / total_weight


def _train_step(
    model: Any,
    processor: Any,
    optimizer: SeedOptimizer,
    page_batch: Sequence[Page],
    recipe: SeedRecipe,
    rate_factor: float,
) -> float:
    """Update once on `page_batch`; return its loss."""
    tokenizer, loss = processor.tokenizer, 0.0
    rows, branch_weights = lesson_rows(tokenizer, processor, page_batch)
    for partial_loss in supervised_loss(model, rows, branch_weights, tokenizer.pad_token_id, recipe.token_budget):
        partial_loss.backward()
        loss += partial_loss.item()
    optimizer.step(rate_factor)
    return loss


def continue_warmup(model: Any, processor: Any, recipe: SeedRecipe, seconds: float) -> int:
    """Train on more of the same lessons for so many `seconds`, at a quarter of the peak rates falling to 5 %.

    This is the benchmark's control.

    Returns:
        How many pages were seen.
    """
    optimizer, start_time, pages_seen = SeedOptimizer(model, recipe), time.monotonic(), 0
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    for chunk in pages(recipe.seed, 0, 10**9, 1, recipe.cycles[-1].syllabus):
        for start in range(0, len(chunk), recipe.batch):
            time_left = 1.0 - (time.monotonic() - start_time) / seconds
            if time_left <= 0:
                model.eval()
                return pages_seen
            rate_factor = max(LAST_SHARE, 0.25 * time_left)
            _train_step(model, processor, optimizer, chunk[start : start + recipe.batch], recipe, rate_factor)
            pages_seen += recipe.batch
    return pages_seen


def _texts(page_batch: Sequence[Page]) -> Iterator[str]:
    for page in page_batch:
        for lesson in (*page.picture_lessons, *page.text_lessons):
            yield lesson.prompt + "\n"
            yield lesson.reply
    # Every coordinate is a token of its own, seen in the corpus or not.
    for _ in range(200):
        yield " ".join(map(str, range(65)))


def make_seed(folder: Path, recipe: SeedRecipe, report: Callable[[str], None], workers: int = 1) -> None:
    """Train the seed and write it to `folder` with its recipe and log, after each cycle.

    A folder that holds the first cycles of the same recipe is continued after them.
    """
    torch.set_num_threads(recipe.threads)
    torch.set_flush_denormal(True)
    log = _finished(folder, recipe)
    if log:
        policy = Policy.load(folder)
        model, processor = policy.model, policy.processor
    else:
        corpus = [p for chunk in pages(recipe.seed + 1, 0, recipe.corpus_pages, workers, Syllabus()) for p in chunk]
        tokenizer = build_tokenizer(_texts(corpus))
        model, processor = build_model(tokenizer, recipe.seed), build_processor(tokenizer)
    for number in range(len(log), len(recipe.cycles)):
        log.append(_run_cycle(model, processor, recipe, number, workers, report))
        folder.mkdir(parents=True, exist_ok=True)
        model.to(torch.bfloat16).to(torch.float32)
        save(folder, model.eval(), processor, torch.bfloat16)
        seed_record = {"recipe": asdict(recipe), "cycles_done": number + 1, "log": log}
        (folder / "seed.json").write_text(json.dumps(seed_record, indent=1) + "\n")


def _finished(folder: Path, recipe: SeedRecipe) -> list[list[dict[str, float]]]:
    """Return the logs of the cycles that `folder` holds, where they are of this `recipe`; none otherwise."""
    path = folder / "seed.json"
    if not path.exists():
        return []
    seed_record = json.loads(path.read_text())
    same_recipe = seed_record["recipe"] == json.loads(json.dumps(asdict(recipe)))
    return seed_record["log"] if same_recipe and seed_record["cycles_done"] < len(recipe.cycles) else []


def _run_cycle(
    model: Any, processor: Any, recipe: SeedRecipe, number: int, workers: int, report: Callable[[str], None]
) -> list[dict[str, float]]:
    """Train the cycle of this `number`; return its log."""
    cycle, optimizer = recipe.cycles[number], SeedOptimizer(model, recipe)
    start_page = sum(earlier.steps for earlier in recipe.cycles[:number]) * recipe.batch
    log: list[dict[str, float]] = []
    start_time, step, mean_loss = time.monotonic(), 0, 0.0
    for chunk in pages(recipe.seed, start_page, cycle.steps * recipe.batch, workers, cycle.syllabus):
        for start in range(0, len(chunk), recipe.batch):
            rate_factor = _schedule(cycle, step)
            loss = _train_step(model, processor, optimizer, chunk[start : start + recipe.batch], recipe, rate_factor)
            step += 1
            mean_loss += (loss - mean_loss) / min(step, 50)
            if step % 100 == 0 or step == cycle.steps:
                log.append(
                    {"step": step, "loss": round(mean_loss, 4), "seconds": round(time.monotonic() - start_time, 1)}
                )
                report(
                    f"cycle {number + 1} step {step}/{cycle.steps}  loss {mean_loss:.3f}  {log[-1]['seconds']:.0f} s"
                )
    return log


if __name__ == "__main__":
    make_seed(EMBEDDED_SEED, SeedRecipe(), report=lambda line: print(line, flush=True))  # noqa: T201 - a command of its own
