"""`hilbench variants`: the techniques on each axis of a variant, and how a variant is written."""

from __future__ import annotations

from hilbench.cli.table import plain_grid
from hilbench.variants.variant import FORMATS, SCHEDULES, SPARSITIES


def command() -> None:
    """List the techniques that a variant is made of: format[+sparsity][+schedule]."""
    axes = (("format", FORMATS), ("sparsity", SPARSITIES), ("schedule", SCHEDULES))
    rows = [(axis, name, technique.summary) for axis, known in axes for name, technique in known.items()]
    plain_grid(("axis", "name", "what it does"), rows)
    print("written format[+sparsity][+schedule]: float32, int8+patch, int8+sparse:0.8+patch:2x2")
