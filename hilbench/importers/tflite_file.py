"""Reading a TensorFlow Lite file: what is in it, as plain values, before anything is made of it.

Everything that a damaged file can do to the schema package's readers ends here: their exceptions become ModelError,
lengths are checked against the file before anything is read of that length, and every index is checked to be one.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import isfinite, prod
from pathlib import Path
from typing import Any

import numpy as np
import tflite
from flatbuffers.table import Table

from hilbench.errors import ModelError
from hilbench.ir.graph import Array, QuantParams

FILE_IDENTIFIER = b"TFL3"

MAX_ELEMENTS = 2**31 - 1
"""Largest tensor: more elements than this no microcontroller addresses, and only damaged files state."""

_ACTIVATED = ("FusedActivationFunction",)
_WINDOW = ("Padding", "StrideH", "StrideW", *_ACTIVATED)
_DILATION = ("DilationHFactor", "DilationWFactor")

_OPTIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "CONV_2D": ("Conv2DOptions", (*_WINDOW, *_DILATION)),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", (*_WINDOW, *_DILATION)),
    "AVERAGE_POOL_2D": ("Pool2DOptions", (*_WINDOW, "FilterHeight", "FilterWidth")),
    "MAX_POOL_2D": ("Pool2DOptions", (*_WINDOW, "FilterHeight", "FilterWidth")),
    "FULLY_CONNECTED": ("FullyConnectedOptions", (*_ACTIVATED, "WeightsFormat", "KeepNumDims")),
    "ADD": ("AddOptions", _ACTIVATED),
    "SUB": ("SubOptions", _ACTIVATED),
    "MUL": ("MulOptions", _ACTIVATED),
    "MEAN": ("ReducerOptions", ("KeepDims",)),
    "SOFTMAX": ("SoftmaxOptions", ("Beta",)),
    "CONCATENATION": ("ConcatenationOptions", ("Axis", *_ACTIVATED)),
    "RESIZE_NEAREST_NEIGHBOR": ("ResizeNearestNeighborOptions", ("AlignCorners", "HalfPixelCenters")),
}
"""Per operator: its options table, and the fields of it that are read."""


@dataclass(frozen=True)
class FileTensor:
    """A tensor as the file states it; names are unique, `dtype` is the schema's name in lower case.

    `data` holds the bytes of a constant, and is None for a tensor that is computed.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    quant: QuantParams | None
    data: bytes | None
    variable: bool


@dataclass(frozen=True)
class FileOp:
    """An operator as the file states it: tensors by index, -1 for an optional one that is absent."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True)
class FileModel:
    """The first subgraph of a file, and how many there are: operators of control flow call the others."""

    subgraphs: int
    tensors: tuple[FileTensor, ...]
    ops: tuple[FileOp, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read(path: Path) -> FileModel:
    """Read `path`.

    Raises:
        ModelError: it cannot be opened, is no TensorFlow Lite file, or is damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(error.strerror or str(error), where=str(path)) from error
    if content[4:8] != FILE_IDENTIFIER:
        found = content[4:8].decode("ascii", "replace")
        raise ModelError(f"not a TensorFlow Lite file: identifier {found!r}", where=str(path), right="'TFL3' at byte 4")
    with _damage(path):
        return _model(content)


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """What the readers of the schema package raise at offsets and values that make no sense."""
    try:
        yield
    except struct.error as error:
        ends = f"damaged: it ends at byte {path.stat().st_size:,}, before what it refers to"
        raise ModelError(ends, where=str(path)) from error
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError) as error:
        raise ModelError(f"damaged: {error}", where=str(path)) from error


def _model(content: bytes) -> FileModel:
    model = tflite.Model.GetRootAs(content, 0)
    subgraphs = _length(model.SubgraphsLength(), content)
    if subgraphs < 1:
        raise ValueError("no subgraph; there has to be one")
    graph = model.Subgraphs(0)
    buffers = [_buffer(model.Buffers(i), content) for i in range(_length(model.BuffersLength(), content))]
    kinds = [_kind(model.OperatorCodes(i)) for i in range(_length(model.OperatorCodesLength(), content))]
    tensors = [_tensor(graph.Tensors(i), i, buffers, content) for i in range(_length(graph.TensorsLength(), content))]
    ops = [_op(graph.Operators(i), kinds, content) for i in range(_length(graph.OperatorsLength(), content))]
    found = FileModel(
        subgraphs,
        _uniquely_named(tensors),
        tuple(ops),
        _ints(graph.InputsLength, graph.Inputs, content),
        _ints(graph.OutputsLength, graph.Outputs, content),
    )
    _check_indices(found)
    return found


def _length(stated: int, content: bytes) -> int:
    """A vector's length, every element of which takes a byte at least."""
    if stated > len(content):
        raise ValueError(f"a vector of {stated} elements in a file of {len(content)} bytes")
    return stated


def _ints(length: Callable[[], int], element: Callable[[int], Any], content: bytes) -> tuple[int, ...]:
    return tuple(int(element(i)) for i in range(_length(length(), content)))


def _buffer(buffer: Any, content: bytes) -> bytes | None:
    if buffer.Offset() > 1:
        raise ValueError("a buffer that lies outside the flatbuffer; such large models are not for microcontrollers")
    size = _length(buffer.DataLength(), content)
    return bytes(buffer.DataAsNumpy()) if size else None


