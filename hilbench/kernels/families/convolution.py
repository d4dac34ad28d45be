"""CONV_2D and DEPTHWISE_CONV_2D: structure `hb_conv_int8_args` or `hb_conv_float32_args`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from hilbench.ir.attrs import Conv2D, DepthwiseConv2D
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.quantized import INT8_MAX, INT8_MIN, ConvConstants, conv_constants
from hilbench.kernels import depthwise, pixels, winograd
from hilbench.kernels.dsp import (
    reach,
    settled,
    short_requantization,
    sum_bounds,
    tile_members,
)
from hilbench.kernels.family import FAMILIES, Argument, Call, Facts, Family, constant, natural
from hilbench.kernels.packed import (
    packed_bias,
    packed_fits,
    packed_members,
    packed_pairs,
    packed_records,
    packed_spare,
    packed_terms,
    staircase_records,
)
from hilbench.kernels.requantize import PACKED_FACTOR, PACKED_SHIFT, STAIRCASE_FACTOR, Staircase, solve_staircase
from hilbench.kernels.sparse import PAIR_WORDS, encode, epilogue, fits, pair_entries, pairs, singles
from hilbench.kernels.thumb import (
    pair_bias,
    pair_channels,
    pair_weights,
    quad_channels,
    quad_inputs,
    quad_weights,
    single_channels,
)
from hilbench.kernels.twoproducts import TwoProducts, solve_two_products
from hilbench.kernels.weighted import bias, clamp_members, per_channel, sliding_members, whole_bias


class Convolution(Family):
    """Windows that slide over maps; the arrays are described in `hb_conv.h`."""

    kinds = ("CONV_2D", "DEPTHWISE_CONV_2D")
    form = "map"

    def struct(self, op: Op, graph: Graph) -> str:
        """By element type."""
        return f"hb_conv_{graph[op.present_inputs[0]].dtype}_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call."""
        x, y = natural(op.present_inputs[0], graph), natural(op.outputs[0], graph)
        constant(op.inputs[1], op, graph)
        members: dict[str, Argument] = {"in_rows": x.rows, "in_cols": x.cols}
        members |= {"in_channels": x.channels, "out_channels": y.channels}
        members |= _window_members(op) | _channel_members(op, graph)
        members |= clamp_members(op, graph, _settled(op, graph)[0])
        if graph[x.tensor].dtype == DType.INT8:
            count = y.rows * y.cols
            if op.kind == "CONV_2D":
                members |= tile_members(op, graph, count) | packed_members(op, graph, count)
                members["pixels_collected"] = int(pixels.collected(op, graph))
            else:
                members |= depthwise.sweep_members(op, graph)
            if op.kind == "DEPTHWISE_CONV_2D":
                members["staircase"] = int(_staircase(op, graph) is not None)
            elif graph[str(op.inputs[1])].storage != "dense":
                members["staircase"] = int(_staircase(op, graph, packed=True) is not None)
            if op.kind == "CONV_2D" and members["kernel_h"] == members["kernel_w"] == winograd.KERNEL:
                members["winograd_tiles"] = winograd.tiles(x.channels, y.rows, y.cols)
        return (Call((x,), y, members),)

    def facts(self, op: Op, graph: Graph) -> dict[str, Argument]:
        """Also how many weights are not zero, and what decides whether the sums suit `hb_dsp.h`."""
        weights = int(np.count_nonzero(constant(op.inputs[1], op, graph)))
        facts = {
            **super().facts(op, graph),
            "nonzeros": weights,
            "short_requantization": 0,
            "winograd_fits": 0,
            "staircase": 0,
        }
        constants, offsets = _settled(op, graph)
        if constants is not None:
            largest = reach(constants, _terms(op, graph), offsets)
            facts["short_requantization"] = int(short_requantization(constants, largest))
            facts["winograd_fits"] = int(largest.max() < winograd.SUM_LIMIT)
            facts["staircase"] = int(_staircase(op, graph) is not None)
            if op.kind == "DEPTHWISE_CONV_2D":
                facts |= depthwise.sweep_facts(op, graph) | depthwise.inner_facts(op, graph)
            if op.kind == "CONV_2D":
                facts |= _packed_facts(op, graph, facts, packed_fits(_terms(op, graph), largest))
            if graph[str(op.inputs[1])].storage != "dense":
                facts |= _sparse_facts(op, graph, largest)
        short = bool(facts["short_requantization"])
        return Facts(facts, {"two_products": lambda: int(short and _two_products(op, graph) is not None)})

    def array(self, name: str, op: Op, graph: Graph, call: Call) -> Array:
        """Weights, dense or sparse, bias and requantization."""
        if name == "weights":
            return constant(op.inputs[1], op, graph).reshape(-1)
        if name in ("values", "gaps", "counts"):
            weights = constant(op.inputs[1], op, graph)
            return np.asarray(getattr(encode(weights.reshape(-1, weights.shape[3])), name))
        if name == "bias":
            return _settled(op, graph)[1]
        if name in ("multiplier", "shift"):
            return per_channel(name, _settled(op, graph)[0])
        prepare = _PREPARED.get(name.partition("_")[0])
        made = prepare(name, op, graph, call) if prepare else None
        return super().array(name, op, graph, call) if made is None else made


