"""Whatever is wrong: one clear line, the exit code that says whose fault it is, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tflite_writer import TfliteModel

from hilbench.resources import shipped
from tests.system.conftest import Hilbench

DIGITS = shipped("suites", "models", "digits.tflite")
BOARD = ["--board", "mps2-an386"]
TINY = """
title = "A board with 8 KiB of RAM"
[core]
name = "cortex-m4"
fpu = "sp"
[memory]
flash = { origin = 0x08000000, size = "1 MiB" }
ram = { origin = 0x20000000, size = "8 KiB" }
[clock]
hz = { full = 1_000_000 }
[emulator]
machine = "mps2-an386"
port = "mps2"
clock_hz = 25_000_000
flash_origin = 0x00000000
ram_origin = 0x20000000
"""
SUITE = f"""
boards = ["mps2-an386"]
variants = ["int8"]
[[model]]
file = "{DIGITS}"
"""


def lstm(path: Path) -> None:
    """A model with two operators that hilbench does not have."""
    model = TfliteModel("speech")
    x = model.input("x", (1, 10, 8))
    y = model.op("UNIDIRECTIONAL_SEQUENCE_LSTM", [x], "hidden", (1, 10, 8))
    z = model.op("ARG_MAX", [y], "class", (1, 10))
    path.write_bytes(model.to_bytes([z]))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (DIGITS.read_bytes()[:5000], "mine.tflite"),
        (b"this is a text file\n" * 100, "mine.tflite"),
        (b"", "mine.tflite"),
    ],
    ids=["truncated", "text", "empty"],
)
def test_a_file_that_is_no_model(hilbench: Hilbench, tmp_path: Path, content: bytes, text: str) -> None:
    (tmp_path / "mine.tflite").write_bytes(content)
    done = hilbench("run", "mine.tflite", *BOARD, "--variant", "int8")
    assert done.returncode == 6
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_operators_that_are_not_there_are_all_named(hilbench: Hilbench, tmp_path: Path) -> None:
    lstm(tmp_path / "speech.tflite")
    done = hilbench("run", "speech.tflite", *BOARD, "--variant", "float32", "--out", "out")
    assert done.returncode == 6
    for text in ("UNIDIRECTIONAL_SEQUENCE_LSTM", "ARG_MAX", "hidden", "operator 0", "operator 1"):
        assert text in done.stderr


def test_a_board_that_is_too_small_is_a_row(hilbench: Hilbench, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY)
    model = "mobilenetv2_035_96"
    done = hilbench("run", model, "--board", "tiny.toml", "--variant", "int8", "--out", "out")
    assert done.returncode == 6
    assert "does_not_fit" in done.stdout
    assert "ram is too small" in done.stdout.lower()
    rows = hilbench("show", "out", "--format", "csv").stdout.splitlines()
    assert len(rows) == 2 and ",does_not_fit," in rows[1]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["run", "digits", "--board", "nucleo_l4r5zl"], "Did you mean 'nucleo_l4r5zi'"),
        (["run", "digits", *BOARD, "--variant", "int7"], "unknown format 'int7'"),
        (["run", "digits"], "give --board NAME"),
        (["run", "digits", *BOARD, "--target", "qmeu"], "unknown target 'qmeu'"),
        (["run", "digits", *BOARD, "--baseline", "int8"], "unknown baseline variant 'int8'"),
        (["run", "demo", "--dataset", "x.npz"], "belong to a model"),
        (["show", "nowhere"], "no run in nowhere"),
        (["rnu"], "rnu"),
        (["run", "digits", *BOARD, "--repeats", "0"], "--repeats"),
    ],
)
def test_usage(hilbench: Hilbench, arguments: list[str], text: str) -> None:
    done = hilbench(*arguments)
    assert done.returncode == 2
    assert text in done.stderr


def test_an_unknown_key_is_named_with_the_known_ones(hilbench: Hilbench, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(SUITE.replace("variants", "varaints"))
    done = hilbench("run", "mine.toml")
    assert done.returncode == 6
    assert "unknown key 'varaints'; known here: " in done.stderr
    assert "variants" in done.stderr


def test_a_dataset_of_another_shape(hilbench: Hilbench, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.zeros((3, 8, 8, 1), np.float32))
    done = hilbench("run", "digits", *BOARD, "--dataset", "x.npz")
    assert done.returncode == 6
    assert "have shape [3, 8, 8, 1]" in done.stderr


def test_a_missing_compiler(hilbench: Hilbench) -> None:
    done = hilbench("run", "digits", *BOARD, path="/nonexistent")
    assert done.returncode == 3
    assert "arm-none-eabi-gcc" in done.stderr
    assert "apt-get install" in done.stderr


def test_doctor_says_what_is_missing(hilbench: Hilbench) -> None:
    done = hilbench("doctor", path="/nonexistent")
    assert done.returncode == 3
    for text in ("MISSING  cross compiler", "MISSING  QEMU", "to repair QEMU: sudo apt-get install qemu-system-arm"):
        assert text in done.stdout
    assert hilbench("doctor").returncode == 0
