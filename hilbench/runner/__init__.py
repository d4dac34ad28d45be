"""Running suites: one pure pipeline per cell, many cells at once, everything finished kept."""
