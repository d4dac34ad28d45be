"""What an export is: stacks of step, function and line with whole weights that add up to the profile's total."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hilbench.profile.attribution import Cost


@dataclass(frozen=True)
class Stack:
    """Frames from the outermost in, and their weight in `Weighted.unit`."""

    frames: tuple[str, ...]
    weight: int


@dataclass(frozen=True)
class Weighted:
    """A profile for a viewer. `unit` is "cycles" or "instructions"; `hz` turns cycles into time, 0 for no clock."""

    name: str
    unit: str
    hz: int
    stacks: tuple[Stack, ...]

    @property
    def total(self) -> int:
        """Sum of the weights."""
        return sum(stack.weight for stack in self.stacks)


@dataclass(frozen=True)
class Export:
    """A format: the suffix of its files and how its text is written."""

    name: str
    suffix: str
    write: Callable[[Weighted], str]


def weigh(name: str, costs: Iterable[Cost], hz: int = 0) -> Weighted:
    """Stacks of `costs`, steps and functions in order of first appearance: by cycles, or else by instructions.

    The running sum is rounded, not each weight, so that the weights add up to the rounded total.
    """
    kept = tuple(costs)
    unit = "cycles" if any(cost.cycles for cost in kept) else "instructions"
    sums: dict[tuple[str, ...], float] = {}
    for cost in kept:
        frames = _frames(cost)
        sums[frames] = sums.get(frames, 0.0) + (cost.cycles if unit == "cycles" else cost.executions)
    places = {prefix: place for place, prefix in enumerate(f[:depth] for f in sums for depth in range(1, len(f) + 1))}
    ordered = sorted(sums, key=lambda frames: [places[frames[:depth]] for depth in range(1, len(frames) + 1)])
    stacks, running, before = [], 0.0, 0
    for frames in ordered:
        running += sums[frames]
        stacks.append(Stack(frames, round(running) - before))
        before = round(running)
    return Weighted(name, unit, hz, tuple(stack for stack in stacks if stack.weight))


def _frames(cost: Cost) -> tuple[str, ...]:
    return (cost.step, cost.function, cost.line) if cost.text else (cost.step, cost.function)
