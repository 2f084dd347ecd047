"""Runs on disk: the run directory, its trackers, reports, comparisons and exports."""
