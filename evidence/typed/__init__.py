"""The default verifier: a claim beside a sentence, compared by type."""
