"""Novelty terms: how unlike one another programs, questions and scenes are."""

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

_LITERAL = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def structure(program: str) -> str:
    """A program without its numbers, quoted texts and spacing: what is left when its parameters are forgotten.

    Words that are no numbers stay, colours without quotes among them.

    >>> structure("circle(10, 2.5,  'red')") == structure('circle(3, 4, "blue")')
    True
    >>> structure("circle(1, 2)") == structure("square(1, 2)")
    False
    """
    return "".join(_LITERAL.sub("#", program).split())


def coverage(programs: Sequence[str], before: Collection[str] = ()) -> float:
    """Distinct structures that were not seen before, per program; 1 where each brings its own, 0 for no programs.

    Args:
        programs: the batch.
        before: structures seen earlier, as `structure` gives them.

    >>> coverage(["f(1)", "f(2)", "g(1)", "h(1)"], before={"h(#)"})
    0.5
    """
    return len({structure(each) for each in programs} - set(before)) / len(programs) if programs else 0.0


def structure_entropy(programs: Sequence[str]) -> float:
    """Entropy of the structures in nats: 0 where all are alike, which is what a collapsed Proposer looks like.

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
    words, others = text.casefold().split(), reference.casefold().split()
    if words == others:
        return 1.0
    if not set(words) & set(others):
        return 0.0
    orders = min(4, len(words))
    logs = 0.0
    for size in range(1, orders + 1):
        mine = _grams(words, size)
        shared = (mine & _grams(others, size)).total()
        logs += math.log((shared or 0.1) / mine.total())
    return math.exp(logs / orders + min(0.0, 1.0 - len(others) / len(words)))


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
    sums = {(a, b): distances[a][b] for b in range(len(groups)) for a in range(b)}
    live = list(range(len(groups)))
    while len(live) > 1:
        nearest = min((sums[a, b] / (len(groups[a]) * len(groups[b])), a, b) for b in live for a in live if a < b)
        mean, a, b = nearest
        if mean >= cut:
            break
        groups[a] += groups[b]
        live.remove(b)
        for other in live:
            if other != a:
                pair = (min(a, other), max(a, other))
                sums[pair] += sums[min(b, other), max(b, other)]
    found = {member: number for number, group in enumerate(live) for member in groups[group]}
    return [found[member] for member in range(len(distances))]


def cluster_shares(texts: Sequence[str], cut: float = 0.5) -> list[float]:
    """Each text's cluster as a share of the batch, clustered by 1 - BLEU: the repetition penalty of R-Zero's family.

    Source: R-Zero (commit 5699329), cut 0.5; MM-Zero's cut is 0.25. Deviation: the distance of two texts is the mean
    over both directions of BLEU. It takes n^2 BLEUs and n^3 steps of clustering: for batches of hundreds.

    >>> cluster_shares(["how many red dots", "how many red dots", "where is the square", "name it"])
    [0.5, 0.5, 0.25, 0.25]
    """
    away = [[1.0 - (bleu(a, b) + bleu(b, a)) / 2.0 for b in texts] for a in texts]
    labels = clusters(away, cut)
    return [labels.count(label) / len(texts) for label in labels]


def scene_novelty(scene: Mapping[str, float], before: Sequence[Mapping[str, float]]) -> float:
    """How far a scene's statistics lie from the nearest of earlier ones: d/(1 + d), 1 where there is none.

    d is the root mean square, over the statistics, of the difference in units of that statistic's standard deviation
    over the earlier scenes and this one; a statistic that never varies adds nothing. The formula is ours.

    Args:
        scene: statistics by name, such as numbers of objects of each kind and mean sizes.
        before: those of earlier scenes, of the same names.

    Raises:
        ValueError: an earlier scene has other statistics, or there are none.

    >>> scene_novelty({"objects": 3.0}, []), scene_novelty({"objects": 3.0}, [{"objects": 3.0}, {"objects": 9.0}])
    (1.0, 0.0)
    """
    if not scene:
        raise ValueError("a scene is compared by one statistic or more, got none")
    for other in before:
        if other.keys() != scene.keys():
            raise ValueError(f"scenes are compared by the same statistics, got {sorted(scene)} and {sorted(other)}")
    if not before:
        return 1.0
    spread = {name: _deviation([scene[name], *(other[name] for other in before)]) for name in scene}
    near = min(
        math.sqrt(sum(((scene[n] - other[n]) / spread[n]) ** 2 for n in scene if spread[n]) / len(scene))
        for other in before
    )
    return near / (1.0 + near)


def _deviation(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def rarity_among(count: int, total: int) -> float:
    """Return the rarity of a query within a batch: 1 where no other member shares it, towards 0 where all do.

    Args:
        count: members of the batch with this query, itself included.
        total: size of the batch.

    >>> rarity_among(1, 4), rarity_among(4, 4), rarity_among(1, 1)
    (1.0, 0.0, 1.0)
    """
    return 1.0 if total <= 1 else 1.0 - (count - 1) / (total - 1)
