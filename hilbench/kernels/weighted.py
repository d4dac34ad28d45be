"""Structure members and arrays that kernels with windows or weights share."""

from __future__ import annotations

import numpy as np

from hilbench.ir.attrs import Activation
from hilbench.ir.dtype import DType
from hilbench.ir.fixedpoint import wrap32
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.quantized import ConvConstants, PoolConstants
from hilbench.ir.region import Window
from hilbench.kernels.family import Argument, constant

_FLOAT32_MAX = float(np.finfo(np.float32).max)


def sliding_members(y: Window, x: Window) -> dict[str, Argument]:
    """A window along rows and columns."""
    return {
        "kernel_h": y.kernel,
        "kernel_w": x.kernel,
        "stride_h": y.stride,
        "stride_w": x.stride,
        "dilation_h": y.dilation,
        "dilation_w": x.dilation,
        "pad_top": y.before,
        "pad_left": x.before,
    }


def float_clamp(activation: Activation) -> dict[str, Argument]:
    """Bounds of a float32 output: those of its activation, else those of float32."""
    low, high = activation.bounds
    return {"low": -_FLOAT32_MAX if low is None else low, "high": _FLOAT32_MAX if high is None else high}


def clamp_members(op: Op, graph: Graph, constants: ConvConstants | PoolConstants | None) -> dict[str, Argument]:
    """Offsets and bounds of the output; float32 where there are no integer constants."""
    if constants is None:
        return float_clamp(getattr(op.attrs, "activation", Activation.NONE))
    bounds: dict[str, Argument] = {"low": constants.act_min, "high": constants.act_max}
    if isinstance(constants, PoolConstants):
        return bounds
    return {"input_offset": constants.input_offset, "output_offset": constants.output_offset, **bounds}


def bias(op: Op, graph: Graph, channels: int) -> Array:
    """The bias, or zeros where there is none: int32 beside int8, else float32."""
    if len(op.inputs) > 2 and op.inputs[2] is not None:
        return constant(op.inputs[2], op, graph).reshape(-1)
    return np.zeros(channels, np.int32 if graph[op.present_inputs[0]].dtype == DType.INT8 else np.float32)


def whole_bias(weights: Array, bias: Array, input_offset: int) -> Array:
    """int32 [channel]: the bias that makes sum(x * w) what sum((x + input_offset) * w) is, modulo 2^32.

    Args:
        weights: int8 [channel, term].
        bias: int32 [channel].
        input_offset: that of the operator, less what x already holds of it.
    """
    return wrap32(bias.astype(np.int64) + input_offset * weights.astype(np.int64).sum(axis=1)).astype(np.int32)


def per_channel(name: str, constants: ConvConstants | None) -> Array:
    """The array "multiplier" (int32) or "shift" (int8) of the requantization."""
    if constants is None:
        raise LookupError(f"float32 kernels have no array '{name}'")
    return np.array(getattr(constants, name), np.int32 if name == "multiplier" else np.int8)
