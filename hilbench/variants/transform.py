"""The graph of a variant: its format applied, then its sparsity, then elimination; the schedule is the planner's."""

from __future__ import annotations

from hilbench.ir.eliminate import eliminate
from hilbench.ir.graph import Graph
from hilbench.ir.reference import macs
from hilbench.ir.verify import verify
from hilbench.variants.variant import FORMATS, SPARSITIES, Calibration, Transformed, Variant


def transform(graph: Graph, variant: Variant, calibration: Calibration | None = None) -> Transformed:
    """`graph` in the format and sparsity of `variant`, verified, with notes for the row.

    Raises:
        UnsupportedModel: an operator cannot be brought into the format.
        ConfigError: the calibration data do not suit the graph's inputs.
    """
    done = FORMATS[variant.format.name].apply(graph, variant.format.argument, calibration)
    if variant.sparsity is not None:
        pruned = SPARSITIES[variant.sparsity.name].apply(done.graph, variant.sparsity.argument)
        done = Transformed(pruned.graph, done.notes + pruned.notes)
    if variant.eliminate:
        done = _eliminated(done)
    verify(done.graph)
    return done


def _eliminated(done: Transformed) -> Transformed:
    """Without what its outputs do not need; as it is where that saves nothing."""
    smaller = eliminate(done.graph).graph
    before, after = macs(done.graph), macs(smaller)
    if before == after:
        return done
    return Transformed(smaller, (*done.notes, f"elimination: {after:,} of {before:,} MACs left"))
