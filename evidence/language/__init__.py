"""How a text is read: words, numbers, units, dates, negations, sentences and clauses, each with its place."""
