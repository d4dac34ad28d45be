"""Which of the proposed schedules to take: each is priced by its lower bound, the promising ones are placed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf

from hilbench.ir.graph import Graph
from hilbench.plan.arena import extent, place
from hilbench.plan.lifetime import Life, Working, is_view, live_bytes, lives, stage_ops
from hilbench.plan.patch import executed_macs, needed_macs
from hilbench.plan.plan import Buffer, Plan, Step
from hilbench.variants.bands import bands
from hilbench.variants.prices import calls, gathering, overhead
from hilbench.variants.schedule import Layer, Rolling, Schedule
from hilbench.variants.stages import ALIGNMENT
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
        useless = best.arena_bytes + ALIGNMENT if best else inf
        plan = place_schedule(graph, candidate.schedule, working(candidate.schedule), whole, useless=useless)
        if best is None or _rank(plan) < _rank(best):
            best = plan
    assert best is not None, "a scheduling proposes at least one schedule or raises"
    return best


def _rank(plan: Plan) -> tuple[int, int]:
    return plan.arena_bytes, plan.macs + plan.extra_macs


def price(graph: Graph, schedule: Schedule, working: Sequence[Working], whole: tuple[int, ...]) -> Price:
    """What a schedule needs at least, and what it computes."""
    live = live_bytes(lives(graph, schedule, working), len(graph.ops))
    return Price(max(live, default=0), sum(executed_macs(graph, schedule, whole)), schedule)


def cheapest_plan(
    least: Plan, schedules: Iterable[Schedule], ways: Callable[[Schedule], Sequence[Sequence[Working]]], limit: int
) -> Plan:
    """The plan with the fewest cycles of those whose arena has at most `limit` bytes.

    `ways(schedule)[p]` are the kernels for the operator at position p, the cheapest first and the leanest last. `least`
    is one with the leanest that fits; a search for places within a limit may give up where another one had found them.
    """
    graph = least.graph
    whole = tuple(op_macs(op, graph) for op in graph.ops)
    lean = [(schedule, [each[-1] for each in ways(schedule)]) for schedule in schedules]
    small = [each for each in lean if price(graph, *each, whole).bound <= limit]
    plans = [place_schedule(graph, *each, whole, enough=limit) for each in small]
    found = [plan for plan in plans if plan.arena_bytes <= limit] or [least]
    fitting = [_within(plan, ways(plan.schedule), limit) for plan in found]
    best, working = min(fitting, key=lambda each: (each[0].cycles, each[0].lower_bound_bytes))
    return min(place_schedule(graph, best.schedule, working, whole), best, key=lambda plan: plan.arena_bytes)


def _within(plan: Plan, ways: Sequence[Sequence[Working]], limit: int) -> tuple[Plan, list[Working]]:
    """The plan with the cheapest kernels for which there is room in `limit` bytes, which it needs with the leanest.

    A step's scratch lives in that step alone, so what fits beside its live tensors is known beforehand; but buffers may
    not be placed without gaps. Then scratch is given up in the steps where the arena is too large, as much as that is.
    """
    whole = tuple(op_macs(op, plan.graph) for op in plan.graph.ops)
    room = {step.op: limit - step.live_bytes + ways[step.op][-1].needs for step in plan.steps}
    while True:
        working = [_cheapest(each, room[position]) for position, each in enumerate(ways)]
        found = place_schedule(plan.graph, plan.schedule, working, whole, enough=limit)
        if found.arena_bytes <= limit:
            return found, working
        spare = [p for p, each in enumerate(working) if each is not ways[p][-1]]
        if not spare:
            return plan, working
        for position in _beyond(found, spare, limit):
            room[position] = min(room[position], working[position].needs) - (found.arena_bytes - limit)


def _cheapest(ways: Sequence[Working], room: int) -> Working:
    return next((each for each in ways if each.needs <= room), ways[-1])


def _beyond(plan: Plan, positions: Sequence[int], limit: int) -> list[int]:
    """Of operators those in whose steps buffers lie beyond the limit; all of them if there is none."""
    high = [buffer for buffer in plan.buffers if buffer.offset + buffer.size > limit]
    there = {step.op for step in plan.steps if any(each.first <= step.index <= each.last for each in high)}
    return [p for p in positions if p in there] or list(positions)


def place_schedule(
    graph: Graph,
    schedule: Schedule,
    working: Sequence[Working],
    whole: tuple[int, ...],
    *,
    enough: int = 0,
    useless: float = inf,
) -> Plan:
    """The plan of one schedule: every buffer gets its place, in an arena of at most `enough` bytes if it can be.

    No effort is made for arenas of `useless` bytes or more.
    """
    steps = len(graph.ops)
    found = lives(graph, schedule, working)
    offsets = place(found, steps, enough, useless)
    macs = executed_macs(graph, schedule, whole)
    needed = needed_macs(graph, schedule, whole)
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
        macs=needed,
        extra_macs=sum(macs) - needed,
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
    cycles = _cycles(graph, schedule, working, macs)
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
            cycles=cycles[index],
            tile=working[op].tile,
        )
        for index, (stage, op) in enumerate(order)
    )


def _cycles(graph: Graph, schedule: Schedule, working: Sequence[Working], macs: Sequence[int]) -> list[float]:
    """Modelled cycles of every step; of patches in proportion to what they compute."""
    found: list[float] = []
    for stage in schedule.stages:
        for position in stage_ops(stage):
            op, once = graph.ops[position], working[position].cycles
            if isinstance(stage, Rolling):
                each = once + gathering(working[position].gathers)
                found.append(calls(graph, stage, op) * each + overhead(graph, stage, op))
            elif isinstance(stage, Layer) and stage.rows:
                found.append(len(bands(op, graph, stage.rows)) * once)
            else:
                whole = op_macs(op, graph)
                found.append(once * macs[len(found)] / whole if whole else once)
    return found
