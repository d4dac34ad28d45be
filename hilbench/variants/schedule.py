"""Schedules: in what order the operators of a graph run, and over which parts of their feature maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hilbench.ir.region import Region


@dataclass(frozen=True)
class Layer:
    """One operator, run whole. `op` is its position in the graph."""

    op: int


@dataclass(frozen=True)
class Patches:
    """Operators `ops` (positions, ascending) run once per patch, as in MCUNetV2 (Lin et al. 2021, section 3.1).

    `grid` is (rows, columns). `regions[p][tensor]` is the part of a tensor that patch p holds (for tensors read or
    written inside the stage), halo included. Tensors in `outputs` leave the stage: they exist whole, and each patch
    writes its region into them; the other tensors written inside exist only as the window of one patch.
    """

    ops: tuple[int, ...]
    grid: tuple[int, int]
    regions: tuple[Mapping[str, Region], ...]
    outputs: tuple[str, ...]


Stage = Layer | Patches


@dataclass(frozen=True)
class Schedule:
    """Stages in execution order; together they run every operator of the graph once (or once per patch)."""

    stages: tuple[Stage, ...]
