"""The verbs that touch a board, as a user types them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hilbench.boards import find
from hilbench.wire.frame import Frame
from hilbench.wire.messages import Kind
from tests.system.virtual.conftest import Rig, Start

pytestmark = pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed")
ARGV = [sys.executable, "-m", "hilbench.cli.main"]


def hilbench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*ARGV, *arguments], capture_output=True, text=True, timeout=120, check=False)


def test_flash_monitor_reset(start: Start) -> None:
    rig = start("disco_l475iot")
    elf, probe = str(rig.build().elf), rig.board.probe.unique_id
    first = hilbench("flash", elf, "--board", rig.board.name, "--probe", probe)
    assert (first.returncode, "there already" in first.stdout) == (0, False), first.stderr
    again = hilbench("flash", elf, "--board", rig.board.name, "--probe", probe)
    assert (again.returncode, "there already" in again.stdout) == (0, True), again.stderr
    assert "HELLO answer     run 0000002a #7" in _overheard(rig)
    reset = hilbench("reset", rig.board.name, "--probe", probe)
    assert (reset.returncode, reset.stdout) == (0, "disco_l475iot was reset\n"), reset.stderr
    assert "HELLO answer     run 0000002a #7" in _overheard(rig)


def _overheard(rig: Rig) -> str:
    """What `hilbench monitor` prints while somebody else says HELLO to the board."""
    port = rig.board.serial.port
    argv = [*ARGV, "monitor", rig.board.name, "--serial", port, "--seconds", "8"]
    monitor = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert monitor.stdout is not None
    time.sleep(3)
    line = os.open(port, os.O_WRONLY | os.O_NOCTTY)
    os.write(line, Frame(Kind.HELLO, 7, 42).encode())
    os.close(line)
    return monitor.communicate(timeout=30)[0]


def test_flash_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    done = hilbench("flash", str(tmp_path / "none.elf"), "--board", "disco_l475iot")
    assert done.returncode == 2
    assert "no file" in done.stderr


def test_board_without_a_probe(tmp_path: Path) -> None:
    done = hilbench("reset", "mps2-an386")
    assert done.returncode == 6
    assert "no [probe]" in done.stderr


def test_run_says_what_is_wrong_with_the_chip(start: Start, tmp_path: Path) -> None:
    rig = start("disco_l475iot", "wrong-chip")
    at = ["--probe", rig.board.probe.unique_id, "--serial", rig.board.serial.port]
    argv = ["run", "digits", "--board", "disco_l475iot", *at, "--variant", "int8", "--out", str(tmp_path / "run")]
    done = hilbench(*argv)
    assert done.returncode == 4, done.stderr
    assert "nothing was erased" in done.stdout + done.stderr


def test_run_on_an_attached_board_at_its_reset_clock(start: Start, tmp_path: Path) -> None:
    rig = start("disco_l475iot")
    at = ["--probe", rig.board.probe.unique_id, "--serial", rig.board.serial.port, "--clock", "reset"]
    argv = ["run", "digits", "--board", "disco_l475iot", *at, "--variant", "int8", "--out", str(tmp_path / "run")]
    done = hilbench(*argv)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = (tmp_path / "run" / "results.csv").read_text().splitlines()
    cycles = [row for row in rows if ",cycles," in row]
    assert cycles
    assert all(",board," in row and ",measured," in row and "counter dwt at 4 MHz" in row for row in cycles)
    assert all("simulated by hilbench virtual disco_l475iot" in row for row in cycles)
    (record,) = (json.loads(line) for line in (tmp_path / "run" / "records.jsonl").read_text().splitlines())
    assert record["provenance"]["emulator"] == "hilbench virtual disco_l475iot"


def test_a_board_file_is_begun_from_the_chip(start: Start, tmp_path: Path) -> None:
    rig = start("nrf52840dk")
    done = hilbench("boards", "new", "--target", "nrf52840", "--probe", rig.board.probe.unique_id)
    assert done.returncode == 0, done.stderr
    path = tmp_path / "mine.toml"
    path.write_text(done.stdout)
    board = find(str(path))
    assert (board.core.name, board.memory) == ("cortex-m4", rig.board.memory)


def test_a_board_file_for_a_chip_that_pyocd_does_not_know() -> None:
    done = hilbench("boards", "new", "--target", "stm99")
    assert done.returncode == 3
    assert "pyocd list --targets" in done.stderr
