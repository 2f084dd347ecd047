"""Bridges to trainers that people use already: TRL, verl on Ray, verifiers with prime-rl, Gymnasium, HTTP.

Each module needs the library that it is named after and is imported by nothing else of the package. They share
`train/data` (rows, plans) and `zerosight.score`; what differs from our own loop stands in docs/trainers.md.
"""
