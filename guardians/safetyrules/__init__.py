"""What Safety looks for: orders in texts that may give none, and forbidden content."""
