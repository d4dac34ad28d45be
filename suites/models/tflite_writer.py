"""Writing TensorFlow Lite model files: tensors and operators in execution order, through the schema package's builders.

Operators and their options are called by the schema's own names (schema.fbs of TensorFlow Lite), so that every operator
of the schema can be written without a line here that knows it:

    model = TfliteModel("tiny")
    x = model.input("x", (1, 8, 8, 1))
    w = model.constant("w", np.ones((4, 3, 3, 1), np.float32))
    b = model.constant("b", np.zeros(4, np.float32))
    y = model.op("CONV_2D", [x, w, b], "y", (1, 8, 8, 4), options=conv_options("SAME", activation="RELU"))
    model.save(path, outputs=[y])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import tflite
from numpy.typing import NDArray

SCHEMA_VERSION = 3
FILE_IDENTIFIER = b"TFL3"
BUFFER_ALIGNMENT = 16  # schema.fbs: Buffer.data has force_align 16

OPTIONS_TABLE = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "ADD": "AddOptions",
    "SUB": "SubOptions",
    "MUL": "MulOptions",
    "PAD": "PadOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "RESHAPE": "ReshapeOptions",
    "SOFTMAX": "SoftmaxOptions",
    "TRANSPOSE": "TransposeOptions",
    "CONCATENATION": "ConcatenationOptions",
    "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions",
    "QUANTIZE": "QuantizeOptions",
    "DEQUANTIZE": "DequantizeOptions",
}
"""Name of the options table per operator; operators that are not listed are written without options."""


@dataclass(frozen=True)
class Quantization:
    """real = scale * (q - zero_point); one pair for the tensor, or one per index of `axis`."""

    scale: Sequence[float]
    zero_point: Sequence[int]
    axis: int = 0


@dataclass(frozen=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None
    data: NDArray[Any] | None


@dataclass(frozen=True)
class _Op:
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, Any]
    version: int


def conv_options(
    padding: str, stride: tuple[int, int] = (1, 1), dilation: tuple[int, int] = (1, 1), activation: str = "NONE"
) -> dict[str, Any]:
    """Options of CONV_2D; stride and dilation are (rows, columns); padding is "SAME" or "VALID"."""
    return {
        "Padding": getattr(tflite.Padding, padding),
        "StrideH": stride[0],
        "StrideW": stride[1],
        "DilationHFactor": dilation[0],
        "DilationWFactor": dilation[1],
        "FusedActivationFunction": activation_type(activation),
    }


def pool_options(
    padding: str, window: tuple[int, int], stride: tuple[int, int], activation: str = "NONE"
) -> dict[str, Any]:
    """Options of AVERAGE_POOL_2D and MAX_POOL_2D; window and stride are (rows, columns)."""
    return {
        "Padding": getattr(tflite.Padding, padding),
        "FilterHeight": window[0],
        "FilterWidth": window[1],
        "StrideH": stride[0],
        "StrideW": stride[1],
        "FusedActivationFunction": activation_type(activation),
    }


def activation_type(name: str) -> int:
    """The schema's number of a fused activation: "NONE", "RELU", "RELU6", "RELU_N1_TO_1", …"""
    return int(getattr(tflite.ActivationFunctionType, name))


class TfliteModel:
    """A model in the making: every call gives the index of the tensor it added."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tensors: list[_Tensor] = []
        self.ops: list[_Op] = []
        self.inputs: list[int] = []

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str = "float32",
        quantization: Quantization | None = None,
        data: NDArray[Any] | None = None,
    ) -> int:
        """Add a tensor; `dtype` is numpy's name of it; a constant has `data`."""
        self.tensors.append(_Tensor(name, tuple(shape), dtype, quantization, data))
        return len(self.tensors) - 1

    def input(
        self, name: str, shape: Sequence[int], dtype: str = "float32", quantization: Quantization | None = None
    ) -> int:
        """Add an input of the model."""
        self.inputs.append(self.tensor(name, shape, dtype, quantization))
        return self.inputs[-1]

    def constant(self, name: str, data: NDArray[Any], quantization: Quantization | None = None) -> int:
        """Add a constant with the shape and dtype of `data`."""
        return self.tensor(name, data.shape, data.dtype.name, quantization, data)

    def op(
        self,
        kind: str,
        inputs: Sequence[int],
        output: str,
        shape: Sequence[int],
        *,
        dtype: str = "float32",
        quantization: Quantization | None = None,
        options: Mapping[str, Any] | None = None,
        version: int = 1,
    ) -> int:
        """Add an operator with one output called `output`; an optional input that is absent is -1."""
        result = self.tensor(output, shape, dtype, quantization)
        self.ops.append(_Op(kind, tuple(inputs), (result,), options or {}, version))
        return result

    def to_bytes(self, outputs: Sequence[int]) -> bytes:
        """The model file."""
        builder = flatbuffers.Builder(1 << 16)
        codes = list(dict.fromkeys((op.kind, op.version) for op in self.ops))
        subgraph = self._subgraph(builder, codes, outputs)
        codes_vector = _offsets(builder, tflite.ModelStartOperatorCodesVector, [_code(builder, *c) for c in codes])
        buffers = [_buffer(builder, None)] + [_buffer(builder, t.data) for t in self.tensors]
        buffers_vector = _offsets(builder, tflite.ModelStartBuffersVector, buffers)
        subgraphs_vector = _offsets(builder, tflite.ModelStartSubgraphsVector, [subgraph])
        description = builder.CreateString(self.name)
        tflite.ModelStart(builder)
        tflite.ModelAddVersion(builder, SCHEMA_VERSION)
        tflite.ModelAddOperatorCodes(builder, codes_vector)
        tflite.ModelAddSubgraphs(builder, subgraphs_vector)
        tflite.ModelAddDescription(builder, description)
        tflite.ModelAddBuffers(builder, buffers_vector)
        builder.Finish(tflite.ModelEnd(builder), FILE_IDENTIFIER)
        return bytes(builder.Output())

    def save(self, path: Path, outputs: Sequence[int]) -> None:
        """Write the model file to `path`."""
        path.write_bytes(self.to_bytes(outputs))

    def _subgraph(self, builder: Any, codes: list[tuple[str, int]], outputs: Sequence[int]) -> int:
        # Buffer 0 is the empty one by the schema's convention; tensor i has buffer i + 1.
        tensors = [_tensor(builder, tensor, i + 1) for i, tensor in enumerate(self.tensors)]
        ops = [_operator(builder, op, codes.index((op.kind, op.version))) for op in self.ops]
        tensors_vector = _offsets(builder, tflite.SubGraphStartTensorsVector, tensors)
        ops_vector = _offsets(builder, tflite.SubGraphStartOperatorsVector, ops)
        inputs_vector, outputs_vector = _ints(builder, self.inputs), _ints(builder, outputs)
        name = builder.CreateString("main")
        tflite.SubGraphStart(builder)
        tflite.SubGraphAddTensors(builder, tensors_vector)
        tflite.SubGraphAddInputs(builder, inputs_vector)
        tflite.SubGraphAddOutputs(builder, outputs_vector)
        tflite.SubGraphAddOperators(builder, ops_vector)
        tflite.SubGraphAddName(builder, name)
        return int(tflite.SubGraphEnd(builder))


