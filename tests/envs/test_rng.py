import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerosight.envs import SPLITS, SeededRng, item_rng

KEY = ("shapes/Canvas-v1", "train", 0, 0)
WORDS = [15417579771879532629, 1446145780145698350, 5836822130686128643]
ROLLS = [6, 4, 3, 3, 3, 2, 6, 5]
UNIFORM = 0.2357316545471002
SHUFFLED = "dgcbfhea"
CHILD = 13238878954961758708


def first_words(*keys: tuple[str, str, int, int]) -> list[tuple[int, ...]]:
    rngs = [item_rng(*key) for key in keys]
    return [tuple(each.word() for _ in range(4)) for each in rngs]


def test_generator_gives_the_pinned_numbers():
    # A change here changes every item of every environment.
    drawn = item_rng(*KEY)
    assert [drawn.word() for _ in range(3)] == WORDS
    assert [drawn.integer(1, 6) for _ in range(8)] == ROLLS
    assert drawn.uniform() == UNIFORM
    assert drawn.shuffled("abcdefgh") == list(SHUFFLED)
    assert drawn.child("words", 1).word() == CHILD


def test_generator_gives_the_same_numbers_in_another_process():
    code = f"from zerosight.envs import item_rng; s = item_rng(*{KEY!r}); print([s.word() for _ in range(200)])"
    command = ["env", "PYTHONHASHSEED=99", sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    drawn = item_rng(*KEY)
    assert done.stdout.strip() == str([drawn.word() for _ in range(200)])


def test_neighbouring_seeds_and_indices_share_nothing():
    keys = [("e/E-v1", split, seed, index) for split in SPLITS for seed in range(20) for index in range(20)]
    assert len(set(first_words(*keys))) == len(keys)


def test_seed_plus_index_is_not_the_key():
    # The classic slip: seed 1, index 2 gives what seed 2, index 1 gives.
    pairs = [((s, i), (s + d, i - d)) for s in range(10) for i in range(10) for d in range(1, i + 1)]
    for (s, i), (other_s, other_i) in pairs:
        ours, theirs = first_words(("e/E-v1", "train", s, i), ("e/E-v1", "train", other_s, other_i))
        assert ours != theirs


@pytest.mark.parametrize(
    "other",
    [("shapes/Canvas-v2", "train", 0, 0), ("shapes/Canvas-v1", "dev", 0, 0), ("shapes/Canvas-v1", "train", 1, 0),
     ("shapes/Canvas-v1", "train", 0, 1), ("shapes/Canvas-v1", "train", 0, 10)],
)  # fmt: skip
def test_every_part_of_the_key_counts(other):
    ours, theirs = first_words(KEY, other)
    assert not set(ours) & set(theirs)


def test_text_and_number_are_different_keys():
    assert SeededRng(("a", 1)).word() != SeededRng(("a", "1")).word()
    assert SeededRng(("ab", "c")).word() != SeededRng(("a", "bc")).word()


def test_generators_are_independent_of_each_other():
    # Words of interleaved generators are those of each one alone.
    a, b = SeededRng(("a",)), SeededRng(("b",))
    mixed = [(a.word(), b.word()) for _ in range(200)]
    alone_a, alone_b = SeededRng(("a",)), SeededRng(("b",))
    assert [first for first, _ in mixed] == [alone_a.word() for _ in range(200)]
    assert [second for _, second in mixed] == [alone_b.word() for _ in range(200)]


def test_bits_of_neighbouring_generators_do_not_correlate():
    ours, theirs = (SeededRng(("e", "train", 0, i)) for i in (0, 1))
    equal = sum((~(ours.word() ^ theirs.word()) & (2**64 - 1)).bit_count() for _ in range(1_000))
    assert abs(equal - 32_000) < 5 * 16_000**0.5  # 64,000 fair coins, five standard deviations


def test_child_does_not_depend_on_what_was_drawn():
    parent = SeededRng(("a",))
    before = parent.child("x").word()
    parent.word()
    assert parent.child("x").word() == before != parent.child("y").word()


def test_integer_and_choice_are_even():
    drawn = item_rng(*KEY)
    rolls = Counter(drawn.integer(1, 6) for _ in range(6_000))
    picks = Counter(drawn.choice("abc") for _ in range(6_000))
    assert set(rolls) == {1, 2, 3, 4, 5, 6} and all(abs(n - 1_000) < 5 * 833**0.5 for n in rolls.values())
    assert set(picks) == set("abc") and all(abs(n - 2_000) < 5 * 1_334**0.5 for n in picks.values())


def test_weighted_follows_the_weights():
    drawn = item_rng(*KEY)
    picks = Counter(drawn.weighted("abc", [1, 0, 3]) for _ in range(4_000))
    assert picks["b"] == 0 and abs(picks["a"] - 1_000) < 5 * 750**0.5


def test_sample_has_no_position_twice():
    assert sorted(item_rng(*KEY).sample(range(5), 5)) == [0, 1, 2, 3, 4]
    assert len(set(item_rng(*KEY).sample(range(100), 30))) == 30


def test_integer_refuses_an_empty_range():
    with pytest.raises(ValueError, match="low must not exceed high, got 3 and 2"):
        item_rng(*KEY).integer(3, 2)


def test_choice_refuses_nothing():
    with pytest.raises(ValueError, match="nothing"):
        item_rng(*KEY).choice([])


@given(st.lists(st.integers()), st.integers(min_value=0))
def test_shuffled_is_a_permutation(items, seed):
    original = list(items)
    shuffled = item_rng("e/E-v1", "train", seed, 0).shuffled(items)
    assert sorted(shuffled) == sorted(original)
    assert items == original


@given(st.integers(), st.integers(min_value=0, max_value=2**40), st.integers(min_value=0))
def test_integer_stays_in_range(low, width, seed):
    assert low <= item_rng("e/E-v1", "dev", seed, 0).integer(low, low + width) <= low + width


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(min_value=0))
def test_uniform_stays_in_range(low, width, seed):
    assert low <= item_rng("e/E-v1", "dev", seed, 0).uniform(low, low + width) <= low + width
