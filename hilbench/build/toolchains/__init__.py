"""Toolchains, one per file."""
