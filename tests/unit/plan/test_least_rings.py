"""Rings at least: never more pixels than running the demands finds, which is what stages are left out by."""

from __future__ import annotations

import pytest

from hilbench.variants.demand import Followed, Raster, follow, grid, least_rings
from tests.nets import NETS


def followed(net: str, piece: int) -> tuple[Followed, dict[str, int]]:
    """The longest stage of a net that begins with its input, up to where the first map is averaged or reshaped."""
    graph = NETS[net](2)
    ops = []
    for position, op in enumerate(graph.ops):
        if op.kind in {"MEAN", "RESHAPE"}:
            break
        ops.append(position)
    last = graph.ops[ops[-1]].outputs[0]
    rasters = {graph.ops[p].outputs[0]: Raster(*_rows(grid(graph.ops[p], graph)), piece) for p in ops}
    rasters |= {name: Raster(*_rows(graph[name].shape[1:3]), piece) for name in graph.inputs}
    exact = follow(graph, ops, rasters, graph.inputs, {last})
    return exact, least_rings(graph, ops, rasters, graph.inputs)


def _rows(shape: tuple[int, ...]) -> tuple[int, int, int]:
    return shape[0], 0, shape[1]


@pytest.mark.parametrize("piece", [1, 5, 64])
@pytest.mark.parametrize("net", ["detector", "segmenter", "sequence", "wide"])
def test_never_more_than_the_demands_need(net: str, piece: int) -> None:
    exact, least = followed(net, piece)
    found = {name: (least[name], pixels) for name, pixels in exact.rings.items() if name in least}
    assert len(found) > 5
    assert all(low <= pixels for low, pixels in found.values()), found
    assert sum(low for low, _ in found.values()) > 0.9 * sum(pixels for _, pixels in found.values())
