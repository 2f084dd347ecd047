"""The card of a data set: the README.md that the Hugging Face hub shows, and reads the files' places from."""

import json
from collections.abc import Mapping

from jinja2 import Environment as Templates
from jinja2 import StrictUndefined

from ... import __version__
from ...envs import make
from .plan import DataPlan

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
"""The hub's names for numbers of rows, by what they are under."""
PATTERNS = {
    "parquet": "data/{split}-*.parquet",
    "verl": "{split}-*.parquet",
    "jsonl": "{split}-*.jsonl",
    "webdataset": "{split}-*.tar",
    "llava": "{split}.json",
    "sharegpt": "{split}.json",
}
"""The files of a split, by format."""

_TEMPLATE = """\
---
license: {{ license }}
task_categories:
- visual-question-answering
tags:
- synthetic
- zerosight
size_categories:
- {{ size }}
configs:
- config_name: default
  data_files:
  - split: {{ split }}
    path: "{{ pattern }}"
---

# {{ count }} items of {{ worlds | join(", ") }}

Questions about pictures, made by [Zerosight](https://pypi.org/project/zerosight/) {{ version }}. Every answer was
computed from what was drawn, with its margin: how far the picture is from one with another answer.
{% if choice %}
How rows were chosen: {{ choice }}.
{% endif -%}

| world | task | items | chance of the best constant answer |
| --- | --- | ---: | ---: |
{% for world, task, items, chance in tasks -%}
| {{ world }} | {{ task }} | {{ items }} | {{ chance }} |
{% endfor %}
Split `{{ split }}`, seed {{ seed }}, format `{{ format }}`. Splits share no item's key; the version at the end of a
world's name changes with its items' bytes. The same options give the same bytes:

```json
{{ plan }}
```

To score replies: `zerosight.score(row["truth"], reply)`, or `zerosight data score REPLIES --data FOLDER`.
"""


def card(plan: DataPlan, format_name: str, counts: Mapping[str, int], license_name: str, choice: str = "") -> str:
    """Return the card's text.

    Args:
        plan: of the data set.
        format_name: of its files.
        counts: number of rows by `world task`.
        license_name: of the data, as the hub spells it.
        choice: says how items were chosen; "" where all were taken.
    """
    tasks = []
    for name, items in sorted(counts.items()):
        world, _, task = name.rpartition(" ")
        known_tasks = make(world).tasks
        tasks.append((world, task, items, f"{known_tasks[task].chance:.0%}" if task in known_tasks else "–"))
    rows = sum(counts.values())
    template = Templates(undefined=StrictUndefined, keep_trailing_newline=True).from_string(_TEMPLATE)
    return template.render(
        license=license_name,
        size=next((name for limit, name in SIZES if rows < limit), "n>1M"),
        split=plan.split,
        seed=plan.seed,
        pattern=PATTERNS[format_name].format(split=plan.split),
        count=rows,
        worlds=plan.worlds,
        version=__version__,
        choice=choice,
        tasks=tasks,
        format=format_name,
        plan=json.dumps(plan.to_dict(), sort_keys=True),
    )