def _packed_facts(op: Op, graph: Graph, facts: Mapping[str, Argument], fits: bool) -> dict[str, Argument]:
    solved = fits and _staircase(op, graph, packed=True) is not None
    return {"packed_fits": int(fits), "packed_staircase": int(solved), "packed_spare": packed_spare(op, graph, facts)}


def _sparse_facts(op: Op, graph: Graph, largest: Array) -> dict[str, Argument]:
    terms = _terms(op, graph)
    entries = {f"{name}_entries": pair_entries(_rows(op, graph), words) for name, words in PAIR_WORDS.items()}
    used = int(np.any(terms, axis=1).sum())
    return {**entries, "used_channels": used, "sparse_fits": int(fits(terms, largest))}


def _packed_array(name: str, op: Op, graph: Graph, call: Call) -> Array | None:
    del call
    constants, offsets = _settled(op, graph)
    if constants is None:
        return None
    terms = packed_terms(constant(op.inputs[1], op, graph))
    if name == "packed":
        return packed_pairs(terms)
    begun = packed_bias(terms, offsets, constants.input_offset)
    if name == "packed_channels":
        return packed_records(begun, constants)
    solved = _staircase(op, graph, packed=True)
    return None if solved is None else staircase_records(begun, solved)


def _pixels_array(name: str, op: Op, graph: Graph, call: Call) -> Array | None:
    del call
    constants, offsets = _settled(op, graph)
    if constants is None:
        return None
    if name == "pixels_padding":
        return pixels.padding(op, graph, constants.input_offset)
    weights, short = constant(op.inputs[1], op, graph), name == "pixels_staircase"
    return pixels.stream(weights, offsets, constants, _staircase(op, graph, packed=True) if short else None)


def _staircase(op: Op, graph: Graph, packed: bool = False) -> Staircase | None:
    """Requantization in two instructions, which is for outputs that are clamped at the zero point -128."""
    constants, offsets = _settled(op, graph)
    if constants is None or constants.output_offset != INT8_MIN:
        return None
    least, most = sum_bounds(constants, _terms(op, graph), offsets)
    if not short_requantization(constants, np.maximum(np.abs(least), np.abs(most))):
        return None
    within = tuple(least.tolist()), tuple(most.tolist())
    if packed:
        return solve_staircase(constants.multiplier, constants.shift, *within, PACKED_FACTOR, last_shift=PACKED_SHIFT)
    factor = STAIRCASE_FACTOR if op.kind == "CONV_2D" else depthwise.STAIRCASE_FACTOR
    return solve_staircase(constants.multiplier, constants.shift, *within, factor)


def _sweep_array(name: str, op: Op, graph: Graph, call: Call) -> Array | None:
    del call
    constants, offsets = _settled(op, graph)
    make = {"sweep_records": depthwise.channel_records, "sweep_taps": depthwise.channel_taps}.get(name)
    return make(op, graph, constants, offsets, _staircase(op, graph)) if make and constants else None


def _pixel_array(name: str, op: Op, graph: Graph, call: Call) -> Array | None:
    del call
    constants, offsets = _settled(op, graph)
    if constants is None:
        return None
    if name == "pixel_padding":
        return np.full(len(offsets), -constants.input_offset, np.int8)
    make = {"pixel_records": depthwise.pixel_records, "pixel_pair_records": depthwise.pixel_pair_records}.get(name)
    return make(_terms(op, graph), constants, offsets, _staircase(op, graph)) if make else None


def _sparse_array(name: str, op: Op, graph: Graph, call: Call) -> Array | None:
    """Sparse weights of a CONV_2D with all that its channels need, in the encoding of this name."""
    del call
    constants, offsets = _settled(op, graph)
    if constants is None:
        return None
    terms, encoding = _terms(op, graph), name.removeprefix("sparse_")
    finish = epilogue(constants, offsets, terms, _staircase(op, graph, packed=True))
    return singles(terms, finish) if encoding == "singles" else pairs(_rows(op, graph), finish, PAIR_WORDS[encoding])


def _channel_array(name: str, op: Op, graph: Graph, call: Call) -> Array | None:
    """Sparse weights, a channel a segment."""
    del call
    return np.asarray(getattr(encode(_terms(op, graph)), name.removeprefix("channel_")))


def _rows(op: Op, graph: Graph) -> Array:
    """Weights as [output channel, row of the window, term]."""
    weights = constant(op.inputs[1], op, graph)
    return weights.reshape(*weights.shape[:2], -1)


