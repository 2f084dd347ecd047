"""Curricula: which tasks a step asks for, at which difficulty.

`base` holds the default (learnability) and the arms that every curriculum draws from; `variants` other systems',
by the name in `curriculum.kind`. May import envs, roles and the configuration. Begin at `base.Curriculum`.
"""
