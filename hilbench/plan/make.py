"""From a graph and the name of a schedule to the plan: fold, order, propose, price, place, choose kernels."""

from __future__ import annotations

from collections.abc import Sequence

from hilbench.errors import UnsupportedModel, UnsupportedOp
from hilbench.ir.graph import Graph
from hilbench.plan.fold import fold_pads
from hilbench.plan.order import best_order, reordered
from hilbench.plan.plan import Plan
from hilbench.plan.search import cheapest_plan, choose_plan
from hilbench.plan.storage import stored_by_price
from hilbench.plan.working import Kernels
from hilbench.variants.variant import SCHEDULES, Part


def make_plan(graph: Graph, schedule: Part, features: frozenset[str], forced: Sequence[str] = ()) -> Plan:
    """The plan of the schedule that needs least of all that the scheduling proposes, with the cheapest kernels.

    `features` are the instruction-set features of the core, which decide the kernels and so the scratch. Where the
    scheduling puts memory first, kernels are the cheapest with which the arena is no larger than it has to be, or than
    the bytes that it was given. `forced` are kernels that have to be taken (`Variant.kernels`).

    Raises:
        UsageError: a forced kernel does not exist, or serves nothing here.
        UnsupportedModel: operators that no kernel serves, all at once; a schedule that this graph does not allow; or
            fewer bytes than any plan needs.
    """
    folded = stored_by_price(fold_pads(graph), features)
    ready = reordered(folded, best_order(folded, [ways[0] for ways in Kernels(folded, features).whole()]))
    kernels, scheduling = Kernels(ready, features, forced), SCHEDULES[schedule.name]
    proposals = list(scheduling.propose(ready, schedule.argument, kernels.ways))
    limit = scheduling.budget(schedule.argument)
    if limit is None:
        return choose_plan(ready, proposals, lambda proposed: [ways[0] for ways in kernels.along(proposed)])
    least = choose_plan(ready, proposals, lambda proposed: [ways[-1] for ways in kernels.along(proposed)])
    if least.arena_bytes > limit > 0:
        raise UnsupportedModel(ready.name, [_too_large(least, schedule)])
    return cheapest_plan(ready, proposals, kernels.along, limit or least.arena_bytes)


def _too_large(plan: Plan, schedule: Part) -> UnsupportedOp:
    peak = max(plan.steps, key=lambda step: step.live_bytes)
    op = plan.graph.ops[peak.op]
    return UnsupportedOp(op.kind, op.index, op.outputs[0], f"'{schedule}' needs {plan.arena_bytes:,} bytes of arena")
