"""`eval zerosight-items`: questions about pictures, one turn each, scored by the oracle."""

from zerosight.train.bridges.verifiers_items import ItemTaskset, OneTurnHarness

__all__ = ["ItemTaskset", "OneTurnHarness"]
