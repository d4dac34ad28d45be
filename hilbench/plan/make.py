"""From a graph and the name of a schedule to the plan: fold, choose kernels, order, propose, price, place."""

from __future__ import annotations

from hilbench.errors import UnsupportedModel, UnsupportedOp
from hilbench.ir.graph import Graph, Op
from hilbench.kernels.catalogue import choose, scratch_bytes
from hilbench.plan.fold import fold_pads
from hilbench.plan.lifetime import Working, is_view
from hilbench.plan.order import best_order, reordered
from hilbench.plan.plan import Plan
from hilbench.plan.search import choose_plan
from hilbench.variants.variant import SCHEDULES, Part


def make_plan(graph: Graph, schedule: Part, features: frozenset[str]) -> Plan:
    """The plan with the least arena of all that the scheduling proposes; then that with the least extra work.

    `features` are the instruction-set features of the core, which decide the kernels and so the scratch.

    Raises:
        UnsupportedModel: operators that no kernel serves, all at once, or a schedule that this graph does not allow.
    """
    folded = fold_pads(graph)
    working = _working(folded, features)
    order = best_order(folded, working)
    ready = reordered(folded, order)
    needs = [working[position] for position in order]
    proposals = SCHEDULES[schedule.name].propose(ready, schedule.argument, [need.scratch for need in needs])
    return choose_plan(ready, proposals, needs)


def _working(graph: Graph, features: frozenset[str]) -> list[Working]:
    """What the kernel chosen for every operator needs."""
    found: list[Working] = []
    missing: list[UnsupportedOp] = []
    for op in graph.ops:
        try:
            found.append(_served(op, graph, features))
        except LookupError as error:
            missing.append(UnsupportedOp(op.kind, op.index, op.outputs[0], str(error.args[0])))
    if missing:
        raise UnsupportedModel(graph.name, missing)
    return found


def _served(op: Op, graph: Graph, features: frozenset[str]) -> Working:
    if is_view(op, graph):
        return Working("")
    kernel = choose(op, graph, features)
    return Working(kernel.name, scratch_bytes(kernel, op, graph), kernel.in_place)
