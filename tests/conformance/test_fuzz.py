"""A few seeds of the fuzzer (`python -m tests.conformance.fuzz` runs as many as are asked for)."""

from __future__ import annotations

from pathlib import Path

import pytest

from hilbench.variants.variant import Variant
from tests.conformance.fuzz import check

FOUND = (
    (1, "int8+rolling:input=streamed,pixels=2", "nucleo_g0b1re"),
    (17, "int8+patch", "mps2-an386"),
    (2008, "int8+rolling:mac=1.5", "mps2-an386"),
)
"""Nets of which most pixels are never read, and one whose buffers are hard to place."""


@pytest.mark.parametrize(("seed", "variant", "board"), FOUND)
def test_random_nets(seed: int, variant: str, board: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path))
    assert check(seed, Variant.parse(variant), board) == "ok"
