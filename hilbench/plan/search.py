"""Which of the proposed schedules to take: each is priced by its lower bound, the promising ones are placed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hilbench.ir.graph import Graph
from hilbench.plan.arena import extent, place
from hilbench.plan.lifetime import Life, Working, is_view, live_bytes, lives, stage_ops
from hilbench.plan.patch import executed_macs
from hilbench.plan.plan import Buffer, Plan, Step
from hilbench.variants.schedule import Schedule
from hilbench.variants.strips import op_macs


@dataclass(frozen=True)
class Price:
    """A schedule before its buffers have places: no arena is below `bound` bytes."""

    bound: int
    macs: int
    schedule: Schedule


def choose_plan(graph: Graph, schedules: Iterable[Schedule], working: Callable[[Schedule], Sequence[Working]]) -> Plan:
    """The plan of the schedule with the least arena, then the fewest multiply-accumulates, then proposed first.

    `working(schedule)[p]` is what the kernel of the operator at position p needs in a schedule.
    """
    whole = tuple(op_macs(op, graph) for op in graph.ops)
    priced = (price(graph, schedule, working(schedule), whole) for schedule in schedules)
    prices = sorted(priced, key=lambda p: (p.bound, p.macs))
    best: Plan | None = None
    for candidate in prices:
        if best and (candidate.bound, candidate.macs) >= (best.arena_bytes, best.macs + best.extra_macs):
            break
        plan = place_schedule(graph, candidate.schedule, working(candidate.schedule), whole)
        if best is None or _rank(plan) < _rank(best):
            best = plan
    assert best is not None, "a scheduling proposes at least one schedule or raises"
    return best


def _rank(plan: Plan) -> tuple[int, int]:
    return plan.arena_bytes, plan.extra_macs


def price(graph: Graph, schedule: Schedule, working: Sequence[Working], whole: tuple[int, ...]) -> Price:
    """What a schedule needs at least, and what it computes."""
    live = live_bytes(lives(graph, schedule, working), len(graph.ops))
    return Price(max(live, default=0), sum(executed_macs(graph, schedule, whole)), schedule)


def place_again(plan: Plan, working: Sequence[Working], enough: int = 0) -> Plan:
    """The plan of the same graph and schedule with other kernels."""
    whole = tuple(op_macs(op, plan.graph) for op in plan.graph.ops)
    return place_schedule(plan.graph, plan.schedule, working, whole, enough)


def place_schedule(
    graph: Graph, schedule: Schedule, working: Sequence[Working], whole: tuple[int, ...], enough: int = 0
) -> Plan:
    """The plan of one schedule: every buffer gets its place, in an arena that need not be below `enough` bytes."""
    steps = len(graph.ops)
    found = lives(graph, schedule, working)
    offsets = place(found, steps, enough)
    macs = executed_macs(graph, schedule, whole)
    return Plan(
        graph=graph,
        schedule=schedule,
        steps=_steps(graph, schedule, working, found, macs),
        buffers=tuple(
            Buffer(life.name, life.kind, life.size, life.first, life.last, offset, life.holds)
            for life, offset in zip(found, offsets, strict=True)
        ),
        arena_bytes=extent(found, offsets),
        lower_bound_bytes=max(live_bytes(found, steps), default=0),
        macs=sum(whole),
        extra_macs=sum(macs) - sum(whole),
    )


def _steps(
    graph: Graph,
    schedule: Schedule,
    working: Sequence[Working],
    found: Sequence[Life],
    macs: Sequence[int],
) -> tuple[Step, ...]:
    live = live_bytes(found, len(graph.ops))
    scratch = {life.first: life.name for life in found if life.kind == "scratch"}
    order = [(stage, op) for stage, each in enumerate(schedule.stages) for op in stage_ops(each)]
    return tuple(
        Step(
            index=index,
            name=f"{index:02d}_{graph.ops[op].kind.lower()}",
            op=op,
            stage=stage,
            kernel=None if is_view(graph.ops[op], graph) else working[op].kernel,
            scratch=scratch.get(index),
            live_bytes=live[index],
            macs=macs[index],
        )
        for index, (stage, op) in enumerate(order)
    )