def _kind(code: Any) -> str:
    number = code.BuiltinCode()
    if number == tflite.BuiltinOperator.CUSTOM:
        return f"CUSTOM {(code.CustomCode() or b'?').decode('utf-8', 'replace')}"
    return str(tflite.BUILTIN_OPCODE2NAME.get(number, f"OPERATOR_{number}"))


_DTYPES = {value: name.lower() for name, value in vars(tflite.TensorType).items() if not name.startswith("_")}


def _tensor(tensor: Any, index: int, buffers: list[bytes | None], content: bytes) -> FileTensor:
    name = (tensor.Name() or b"").decode("utf-8", "replace") or f"tensor_{index}"
    shape = _ints(tensor.ShapeLength, tensor.Shape, content)
    if any(n < 1 for n in shape) or prod(shape) > MAX_ELEMENTS:
        raise ValueError(f"tensor '{name}' has shape {shape}; dimensions have to be known and positive")
    if tensor.Buffer() >= len(buffers):
        raise ValueError(f"tensor '{name}' refers to buffer {tensor.Buffer()}; there are {len(buffers)}")
    if tensor.Sparsity() is not None:
        raise ValueError(f"tensor '{name}' is stored sparse; store it dense, hilbench compresses it itself")
    dtype = _DTYPES.get(tensor.Type(), f"type {tensor.Type()}")
    quant = _quantization(tensor.Quantization(), name, shape, content) if dtype in ("int8", "uint8") else None
    return FileTensor(name, shape, dtype, quant, buffers[tensor.Buffer()], bool(tensor.IsVariable()))


def _uniquely_named(tensors: list[FileTensor]) -> tuple[FileTensor, ...]:
    """What several tensors are called is told apart by their index."""
    count = Counter(tensor.name for tensor in tensors)
    named = [t if count[t.name] == 1 else replace(t, name=f"{t.name}#{i}") for i, t in enumerate(tensors)]
    if len({tensor.name for tensor in named}) < len(named):
        raise ValueError("tensors cannot be told apart by their names")
    return tuple(named)


def _quantization(stated: Any, name: str, shape: tuple[int, ...], content: bytes) -> QuantParams | None:
    if stated is None or stated.ScaleLength() == 0:
        return None
    scales = [float(stated.Scale(i)) for i in range(_length(stated.ScaleLength(), content))]
    zero_points = _ints(stated.ZeroPointLength, stated.ZeroPoint, content) or (0,) * len(scales)
    # Only one channel of many may have the scale 0: its weights are all 0.
    if len(zero_points) != len(scales) or not all(isfinite(s) and s >= 0 for s in scales) or scales == [0.0]:
        raise ValueError(f"tensor '{name}' has scales {scales[:4]} and zero points {zero_points[:4]}")
    if len(scales) == 1:
        return QuantParams(tuple(scales), zero_points)
    axis = stated.QuantizedDimension()
    if not 0 <= axis < len(shape) or shape[axis] != len(scales):
        raise ValueError(f"tensor '{name}' has {len(scales)} scales for axis {axis} of shape {shape}")
    return QuantParams(tuple(scales), zero_points, axis)


def _op(op: Any, kinds: list[str], content: bytes) -> FileOp:
    code = op.OpcodeIndex()
    if code >= len(kinds):
        raise ValueError(f"an operator refers to operator code {code}; there are {len(kinds)}")
    inputs, outputs = _ints(op.InputsLength, op.Inputs, content), _ints(op.OutputsLength, op.Outputs, content)
    return FileOp(kinds[code], inputs, outputs, _options(op, kinds[code]))


def _options(op: Any, kind: str) -> dict[str, Any]:
    """The fields of the options table; empty where the operator has none."""
    table_name, fields = _OPTIONS.get(kind, ("", ()))
    table = op.BuiltinOptions()
    if not fields or table is None or op.BuiltinOptionsType() != getattr(tflite.BuiltinOptions, table_name):
        return {}
    options = getattr(tflite, table_name)()
    assert isinstance(table, Table)
    options.Init(table.Bytes, table.Pos)
    return {field: getattr(options, field)() for field in fields}


def _check_indices(model: FileModel) -> None:
    count = len(model.tensors)
    for index, op in enumerate(model.ops):
        if not op.outputs:
            raise ValueError(f"operator {index} {op.kind} has no output")
        for tensor in (*(i for i in op.inputs if i != -1), *op.outputs):
            _check_index(tensor, count, f"operator {index} {op.kind}")
    for tensor in (*model.inputs, *model.outputs):
        _check_index(tensor, count, "the subgraph")


def _check_index(tensor: int, count: int, where: str) -> None:
    if not 0 <= tensor < count:
        raise ValueError(f"{where} refers to tensor {tensor}; there are {count}")


def constant_array(tensor: FileTensor) -> Array | None:
    """Data of a constant whose element type numpy knows, in the tensor's shape; None for a computed tensor.

    Raises:
        ValueError: the buffer does not hold as many bytes as the tensor has.
    """
    if tensor.data is None:
        return None
    dtype = np.dtype(tensor.dtype)
    if len(tensor.data) != prod(tensor.shape) * dtype.itemsize:
        raise ValueError(f"constant '{tensor.name}' of {dtype} {tensor.shape} has {len(tensor.data)} bytes")
    return np.frombuffer(tensor.data, dtype.newbyteorder("<")).astype(dtype).reshape(tensor.shape)
