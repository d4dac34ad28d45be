"""A float graph in int8, by TensorFlow Lite's quantization specification.

https://ai.google.dev/edge/litert/models/quantization_spec: activations asymmetric per tensor, weights symmetric in
[-127, 127], biases int32 at scale input × weights, SOFTMAX and LOGISTIC with output scale 1/256 and zero point -128,
and operators that only move values (or select among them) with one quantization on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hilbench.errors import UnsupportedModel, UnsupportedOp
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op, QuantParams, Tensor
from hilbench.variants.calibration import Ranges

FIXED = QuantParams((1 / 256,), (-128,))
"""Quantization of what SOFTMAX and LOGISTIC write: [0, 1) in steps of 1/256."""

FIXED_KINDS = frozenset({"SOFTMAX", "LOGISTIC"})

TIED_KINDS = frozenset(
    (
        "AVERAGE_POOL_2D",
        "CONCATENATION",
        "MAX_POOL_2D",
        "PAD",
        "RELU6",
        "RESHAPE",
        "RESIZE_NEAREST_NEIGHBOR",
        "TRANSPOSE",
    )
)
"""Operators whose inputs and outputs share one quantization, because their kernels do not rescale."""

FREE_KINDS = frozenset({"ADD", "SUB", "MUL", "MEAN", "RELU"})
"""Operators that rescale from any quantization to any."""

WEIGHT_AXIS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}
"""Axis of the output channels in the weights."""

KINDS = FIXED_KINDS | TIED_KINDS | FREE_KINDS | WEIGHT_AXIS.keys()

WEIGHT_MAX = 127
BIAS_MAX = 2**30
"""Largest magnitude of a bias: half of int32, so that accumulation has room."""


def quantize(graph: Graph, ranges: Ranges, *, per_channel: bool) -> Graph:
    """The float `graph` in int8, of operators that `demand_quantizable` lets pass; `ranges` are of its tensors."""
    graph = _split_fixed(graph)
    known = {**ranges, **{op.outputs[0]: ranges[str(op.inputs[0])] for op in graph.ops if op.kind == "QUANTIZE"}}
    params = _parameters(graph, known)
    weighted = _Weights(graph, params, per_channel)
    kept = [_activation(graph[name], quant) for name, quant in params.items()]
    tensors = {tensor.name: tensor for tensor in [*kept, *weighted.tensors.values()]}
    return replace(graph, tensors=tensors, ops=weighted.ops)


def demand_quantizable(graph: Graph) -> None:
    """Check that every operator has an int8 form.

    Raises:
        UnsupportedModel: some have not; all of them are named.
    """
    found = []
    for op in graph.ops:
        computed = [name for name in op.inputs[1:] if name is not None and graph[name].data is None]
        if op.kind not in KINDS:
            found.append(UnsupportedOp(op.kind, op.index, op.outputs[0], "has no int8 form here"))
        elif any(graph[name].dtype is not DType.FLOAT32 for name in (*op.present_inputs, *op.outputs)):
            found.append(UnsupportedOp(op.kind, op.index, op.outputs[0], "is not float32, so it cannot be quantized"))
        elif op.kind in WEIGHT_AXIS and computed:
            found.append(UnsupportedOp(op.kind, op.index, op.outputs[0], f"weights '{computed[0]}' are not constant"))
    if found:
        raise UnsupportedModel(graph.name, found)


def _activations(op: Op) -> tuple[str, ...]:
    """Tensors of an operator that are quantized as activations: all but weights and bias."""
    inputs = op.inputs[:1] if op.kind in WEIGHT_AXIS else op.inputs
    return (*(name for name in inputs if name is not None), *op.outputs)


def _groups(graph: Graph) -> dict[str, str]:
    """For every activation the name that stands for all that must share its quantization."""
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    for op in graph.ops:
        first, *others = _activations(op)
        find(first)
        for name in others:
            leader[find(name)] = find(first) if op.kind in TIED_KINDS else find(name)
    return {name: find(name) for name in [*graph.inputs, *leader]}


def _members(graph: Graph) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, leader in _groups(graph).items():
        found.setdefault(leader, []).append(name)
    return found


def _sources(graph: Graph, members: Iterable[str]) -> list[str]:
    """Members whose values are made, not moved: constants, graph inputs, outputs of operators that rescale."""
    made = {name: graph.ops[position].kind not in TIED_KINDS for name, position in graph.producer.items()}
    return [name for name in members if made.get(name, True)]


def _is_fixed(graph: Graph, name: str) -> bool:
    return name in graph.producer and graph.ops[graph.producer[name]].kind in FIXED_KINDS


def _split_fixed(graph: Graph) -> Graph:
    """A QUANTIZE behind every fixed output that would force its quantization on values of other origin."""
    for members in _members(graph).values():
        sources = _sources(graph, members)
        fixed = [name for name in sources if _is_fixed(graph, name)]
        if fixed and len(sources) > len(fixed):
            for name in fixed:
                graph = _rescaled(graph, name)
    return graph


def _rescaled(graph: Graph, name: str) -> Graph:
    """The graph with the readers of `name` reading a rescaled copy of it."""
    copy = replace(graph[name], name=f"{name}/rescaled")
    position = graph.producer[name]
    index = graph.ops[position].index
    swap = {name: copy.name}
    later = [replace(op, inputs=tuple(swap.get(str(n), n) for n in op.inputs)) for op in graph.ops[position + 1 :]]
    insert = Op("QUANTIZE", (name,), (copy.name,), index=index)
    ops = (*graph.ops[: position + 1], insert, *later)
    return replace(graph.with_tensors([copy]), ops=ops)


def _parameters(graph: Graph, ranges: Ranges) -> dict[str, QuantParams]:
    """Quantization of every activation."""
    found: dict[str, QuantParams] = {}
    for members in _members(graph).values():
        if any(_is_fixed(graph, name) for name in members):
            shared = FIXED
        else:
            shared = affine(min(ranges[name][0] for name in members), max(ranges[name][1] for name in members))
        found.update(dict.fromkeys(members, shared))
    return found


def affine(low: float, high: float) -> QuantParams:
    """Scale and zero point of int8 for values in [low, high]; 0 is always a value that can be stored exactly."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = float(np.float32((high - low) / 255))
    if scale < np.finfo(np.float32).tiny:  # nothing but zeros, as far as float32 can tell
        return QuantParams((1.0,), (0,))
    zero_point = int(np.clip(round(-128 - low / scale), -128, 127))
    return QuantParams((scale,), (zero_point,))


