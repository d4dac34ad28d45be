"""Exact elimination: channels that nothing needs are removed, and no output changes by a bit, whatever the inputs are.

A channel is needed by nothing where every reader multiplies it by zeros, or where interval arithmetic proves that it
always has one value, which then goes into the biases of its readers (`hilbench.ir.needed`). Some such channels stay,
with weights of zero, so that channels come in groups: kernels that take several at a time would otherwise lose more
than there is to gain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hilbench.ir.channels import Places, channels, mixes
from hilbench.ir.dtype import DType
from hilbench.ir.fixedpoint import wrap32
from hilbench.ir.graph import Array, Graph, Op, QuantParams, Tensor
from hilbench.ir.interval import intervals
from hilbench.ir.needed import Constants, Demand

GROUP = 4
"""int8 channels in a machine word: as many as kernels load, and add or multiply, at once."""

Channels = Mapping[str, tuple[int, ...]]
"""Per tensor, some of its channels in ascending order."""


@dataclass(frozen=True)
class Proof:
    """Why a smaller graph computes the same. Every claim is about the original graph, whatever its inputs are.

    `kept` lists, for every tensor with channels that nothing needs, which of its channels are left. Those of them in
    `filling` only complete a group: what they hold is multiplied by zeros. All others are what they were. `constants`
    gives the value of those channels that are not needed because they always have one; the rest of what is not needed
    was only multiplied by zeros.
    """

    kept: Channels
    filling: Channels
    constants: Constants


@dataclass(frozen=True)
class Elimination:
    """A smaller graph, and why it computes the same."""

    graph: Graph
    proof: Proof


def eliminate(graph: Graph, group: int = GROUP) -> Elimination:
    """Remove from an int8 graph the channels that are provably not needed.

    Args:
        graph: operators that are not int8 stay as they are, and so do graph inputs and outputs.
        group: a power of two; where a tensor has enough channels, a multiple of it is left (else of half of it, ...).
    """
    found = intervals(graph)
    values = {name: each.channel_constants for name, each in found.items() if graph[name].dtype == DType.INT8}
    demand = Demand(graph, values)
    needed = demand.needed()
    kept = demand.grouped(needed, group)
    lost = [name for name, mask in needed.items() if not mask.all()]
    proof = Proof(
        {name: _listed(kept[name]) for name in lost},
        {name: _listed(kept[name] & ~needed[name]) for name in lost},
        {name: {c: value for c, value in values[name].items() if not needed[name][c]} for name in lost},
    )
    return Elimination(_reduced(graph, proof), proof)


def _listed(mask: Array) -> tuple[int, ...]:
    return tuple(np.nonzero(mask)[0].tolist())


def _reduced(graph: Graph, proof: Proof) -> Graph:
    """The graph with only the kept channels."""
    tensors = {**graph.tensors, **{name: _with_channels(graph[name], len(left)) for name, left in proof.kept.items()}}
    ops = []
    for op in graph.ops:
        cut = _cut_constants(op, graph, proof)
        tensors.update((tensor.name, tensor) for tensor in cut.values())
        inputs = {**dict(enumerate(op.inputs)), **{place: tensor.name for place, tensor in cut.items()}}
        ops.append(replace(op, inputs=tuple(inputs[place] for place in sorted(inputs))))
    used = {name for op in ops for name in (*op.present_inputs, *op.outputs)} | {*graph.inputs, *graph.outputs}
    return replace(graph, ops=tuple(ops), tensors={name: t for name, t in tensors.items() if name in used})


def _with_channels(tensor: Tensor, count: int) -> Tensor:
    return replace(tensor, shape=(*tensor.shape[:-1], count))


def _cut_constants(op: Op, graph: Graph, proof: Proof) -> Mapping[int, Tensor]:
    """The operator's constants with only the kept channels, by input; none where it lost no channel.

    They have names of their own, because other operators may share the originals.
    """
    if not any(name in proof.kept for name in (*op.present_inputs, *op.outputs)):
        return {}
    outputs = _Left.of(op.outputs[0], graph, proof)
    if mixes(op, graph):
        return _cut_weights(op, graph, outputs, proof)
    constants = {i: graph[name] for i, name in enumerate(op.inputs) if name is not None}
    return {
        place: _owned(_along_last_axis(tensor, outputs), op)
        for place, tensor in constants.items()
        if tensor.data is not None and channels(graph, tensor.name) > 1
    }


@dataclass(frozen=True, eq=False)
class _Left:
    """The channels that are left of a tensor, and which of these are needed (bool per channel that is left)."""

    places: Places
    needed: Array

    @staticmethod
    def of(name: str, graph: Graph, proof: Proof) -> _Left:
        places = np.array(proof.kept.get(name, range(channels(graph, name))))
        return _Left(places, ~np.isin(places, proof.filling.get(name, ())))


def _along_last_axis(tensor: Tensor, left: _Left) -> Tensor:
    data = np.ascontiguousarray(tensor.values[..., left.places]) * left.needed.astype(tensor.values.dtype)
    return replace(tensor, shape=data.shape, data=data, quant=_cut(tensor.quant, left.places))


def _owned(tensor: Tensor, op: Op) -> Tensor:
    return replace(tensor, name=f"{tensor.name}@{op.outputs[0]}")


def _cut(quant: QuantParams | None, places: Places) -> QuantParams | None:
    if quant is None or len(quant.scale) == 1:
        return quant
    scale, zero_point = (tuple(values[i] for i in places) for values in (quant.scale, quant.zero_point))
    return QuantParams(scale, zero_point, quant.axis)


def _cut_weights(op: Op, graph: Graph, outputs: _Left, proof: Proof) -> Mapping[int, Tensor]:
    """Weights without rows and columns, and the bias with what constant inputs add to it."""
    x, w = graph[str(op.inputs[0])], graph[str(op.inputs[1])]
    inputs = _Left.of(x.name, graph, proof)
    count = x.shape[-1]
    pixels = w.values[outputs.places].reshape(len(outputs.places), -1, count) * outputs.needed.reshape(-1, 1, 1)
    left = np.ascontiguousarray(pixels[..., inputs.places]) * inputs.needed
    data = left.reshape(len(outputs.places), *w.shape[1:-1], -1)
    constant = np.zeros(count, np.int64)
    for channel, value in proof.constants.get(x.name, {}).items():
        constant[channel] = value - x.zero_point
    weights = replace(w, shape=data.shape, data=data, quant=_cut(w.quant, outputs.places))
    bias = _bias(op, graph, outputs, (pixels.astype(np.int64) @ constant).sum(1))
    return {1: _owned(weights, op), 2: _owned(bias, op)}


def _bias(op: Op, graph: Graph, outputs: _Left, added: Array) -> Tensor:
    """The bias plus what constant inputs add to every sum, modulo 2**32 as sums are."""
    name = op.inputs[2] if len(op.inputs) > 2 else None
    if name is None:
        return Tensor("bias", added.shape, DType.INT32, data=wrap32(added).astype(np.int32))
    old = graph[name]
    total = old.values.reshape(-1)[outputs.places].astype(np.int64) * outputs.needed + added
    return replace(old, shape=total.shape, data=wrap32(total).astype(np.int32), quant=_cut(old.quant, outputs.places))
