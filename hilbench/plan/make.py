"""From a graph and the name of a schedule to the plan: fold, order, propose, price, place, choose kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from hilbench.errors import UnsupportedModel, UnsupportedOp
from hilbench.ir.graph import Graph
from hilbench.plan.fold import fold_pads
from hilbench.plan.order import best_order, reordered
from hilbench.plan.plan import Plan
from hilbench.plan.search import cheapest_plan, choose_plan
from hilbench.plan.storage import stored_by_price
from hilbench.plan.working import Kernels
from hilbench.variants.schedule import Schedule
from hilbench.variants.twice import again_macs, first_macs, repeated
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
    scheduling = SCHEDULES[schedule.name]
    folded = stored_by_price(fold_pads(graph), features)
    ready = reordered(folded, best_order(folded, [ways[0] for ways in Kernels(folded, features).whole()]))
    draft = _draft(ready, schedule, features, forced)
    limit = scheduling.budget(schedule.argument)
    if limit is None:
        along = draft.kernels.along
        return choose_plan(draft.graph, draft.proposals, lambda proposed: [ways[0] for ways in along(proposed)])
    budget = int((scheduling.macs(schedule.argument) - 1) * first_macs(ready))
    draft = _run_twice(draft, limit, budget, lambda more: _draft(more, schedule, features, forced))
    if draft.least.arena_bytes > limit > 0:
        raise UnsupportedModel(graph.name, [_too_large(draft.least, schedule)])
    return cheapest_plan(draft.graph, draft.proposals, draft.kernels.along, limit or draft.least.arena_bytes)


@dataclass(frozen=True)
class _Draft:
    """A graph as it may run, its kernels, and the schedules proposed for it."""

    graph: Graph
    kernels: Kernels
    proposals: Sequence[Schedule]

    @cached_property
    def least(self) -> Plan:
        """The plan of the least arena."""
        along = self.kernels.along
        return choose_plan(self.graph, self.proposals, lambda proposed: [ways[-1] for ways in along(proposed)])


def _draft(graph: Graph, schedule: Part, features: frozenset[str], forced: Sequence[str]) -> _Draft:
    kernels = Kernels(graph, features, forced)
    return _Draft(graph, kernels, list(SCHEDULES[schedule.name].propose(graph, schedule.argument, kernels.ways)))


def _run_twice(draft: _Draft, limit: int, macs: int, redraft: Callable[[Graph], _Draft]) -> _Draft:
    """With layers run twice, for `macs` in all, as far as that makes an arena of more than `limit` bytes smaller.

    One average after the other, where the arena is fullest; where several are as full only all of them together count.
    """
    best = draft
    while best.least.arena_bytes > limit:
        more = macs - again_macs(draft.graph)
        tried = [redraft(graph) for graph in repeated(draft.graph, _alive_at_peak(draft.least), more)]
        if not tried:
            break
        draft = min(tried, key=lambda each: each.least.arena_bytes)
        best = min(best, draft, key=lambda each: each.least.arena_bytes)
    return best


def _alive_at_peak(plan: Plan) -> set[str]:
    """Tensors in the arena at the step where it is fullest."""
    peak = max(plan.steps, key=lambda step: step.live_bytes).index
    return {name for buffer in plan.buffers if buffer.first <= peak <= buffer.last for name in buffer.holds}


def _too_large(plan: Plan, schedule: Part) -> UnsupportedOp:
    peak = max(plan.steps, key=lambda step: step.live_bytes)
    op = plan.graph.ops[peak.op]
    return UnsupportedOp(op.kind, op.index, op.outputs[0], f"'{schedule}' needs {plan.arena_bytes:,} bytes of arena")
