"""Graphs as TensorFlow Lite files, so that the interpreter can be asked what they compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_writer import Quantization, TfliteModel, activation_type, conv_options, pool_options

from hilbench.ir.attrs import (
    Concat,
    Conv2D,
    DepthwiseConv2D,
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
from hilbench.ir.graph import Array, Graph, Op, QuantParams
from hilbench.ir.ops.bottleneck import parts
from hilbench.ir.region import Window


def to_tflite(graph: Graph) -> bytes:
    """The file; every window's padding has to be SAME or VALID."""
    model, graph = TfliteModel(graph.name), of_the_format(graph)
    numbers: dict[str, int] = {}
    for name in graph.inputs:
        tensor = graph[name]
        numbers[name] = model.input(name, tensor.shape, tensor.dtype.value, _quantization(tensor.quant))
    for name, tensor in graph.tensors.items():
        if tensor.data is not None:
            numbers[name] = model.constant(name, tensor.data, _quantization(tensor.quant))
    for op in graph.ops:
        numbers[op.outputs[0]] = _op(model, graph, op, numbers)
    return model.to_bytes([numbers[name] for name in graph.outputs])


def of_the_format(graph: Graph) -> Graph:
    """With the convolutions of each BOTTLENECK, which the format does not have."""
    ops, tensors = list[Op](), dict(graph.tensors)
    for op in graph.ops:
        inner = parts(op, graph) if op.kind == "BOTTLENECK" else replace(graph, ops=(op,))
        ops += inner.ops
        tensors |= inner.tensors
    return replace(graph, ops=tuple(ops), tensors=tensors)


def _quantization(quant: QuantParams | None) -> Quantization | None:
    return None if quant is None else Quantization(quant.scale, quant.zero_point, quant.axis or 0)


def _op(model: TfliteModel, graph: Graph, op: Op, numbers: Mapping[str, int]) -> int:
    y = graph[op.outputs[0]]
    options, extra = _options(op, graph)
    inputs = [numbers[name] for name in op.present_inputs]
    if op.kind == "CONV_2D" and len(inputs) == 2:  # the interpreter insists on a bias here, and only here
        dtype = np.float32 if y.dtype == DType.FLOAT32 else np.int32
        inputs.append(model.constant(f"{y.name}/bias", np.zeros(y.shape[3], dtype)))
    inputs += [model.constant(f"{y.name}/{i}", np.array(value, np.int32)) for i, value in enumerate(extra)]
    quant = _quantization(y.quant)
    return model.op(op.kind, inputs, y.name, y.shape, dtype=y.dtype.value, quantization=quant, options=options)


def _options(op: Op, graph: Graph) -> tuple[dict[str, Any], list[Any]]:
    """Options table and constant inputs."""
    shape, a = graph[op.outputs[0]].shape, op.attrs
    options: dict[str, Any] = {}
    constants: list[Any] = []
    if hasattr(a, "activation"):
        options["FusedActivationFunction"] = activation_type(a.activation)
    match a:
        case Conv2D() | DepthwiseConv2D():
            padding = _padding(a.y, a.x, graph[op.inputs[0] or ""].shape)
            options = conv_options(padding, (a.y.stride, a.x.stride), (a.y.dilation, a.x.dilation), a.activation)
            options |= {"DepthMultiplier": a.multiplier} if isinstance(a, DepthwiseConv2D) else {}
        case Pool2D():
            padding = _padding(a.y, a.x, graph[op.inputs[0] or ""].shape)
            options = pool_options(padding, (a.y.kernel, a.x.kernel), (a.y.stride, a.x.stride), a.activation)
        case FullyConnected():
            options["KeepNumDims"] = a.keep_dims
        case Mean():
            options, constants = {"KeepDims": a.keep_dims}, [a.axes]
        case Softmax():
            options = {"Beta": a.beta}
        case Concat():
            options["Axis"] = a.axis
        case Pad():
            constants = [a.pads]
        case Transpose():
            constants = [a.perm]
        case ResizeNearest():
            options = {"AlignCorners": a.align_corners, "HalfPixelCenters": a.half_pixel_centers}
            constants = [shape[1:3]]
        case Reshape():
            constants = [shape]
    return options, constants


def _padding(y: Window, x: Window, shape: tuple[int, ...]) -> str:
    pairs = [(y, shape[1]), (x, shape[2])]
    if all((w.before, w.after) == _same(w, n) for w, n in pairs):
        return "SAME"
    if any(w.before or w.after for w in (y, x)):
        raise ValueError("neither SAME nor VALID")
    return "VALID"


def _same(window: Window, size: int) -> tuple[int, int]:
    total = max((-(-size // window.stride) - 1) * window.stride + window.extent - size, 0)
    return total // 2, total - total // 2


class Witness:
    """The TensorFlow Lite interpreter with its reference kernels, without XNNPACK."""

    def __init__(self, model: bytes) -> None:
        resolver = OpResolverType.BUILTIN_REF
        self._interpreter = Interpreter(
            model_content=model, experimental_op_resolver_type=resolver, experimental_preserve_all_tensors=True
        )
        self._interpreter.allocate_tensors()
        self._index = {d["name"]: d["index"] for d in self._interpreter.get_tensor_details()}

    def run(self, inputs: Mapping[str, Array]) -> None:
        for name, value in inputs.items():
            self._interpreter.set_tensor(self._index[name], value)
        self._interpreter.invoke()

    def __getitem__(self, tensor: str) -> Array:
        return np.array(self._interpreter.get_tensor(self._index[tensor]))
