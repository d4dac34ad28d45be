"""Schedules: in what order the operators of a graph run, and over which parts of their feature maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from hilbench.ir.region import Region

Spans = Mapping[str, tuple[int, int]]
"""For each tensor of a stage the half-open range of rows (or of columns) that one row (or column) of patches holds."""


@dataclass(frozen=True)
class Patches:
    """Operators `ops` (positions, ascending) run once per patch, as in MCUNetV2 (Lin et al. 2021, section 3.1).

    `rows[r][tensor]` and `cols[c][tensor]` are the ranges that the patch in row r and column c of the grid holds of a
    tensor that is read or written inside the stage, halo included. Tensors in `outputs` leave the stage: they exist
    whole, and each patch writes its region into them; the other tensors written inside exist only as the window of
    one patch.
    """

    ops: tuple[int, ...]
    rows: tuple[Spans, ...]
    cols: tuple[Spans, ...]
    outputs: tuple[str, ...]

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return len(self.rows), len(self.cols)

    @cached_property
    def regions(self) -> tuple[Mapping[str, Region], ...]:
        """`regions[p][tensor]`: the part of a tensor that patch p holds; patches run row by row."""
        return tuple(
            {tensor: Region(*row[tensor], *col[tensor]) for tensor in row} for row in self.rows for col in self.cols
        )


@dataclass(frozen=True)
class Overlap:
    """The whole output of a stage may lie in its whole input's bytes, beginning `lead` bytes before it or earlier.

    Then every piece of the output is written where the input has been read for the last time.
    """

    output: str
    input: str
    lead: int


@dataclass(frozen=True)
class Layer:
    """One operator, run whole. `op` is its position in the graph.

    A BOTTLENECK works on so many `rows` of its output at a time (0: on all of them); then its output may overlap its
    input. `in_place`: only kernels are taken whose output may lie in an input that dies.
    """

    op: int
    rows: int = 0
    overlap: Overlap | None = None
    in_place: bool = False


@dataclass(frozen=True)
class Rolling:
    """Operators `ops` (positions, ascending) run in turns, a few pixels of a row at a time, each on demand of the next.

    A tensor that is written inside exists whole if it is in `outputs`; of every other one a ring of `rings[tensor]`
    pixels is kept, in which pixel p of the map, counted row by row, lies in slot p modulo the ring. The first
    `again[tensor]` slots are there twice, the second time behind the last one, so that what is read of a row is always
    one run. `pieces[tensor]` is the number of pixels that are written at a time; the last ones of a row may be fewer,
    but have as much room. Graph inputs in `streamed` are not resident: they arrive in
    pieces too, and only a ring of them is kept; with `reread` they can be asked for again.

    The stage runs once per strip: `strips[s][tensor]` are the columns that are written of each tensor. Columns that
    several strips read are computed by each of them.
    """

    ops: tuple[int, ...]
    pieces: Mapping[str, int]
    rings: Mapping[str, int]
    outputs: tuple[str, ...]
    strips: tuple[Spans, ...]
    streamed: tuple[str, ...] = ()
    reread: bool = False
    overlap: Overlap | None = None
    again: Mapping[str, int] = field(default_factory=dict)

    def pixels(self, tensor: str) -> int:
        """Pixels for which there is room, of a tensor that does not exist whole."""
        return self.rings[tensor] + self.again.get(tensor, 0)


Stage = Layer | Patches | Rolling


@dataclass(frozen=True)
class Schedule:
    """Stages in execution order; together they run every operator of the graph once (or once per patch)."""

    stages: tuple[Stage, ...]
