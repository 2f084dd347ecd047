"""Novelty measures: how unlike one another programs, questions and scenes are.

Pure functions of texts and numbers, which the novelty terms in `terms.py` are computed by.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

_LITERAL = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def structure(program: str) -> str:
    """Return a `program` without its numbers, quoted texts and spacing: what is left when its parameters are forgotten.

    Words that are no numbers stay, colours without quotes among them.

    >>> structure("circle(10, 2.5,  'red')") == structure('circle(3, 4, "blue")')
    True
    >>> structure("circle(1, 2)") == structure("square(1, 2)")
    False
    """
    return "".join(_LITERAL.sub("#", program).split())


def coverage(programs: Sequence[str], earlier_structures: Collection[str] = ()) -> float:
    """Distinct structures that were not seen before, per program; 1 where each brings its own, 0 for no programs.

    Args:
        programs: the batch.
        earlier_structures: structures seen earlier, as `structure` gives them.

    >>> coverage(["f(1)", "f(2)", "g(1)", "h(1)"], before={"h(#)"})
    0.5
    """
    return len({structure(each) for each in programs} - set(earlier_structures)) / len(programs) if programs else 0.0


def structure_entropy(programs: Sequence[str]) -> float:
    """Return the entropy of the structures of `programs` in nats: 0 where all are alike, as of a collapsed Proposer.

    >>> structure_entropy(["f(1)", "f(2)"]), round(structure_entropy(["f(1)", "g(2)"]), 4)
    (0.0, 0.6931)
    """
    counts = Counter(structure(each) for each in programs).values()
    return sum(count / len(programs) * math.log(len(programs) / count) for count in counts)


def _grams(words: Sequence[str], size: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[start : start + size]) for start in range(len(words) - size + 1))


def bleu(text: str, reference: str) -> float:
    """BLEU of one text against one other, of orders 1 to 4 weighing alike, with its penalty for short texts.

    Source: Papineni et al. 2002 (https://aclanthology.org/P02-1040). An order without a match counts 0.1 of one
    (Chen and Cherry 2014, method 1). Deviation: orders longer than the text are left out, so that a short text is
    like itself. Words are split at spaces, without regard to case.

    Returns:
        From 0 to 1; 1 for equal texts and 0 where no word is shared.

    >>> bleu("how many red dots", "how many red dots"), bleu("how many", "where is it")
    (1.0, 0.0)
    """
    text_words, reference_words = text.casefold().split(), reference.casefold().split()
    if text_words == reference_words:
        return 1.0
    if not set(text_words) & set(reference_words):
        return 0.0
    orders = min(4, len(text_words))
    log_precision = 0.0
    for size in range(1, orders + 1):
        own_grams = _grams(text_words, size)
        shared_count = (own_grams & _grams(reference_words, size)).total()
        log_precision += math.log((shared_count or 0.1) / own_grams.total())
    return math.exp(log_precision / orders + min(0.0, 1.0 - len(reference_words) / len(text_words)))


def clusters(distances: Sequence[Sequence[float]], cut: float) -> list[int]:
    """Agglomerative clusters by average linkage: the nearest two are merged while they are nearer than the cut.

    Args:
        distances: between each two members, symmetric; (n, n).
        cut: distance at which merging stops.

    Returns:
        The number of each member's cluster, in the order of their first members.

    >>> clusters([[0, 0.1, 0.9], [0.1, 0, 0.8], [0.9, 0.8, 0]], cut=0.5)
    [0, 0, 1]
    """
    groups = [[number] for number in range(len(distances))]
    distance_sums = {(low, high): distances[low][high] for high in range(len(groups)) for low in range(high)}
    live_groups = list(range(len(groups)))
    while len(live_groups) > 1:
        mean_distance, low, high = min(
            (distance_sums[low, high] / (len(groups[low]) * len(groups[high])), low, high)
            for high in live_groups
            for low in live_groups
            if low < high
        )
        if mean_distance >= cut:
            break
        groups[low] += groups[high]
        live_groups.remove(high)
        for member_group in live_groups:
            if member_group != low:
                pair_key = (min(low, member_group), max(low, member_group))
                distance_sums[pair_key] += distance_sums[min(high, member_group), max(high, member_group)]
    cluster_numbers = {member: number for number, group in enumerate(live_groups) for member in groups[group]}
    return [cluster_numbers[member] for member in range(len(distances))]


def cluster_shares(texts: Sequence[str], cut: float = 0.5) -> list[float]:
    """Each text's cluster as a share of the batch, clustered by 1 - BLEU: the repetition penalty of R-Zero's family.

    Source: R-Zero (commit 5699329), cut 0.5; MM-Zero's cut is 0.25. Deviation: the distance of two texts is the mean
    over both directions of BLEU. It takes n^2 BLEUs and n^3 steps of clustering: for batches of hundreds.

    >>> cluster_shares(["how many red dots", "how many red dots", "where is the square", "name it"])
    [0.5, 0.5, 0.25, 0.25]
    """
    distances = [[1.0 - (bleu(a, b) + bleu(b, a)) / 2.0 for b in texts] for a in texts]
    labels = clusters(distances, cut)
    return [labels.count(label) / len(texts) for label in labels]


def scene_novelty(scene: Mapping[str, float], other_scenes: Sequence[Mapping[str, float]]) -> float:
    """Return the distance of a `scene`'s statistics from the nearest of `other_scenes`, as d/(1 + d); 1 without any.

    d is the root mean square, over the statistics, of the difference in units of that statistic's standard deviation
    over the other scenes and this one; a statistic that never varies adds nothing. The formula is ours.

    Args:
        scene: statistics by name, such as numbers of objects of each kind and mean sizes.
        other_scenes: those of other scenes, of the same names.

    Raises:
        ValueError: another scene has other statistics, or there are none.

    >>> scene_novelty({"objects": 3.0}, []), scene_novelty({"objects": 3.0}, [{"objects": 3.0}, {"objects": 9.0}])
    (1.0, 0.0)
    """
    if not scene:
        raise ValueError("a scene is compared by one statistic or more, got none")
    for other_scene in other_scenes:
        if other_scene.keys() != scene.keys():
            raise ValueError(
                f"scenes are compared by the same statistics, got {sorted(scene)} and {sorted(other_scene)}"
            )
    if not other_scenes:
        return 1.0
    deviations = {
        name: _deviation([scene[name], *(other_scene[name] for other_scene in other_scenes)]) for name in scene
    }
    nearest_distance = min(
        math.sqrt(sum(((scene[n] - other_scene[n]) / deviations[n]) ** 2 for n in scene if deviations[n]) / len(scene))
        for other_scene in other_scenes
    )
    return nearest_distance / (1.0 + nearest_distance)


def _deviation(values: Sequence[float]) -> float:
    mean_value = sum(values) / len(values)
    return math.sqrt(sum((value - mean_value) ** 2 for value in values) / len(values))


def rarity_among(count: int, total: int) -> float:
    """Return the rarity of a query within a batch: 1 where no other member shares it, towards 0 where all do.

    Args:
        count: members of the batch with this query, itself included.
        total: size of the batch.

    >>> rarity_among(1, 4), rarity_among(4, 4), rarity_among(1, 1)
    (1.0, 0.0, 1.0)
    """
    return 1.0 if total <= 1 else 1.0 - (count - 1) / (total - 1)
