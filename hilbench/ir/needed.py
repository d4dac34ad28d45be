"""Which channels of a graph its outputs need, and which others to keep beside them so that channels come in groups.

Channels that an operator ties together (the two sides of a depthwise convolution, of an addition) form a class, and a
class is kept or removed as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hilbench.ir.attrs import Conv2D
from hilbench.ir.channels import Places, channels, links, mixes
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Array, Graph, Op

Constants = Mapping[str, Mapping[int, int]]
"""Per tensor, channels that have one value, always and everywhere, with that value."""

Masks = dict[str, Array]
"""Per computed tensor, a bool for each of its channels."""


class Demand:
    """The classes of a graph's channels, and what its operators ask of them.

    `values` are the channels that are proven constant, which a reader that can take them into its bias does not need.
    """

    def __init__(self, graph: Graph, values: Constants) -> None:
        self.graph, self.values = graph, values
        computed = [*graph.inputs, *(name for op in graph.ops for name in op.outputs)]
        counts = [channels(graph, name) for name in computed]
        starts = np.cumsum([0, *counts])
        self.places = {n: np.arange(s, s + c) for n, s, c in zip(computed, starts[:-1], counts, strict=True)}
        self.classes = _classes(int(starts[-1]), [pair for op in graph.ops for pair in self._ties(op)])
        self.pinned = np.zeros(starts[-1], bool)
        foreign = [name for name in computed if graph[name].dtype != DType.INT8]
        for name in (*graph.inputs, *graph.outputs, *foreign, *(n for op in graph.ops for n in self._bound(op))):
            self._pin(self.places[name])

    def needed(self) -> Masks:
        """The fewest channels that have to be kept; at least one of each tensor."""
        while True:
            found = self._fixed_point()
            empty = [name for name, mask in found.items() if not mask.any()]
            if not empty:
                return found
            for name in empty:
                self._pin(self.places[name][:1])

    def grouped(self, needed: Masks, group: int) -> Masks:
        """`needed` and enough others that each tensor's number of channels is a multiple of `group`, a power of two.

        Where a tensor has too few for that, of half of it, and so on. It never gets more than it has in the graph.
        """
        kept = np.zeros(len(self.classes), bool)
        for name, mask in needed.items():
            kept[self.classes[self.places[name][mask]]] = True
        while any(self._fill(self.classes[places], kept, group) for places in self.places.values()):
            pass
        return {name: kept[self.classes[places]] for name, places in self.places.items()}

    def _fill(self, classes: Places, kept: Array, group: int) -> bool:
        """Keep more of one tensor's channels, where it lacks some; whether it did."""
        lacks = False
        while -(-kept[classes].sum() // group) * group > len(classes):
            group //= 2
        while kept[classes].sum() % group and not kept[classes].all():
            kept[classes[~kept[classes]][0]] = lacks = True
        return lacks

    def _fixed_point(self) -> Masks:
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

    def _ties(self, op: Op) -> list[tuple[Places, Places]]:
        """Pairs of places that an operator ties together."""
        pairs = [] if mixes(op, self.graph) else links(op, self.graph) or []
        return [(self.places[name][i], self.places[op.outputs[0]][o]) for name, i, o in pairs]

    def _bound(self, op: Op) -> list[str]:
        """Computed tensors that have to stay as they are, because the operator does not say how channels correspond."""
        if mixes(op, self.graph) or links(op, self.graph) is not None:
            return []
        return [name for name in (*op.present_inputs, *op.outputs) if name in self.places]

    def _pin(self, places: Places) -> None:
        self.pinned[self.classes[places]] = True


def _classes(count: int, pairs: list[tuple[Places, Places]]) -> Places:
    """For each of `count` places the lowest of those that it is tied to, by way of others too."""
    none = np.empty(0, np.int64)
    a, b = (np.concatenate([none, *(pair[side] for pair in pairs)]) for side in (0, 1))
    lowest = np.arange(count)
    while True:
        lower = lowest.copy()
        np.minimum.at(lower, a, lowest[b])
        np.minimum.at(lower, b, lowest[a])
        lower = lower[lower]
        if (lower == lowest).all():
            return lowest
        lowest = lower


def _folds(op: Op, graph: Graph, value: int) -> bool:
    """Whether a channel that is always `value` can go into the bias.

    In a convolution that pads only the zero point can: everywhere else the border, where padding takes the channel's
    place, would come out different.
    """
    if not isinstance(op.attrs, Conv2D) or value == graph[str(op.inputs[0])].zero_point:
        return True
    return not any((op.attrs.y.before, op.attrs.y.after, op.attrs.x.before, op.attrs.x.after))
