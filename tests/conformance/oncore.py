"""Cases as steps of one network that an emulated core runs, its outputs against the reference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hilbench.boards import find
from hilbench.build import execute, prepare
from hilbench.codegen import generate
from hilbench.ir.reference import run as reference
from hilbench.targets.target import TARGETS
from tests.conformance.onehost import Case, plan
from tests.conformance.test_kernels import compare
from tests.graphs import random_inputs


def check(cases: Sequence[Case], board_name: str, level: str) -> None:
    """Built at this level for the board, run once on random inputs."""
    board, planned = find(board_name), plan(list(cases))
    image = execute(prepare(generate(planned, "cores"), board, target="qemu", optimize=level))
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
