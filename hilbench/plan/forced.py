"""Kernels that have to be taken, for an experiment: which operators of a graph they are for."""

from __future__ import annotations

from collections.abc import Sequence

from hilbench.errors import UsageError, one_of
from hilbench.ir.graph import Graph
from hilbench.kernels.catalogue import catalogue, options
from hilbench.plan.lifetime import is_view


def forced_kernels(wanted: Sequence[str], graph: Graph, features: frozenset[str]) -> dict[int, str]:
    """The kernel of each operator, by position, for which one was named: "NAME" for all that it serves, "STEP=NAME".

    Raises:
        UsageError: there is no such kernel or step, the kernel does not serve it, or none at all.
    """
    found: dict[int, str] = {}
    for item in sorted(wanted, key=lambda item: "=" in item):
        step, _, name = item.rpartition("=")
        if name not in catalogue():
            raise UsageError(one_of("kernel", name, catalogue()))
        positions = [_position(item, int(step), graph)] if step else range(len(graph.ops))
        served = [p for p in positions if name in _serving(p, graph, features)]
        if not served:
            raise UsageError(f"kernel '{name}' {_serves_not(positions, graph, features)}")
        found |= dict.fromkeys(served, name)
    return found


def _position(item: str, step: int, graph: Graph) -> int:
    if step >= len(graph.ops):
        raise UsageError(f"--kernel {item}: there are steps 0 to {len(graph.ops) - 1} (hilbench plan lists them)")
    return step


def _serving(position: int, graph: Graph, features: frozenset[str]) -> list[str]:
    op = graph.ops[position]
    return [] if is_view(op, graph) else [option.kernel.name for option in options(op, graph, features)]


def _serves_not(positions: Sequence[int], graph: Graph, features: frozenset[str]) -> str:
    """What serves the operators instead."""
    others = dict.fromkeys(name for p in positions for name in _serving(p, graph, features))
    which = f"step {positions[0]}" if len(positions) == 1 else "any step of this model on this core"
    return f"does not serve {which}; right: {', '.join(others) or 'none, nothing is executed there'}"
