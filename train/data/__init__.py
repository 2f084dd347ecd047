"""Data sets for other trainers: items of any worlds with pictures, prompts, answers and the oracle's truth.

`plan.py` says which items; `rows.py` makes them, each from its own key; `make.py` writes them in shards by worker
processes, so that a killed command goes on and ends in the same bytes; `formats.py` has a writer for each format.
`scoring.py` scores replies to any of them, `hub.py` sends a folder to the Hugging Face hub. Nothing here loads torch.
Begin at `make.py`.
"""
