"""Runs on disk: the run directory, its trackers, reports, comparisons and exports.

`store.Run` reads and writes a run directory; `records` makes the metrics and records of a step, `report` and `compare`
the pages (templates in `train/pages`), `export` a plain Hugging Face folder, `trackers` sends metrics elsewhere.
May import all of train but its loop. Begin at `store`.
"""
