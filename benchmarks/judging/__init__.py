"""How well the gate judges: labelled items, what the gate says of them, changed claims, and measures over both."""
