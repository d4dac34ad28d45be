"""The plan: what runs in which order, with which kernel, and where every buffer lies in the arena."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import fsum
from typing import Literal

from hilbench.ir.graph import Graph
from hilbench.variants.schedule import Schedule

Kind = Literal["tensor", "window", "ring", "gather", "sums", "scratch", "state"]
"""What a buffer is for; `Buffer` says what each kind means."""


@dataclass(frozen=True)
class Buffer:
    """Bytes of the arena that live from step `first` to step `last`, both included.

    `kind`: "tensor" holds a whole tensor, "window" the part of one patch, "ring" the pixels that a rolling stage keeps,
    "gather" the pixels of a ring that one step reads, put together; "sums" those over a map that flows by; "scratch"
    the working space of the kernel of one step; "state" where a rolling stage is. `holds` names the tensors in it
    (several where they share bytes); empty for the last four kinds.
    """

    name: str
    kind: Kind
    size: int
    first: int
    last: int
    offset: int
    holds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One operator as it runs. `op` is its position in the graph; `stage` its position in the schedule.

    `kernel` is None where nothing has to be executed (a RESHAPE whose output shares its input's bytes).
    `live_bytes` is the memory in use while it runs: sum of the sizes of the live buffers.
    `macs` counts what is executed: every tap of the window of every pixel that is computed, those on padding too, zeros
    of sparse weights left out; pixels that are computed again count again.
    `tile` are the pixels that the kernel has to be content with at a time, 0 leaves that to it.
    `cycles` are modelled for a Cortex-M4 from what the kernel's contract and the schedule say, 0 where it says nothing.
    """

    index: int
    name: str
    op: int
    stage: int
    kernel: str | None
    scratch: str | None
    live_bytes: int
    macs: int
    cycles: float = 0.0
    tile: int = 0


@dataclass(frozen=True)
class Plan:
    """Everything that code generation needs besides the weights.

    `arena_bytes` is the size of the arena; `lower_bound_bytes` the largest live set over the steps, which no placement
    can beat. `macs` are the multiply-accumulates that compute something for the first time: all of layer by layer, less
    the pixels of which a schedule finds that nobody reads them. `extra_macs`, never below 0, compute it once more: in
    halos, in columns that strips share, in operators that run again. Their sum is executed.
    A buffer of kind tensor holds the whole of its tensors; what a window holds is in the schedule's regions. `graph` is
    the graph as it runs: PAD folded, operators in the order that was found best.
    """

    graph: Graph
    schedule: Schedule
    steps: tuple[Step, ...]
    buffers: tuple[Buffer, ...]
    arena_bytes: int
    lower_bound_bytes: int
    macs: int
    extra_macs: int

    def buffer_of(self, tensor: str) -> Buffer:
        """The buffer that holds a computed tensor (or its window)."""
        for buffer in self.buffers:
            if tensor in buffer.holds:
                return buffer
        raise KeyError(tensor)

    @property
    def cycles(self) -> float:
        """Modelled cycles of all steps that have any."""
        return fsum(step.cycles for step in self.steps)

    def digest(self) -> str:
        """SHA-256 of the plan, the graph included, as hex."""
        text = repr((self.graph.digest(), self.schedule, self.steps, self.buffers, self.arena_bytes))
        return hashlib.sha256(text.encode()).hexdigest()
