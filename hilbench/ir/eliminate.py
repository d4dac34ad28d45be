"""Exact elimination: channels that nothing needs are removed, and no output changes by a bit, whatever the inputs are.

A channel is needed by nothing where every reader multiplies it by zeros, or where interval arithmetic proves that it
always has one value, which then goes into the biases of its readers. Channels that an operator ties together (the two
sides of a depthwise convolution, of an addition) go only together. A constant goes into the bias of a convolution that
pads only if it is the zero point: everywhere else the border, where padding takes its place, would come out different.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hilbench.ir.attrs import Conv2D
from hilbench.ir.channels import Places, channels, links, mixes
from hilbench.ir.dtype import DType
from hilbench.ir.fixedpoint import wrap32
from hilbench.ir.graph import Array, Graph, Op, QuantParams, Tensor
from hilbench.ir.interval import intervals

Constants = Mapping[str, Mapping[int, int]]
"""Per tensor, its channels of one value."""


@dataclass(frozen=True)
class Elimination:
    """A smaller graph, and why it computes the same.

    `kept` lists, for every tensor that lost channels, which of its channels are left, in order. `constants` gives the
    value of those removed channels that always have one value; the others that are gone were only multiplied by zeros.
    Every claim is about the original graph and can be checked on it, for any input.
    """

    graph: Graph
    kept: Mapping[str, tuple[int, ...]]
    constants: Constants


def eliminate(graph: Graph) -> Elimination:
    """Remove from an int8 graph every channel that is provably not needed."""
    values = {name: found.channel_constants for name, found in intervals(graph).items() if _is_int8(graph, name)}
    needed = _Needed(graph, values).solve()
    kept = {name: tuple(np.nonzero(mask)[0].tolist()) for name, mask in needed.items() if not mask.all()}
    gone = {name: {c: k for c, k in values[name].items() if c not in kept[name]} for name in kept}
    return Elimination(_reduced(graph, kept, gone), kept, gone)


def _is_int8(graph: Graph, name: str) -> bool:
    return graph[name].dtype == DType.INT8


class _Needed:
    """The smallest sets of channels that can be kept, found as a fixed point.

    Channels that are tied together form a class; a class is removed whole or not at all.
    """

    def __init__(self, graph: Graph, values: Constants) -> None:
        self.graph, self.values = graph, values
        computed = [*graph.inputs, *(name for op in graph.ops for name in op.outputs)]
        counts = [channels(graph, name) for name in computed]
        starts = np.cumsum([0, *counts])
        self.places = {n: np.arange(s, s + c) for n, s, c in zip(computed, starts[:-1], counts, strict=True)}
        self.classes: Places = np.arange(starts[-1])
        self.pinned = np.zeros(starts[-1], bool)
        for op in graph.ops:
            self._tie(op)
        for name in {*graph.inputs, *graph.outputs, *(n for n in computed if not _is_int8(graph, n))}:
            self._pin(self.places[name])

    def solve(self) -> dict[str, Array]:
        """Which channels of each computed tensor are kept; at least one of each."""
        while True:
            needed = self._fixed_point()
            empty = [name for name, mask in needed.items() if not mask.any()]
            if not empty:
                return needed
            for name in empty:
                self._pin(self.places[name][:1])

    def _fixed_point(self) -> dict[str, Array]:
        """Removing a channel only ever makes more of its producer's inputs superfluous."""
        needed = {name: np.ones(len(places), bool) for name, places in self.places.items()}
        while True:
            stays = self.pinned.copy()
            for op in self.graph.ops:
                if mixes(op, self.graph):
                    name = str(op.inputs[0])
                    stays[self.classes[self.places[name][self._reads(op, needed[op.outputs[0]])]]] = True
            smaller = {name: stays[self.classes[places]] for name, places in self.places.items()}
            if all((smaller[name] == needed[name]).all() for name in needed):
                return needed
            needed = smaller

    def _reads(self, op: Op, outputs: Array) -> Array:
        """Which input channels a mixing operator needs for the kept outputs."""
        name, w = str(op.inputs[0]), self.graph[str(op.inputs[1])].values
        count = channels(self.graph, name)
        used = np.asarray((w[outputs].reshape(-1, count) != 0).any(0))
        for channel, value in self.values[name].items():
            used[channel] &= not _folds(op, self.graph, value)
        return used

    def _tie(self, op: Op) -> None:
        if mixes(op, self.graph):
            return
        pairs = links(op, self.graph)
        if pairs is None:
            for name in (*op.present_inputs, *op.outputs):
                if name in self.places:
                    self._pin(self.places[name])
            return
        for name, inputs, outputs in pairs:
            for a, b in zip(self.places[name][inputs], self.places[op.outputs[0]][outputs], strict=True):
                self._merge(int(self.classes[a]), int(self.classes[b]))

    def _merge(self, a: int, b: int) -> None:
        if a != b:
            self.classes[self.classes == b] = a
            self.pinned[a] |= self.pinned[b]

    def _pin(self, places: Places) -> None:
        self.pinned[self.classes[places]] = True


