"""Random nets through every family of schedules: bit-exact, and no arena larger than it may be.

    python -m tests.conformance.fuzz --seeds 0:200                    # on this machine, under sanitizers
    python -m tests.conformance.fuzz --seeds 0:50 --board mps3-an547 --target qemu

The same seed gives the same net and the same variants. A net has odd windows (1×1 to 7×7, stride 1 to 3, dilation,
padding on one side), odd channels, branches, gates, enlargements and several outputs, and now and then multipliers that
saturate and biases near their limits. What fails is printed with its seed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from math import prod

import numpy as np

from hilbench.boards import find
from hilbench.build import execute, prepare
from hilbench.codegen import generate
from hilbench.errors import HilbenchError, UnsupportedModel
from hilbench.ir.attrs import Attrs, Conv2D, DepthwiseConv2D, Elementwise, Mean
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, QuantParams
from hilbench.ir.reference import run
from hilbench.ir.region import Window
from hilbench.plan.make import make_plan
from hilbench.plan.plan import Plan
from hilbench.targets.target import TARGETS, Session
from hilbench.variants.transform import transform
from hilbench.variants.variant import LAYERS, SCHEDULES, Part, Variant
from tests.graphs import MAKERS, UNIT, Builder, classifier, hollowed, random_inputs, weighted

CHANNELS = (1, 2, 3, 5, 7, 8, 16, 17)
SIZES = (1, 2, 3, 5, 8, 11, 16, 20, 25)
LARGEST = 6000
"""Elements of the largest map that anything else is made of."""

PADDING = 4
"""Pixels of padding on one side at most."""

SCHEDULES_TRIED = (
    "layers", "patch", "patch:2x2", "patch:1x3", "rolling", "rolling:pixels=1", "rolling:pixels=3",
    "rolling:pixels=rows",
    "rolling:mac=1.5", "rolling:input=streamed", "rolling:input=streamed,pixels=2", "rolling:input=streamed,mac=2",
    "rolling:input=reread,mac=1.2", "rolling:input=reread,mac=3",
)  # fmt: skip
SPARSE = ("sparse:0.7", "sparse:0.6,block=1x4", "sparse:0.8,block=2x1")
CORES = ("mps2-an386", "nucleo_g0b1re", "mps3-an547", "mps2-an385")
"""Boards whose kernels are tried on the host."""

SLACK = 64
"""Bytes by which what was touched may be below the plan: alignment, and scratch that a kernel asks for to be safe."""


class Wild(Builder):
    """A net whose windows and numbers are chosen to be awkward."""

    def channels(self) -> int:
        return int(self.pick(*CHANNELS))  # type: ignore[call-overload]

    def window(self, size: int) -> Window:
        """One that is not wholly in padding."""
        kernel, stride = int(self.pick(1, 1, 2, 3, 3, 5, 7)), int(self.pick(1, 1, 2, 3))  # type: ignore[call-overload]
        plain = Window(kernel, stride, self.number(2, 3) if kernel > 1 and self.chance(15) else 1)
        short = max(plain.extent - size, 0)
        before = self.number(0, min(plain.extent - 1, PADDING))
        after = max(short - before, 0) + (self.number(0, 2) if self.chance(50) else 0)
        padded = replace(plain, before=before, after=min(after, plain.extent - 1))
        fits = padded.outputs(size) >= 1 and (padded.outputs(size) - 1) * stride - before < size
        return padded if size + before + padded.after >= plain.extent and fits else Window(1, stride)

    def sums(self, x: str, shape: tuple[int, ...], axis: int) -> tuple[str, str | None, QuantParams]:
        """Weights, bias and output quantization; one in six is near what the numbers can hold."""
        terms = prod(shape[:axis] + shape[axis + 1 :])
        w, bias, quant = weighted(self, x, shape, axis, terms)
        if bias is not None and self.chance(8):
            most = 2**31 - 1 - terms * 255 * 127
            data = self.rng.choice([most, -most, 0, 1], shape[axis]).astype(np.int32)
            self.tensors[bias] = replace(self.tensors[bias], data=data)
        if self.chance(10):
            factor = float(self.pick(1e-6, 1e-3, 30.0, 1e4))  # type: ignore[arg-type]
            quant = QuantParams((float(np.float32(quant.scale[0] * factor)),), quant.zero_point)
        return w, bias, quant


def convolution(b: Wild, x: str) -> str:
    _, height, width, depth = b.shape(x)
    rows, cols = b.window(height), b.window(width)
    out = b.channels()
    if depth > 1 and depth % 2 == 0 and b.chance(8):  # two groups
        depth, out = depth // 2, 2 * out
    w, bias, quant = b.sums(x, (out, rows.kernel, cols.kernel, depth), 0)
    return b.op("CONV_2D", (x, w, bias), Conv2D(rows, cols, b.activation()), quant)


def depthwise(b: Wild, x: str) -> str:
    _, height, width, depth = b.shape(x)
    rows, cols = b.window(height), b.window(width)
    times = int(b.pick(1, 1, 1, 1, 2, 3, 8)) if depth <= 8 else 1  # type: ignore[call-overload]
    w, bias, quant = b.sums(x, (1, rows.kernel, cols.kernel, depth * times), 3)
    return b.op("DEPTHWISE_CONV_2D", (x, w, bias), DepthwiseConv2D(rows, cols, times, b.activation()), quant)


def pointwise(b: Wild, x: str) -> str:
    w, bias, quant = b.sums(x, (b.channels(), 1, 1, b.shape(x)[3]), 0)
    return b.op("CONV_2D", (x, w, bias), Conv2D(Window(1), Window(1), b.activation()), quant)


def gate(b: Wild, x: str) -> str:
    """Squeeze and excitation."""
    mean = b.op("MEAN", (x,), Mean((1, 2), True), b.like(x))
    narrow = pointwise(b, mean)
    w, bias, quant = b.sums(narrow, (b.shape(x)[3], 1, 1, b.shape(narrow)[3]), 0)
    wide = b.op("CONV_2D", (narrow, w, bias), Conv2D(Window(1), Window(1)), quant)
    gates = b.op("LOGISTIC", (wide,), Attrs(), UNIT)
    return b.op("MUL", (x, gates), Elementwise(), b.quant(b.tensors[x].scale * 0.7))


def shift(b: Wild, x: str) -> str:
    """A map and its mean, added up."""
    mean = b.op("MEAN", (x,), Mean((1, 2), True), b.quant(b.tensors[x].scale * 0.5))
    return b.op("ADD", (x, mean) if b.chance(50) else (mean, x), Elementwise(b.activation()), b.quant())


def residual(b: Wild, x: str) -> str:
    """Something of the same shape, added."""
    depth = b.shape(x)[3]
    around = Window(3, 1, 1, 1, 1)
    w, bias, quant = b.sums(x, (1, 3, 3, depth), 3)
    y = b.op("DEPTHWISE_CONV_2D", (x, w, bias), DepthwiseConv2D(around, around, 1, b.activation()), quant)
    w, bias, quant = b.sums(y, (depth, 1, 1, depth), 0)
    y = b.op("CONV_2D", (y, w, bias), Conv2D(Window(1), Window(1)), quant)
    return residual_sum(b, x, y)


def inverted(b: Wild, x: str) -> str:
    """An inverted residual, with its sum where the shapes allow it."""
    depth = b.shape(x)[3]
    w, bias, quant = b.sums(x, (depth * b.number(1, 3), 1, 1, depth), 0)
    y = b.op("CONV_2D", (x, w, bias), Conv2D(Window(1), Window(1), b.activation()), quant)
    rows, cols = b.window(b.shape(y)[1]), b.window(b.shape(y)[2])
    w, bias, quant = b.sums(y, (1, rows.kernel, cols.kernel, b.shape(y)[3]), 3)
    y = b.op("DEPTHWISE_CONV_2D", (y, w, bias), DepthwiseConv2D(rows, cols, 1, b.activation()), quant)
    w, bias, quant = b.sums(y, (depth, 1, 1, b.shape(y)[3]), 0)
    y = b.op("CONV_2D", (y, w, bias), Conv2D(Window(1), Window(1)), quant)
    return residual_sum(b, x, y) if b.shape(x) == b.shape(y) else y


def residual_sum(b: Wild, x: str, y: str) -> str:
    return b.op("ADD", (x, y), Elementwise(), b.quant(b.tensors[x].scale + b.tensors[y].scale))


BLOCKS: tuple[Callable[[Wild, str], str], ...] = (
    convolution, convolution, depthwise, depthwise, depthwise, pointwise, pointwise, gate, shift, residual, residual,
)  # fmt: skip
OTHERS = ("ADD", "MUL", "SUB", "AVERAGE_POOL_2D", "MAX_POOL_2D", "PAD", "CONCATENATION", "RESIZE_NEAREST_NEIGHBOR")
RARE = ("RELU", "LOGISTIC", "QUANTIZE", "TRANSPOSE", "SOFTMAX", "MEAN")


def net(seed: int) -> Graph:
    """A net of 2 to 12 blocks, most of whose outputs depend on its inputs.

    Every tenth has channels that nothing needs, every fifth is of inverted residuals for the most part.
    """
    for attempt in count():
        try:
            graph = _draft(seed + 10**6 * attempt)
        except ValueError:  # scales too far apart for an operator
            continue
        found = run(graph, random_inputs(graph, seed))
        if sum(len(np.unique(found[name])) > 4 or found[name].size <= 8 for name in graph.outputs) * 2 >= len(
            graph.outputs
        ):
            return hollowed(graph, seed) if seed % 10 == 0 else graph
    raise AssertionError("attempts never end")


def _draft(seed: int) -> Graph:
    b = Wild(seed, DType.INT8)
    size = (int(b.pick(*SIZES)), int(b.pick(*SIZES)))  # type: ignore[call-overload]
    maps = [b.input((1, *size, b.channels()))]
    for _ in range(b.number(2, 12)):
        x = maps[-1] if b.chance(75) else maps[b.rng.integers(len(maps))]
        made = inverted(b, x) if seed % 5 == 4 and b.chance(70) else _block(b, x, maps)
        if len(b.shape(made)) == 4 and b.tensors[made].elements <= LARGEST:
            maps.append(made)
    if b.chance(40):
        classifier(b, maps[-1])
    return b.done()


def _block(b: Wild, x: str, maps: list[str]) -> str:
    if b.chance(65):
        return BLOCKS[b.rng.integers(len(BLOCKS))](b, x)
    kinds = RARE if b.chance(15) else OTHERS
    return MAKERS[kinds[b.rng.integers(len(kinds))]](b, x, maps)


def variants(seed: int, number: int) -> list[Variant]:
    """Some of the schedules; one in four with sparse weights, where there are any that can be."""
    rng = np.random.default_rng(seed)
    prunable = any(op.kind in ("CONV_2D", "FULLY_CONNECTED") for op in net(seed).ops)
    schedules = rng.permutation(SCHEDULES_TRIED)[:number]
    found = []
    for schedule in schedules:
        sparse = f"+{rng.choice(SPARSE)}" if prunable and rng.integers(4) == 0 else ""
        found.append(Variant.parse(f"int8{sparse}+{schedule}" if schedule != LAYERS else f"int8{sparse}"))
    return found


def check(seed: int, variant: Variant, board_name: str, target: str = "host", optimize: str = "-O1") -> str:
    """Run one net in one variant.

    Returns:
        "ok", or why the technique does not apply to this net.

    Raises:
        AssertionError: an output differs, or the plan breaks a promise.
        HilbenchError: it cannot be planned, built or run.
    """
    board = find(board_name)
    graph = transform(net(seed), variant).graph
    try:
        plan = make_plan(graph, variant.schedule, board.core.features)
    except UnsupportedModel as error:
        if not _may_refuse(variant):
            raise
        return str(error)
    _promises(graph, variant, plan, make_plan(graph, Part(LAYERS), board.core.features))
    image = execute(prepare(generate(plan, f"net{seed}"), board, target=target, optimize=optimize))
    inputs = random_inputs(graph, seed)
    expected = run(graph, inputs)
    with TARGETS[target].open(board, image) as session:
        for name, found in _outputs(session, plan, inputs).items():
            np.testing.assert_array_equal(found, expected[name], err_msg=name)
        for mark in session.watermarks():
            if mark.region == "arena":
                assert mark.used <= plan.arena_bytes <= mark.used + SLACK, f"planned {plan.arena_bytes}, {mark}"
    return "ok"


def _may_refuse(variant: Variant) -> bool:
    argument = variant.schedule.argument
    return (variant.schedule.name == "patch" and bool(argument)) or "input=" in argument


def _promises(graph: Graph, variant: Variant, plan: Plan, layers: Plan) -> None:
    """What holds for every plan, whatever was asked for."""
    assert plan.lower_bound_bytes <= plan.arena_bytes
    assert all(buffer.offset + buffer.size <= plan.arena_bytes for buffer in plan.buffers)
    chosen = variant.schedule.name in ("patch", "rolling") and not _may_refuse(variant)
    assert not chosen or plan.arena_bytes <= layers.arena_bytes, f"{plan.arena_bytes} above {layers.arena_bytes}"
    assert plan.extra_macs >= 0, f"{plan.extra_macs} extra MACs"
    if variant.schedule.name == "rolling":
        budget = SCHEDULES["rolling"].macs(variant.schedule.argument)
        executed, whole = (sum(each) for each in ((s.macs for s in plan.steps), (s.macs for s in layers.steps)))
        assert executed <= budget * whole, f"{executed} MACs, of {whole} for each pass"


def _outputs(session: Session, plan: Plan, inputs: dict[str, Array]) -> dict[str, Array]:
    for index, name in enumerate(plan.graph.inputs):
        session.write_input(index, inputs[name].tobytes())
    session.run()
    found = {}
    for index, name in enumerate(plan.graph.outputs):
        tensor = plan.graph[name]
        found[name] = np.frombuffer(session.read_output(index), tensor.dtype.numpy).reshape(tensor.shape)
    return found


def _tried(seeds: range, number: int, board: str, target: str, optimize: str) -> Iterator[str]:
    """What failed, as lines; everything else on the way is printed."""
    outcomes = {"ok": 0, "not applicable": 0}
    for seed in seeds:
        for variant in variants(seed, number):
            name = board or CORES[seed % len(CORES)]
            try:
                outcomes["ok" if check(seed, variant, name, target, optimize) == "ok" else "not applicable"] += 1
            except (AssertionError, HilbenchError, Exception) as error:
                text = str(error).strip() or repr(error)
                yield f"seed {seed} {variant} {name} {target} {optimize}: {type(error).__name__}: {text[:1500]}"
    print(outcomes)


def main() -> int:
    """The slow mode."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", default="0:100", help="FIRST:STOP")
    parser.add_argument("--variants", type=int, default=4, help="of each net")
    parser.add_argument("--board", default="", help="whose kernels; by default another one for each net")
    parser.add_argument("--target", default="host", choices=("host", "qemu"))
    parser.add_argument("--optimize", default="")
    args = parser.parse_args()
    first, _, stop = args.seeds.partition(":")
    level = args.optimize or ("-O1" if args.target == "host" else "-O2")
    failed = 0
    with tempfile.TemporaryDirectory() as cache:
        os.environ["HILBENCH_CACHE"] = cache
        for line in _tried(range(int(first), int(stop)), args.variants, args.board, args.target, level):
            failed += 1
            print(line, flush=True)
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
