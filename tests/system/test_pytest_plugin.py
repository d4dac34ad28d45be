"""The fixtures as people's own tests use them, in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = """
import pytest
from hilbench.errors import UsageError

def test_budget(hil_run):
    run = hil_run("digits", "int8")
    assert run.arena_bytes == run.value("arena_bytes", "static") > 0
    assert run.instructions > 1000
    assert run is hil_run("digits", "int8")
    with pytest.raises(AttributeError, match="it has .*sram_total_bytes"):
        run.sram

def test_board(hil_board):
    assert hil_board.name == "mps2-an386"

def test_over_budget(hil_run):
    assert hil_run("digits", "int8").arena_bytes <= 16

def test_not_a_variant(hil_run):
    with pytest.raises(UsageError, match="unknown format"):
        hil_run("digits", "int7")
"""


def pytest_in(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_mine.py").write_text(TESTS)
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_fixtures_measure(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, "--hil-board", "mps2-an386", "--hil-target", "qemu")
    assert "1 failed, 3 passed" in done.stdout
    assert "test_over_budget" in done.stdout


def test_a_board_is_needed(tmp_path: Path) -> None:
    done = pytest_in(tmp_path, "-k", "test_board")
    assert "give --hil-board NAME" in done.stdout + done.stderr
