"""The roles: what Proposer, Coder and Solver are shown, how their replies are read, and what they are paid for.

`proposer`, `coder` and `solver` hold a prompt and a parser each; `terms` declares every reward term, computed from
a `context` by the formulas of `reward` and `novelty`; `labels` are what answers are held to, `explain` scores
explanations. May import envs, render and geometry; no model and no torch. To change what a role is paid, begin at
`terms`.
"""
