"""Kernels in assembly or with intrinsics, as emulated cores with those instructions run them, against the reference.

What runs on the host (test_kernels.py) is their twins in plain C.
"""

from __future__ import annotations

import shutil

import pytest

from hilbench.kernels.catalogue import Kernel, catalogue
from tests.conformance.oncore import check
from tests.conformance.onehost import Case
from tests.conformance.test_kernels import cases

pytestmark = pytest.mark.skipif(shutil.which("qemu-system-arm") is None, reason="no emulator: install qemu-system-arm")

BOARDS = {"nucleo_g0b1re": {"thumb"}, "mps2-an386": {"dsp", "fpu"}, "mps3-an547": {"mve"}}
"""Boards, and the instructions whose kernels are tried there."""

BUILDS = [(name, "-O2") for name in BOARDS] + [("nucleo_g0b1re", "-O3")]
"""In long functions for Armv6-M constants and branches are soon out of reach."""

EVERY, MOST = 3, 12
"""One of so many cases of the host is tried here, and not many more of one kernel than that: they take long to compile,
and the protocol has numbers for 256 inputs."""


def kernels(board: str) -> list[Kernel]:
    return [kernel for kernel in catalogue().values() if BOARDS[board] & kernel.contract.isa]


def some(found: list[Case]) -> list[Case]:
    """Cases of all kinds, which follow one another in the list."""
    return found[:: max(EVERY, len(found) // MOST)]


@pytest.mark.parametrize(("board_name", "level"), BUILDS)
def test_kernels_equal_the_reference_on_their_cores(board_name: str, level: str) -> None:
    tried = [case for kernel in kernels(board_name) for case in some(cases(kernel))]
    assert len(tried) > 10
    check(tried, board_name, level)