def _ints(builder: Any, values: Sequence[int]) -> int:
    return int(builder.CreateNumpyVector(np.asarray(values, np.int32)))


def _offsets(builder: Any, start: Any, offsets: Sequence[int]) -> int:
    start(builder, len(offsets))
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _code(builder: Any, kind: str, version: int) -> int:
    number = getattr(tflite.BuiltinOperator, kind)
    tflite.OperatorCodeStart(builder)
    # Readers older than schema 3a look at the 8-bit field; 127 there says "look at the other one".
    tflite.OperatorCodeAddDeprecatedBuiltinCode(builder, min(number, 127))
    tflite.OperatorCodeAddVersion(builder, version)
    tflite.OperatorCodeAddBuiltinCode(builder, number)
    return int(tflite.OperatorCodeEnd(builder))


def _buffer(builder: Any, data: NDArray[Any] | None) -> int:
    vector = None if data is None else _aligned_bytes(builder, np.ascontiguousarray(data).tobytes())
    tflite.BufferStart(builder)
    if vector is not None:
        tflite.BufferAddData(builder, vector)
    return int(tflite.BufferEnd(builder))


def _aligned_bytes(builder: Any, data: bytes) -> int:
    """As Builder.CreateByteVector, which cannot be told an alignment."""
    builder.StartVector(1, len(data), BUFFER_ALIGNMENT)
    builder.head -= len(data)
    builder.Bytes[builder.head : builder.head + len(data)] = data
    return int(builder.EndVector())


def _tensor(builder: Any, tensor: _Tensor, buffer: int) -> int:
    shape, name = _ints(builder, tensor.shape), builder.CreateString(tensor.name)
    quantization = None if tensor.quantization is None else _quantization(builder, tensor.quantization)
    tflite.TensorStart(builder)
    tflite.TensorAddShape(builder, shape)
    tflite.TensorAddType(builder, getattr(tflite.TensorType, tensor.dtype.upper()))
    tflite.TensorAddBuffer(builder, buffer)
    tflite.TensorAddName(builder, name)
    if quantization is not None:
        tflite.TensorAddQuantization(builder, quantization)
    return int(tflite.TensorEnd(builder))


def _quantization(builder: Any, quantization: Quantization) -> int:
    scale = builder.CreateNumpyVector(np.asarray(quantization.scale, np.float32))
    zero_point = builder.CreateNumpyVector(np.asarray(quantization.zero_point, np.int64))
    tflite.QuantizationParametersStart(builder)
    tflite.QuantizationParametersAddScale(builder, scale)
    tflite.QuantizationParametersAddZeroPoint(builder, zero_point)
    tflite.QuantizationParametersAddQuantizedDimension(builder, quantization.axis)
    return int(tflite.QuantizationParametersEnd(builder))


def _operator(builder: Any, op: _Op, code: int) -> int:
    inputs, outputs = _ints(builder, op.inputs), _ints(builder, op.outputs)
    table = OPTIONS_TABLE.get(op.kind)
    options = None if table is None else _options(builder, table, op.options)
    tflite.OperatorStart(builder)
    tflite.OperatorAddOpcodeIndex(builder, code)
    tflite.OperatorAddInputs(builder, inputs)
    tflite.OperatorAddOutputs(builder, outputs)
    if table is not None:
        tflite.OperatorAddBuiltinOptionsType(builder, getattr(tflite.BuiltinOptions, table))
        tflite.OperatorAddBuiltinOptions(builder, options)
    return int(tflite.OperatorEnd(builder))


def _options(builder: Any, table: str, fields: Mapping[str, Any]) -> int:
    """An options table; a field that is an array becomes a vector of int32."""
    values = {key: _ints(builder, v) if isinstance(v, (list, tuple)) else v for key, v in fields.items()}
    getattr(tflite, f"{table}Start")(builder)
    for key, value in values.items():
        getattr(tflite, f"{table}Add{key}")(builder, value)
    return int(getattr(tflite, f"{table}End")(builder))
