"""Which kernels can run an operator, and what each needs: run whole, or in pieces of a few pixels."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from hilbench.errors import UnsupportedModel, UnsupportedOp
from hilbench.ir.graph import Graph, Op
from hilbench.kernels.catalogue import Option, options
from hilbench.plan.lifetime import Working, is_view, stage_ops
from hilbench.variants.schedule import Rolling, Schedule
from hilbench.variants.variant import Way


class Kernels:
    """The kernels for a graph on a core with these features, and what they need."""

    def __init__(self, graph: Graph, features: frozenset[str]) -> None:
        self.graph, self.features = graph, features
        self._known: dict[tuple[int, int], tuple[Working, ...]] = {}
        self._check()

    def _check(self) -> None:
        """Raise UnsupportedModel where no kernel serves an operator; all are listed."""
        missing: list[UnsupportedOp] = []
        for position, op in enumerate(self.graph.ops):
            try:
                self.of(position)
            except LookupError as error:
                missing.append(UnsupportedOp(op.kind, op.index, op.outputs[0], str(error.args[0])))
        if missing:
            raise UnsupportedModel(self.graph.name, missing)

    def of(self, position: int, piece: int = 0) -> tuple[Working, ...]:
        """The kernels of one operator, run whole or (`piece` > 0) so many pixels at a time.

        Each takes more cycles than the one before it, and needs less scratch.

        Raises:
            LookupError: no kernel serves it.
        """
        if (position, piece) not in self._known:
            self._known[position, piece] = self._serving(self.graph.ops[position], piece)
        return self._known[position, piece]

    def ways(self, position: int, piece: int) -> Sequence[Way]:
        """What those kernels need."""
        return [Way(each.cycles, each.scratch) for each in self.of(position, piece)]

    def whole(self) -> list[tuple[Working, ...]]:
        """The kernels that run every operator whole, by position."""
        return [self.of(position) for position in range(len(self.graph.ops))]

    def along(self, schedule: Schedule) -> list[tuple[Working, ...]]:
        """The kernels of every operator in a schedule, by position."""
        found = self.whole()
        for stage in schedule.stages:
            if isinstance(stage, Rolling):
                for position in stage_ops(stage):
                    found[position] = self.of(position, stage.pieces[self.graph.ops[position].outputs[0]])
        return found

    def _serving(self, op: Op, piece: int) -> tuple[Working, ...]:
        if is_view(op, self.graph):
            return (Working(""),)
        found: list[Option] = []
        for option in options(op, self.graph, self.features, piece):
            if not found or option.scratch < found[-1].scratch:
                found.append(option)
        return tuple(Working(o.kernel.name, o.scratch, o.kernel.in_place, _known_cycles(o)) for o in found)


def _known_cycles(option: Option) -> float:
    return 0.0 if option.cycles == inf else option.cycles
