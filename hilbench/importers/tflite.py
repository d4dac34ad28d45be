"""TensorFlow Lite files as graphs: padding resolved to pixels, shape and axis inputs turned into attributes.

Files of "dynamic range" quantization hold int8 weights for float32 operators. Their weights become float32 here, and
the operators compute in float32. (The desktop interpreter also rounds the activations of such operators to int8, anew
in every inference; TFLite Micro refuses them.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from hilbench.errors import ModelError, UnsupportedModel, UnsupportedOp
from hilbench.importers import IMPORTERS
from hilbench.importers.tflite_file import FileModel, FileOp, FileTensor, constant_array, read
from hilbench.ir.attrs import (
    Activation,
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
from hilbench.ir.graph import Attrs, Graph, Op, QuantParams, Tensor
from hilbench.ir.region import Window
from hilbench.ir.verify import op_problem


def load(path: Path) -> Graph:
    """The graph of a .tflite file.

    Raises:
        ModelError: the file cannot be read or contradicts itself.
        UnsupportedModel: operators are missing, or used in a form that hilbench does not have.
    """
    model = read(path)
    converted = [_convert(model, index) for index in range(len(model.ops))]
    ops = tuple(item for item in converted if isinstance(item, Op))
    graph = _graph(model, path, ops)
    unsupported = [item for item in converted if isinstance(item, UnsupportedOp)]
    unsupported += [_unsupported(op, why) for op in ops if (why := op_problem(op, graph))]
    if unsupported:
        raise UnsupportedModel(str(path), sorted(unsupported, key=lambda op: op.index))
    if model.subgraphs > 1:
        raise ModelError(f"{model.subgraphs} subgraphs; there has to be one", where=str(path))
    return graph


IMPORTERS.add(".tflite", load)

_WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def _graph(model: FileModel, path: Path, ops: tuple[Op, ...]) -> Graph:
    """The graph of the operators that could be converted, with all tensors of element types that exist here."""
    inputs, outputs = (tuple(model.tensors[i].name for i in indices) for indices in (model.inputs, model.outputs))
    used = {name for op in ops for name in (*op.present_inputs, *op.outputs)} | {*inputs, *outputs}
    stated = [tensor for tensor in model.tensors if tensor.name in used and tensor.dtype in list(DType)]
    try:
        tensors = {tensor.name: _tensor(tensor) for tensor in stated}
    except ValueError as error:
        raise ModelError(str(error), where=str(path)) from error
    tensors.update((w.name, _dequantized(w, quant)) for w, quant in _dynamic_range_weights(ops, tensors))
    return Graph(path.stem, tensors, ops, inputs, outputs)


def _dynamic_range_weights(ops: tuple[Op, ...], tensors: Mapping[str, Tensor]) -> list[tuple[Tensor, QuantParams]]:
    """int8 constants that are weights of float32 operators, with their quantization."""
    weighted = [op.present_inputs[:2] for op in ops if op.kind in _WEIGHTED and len(op.present_inputs) > 1]
    pairs = [(tensors[x], tensors[w]) for x, w in weighted]
    hybrid = [w for x, w in pairs if (x.dtype, w.dtype) == (DType.FLOAT32, DType.INT8) and w.data is not None]
    return [(w, w.quant) for w in hybrid if w.quant is not None]


def _dequantized(tensor: Tensor, quant: QuantParams) -> Tensor:
    return Tensor(tensor.name, tensor.shape, DType.FLOAT32, data=quant.real(tensor.values).astype(np.float32))


def _tensor(tensor: FileTensor) -> Tensor:
    return Tensor(tensor.name, tensor.shape, DType(tensor.dtype), tensor.quant, constant_array(tensor))


@dataclass(frozen=True)
class _Context:
    """An operator of the file together with the tensors it refers to."""

    model: FileModel
    op: FileOp

    def shape(self, which: int) -> tuple[int, ...]:
        """Shape of input `which`."""
        return self.tensor(which).shape

    def tensor(self, which: int) -> FileTensor:
        """Input `which`, which has to be there."""
        if which >= len(self.op.inputs) or self.op.inputs[which] == -1:
            raise ValueError(f"input {which} is missing")
        return self.model.tensors[self.op.inputs[which]]

    def output(self) -> FileTensor:
        """The output."""
        return self.model.tensors[self.op.outputs[0]]

    def option(self, name: str) -> Any:
        """A field of the options table."""
        if name not in self.op.options:
            raise ValueError("it has no options")
        return self.op.options[name]

    def integers(self, which: int) -> list[int]:
        """Values of a constant input of integers, flat."""
        tensor = self.tensor(which)
        values = constant_array(tensor) if "int" in tensor.dtype else None
        if values is None:
            raise ValueError(f"'{tensor.name}' is computed; it has to be constant")
        return [int(value) for value in values.reshape(-1)]

    def activation(self) -> Activation:
        """The fused activation."""
        number = self.option("FusedActivationFunction")
        for activation in Activation:
            if getattr(tflite.ActivationFunctionType, activation) == number:
                return activation
        raise ValueError(f"fused activation {number}; known: {', '.join(Activation)}")


def _convert(model: FileModel, index: int) -> Op | UnsupportedOp:
    op = model.ops[index]
    inputs = tuple(None if i == -1 else model.tensors[i].name for i in op.inputs)
    outputs = tuple(model.tensors[i].name for i in op.outputs)
    made = Op(op.kind, inputs, outputs, Attrs(), index)
    if op.kind not in _CONVERTERS:
        return _unsupported(made, "hilbench does not have this operator")
    try:
        _check_tensors(model, op)
        kept, attrs = _CONVERTERS[op.kind]
        return Op(op.kind, inputs[:kept], outputs, attrs(_Context(model, op)), index)
    except ValueError as error:
        return _unsupported(made, str(error))


def _unsupported(op: Op, why: str) -> UnsupportedOp:
    return UnsupportedOp(op.kind, op.index, op.outputs[0], why)


def _check_tensors(model: FileModel, op: FileOp) -> None:
    if len(op.outputs) != 1:
        raise ValueError(f"{len(op.outputs)} outputs; there has to be one")
    for index in (*op.inputs, *op.outputs):
        tensor = model.tensors[index]
        if index != -1 and tensor.dtype not in list(DType):
            raise ValueError(f"'{tensor.name}' is {tensor.dtype}")
        if index != -1 and tensor.variable:
            raise ValueError(f"'{tensor.name}' keeps its value between inferences")


def _window(c: _Context, axis: int, kernel: int) -> Window:
    """The window along rows (axis 1) or columns (axis 2), padding in pixels.

    SAME pads such that there are ceil(inputs / stride) outputs, the odd pixel after (ComputePaddingHeightWidth).
    """
    letter = "HW"[axis - 1]
    stride, dilation = c.option(f"Stride{letter}"), c.op.options.get(f"Dilation{letter}Factor", 1)
    if min(stride, dilation, kernel) < 1:
        raise ValueError(f"kernel {kernel}, stride {stride}, dilation {dilation}; all have to be positive")
    window = Window(kernel, stride, dilation)
    if c.option("Padding") == tflite.Padding.VALID:
        return window
    inputs = _axis(c, axis)
    padding = max((ceil(inputs / stride) - 1) * stride + window.extent - inputs, 0)
    return Window(kernel, stride, dilation, padding // 2, padding - padding // 2)


def _axis(c: _Context, axis: int) -> int:
    if len(c.shape(0)) != 4:
        raise ValueError(f"'{c.tensor(0).name}' has {len(c.shape(0))} axes; it has to have 4")
    return c.shape(0)[axis]


def _kernel(c: _Context) -> tuple[int, int]:
    if len(c.shape(1)) != 4:
        raise ValueError(f"weights '{c.tensor(1).name}' have {len(c.shape(1))} axes; they have to have 4")
    return c.shape(1)[1], c.shape(1)[2]


def _conv_2d(c: _Context) -> Attrs:
    rows, cols = _kernel(c)
    return Conv2D(_window(c, 1, rows), _window(c, 2, cols), c.activation())


def _depthwise_conv_2d(c: _Context) -> Attrs:
    rows, cols = _kernel(c)
    # The stated multiplier is redundant, and converters have been known to leave it 0.
    multiplier = max(c.shape(1)[3] // _axis(c, 3), 1)
    return DepthwiseConv2D(_window(c, 1, rows), _window(c, 2, cols), multiplier, c.activation())


def _pool_2d(c: _Context) -> Attrs:
    rows, cols = c.option("FilterHeight"), c.option("FilterWidth")
    return Pool2D(_window(c, 1, rows), _window(c, 2, cols), c.activation())


def _fully_connected(c: _Context) -> Attrs:
    if c.option("WeightsFormat") != tflite.FullyConnectedOptionsWeightsFormat.DEFAULT:
        raise ValueError("weights are shuffled")
    return FullyConnected(c.activation(), bool(c.option("KeepNumDims")))


def _mean(c: _Context) -> Attrs:
    rank = len(c.shape(0))
    axes = sorted({axis + rank if axis < 0 else axis for axis in c.integers(1)})
    return Mean(tuple(axes), bool(c.option("KeepDims")))


def _concatenation(c: _Context) -> Attrs:
    axis = c.option("Axis")
    return Concat(axis + len(c.output().shape) if axis < 0 else axis, c.activation())


def _pad(c: _Context) -> Attrs:
    pads = np.array(c.integers(1))
    if pads.size != 2 * len(c.shape(0)):
        raise ValueError(f"{pads.size} paddings for {len(c.shape(0))} axes")
    return Pad(tuple((int(before), int(after)) for before, after in pads.reshape(-1, 2)))


def _resize_nearest(c: _Context) -> Attrs:
    if tuple(c.integers(1)) != c.output().shape[1:3]:
        raise ValueError(f"size {c.integers(1)} does not fit the output's shape {c.output().shape}")
    return ResizeNearest(bool(c.option("AlignCorners")), bool(c.option("HalfPixelCenters")))


_ALL = None
_CONVERTERS: Mapping[str, tuple[int | None, Callable[[_Context], Attrs]]] = {
    "ADD": (2, lambda c: Elementwise(c.activation())),
    "SUB": (2, lambda c: Elementwise(c.activation())),
    "MUL": (2, lambda c: Elementwise(c.activation())),
    "CONV_2D": (3, _conv_2d),
    "DEPTHWISE_CONV_2D": (3, _depthwise_conv_2d),
    "FULLY_CONNECTED": (3, _fully_connected),
    "AVERAGE_POOL_2D": (1, _pool_2d),
    "MAX_POOL_2D": (1, _pool_2d),
    "MEAN": (1, _mean),
    "SOFTMAX": (1, lambda c: Softmax(c.option("Beta"))),
    "LOGISTIC": (1, lambda c: Attrs()),
    "RELU": (1, lambda c: Attrs()),
    "RELU6": (1, lambda c: Attrs()),
    "QUANTIZE": (1, lambda c: Attrs()),
    "DEQUANTIZE": (1, lambda c: Attrs()),
    "RESHAPE": (1, lambda c: Reshape()),
    "TRANSPOSE": (1, lambda c: Transpose(tuple(c.integers(1)))),
    "PAD": (1, _pad),
    "CONCATENATION": (_ALL, _concatenation),
    "RESIZE_NEAREST_NEIGHBOR": (1, _resize_nearest),
}
"""Per operator: how many inputs stay inputs, and the function that makes its attributes."""
