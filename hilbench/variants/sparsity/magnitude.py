"""Unstructured magnitude pruning: the smallest weights of every layer become zero (Han et al. 2015)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hilbench.errors import UnsupportedModel, UnsupportedOp, UsageError
from hilbench.ir.graph import Array, Graph, Tensor
from hilbench.variants.variant import SPARSITIES, Sparsity, Transformed

PRUNED_KINDS = ("CONV_2D", "FULLY_CONNECTED")
"""Operators whose weights are pruned; depthwise filters are a few weights per channel, and stay."""


def _ratio(argument: str) -> float:
    try:
        ratio = float(argument)
    except ValueError:
        ratio = -1.0
    if not 0 <= ratio < 1:
        raise UsageError(
            f"'sparse' takes the ratio of weights to remove, 0 <= R < 1, got '{argument}'; right: sparse:0.8"
        )
    return ratio


def _check(argument: str) -> None:
    _ratio(argument)


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


def prune(weights: Tensor, ratio: float) -> Tensor:
    """The `ratio` of weights that are smallest in magnitude set to zero, and stored sparse.

    Of equal magnitudes the first in memory order goes first, so that the same file gives the same weights everywhere.
    """
    flat = weights.values.flatten()
    order = np.argsort(magnitudes(weights), axis=None, kind="stable")
    flat[order[: round(ratio * flat.size)]] = zero_code(weights)
    return replace(weights, data=flat.reshape(weights.shape), storage="sparse")


def _apply(graph: Graph, argument: str) -> Transformed:
    ratio = _ratio(argument)
    names = [op.inputs[1] for op in graph.ops if op.kind in PRUNED_KINDS]
    constant = dict.fromkeys(name for name in names if name is not None and graph[name].data is not None)
    if not constant:
        why = f"nothing to prune: the model has no constant weights of {' or '.join(PRUNED_KINDS)}"
        first = graph.ops[0]
        raise UnsupportedModel(graph.name, [UnsupportedOp(first.kind, first.index, first.outputs[0], why)])
    return Transformed(graph.with_tensors(prune(graph[name], ratio) for name in constant))


SPARSITIES.add("sparse", Sparsity("sparse", "sparse:R removes the ratio R of weights, smallest first", _check, _apply))
