"""From a graph and the name of a schedule to the plan: fold, choose kernels, order, propose, price, place."""

from __future__ import annotations

from collections.abc import Sequence

from hilbench.errors import UnsupportedModel, UnsupportedOp
from hilbench.ir.graph import Graph, Op
from hilbench.kernels.catalogue import choose, scratch_bytes
from hilbench.plan.fold import fold_pads
from hilbench.plan.lifetime import Working, is_view
from hilbench.plan.order import best_order, reordered
from hilbench.plan.plan import Plan
from hilbench.plan.search import choose_plan, place_again
from hilbench.variants.variant import SCHEDULES, Part

FAST_FEATURES = frozenset({"dsp", "mve"})
"""Instructions for which kernels unpack their operands into scratch; those that do without need little or none."""


def make_plan(graph: Graph, schedule: Part, features: frozenset[str]) -> Plan:
    """The plan with the least arena of all that the scheduling proposes; then that with the least extra work.

    `features` are the instruction-set features of the core, which decide the kernels and so the scratch. Where the
    scheduling puts memory first, kernels with scratch are taken only as far as they do not make the arena larger, or
    than the bytes that it was given.

    Raises:
        UnsupportedModel: operators that no kernel serves, all at once, or a schedule that this graph does not allow.
    """
    folded = fold_pads(graph)
    fast = _working(folded, features)
    order = best_order(folded, fast)
    ready = reordered(folded, order)
    budget = SCHEDULES[schedule.name].budget(schedule.argument)
    if budget is None:
        return _least(ready, schedule, [fast[position] for position in order])
    lean = _working(ready, features - FAST_FEATURES)
    return _upgraded(_least(ready, schedule, lean), lean, [fast[position] for position in order], budget)


def _least(graph: Graph, schedule: Part, working: Sequence[Working]) -> Plan:
    proposals = SCHEDULES[schedule.name].propose(graph, schedule.argument, [each.scratch for each in working])
    return choose_plan(graph, proposals, working)


def _upgraded(plan: Plan, lean: Sequence[Working], fast: Sequence[Working], budget: int) -> Plan:
    """The plan with the faster kernels for which there is room; those with most scratch are given up first."""
    limit = max(plan.arena_bytes, budget)
    room = {step.op: limit - step.live_bytes for step in plan.steps}
    wanted = [p for p in range(len(fast)) if fast[p] != lean[p] and fast[p].scratch <= lean[p].scratch + room[p]]
    for count in range(len(wanted), 0, -1):
        taken = set(sorted(wanted, key=lambda p: fast[p].scratch)[:count])
        found = place_again(plan, [fast[p] if p in taken else lean[p] for p in range(len(fast))])
        if found.arena_bytes <= limit:
            return found
    return plan


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
