"""Quick placements of buffers: each in turn goes into the smallest gap that holds it.

Greedy by size and greedy by breadth follow Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net
Inference", sections 4.2 and 4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

from hilbench.plan.lifetime import Life, live_bytes

ROUNDS = 25
"""Placements that are tried from each order to start from."""

Offsets = list[int]


def quick(buffers: Sequence[Life], steps: int, bound: int) -> Iterator[Offsets]:
    """Placements in several orders, then in orders that put those first which came to lie above `bound` bytes.

    The latter is squeaky wheel optimisation (Joslin and Clements 1999): what was placed badly is placed earlier.
    """
    for order, arranged in product(ORDERS, (_lower_first, _as_ranked)):
        ranks = {index: rank for rank, index in enumerate(order(buffers, steps))}
        blame = dict.fromkeys(ranks, 0)
        for _ in range(ROUNDS):
            offsets = _greedy(buffers, arranged(buffers, sorted(ranks, key=lambda i: (-blame[i], ranks[i]))))
            yield offsets
            for index, buffer in enumerate(buffers):
                blame[index] += offsets[index] + buffer.size > bound


def meet(one: Life, other: Life) -> bool:
    """Whether two buffers live in the same step."""
    return one.first <= other.last and other.first <= one.last


def _greedy(buffers: Sequence[Life], order: Sequence[int]) -> Offsets:
    """Each buffer, in `order`, goes into the smallest gap that holds it, or on top."""
    placed: list[int] = []
    offsets = [0] * len(buffers)
    for index in order:
        buffer, busy = buffers[index], []
        for other in placed:
            rival = buffers[other]
            if meet(buffer, rival):
                busy.append((offsets[other] - buffer.reach(rival), offsets[other] + rival.reach(buffer)))
        offsets[index] = _best_gap(sorted(busy))
        placed.append(index)
    return offsets


def _best_gap(busy: Sequence[tuple[int, int]]) -> int:
    """Where to begin, given the last place before and the first place after each buffer already placed."""
    top, best, best_slack = 0, None, None
    for last, first in busy:
        slack = last - top
        if slack >= 0 and (best_slack is None or slack < best_slack):
            best, best_slack = top, slack
        top = max(top, first)
    return top if best is None else best


def _lower_first(buffers: Sequence[Life], order: Sequence[int]) -> Sequence[int]:
    """The order, with a buffer that may overlap the beginning of another moved before that, so that it can."""
    below = {buffer.above: index for index, buffer in enumerate(buffers) if buffer.above}
    found: dict[int, None] = {}
    for index in order:
        chain = [index]
        while (lower := below.get(buffers[chain[-1]].name)) is not None:
            chain.append(lower)
        found |= dict.fromkeys(reversed(chain))
    return list(found)


def _as_ranked(buffers: Sequence[Life], order: Sequence[int]) -> Sequence[int]:
    """The order as it is: who comes first does not leave room below for who may overlap its beginning."""
    return order


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
