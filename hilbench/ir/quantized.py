"""The integer constants of every int8 operator, as TFLite Micro's Prepare functions compute them.

One place for the numpy reference and for code generation. Each function takes an operator and its graph. Scales are
float32 values; where TFLite Micro multiplies or divides them in float32, so does this module, and where it widens to
double first, likewise: the last bit of a multiplier depends on it.

Raises:
    ValueError: the quantization of the operator's tensors is one that the operator cannot have.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np

from hilbench.ir.attrs import Activation, Mean, Softmax, attributes
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op, Tensor

INT8_MIN, INT8_MAX = -128, 127

ADD_LEFT_SHIFT = 20
"""Bits that ADD and SUB gain before they rescale their inputs."""

SOFTMAX_INTEGER_BITS = 5
"""SOFTMAX takes the exponential of differences in Q5.26."""

SOFTMAX_SUM_INTEGER_BITS = 12
"""SOFTMAX sums exponentials in Q12.19."""

LOGISTIC_INTEGER_BITS = 4
"""LOGISTIC works on inputs in Q4.27."""


@dataclass(frozen=True)
class ConvConstants:
    """CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED.

    acc = bias[c] + sum((x + input_offset) * w); y = clamp(multiply(acc, multiplier[c], shift[c]) + output_offset).
    One multiplier and shift per output channel, also where the weights have one scale.
    """

    input_offset: int
    output_offset: int
    multiplier: tuple[int, ...]
    shift: tuple[int, ...]
    act_min: int
    act_max: int


@dataclass(frozen=True)
class AddConstants:
    """ADD and SUB.

    s_i = multiply((x_i + offset_i) << left_shift, multiplier_i, shift_i);
    y = clamp(multiply(s_1 + s_2, output_multiplier, output_shift) + output_offset), for SUB with s_1 - s_2.
    """

    left_shift: int
    input1_offset: int
    input1_multiplier: int
    input1_shift: int
    input2_offset: int
    input2_multiplier: int
    input2_shift: int
    output_offset: int
    output_multiplier: int
    output_shift: int
    act_min: int
    act_max: int


@dataclass(frozen=True)
class MulConstants:
    """MUL: y = clamp(multiply((x1 + input1_offset) * (x2 + input2_offset), multiplier, shift) + output_offset)."""

    input1_offset: int
    input2_offset: int
    output_offset: int
    multiplier: int
    shift: int
    act_min: int
    act_max: int


@dataclass(frozen=True)
class RequantizeConstants:
    """QUANTIZE of integers, RELU, RELU6, and the inputs of CONCATENATION.

    y = clamp(multiply(x + input_offset, multiplier, shift) + output_offset). `identity` says that this is y = clamp(x).
    """

    input_offset: int
    output_offset: int
    multiplier: int
    shift: int
    act_min: int
    act_max: int

    @property
    def identity(self) -> bool:
        """Same scale and zero point on both sides."""
        return (self.multiplier, self.shift) == (1 << 30, 1) and self.input_offset == -self.output_offset


@dataclass(frozen=True)
class MeanConstants:
    """MEAN of `count` values: the division by the count is in the multiplier.

    y = clamp(multiply(sum - count * input_zero_point, multiplier, shift) + output_zero_point).
    """

    count: int
    input_zero_point: int
    output_zero_point: int
    multiplier: int
    shift: int


@dataclass(frozen=True)
class PoolConstants:
    """AVERAGE_POOL_2D (sum / pixels, halves away from zero) and MAX_POOL_2D, then the clamp."""

    act_min: int
    act_max: int


@dataclass(frozen=True)
class SoftmaxConstants:
    """SOFTMAX: d = x - max; -128 where d < diff_min, else from exp(multiply(d, multiplier, left_shift)) in Q5.26."""

    multiplier: int
    left_shift: int
    diff_min: int


@dataclass(frozen=True)
class LogisticConstants:
    """LOGISTIC: d = x + input_offset; beyond +-radius the output saturates, else logistic(multiply(d, …)) in Q4.27."""

    input_offset: int
    radius: int
    multiplier: int
    left_shift: int


@dataclass(frozen=True)
class AffineConstants:
    """QUANTIZE from float32 (y = clamp(round(x / scale) + zero_point)) and DEQUANTIZE (y = scale * (x - zero_point)).

    `scale` is a float32 value; halves are rounded away from zero.
    """

    scale: float
    zero_point: int


@lru_cache(maxsize=1 << 14)
def quantize_multiplier(real: float) -> tuple[int, int]:
    """`real` >= 0 as (multiplier, shift): multiplier * 2**(shift - 31), multiplier in [2**30, 2**31) or 0.

    TensorFlow Lite's QuantizeMultiplier: values below 2**-32 become 0.

    Raises:
        ValueError: `real` is 2**31 or more, which no 32-bit arithmetic can shift by.
    """
    if real == 0.0:
        return 0, 0
    if not 0.0 < real < 2.0**31:
        raise ValueError(f"the scales have a ratio of {real:g}; it has to be below 2**31")
    fraction, shift = math.frexp(real)
    multiplier = round_half_away(fraction * 2**31)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (multiplier, shift) if shift >= -31 else (0, 0)


def round_half_away(value: float) -> int:
    """The nearest integer, halves away from zero, as C's round()."""
    whole = math.floor(abs(value))
    rounded = whole + (abs(value) - whole >= 0.5)
    return rounded if value >= 0 else -rounded


