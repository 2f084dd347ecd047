"""Chart programs in the manner of pretrained models: accepted and read rightly; and attacks by tables."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from chart_checks import problems

from zerosight.render import FigurePool, Rejected
from zerosight.render.chart.draw import DrawnChart

ENTRIES: list[dict[str, Any]] = [
    entry
    for path in sorted((Path(__file__).parent / "corpus").glob("*.yaml"))
    for entry in yaml.safe_load(path.read_text())
]


HEAD = "import io, pandas as pd, seaborn as sns, matplotlib.pyplot as plt\ndf = pd.DataFrame({'a': [1, 2]})\n"
ATTACKS = {
    "read a table": "pd.read_csv('/etc/passwd', sep=':')",
    "read a table of the web": "pd.read_html('http://127.0.0.1/')",
    "read a text by a protocol": "pd.read_csv('file:///etc/passwd')",
    "read a pickle": "pd.read_pickle('/etc/passwd')",
    "run a pickle": "pd.read_pickle(io.BytesIO(b\"cos\\nsystem\\n(S'id > /tmp/made'\\ntR.\"))\nopen('/tmp/made')",
    "write a table": "df.to_csv('/tmp/made.csv')",
    "write a pickle": "df.to_pickle('/dev/shm/made.pkl')",
    "read a data base": "import sqlite3\npd.read_sql('select 1', sqlite3.connect('/etc/made.db'))",
    "evaluate an import": "pd.eval(\"__import__('os').listdir('/root')\")",
    "evaluate a file": "df.eval('b = @open(\"/etc/passwd\").read()')",
    "query by a function": "import os\ndf.query('@os.listdir(\"/home\")')",
    "copy to the clipboard": "df.to_clipboard()",
    "load a data set": "sns.load_dataset('tips')",
    "fill memory": "pd.concat([pd.DataFrame({'a': range(1 << 27)})] * 9)",
}
"""By pandas and seaborn; each raises or leaves no figure."""


@pytest.fixture(scope="module")
def outcomes(corpus_entries: list[dict[str, Any]]) -> dict[str, Any]:
    programs = [*(entry["program"] for entry in corpus_entries), *(HEAD + text for text in ATTACKS.values())]
    with FigurePool(workers=1, wall_s=60.0, memory_mb=768) as pool:
        drawn = pool.run(programs, 320)
    return dict(zip([*(entry["name"] for entry in corpus_entries), *ATTACKS], drawn, strict=True))


def test_the_corpus_is_large_and_its_names_are_distinct() -> None:
    assert len({entry["name"] for entry in ENTRIES}) == len(ENTRIES) >= 120


def test_program_is_read_as_its_author_meant(corpus_entry: dict[str, Any], outcomes: dict[str, Any]) -> None:
    outcome = outcomes[corpus_entry["name"]]
    assert isinstance(outcome, DrawnChart), outcome
    assert problems(outcome.scene, corpus_entry["panels"]) == []


@pytest.mark.sandbox
@pytest.mark.parametrize("name", ATTACKS)
def test_tables_reach_nothing_outside(name: str, outcomes: dict[str, Any]) -> None:
    assert isinstance(outcomes[name], Rejected) and outcomes[name].code in ("error", "resources"), outcomes[name]
