"""Which kernel runs an operator, and what it needs: run whole, or in pieces of a few pixels."""

from __future__ import annotations

from collections.abc import Sequence

from hilbench.errors import UnsupportedModel, UnsupportedOp
from hilbench.ir.graph import Graph, Op
from hilbench.kernels.catalogue import options
from hilbench.kernels.family import TILED
from hilbench.plan.lifetime import Working, is_view, stage_ops
from hilbench.variants.schedule import Rolling, Schedule

FAST_FEATURES = frozenset({"dsp", "mve", "thumb"})
"""Instructions for which kernels unpack their operands into scratch; those that do without need little or none."""

FAST_PIXELS = 4
"""Fewer pixels than this at a time do not repay what those kernels prepare."""


class Kernels:
    """The kernels for a graph on a core with these features, and what they need."""

    def __init__(self, graph: Graph, features: frozenset[str]) -> None:
        self.graph, self.features = graph, features
        self._known: dict[tuple[int, int], Working] = {}

    def whole(self) -> list[Working]:
        """For every operator the kernel that runs it whole.

        Raises:
            UnsupportedModel: no kernel serves some of them; all are listed.
        """
        missing: list[UnsupportedOp] = []
        for position, op in enumerate(self.graph.ops):
            try:
                self.of(position)
            except LookupError as error:
                missing.append(UnsupportedOp(op.kind, op.index, op.outputs[0], str(error.args[0])))
        if missing:
            raise UnsupportedModel(self.graph.name, missing)
        return [self.of(position) for position in range(len(self.graph.ops))]

    def of(self, position: int, piece: int = 0) -> Working:
        """The kernel of one operator, run whole or (`piece` > 0) so many pixels at a time.

        Raises:
            LookupError: no kernel serves it.
        """
        if (position, piece) not in self._known:
            self._known[position, piece] = self._served(self.graph.ops[position], piece)
        return self._known[position, piece]

    def scratch(self, position: int, piece: int) -> tuple[int, int]:
        """Working space in bytes of that kernel, which is the leanest and the fastest one here."""
        size = self.of(position, piece).scratch
        return size, size

    def along(self, schedule: Schedule) -> Sequence[Working]:
        """What every operator needs in a schedule, by position."""
        found = self.whole()
        for stage in schedule.stages:
            if isinstance(stage, Rolling):
                for position in stage_ops(stage):
                    found[position] = self.of(position, stage.pieces[self.graph.ops[position].outputs[0]])
        return found

    def _served(self, op: Op, piece: int) -> Working:
        if is_view(op, self.graph):
            return Working("")
        few = op.kind in TILED and 0 < piece < FAST_PIXELS
        best = options(op, self.graph, self.features - FAST_FEATURES if few else self.features, piece)[0]
        return Working(best.kernel.name, best.scratch, best.kernel.in_place)