def _folds(op: Op, graph: Graph, value: int) -> bool:
    """Whether a channel that is always `value` can go into the bias."""
    if not isinstance(op.attrs, Conv2D) or value == graph[str(op.inputs[0])].zero_point:
        return True
    return not any((op.attrs.y.before, op.attrs.y.after, op.attrs.x.before, op.attrs.x.after))


def _reduced(graph: Graph, kept: Mapping[str, tuple[int, ...]], gone: Constants) -> Graph:
    """The graph with only the kept channels."""
    tensors = {**graph.tensors, **{name: _with_channels(graph[name], len(left)) for name, left in kept.items()}}
    ops = []
    for op in graph.ops:
        cut = _cut_constants(op, graph, kept, gone)
        tensors.update((tensor.name, tensor) for tensor in cut.values())
        inputs = {**dict(enumerate(op.inputs)), **{place: tensor.name for place, tensor in cut.items()}}
        ops.append(replace(op, inputs=tuple(inputs[place] for place in sorted(inputs))))
    used = {name for op in ops for name in (*op.present_inputs, *op.outputs)} | {*graph.inputs, *graph.outputs}
    return replace(graph, ops=tuple(ops), tensors={name: t for name, t in tensors.items() if name in used})


def _with_channels(tensor: Tensor, count: int) -> Tensor:
    return replace(tensor, shape=(*tensor.shape[:-1], count))


def _cut_constants(op: Op, graph: Graph, kept: Mapping[str, tuple[int, ...]], gone: Constants) -> Mapping[int, Tensor]:
    """The operator's constants with only the kept channels, by input; none where it lost no channel.

    They have names of their own, because other operators may share the originals.
    """
    if not any(name in kept for name in (*op.present_inputs, *op.outputs)):
        return {}
    outputs = np.array(kept.get(op.outputs[0], range(channels(graph, op.outputs[0]))))
    if mixes(op, graph):
        return _cut_weights(op, graph, outputs, kept, gone)
    constants = {i: graph[name] for i, name in enumerate(op.inputs) if name is not None}
    return {
        place: _along_last_axis(tensor, op, outputs)
        for place, tensor in constants.items()
        if tensor.data is not None and channels(graph, tensor.name) > 1
    }


def _along_last_axis(tensor: Tensor, op: Op, places: Places) -> Tensor:
    data = np.ascontiguousarray(tensor.values[..., places])
    return _owned(replace(tensor, shape=data.shape, data=data, quant=_cut(tensor.quant, places)), op)


def _owned(tensor: Tensor, op: Op) -> Tensor:
    return replace(tensor, name=f"{tensor.name}@{op.outputs[0]}")


def _cut(quant: QuantParams | None, places: Places) -> QuantParams | None:
    if quant is None or len(quant.scale) == 1:
        return quant
    scale, zero_point = (tuple(values[i] for i in places) for values in (quant.scale, quant.zero_point))
    return QuantParams(scale, zero_point, quant.axis)


def _cut_weights(
    op: Op, graph: Graph, outputs: Places, kept: Mapping[str, tuple[int, ...]], gone: Constants
) -> Mapping[int, Tensor]:
    """Weights without rows and columns, and the bias with what constant inputs add to it."""
    x, w = graph[str(op.inputs[0])], graph[str(op.inputs[1])]
    count = x.shape[-1]
    pixels = w.values[outputs].reshape(len(outputs), -1, count)
    left = np.ascontiguousarray(pixels[..., np.array(kept.get(x.name, range(count)))])
    data = left.reshape(len(outputs), *w.shape[1:-1], -1)
    constant = np.zeros(count, np.int64)
    for channel, value in gone.get(x.name, {}).items():
        constant[channel] = value - x.zero_point
    weights = replace(w, shape=data.shape, data=data, quant=_cut(w.quant, outputs))
    bias = _bias(op, graph, outputs, (pixels.astype(np.int64) @ constant).sum(1))
    return {1: _owned(weights, op), 2: _owned(bias, op)}


def _bias(op: Op, graph: Graph, outputs: Places, added: Array) -> Tensor:
    """The bias plus what constant inputs add to every sum, modulo 2**32 as sums are."""
    name = op.inputs[2] if len(op.inputs) > 2 else None
    if name is None:
        return Tensor("bias", (len(outputs),), DType.INT32, data=wrap32(added).astype(np.int32))
    old = graph[name]
    data = wrap32(old.values.reshape(-1)[outputs].astype(np.int64) + added).astype(np.int32)
    return replace(old, shape=data.shape, data=data, quant=_cut(old.quant, outputs))