def activation_range(activation: Activation, output: Tensor) -> tuple[int, int]:
    """Lowest and highest int8 output of a fused activation (CalculateActivationRangeQuantized)."""
    low, high = activation.bounds
    act_min = INT8_MIN if low is None else max(INT8_MIN, quantize(low, output))
    act_max = INT8_MAX if high is None else min(INT8_MAX, quantize(high, output))
    return act_min, act_max


def quantize(real: float, tensor: Tensor) -> int:
    """`real` on the tensor's scale, not clamped; the division is float32."""
    return tensor.zero_point + round_half_away(float(np.float32(real) / np.float32(tensor.scale)))


def conv_constants(op: Op, graph: Graph) -> ConvConstants:
    """Constants of CONV_2D and DEPTHWISE_CONV_2D (PopulateConvolutionQuantizationParams)."""
    x, w, y = _operands(op, graph)
    scales, of_x, of_y = _weight_scales(w, axis=0 if op.kind == "CONV_2D" else 3), x.scale, y.scale
    return _conv(op, graph, tuple(of_x * scale / of_y for scale in scales))


def fully_connected_constants(op: Op, graph: Graph) -> ConvConstants:
    """Constants of FULLY_CONNECTED (CalculateOpDataFullyConnected): one weight scale is multiplied in float32."""
    x, w, y = _operands(op, graph)
    scales = _weight_scales(w, axis=0)
    if w.quant is not None and len(w.quant.scale) == 1:
        product = float(np.float32(x.scale) * np.float32(w.scale))
        return _conv(op, graph, (product / y.scale,) * len(scales))
    return _conv(op, graph, tuple(x.scale * scale / y.scale for scale in scales))


def _conv(op: Op, graph: Graph, real: tuple[float, ...]) -> ConvConstants:
    x, _, y = _operands(op, graph)
    pairs = [quantize_multiplier(value) for value in real]
    low, high = activation_range(_activation(op), y)
    multipliers, shifts = tuple(m for m, _ in pairs), tuple(s for _, s in pairs)
    return ConvConstants(-x.zero_point, y.zero_point, multipliers, shifts, low, high)


def _operands(op: Op, graph: Graph) -> tuple[Tensor, Tensor, Tensor]:
    """First input, second input, output."""
    first, second = op.present_inputs[:2]
    return graph[first], graph[second], graph[op.outputs[0]]


