"""Worlds of furnished rooms that cameras look at."""
