"""Models: policies and their adapters, the embedded VLM, and the packing of prompts and completions.

`policy.Policy` is the model that the roles act with; `architecture` holds the differences between model families,
`packing` computes log-probs of completions that share a prompt, `completions` has the types that generators and
learner exchange, `tiny` builds the embedded model and `load` finds it. May import envs, render and roles; knows nothing
of losses or runs. Begin at `policy`.
"""
