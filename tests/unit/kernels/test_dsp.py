"""What the kernels with SMLAD are told beforehand is true: reach, settled channels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.ir.fixedpoint import multiply
from hilbench.ir.quantized import ConvConstants
from hilbench.kernels.dsp import reach, settled, short_requantization


def constants(channels: int, offset: int = 128, shift: int = -8) -> ConvConstants:
    return ConvConstants(offset, -128, (1 << 30,) * channels, (shift,) * channels, -128, 127)


@given(st.integers(0, 2**32), st.integers(-127, 128))
def test_reach_is_reached_and_not_exceeded(seed: int, offset: int) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(-127, 128, (3, 20)).astype(np.int8)
    bias = rng.integers(-(2**20), 2**20, 3).astype(np.int32)
    limit = reach(constants(3, offset), weights, bias)
    low, high = offset - 128, offset + 127
    inputs = rng.integers(low, high + 1, (50, 20)) * (rng.random((50, 20)) < 0.8)
    sums = inputs @ weights.T.astype(np.int64) + bias
    assert (np.abs(sums) <= limit).all()
    ends = [
        np.where((weights[c] > 0) == up, high, low) @ weights[c].astype(np.int64) for c in range(3) for up in (0, 1)
    ]
    assert (np.abs(np.array(ends).reshape(3, 2) + bias[:, None]).max(axis=1) == limit).all()


@pytest.mark.parametrize("bias", [2**30, -(2**30) - 128, 5, 0])
@pytest.mark.parametrize(("multiplier", "shift"), [(2**31 - 1, -26), (1 << 30, -31), (1 << 30, 0), (0, 0)])
def test_settled_channels_keep_their_output(bias: int, multiplier: int, shift: int) -> None:
    weights = np.zeros((2, 4), np.int8)
    weights[1, 2] = 3
    before = ConvConstants(128, -20, (multiplier, 1 << 30), (shift, -8), -128, 127)
    after, offsets = settled(before, weights, np.array([bias, 77], np.int32))

    def output(k: ConvConstants, b: int) -> int:
        return int(np.clip(multiply(b, k.multiplier[0], k.shift[0]) + k.output_offset, -128, 127))

    assert output(after, int(offsets[0])) == output(before, bias)
    assert (after.multiplier[1], after.shift[1], offsets[1]) == (1 << 30, -8, 77)
    assert short_requantization(after, reach(after, weights, offsets))
