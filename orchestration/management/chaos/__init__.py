"""Breaking the engine on purpose, and judging from the tables what came of it."""
