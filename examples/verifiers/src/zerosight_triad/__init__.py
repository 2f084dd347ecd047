"""`eval zerosight-triad`: proposer, coder and solver, each with a seat and a reward of its own."""

from zerosight.train.bridges.verifiers_items import OneTurnHarness
from zerosight.train.bridges.verifiers_triad import BriefingTaskset, TriadEnv

__all__ = ["BriefingTaskset", "OneTurnHarness", "TriadEnv"]
