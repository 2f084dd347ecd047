"""Benchmarks of this package itself: learning, evidence, speed of rendering, worlds, spatial answers and training."""
