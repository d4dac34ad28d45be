"""Layer by layer: every operator runs whole, in the graph's order."""

from __future__ import annotations

from collections.abc import Iterator

from hilbench.ir.graph import Graph
from hilbench.variants.schedule import Layer, Schedule
from hilbench.variants.variant import LAYERS, SCHEDULES, Scheduling, Scratch, no_argument


def layer_by_layer(graph: Graph) -> Schedule:
    """The schedule that runs every operator whole."""
    return Schedule(tuple(Layer(position) for position in range(len(graph.ops))))


def _propose(graph: Graph, argument: str, scratch: Scratch) -> Iterator[Schedule]:
    yield layer_by_layer(graph)


SCHEDULES.add(LAYERS, Scheduling(LAYERS, "one operator after the other, each whole", no_argument(LAYERS), _propose))
