"""Learning: advantages, losses, and the optimizer's step, in one process or several."""
