"""Exact placement: all buffers within a limit, or the proof that they do not fit."""

from __future__ import annotations

from collections.abc import Sequence

from hilbench.plan.greedy import Offsets, meet
from hilbench.plan.lifetime import Life, live_bytes, shared
from hilbench.variants.stages import ALIGNMENT

EXACT_NODES = 1_000
"""Partial placements that a search looks at before it gives up."""

Crowd = tuple[list[int], list[tuple[int, int, int]]]
"""Buffers that live in one step, and the pairs of them that overlap: the two, and the bytes that they share."""


class Exact:
    """Branch and bound over placements in which every buffer rests on 0 or on one that lives with it.

    Some optimal placement has that form (push every buffer down, lowest first), and is met by placing buffers in order
    of rising offset, each on top of all those placed before that it lives with. What is left has to fit above, step by
    step (Moffitt 2023, "MiniMalloc", section 4). Buffers that find a gap wherever the others lie are placed last, as
    Chaitin 1982 colours registers ("Register allocation and spilling via graph coloring").
    """

    def __init__(self, buffers: Sequence[Life], steps: int, limit: int) -> None:
        self.buffers, self.limit = buffers, limit
        self.nodes = 0
        self.seen: set[tuple[int, frozenset[tuple[int, int]]]] = set()
        self.rivals = [
            {j: a.reach(b) for j, b in enumerate(buffers) if j != i and meet(a, b)} for i, a in enumerate(buffers)
        ]
        self.easy = self._easy()
        self.crowds = _crowds(buffers, steps)
        self.lowest = _lowest(buffers, live_bytes(buffers, steps), limit)

    def search(self) -> Offsets | None:
        """A placement within the limit; None where there is none, or where none is met among EXACT_NODES."""
        hard = {i: self.lowest[i] for i in range(len(self.buffers)) if i not in self.easy}
        placed = self._place({}, hard, 0)
        if placed is None:
            return None
        for index in reversed(self.easy):
            placed[index] = self._lowest(placed, index)
        return [placed[index] for index in range(len(self.buffers))]

    def _easy(self) -> list[int]:
        """Buffers that fit wherever the rest lies, in the order in which they were set aside."""
        rest, found = set(range(len(self.buffers))), [-1]
        easy: list[int] = []
        while found:
            found = [i for i in sorted(rest) if self._fits_anywhere(i, rest)]
            easy, rest = easy + found, rest - set(found)
        return easy

    def _fits_anywhere(self, index: int, rest: set[int]) -> bool:
        """Whether the rivals of a buffer among `rest` cannot take every place that there is for it."""
        places = (self.limit - self.buffers[index].size) // ALIGNMENT + 1
        both = (self.rivals[index][other] + self.rivals[other][index] for other in self.rivals[index] if other in rest)
        return sum(reach // ALIGNMENT - 1 for reach in both) < places

    def _lowest(self, placed: dict[int, int], index: int) -> int:
        """The lowest place for a buffer between its rivals."""
        rivals = self.rivals[index]
        spans = [(placed[j] - rivals[j], placed[j] + self.rivals[j][index]) for j in rivals if j in placed]
        return min(at for at in (0, *(end for _, end in spans)) if not any(low < at < end for low, end in spans))

    def _place(self, done: dict[int, int], rest: dict[int, int], floor: int) -> dict[int, int] | None:
        """Extend `done`; `rest` says how low each other buffer can lie, and none may lie below `floor`."""
        if not rest:
            return done
        below = min(rest[i] + self.buffers[i].size for i in rest)  # who lies above that leaves a gap that one fits into
        for index in sorted(rest, key=lambda i: (rest[i], -self.buffers[i].size)):
            offset = rest[index]
            if floor <= offset < below and self.nodes < EXACT_NODES:
                lifted = self._lift(rest, index, offset)
                if self._promising(lifted, offset):
                    found = self._place({**done, index: offset}, lifted, offset)
                    if found is not None:
                        return found
        return None

    def _lift(self, rest: dict[int, int], index: int, offset: int) -> dict[int, int]:
        """How low the others can lie on top of a buffer."""
        lifted = dict(rest)
        del lifted[index]
        for rival, reach in self.rivals[index].items():
            if rival in lifted:
                lifted[rival] = max(lifted[rival], offset + reach)
        return lifted

    def _promising(self, rest: dict[int, int], floor: int) -> bool:
        """Whether this is new, and what is left of every step may end within the limit."""
        state = floor, frozenset(rest.items())
        if state in self.seen:
            return False
        self.seen.add(state)
        self.nodes += 1
        if any(low + self.buffers[i].size > self.limit for i, low in rest.items()):
            return False
        return all(self._top(crowd, rest, floor) <= self.limit for crowd in self.crowds)

    def _top(self, crowd: Crowd, rest: dict[int, int], floor: int) -> int:
        """Where those of a step that are left end at least."""
        left = [i for i in crowd[0] if i in rest]
        if not left:
            return 0
        overlapping = sum(size for below, above, size in crowd[1] if below in rest and above in rest)
        return max(floor, min(rest[i] for i in left)) + sum(self.buffers[i].size for i in left) - overlapping


def _lowest(buffers: Sequence[Life], live: Sequence[int], limit: int) -> list[int]:
    """How low each buffer can lie: above the leads of those that have to overlap it, as apart they are too large."""
    lowest = [0] * len(buffers)
    index = {buffer.name: i for i, buffer in enumerate(buffers)}
    for i in sorted(range(len(buffers)), key=lambda i: -buffers[i].first):  # who begins below begins later
        above = buffers[index.get(buffers[i].above, i)]
        together = live[max(buffers[i].first, above.first) : min(buffers[i].last, above.last) + 1]
        if above is not buffers[i] and max(together, default=0) + shared(buffers[i], above) > limit:
            j = index[above.name]
            lowest[j] = max(lowest[j], lowest[i] + buffers[i].reach(above))
    return lowest


def _crowds(buffers: Sequence[Life], steps: int) -> list[Crowd]:
    """Who lives together, fullest step first; without steps in which only some of another step's buffers live."""
    live = {frozenset(i for i, b in enumerate(buffers) if b.first <= step <= b.last) for step in range(steps)}
    most = [crowd for crowd in live if not any(crowd < other for other in live)]
    most.sort(key=lambda crowd: (-sum(buffers[i].size for i in crowd), sorted(crowd)))
    return [(sorted(crowd), _shares(buffers, crowd)) for crowd in most]


def _shares(buffers: Sequence[Life], crowd: frozenset[int]) -> list[tuple[int, int, int]]:
    pairs = ((i, j) for i in crowd for j in crowd if buffers[i].above == buffers[j].name)
    return [(i, j, shared(buffers[i], buffers[j])) for i, j in pairs]