def _weight_scales(weights: Tensor, axis: int) -> tuple[float, ...]:
    """One per output channel; the output channels lie on `axis`."""
    quant, channels = weights.quant, weights.shape[axis]
    if quant is None:
        raise ValueError(f"weights '{weights.name}' are int8 but not quantized")
    if any(quant.zero_point):
        raise ValueError(f"weights '{weights.name}' have a zero point; int8 weights are symmetric")
    if len(quant.scale) == 1:
        return quant.scale * channels
    if len(quant.scale) != channels or quant.axis != axis:
        raise ValueError(f"weights '{weights.name}' need 1 or {channels} scales along axis {axis}")
    return quant.scale


def _activation(op: Op) -> Activation:
    return getattr(op.attrs, "activation", Activation.NONE)


def add_constants(op: Op, graph: Graph) -> AddConstants:
    """Constants of ADD (CalculateOpDataAdd, in double) and SUB (CalculateOpDataSub, in float32)."""
    x1, x2, y = _operands(op, graph)
    real = _float32_ratios(x1, x2, y) if op.kind == "SUB" else _double_ratios(x1, x2, y)
    if real[2] >= 1.0:
        raise ValueError(f"output scale {y.scale:g} is too small for inputs of scale {x1.scale:g} and {x2.scale:g}")
    (m1, s1), (m2, s2), (m, s) = (quantize_multiplier(value) for value in real)
    low, high = activation_range(_activation(op), y)
    inputs = (-x1.zero_point, m1, s1, -x2.zero_point, m2, s2)
    return AddConstants(ADD_LEFT_SHIFT, *inputs, y.zero_point, m, s, low, high)


def _double_ratios(x1: Tensor, x2: Tensor, y: Tensor) -> tuple[float, float, float]:
    twice = 2.0 * max(x1.scale, x2.scale)
    return x1.scale / twice, x2.scale / twice, twice / ((1 << ADD_LEFT_SHIFT) * y.scale)


def _float32_ratios(x1: Tensor, x2: Tensor, y: Tensor) -> tuple[float, float, float]:
    scale1, scale2, scale = np.float32(x1.scale), np.float32(x2.scale), np.float32(y.scale)
    twice = np.float32(2) * max(scale1, scale2)
    return float(scale1 / twice), float(scale2 / twice), float(twice / (np.float32(1 << ADD_LEFT_SHIFT) * scale))


def mul_constants(op: Op, graph: Graph) -> MulConstants:
    """Constants of MUL (CalculateOpDataMul)."""
    x1, x2, y = _operands(op, graph)
    multiplier, shift = quantize_multiplier(x1.scale * x2.scale / y.scale)
    low, high = activation_range(_activation(op), y)
    return MulConstants(-x1.zero_point, -x2.zero_point, y.zero_point, multiplier, shift, low, high)


def requantize_constants(op: Op, graph: Graph, which: int = 0) -> RequantizeConstants:
    """Constants of QUANTIZE between integers, and of input `which` of CONCATENATION."""
    x, y = graph[op.present_inputs[which]], graph[op.outputs[0]]
    limits = (0, 255) if y.dtype == DType.UINT8 else activation_range(_activation(op), y)
    return _requantize(x, y, limits)


def relu_constants(op: Op, graph: Graph) -> RequantizeConstants:
    """Constants of RELU and RELU6, which rescale where input and output differ in quantization.

    TFLite Micro's RELU6 does not rescale, and is right only where they do not differ; there both agree.
    """
    x, y = graph[op.present_inputs[0]], graph[op.outputs[0]]
    return _requantize(x, y, activation_range(Activation(op.kind), y))


def _requantize(x: Tensor, y: Tensor, clamp: tuple[int, int]) -> RequantizeConstants:
    multiplier, shift = quantize_multiplier(x.scale / y.scale)
    return RequantizeConstants(-x.zero_point, y.zero_point, multiplier, shift, *clamp)


