"""From a file to readable text: what is in it as people read it, always the same for the same bytes."""
