"""One drawing is parsed once, however many questions are asked about it, from however many threads."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from threading import Barrier, Lock

import pytest

from zerosight.envs import Rejected, item_rng, list_environments, make
from zerosight.envs.scene_cache import SceneCache

QUESTIONS = 13


class Scene:
    """An object with an identity and nothing else."""


class CountedParse:
    """A parser that counts its calls."""

    def __init__(self, failures: int = 0) -> None:
        self.calls = 0
        self._failures = failures
        self._lock = Lock()

    def __call__(self, scene: Scene) -> list[Scene]:
        with self._lock:
            self.calls += 1
            if self.calls <= self._failures:
                raise RuntimeError("the parser fails")
        return [scene]


@pytest.mark.parametrize("env_id", list_environments(), ids=lambda env_id: env_id.replace("/", "-"))
def test_drawing_is_parsed_once_for_all_questions(env_id, monkeypatch):
    env = make(env_id)
    rng = item_rng(env.id, "train", 0, 5)
    item = env.sample(rng, next(iter(env.tasks)), min(env.difficulties))
    queries = [env.query(rng, task) for task in islice(cycle(env.tasks), QUESTIONS)]

    def copied():
        # Equal to the sampled scene, and an object that nobody has parsed.
        return type(item.scene).from_json(item.scene.to_json())

    parsed_anew, scene = [env.solve(copied(), query) for query in queries], copied()
    calls, parse = [], type(env).parse_scene
    monkeypatch.setattr(type(env), "parse_scene", lambda self, drawn: calls.append(drawn) or parse(self, drawn))
    assert [env.solve(scene, query) for query in queries] == parsed_anew
    env.check(scene, queries[0])
    requirements = env.requirements([[1]])
    if not isinstance(requirements, Rejected):
        env.missing_requirements(scene, requirements)
    assert calls == [scene]


def test_threads_share_one_parse():
    cache, parse, scene, start = SceneCache(), CountedParse(), Scene(), Barrier(8)

    def ask(_: int) -> list[Scene]:
        start.wait()
        return cache.get(scene, parse)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert parse.calls == 1
    assert all(answer is answers[0] for answer in answers)


def test_threads_with_different_scenes_do_not_wait_for_each_other():
    cache, scenes, both_parse = SceneCache(), [Scene(), Scene()], Barrier(2)

    def parse(scene: Scene) -> Scene:
        # Broken after 30 s unless both threads are inside a parse at once.
        both_parse.wait(timeout=30)
        return scene

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda scene: cache.get(scene, parse), scenes)) == scenes


def test_least_recently_used_scene_is_dropped_first():
    cache, parse = SceneCache(max_scenes=2), CountedParse()
    oldest, newer, newest = Scene(), Scene(), Scene()
    for scene in (oldest, newer, oldest, newest):
        cache.get(scene, parse)
    assert (parse.calls, len(cache)) == (3, 2)
    assert cache.get(oldest, parse) == [oldest] and parse.calls == 3
    assert cache.get(newer, parse) == [newer] and parse.calls == 4


def test_kept_scene_stays_alive_so_that_no_other_takes_its_identity():
    cache, parse = SceneCache(max_scenes=4), CountedParse()
    # Each scene is dropped by its owner at once; without the cache's hold the next one might get its id.
    answers = [cache.get(Scene(), parse)[0] for _ in range(4)]
    assert len(set(map(id, answers))) == 4 and parse.calls == 4


def test_failed_parse_is_tried_again():
    cache, parse, scene = SceneCache(), CountedParse(failures=1), Scene()
    with pytest.raises(RuntimeError, match="the parser fails"):
        cache.get(scene, parse)
    assert cache.get(scene, parse) == [scene] and parse.calls == 2


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda cache: pickle.loads(pickle.dumps(cache))])
def test_copy_starts_empty(copied):
    cache = SceneCache(max_scenes=3)
    cache.get(Scene(), CountedParse())
    twin = copied(cache)
    assert (len(cache), len(twin), twin.max_scenes) == (1, 0, 3)
