"""Packed convolutions of every length that their loops are entered at, as emulated cores run their assembly."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import numpy as np
import pytest

from hilbench.boards import find
from hilbench.build import execute, prepare
from hilbench.codegen import generate
from hilbench.ir.attrs import Activation, Conv2D
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph
from hilbench.ir.reference import run as reference
from hilbench.kernels.catalogue import catalogue
from hilbench.targets.target import TARGETS
from tests.conformance.kernel_cases import ONE, convolution, rectified
from tests.conformance.onehost import Case, plan
from tests.conformance.test_kernels import compare, serves
from tests.graphs import random_inputs

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
    board = find(board_name)
    made = [Case(graph, catalogue()[name]) for name, graph in graphs() if serves(catalogue()[name], graph)]
    assert {case.kernel.name for case in made} == {name for name, _ in graphs()}
    planned = plan(made)
    image = execute(prepare(generate(planned, "packed"), board, target="qemu", optimize="-O2"))
    inputs = random_inputs(planned.graph, 1)
    expected = reference(planned.graph, inputs)
    with TARGETS["qemu"].open(board, image) as session:
        for index, name in enumerate(planned.graph.inputs):
            session.write_input(index, inputs[name].tobytes())
        session.run()
        for index, name in enumerate(planned.graph.outputs):
            output = planned.graph[name]
            got = np.frombuffer(session.read_output(index), output.dtype.numpy).reshape(output.shape)
            compare(name, got, expected[name], planned.graph)
