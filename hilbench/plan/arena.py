"""Where each buffer lies in the arena: several placements are tried, and the smallest arena wins.

Greedy by size and greedy by breadth follow Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net
Inference", sections 4.2 and 4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf

from hilbench.plan.lifetime import Life, live_bytes

ROUNDS = 25
"""Greedy placements that are tried from each order to start from."""

EXACT_NODES = 5_000
"""Partial placements that the exact search looks at before it is content with the best one found."""

Offsets = list[int]


def place(buffers: Sequence[Life], steps: int) -> Offsets:
    """Offset in bytes of each buffer: no two that live in the same step overlap, and the arena is the least found.

    The exact search runs only where the quick ones leave a gap to the lower bound, the largest live set.
    """
    bound = max(live_bytes(buffers, steps), default=0)
    best: Offsets = []
    least: float = inf
    for offsets in _quick(buffers, steps, bound):
        if extent(buffers, offsets) < least:
            best, least = offsets, extent(buffers, offsets)
        if least == bound:
            return best
    return _Exact(buffers, bound, best).search()


def _quick(buffers: Sequence[Life], steps: int, bound: int) -> Iterator[Offsets]:
    """Greedy placements in several orders, then in orders that put those first which came to lie too high.

    The latter is squeaky wheel optimisation (Joslin and Clements 1999): what was placed badly is placed earlier.
    """
    for order in ORDERS:
        ranks = {index: rank for rank, index in enumerate(order(buffers, steps))}
        blame = dict.fromkeys(ranks, 0)
        for _ in range(ROUNDS):
            offsets = _greedy(buffers, sorted(ranks, key=lambda i: (-blame[i], ranks[i])))
            yield offsets
            for index, buffer in enumerate(buffers):
                blame[index] += offsets[index] + buffer.size > bound


def extent(buffers: Sequence[Life], offsets: Sequence[int]) -> int:
    """Bytes of the arena that a placement needs."""
    return max((offset + buffer.size for buffer, offset in zip(buffers, offsets, strict=True)), default=0)


def meet(one: Life, other: Life) -> bool:
    """Whether two buffers live in the same step."""
    return one.first <= other.last and other.first <= one.last


def _greedy(buffers: Sequence[Life], order: Sequence[int]) -> Offsets:
    """Each buffer, in `order`, goes into the smallest gap that holds it, or on top."""
    placed: list[int] = []
    offsets = [0] * len(buffers)
    for index in _lower_first(buffers, order):
        buffer, busy = buffers[index], []
        for other in placed:
            rival = buffers[other]
            if meet(buffer, rival):
                busy.append((offsets[other] - buffer.reach(rival), offsets[other] + rival.reach(buffer)))
        offsets[index] = _best_gap(sorted(busy))
        placed.append(index)
    return offsets


def _lower_first(buffers: Sequence[Life], order: Sequence[int]) -> list[int]:
    """The order, with a buffer that overlaps the beginning of another moved before that."""
    below = {buffer.above: index for index, buffer in enumerate(buffers) if buffer.above}
    found: dict[int, None] = {}
    for index in order:
        chain = [index]
        while (lower := below.get(buffers[chain[-1]].name)) is not None:
            chain.append(lower)
        found |= dict.fromkeys(reversed(chain))
    return list(found)


def _best_gap(busy: Sequence[tuple[int, int]]) -> int:
    """Where to begin, given the last place before and the first place after each buffer already placed."""
    top, best, best_slack = 0, None, None
    for last, first in busy:
        slack = last - top
        if slack >= 0 and (best_slack is None or slack < best_slack):
            best, best_slack = top, slack
        top = max(top, first)
    return top if best is None else best


def _by_size(buffers: Sequence[Life], steps: int) -> list[int]:
    return sorted(range(len(buffers)), key=lambda i: (-buffers[i].size, buffers[i].first, i))


def _by_breadth(buffers: Sequence[Life], steps: int) -> list[int]:
    """Buffers of the step with most live bytes first, the larger first; then the next step's."""
    breadth = live_bytes(buffers, steps)
    widest = [max(range(b.first, b.last + 1), key=lambda step: (breadth[step], -step)) for b in buffers]
    return sorted(range(len(buffers)), key=lambda i: (-breadth[widest[i]], widest[i], -buffers[i].size, i))


def _by_time(buffers: Sequence[Life], steps: int) -> list[int]:
    """As an allocator would see them at run time: best fit in order of birth, the larger first."""
    return sorted(range(len(buffers)), key=lambda i: (buffers[i].first, -buffers[i].size, i))


ORDERS: tuple[Callable[[Sequence[Life], int], list[int]], ...] = (_by_size, _by_breadth, _by_time)


class _Exact:
    """Branch and bound over placements in which every buffer rests on 0 or on one that lives with it.

    Some optimal placement has that form (push every buffer down, lowest first), and is met by placing buffers in order
    of rising offset, each on top of all those placed before that it lives with.
    """

    def __init__(self, buffers: Sequence[Life], bound: int, best: Offsets) -> None:
        self.buffers, self.bound, self.best = buffers, bound, best
        self.least = extent(buffers, best)
        self.nodes = 0
        self.paired = {i for i, b in enumerate(buffers) if b.above or any(c.above == b.name for c in buffers)}
        self.rivals = [[j for j, b in enumerate(buffers) if j != i and meet(a, b)] for i, a in enumerate(buffers)]

    def search(self) -> Offsets:
        """The least placement, or the best of those looked at when there are too many."""
        self._place({}, dict.fromkeys(range(len(self.buffers)), 0), 0)
        return self.best

    def _place(self, done: dict[int, int], rest: dict[int, int], floor: int) -> None:
        """Extend `done`; `rest` says how low each other buffer can lie, and none may lie below `floor`."""
        self.nodes += 1
        if not rest:
            self.least = max(done[i] + self.buffers[i].size for i in done)
            self.best = [done[i] for i in range(len(self.buffers))]
            return
        tried: set[tuple[int, int, int, int, str]] = set()
        for index in sorted(rest, key=lambda i: (rest[i], -self.buffers[i].size)):
            buffer, offset = self.buffers[index], rest[index]
            twin = (buffer.size, buffer.first, buffer.last, offset, buffer.name if index in self.paired else "")
            if offset < floor or twin in tried:
                continue
            tried.add(twin)
            if self.least == self.bound or self.nodes > EXACT_NODES:
                return
            lifted = self._lift(rest, index, offset)
            if self._hopeless(lifted):
                continue
            self._place({**done, index: offset}, lifted, offset)

    def _lift(self, rest: dict[int, int], index: int, offset: int) -> dict[int, int]:
        lifted = {i: low for i, low in rest.items() if i != index}
        for rival in self.rivals[index]:
            if rival in lifted:
                lifted[rival] = max(lifted[rival], offset + self.buffers[index].reach(self.buffers[rival]))
        return lifted

    def _hopeless(self, rest: dict[int, int]) -> bool:
        """Whether some buffer can no longer end below the best arena known."""
        return any(low + self.buffers[i].size >= self.least for i, low in rest.items())
