"""Benchmarks for a GPU; each runs on a CPU at toy size with `--size tiny`, which says nothing of speed."""
