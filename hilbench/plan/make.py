"""From a graph and the name of a schedule to the plan: fold, choose kernels, order, propose, price, place."""

from __future__ import annotations

from hilbench.ir.graph import Graph
from hilbench.plan.fold import fold_pads
from hilbench.plan.order import best_order, reordered
from hilbench.plan.plan import Plan
from hilbench.plan.search import choose_plan, place_again
from hilbench.plan.working import FAST_FEATURES, Kernels
from hilbench.variants.variant import SCHEDULES, Part


def make_plan(graph: Graph, schedule: Part, features: frozenset[str]) -> Plan:
    """The plan with the least arena of all that the scheduling proposes; then that with the least extra work.

    `features` are the instruction-set features of the core, which decide the kernels and so the scratch. Where the
    scheduling puts memory first, kernels with scratch are taken only as far as they do not make the arena larger, or
    than the bytes that it was given.

    Raises:
        UnsupportedModel: operators that no kernel serves, all at once, or a schedule that this graph does not allow.
    """
    folded = fold_pads(graph)
    ready = reordered(folded, best_order(folded, Kernels(folded, features).whole()))
    fast = Kernels(ready, features)
    budget = SCHEDULES[schedule.name].budget(schedule.argument)
    if budget is None:
        return _least(ready, schedule, fast)
    return _within(ready, schedule, fast, budget)


def _least(graph: Graph, schedule: Part, kernels: Kernels) -> Plan:
    kernels.whole()
    proposals = SCHEDULES[schedule.name].propose(graph, schedule.argument, kernels.scratch)
    return choose_plan(graph, proposals, kernels.along)


def _within(graph: Graph, schedule: Part, fast: Kernels, budget: int) -> Plan:
    """With the fast kernels where that is possible within the budget, else the least arena with those that fit."""
    if budget:
        plan = _least(graph, schedule, fast)
        if plan.arena_bytes <= budget:
            return plan
    lean = Kernels(graph, fast.features - FAST_FEATURES)
    return _upgraded(_least(graph, schedule, lean), lean, fast, budget)


def _upgraded(plan: Plan, lean: Kernels, fast: Kernels, budget: int) -> Plan:
    """The plan with the faster kernels for which there is room; those with most scratch are given up first."""
    limit = max(plan.arena_bytes, budget)
    room = {step.op: limit - step.live_bytes for step in plan.steps}
    slow, quick = lean.along(plan.schedule), fast.along(plan.schedule)
    wanted = [p for p in range(len(slow)) if quick[p] != slow[p] and quick[p].scratch <= slow[p].scratch + room[p]]
    for count in range(len(wanted), 0, -1):
        taken = set(sorted(wanted, key=lambda p: quick[p].scratch)[:count])
        found = place_again(plan, [quick[p] if p in taken else slow[p] for p in range(len(slow))])
        if found.arena_bytes <= limit:
            return found
    return plan
