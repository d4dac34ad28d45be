"""Where each buffer lies in the arena: quick placements first, then an exact search for what they leave open."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from hilbench.plan.exact import Exact
from hilbench.plan.greedy import Offsets, quick
from hilbench.plan.lifetime import Life, live_bytes
from hilbench.variants.stages import ALIGNMENT


def place(buffers: Sequence[Life], steps: int, enough: int = 0, useless: float = inf) -> Offsets:
    """Offset in bytes of each buffer: no two that live in the same step overlap, and the arena is the least found.

    The exact search runs only where the quick placements leave a gap to the lower bound, the largest live set; it
    halves the gap until it is closed, proven to be there, or too large a search. An arena of `enough` bytes need not
    become smaller, and where that is below the bound the quick placements have to do, as they do where nothing below
    `useless` bytes can be.
    """
    bound = max(live_bytes(buffers, steps), default=0)
    best = _quickest(buffers, steps, max(bound, enough))
    low = bound
    while max(low, enough) < (least := int(min(extent(buffers, best), useless))) and not 0 < enough < low:
        limit = enough or low + (least - low - ALIGNMENT) // (2 * ALIGNMENT) * ALIGNMENT
        found = Exact(buffers, steps, limit).search()
        best, low = (found, low) if found else (best, limit + ALIGNMENT)
    return best


def _quickest(buffers: Sequence[Life], steps: int, enough: int) -> Offsets:
    """The best of the quick placements, or the first of at most `enough` bytes."""
    best: Offsets = [0] * len(buffers)
    least = sum(buffer.size for buffer in buffers) + 1
    for offsets in quick(buffers, steps, enough):
        if (size := extent(buffers, offsets)) < least:
            best, least = offsets, size
        if least <= enough:
            break
    return best


def extent(buffers: Sequence[Life], offsets: Sequence[int]) -> int:
    """Bytes of the arena that a placement needs."""
    return max((offset + buffer.size for buffer, offset in zip(buffers, offsets, strict=True)), default=0)
