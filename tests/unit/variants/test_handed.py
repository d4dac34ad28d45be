"""Maps that are handed over from one operator to the next."""

from __future__ import annotations

from hilbench.ir.graph import Graph
from hilbench.variants.handed import readers
from tests.nets import Net


def residuals(blocks: int) -> Graph:
    """Inverted residuals of one size, one after the other."""
    b = Net(1)
    x = b.conv(b.input((1, 8, 8, 4)), 4, 3)
    for _ in range(blocks):
        x = b.inverted(x, 4)
    b.classes(x)
    return b.done()


def test_a_residual_waits_for_its_skip_connection_alone() -> None:
    """The narrow map of a block goes to its ADD alone; what skips the block goes to two operators."""
    graph = residuals(2)
    found = readers(graph)
    adds = [position for position, op in enumerate(graph.ops) if op.kind == "ADD"]
    for position in adds:
        skip, branch = (str(name) for name in graph.ops[position].inputs)
        assert found[branch].position == position
        assert not found[branch].others & {skip}, "the branch is made of what the skip connection brings"
        assert skip not in found, "two operators read it"


def test_many_paths_through_a_net_are_walked_once() -> None:
    """Twice as many paths with every block: walked one by one, 64 blocks would not end."""
    graph = residuals(64)
    assert sum(op.kind == "ADD" for op in graph.ops) == 64
    assert len(readers(graph)) == 129
