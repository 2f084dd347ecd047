"""The embedded model's stand-in for pretraining: supervised examples and the command that makes it."""
