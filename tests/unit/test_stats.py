"""The confidence interval is what it says: exact for small samples, honest in coverage, silent without evidence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.stats import samples_needed, shift

positive = st.floats(0.1, 1e6)


def test_the_shift_of_scaled_samples_is_the_scale() -> None:
    samples = [100.0, 100.02, 99.99, 100.01, 100.0, 100.03]
    found = shift(samples, [1.005 * s for s in samples], 0.99)
    assert found is not None
    assert found.ratio == pytest.approx(1.005, abs=2e-4)
    assert found.low < 1.005 < found.high


@pytest.mark.parametrize(("confidence", "needed"), [(0.9, 4), (0.95, 4), (0.99, 5), (0.999, 7)])
def test_samples_needed_is_where_the_smallest_p_suffices(confidence: float, needed: int) -> None:
    """Fewest n with 2 / C(2n, n) <= 1 - confidence."""
    assert samples_needed(confidence) == needed
    assert shift([1.0] * (needed - 1), [2.0] * (needed - 1), confidence) is None
    assert shift([1.0] * needed, [2.0] * needed, confidence) is not None


@given(st.lists(positive, min_size=5, max_size=9), st.lists(positive, min_size=5, max_size=9))
def test_swapping_sides_inverts_the_ratio(a: list[float], b: list[float]) -> None:
    there, back = shift(a, b, 0.99), shift(b, a, 0.99)
    assert there is not None and back is not None
    assert there.low <= there.high
    assert there.low == pytest.approx(1 / back.high)
    assert there.ratio == pytest.approx(1 / back.ratio)


@pytest.mark.parametrize("sizes", [(6, 7), (45, 50)])
def test_the_interval_covers_the_truth_as_often_as_it_says(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(600):
        found = shift(np.exp(rng.normal(0, 0.01, sizes[0])), np.exp(rng.normal(0, 0.01, sizes[1])), 0.95)
        covered += found is not None and found.low <= 1 <= found.high
    assert covered / 600 > 0.93


def test_samples_at_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        shift([0.0] * 6, [1.0] * 6, 0.99)
