"""Magnitude pruning: the smallest weights of every layer become zero (Han et al. 2015), one by one or in blocks.

The argument is one of

    R               0 <= R < 1: the ratio R of single weights is removed
    R,block=OxI     of blocks of O adjacent output channels by I adjacent input channels: 1x2, 1x4 or 2x1
    N:M             1 <= N < M <= 32: of every M adjacent input channels the N largest weights survive

A block counts as the mean magnitude of its weights (Mao et al. 2017, section 3: their sum, of blocks of equal size).
Blocks at the edge may be smaller, and of the last input channels, if they are fewer than M, up to N survive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from hilbench.errors import UnsupportedModel, UnsupportedOp, UsageError
from hilbench.ir.graph import Array, Graph, Tensor
from hilbench.variants.variant import SPARSITIES, Sparsity, Transformed

PRUNED_KINDS = ("CONV_2D", "FULLY_CONNECTED")
"""Operators whose weights are pruned; depthwise filters are a few weights per channel, and stay."""

BLOCKS = {"1x2": (1, 2), "1x4": (1, 4), "2x1": (2, 1)}
"""Output channels by input channels."""

_RIGHT = "right: sparse:0.8 (0 <= R < 1), sparse:0.8,block=1x4 (or 1x2, 2x1), sparse:2:4 (1 <= N < M <= 32)"
_GROUP_MAX = 32


@dataclass(frozen=True)
class Pruning:
    """The ratio of weights that is removed, and in what shape: blocks of (output, input) channels, or N of M."""

    ratio: float
    block: tuple[int, int] = (1, 1)
    group: int = 0

    @property
    def shape(self) -> str:
        """What is removed at once, as a person says it."""
        if self.group:
            return f"{self.group - round(self.ratio * self.group)}:{self.group}"
        return "unstructured" if self.block == (1, 1) else "block {}x{}".format(*self.block)


def pruning(argument: str) -> Pruning:
    """What the argument of the technique asks for.

    Raises:
        UsageError: the argument is none of those above.
    """
    if found := re.fullmatch(r"(\d+):(\d+)", argument):
        kept, group = int(found[1]), int(found[2])
        if 1 <= kept < group <= _GROUP_MAX:
            return Pruning(1 - kept / group, group=group)
    if found := re.fullmatch(r"([^,]+)(?:,block=(\w+))?", argument):
        ratio, block = _ratio(found[1]), BLOCKS.get(found[2]) if found[2] else (1, 1)
        if ratio is not None and block is not None:
            return Pruning(ratio, block)
    raise UsageError(f"'sparse' does not take '{argument}'; {_RIGHT}")


def _ratio(text: str) -> float | None:
    try:
        ratio = float(text)
    except ValueError:
        return None
    return ratio if 0 <= ratio < 1 else None


def _check(argument: str) -> None:
    pruning(argument)


def magnitudes(weights: Tensor) -> Array:
    """Absolute real value of every constant weight, as float64 of the tensor's shape."""
    values = weights.values.astype(np.float64) if weights.quant is None else weights.quant.real(weights.values)
    return np.asarray(np.abs(values))


def zero_code(weights: Tensor) -> int:
    """The stored value that stands for 0.0.

    Raises:
        ValueError: channels have different zero points, which no symmetric quantization has.
    """
    if weights.quant is None:
        return 0
    if len(set(weights.quant.zero_point)) != 1:
        raise ValueError(f"weights '{weights.name}' have several zero points")
    return weights.quant.zero_point[0]


def prune(weights: Tensor, wanted: Pruning) -> Tensor:
    """The weights that are smallest in magnitude set to zero, and stored sparse.

    Of equal magnitudes the first in memory order goes first, so that the same file gives the same weights everywhere.
    """
    sizes = magnitudes(weights).reshape(weights.shape[0], -1, weights.shape[-1])
    removed = _outside(sizes, wanted) if wanted.group else _smallest(sizes, wanted)
    data = np.where(removed.reshape(weights.shape), zero_code(weights), weights.values)
    return replace(weights, data=data.astype(weights.values.dtype), storage="sparse")


def _smallest(sizes: Array, wanted: Pruning) -> Array:
    """Which weights [output channel, place, input channel] lie in the smallest blocks."""
    (rows, cols), (outputs, places, inputs) = wanted.block, sizes.shape
    filled = np.pad(sizes, ((0, -outputs % rows), (0, 0), (0, -inputs % cols)), constant_values=np.nan)
    blocks = np.nanmean(filled.reshape(-1, rows, places, filled.shape[2] // cols, cols), axis=(1, 4))
    removed = np.zeros(blocks.size, np.bool_)
    removed[np.argsort(blocks, axis=None, kind="stable")[: round(wanted.ratio * blocks.size)]] = True
    spread = removed.reshape(blocks.shape).repeat(rows, axis=0).repeat(cols, axis=2)
    return np.asarray(spread[:outputs, :, :inputs])


def _outside(sizes: Array, wanted: Pruning) -> Array:
    """Which weights [output channel, place, input channel] are not among the largest of their group."""
    group, inputs = wanted.group, sizes.shape[2]
    filled = np.pad(sizes, ((0, 0), (0, 0), (0, -inputs % group)), constant_values=-1.0)
    groups = filled.reshape(*sizes.shape[:2], -1, group)
    order = np.argsort(groups, axis=3, kind="stable")
    removed = np.zeros(groups.shape, np.bool_)
    np.put_along_axis(removed, order[..., : round(wanted.ratio * group)], True, axis=3)
    return np.asarray(removed.reshape(filled.shape)[:, :, :inputs])


def _apply(graph: Graph, argument: str) -> Transformed:
    wanted = pruning(argument)
    names = [op.inputs[1] for op in graph.ops if op.kind in PRUNED_KINDS]
    constant = dict.fromkeys(name for name in names if name is not None and graph[name].data is not None)
    if not constant:
        why = f"nothing to prune: the model has no constant weights of {' or '.join(PRUNED_KINDS)}"
        first = graph.ops[0]
        raise UnsupportedModel(graph.name, [UnsupportedOp(first.kind, first.index, first.outputs[0], why)])
    return Transformed(graph.with_tensors(prune(graph[name], wanted) for name in constant))


SUMMARY = "sparse:R[,block=1x2|1x4|2x1] removes the ratio R of weights, smallest first; sparse:N:M all but N of M"
SPARSITIES.add("sparse", Sparsity("sparse", SUMMARY, _check, _apply))
