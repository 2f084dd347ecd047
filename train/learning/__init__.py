"""Learning: advantages, losses, and the optimizer's step, in one process or several.

`learner.Learner` makes the step: `batches` turns trajectories into rows to compute, `advantages` and `losses` are pure
functions, `sharding` holds the weights while they learn, `processes` has several processes work as one, and `guards`
skips updates that are not finite. May import `train.models`; knows nothing of episodes, curricula or files.
Begin at `learner`.
"""
