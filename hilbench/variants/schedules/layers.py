"""Layer by layer: every operator runs whole, in the graph's order.

The argument `arena=BYTES` gives kernels with so much scratch only that the arena has at most so many bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

from hilbench.errors import UsageError
from hilbench.ir.graph import Graph
from hilbench.variants.schedule import Layer, Schedule
from hilbench.variants.variant import LAYERS, SCHEDULES, Scheduling, Ways


def layer_by_layer(graph: Graph) -> Schedule:
    """The schedule that runs every operator whole."""
    return Schedule(tuple(Layer(position) for position in range(len(graph.ops))))


def _propose(graph: Graph, argument: str, ways: Ways) -> Iterator[Schedule]:
    yield layer_by_layer(graph)


def _budget(argument: str) -> int | None:
    """Bytes of arena that were given."""
    if not argument:
        return None
    key, _, value = argument.partition("=")
    if key != "arena" or not value.isascii() or not value.isdigit() or int(value) == 0:
        raise UsageError(f"'{LAYERS}' takes arena=BYTES, got '{argument}'; right: {LAYERS}, {LAYERS}:arena=65536")
    return int(value)


def _check(argument: str) -> None:
    _budget(argument)


SCHEDULES.add(
    LAYERS,
    Scheduling(LAYERS, "layers[:arena=BYTES]: one operator after the other, each whole", _check, _propose, _budget),
)
