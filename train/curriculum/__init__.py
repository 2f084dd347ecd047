"""Curricula: which tasks and difficulties a step asks for."""
