"""What running in pieces costs in cycles besides the kernels: demands, and windows that are gathered."""

from __future__ import annotations

from hilbench.ir.graph import Graph, Op
from hilbench.variants.demand import grid
from hilbench.variants.schedule import Rolling

PIECE_CYCLES, BYTE_CYCLES = 680.0, 1.0
"""Cycles of a piece besides its kernel's, and of a byte that is moved; modelled for a Cortex-M4."""


SUM_CYCLES = 31.0
"""Cycles of a number that is added to the sums over a map that flows by."""


def summing(op: Op, graph: Graph, piece: int) -> float:
    """Cycles of adding a piece to the sums."""
    return SUM_CYCLES * piece * graph[str(op.inputs[0])].shape[3]


def calls(graph: Graph, stage: Rolling, op: Op) -> int:
    """How often the kernel of an operator is called in a rolling stage."""
    name = op.outputs[0]
    piece, rows = stage.pieces[name], grid(op, graph)[0]
    return rows * sum(-(-(strip[name][1] - strip[name][0]) // piece) for strip in stage.strips)


def gathering(gathered: int) -> float:
    """Cycles of putting a window of so many bytes together."""
    return BYTE_CYCLES * gathered


def overhead(graph: Graph, stage: Rolling, op: Op) -> float:
    """Cycles of an operator in a rolling stage besides its kernel's, gathers apart."""
    return PIECE_CYCLES * calls(graph, stage, op)
