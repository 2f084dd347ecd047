"""Official averages that are no plain mean: over groups that must be right together, and over tasks."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from ..samples import Sample, Scored, mean, means
from .numbers import f1


def all_right(scored: Scored, key: Callable[[Sample], Hashable]) -> float:
    """The share of groups of which every question is right.

    >>> def by_set(sample): return sample.category["set"]
    >>> one = [(Sample(id=str(n), question="", category={"set": "ab"[n > 1]}), float(n != 3)) for n in range(4)]
    >>> all_right(one, by_set)
    0.5
    """
    groups: dict[Hashable, list[float]] = {}
    for sample, score in scored:
        groups.setdefault(key(sample), []).append(score)
    return mean([float(min(scores) == 1.0) for scores in groups.values()])


def vsi_bench(scored: Scored) -> dict[str, float]:
    """VSI-Bench: the unweighted mean of its eight tasks, the three difficulties of relative direction one task.

    Source: its official aggregation.
    """
    tasks: dict[str, list[float]] = {}
    for sample, score in scored:
        tasks.setdefault(sample.category["task"], []).append(score)
    found = {task: mean(scores) for task, scores in tasks.items()}
    directions = [task for task in found if task.startswith("object_rel_direction")]
    if directions:
        found["object_rel_direction"] = mean([found.pop(task) for task in directions])
    return {"overall": mean(list(found.values())), **found}


def cv_bench(scored: Scored) -> dict[str, float]:
    """CV-Bench: the mean of 2D and 3D, 2D the mean of its two sources.

    Source: the official 1/2 ((ADE20K + COCO)/2 + Omni3D); a part of which nothing was asked is left out.
    """
    names = ("ADE20K", "COCO", "Omni3D")
    sources = {name: [score for s, score in scored if s.category["source"] == name] for name in names}
    flat = [mean(sources[each]) for each in ("ADE20K", "COCO") if sources[each]]
    parts = [mean(flat)] if flat else []
    parts += [mean(sources["Omni3D"])] if sources["Omni3D"] else []
    plain = means("task", "source")(scored)
    return plain | {"overall": mean(parts) if parts else plain["overall"], "2D": mean(flat), "flat": plain["overall"]}


def three_dsr(scored: Scored) -> dict[str, float]:
    """3DSRBench: CircularEval (a question in all its orders), FlipEval (with its mirrored picture), both, and vanilla.

    Source: its evaluation. The question is the first 8 characters of `qid`, `-flip` marks the mirrored picture. The
    headline is CircularEval where questions come in several orders, vanilla where they do not.
    """
    found = means("category")(scored)
    vanilla = found["overall"]
    question = all_right(scored, lambda s: (s.fields["qid"][:8], "flip" in s.fields["qid"]))
    pair = all_right(scored, lambda s: s.fields["qid"].replace("-flip", ""))
    both = all_right(scored, lambda s: s.fields["qid"][:8])
    several = len({s.fields["qid"] for s, _ in scored}) < len(scored)
    extra = {"vanilla": vanilla, "circular": question, "flip": pair, "flip and circular": both}
    return found | extra | {"overall": question if several else vanilla}


def mm_star(scored: Scored) -> dict[str, float]:
    """MMStar as lmms-eval: the mean over categories of the means over their subcategories; `flat` is VLMEvalKit's."""
    found = means("category")(scored)
    flat, inner = found["overall"], {}
    for name in sorted({s.category["category"] for s, _ in scored}):
        own = [(s, score) for s, score in scored if s.category["category"] == name]
        subs = sorted({s.category["subcategory"] for s, _ in own})
        inner[name] = mean([mean([score for s, score in own if s.category["subcategory"] == sub]) for sub in subs])
    return found | inner | {"overall": mean(list(inner.values())), "flat": flat}


def hallusion(scored: Scored) -> dict[str, float]:
    """HallusionBench: accuracy of answers (aAcc), of questions over their figures (qAcc), of figures (fAcc).

    Source: its official evaluation: a question is right where it is for every figure, a figure where every question
    about it is. `overall` is aAcc.
    """
    answers = means("category")(scored)
    place = ("category", "subcategory", "set_id")
    question = all_right(scored, lambda s: tuple(s.fields[k] for k in (*place, "question_id")))
    figure = all_right(scored, lambda s: tuple(s.fields[k] for k in (*place, "figure_id")))
    return answers | {"aAcc": answers["overall"], "qAcc": question, "fAcc": figure}


def whats_up(scored: Scored) -> dict[str, float]:
    """What'sUp: accuracy; of the controlled pictures also of pairs and of sets of four, each right together.

    Source: its evaluation, where pairs and sets are divided by all questions over 2 and over 4.
    """
    found = means("subset")(scored)
    controlled = [(s, score) for s, score in scored if s.fields.get("set") is not None]
    if not controlled:
        return found
    sets: dict[Any, dict[str, float]] = {}
    for sample, score in controlled:
        sets.setdefault((sample.category["subset"], sample.fields["set"]), {})[sample.fields["relation"]] = score
    pairs = whole = 0
    for by_relation in sets.values():
        right = {relation for relation, score in by_relation.items() if score == 1.0}
        pairs += ({"left", "right"} <= right) + ({"on", "under"} <= right or {"in-front", "behind"} <= right)
        whole += len(right) == 4
    return found | {"pairs": pairs / (len(controlled) / 2), "sets": whole / (len(controlled) / 4)}


def stare(scored: Scored) -> dict[str, float]:
    """STARE: accuracy, and as VLMEvalKit has it F1 of yes in categories of yes and no, the mean over categories.

    `overall` is the official plain accuracy.
    """
    found = means("category")(scored)
    parts = []
    for name in (name for name in found if name != "overall"):
        own = [(s, score) for s, score in scored if s.category["category"] == name]
        asked = [str(s.answer).strip().lower() for s, _ in own]
        if set(asked) <= {"yes", "no"}:
            yes = [right == "yes" for right in asked]
            # Who is right said what is so; who is wrong said the other.
            parts.append(f1([(is_yes == (score == 1.0), is_yes) for is_yes, (_, score) in zip(yes, own, strict=True)]))
        else:
            parts.append(found[name])
    return found | {"macro with F1": mean(parts)}


def spar(levels: Mapping[str, Sequence[str]]) -> Callable[[Scored], dict[str, float]]:
    """SPAR-Bench: the mean over tasks, and over those of each level."""

    def gathered(scored: Scored) -> dict[str, float]:
        found = means("task")(scored)
        tasks = {name: score for name, score in found.items() if name != "overall"}
        each = {level: [tasks[task] for task in own if task in tasks] for level, own in levels.items()}
        by_level = {level: mean(own) for level, own in each.items() if own}
        return {"overall": mean(list(tasks.values())), **tasks} | by_level

    return gathered
