"""The embedded model's stand-in for pretraining: supervised lessons and the command that trains on them.

`lessons` makes pictures with prompts and replies from the oracle's items, `make` trains the model of
`train.models.tiny` on them. Nothing but `make seed` and benchmarks imports it. Begin at `make`.
"""
