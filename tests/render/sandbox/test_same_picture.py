"""The same program gives the same picture in every worker, however often it runs."""

import numpy as np
import pytest

from zerosight.render import FigurePool, Rejected
from zerosight.render.chart.draw import DrawnChart
from zerosight.render.edit import Edit, EditPool
from zerosight.render.sandbox.layers import offered

pytestmark = [pytest.mark.sandbox, pytest.mark.skipif(len(offered()) < 4, reason=f"only {offered()} are offered here")]

HEAD = "import matplotlib.pyplot as plt, numpy as np\n"
CHARTS = {
    "a set of names": "for c in {'oak', 'elm', 'ash', 'fir', 'yew', 'box'}: plt.bar(c, len(c) + ord(c[0]) % 5)",
    "the hash of a name": "plt.bar(['a'], [hash('a') % 100])",
    "random": "import random\nplt.plot([random.random() for _ in range(9)], [random.gauss(0, 1) for _ in range(9)])",
    "random, seeded anew": "import random\nrandom.seed()\nplt.plot([random.random(), random.Random().random()])",
    "random, of the system": "import random, secrets\nplt.plot([random.SystemRandom().random(), secrets.randbelow(9)])",
    "numpy's random": "plt.plot(np.random.rand(9)); plt.plot(np.random.default_rng().normal(size=9))",
    "numpy's random, seeded anew": "np.random.seed()\nplt.plot(np.random.RandomState().rand(9), np.random.rand(9))",
    "the time": "import time\nplt.bar(['a', 'b'], [time.time() % 1000, time.perf_counter()])",
    "the date": "from datetime import date, datetime as d\nplt.title(f'{d.now()} {date.today()} {d.utcnow()}')",
    "the weekday": "import time\nplt.title(time.strftime('%A %H:%M:%S')); plt.xlabel(time.ctime())",
    "a uuid": "import uuid\nplt.title(str(uuid.uuid4())); plt.xlabel(f'{uuid.uuid1()} {uuid.getnode():x}')",
    "the entropy": "import os\nplt.plot(list(os.urandom(9)))",
    "numpy's now": "plt.title(f\"{np.datetime64('now')} {np.datetime64('today')} {np.datetime64('now', 'ms')}\")",
    "the process": "import os\nplt.bar(['a', 'b'], [os.getpid(), os.getppid()])",
}


@pytest.fixture(scope="module")
def charts() -> list[dict[str, object]]:
    """Every chart by two workers, in one order and then in the other, so that each is drawn after another one."""
    runs = []
    for names in (sorted(CHARTS), sorted(CHARTS, reverse=True)):
        with FigurePool() as pool:
            outcomes = pool.run([HEAD + CHARTS[name] for name in names], 64)
        runs.append(dict(zip(names, outcomes, strict=True)))
    return runs


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_the_same_in_every_worker(name: str, charts: list[dict[str, object]]) -> None:
    first, second = (run[name] for run in charts)
    assert isinstance(first, DrawnChart) and isinstance(second, DrawnChart), first
    assert first.scene == second.scene
    assert np.array_equal(first.picture.array, second.picture.array)


DATES = """
import datetime as module, time
from datetime import date, datetime, timedelta, timezone
def edit(image):
    now = datetime.now()
    assert isinstance(now, datetime) and isinstance(now, date) and issubclass(datetime, date)
    assert isinstance(date.today(), date) and not isinstance(date.today(), datetime)
    assert isinstance(now + timedelta(days=1), datetime) and (now - datetime(2020, 1, 1)).days > 2000
    assert datetime.strptime('2024-02-03', '%Y-%m-%d') == datetime(2024, 2, 3)
    assert datetime.now(timezone.utc).tzinfo is timezone.utc and datetime.utcnow().tzinfo is None
    assert datetime.fromisoformat('2024-02-03').date() == date(2024, 2, 3) and module.datetime is datetime
    assert not isinstance(3, date)
    class Mine(datetime): pass
    assert isinstance(Mine(2024, 1, 1), datetime) and not isinstance(now, Mine)
    before = time.time()
    time.sleep(3)
    assert 3 <= time.time() - before < 4
    assert time.monotonic() < time.monotonic() and time.localtime(0).tm_year == 1970
    return image
"""


def test_dates_and_clocks_behave_as_they_should() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    with EditPool() as pool:
        (outcome,) = pool.run([Edit(DATES, image, {})])
    assert not isinstance(outcome, Rejected), outcome
