"""Many small graphs in one program, compiled for this machine with sanitizers: plans made by hand, with guards."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from hilbench.codegen import generate
from hilbench.ir.attrs import Pad
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.opdef import OPS
from hilbench.ir.region import Region
from hilbench.kernels.catalogue import Kernel, scratch_bytes
from hilbench.plan.plan import Buffer, Plan, Step
from hilbench.resources import shipped
from hilbench.variants.schedule import Layer, Patches, Schedule, Stage

GUARD = 16
FILL = 0xA5

MAIN = """
#include "hb_model.h"
#include <stdio.h>
#include <string.h>

void hb_step_begin(uint16_t step)
{
    (void)step;
}

int main(void)
{
    memset(hb_model.arena, 0xA5, hb_model.arena_bytes);
    for (int i = 0; i < hb_model.inputs; i++) {
        const hb_port *port = &hb_model.input[i];
        if (fread(hb_model.arena + port->offset, 1, port->bytes, stdin) != port->bytes) {
            return 2;
        }
    }
    hb_model.run();
    return fwrite(hb_model.arena, 1, hb_model.arena_bytes, stdout) != hb_model.arena_bytes;
}
"""


@dataclass(frozen=True)
class Case:
    """One operator to run with one kernel: whole, or in patches cut at these output rows and columns.

    Run whole, the output may be told to lie in the input `over`. The kernel may be told to be content with `tile`
    pixels at a time.
    """

    graph: Graph
    kernel: Kernel
    cuts: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    over: str | None = None
    tile: int = 0


def merged(graphs: Sequence[Graph]) -> Graph:
    """All graphs side by side; graph i's names get the prefix `gi.`."""
    tensors, ops, inputs, outputs = {}, [], [], []
    for i, graph in enumerate(graphs):
        renamed = {name: f"g{i}.{name}" for name in graph.tensors}
        tensors |= {renamed[name]: replace(tensor, name=renamed[name]) for name, tensor in graph.tensors.items()}
        for op in graph.ops:
            names = tuple(None if name is None else renamed[name] for name in op.inputs)
            ops.append(replace(op, inputs=names, outputs=tuple(renamed[name] for name in op.outputs)))
        inputs += [renamed[name] for name in graph.inputs]
        outputs += [renamed[name] for name in graph.outputs]
    return Graph("merged", tensors, tuple(ops), tuple(inputs), tuple(outputs))


def windowed(graph: Graph) -> Graph:
    """The graph's one operator behind copies of its inputs (PAD by nothing), so that these can be windows."""
    (op,) = graph.ops
    copies = [Op("PAD", (name,), (f"{name}.copy",), Pad(((0, 0),) * 4)) for name in graph.inputs]
    tensors = {**graph.tensors, **{f"{n}.copy": replace(graph[n], name=f"{n}.copy") for n in graph.inputs}}
    inputs = tuple(f"{name}.copy" if name in graph.inputs else name for name in op.inputs)
    return Graph(graph.name, tensors, (*copies, replace(op, inputs=inputs)), graph.inputs, graph.outputs)


def patchable(graph: Graph) -> bool:
    """Whether every computed input of the one operator can be a window."""
    (op,) = graph.ops
    shapes = [graph[name].shape for name in (*graph.inputs, *op.outputs)]
    one = Region(0, 1, 0, 1)
    if not set(graph.inputs) <= set(op.inputs) or any(len(shape) != 4 or shape[0] != 1 for shape in shapes):
        return False
    return all(
        OPS[op.kind].input_region(op, graph, op.present_inputs.index(name), one) is not None for name in graph.inputs
    )


def plan(cases: Sequence[Case]) -> Plan:
    """Every buffer by itself, guards between them."""
    graph = merged([windowed(case.graph) if case.cuts else case.graph for case in cases])
    stages: list[Stage] = []
    ran: list[Case | None] = []
    for case in cases:
        first = len(ran)
        if case.cuts is None:
            stages.append(Layer(first))
        else:
            ran += [None] * len(case.graph.inputs)
            stages.append(_patches(graph, tuple(range(first, len(ran) + 1)), case.cuts))
        ran.append(case)
    over = {f"g{i}.{case.graph.outputs[0]}": f"g{i}.{case.over}" for i, case in enumerate(cases) if case.over}
    return _placed(graph, Schedule(tuple(stages)), ran, over)


def _patches(graph: Graph, positions: tuple[int, ...], cuts: tuple[tuple[int, ...], tuple[int, ...]]) -> Patches:
    op = graph.ops[positions[-1]]
    _, height, width, _ = graph[op.outputs[0]].shape
    rows = [_spans(graph, op, 0, edges) for edges in _pairs(cuts[0], height)]
    cols = [_spans(graph, op, 1, edges) for edges in _pairs(cuts[1], width)]
    return Patches(positions, tuple(rows), tuple(cols), op.outputs)


