"""Arena placement: nothing overlaps, nothing beats the lower bound, and small cases are solved exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from hilbench.plan.arena import extent, place
from hilbench.plan.greedy import meet
from hilbench.plan.lifetime import Life, live_bytes

STEPS = 8


def lives_of(spec: Sequence[tuple[int, int, int]]) -> list[Life]:
    """Buffers from (size in words, one step, another step)."""
    return [Life(f"b{i}", "tensor", 4 * size, min(a, b), max(a, b)) for i, (size, a, b) in enumerate(spec)]


def overlapping(spec: Sequence[tuple[int, int, int]], leads: Sequence[int]) -> list[Life]:
    """Buffers of which each third may begin below the one before it, if that is so many words and they meet."""
    plain = lives_of(spec)
    pairs = [(i, lead) for i, lead in zip(range(1, len(plain), 3), leads, strict=False) if lead >= 0]
    for i, lead in pairs:
        if meet(plain[i], plain[i - 1]):
            plain[i] = replace(plain[i], above=plain[i - 1].name, lead=4 * lead)
    return plain


SPEC = st.tuples(st.integers(1, 9), st.integers(0, STEPS - 1), st.integers(0, STEPS - 1))


def overlap(buffers: Sequence[Life], offsets: Sequence[int]) -> list[tuple[str, str]]:
    """Pairs that live together and share bytes, though they may not, found pair by pair."""
    ranges = list(zip(buffers, offsets, strict=True))
    return [
        (a.name, b.name)
        for i, (a, x) in enumerate(ranges)
        for b, y in ranges[:i]
        if set(range(a.first, a.last + 1)) & set(range(b.first, b.last + 1))
        and x < y + b.size
        and y < x + a.size
        and not (a.above == b.name and x + a.lead <= y)
        and not (b.above == a.name and y + b.lead <= x)
    ]


PAIRED = st.builds(overlapping, st.lists(SPEC, max_size=18), st.lists(st.integers(-1, 9), max_size=6))


@settings(deadline=None)
@given(st.lists(SPEC, max_size=24).map(lives_of) | PAIRED)
def test_no_overlap_and_never_below_the_bound(buffers: list[Life]) -> None:
    offsets = place(buffers, STEPS)
    assert not overlap(buffers, offsets)
    assert all(offset >= 0 and offset % 4 == 0 for offset in offsets)
    assert extent(buffers, offsets) >= max(live_bytes(buffers, STEPS), default=0)


@settings(deadline=None)
@given(
    st.lists(SPEC, min_size=1, max_size=5).map(lives_of)
    | st.builds(overlapping, st.lists(SPEC, min_size=2, max_size=5), st.lists(st.integers(0, 5), min_size=2))
)
def test_small_cases_are_optimal(buffers: list[Life]) -> None:
    assert extent(buffers, place(buffers, STEPS)) == _least(buffers)


def _least(buffers: Sequence[Life]) -> int:
    """The optimum by trying every order, each buffer on top of all earlier ones that it lives with."""

    def stacked(order: Sequence[int]) -> int:
        tops: dict[int, int] = {}
        for i in order:
            rests = (tops[j] + buffers[j].reach(buffers[i]) for j in tops if meet(buffers[i], buffers[j]))
            tops[i] = max(rests, default=0)
        return max(tops[i] + buffers[i].size for i in tops)

    return min(stacked(order) for order in permutations(range(len(buffers))))


def test_exact_search_closes_a_gap_that_greedy_leaves() -> None:
    spec = [(2, 0, 1), (4, 1, 4), (2, 4, 5), (5, 0, 0), (3, 2, 3), (5, 5, 5)]
    buffers = lives_of(spec)
    assert extent(buffers, place(buffers, STEPS)) == max(live_bytes(buffers, STEPS))


def test_what_may_overlap_may_also_lie_apart() -> None:
    """A buffer that ends a chain of overlaps does not push the first of them up where it has room elsewhere."""
    frame = Life("frame", "tensor", 400, 0, 0)
    first = Life("first", "tensor", 200, 0, 1, above="frame", lead=0)
    last = Life("last", "tensor", 120, 1, 1, above="first", lead=100)
    buffers = [frame, first, last]
    assert extent(buffers, place(buffers, 2)) == 400


def test_buffers_that_fit_anywhere_do_not_hide_those_that_do_not() -> None:
    """The exact search decides six buffers that greedy gets wrong among forty that live beside them in turn."""
    hard = [(2, 0, 1), (4, 1, 4), (2, 4, 5), (5, 0, 0), (3, 2, 3), (5, 5, 5)]
    easy = [(1, step % STEPS, min(step % STEPS + 1, STEPS - 1)) for step in range(6, 46) if step % STEPS > 5]
    buffers = lives_of([*hard, *easy])
    assert extent(buffers, place(buffers, STEPS)) == max(live_bytes(buffers, STEPS))
