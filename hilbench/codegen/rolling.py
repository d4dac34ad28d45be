"""Rolling stages as tables: the maps of a stage, where their rings lie, and through which windows they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hilbench.codegen.steps import StepText, printable, short
from hilbench.ir.graph import Op
from hilbench.ir.region import Window
from hilbench.plan.lifetime import gather_name
from hilbench.plan.plan import Plan
from hilbench.variants.demand import POINT, grid, sums, windows
from hilbench.variants.schedule import Rolling
from hilbench.variants.stages import ring_inputs
from hilbench.variants.strips import rasters


@dataclass(frozen=True)
class InputText:
    """What a map reads of map `source`, pixel by pixel where it is a `point`.

    `window` is the arena offset where it is gathered, -1 where it is not.
    """

    source: int
    point: int
    rows: str
    cols: str
    window: int


@dataclass(frozen=True)
class MapText:
    """A map of the stage; `calls` compute a piece of it."""

    comment: str
    rows: int
    cols: int
    piece: int
    ring: int
    again: int
    pixel_bytes: int
    offset: int
    inputs: tuple[InputText, ...]
    calls: tuple[str, ...]


@dataclass(frozen=True)
class RollingText:
    """A rolling stage, its maps in the order in which they are numbered, which is from `first` on through all stages;
    per strip columns and pitch of each. It keeps its place at the arena offset `state`."""

    index: int
    first: int
    state: int
    maps: tuple[MapText, ...]
    strips: tuple[tuple[tuple[int, int, int], ...], ...]


def _state_offset(plan: Plan, stage: int) -> int:
    """Where in the arena a rolling stage keeps its place."""
    first = next(step.index for step in plan.steps if step.stage == stage)
    return next(buffer.offset for buffer in plan.buffers if buffer.kind == "state" and buffer.first == first)


def rolling_stages(plan: Plan, texts: Sequence[StepText]) -> list[RollingText]:
    """Every rolling stage of the plan."""
    found: list[RollingText] = []
    for i, stage in enumerate(plan.schedule.stages):
        if isinstance(stage, Rolling):
            first = sum(len(each.maps) for each in found)
            maps = tuple(_maps(plan, stage, texts))
            found.append(RollingText(i, first, _state_offset(plan, i), maps, _strips(plan, stage)))
    return found


def _strips(plan: Plan, stage: Rolling) -> tuple[tuple[tuple[int, int, int], ...], ...]:
    found = (rasters(plan.graph, stage.pieces, strip) for strip in stage.strips)
    return tuple(tuple((r.first, r.stop, r.pitch) for r in maps.values()) for maps in found)


def _maps(plan: Plan, stage: Rolling, texts: Sequence[StepText]) -> list[MapText]:
    numbers = {name: number for number, name in enumerate(stage.pieces)}
    by_output = {plan.graph.ops[step.op].outputs[0]: step.index for step in plan.steps}
    found = []
    for name in stage.pieces:
        if name in stage.streamed:
            found.append(_map(plan, stage, name, (), (_fetch(plan, name),)))
        else:
            step = by_output[name]
            op = plan.graph.ops[plan.steps[step].op]
            inputs = _inputs(plan, stage, op, numbers)
            calls = (f"hb_step_begin({step});", f"{texts[step].function}(piece);")
            found.append(_map(plan, stage, name, inputs, calls))
    return found


def _fetch(plan: Plan, name: str) -> str:
    """The call that gets the next pixels of a streamed input."""
    _, _, cols, channels = plan.graph[name].shape
    pixel = channels * plan.graph[name].dtype.size
    offset = f"(uint32_t)(piece->at.y0 * {cols} + piece->at.x0) * {pixel}"
    size = f"(uint32_t)(piece->at.x1 - piece->at.x0) * {pixel}"
    return f"hb_input_fetch({plan.graph.inputs.index(name)}, {offset}, {size}, piece->out.data);"


def _map(plan: Plan, stage: Rolling, name: str, inputs: tuple[InputText, ...], calls: tuple[str, ...]) -> MapText:
    tensor = plan.graph[name]
    position = plan.graph.producer.get(name)
    op = None if position is None else plan.graph.ops[position]
    rows, cols = tensor.shape[1:3] if op is None else grid(op, plan.graph)
    summed = op is not None and sums(op, plan.graph)
    return MapText(
        comment=printable(short(name)),
        rows=rows,
        cols=cols,
        piece=stage.pieces[name],
        ring=stage.rings.get(name, 0),
        again=stage.again.get(name, 0),
        pixel_bytes=0 if summed else tensor.shape[3] * tensor.dtype.size,
        offset=plan.buffer_of(name).offset,
        inputs=inputs,
        calls=calls,
    )


def _inputs(plan: Plan, stage: Rolling, op: Op, numbers: dict[str, int]) -> tuple[InputText, ...]:
    """The maps that an operator reads, and where what it reads of them is gathered."""
    gathers = {buffer.name: buffer.offset for buffer in plan.buffers if buffer.kind == "gather"}
    found = []
    for name in ring_inputs(op, stage):
        seen = windows(op, plan.graph, op.inputs.index(name))
        assert seen is not None, f"{op.kind} cannot run in pieces"
        rows, cols = (_axis(w, size) for w, size in zip(seen, plan.graph[name].shape[1:3], strict=True))
        point = int(seen == (POINT, POINT))
        found.append(InputText(numbers[name], point, rows, cols, gathers.get(gather_name(op, name), -1)))
    return tuple(found)


def _axis(window: Window, size: int) -> str:
    return f"{{{window.stride}, {window.before}, {window.extent}, {size}, {window.over}}}"
