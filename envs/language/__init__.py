"""The query language: typed programs over a scene, their English, their enumeration and their execution.

Begin with `query` (programs, operators, `Language`), then `literals` (the words and numbers in programs), `execute`
(running a program, with the margin of its answer), `grammar` (programs in English) and `enumeration` (counting and
drawing programs). It imports `render` for `Rejected`, and `envs.rng`; no environment.
"""
