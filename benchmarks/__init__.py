"""Measurements: each with its peer in the same run, each figure kept with the command that made it."""
