"""Which kernels can run an operator, and what each needs: run whole, or in pieces of a few pixels."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from hilbench.errors import UnsupportedModel, UnsupportedOp
from hilbench.ir.graph import Graph, Op
from hilbench.kernels.catalogue import Kernel, Option, options
from hilbench.plan.forced import forced_kernels
from hilbench.plan.lifetime import Working, is_view, stage_ops
from hilbench.variants.demand import sums
from hilbench.variants.prices import gathering, summing
from hilbench.variants.schedule import Layer, Rolling, Schedule
from hilbench.variants.stages import stage_gathers
from hilbench.variants.variant import Way

_NONE = Working("", 1 << 40, cycles=inf)
"""Where the kernel that has to be taken serves no piece of that length: more memory than there is."""


class Kernels:
    """The kernels for a graph on a core with these features, and what they need.

    `forced` are kernels that have to be taken, each "NAME" or "STEP=NAME" (`Variant`). Others whose constants take
    more flash than the model's weights are left out unless `expanding`.
    """

    def __init__(
        self, graph: Graph, features: frozenset[str], forced: Sequence[str] = (), expanding: bool = True
    ) -> None:
        self.graph, self.features, self.expanding = graph, features, expanding
        self._forced: dict[int, str] = {}
        self._known: dict[tuple[int, int, int], tuple[Working, ...]] = {}
        self._check()
        if forced:
            self._forced, self._known = forced_kernels(forced, graph, features), {}

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

    def of(self, position: int, piece: int = 0, gathered: int = 0) -> tuple[Working, ...]:
        """The kernels of one operator, run whole or (`piece` > 0) so many pixels at a time.

        Then those that cannot read views that turn have so many bytes `gathered` for them. Each takes more cycles than
        the one before it, and needs fewer bytes.

        Raises:
            LookupError: no kernel serves it.
        """
        key = (position, piece, gathered)
        if key not in self._known:
            self._known[key] = self._serving(*key)
        return self._known[key]

    def ways(self, position: int, piece: int, gathered: int) -> Sequence[Way]:
        """What those kernels need."""
        serving = self.of(position, piece, gathered)
        return [Way(each.cycles + gathering(each.gathers), each.needs, each.in_place) for each in serving]

    def whole(self) -> list[tuple[Working, ...]]:
        """The kernels that run every operator whole, by position."""
        return [self.of(position) for position in range(len(self.graph.ops))]

    def along(self, schedule: Schedule) -> list[tuple[Working, ...]]:
        """The kernels of every operator in a schedule, by position."""
        found = self.whole()
        for stage in schedule.stages:
            if isinstance(stage, Layer) and stage.rows:
                cols = self.graph[self.graph.ops[stage.op].outputs[0]].shape[2]
                found[stage.op] = self.of(stage.op, stage.rows * cols)
            if isinstance(stage, Layer) and stage.in_place:
                found[stage.op] = tuple(each for each in found[stage.op] if each.in_place)
            if isinstance(stage, Rolling):
                for position in stage_ops(stage):
                    op = self.graph.ops[position]
                    gathered = sum(stage_gathers(self.graph, stage, op).values())
                    found[position] = self.of(position, stage.pieces[op.outputs[0]], gathered)
        return found

    def _serving(self, position: int, piece: int, gathered: int) -> tuple[Working, ...]:
        op, wanted = self.graph.ops[position], self._forced.get(position)
        if is_view(op, self.graph):
            return (Working(""),)
        if piece and sums(op, self.graph):
            return (self._summing(op, piece),)
        offered = [
            _working(option, gathered)
            for option in options(op, self.graph, self.features, piece)
            if (self._small_enough(option.kernel) if wanted is None else wanted == option.kernel.name)
        ]
        found: list[Working] = []
        for each in sorted(offered, key=_cost) if gathered else offered:
            if not found or each.needs < found[-1].needs:
                found.append(each)
        return tuple(found) or (_NONE,)

    def _small_enough(self, kernel: Kernel) -> bool:
        return self.expanding or not kernel.expands

    def _summing(self, op: Op, piece: int) -> Working:
        """Pieces of a map that is averaged are added up by a function of the kernel's file, not by the kernel."""
        return Working(options(op, self.graph, self.features)[0].kernel.name, cycles=summing(op, self.graph, piece))


def _cost(working: Working) -> float:
    return (working.cycles or inf) + gathering(working.gathers)


def _working(option: Option, gathered: int) -> Working:
    kernel, known = option.kernel, option.cycles < inf
    gathers = 0 if kernel.contract.turns else gathered
    return Working(kernel.name, option.scratch, kernel.in_place, option.cycles if known else 0.0, option.tile, gathers)
