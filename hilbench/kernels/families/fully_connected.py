"""FULLY_CONNECTED: structure `hb_fully_connected_int8_args` or `hb_fully_connected_float32_args`."""

from __future__ import annotations

import numpy as np

from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.quantized import ConvConstants, fully_connected_constants
from hilbench.kernels.dsp import reach, settled, short_requantization
from hilbench.kernels.family import FAMILIES, Argument, Call, Family, constant, flat
from hilbench.kernels.packed import packed_bias, packed_fits, packed_weights, padded_inputs
from hilbench.kernels.sparse import encode, epilogue, fits, singles
from hilbench.kernels.weighted import bias, clamp_members, per_channel, whole_bias


class FullyConnected(Family):
    """Rows of numbers times a matrix; the arrays are described in `hb_fully_connected.h`."""

    kinds = ("FULLY_CONNECTED",)
    form = "flat"

    def struct(self, op: Op, graph: Graph) -> str:
        """By element type."""
        return f"hb_fully_connected_{graph[op.present_inputs[0]].dtype}_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call."""
        x, y = flat(op.present_inputs[0], graph), flat(op.outputs[0], graph)
        outputs, inputs = constant(op.inputs[1], op, graph).shape
        members: dict[str, Argument] = {"batches": x.channels // inputs, "inputs": inputs, "outputs": outputs}
        constants, _ = _settled(op, graph)
        if constants is not None:
            members["packed_inputs"] = padded_inputs(inputs)
        return (Call((x,), y, members | clamp_members(op, graph, constants)),)

    def facts(self, op: Op, graph: Graph) -> dict[str, Argument]:
        """Also how many weights are not zero, and what decides whether the sums suit `hb_dsp.h`."""
        weights = int(np.count_nonzero(constant(op.inputs[1], op, graph)))
        facts = {
            **super().facts(op, graph),
            "nonzeros": weights,
            "short_requantization": 0,
            "packed_fits": 0,
            "sparse_fits": 0,
        }
        constants, offsets = _settled(op, graph)
        if constants is not None:
            largest = reach(constants, constant(op.inputs[1], op, graph), offsets)
            facts["short_requantization"] = int(short_requantization(constants, largest))
            facts["packed_fits"] = int(packed_fits(constant(op.inputs[1], op, graph), largest))
            facts["sparse_fits"] = int(fits(constant(op.inputs[1], op, graph), largest))
        return facts

    def array(self, name: str, op: Op, graph: Graph, call: Call) -> Array:
        """Weights (dense, sparse or packed), bias and requantization."""
        weights = constant(op.inputs[1], op, graph)
        constants, offsets = _settled(op, graph)
        if name in ("values", "gaps", "counts"):
            return np.asarray(getattr(encode(weights), name))
        if name == "sparse_singles" and constants is not None:
            return singles(weights, epilogue(constants, offsets, weights, None))
        if name == "packed_bias" and constants is not None:
            filled = packed_bias(weights, offsets, constants.input_offset)
            return np.concatenate([filled, np.zeros(-len(filled) % 4, np.int32)])
        if name == "whole_bias" and constants is not None:
            return whole_bias(weights, offsets, constants.input_offset)
        if name in ("multiplier", "shift"):
            return per_channel(name, constants)
        arrays = {"weights": weights.reshape(-1), "bias": offsets, "packed": packed_weights(weights)}
        return arrays[name] if name in arrays else super().array(name, op, graph, call)


def _settled(op: Op, graph: Graph) -> tuple[ConvConstants | None, Array]:
    """Constants (None for float32) and bias."""
    weights = constant(op.inputs[1], op, graph)
    plain = bias(op, graph, len(weights))
    if graph[op.present_inputs[0]].dtype != DType.INT8:
        return None, plain
    return settled(fully_connected_constants(op, graph), weights, plain)


FAMILIES.add("fully_connected", FullyConnected())
