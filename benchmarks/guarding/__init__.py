"""How well the guardians judge: suites of their own, what is said of them, and measures of that."""
