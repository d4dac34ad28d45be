"""The gate: whether a run is worse than its baseline, and by which rule."""
