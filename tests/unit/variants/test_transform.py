"""What comes after format and sparsity: elimination, and what the row says about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hilbench.ir.dtype import DType
from hilbench.ir.reference import macs, run
from hilbench.variants.transform import transform
from hilbench.variants.variant import Variant
from tests.graphs import random_graph, random_inputs
from tests.unit.ir.test_eliminate import two_convolutions

INT8, KEPT = Variant.parse("int8"), Variant.parse("int8+keep")


def test_what_is_eliminated_is_noted() -> None:
    graph = two_convolutions(5, 0, dead=7)
    done, kept = transform(graph, INT8), transform(graph, KEPT)
    assert done.notes == (f"elimination: {macs(done.graph):,} of {macs(graph):,} MACs left",)
    assert macs(done.graph) < macs(graph)
    assert (kept.graph, kept.notes) == (graph, ())
    x = random_inputs(graph, 1)
    np.testing.assert_array_equal(run(done.graph, x)["y"], run(graph, x)["y"])


def test_where_nothing_can_go_the_graph_stays() -> None:
    graph = two_convolutions(5, 0, dead=3)  # four channels, which is the least that a group holds
    assert transform(graph, INT8).graph is graph
    assert transform(graph, INT8).notes == ()


def test_float_graphs_have_nothing_to_eliminate() -> None:
    graph = random_graph(5, DType.FLOAT32)
    assert transform(graph, Variant.parse("float32")).graph is graph


def test_sparsity_comes_first() -> None:
    """Channels that pruning leaves without weights are eliminated too."""
    graph = two_convolutions(0, 0, dead=7)
    weights = np.arange(1, 9, dtype=np.int8).reshape(-1, 1, 1, 1)
    graph = graph.with_tensors([replace(graph["w1"], data=weights), replace(graph["w2"], data=graph["w2"].values * 0)])
    assert transform(graph, Variant.parse("int8+sparse:0.5")).graph["m"].shape[3] == 4
    assert transform(graph, Variant.parse("int8+sparse:0.5+keep")).graph["m"].shape[3] == 8
