"""Cycles of single calls of kernels on the emulated nucleo_l4r5zi, beside what their contracts say.

    python benchmarks/cycles.py [--kernel NAME] [--pieces 1,4,16] [--fit "TERM, TERM"] [MODEL.tflite ...]

Every step of the networks (those of MLPerf Tiny by default, see benchmarks/kernels.py) is run by itself by each kernel
that serves it, whole and in pieces of one row, on whatever lies in the arena: the outputs mean nothing here
(tests/conformance holds them against the reference), and the cycles hardly depend on them. With --fit the terms, each
an expression over the facts, get the factors that make the sum of their products come closest to all that was measured
of the kernel, by relative error and none below zero: the expression to put into the contract.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from kernels import networks, profiled
from scipy.optimize import nnls

from hilbench.boards import Board, find
from hilbench.build.execute import execute
from hilbench.build.plan import prepare
from hilbench.codegen import generate
from hilbench.ir.attrs import Bottleneck, Conv2D, DepthwiseConv2D
from hilbench.ir.graph import Attrs, Graph, Op, Tensor
from hilbench.ir.region import Window
from hilbench.kernels.catalogue import Kernel, evaluate, facts_of, options, scratch_bytes
from hilbench.kernels.family import TILED, Argument
from hilbench.plan.fold import fold_pads
from hilbench.plan.plan import Buffer, Plan, Step
from hilbench.variants.channelwise import as_one, inverted
from hilbench.variants.schedule import Layer, Schedule
from hilbench.variants.transform import transform
from hilbench.variants.variant import Variant

ROOM = 280 * 1024
"""Arena of a run: inputs, outputs and scratch lie in it wherever they begin, one step's over another's."""


@dataclass(frozen=True)
class Call:
    """One call of a kernel: the operator of a graph of its own."""

    graph: Graph
    kernel: Kernel


def alone(graph: Graph, op: Op) -> Graph:
    """A graph of one operator."""
    names = dict.fromkeys((*op.present_inputs, *op.outputs))
    computed = tuple(dict.fromkeys(name for name in op.present_inputs if graph[name].data is None))
    return Graph(graph.name, {name: graph[name] for name in names}, (op,), computed, op.outputs)


def piece_of(graph: Graph, piece: int) -> Graph | None:
    """The operator of a graph writing `piece` pixels of one row from an input of just the pixels that it reads."""
    (op,) = graph.ops
    x, y = graph[op.present_inputs[0]], graph[op.outputs[0]]
    if op.kind not in TILED or piece > y.shape[2]:
        return None
    assert isinstance(op.attrs, Conv2D | DepthwiseConv2D | Bottleneck)
    rows, cols = (replace(window, before=0, after=0) for window in (op.attrs.y, op.attrs.x))
    shape = (1, rows.extent, (piece - 1) * cols.stride + cols.extent, x.shape[3])
    made = graph.with_tensors([replace(x, shape=shape), replace(y, shape=(1, 1, piece, y.shape[3]))])
    return replace(made, ops=(replace(op, attrs=_with_windows(op.attrs, rows, cols)),))


def _with_windows(attrs: Conv2D | DepthwiseConv2D | Bottleneck, rows: Window, cols: Window) -> Attrs:
    """The same over other windows."""
    if not isinstance(attrs, Bottleneck):
        return replace(attrs, y=rows, x=cols)
    wide, narrow = (replace(tensor, shape=(1, 1, 1, tensor.shape[3])) for tensor in attrs.maps)
    return replace(attrs, depthwise=replace(attrs.depthwise, y=rows, x=cols), maps=(wide, narrow))


def calls(graph: Graph, pieces: Sequence[int], features: frozenset[str], wanted: str) -> Iterator[Call]:
    """Every step of a network, whole and in pieces, with every kernel; equal steps once."""
    seen = set()
    for of, op in _steps(graph):
        whole = alone(of, op)
        for one in (whole, *(piece_of(whole, piece) for piece in pieces)):
            if one is None:
                continue
            for option in options(one.ops[0], one, features):
                key = (option.kernel.name, tuple(sorted(facts_of(one.ops[0], one).items(), key=str)))
                if wanted in ("", option.kernel.name) and key not in seen:
                    seen.add(key)
                    yield Call(one, option.kernel)


def _steps(graph: Graph) -> Iterator[tuple[Graph, Op]]:
    """Every operator with its graph, then every inverted residual as one."""
    yield from ((graph, op) for op in graph.ops)
    for first in inverted(graph):
        one = as_one(graph, first)
        yield one, one.ops[first]


def side_by_side(made: Sequence[Call]) -> Plan:
    """A plan that runs every call, all in the same bytes."""
    tensors: dict[str, Tensor] = {}
    ops = []
    for i, call in enumerate(made):
        (op,) = call.graph.ops
        new = {name: f"{i}.{name}" for name in call.graph.tensors}
        tensors |= {new[name]: replace(tensor, name=new[name]) for name, tensor in call.graph.tensors.items()}
        inputs = tuple(None if name is None else new[name] for name in op.inputs)
        ops.append(replace(op, inputs=inputs, outputs=(new[op.outputs[0]],)))
    graph = Graph("calls", tensors, tuple(ops), ops[0].outputs, ops[-1].outputs)
    steps, buffers = [], []
    for i, (call, op) in enumerate(zip(made, ops, strict=True)):
        scratch = scratch_bytes(call.kernel, op, graph)
        steps.append(Step(i, f"{i}", i, i, call.kernel.name, f"scratch {i}" if scratch else None, 0, 0))
        computed = [name for name in dict.fromkeys((*op.present_inputs, *op.outputs)) if graph[name].data is None]
        buffers += [Buffer(name, "tensor", graph[name].nbytes, i, i, 0, (name,)) for name in computed]
        buffers.append(Buffer(f"scratch {i}", "scratch", scratch, i, i, ROOM - 4 - scratch // 4 * 4))
    return Plan(graph, Schedule(tuple(map(Layer, range(len(ops))))), tuple(steps), tuple(buffers), ROOM, ROOM, 0, 0)


@dataclass(frozen=True)
class Measured:
    """A call, what its kernel's expressions may name beside the others' calls, and its cycles."""

    call: Call
    facts: dict[str, Argument]
    cycles: int


def measured(made: Sequence[Call], board: Board) -> list[Measured]:
    """All calls in one program."""
    plan = side_by_side(made)
    image = execute(prepare(generate(plan, "calls"), board, target="qemu", optimize="-O2"))
    priced = profiled(plan, image, board, {}, {})
    cycles = [section.cycles for section in priced.sections if section.step >= 0]
    facts = [facts_of(op, plan.graph) for op in plan.graph.ops]
    return [Measured(*one) for one in zip(made, facts, cycles, strict=True)]


def show(one: Measured) -> None:
    """A line, with the relative error of what the contract says."""
    call, cycles = one.call, one.cycles
    said = evaluate(call.kernel, call.kernel.contract.cycles or "0", one.facts)
    shape = "x".join(str(n) for n in call.graph[call.graph.ops[0].present_inputs[0]].shape[1:])
    out = "x".join(str(n) for n in call.graph[call.graph.ops[0].outputs[0]].shape[1:])
    error = 100 * (said / cycles - 1)
    print(f"{call.kernel.name:42} {shape:>12} {out:>12} {cycles:>10,} {said:>10,} {error:>+7.1f}%")


def fit(terms: Sequence[str], found: Sequence[Measured]) -> None:
    """The factors of the terms."""
    rows = [[evaluate(one.call.kernel, term, one.facts) / one.cycles for term in terms] for one in found]
    matrix = np.array(rows)
    factors, _ = nnls(matrix, np.ones(len(found)))
    errors = matrix @ factors - 1
    kept = [
        f"{factor:.3g}" if term == "1" else f"{factor:.3g} * {term}"
        for factor, term in zip(factors, terms, strict=True)
        if factor > 0
    ]
    print(f'cycles = "{" + ".join(kept)}"')
    print(f"error: {100 * np.abs(errors).mean():.1f} % on average, {100 * np.abs(errors).max():.1f} % at most")


def main(arguments: argparse.Namespace) -> None:
    """Measure, print, fit."""
    board, variant = find(arguments.board), Variant.parse(arguments.variant)
    pieces = [int(piece) for piece in arguments.pieces.split(",")]
    found: list[Measured] = []
    for _, graph in networks(arguments.models):
        folded = fold_pads(transform(graph, variant, None).graph)
        if made := list(calls(folded, pieces, board.core.features, arguments.kernel)):
            found += measured(made, board)
    for one in found:
        show(one)
    if arguments.fit and found:
        fit([term.strip() for term in arguments.fit.split(",")], found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--kernel", default="", help="this one only")
    parser.add_argument("--pieces", default="1,2,4,8,16,48")
    parser.add_argument("--variant", default="int8")
    parser.add_argument("--board", default="nucleo_l4r5zi")
    parser.add_argument("--fit", default="", help="terms of an expression, separated by commas")
    main(parser.parse_args())
