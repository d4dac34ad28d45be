"""Plots, one per file; each registers itself."""
