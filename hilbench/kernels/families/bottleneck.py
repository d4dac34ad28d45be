"""BOTTLENECK: structure `hb_bottleneck_int8_args`."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hilbench.ir.attrs import Bottleneck, attributes
from hilbench.ir.fixedpoint import wrap32
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.ops.bottleneck import parts
from hilbench.ir.quantized import ConvConstants, conv_constants
from hilbench.kernels.dsp import reach, settled, short_requantization
from hilbench.kernels.family import FAMILIES, Argument, Call, Family, constant, natural
from hilbench.kernels.weighted import bias, sliding_members, whole_bias

QUAD = 4
"""Channels that are computed at a time."""

NAMES = ("expand", "depthwise", "project")


class _Part(NamedTuple):
    """One of the three convolutions: weights as [channel, term], and its bias with what the input's offset adds.

    `brief`: all sums are within reach of the short requantization (`hb_dsp.h`).
    """

    terms: Array
    bias: Array
    constants: ConvConstants
    brief: bool


class InvertedBottleneck(Family):
    """Windows of a depthwise convolution that slide over maps of other numbers of channels."""

    kinds = ("BOTTLENECK",)
    form = "map"

    def struct(self, op: Op, graph: Graph) -> str:
        """By element type."""
        return f"hb_bottleneck_{graph[op.present_inputs[0]].dtype}_args"

    def calls(self, op: Op, graph: Graph) -> tuple[Call, ...]:
        """One call, for tiles of the output's shape."""
        attrs = attributes(op, Bottleneck)
        x, y, (inside, _) = natural(op.present_inputs[0], graph), natural(op.outputs[0], graph), attrs.maps
        members: dict[str, Argument] = {"in_rows": x.rows, "in_cols": x.cols, "in_channels": x.channels}
        members |= {"channels": inside.shape[3], "out_channels": y.channels}
        members |= {"groups": x.channels // constant(op.inputs[1], op, graph).shape[3]}
        members |= sliding_members(attrs.y, attrs.x) | {"rows": y.rows, "cols": y.cols}
        members |= {"window_rows": (y.rows - 1) * attrs.y.stride + attrs.y.extent}
        members |= {"window_cols": (y.cols - 1) * attrs.x.stride + attrs.x.extent}
        for name, part in zip(NAMES, _parts(op, graph), strict=True):
            constants = part.constants
            members |= {f"{name}_brief": int(part.brief), f"{name}_offset": constants.output_offset}
            members |= {f"{name}_low": constants.act_min, f"{name}_high": constants.act_max}
        return (Call((x,), y, members),)

    def facts(self, op: Op, graph: Graph) -> dict[str, Argument]:
        """Also in how many fours the channels are computed, and how many pixels are expanded for a tile, at most."""
        facts = super().facts(op, graph)
        clipped = [min(int(facts[f"window_{axis}"]), int(facts[f"in_{axis}"])) for axis in ("rows", "cols")]  # type: ignore[arg-type]
        return {**facts, "quads": -(-int(facts["channels"]) // QUAD), "expanded": clipped[0] * clipped[1]}  # type: ignore[arg-type]

    def array(self, name: str, op: Op, graph: Graph, call: Call) -> Array:
        """Weights of four channels together, and what else a channel needs."""
        which, _, what = name.partition("_")
        if which not in NAMES:
            return super().array(name, op, graph, call)
        part = _parts(op, graph)[NAMES.index(which)]
        if what == "channels":
            return _records(part)
        if which == "project":
            return _quads(part.terms.T).reshape(-1)
        return _expanding(_quads(part.terms)) if which == "expand" else _taps(_quads(part.terms), op)


class _Constants:
    """An operator with its tensors as a key: equal are those with the same arrays and quantization, whatever shape."""

    def __init__(self, op: Op, graph: Graph) -> None:
        self.op, self.graph = op, graph
        tensors = [graph[name] for name in (*op.present_inputs, *op.outputs)]
        self._key = (op.attrs, *((tensor.quant, id(tensor.data)) for tensor in tensors))

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Constants) and self._key == other._key


def _parts(op: Op, graph: Graph) -> tuple[_Part, ...]:
    return _parts_of(_Constants(op, graph))


@lru_cache(maxsize=128)
def _parts_of(known: _Constants) -> tuple[_Part, ...]:
    inner = parts(known.op, known.graph)
    return tuple(_part(each, inner) for each in inner.ops)


def _part(op: Op, graph: Graph) -> _Part:
    weights = constant(op.inputs[1], op, graph)
    axis = 0 if op.kind == "CONV_2D" else 3
    terms = np.moveaxis(weights, axis, 0).reshape(weights.shape[axis], -1)
    constants, offsets = settled(conv_constants(op, graph), terms, bias(op, graph, len(terms)))
    brief = short_requantization(constants, reach(constants, terms, offsets))
    return _Part(terms, whole_bias(terms, offsets, constants.input_offset), constants, brief)


def _quads(terms: Array) -> Array:
    """Weights [channel inside, other] as [quad, other, QUAD]; channels beyond the last have weights of 0."""
    padded = np.pad(terms, ((0, -len(terms) % QUAD), (0, 0)))
    return padded.reshape(-1, QUAD, terms.shape[1]).transpose(0, 2, 1)


def _expanding(quads: Array) -> Array:
    """Of every four inputs first those of 0 and 2, then of 1 and 3, in pairs (`hb_bottleneck_four`); then the rest."""
    count, inputs, _ = quads.shape
    fours = quads[:, : inputs // 4 * 4].reshape(count, -1, 2, 2, QUAD).transpose(0, 1, 3, 2, 4)
    return np.concatenate([_paired(fours).reshape(count, -1), quads[:, inputs // 4 * 4 :].reshape(count, -1)], axis=1)


def _taps(quads: Array, op: Op) -> Array:
    """Row by row pairs of taps (`hb_bottleneck_pair`), then the last one where they are odd."""
    width = attributes(op, Bottleneck).x.kernel
    rows = quads.reshape(len(quads), -1, width, QUAD)
    pairs = rows[:, :, : width // 2 * 2].reshape(*rows.shape[:2], width // 2, 2, QUAD)
    last = rows[:, :, width // 2 * 2 :].reshape(*rows.shape[:2], -1)
    return np.concatenate([_paired(pairs).reshape(*rows.shape[:2], -1), last], axis=2)


def _paired(pairs: Array) -> Array:
    """[..., of two, QUAD] as two words: channels 0 and 1 of the first, then of the second; likewise 2 and 3."""
    return np.moveaxis(pairs.reshape(*pairs.shape[:-1], 2, 2), -2, -3)


def _records(part: _Part) -> Array:
    """An hb_dsp_channel per channel, in whole quads; where it is not brief only bias, multiplier and shift."""
    constants = part.constants
    multiplier, shift = (np.array(values, np.int64) for values in (constants.multiplier, constants.shift))
    bias, addend = part.bias.astype(np.int64), np.zeros_like(shift)
    if part.brief:
        bias, addend, shift = 2 * bias, (2 * constants.output_offset + 1) << (-shift - 1), -shift
    records = wrap32(np.stack([bias, multiplier, addend, shift], axis=1)).astype(np.int32)
    return np.pad(records, ((0, -len(records) % QUAD), (0, 0))).reshape(-1)


FAMILIES.add("bottleneck", InvertedBottleneck())
