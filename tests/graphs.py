"""Random small graphs for everyone: one operator of a given kind, or a net of several.

`only(kind, seed, dtype)` is a graph of one operator; `random_graph(seed, dtype)` a net with branches and several
outputs; `random_inputs(graph, seed)` arrays for its inputs; `hollowed(graph, seed)` the graph with channels
that nothing needs. The same seed gives the same graph. Quantization is chosen
such that outputs spread over the int8 range, with a few values beyond it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import sqrt

import numpy as np

from hilbench.ir.attrs import (
    Activation,
    Bottleneck,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    Elementwise,
    FullyConnected,
    Mean,
    Pad,
    Pool2D,
    Reshape,
    ResizeNearest,
    Softmax,
    Transpose,
)
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Attrs, Graph, Op, QuantParams, Tensor
from hilbench.ir.opdef import OPS
from hilbench.ir.region import Window
from hilbench.ir.verify import verify

UNIT = QuantParams((1 / 256,), (-128,))
CHANNELS = (1, 2, 3, 4, 5, 7, 8, 17)


class Builder:
    """A graph in the making. `explicit` allows padding that is neither SAME nor VALID."""

    def __init__(self, seed: int, dtype: DType, explicit: bool = True) -> None:
        self.rng = np.random.default_rng(seed)
        self.dtype, self.explicit = dtype, explicit
        self.tensors: dict[str, Tensor] = {}
        self.ops: list[Op] = []
        self.inputs: list[str] = []

    def pick(self, *choices: object) -> object:
        return choices[self.rng.integers(len(choices))]

    def number(self, low: int, high: int) -> int:
        """From `low` to `high`, both included."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, percent: int) -> bool:
        return bool(self.rng.integers(100) < percent)

    def activation(self) -> Activation:
        return list(Activation)[self.rng.integers(4)] if self.chance(60) else Activation.NONE

    def scale(self) -> float:
        return float(np.float32(2.0 ** self.rng.uniform(-7, -3)))

    def quant(self, scale: float | None = None) -> QuantParams | None:
        if self.dtype != DType.INT8:
            return None
        zero_point = int(self.pick(-128, 127, 0, self.number(-128, 127)))  # type: ignore[call-overload]
        return QuantParams((float(np.float32(scale or self.scale())),), (zero_point,))

    def add(self, name: str, shape: tuple[int, ...], quant: QuantParams | None, data: Array | None = None) -> str:
        dtype = self.dtype if data is None else DType(data.dtype.name)
        self.tensors[name] = Tensor(name, tuple(int(n) for n in shape), dtype, quant, data)
        return name

    def input(self, shape: tuple[int, ...]) -> str:
        self.inputs.append(self.add(f"in{len(self.inputs)}", shape, self.quant()))
        return self.inputs[-1]

    def feature_map(self) -> str:
        size = (self.number(1, 12), self.number(1, 12))
        return self.input((1, *size, int(self.pick(*CHANNELS))))  # type: ignore[call-overload]

    def constant(self, data: Array, quant: QuantParams | None = None) -> str:
        return self.add(f"c{len(self.tensors)}", data.shape, quant, data)

    def values(self, shape: tuple[int, ...]) -> str:
        """A constant such as a computed tensor could be."""
        if self.dtype == DType.FLOAT32:
            return self.constant(self.rng.normal(size=shape).astype(np.float32))
        return self.constant(self.rng.integers(-128, 128, shape).astype(np.int8), self.quant())

    def op(
        self,
        kind: str,
        inputs: tuple[str | None, ...],
        attrs: Attrs,
        quant: QuantParams | None,
        shape: tuple[int, ...] = (1, 1, 1, 1),
    ) -> str:
        """Add an operator; its shape comes from inference, which for some kinds starts from `shape`."""
        name = self.add(f"t{len(self.ops)}", shape, quant)
        op = Op(kind, inputs, (name,), attrs, len(self.ops))
        draft = Graph("draft", self.tensors, (), (), ())
        ((inferred, dtype),) = OPS[kind].infer(op, draft)
        self.tensors[name] = replace(self.tensors[name], shape=inferred, dtype=dtype)
        self.ops.append(op)
        return name

    def like(self, x: str) -> QuantParams | None:
        return self.tensors[x].quant

    def shape(self, x: str) -> tuple[int, ...]:
        return self.tensors[x].shape

    def done(self) -> Graph:
        """The graph; its outputs are what nothing reads, and now and then one more."""
        read = {name for op in self.ops for name in op.inputs}
        ends = [op.outputs[0] for op in self.ops if op.outputs[0] not in read]
        inner = [op.outputs[0] for op in self.ops if op.outputs[0] in read]
        if inner and self.chance(30):
            ends.append(inner[self.rng.integers(len(inner))])
        used = read | {*ends, *self.inputs} | {op.outputs[0] for op in self.ops}
        graph = Graph(
            "random",
            {k: v for k, v in self.tensors.items() if k in used},
            tuple(self.ops),
            tuple(self.inputs),
            tuple(ends),
        )
        verify(graph)
        return graph