def codes(values: Array, quant: QuantParams, limits: tuple[int, int] = (-128, 127)) -> Array:
    """`values` as integers of `quant`, halves to even, clamped to `limits`; float64 holds them."""
    scale, zero_point = quant.along(values.ndim)
    return np.asarray(np.clip(np.rint(values.astype(np.float64) / scale) + zero_point, *limits))


def _activation(tensor: Tensor, quant: QuantParams) -> Tensor:
    data = None if tensor.data is None else codes(tensor.data, quant).astype(np.int8)
    return replace(tensor, dtype=DType.INT8, quant=quant, data=data)


@dataclass
class _Quantized:
    """Weights and bias of one operator."""

    weights: Tensor
    bias: Tensor | None


class _Weights:
    """Constants of the operators that have weights, and the operators reading them.

    A bias depends on the scale of its operator's input, so what several operators share is copied for each.
    """

    def __init__(self, graph: Graph, params: Mapping[str, QuantParams], per_channel: bool) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.ops = tuple(
            self._convert(op, graph, params, per_channel) if op.kind in WEIGHT_AXIS else op for op in graph.ops
        )

    def _convert(self, op: Op, graph: Graph, params: Mapping[str, QuantParams], per_channel: bool) -> Op:
        x_scale = params[str(op.inputs[0])].scale[0]
        bias = op.inputs[2] if len(op.inputs) > 2 else None
        done = _constants(graph[str(op.inputs[1])], None if bias is None else graph[bias], op, x_scale, per_channel)
        names = [self._add(done.weights, op), None if done.bias is None else self._add(done.bias, op)]
        return replace(op, inputs=(op.inputs[0], *names[: len(op.inputs) - 1]))

    def _add(self, tensor: Tensor, op: Op) -> str:
        name = tensor.name if tensor.name not in self.tensors else f"{tensor.name}/{op.outputs[0]}"
        self.tensors[name] = replace(tensor, name=name)
        return name


def _constants(weights: Tensor, bias: Tensor | None, op: Op, x_scale: float, per_channel: bool) -> _Quantized:
    axis = WEIGHT_AXIS[op.kind]
    scale = _scales(weights.values, None if bias is None else bias.data, x_scale, axis if per_channel else None)
    quant = QuantParams(scale, (0,) * len(scale), axis if per_channel else None)
    data = codes(weights.values, quant, (-WEIGHT_MAX, WEIGHT_MAX)).astype(np.int8)
    return _Quantized(replace(weights, dtype=DType.INT8, quant=quant, data=data), _bias(bias, scale, x_scale))


def _scales(weights: Array, bias: Array | None, x_scale: float, axis: int | None) -> tuple[float, ...]:
    """Weight scales: the largest weight of the channel becomes ±127; never so small that the bias overflows."""
    others = tuple(i for i in range(weights.ndim) if i != axis)
    needed = np.abs(weights.astype(np.float64)).max(axis=others if axis is not None else None).reshape(-1) / WEIGHT_MAX
    if bias is not None:
        least = np.abs(bias.astype(np.float64)) / (x_scale * BIAS_MAX)
        needed = np.maximum(needed, least if axis is not None else least.max())
    needed[needed == 0] = 1.0
    return tuple(float(np.float32(value)) for value in needed)


def _bias(bias: Tensor | None, scale: Sequence[float], x_scale: float) -> Tensor | None:
    if bias is None or bias.data is None:
        return None
    quant = QuantParams(
        tuple(float(np.float32(x_scale * each)) for each in scale), (0,) * len(scale), 0 if len(scale) > 1 else None
    )
    data = codes(bias.data, quant, (-(2**31), 2**31 - 1)).astype(np.int32)
    return replace(bias, dtype=DType.INT32, quant=quant, data=data)
