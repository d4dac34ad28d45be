"""What running in pieces costs in cycles besides the kernels: demands, windows that are gathered, rings that slide."""

from __future__ import annotations

from hilbench.ir.graph import Graph, Op
from hilbench.variants.demand import grid
from hilbench.variants.schedule import Rolling
from hilbench.variants.stages import ring_bytes

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


def overhead(graph: Graph, stage: Rolling, op: Op, gathered: int) -> float:
    """Cycles of an operator in a rolling stage besides its kernel's, where each piece gathers so many bytes."""
    count = calls(graph, stage, op)
    return PIECE_CYCLES * count + BYTE_CYCLES * (count * gathered + _slid(graph, stage, op.outputs[0], count))


def _slid(graph: Graph, stage: Rolling, name: str, pieces: int) -> int:
    """Bytes that are moved in all while a map slides."""
    if name not in stage.slides:
        return 0
    kept = stage.rings[name] - stage.pieces[name]
    return pieces * stage.pieces[name] // (stage.slides[name] - kept) * ring_bytes(graph, name, kept)
