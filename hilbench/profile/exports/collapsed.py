"""Collapsed stacks: one line per stack, frames joined by semicolons, then the weight (Gregg, FlameGraph)."""

from __future__ import annotations

from hilbench.profile.export import Export, Weighted
from hilbench.profile.exports import EXPORTS


def write(profile: Weighted) -> str:
    """`step;function;file:line WEIGHT` per line."""
    frames = ((";".join(frame.replace(";", ",") for frame in stack.frames), stack.weight) for stack in profile.stacks)
    return "".join(f"{stack} {weight}\n" for stack, weight in frames)


EXPORTS.add("collapsed", Export("collapsed", ".txt", write))