def mean_constants(op: Op, graph: Graph) -> MeanConstants:
    """Constants of MEAN (PrepareMeanOrSum, and QuantizedMeanOrSum for the division by the count)."""
    x, y = graph[op.present_inputs[0]], graph[op.outputs[0]]
    count = prod(x.shape[axis] for axis in attributes(op, Mean).axes)
    multiplier, shift = quantize_multiplier(x.scale / y.scale)
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    return MeanConstants(count, x.zero_point, y.zero_point, (multiplier << bits) // count, shift - bits)


def pool_constants(op: Op, graph: Graph) -> PoolConstants:
    """Constants of AVERAGE_POOL_2D and MAX_POOL_2D."""
    require_same_quantization(op, graph)
    return PoolConstants(*activation_range(_activation(op), graph[op.outputs[0]]))


def softmax_constants(op: Op, graph: Graph) -> SoftmaxConstants:
    """Constants of SOFTMAX (PreprocessSoftmaxScaling and CalculateInputRadius)."""
    x, y = graph[op.present_inputs[0]], graph[op.outputs[0]]
    _require_unit_output(y)
    beta = float(np.float32(attributes(op, Softmax).beta))
    real = min(beta * x.scale * (1 << (31 - SOFTMAX_INTEGER_BITS)), 2.0**31 - 1)
    if not real > 1.0:
        raise ValueError(f"input scale {x.scale:g} times beta {beta:g} is too small")
    multiplier, shift = quantize_multiplier(real)
    return SoftmaxConstants(multiplier, shift, -_input_radius(SOFTMAX_INTEGER_BITS, shift))


def logistic_constants(op: Op, graph: Graph) -> LogisticConstants:
    """Constants of LOGISTIC (CalculateArithmeticOpDataLogistic)."""
    x, y = graph[op.present_inputs[0]], graph[op.outputs[0]]
    _require_unit_output(y)
    # From a scale of 16 upward the radius is 0 and every output saturates, so that the cap changes nothing.
    multiplier, shift = quantize_multiplier(min(x.scale * (1 << (31 - LOGISTIC_INTEGER_BITS)), 2.0**31 - 1))
    return LogisticConstants(-x.zero_point, _input_radius(LOGISTIC_INTEGER_BITS, shift), multiplier, shift)


def _input_radius(integer_bits: int, left_shift: int) -> int:
    """Largest input whose rescaled value stays within Q(integer_bits)."""
    return math.floor(((1 << integer_bits) - 1) * 2.0 ** (31 - integer_bits) / 2.0**left_shift)


def _require_unit_output(y: Tensor) -> None:
    if (y.scale, y.zero_point) != (1 / 256, -128):
        raise ValueError(f"output scale {y.scale:g} and zero point {y.zero_point}; they have to be 1/256 and -128")


def affine_constants(op: Op, graph: Graph) -> AffineConstants:
    """Constants of QUANTIZE from float32 and of DEQUANTIZE to float32."""
    quantized = graph[op.outputs[0]] if op.kind == "QUANTIZE" else graph[op.present_inputs[0]]
    return AffineConstants(quantized.scale, quantized.zero_point)


def zero_value(tensor: Tensor) -> int:
    """What stands for a real zero in the tensor: what PAD writes and padding reads."""
    return 0 if tensor.dtype == DType.FLOAT32 else tensor.zero_point


def require_same_quantization(op: Op, graph: Graph) -> None:
    """Refuse an operator that moves values without rescaling them between tensors of different quantization.

    Scales that differ by less than what moves any int8 value by a tenth of a step count as equal.
    """
    x, y = graph[op.present_inputs[0]], graph[op.outputs[0]]
    if x.dtype != DType.INT8:
        return
    if x.zero_point != y.zero_point or abs(x.scale / y.scale - 1.0) > 0.1 / 255:
        raise ValueError(f"'{x.name}' and '{y.name}' differ in quantization, and {op.kind} does not rescale")
