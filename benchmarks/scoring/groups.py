"""Official averages that are not a plain mean: over groups that must be right together, and over tasks."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from ..samples import Sample, Scored, mean, means
from .numbers import f1


def all_right(scored_samples: Scored, key: Callable[[Sample], Hashable]) -> float:
    """Return the share of groups, by `key`, of which every question in `scored_samples` is right.

    >>> def by_set(sample): return sample.category["set"]
    >>> one = [(Sample(id=str(n), question="", category={"set": "ab"[n > 1]}), float(n != 3)) for n in range(4)]
    >>> all_right(one, by_set)
    0.5
    """
    scores_by_group: dict[Hashable, list[float]] = {}
    for sample, score in scored_samples:
        scores_by_group.setdefault(key(sample), []).append(score)
    return mean([float(min(scores) == 1.0) for scores in scores_by_group.values()])


def vsi_bench(scored_samples: Scored) -> dict[str, float]:
    """Return VSI-Bench's averages of `scored_samples`: the unweighted mean of its eight tasks.

    The three difficulties of relative direction are one task. Source: its official aggregation.
    """
    scores_by_task: dict[str, list[float]] = {}
    for sample, score in scored_samples:
        scores_by_task.setdefault(sample.category["task"], []).append(score)
    task_means = {task: mean(scores) for task, scores in scores_by_task.items()}
    direction_tasks = [task for task in task_means if task.startswith("object_rel_direction")]
    if direction_tasks:
        task_means["object_rel_direction"] = mean([task_means.pop(task) for task in direction_tasks])
    return {"overall": mean(list(task_means.values())), **task_means}


def cv_bench(scored_samples: Scored) -> dict[str, float]:
    """Return CV-Bench's averages of `scored_samples`: the mean of 2D and 3D, 2D the mean of its two sources.

    Source: the official 1/2 ((ADE20K + COCO)/2 + Omni3D); a part of which nothing was asked is left out.
    """
    source_names = ("ADE20K", "COCO", "Omni3D")
    scores_by_source = {
        name: [score for s, score in scored_samples if s.category["source"] == name] for name in source_names
    }
    means_2d = [mean(scores_by_source[source]) for source in ("ADE20K", "COCO") if scores_by_source[source]]
    dimension_means = [mean(means_2d)] if means_2d else []
    dimension_means += [mean(scores_by_source["Omni3D"])] if scores_by_source["Omni3D"] else []
    plain_means = means("task", "source")(scored_samples)
    return plain_means | {
        "overall": mean(dimension_means) if dimension_means else plain_means["overall"],
        "2D": mean(means_2d),
        "flat": plain_means["overall"],
    }


def three_dsr(scored_samples: Scored) -> dict[str, float]:
    """Return 3DSRBench's averages of `scored_samples`: CircularEval, FlipEval, both, and vanilla accuracy.

    Source: its evaluation (lmms-eval task 3dsrbench, read 2026-11-30). Published ids are `VIN6MS3J`, `VIN6MS3J-1` (its
    options in another order), `VIN6MS3J-flip` (its picture mirrored) and `VIN6MS3J-flip-1`. CircularEval wants a
    question right in all its orders, FlipEval with its picture and the mirrored one. The headline is CircularEval where
    questions come in several orders, vanilla accuracy where they do not.
    """
    averages = means("category", "main_category")(scored_samples)
    vanilla = averages["overall"]
    circular = all_right(scored_samples, lambda s: _circular_key(s.fields["qid"]))
    flip = all_right(scored_samples, lambda s: s.fields["qid"].replace("-flip", ""))
    flip_circular = all_right(scored_samples, lambda s: s.fields["qid"][:8])
    in_orders = len({_circular_key(sample.fields["qid"]) for sample, _ in scored_samples}) < len(scored_samples)
    extra = {"vanilla": vanilla, "circular": circular, "flip": flip, "flip and circular": flip_circular}
    return averages | extra | {"overall": circular if in_orders else vanilla}


def _circular_key(qid: str) -> tuple[str, bool]:
    return qid[:8], "-flip" in qid


def mm_star(scored_samples: Scored) -> dict[str, float]:
    """Return MMStar's averages of `scored_samples`: the mean over its subcategories, and of each category.

    As in lmms-eval (0.7.3); the published data have three subcategories in each category. `flat` is VLMEvalKit's.
    """
    plain_means = means("category", "subcategory")(scored_samples)
    subcategory_means = [plain_means[name] for name in {sample.category["subcategory"] for sample, _ in scored_samples}]
    names_by_category: dict[str, set[str]] = {}
    for sample, _ in scored_samples:
        names_by_category.setdefault(sample.category["category"], set()).add(sample.category["subcategory"])
    nested_means = {
        category: mean([plain_means[name] for name in names]) for category, names in sorted(names_by_category.items())
    }
    return plain_means | nested_means | {"overall": mean(subcategory_means), "flat": plain_means["overall"]}


def hallusion(scored_samples: Scored) -> dict[str, float]:
    """Return HallusionBench's averages of `scored_samples`: of answers (aAcc), questions (qAcc) and figures (fAcc).

    Source: its official evaluation: a question is right where it is for every figure, a figure where every question
    about it is. `overall` is aAcc.
    """
    answer_means = means("category")(scored_samples)
    set_keys = ("category", "subcategory", "set_id")
    question_accuracy = all_right(scored_samples, lambda s: tuple(s.fields[key] for key in (*set_keys, "question_id")))
    figure_accuracy = all_right(scored_samples, lambda s: tuple(s.fields[key] for key in (*set_keys, "figure_id")))
    return answer_means | {"aAcc": answer_means["overall"], "qAcc": question_accuracy, "fAcc": figure_accuracy}


def whats_up(scored_samples: Scored) -> dict[str, float]:
    """Return What'sUp's averages of `scored_samples`: accuracy; of controlled pictures also pairs and sets.

    Source: its evaluation, where pairs and sets are divided by all questions over 2 and over 4.
    """
    averages = means("subset")(scored_samples)
    controlled_samples = [(s, score) for s, score in scored_samples if s.fields.get("set") is not None]
    if not controlled_samples:
        return averages
    scores_by_set: dict[Any, dict[str, float]] = {}
    for sample, score in controlled_samples:
        scores_by_set.setdefault((sample.category["subset"], sample.fields["set"]), {})[sample.fields["relation"]] = (
            score
        )
    pair_hits = set_hits = 0
    for by_relation in scores_by_set.values():
        right_relations = {relation for relation, score in by_relation.items() if score == 1.0}
        pair_hits += ({"left", "right"} <= right_relations) + (
            {"on", "under"} <= right_relations or {"in-front", "behind"} <= right_relations
        )
        set_hits += len(right_relations) == 4
    return averages | {
        "pairs": pair_hits / (len(controlled_samples) / 2),
        "sets": set_hits / (len(controlled_samples) / 4),
    }


def stare(scored_samples: Scored) -> dict[str, float]:
    """Return STARE's averages of `scored_samples`; `overall` is the official plain accuracy.

    Beside it, as VLMEvalKit has it, the mean over categories, of those of yes and no the F1 of yes.
    """
    averages = means("category")(scored_samples)
    category_scores = []
    for category in (category for category in averages if category != "overall"):
        category_scored = [(s, score) for s, score in scored_samples if s.category["category"] == category]
        right_answers = [str(s.answer).strip().lower() for s, _ in category_scored]
        if set(right_answers) <= {"yes", "no"}:
            is_yes_answers = [right_answer == "yes" for right_answer in right_answers]
            # Who is right said what is so; who is wrong said the other.
            category_scores.append(
                f1(
                    [
                        (is_yes == (score == 1.0), is_yes)
                        for is_yes, (_, score) in zip(is_yes_answers, category_scored, strict=True)
                    ]
                )
            )
        else:
            category_scores.append(averages[category])
    return averages | {"macro with F1": mean(category_scores)}


def spar(tasks_by_level: Mapping[str, Sequence[str]]) -> Callable[[Scored], dict[str, float]]:
    """Return a function to SPAR-Bench's averages: the mean over tasks, and of each level in `tasks_by_level`.

    Source: lmms-eval task sparbench, read 2026-11-30. Quirk: the name of its view change's metric keeps that task out
    of its level, though not out of the overall mean.
    """

    def gathered(scored_samples: Scored) -> dict[str, float]:
        averages = means("task")(scored_samples)
        task_means = {name: score for name, score in averages.items() if name != "overall"}
        by_level = {
            level: mean(level_means)
            for level, level_tasks in tasks_by_level.items()
            if (level_means := [task_means[task] for task in level_tasks if task in task_means])
        }
        return {"overall": mean(list(task_means.values())), **task_means} | by_level

    return gathered
