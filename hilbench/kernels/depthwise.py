"""What the kernels of DEPTHWISE_CONV_2D with SMLAD (`hb_planes.h`) need to know beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hilbench.ir.attrs import DepthwiseConv2D
from hilbench.ir.fixedpoint import wrap32
from hilbench.ir.graph import Array, Graph, Op
from hilbench.ir.quantized import ConvConstants
from hilbench.ir.region import Window
from hilbench.kernels.dsp import allowance
from hilbench.kernels.family import Argument, constant
from hilbench.kernels.requantize import STAIRCASE_ADDEND, Staircase

STAIRCASE_FACTOR = 256
"""What weights are multiplied by where outputs are staircases: bytes 1 and 3 of a word are that without a shift."""

_RECORD_WORDS = 5
_OFFSET_MAX = 4095
"""Bytes from a pointer that an instruction reaches."""
_ROUND_COLUMNS = 4
"""Columns that are taken apart in a round of `hb_pair_columns`."""


@dataclass(frozen=True)
class _Sweep:
    """A map as windows are swept over it: along its longer side, and across."""

    tall: bool
    outputs_along: int
    outputs_across: int
    along: Window
    across: Window

    @property
    def columns(self) -> int:
        """Columns that are read, padding among them."""
        return (self.outputs_along - 1) * self.along.stride + self.along.kernel

    @property
    def room(self) -> int:
        """Columns that four windows reach where outputs are fewer, else those that are read."""
        return (max(self.outputs_along, 4) - 1) * self.along.stride + self.along.kernel

    @property
    def pairs(self) -> int:
        """Pairs of rows that are read."""
        return ((self.outputs_across - 1) * self.across.stride + self.across.kernel - 1) // 2 + 1


def _sweep(op: Op, graph: Graph) -> _Sweep:
    assert isinstance(op.attrs, DepthwiseConv2D)
    _, rows, cols, _ = graph[op.outputs[0]].shape
    if rows > cols:
        return _Sweep(True, rows, cols, op.attrs.y, op.attrs.x)
    return _Sweep(False, cols, rows, op.attrs.x, op.attrs.y)


def sweep_members(op: Op, graph: Graph) -> dict[str, Argument]:
    """Whether windows are swept down columns, and of how many pairs of rows the words are kept (`hb_planes.h`)."""
    sweep = _sweep(op, graph)
    reached = max(sweep.along.kernel - 1 + 3 * sweep.along.stride, _ROUND_COLUMNS)
    fitting = max(allowance(op, graph) // (16 * sweep.room), sweep.across.kernel // 2 + 1)
    depth = min(fitting, sweep.pairs, _OFFSET_MAX // (16 * reached))
    return {"tall": int(sweep.tall), "pair_depth": depth}


def sweep_facts(op: Op, graph: Graph) -> dict[str, Argument]:
    """What a sweep takes: outputs and columns along, pairs of rows.

    With 3×3 windows there are `sweep_twins` sweeps of two rows of outputs and `sweep_singles` of one, over
    `sweep_pairs` pairs; with others of `sweep_rows` rows over `sweep_depth` pairs, in words for `sweep_room` columns,
    with `sweep_weights` words of weights for both beginnings.
    """
    sweep = _sweep(op, graph)
    twins = sweep.outputs_across // 2 if sweep.along.stride == 1 else 0
    singles = sweep.outputs_across - 2 * twins
    return {
        "sweep_along": sweep.outputs_along,
        "sweep_columns": sweep.columns,
        "sweep_twins": twins,
        "sweep_singles": singles,
        "sweep_pairs": twins + singles + 1,
        "sweep_rows": sweep.outputs_across,
        "sweep_depth": sweep.pairs,
        "sweep_room": sweep.room,
        "sweep_weights": sweep.along.kernel * (sweep.across.kernel + 1),
    }


def inner_facts(op: Op, graph: Graph) -> dict[str, Argument]:
    """Rows and columns of outputs whose windows see no padding: of a piece, which may lie anywhere, all."""
    assert isinstance(op.attrs, DepthwiseConv2D)
    read, written = graph[op.present_inputs[0]].shape, graph[op.outputs[0]].shape
    return {
        "inner_rows": _inner(op.attrs.y, read[1], written[1]),
        "inner_cols": _inner(op.attrs.x, read[2], written[2]),
    }


def _inner(window: Window, inputs: int, outputs: int) -> int:
    if outputs != window.outputs(inputs):
        return outputs
    first = np.arange(outputs) * window.stride - window.before
    return int(((first >= 0) & (first + window.extent <= inputs)).sum())


def channel_records(op: Op, graph: Graph, constants: ConvConstants, bias: Array, solved: Staircase | None) -> Array:
    """int32 [channel * 5]: what `hb_dw3.h` reads of every channel.

    Three words of a column's weights each, from the top (a row's, where windows are swept down columns), then bias and
    multiplier of the sums of weights and inputs without their offset. Byte 3 of the first word is the shift, or the
    nudge of a staircase.
    """
    weights = _upright(op, graph)
    made = np.zeros((len(bias), _RECORD_WORDS), "<i4")
    places = made.view(np.int8).reshape(len(bias), _RECORD_WORDS, 4)
    places[:, :3, :3] = weights.transpose(2, 1, 0)
    made[:, 3], made[:, 4], places[:, 0, 3] = _requantization(weights, constants, bias, solved)
    return made.astype(np.int32).reshape(-1)


def channel_taps(op: Op, graph: Graph, constants: ConvConstants, bias: Array, solved: Staircase | None) -> Array:
    """int32: what `depthwise_conv_2d_dsp_int8.h` reads of every channel.

    Of two rows of weights after two rows, two bytes a tap: first the taps that are a whole number of strides from the
    first, then from the second; filled up to words. Then bias, multiplier, and shift or nudge.
    """
    weights, stride = _upright(op, graph), _sweep(op, graph).along.stride
    rows, taps, channels = weights.shape
    full = np.zeros((-(-rows // 2) * 2, taps, channels), np.int8)
    full[:rows] = weights
    order = [tap for first in range(stride) for tap in range(first, taps, stride)]
    pairs = full.reshape(-1, 2, taps, channels)[:, :, order].transpose(3, 0, 2, 1).reshape(channels, -1)
    words = np.ascontiguousarray(np.pad(pairs, ((0, 0), (0, -pairs.shape[1] % 4)))).view("<i4")
    rest = np.stack(_requantization(weights, constants, bias, solved), axis=1)
    return np.concatenate([words, rest], axis=1).astype(np.int32).reshape(-1)


def pixel_records(weights: Array, constants: ConvConstants, bias: Array, solved: Staircase | None) -> Array:
    """int32: what `hb_dwp.h` reads of every four channels, the last of which may overlap.

    Weights int8 [channel, tap] of two taps in two words: of channels 0 and 1, then 2 and 3; the last of an odd number
    of taps is one word. Then for each channel bias, multiplier, addend, and the shift where outputs are no staircase.
    """
    groups, taps = _groups(len(weights), 4), weights.shape[1]
    pairs = weights[groups, : taps // 2 * 2].reshape(len(groups), 2, 2, -1, 2).transpose(0, 3, 1, 4, 2)
    single = weights[groups, taps // 2 * 2 :].transpose(0, 2, 1)
    return _pixel_words([pairs, single], _pixel_outputs(weights, constants, bias, solved)[groups])


def pixel_pair_records(weights: Array, constants: ConvConstants, bias: Array, solved: Staircase | None) -> Array:
    """int32: what `hb_dwx.h` reads of every two channels, the last of which may overlap.

    Of each row of 3×3 weights int8 [channel, tap] a word of taps 0 and 1 of both channels, then of taps 1 and 2; then
    for each channel as in `pixel_records`.
    """
    groups = _groups(len(weights), 2)
    taps = weights[groups].reshape(len(groups), 2, 3, 3)[..., [[0, 1], [1, 2]]]
    return _pixel_words([taps.transpose(0, 2, 3, 4, 1)], _pixel_outputs(weights, constants, bias, solved)[groups])


def _groups(channels: int, size: int) -> Array:
    """int [group, channel of it]: the last group ends with the last channel."""
    return np.asarray(np.arange(0, channels, size).clip(max=channels - size)[:, None] + np.arange(size))


def _pixel_words(weights: Sequence[Array], outputs: Array) -> Array:
    """int32: for each group its weights int8 [group, ...], then its outputs int32 [group, ...]."""
    flat = np.concatenate([part.reshape(len(outputs), -1) for part in weights], axis=1)
    words = np.ascontiguousarray(flat).view("<i4")
    return np.concatenate([words, outputs.reshape(len(outputs), -1)], axis=1).astype(np.int32).reshape(-1)


def _pixel_outputs(weights: Array, constants: ConvConstants, bias: Array, solved: Staircase | None) -> Array:
    """int32 [channel, word]: how sums become outputs."""
    begun, multiplier, last = _requantization(weights.T[None], constants, bias, solved)
    if solved is not None:
        return np.stack([begun, multiplier, STAIRCASE_ADDEND + last], axis=1)
    addend = wrap32((2 * constants.output_offset + 1) << (-last.astype(np.int64) - 1))
    return np.stack([wrap32(2 * begun.astype(np.int64)), multiplier, addend, -last], axis=1)


def _upright(op: Op, graph: Graph) -> Array:
    """int8 [across, along, channel]: the weights as windows are swept."""
    weights = constant(op.inputs[1], op, graph)[0]
    return np.asarray(weights.transpose(1, 0, 2) if _sweep(op, graph).tall else weights)


def _requantization(
    weights: Array, constants: ConvConstants, bias: Array, solved: Staircase | None
) -> tuple[Array, Array, Array]:
    """Each int32 [channel]: bias of sums of inputs without their offset, multiplier, and shift or nudge."""
    offsets = bias.astype(np.int64) + constants.input_offset * weights.astype(np.int64).sum(axis=(0, 1))
    if solved is None:
        return wrap32(offsets), np.array(constants.multiplier), np.array(constants.shift)
    return wrap32(STAIRCASE_FACTOR * offsets + solved.bias), np.array(solved.multiplier), np.array(solved.nudge)