def windows(b: Builder, sizes: tuple[int, ...], pooling: bool = False) -> tuple[Window, Window]:
    """Windows along rows and columns that fit `sizes` pixels; for pooling none lies wholly in padding."""
    style = "SAME" if b.chance(50) else "VALID"
    if b.explicit and b.chance(40):
        style = "explicit"
    rows, cols = (_window(b, size, style, pooling) for size in sizes)
    return rows, cols


def _window(b: Builder, size: int, style: str, pooling: bool) -> Window:
    kernel, stride = b.number(1, min(5, size)), b.number(1, 3)
    dilation = 2 if not pooling and (kernel - 1) * 2 < size and b.chance(20) else 1
    plain = Window(kernel, stride, dilation)
    if style == "VALID":
        return plain
    if style == "explicit":
        most = min(plain.extent - 1, 3)
        padded = replace(plain, before=b.number(0, most), after=b.number(0, most))
        last = (padded.outputs(size) - 1) * stride - padded.before
        return padded if last < size else plain
    total = max((-(-size // stride) - 1) * stride + plain.extent - size, 0)
    return replace(plain, before=total // 2, after=total - total // 2)


def weighted(b: Builder, x: str, shape: tuple[int, ...], axis: int, terms: int) -> tuple[str, str | None, QuantParams]:
    """Weights, bias and output quantization for sums of `terms` products; output channels lie on `axis`."""
    channels = shape[axis]
    bias = None
    if b.dtype == DType.FLOAT32:
        w = b.constant((b.rng.normal(size=shape) / sqrt(terms)).astype(np.float32))
        if b.chance(80):
            bias = b.constant(b.rng.normal(size=channels).astype(np.float32))
        return w, bias, None  # type: ignore[return-value]
    count = channels if b.chance(70) else 1
    scales = tuple(float(np.float32(2.0 ** b.rng.uniform(-9, -6))) for _ in range(count))
    data = b.rng.integers(-127, 128, shape).astype(np.int8)
    w = b.constant(data, QuantParams(scales, (0,) * count, axis if count > 1 else None))
    x_scale = b.tensors[x].scale
    if b.chance(80):
        stated = QuantParams(
            tuple(float(np.float32(x_scale * s)) for s in scales), (0,) * count, 0 if count > 1 else None
        )
        bias = b.constant(b.rng.integers(-9000, 9000, channels).astype(np.int32), stated)
    spread = 60 * 74 * sqrt(terms) * max(scales) * x_scale
    return w, bias, b.quant(spread / b.rng.uniform(30, 90))  # type: ignore[return-value]


def conv(b: Builder, x: str, _: list[str]) -> str:
    _, height, width, depth = b.shape(x)
    rows, cols = windows(b, (height, width))
    channels = int(b.pick(*CHANNELS))  # type: ignore[call-overload]
    shape = (channels, rows.kernel, cols.kernel, depth)
    w, bias, quant = weighted(b, x, shape, 0, rows.kernel * cols.kernel * depth)
    return b.op("CONV_2D", (x, w, bias), Conv2D(rows, cols, b.activation()), quant)


def depthwise(b: Builder, x: str, _: list[str]) -> str:
    _, height, width, depth = b.shape(x)
    rows, cols = windows(b, (height, width))
    multiplier = int(b.pick(1, 1, 1, 2, 3)) if depth <= 8 else 1  # type: ignore[call-overload]
    shape = (1, rows.kernel, cols.kernel, depth * multiplier)
    w, bias, quant = weighted(b, x, shape, 3, rows.kernel * cols.kernel)
    return b.op("DEPTHWISE_CONV_2D", (x, w, bias), DepthwiseConv2D(rows, cols, multiplier, b.activation()), quant)


def fully_connected(b: Builder, x: str, _: list[str]) -> str:
    shape = b.shape(x)
    keep = len(shape) > 1 and b.chance(30)
    depth = shape[-1] if keep else b.tensors[x].elements
    w, bias, quant = weighted(b, x, (b.number(1, 12), depth), 0, depth)
    return b.op("FULLY_CONNECTED", (x, w, bias), FullyConnected(b.activation(), keep), quant)


def binary(kind: str) -> Callable[[Builder, str, list[str]], str]:
    def make(b: Builder, x: str, others: list[str]) -> str:
        shape = b.shape(x)
        same = [name for name in others if b.shape(name) == shape and b.tensors[name].dtype == b.tensors[x].dtype]
        broadcast = [shape, (*(1 for _ in shape[:-1]), shape[-1]), shape[-1:], (*shape[:-1], 1)]
        if same and b.chance(70):
            other = same[b.rng.integers(len(same))]
        else:
            other = b.values(broadcast[b.rng.integers(len(broadcast))])
        scales = [b.tensors[name].quant.scale[0] for name in (x, other)] if b.dtype == DType.INT8 else [1.0, 1.0]
        spread = scales[0] * scales[1] * 60 if kind == "MUL" else sum(scales)
        quant = b.quant(spread * b.rng.uniform(0.5, 2.0)) if b.dtype == DType.INT8 else None
        pair = (x, other) if b.chance(70) else (other, x)
        return b.op(kind, pair, Elementwise(b.activation()), quant)

    return make


def pool(kind: str) -> Callable[[Builder, str, list[str]], str]:
    def make(b: Builder, x: str, _: list[str]) -> str:
        _, height, width, _ = b.shape(x)
        rows, cols = windows(b, (height, width), pooling=True)
        return b.op(kind, (x,), Pool2D(rows, cols, b.activation()), b.like(x))

    return make


def mean(b: Builder, x: str, _: list[str]) -> str:
    axes = b.pick((1, 2), (1,), (2,), (3,), (1, 2, 3))
    quant = b.like(x) if b.chance(40) or b.dtype != DType.INT8 else b.quant(b.tensors[x].scale * b.rng.uniform(0.2, 1))
    return b.op("MEAN", (x,), Mean(axes, b.chance(50)), quant)  # type: ignore[arg-type]


def pixelwise(kind: str) -> Callable[[Builder, str, list[str]], str]:
    def make(b: Builder, x: str, _: list[str]) -> str:
        quant = b.like(x) if kind == "RELU6" or b.chance(50) else b.quant(b.scale())
        if kind in ("LOGISTIC", "SOFTMAX"):
            quant = UNIT if b.dtype == DType.INT8 else None
        attrs = Softmax(float(np.float32(b.pick(1.0, 0.5, 2.5)))) if kind == "SOFTMAX" else Attrs()  # type: ignore[arg-type]
        return b.op(kind, (x,), attrs, quant)

    return make


def quantize(b: Builder, x: str, _: list[str]) -> str:
    """float32 to int8 where the graph is float32, else int8 to int8."""
    if b.dtype == DType.INT8:
        return b.op("QUANTIZE", (x,), Attrs(), b.quant(b.tensors[x].scale * b.rng.uniform(0.4, 2.5)))
    b.dtype = DType.INT8
    return b.op("QUANTIZE", (x,), Attrs(), b.quant())


def dequantize(b: Builder, x: str, _: list[str]) -> str:
    """int8 to float32; a float32 graph quantizes first."""
    x = x if b.dtype == DType.INT8 else quantize(b, x, [])
    b.dtype = DType.FLOAT32
    return b.op("DEQUANTIZE", (x,), Attrs(), None)


def reshape(b: Builder, x: str, _: list[str]) -> str:
    _, height, width, depth = b.shape(x)
    shape = b.pick((1, height * width * depth), (1, height * width, depth), (1, width, height, depth))
    return b.op("RESHAPE", (x,), Reshape(), b.like(x), shape)  # type: ignore[arg-type]


def transpose(b: Builder, x: str, _: list[str]) -> str:
    perm = (0, *(int(axis) for axis in b.rng.permutation([1, 2, 3])))
    return b.op("TRANSPOSE", (x,), Transpose(perm), b.like(x))


def pad(b: Builder, x: str, _: list[str]) -> str:
    spatial = [(b.number(0, 3), b.number(0, 3)) for _ in range(2)]
    channels = (b.number(0, 2), b.number(0, 2)) if b.chance(20) else (0, 0)
    return b.op("PAD", (x,), Pad(((0, 0), *spatial, channels)), b.like(x))


def concatenation(b: Builder, x: str, others: list[str]) -> str:
    axis = int(b.pick(3, 3, 1, 2))  # type: ignore[call-overload]
    shape = list(b.shape(x))
    fits = [name for name in others if _fits(b, name, x, axis)]
    parts = [x]
    for _ in range(b.number(1, 2)):
        shape[axis] = b.number(1, 4)
        parts.append(fits[b.rng.integers(len(fits))] if fits and b.chance(80) else b.values(tuple(shape)))
    quant = b.like(x)
    if not b.explicit and b.dtype == DType.INT8:
        # the desktop interpreter has no int8 concatenation that rescales
        parts = [part for part in parts if b.like(part) == quant]
    b.rng.shuffle(parts)
    return b.op("CONCATENATION", tuple(parts), Concat(axis), quant)


def _fits(b: Builder, name: str, x: str, axis: int) -> bool:
    mine, its = list(b.shape(x)), list(b.shape(name))
    if len(its) != 4 or b.tensors[name].dtype != b.tensors[x].dtype:
        return False
    mine[axis] = its[axis] = 0
    return mine == its


def resize(b: Builder, x: str, _: list[str]) -> str:
    _, height, width, depth = b.shape(x)
    shape = (1, b.number(1, 2 * height), b.number(1, 2 * width), depth)
    flags = b.pick((False, False), (True, False), (False, True))
    return b.op("RESIZE_NEAREST_NEIGHBOR", (x,), ResizeNearest(*flags), b.like(x), shape)  # type: ignore[misc]


def bottleneck(b: Builder, x: str, _: list[str]) -> str:
    """Three convolutions, of which only the last one's output stays in the graph."""
    first = _pointwise(b, x)
    _, height, width, depth = b.shape(first)
    rows, cols = windows(b, (height, width))
    w, bias, quant = weighted(b, first, (1, rows.kernel, cols.kernel, depth), 3, rows.kernel * cols.kernel)
    attrs = DepthwiseConv2D(rows, cols, 1, b.activation())
    _pointwise(b, b.op("DEPTHWISE_CONV_2D", (first, w, bias), attrs, quant))
    parts = [b.ops.pop() for _ in range(3)][::-1]
    made = [b.tensors.pop(part.outputs[0]) for part in parts]
    maps = [replace(tensor, name=f"{tensor.name} inside") for tensor in made]
    expand, depth_wise, project = (part.attrs for part in parts)
    inputs = (x, *(name for part in parts for name in part.inputs[1:]))
    fused = Bottleneck(expand, depth_wise, project, (maps[0], maps[1]))  # type: ignore[arg-type]
    return b.op("BOTTLENECK", inputs, fused, made[2].quant)


def _pointwise(b: Builder, x: str) -> str:
    depth, channels = b.shape(x)[3], int(b.pick(*CHANNELS))  # type: ignore[call-overload]
    w, bias, quant = weighted(b, x, (channels, 1, 1, depth), 0, depth)
    return b.op("CONV_2D", (x, w, bias), Conv2D(Window(1), Window(1), b.activation()), quant)


Maker = Callable[[Builder, str, list[str]], str]

MAKERS: dict[str, Maker] = {
    "CONV_2D": conv,
    "DEPTHWISE_CONV_2D": depthwise,
    "FULLY_CONNECTED": fully_connected,
    "ADD": binary("ADD"),
    "SUB": binary("SUB"),
    "MUL": binary("MUL"),
    "AVERAGE_POOL_2D": pool("AVERAGE_POOL_2D"),
    "MAX_POOL_2D": pool("MAX_POOL_2D"),
    "MEAN": mean,
    "RELU": pixelwise("RELU"),
    "RELU6": pixelwise("RELU6"),
    "LOGISTIC": pixelwise("LOGISTIC"),
    "SOFTMAX": pixelwise("SOFTMAX"),
    "QUANTIZE": quantize,
    "DEQUANTIZE": dequantize,
    "RESHAPE": reshape,
    "TRANSPOSE": transpose,
    "PAD": pad,
    "CONCATENATION": concatenation,
    "RESIZE_NEAREST_NEIGHBOR": resize,
    "BOTTLENECK": bottleneck,
}
"""Per operator kind, a function that adds one that reads a given feature map, and perhaps others; gives its output."""

_SELDOM = ("QUANTIZE", "DEQUANTIZE", "FULLY_CONNECTED", "MEAN", "SOFTMAX", "BOTTLENECK")
_INNER = [kind for kind in MAKERS if kind not in _SELDOM]
_FREQUENT = ["CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "ADD"]


def only(kind: str, seed: int, dtype: DType = DType.INT8, explicit: bool = True) -> Graph:
    """One operator of `kind` on a random feature map (two inputs where it likes a second one)."""
    b = Builder(seed, dtype, explicit)
    x = b.feature_map()
    others = [b.input(b.shape(x))] if b.chance(50) and kind in ("ADD", "SUB", "MUL", "CONCATENATION") else []
    if kind == "CONCATENATION" and others and dtype == DType.INT8 and not explicit:
        b.tensors[others[0]] = replace(b.tensors[others[0]], quant=b.like(x))
    y = MAKERS[kind](b, x, others)
    if kind == "QUANTIZE" and dtype == DType.INT8 and b.chance(50):
        _make_unsigned(b, x if b.chance(50) else y)
    return b.done()


def _make_unsigned(b: Builder, name: str) -> None:
    """The tensor in uint8, meaning the same numbers."""
    tensor = b.tensors[name]
    quant = QuantParams((tensor.scale,), (tensor.zero_point + 128,))
    b.tensors[name] = replace(tensor, dtype=DType.UINT8, quant=quant)


def random_graph(seed: int, dtype: DType = DType.INT8, explicit: bool = True, most: int = 9) -> Graph:
    """A net of 2 to `most` operators with branches; every third float32 one has a quantized core."""
    b = Builder(seed, dtype, explicit)
    x = b.feature_map()
    core = dtype == DType.FLOAT32 and b.chance(33)
    maps = [quantize(b, x, []) if core else x]
    for _ in range(b.number(2, most)):
        kinds = _FREQUENT if b.chance(50) else _INNER
        source = maps[-1] if b.chance(70) else maps[b.rng.integers(len(maps))]
        made = MAKERS[kinds[b.rng.integers(len(kinds))]](b, source, maps)
        if len(b.shape(made)) == 4 and b.tensors[made].elements <= 4000:
            maps.append(made)
    if b.chance(50):
        classifier(b, maps[-1])
    if core:
        _dequantize_ends(b)
    return b.done()


def classifier(b: Builder, x: str) -> None:
    """What ends a network: MEAN or RESHAPE, FULLY_CONNECTED, SOFTMAX."""
    if b.chance(50):
        x = mean(b, x, [])
    x = fully_connected(b, x, [])
    if b.chance(60):
        MAKERS["SOFTMAX"](b, x, [])


def _dequantize_ends(b: Builder) -> None:
    read = {name for op in b.ops for name in op.inputs}
    for name in [op.outputs[0] for op in b.ops if op.outputs[0] not in read]:
        b.dtype = DType.INT8
        dequantize(b, name, [])


def random_inputs(graph: Graph, seed: int) -> dict[str, Array]:
    """An array per graph input: int8 over the whole range, float32 of unit variance."""
    rng = np.random.default_rng(seed)
    return {name: random_array(graph[name], rng) for name in graph.inputs}


def random_array(tensor: Tensor, rng: np.random.Generator) -> Array:
    if tensor.dtype == DType.FLOAT32:
        return (rng.normal(size=tensor.shape) * 2).astype(np.float32)
    return rng.integers(0, 256, tensor.shape).astype(np.uint8).view(tensor.dtype.numpy)


def hollowed(graph: Graph, seed: int) -> Graph:
    """The graph with many output channels whose weights are all 0, and many inputs that nothing reads."""
    rng = np.random.default_rng(seed)
    changed = []
    for op in graph.ops:
        weights = graph[op.inputs[1] or ""] if op.kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED") else None
        if weights is not None and weights.data is not None:
            data = weights.data.copy()
            data[..., rng.random(data.shape[-1]) < 0.3] = 0
            data[rng.random(data.shape[0]) < 0.3] = 0
            changed.append(replace(weights, data=data))
    return graph.with_tensors(changed)
