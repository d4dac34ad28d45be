"""How sparse weights are stored: per segment the non-zero weights, each with the distance from the one before.

Distances are one byte; a longer one is bridged by entries of weight 0, so that kernels need no special case
(relative indices as in Han et al. 2016, "EIE", section 3).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hilbench.ir.graph import Array

GAP_MAX = 255
COUNT_MAX = 2**16 - 1


class Encoded(NamedTuple):
    """`values` (the weights' dtype) and `gaps` (uint8) of all entries; `counts` (uint16), entries per segment."""

    values: Array
    gaps: Array
    counts: Array

    @property
    def entries(self) -> Array:
        """int8: the gap and the value of each entry after one another, of int8 values."""
        return np.stack([self.gaps.view(np.int8), self.values], axis=1).reshape(-1)


def encode(segments: Array) -> Encoded:
    """Encode weights [segment, place]: an entry's place is its gap after the place of the entry before (0 at first).

    Raises:
        LookupError: a segment has more than 65535 entries.
    """
    segment, place = np.nonzero(segments)
    first = np.diff(segment, prepend=-1) != 0
    gap = np.where(first, place, np.diff(place, prepend=0))
    bridges = np.maximum(gap - 1, 0) // GAP_MAX
    ends = np.cumsum(bridges + 1)
    entries = int(ends[-1]) if len(ends) else 0
    values, gaps = np.zeros(entries, segments.dtype), np.full(entries, GAP_MAX, np.uint8)
    values[ends - 1] = segments[segment, place]
    gaps[ends - 1] = gap - GAP_MAX * bridges
    counts = np.bincount(segment, bridges + 1, minlength=len(segments)).astype(np.int64)
    if counts.max(initial=0) > COUNT_MAX:
        raise LookupError(f"a segment of sparse weights has {counts.max()} entries; at most {COUNT_MAX} can be stored")
    return Encoded(values, gaps, counts.astype(np.uint16))
