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
    lean = fast if budget is None else Kernels(ready, features - FAST_FEATURES)
    lean.whole()

    def scratch(position: int, piece: int) -> tuple[int, int]:
        return lean.of(position, piece).scratch, fast.of(position, piece).scratch

    plan = choose_plan(ready, SCHEDULES[schedule.name].propose(ready, schedule.argument, scratch), lean.along)
    return plan if budget is None else _upgraded(plan, lean, fast, budget)


def _upgraded(plan: Plan, lean: Kernels, fast: Kernels, budget: int) -> Plan:
    """The plan with the faster kernels for which there is room; those with most scratch are given up first."""
    limit = max(plan.arena_bytes, budget)
    room = {step.op: limit - step.live_bytes for step in plan.steps}
    slow, quick = lean.along(plan.schedule), fast.along(plan.schedule)
    wanted = [p for p in range(len(slow)) if quick[p] != slow[p] and quick[p].scratch <= slow[p].scratch + room[p]]
    for count in range(len(wanted), 0, -1):
        taken = set(sorted(wanted, key=lambda p: quick[p].scratch)[:count])
        mixed = [quick[p] if p in taken else slow[p] for p in range(len(slow))]
        if place_again(plan, mixed, limit).arena_bytes <= limit:
            return place_again(plan, mixed)
    return plan
