"""Constants of the int8 operators: values worked out by hand or in unlimited precision."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.ir.attrs import Activation, Elementwise, Mean, Softmax
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Attrs, Graph, Op, QuantParams, Tensor
from hilbench.ir.quantized import (
    activation_range,
    add_constants,
    fully_connected_constants,
    logistic_constants,
    mean_constants,
    pool_constants,
    quantize_multiplier,
    relu_constants,
    requantize_constants,
    round_half_away,
    softmax_constants,
    zero_value,
)
from tests.graphs import Builder, only


def tensor(scale: float, zero_point: int, name: str = "t", shape: tuple[int, ...] = (1, 4)) -> Tensor:
    return Tensor(name, shape, DType.INT8, QuantParams((float(np.float32(scale)),), (zero_point,)))


def single(kind: str, attrs: Attrs, *tensors: Tensor) -> tuple[Op, Graph]:
    """One operator: the last tensor is its output."""
    named = [replace(t, name=f"t{i}") for i, t in enumerate(tensors)]
    op = Op(kind, tuple(t.name for t in named[:-1]), (named[-1].name,), attrs)
    return op, Graph("g", {t.name: t for t in named}, (op,), (), ())


@given(st.floats(2.0**-31, 2.0**30.9))
def test_multipliers_are_31_bits_of_the_real_number(real: float) -> None:
    multiplier, shift = quantize_multiplier(real)
    assert 2**30 <= multiplier < 2**31
    assert abs(Fraction(multiplier) * Fraction(2) ** (shift - 31) / Fraction(real) - 1) <= Fraction(1, 2**31)


def test_multipliers_at_the_ends() -> None:
    assert quantize_multiplier(0.0) == (0, 0)
    assert quantize_multiplier(1.0) == (1 << 30, 1)
    assert quantize_multiplier(1.0 - 2.0**-40) == (1 << 30, 1)
    assert quantize_multiplier(2.0**-33) == (0, 0)
    with pytest.raises(ValueError, match="below 2\\*\\*31"):
        quantize_multiplier(2.0**31)


def test_halves_are_rounded_away_from_zero() -> None:
    assert [round_half_away(v) for v in (-2.5, -0.5, 0.49999999999999994, 0.5, 1.5)] == [-3, -1, 0, 1, 2]


def test_activation_ranges() -> None:
    y = tensor(6 / 255, -128)
    assert activation_range(Activation.NONE, y) == (-128, 127)
    assert activation_range(Activation.RELU, tensor(0.1, 5)) == (5, 127)
    assert activation_range(Activation.RELU6, y) == (-128, 127)
    assert activation_range(Activation.RELU6, tensor(0.1, -20)) == (-20, 40)
    assert activation_range(Activation.RELU_N1_TO_1, tensor(0.1, 0)) == (-10, 10)


def test_sub_divides_in_float32_where_add_divides_in_double() -> None:
    """A pair of scales for which the last bits differ."""
    tensors = (tensor(0.1, 0), tensor(0.7, 0), tensor(0.3, 0))
    add = add_constants(*single("ADD", Elementwise(), *tensors))
    sub = add_constants(*single("SUB", Elementwise(), *tensors))
    assert add.left_shift == sub.left_shift == 20
    assert add.input1_multiplier != sub.input1_multiplier
    assert abs(add.input1_multiplier - sub.input1_multiplier) < 2**9


def test_fully_connected_multiplies_one_scale_in_float32() -> None:
    graph = only("FULLY_CONNECTED", 3)
    op = graph.ops[0]
    x, w, y = (graph[name or ""] for name in (*op.inputs[:2], op.outputs[0]))
    w = replace(w, quant=QuantParams((float(np.float32(0.0123)),), (0,)))
    k = fully_connected_constants(op, graph.with_tensors([w]))
    product = float(np.float32(x.scale) * np.float32(w.scale))
    assert set(zip(k.multiplier, k.shift, strict=True)) == {quantize_multiplier(product / y.scale)}


def test_weights_have_no_zero_point() -> None:
    graph = only("CONV_2D", 1)
    op = graph.ops[0]
    w = graph[op.inputs[1] or ""]
    shifted = replace(w, quant=QuantParams((0.1,), (3,)))
    with pytest.raises(ValueError, match="symmetric"):
        fully_connected_constants(op, graph.with_tensors([shifted]))


def test_mean_has_the_count_in_its_multiplier() -> None:
    x, y = tensor(0.5, 3, shape=(1, 3, 3, 8)), tensor(0.25, 0, shape=(1, 8))
    k = mean_constants(*single("MEAN", Mean((1, 2)), x, y))
    assert k.count == 9
    assert abs(k.multiplier * 2.0 ** (k.shift - 31) - 2 / 9) < 1e-8


def test_requantization_that_changes_nothing_says_so() -> None:
    same, other = tensor(0.1, 3), tensor(0.1, 4)
    assert requantize_constants(*single("QUANTIZE", Attrs(), same, same)).identity
    assert not requantize_constants(*single("QUANTIZE", Attrs(), same, other)).identity
    assert relu_constants(*single("RELU", Attrs(), same, other)).act_min == 4


def test_softmax_and_logistic() -> None:
    unit = tensor(1 / 256, -128)
    k = softmax_constants(*single("SOFTMAX", Softmax(1.0), tensor(0.125, 0), unit))
    # 0.125 in Q5.26 is 2**23; the radius is the largest difference whose product stays below 31.
    assert (k.multiplier, k.left_shift, k.diff_min) == (1 << 30, 24, -124)
    assert logistic_constants(*single("LOGISTIC", Attrs(), tensor(0.125, 9), unit)).input_offset == -9
    with pytest.raises(ValueError, match="1/256 and -128"):
        softmax_constants(*single("SOFTMAX", Softmax(1.0), tensor(0.125, 0), tensor(0.1, 0)))


def test_what_moves_values_keeps_their_quantization() -> None:
    graph = only("MAX_POOL_2D", 0)
    op = graph.ops[0]
    y = graph[op.outputs[0]]
    pool_constants(op, graph)
    with pytest.raises(ValueError, match="does not rescale"):
        pool_constants(op, graph.with_tensors([replace(y, quant=QuantParams((y.scale * 1.01,), (y.zero_point,)))]))


def test_zero() -> None:
    assert zero_value(tensor(0.1, -7)) == -7
    b = Builder(0, DType.FLOAT32)
    assert zero_value(b.tensors[b.input((1,))]) == 0


def test_real_values_per_channel() -> None:
    stored = np.array([[1, 2], [3, -4]], np.int8)
    np.testing.assert_array_equal(QuantParams((0.5, 2.0), (0, 1), axis=1).real(stored), [[0.5, 2.0], [1.5, -10.0]])
    np.testing.assert_array_equal(QuantParams((0.5, 2.0), (0, 1), axis=0).real(stored), [[0.5, 1.0], [4.0, -10.0]])
    np.testing.assert_array_equal(QuantParams((0.5,), (1,)).real(stored), [[0.0, 0.5], [1.0, -2.5]])
