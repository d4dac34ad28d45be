"""How a verdict is written for those who read it, one format per file; each registers itself."""
