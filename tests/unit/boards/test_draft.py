"""The draft of a board file is a board file."""

from __future__ import annotations

from pathlib import Path

import pytest

from hilbench.boards import load
from hilbench.boards.draft import draft


@pytest.mark.parametrize("core", ["", "cortex-m7"])
def test_draft_loads(tmp_path: Path, core: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(draft("stm32f412xg", (0x0800_0000, 1 << 20), (0x2000_0000, 1 << 18), core))
    board = load(path)
    assert (board.memory.flash.origin, board.memory.flash.size) == (0x0800_0000, 1 << 20)
    assert (board.memory.ram.origin, board.memory.ram.size) == (0x2000_0000, 1 << 18)
    assert board.core.name == (core or "cortex-m4")
    assert board.probe is not None
    assert board.probe.target == "stm32f412xg"


def test_what_was_guessed_says_so() -> None:
    guessed = draft("stm32f412xg", (0, 1), (2, 3))
    assert 'name = "cortex-m4"  # CHECK' in guessed
    assert 'name = "cortex-m0"\n' in draft("stm32f412xg", (0, 1), (2, 3), "cortex-m0")
