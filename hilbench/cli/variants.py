"""`hilbench variants`: the techniques on each axis of a variant, and how a variant is written."""

from __future__ import annotations

from hilbench.cli.table import plain_grid
from hilbench.variants.variant import FORMATS, KEEP, KERNEL, SCHEDULES, SHAPE, SPARSITIES


def command() -> None:
    """List the techniques that a variant is made of: format[+sparsity][+keep][+kernel][+schedule]."""
    axes = (("format", FORMATS), ("sparsity", SPARSITIES), ("schedule", SCHEDULES))
    rows = [(axis, name, technique.summary) for axis, known in axes for name, technique in known.items()]
    kept = ("elimination", KEEP, "int8 channels that are proven constant or unused are kept; without it, removed")
    forced = ("kernels", f"{KERNEL}:[STEP=]NAME,...", "these kernels are taken, in the steps that they serve")
    plain_grid(("axis", "name", "what it does"), [*rows, kept, forced])
    print(f"written {SHAPE}: float32, int8+patch, int8+keep, int8+sparse:0.8+patch:2x2")
