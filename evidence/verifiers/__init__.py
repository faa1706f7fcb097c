"""Verifiers beside the typed one: what a stronger one is made of, and how an installation chooses it."""
