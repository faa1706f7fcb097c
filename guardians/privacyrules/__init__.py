"""What Privacy looks for: identifiers, names, addresses and secrets."""
