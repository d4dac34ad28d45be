"""What running in pieces costs in cycles besides the kernels: demands, and windows that are gathered."""

from __future__ import annotations

from hilbench.ir.graph import Graph, Op
from hilbench.variants.demand import grid
from hilbench.variants.schedule import Rolling

PIECE_CYCLES, FETCH_CYCLES, BYTE_CYCLES = 750.0, 450.0, 1.0
"""Cycles of a piece besides its kernel's, of a piece of a streamed input, and of a byte that is gathered, on a
Cortex-M4."""

SUM_CYCLES = 10.0
"""Cycles of a number that is added to the sums over a map that flows by."""


def summing(op: Op, graph: Graph, piece: int) -> float:
    """Cycles of adding a piece to the sums."""
    return SUM_CYCLES * piece * graph[str(op.inputs[0])].shape[3]


def calls(graph: Graph, stage: Rolling, op: Op) -> int:
    """How often the kernel of an operator is called in a rolling stage."""
    return _pieces(stage, op.outputs[0], grid(op, graph)[0])


def _pieces(stage: Rolling, name: str, rows: int) -> int:
    """Pieces of a map, in all strips."""
    return rows * sum(-(-(strip[name][1] - strip[name][0]) // stage.pieces[name]) for strip in stage.strips)


def gathering(gathered: int) -> float:
    """Cycles of putting a window of so many bytes together."""
    return BYTE_CYCLES * gathered


def overhead(graph: Graph, stage: Rolling, op: Op) -> float:
    """Cycles of an operator in a rolling stage besides its kernel's, gathers apart; with those of inputs that it is the
    first to read."""
    fetched = [n for n in stage.streamed if op is graph.ops[next(p for p in graph.consumers[n] if p in stage.ops)]]
    fetches = sum(_pieces(stage, name, graph[name].shape[1]) for name in fetched)
    return PIECE_CYCLES * calls(graph, stage, op) + FETCH_CYCLES * fetches
