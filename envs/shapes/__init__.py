"""envs/shapes."""
