"""Small graphs, made by hand, whose memory can be counted on paper."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from hilbench.ir.attrs import Concat, Conv2D, DepthwiseConv2D, Elementwise, Pad, Pool2D, Reshape, ResizeNearest
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op, QuantParams, Tensor
from hilbench.ir.opdef import OPS
from hilbench.ir.region import Window

QUANT = QuantParams((0.05,), (-3,))


class Builder:
    """A graph grown operator by operator; shapes come from inference."""

    def __init__(self, shape: tuple[int, ...], dtype: DType = DType.INT8, seed: int = 1) -> None:
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype
        self.quant = QUANT if dtype is DType.INT8 else None
        self.graph = Graph("small", {"x": Tensor("x", shape, dtype, self.quant)}, (), ("x",), ())

    def _op(self, kind: str, inputs: tuple[str, ...], attrs: object, shape: tuple[int, ...] = (1, 1, 1, 1)) -> str:
        index = len(self.graph.ops)
        name = f"t{index}"
        op = Op(kind, inputs, (name,), attrs, index)  # type: ignore[arg-type]
        tensors = {**self.graph.tensors, name: Tensor(name, shape, self.dtype, self.quant)}
        graph = Graph("small", tensors, (*self.graph.ops, op), ("x",), ())
        ((inferred, dtype),) = OPS[kind].infer(op, graph)
        self.graph = graph.with_tensors([Tensor(name, inferred, dtype, self.quant)])
        return name

    def _constant(self, shape: tuple[int, ...], wide: bool = False) -> str:
        name = f"c{len(self.graph.tensors)}"
        if self.dtype is DType.FLOAT32:
            tensor = Tensor(name, shape, self.dtype, None, self.rng.normal(size=shape).astype(np.float32))
        elif wide:
            data = self.rng.integers(-2000, 2000, shape).astype(np.int32)
            tensor = Tensor(name, shape, DType.INT32, QuantParams((0.05 * 0.02,), (0,)), data)
        else:
            data = self.rng.integers(-127, 128, shape).astype(np.int8)
            tensor = Tensor(name, shape, DType.INT8, QuantParams((0.02,), (0,)), data)
        self.graph = self.graph.with_tensors([tensor])
        return name

    def conv(self, x: str, channels: int, kernel: int = 3, stride: int = 1, pad: int = 1) -> str:
        window = Window(kernel, stride, 1, pad, pad)
        weights = self._constant((channels, kernel, kernel, self.graph[x].shape[3]))
        bias = self._constant((channels,), wide=True)
        return self._op("CONV_2D", (x, weights, bias), Conv2D(window, window), (1, 1, 1, channels))

    def depthwise(self, x: str, kernel: int = 3, stride: int = 1, pad: int = 1) -> str:
        window, channels = Window(kernel, stride, 1, pad, pad), self.graph[x].shape[3]
        weights = self._constant((1, kernel, kernel, channels))
        bias = self._constant((channels,), wide=True)
        return self._op("DEPTHWISE_CONV_2D", (x, weights, bias), DepthwiseConv2D(window, window), (1, 1, 1, channels))

    def add(self, a: str, b: str) -> str:
        return self._op("ADD", (a, b), Elementwise())

    def concat(self, *parts: str) -> str:
        return self._op("CONCATENATION", parts, Concat(3))

    def pad(self, x: str, rows: tuple[int, int], cols: tuple[int, int]) -> str:
        return self._op("PAD", (x,), Pad(((0, 0), rows, cols, (0, 0))))

    def pool(self, x: str, kind: str = "MAX_POOL_2D") -> str:
        return self._op(kind, (x,), Pool2D(Window(2, 2), Window(2, 2)))

    def resize(self, x: str, rows: int, cols: int) -> str:
        return self._op("RESIZE_NEAREST_NEIGHBOR", (x,), ResizeNearest(), (1, rows, cols, self.graph[x].shape[3]))

    def reshape(self, x: str, shape: tuple[int, ...]) -> str:
        return self._op("RESHAPE", (x,), Reshape(), shape)

    def done(self, *outputs: str) -> Graph:
        graph = self.graph
        return Graph("small", graph.tensors, graph.ops, graph.inputs, outputs)


def random_graph(data: st.DataObject) -> Graph:
    """A graph of up to eight local operators (windows of odd forms, branches, residuals) and a head."""
    draw = data.draw
    b = Builder(
        (1, draw(st.integers(3, 13)), draw(st.integers(3, 13)), draw(st.integers(1, 3))), seed=draw(st.integers(0, 99))
    )
    maps = ["x"]
    for _ in range(draw(st.integers(1, 8))):
        maps.append(_random_op(draw, b, maps))
    unread = [name for name in maps[1:] if not b.graph.consumers[name]]
    if draw(st.booleans()):
        last = unread.pop()
        unread.append(b.reshape(last, (1, b.graph[last].elements)))
    return b.done(*unread)


def _random_op(draw: Callable[[st.SearchStrategy[Any]], Any], b: Builder, maps: list[str]) -> str:
    x = draw(st.sampled_from(maps[-3:]))
    _, rows, cols, _ = b.graph[x].shape
    kind = draw(st.sampled_from(("conv", "conv", "depthwise", "add", "concat", "pad", "pool", "resize")))
    alike = [name for name in maps if b.graph[name].shape == b.graph[x].shape]
    if kind == "add":
        return b.add(x, draw(st.sampled_from(alike)))
    if kind == "concat":
        return b.concat(x, draw(st.sampled_from(alike)))
    if kind == "pad":
        return b.pad(x, draw(st.sampled_from(((0, 1), (1, 1), (2, 0)))), draw(st.sampled_from(((0, 1), (1, 0)))))
    if kind == "resize" and rows * cols <= 200:
        return b.resize(x, draw(st.integers(1, 2 * rows)), draw(st.integers(1, 2 * cols)))
    if kind == "pool" and min(rows, cols) >= 2:
        return b.pool(x, draw(st.sampled_from(("MAX_POOL_2D", "AVERAGE_POOL_2D"))))
    kernel = draw(st.sampled_from((1, 2, 3, 5)))
    pad = draw(st.integers(max(0, -((min(rows, cols) - kernel) // 2)), kernel // 2 + 1))
    make = b.depthwise if kind == "depthwise" else partial(b.conv, channels=draw(st.integers(1, 4)))
    return make(x, kernel=kernel, stride=draw(st.integers(1, 3)), pad=pad)