def _pair_array(name: str, op: Op, graph: Graph, call: Call) -> Array | None:
    weights, words = constant(op.inputs[1], op, graph), call.arguments.get("tile_words")
    constants, offsets = _settled(op, graph)
    if constants is None or not isinstance(words, int):
        return None
    if name == "pair_weights":
        return pair_weights(weights.reshape(*weights.shape[:2], -1), words)
    begun, solved = pair_bias(_terms(op, graph), offsets, constants.input_offset), _two_products(op, graph)
    return pair_channels(begun, solved) if name == "pair_channels" and solved is not None else begun


def _quad_array(name: str, op: Op, graph: Graph, call: Call) -> Array | None:
    if name == "quad_weights":
        return quad_weights(_terms(op, graph).T) if op.kind == "DEPTHWISE_CONV_2D" else quad_inputs(_terms(op, graph))
    begun, solved = _whole_array(name, op, graph, call), _two_products(op, graph)
    return None if begun is None or solved is None else quad_channels(begun, solved)


def _thumb_array(name: str, op: Op, graph: Graph, call: Call) -> Array | None:
    begun, solved = _whole_array(name, op, graph, call), _two_products(op, graph)
    return None if begun is None or solved is None else single_channels(begun, solved)


def _whole_array(name: str, op: Op, graph: Graph, call: Call) -> Array | None:
    del name, call
    constants, offsets = _settled(op, graph)
    return None if constants is None else whole_bias(_terms(op, graph), offsets, constants.input_offset)


def _two_products(op: Op, graph: Graph) -> TwoProducts | None:
    """Requantization in two products, for outputs of the full range."""
    constants, offsets = _settled(op, graph)
    if constants is None or (constants.act_min, constants.act_max) != (INT8_MIN, INT8_MAX):
        return None
    least, most = sum_bounds(constants, _terms(op, graph), offsets)
    return solve_two_products(constants, tuple(least.tolist()), tuple(most.tolist()))


def _winograd_array(name: str, op: Op, graph: Graph, call: Call) -> Array | None:
    del call
    if name != "winograd_channels":
        transform = winograd.stored_row_weights if name == "winograd_row_weights" else winograd.stored_weights
        return transform(constant(op.inputs[1], op, graph))
    constants, offsets = _settled(op, graph)
    if constants is None:
        return None
    return winograd.requantization(constants, _terms(op, graph), offsets, _staircase(op, graph))


_PREPARED = {
    "packed": _packed_array,
    "pixels": _pixels_array,
    "sweep": _sweep_array,
    "pixel": _pixel_array,
    "pair": _pair_array,
    "quad": _quad_array,
    "sparse": _sparse_array,
    "thumb": _thumb_array,
    "whole": _whole_array,
    "channel": _channel_array,
    "winograd": _winograd_array,
}
"""What makes arrays whose name begins so."""


def _terms(op: Op, graph: Graph) -> Array:
    """Weights as [output channel, term]."""
    weights = constant(op.inputs[1], op, graph)
    axis = 0 if op.kind == "CONV_2D" else 3
    return np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1)


class _Operands:
    """An operator with its tensors as a key: equal are those with the same arrays and quantization, whatever shape."""

    def __init__(self, op: Op, graph: Graph) -> None:
        self.op, self.graph = op, graph
        tensors = [graph[name] for name in (*op.present_inputs, *op.outputs)]
        self._key = (op.kind, op.attrs, *((tensor.dtype, tensor.quant, id(tensor.data)) for tensor in tensors))

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Operands) and self._key == other._key


def _settled(op: Op, graph: Graph) -> tuple[ConvConstants | None, Array]:
    """Constants (None for float32) and bias."""
    return _settled_of(_Operands(op, graph))


@lru_cache(maxsize=512)
def _settled_of(known: _Operands) -> tuple[ConvConstants | None, Array]:
    op, graph = known.op, known.graph
    terms = _terms(op, graph)
    plain = bias(op, graph, len(terms))
    if graph[op.present_inputs[0]].dtype != DType.INT8:
        return None, plain
    return settled(conv_constants(op, graph), terms, plain)


def _window_members(op: Op) -> dict[str, Argument]:
    assert isinstance(op.attrs, Conv2D | DepthwiseConv2D)
    return sliding_members(op.attrs.y, op.attrs.x)


def _channel_members(op: Op, graph: Graph) -> dict[str, Argument]:
    """How output channels are related to input channels."""
    if isinstance(op.attrs, DepthwiseConv2D):
        return {"channel_multiplier": op.attrs.multiplier}
    x, y, weights = graph[op.present_inputs[0]], graph[op.outputs[0]], constant(op.inputs[1], op, graph)
    groups = x.shape[3] // weights.shape[3]
    return {"groups": groups, "group_inputs": weights.shape[3], "group_outputs": y.shape[3] // groups}


FAMILIES.add("convolution", Convolution())
