"""From a graph and the name of a schedule to the plan: fold, order, propose, price, place, choose kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf

from hilbench.errors import UnsupportedModel, UnsupportedOp
from hilbench.ir.graph import Graph
from hilbench.kernels.catalogue import catalogue, expanded_bytes
from hilbench.plan.fold import fold
from hilbench.plan.order import best_order, reordered
from hilbench.plan.plan import Plan
from hilbench.plan.search import cheapest_plan, choose_plan
from hilbench.plan.storage import stored_by_price
from hilbench.plan.working import Kernels
from hilbench.variants.schedule import Schedule
from hilbench.variants.twice import again_macs, first_macs, repeated
from hilbench.variants.variant import LAYERS, SCHEDULES, Part

CODE_BYTES = 48 * 1024
"""Flash that is left to code and tables where weights may be expanded: more than any network here needs."""


def make_plan(
    graph: Graph, schedule: Part, features: frozenset[str], forced: Sequence[str] = (), flash: float = inf
) -> Plan:
    """The plan of the schedule that needs least of all that the scheduling proposes, with the cheapest kernels.

    `features` are the instruction-set features of the core, which decide the kernels and so the scratch. Where the
    scheduling puts memory first, kernels are the cheapest with which the arena is no larger than it has to be, or than
    the bytes that it was given. `forced` are kernels that have to be taken (`Variant.kernels`). Kernels that expand
    their weights are taken where all constants together leave room for the code in `flash` bytes.

    Raises:
        UsageError: a forced kernel does not exist, or serves nothing here.
        UnsupportedModel: operators that no kernel serves, all at once; a schedule that this graph does not allow; or
            fewer bytes than any plan needs.
    """
    folded = stored_by_price(fold(graph), features)
    ready = reordered(folded, best_order(folded, [ways[0] for ways in Kernels(folded, features).whole()]))
    plan = _planned(ready, schedule, lambda again: Kernels(again, features, forced))
    if _expansion(plan) == 0 or _constant_bytes(plan) + _expansion(plan) + CODE_BYTES <= flash:
        return plan
    return _planned(ready, schedule, lambda again: Kernels(again, features, forced, expanding=False))


def _constant_bytes(plan: Plan) -> int:
    """Bytes of weights and other constants, as the model has them."""
    names = {name for op in plan.graph.ops for name in op.present_inputs if plan.graph[name].data is not None}
    return sum(plan.graph[name].nbytes for name in names)


def _expansion(plan: Plan) -> int:
    """Bytes of flash that they take beyond that, as the kernels keep them."""
    kernels = ((catalogue()[step.kernel], plan.graph.ops[step.op]) for step in plan.steps if step.kernel)
    return sum(expanded_bytes(kernel, op, plan.graph) for kernel, op in kernels if kernel.expands)


def _planned(ready: Graph, schedule: Part, kernels: Callable[[Graph], Kernels]) -> Plan:
    """The plan of a graph that is ready to run, or to run parts of twice."""
    scheduling = SCHEDULES[schedule.name]
    ready = scheduling.prepare(ready, schedule.argument, lambda graph: kernels(graph).ways)
    draft = _draft(ready, schedule, kernels(ready))
    limit = scheduling.budget(schedule.argument)
    if limit is None:
        along = draft.kernels.along
        return choose_plan(draft.graph, draft.proposals, lambda proposed: [ways[0] for ways in along(proposed)])
    budget = int((scheduling.macs(schedule.argument) - 1) * first_macs(ready))
    draft = _run_twice(draft, limit, budget, lambda more: _draft(more, schedule, kernels(more)))
    if draft.least.arena_bytes > limit > 0:
        raise UnsupportedModel(ready.name, [_too_large(draft.least, schedule)])
    return cheapest_plan(draft.least, draft.proposals, draft.kernels.along, limit or draft.least.arena_bytes)


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


def _draft(graph: Graph, schedule: Part, kernels: Kernels) -> _Draft:
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
    hint = "" if schedule.name == LAYERS else "; without arena= the least is looked for"
    why = f"'{schedule}': what was found needs {plan.arena_bytes:,} bytes of arena{hint}"
    return UnsupportedOp(op.kind, op.index, op.outputs[0], why)