def _pairs(cuts: tuple[int, ...], size: int) -> Iterable[tuple[int, int]]:
    edges = sorted({0, size, *(cut for cut in cuts if 0 < cut < size)})
    return pairwise(edges)


def _spans(graph: Graph, op: Op, axis: int, edges: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Rows (axis 0) or columns (axis 1) of everything that the stage reads or writes."""
    start, stop = edges
    out = Region(start, stop, 0, 1) if axis == 0 else Region(0, 1, start, stop)
    spans = {op.outputs[0]: edges}
    for which, name in enumerate(op.inputs):
        if name is None or graph[name].data is not None:
            continue
        region = OPS[op.kind].input_region(op, graph, which, out)
        assert region is not None
        span = (region.y0, region.y1) if axis == 0 else (region.x0, region.x1)
        if name in spans:
            span = min(span[0], spans[name][0]), max(span[1], spans[name][1])
        spans[name] = span
    return spans | {name.removesuffix(".copy"): span for name, span in spans.items() if name.endswith(".copy")}


def _placed(graph: Graph, schedule: Schedule, ran: Sequence[Case | None], over: Mapping[str, str]) -> Plan:
    windows, into = _windows(graph, schedule), {name: output for output, name in over.items()}
    buffers: list[Buffer] = []
    offset = GUARD

    def place(name: str, kind: str, size: int, holds: tuple[str, ...]) -> None:
        nonlocal offset
        buffers.append(Buffer(name, kind, size, 0, len(graph.ops) - 1, offset, holds))  # type: ignore[arg-type]
        offset += -(-size // 8) * 8 + GUARD

    for name, tensor in graph.tensors.items():
        if tensor.data is None and name not in over:
            kind = "window" if name in windows else "tensor"
            place(name, kind, windows.get(name, tensor.nbytes), (name, into[name]) if name in into else (name,))
    steps = []
    stage_of = {op: i for i, stage in enumerate(schedule.stages) for op in _ops(stage)}
    for position, op in enumerate(graph.ops):
        case = ran[position]
        scratch = scratch_bytes(case.kernel, op, graph, case.tile) if case else 0
        if scratch:
            place(f"scratch {position}", "scratch", scratch, ())
        name, tile = (case.kernel.name, case.tile) if case else ("pad", 0)
        at = f"scratch {position}" if scratch else None
        steps.append(
            Step(position, f"{position} {op.kind}", position, stage_of[position], name, at, offset, 0, 0.0, tile)
        )
    return Plan(graph, schedule, tuple(steps), tuple(buffers), offset, offset, 0, 0)


def _ops(stage: Stage) -> tuple[int, ...]:
    return (stage.op,) if isinstance(stage, Layer) else stage.ops


def _windows(graph: Graph, schedule: Schedule) -> dict[str, int]:
    """Bytes of the largest window of each tensor that exists only in parts."""
    sizes: dict[str, int] = {}
    for stage in schedule.stages:
        if isinstance(stage, Patches):
            for position in stage.ops[:-1]:
                (name,) = graph.ops[position].outputs
                pixels = max(region[name].pixels for region in stage.regions)
                sizes[name] = pixels * graph[name].shape[3] * graph[name].dtype.size
    return sizes


def compiled(planned: Plan, folder: Path, flags: Sequence[str]) -> Path:
    """The program of a plan; compiler output is the assertion's text where it fails."""
    for name, text in {**generate(planned, "conformance"), "main.c": MAIN}.items():
        (folder / name).write_text(text)
    program = folder / "program"
    include = [f"-I{shipped('firmware', part)}" for part in ("kernels", "runtime")]
    sources = [str(folder / name) for name in ("main.c", "model.c", "weights.c")]
    command = ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", *flags, *include, *sources, "-lm", "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return program


def run(program: Path, planned: Plan, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The graph's outputs; fails if a sanitizer speaks or a guard between buffers was written."""
    given = b"".join(inputs[name].tobytes() for name in planned.graph.inputs)
    done = subprocess.run([str(program)], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    arena = np.frombuffer(done.stdout, np.uint8)
    untouched = np.ones(len(arena), bool)
    for buffer in planned.buffers:
        untouched[buffer.offset : buffer.offset + buffer.size] = False
    assert (arena[untouched] == FILL).all(), "a kernel wrote outside of its buffers"
    return {name: _read(arena, planned, name) for name in planned.graph.outputs}


def _read(arena: Array, planned: Plan, name: str) -> Array:
    tensor, offset = planned.graph[name], planned.buffer_of(name).offset
    return arena[offset : offset + tensor.nbytes].view(tensor.dtype.numpy).reshape(tensor.shape)
