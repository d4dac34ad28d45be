"""Arena placement: nothing overlaps, nothing beats the lower bound, and small cases are solved exactly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from hilbench.plan.arena import extent, meet, place
from hilbench.plan.lifetime import Life, live_bytes

STEPS = 8


def lives_of(spec: Sequence[tuple[int, int, int]]) -> list[Life]:
    """Buffers from (size in words, one step, another step)."""
    return [Life(f"b{i}", "tensor", 4 * size, min(a, b), max(a, b)) for i, (size, a, b) in enumerate(spec)]


SPEC = st.tuples(st.integers(1, 9), st.integers(0, STEPS - 1), st.integers(0, STEPS - 1))


def overlap(buffers: Sequence[Life], offsets: Sequence[int]) -> list[tuple[str, str]]:
    """Pairs that live together and share bytes, found pair by pair."""
    ranges = list(zip(buffers, offsets, strict=True))
    return [
        (a.name, b.name)
        for i, (a, x) in enumerate(ranges)
        for b, y in ranges[:i]
        if set(range(a.first, a.last + 1)) & set(range(b.first, b.last + 1)) and x < y + b.size and y < x + a.size
    ]


@settings(deadline=None)
@given(st.lists(SPEC, max_size=24).map(lives_of))
def test_no_overlap_and_never_below_the_bound(buffers: list[Life]) -> None:
    offsets = place(buffers, STEPS)
    assert not overlap(buffers, offsets)
    assert all(offset >= 0 and offset % 4 == 0 for offset in offsets)
    assert extent(buffers, offsets) >= max(live_bytes(buffers, STEPS), default=0)


@settings(deadline=None)
@given(st.lists(SPEC, min_size=1, max_size=5).map(lives_of))
def test_small_cases_are_optimal(buffers: list[Life]) -> None:
    assert extent(buffers, place(buffers, STEPS)) == _least(buffers)


def _least(buffers: Sequence[Life]) -> int:
    """The optimum by trying every order, each buffer on top of all earlier ones that it lives with."""

    def stacked(order: Sequence[int]) -> int:
        tops: dict[int, int] = {}
        for i in order:
            tops[i] = buffers[i].size + max((tops[j] for j in tops if meet(buffers[i], buffers[j])), default=0)
        return max(tops.values())

    return min(stacked(order) for order in permutations(range(len(buffers))))


def test_exact_search_closes_a_gap_that_greedy_leaves() -> None:
    spec = [(2, 0, 1), (4, 1, 4), (2, 4, 5), (5, 0, 0), (3, 2, 3), (5, 5, 5)]
    buffers = lives_of(spec)
    assert extent(buffers, place(buffers, STEPS)) == max(live_bytes(buffers, STEPS))
