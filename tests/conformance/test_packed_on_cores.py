"""Packed convolutions of every length that their loops are entered at, as emulated cores run their assembly."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from hilbench.ir.attrs import Activation, Conv2D
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph
from hilbench.kernels.catalogue import catalogue
from tests.conformance.kernel_cases import ONE, convolution, rectified
from tests.conformance.oncore import check
from tests.conformance.onehost import Case
from tests.conformance.test_kernels import serves

pytestmark = pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="no emulator: install qemu-system-arm")

CORES = ("mps2-an386", "mps2-an500", "mps2-an505")
"""A Cortex-M4, M7 and M33."""

TERMS = (*range(1, 66, 3), 96, 127)
PIXELS = ((4, 5), (1, 7), (3, 3))


def graphs() -> Iterator[tuple[str, Graph]]:
    """Kernels, and points of so many terms on maps of five, one and two blocks of pixels, with pixels left over."""
    for number, terms in enumerate(TERMS):
        shape, weights = (1, *PIXELS[number % 5 % 3], terms), (4 + number % 3, 1, 1, terms)
        yield (
            "conv_2d_packed_staircase_dsp_int8",
            rectified(number % 9 - 128, shape, weights, Conv2D(ONE, ONE, Activation.RELU)),
        )
        yield "conv_2d_packed_dsp_int8", convolution(shape, weights, Conv2D(ONE, ONE), DType.INT8)


@pytest.mark.parametrize("board_name", CORES)
def test_every_length_equals_the_reference(board_name: str) -> None:
    made = [Case(graph, catalogue()[name]) for name, graph in graphs() if serves(catalogue()[name], graph)]
    assert {case.kernel.name for case in made} == {name for name, _ in graphs()}
    check(made, board_name, "-O2")
