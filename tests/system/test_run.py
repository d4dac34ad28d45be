"""The main job with the real compiler and the real emulator: right, resumable, and tidy when it is interrupted."""

from __future__ import annotations

import csv
import importlib.util
import io
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from hilbench.runner.inputs import RANDOM_COUNT
from tests.system.conftest import ARGV, Hilbench

BOARD = ["--board", "nucleo_l4r5zi"]
VARIANTS = ["int8", "int8+sparse:0.8"]
CHOSEN = [word for variant in VARIANTS for word in ("--variant", variant)]
LONG = ["run", "mobilenetv2_035_96", *BOARD, *CHOSEN, "--repeats", "12", "--out", "out"]


def rows(hilbench: Hilbench, folder: str = "out") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(hilbench("show", folder, "--format", "csv").stdout)))


def wait_for(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.05)


def descendants(pid: int) -> list[int]:
    """Processes below `pid`, as Linux lists them."""
    try:
        tasks = [task.read_text() for task in Path(f"/proc/{pid}/task").glob("*/children")]
    except (FileNotFoundError, ProcessLookupError):
        return []
    children = [int(word) for text in tasks for word in text.split()]
    return [found for child in children for found in (child, *descendants(child))]


def emulators(pid: int) -> list[int]:
    """Processes below `pid` that run firmware."""
    return [child for child in descendants(pid) if b"-kernel" in command_line(child)]


def command_line(pid: int) -> list[bytes]:
    """Words of a process's command; none where it has ended by now."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


@pytest.fixture
def long_run(tmp_path: Path) -> subprocess.Popen[str]:
    """A run that takes a while, waited for until its first emulator is there."""
    process = subprocess.Popen([*ARGV, *LONG], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: emulators(process.pid) or process.poll() is not None)
        yield process  # type: ignore[misc]
    finally:
        process.kill()
        process.communicate()


def test_every_variant_is_right_and_repeatable(hilbench: Hilbench, tmp_path: Path) -> None:
    variants = [
        "int8",
        "float32",
        "int8+patch",
        "int8+sparse:0.8",
        "int8+sparse:0.8+patch",
        "int8+rolling",
        "int8+rolling:input=streamed",
    ]
    chosen = [word for variant in variants for word in ("--variant", variant)]
    done = hilbench("run", "digits", *BOARD, *chosen, "--out", "out")
    assert done.returncode == 0, done.stderr
    found = rows(hilbench)
    assert {row["variant"] for row in found} == set(variants)
    assert {row["status"] for row in found} == {"ok"}
    totals = [row for row in found if row["metric"] == "instructions" and row["step"] == ""]
    for variant in variants:
        repeats = [row["value"] for row in totals if row["variant"] == variant]
        assert len(repeats) == 3 and len(set(repeats)) == 1
    for row in found:
        if row["metric"] == "arena_bytes":
            assert row["detail"] == ""
    again = hilbench("run", "digits", *BOARD, *chosen, "--out", "again")
    assert again.returncode == 0
    same = ("variant", "metric", "step", "repeat", "value", "provenance", "build_id")
    assert [[row[k] for k in same] for row in rows(hilbench, "again")] == [[row[k] for k in same] for row in found]
    with np.load(next((tmp_path / "out" / "outputs").glob("*.npz"))) as held:
        assert held["output_0"].shape[0] == RANDOM_COUNT


def test_a_finished_folder_is_kept(hilbench: Hilbench) -> None:
    first = hilbench("run", "digits", *BOARD, "--out", "out")
    second = hilbench("run", "digits", *BOARD, "--out", "out")
    assert "1 of 1 rows were measured before and are kept" in second.stderr
    assert first.stdout == second.stdout


def test_interrupted(hilbench: Hilbench, tmp_path: Path, long_run: subprocess.Popen[str]) -> None:
    running = emulators(long_run.pid)
    long_run.send_signal(signal.SIGINT)
    _, stderr = long_run.communicate(timeout=60)
    assert long_run.returncode == 130
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in running), 10)
    assert not (tmp_path / "out" / "results.csv").exists()


def test_a_killed_emulator_is_infrastructure(hilbench: Hilbench, long_run: subprocess.Popen[str]) -> None:
    os.kill(emulators(long_run.pid)[0], signal.SIGKILL)
    stdout, _ = long_run.communicate(timeout=120)
    assert long_run.returncode == 4
    found = rows(hilbench)
    failed = [row for row in found if row["status"] == "failed"]
    assert len(failed) == 1 and failed[0]["detail"]
    assert sorted({row["variant"] for row in found}) == VARIANTS
    assert failed[0]["detail"] in stdout
    again = hilbench(*LONG)
    assert again.returncode == 0
    assert "1 of 2 rows were measured before and are kept" in again.stderr


def test_a_full_disk(hilbench: Hilbench) -> None:
    arguments = ["run", "digits", *BOARD, "--variant", "int8", "--variant", "int8+patch", "--jobs", "1", "--out", "out"]
    assert hilbench(*arguments[:-1], "first").returncode == 0
    full = hilbench(*arguments, file_bytes=4096)
    assert full.returncode == 3
    assert "File too large" in full.stderr
    assert "kept" in full.stderr
    assert hilbench(*arguments).returncode == 0
    assert {row["status"] for row in rows(hilbench)} == {"ok"}


def test_output_to_a_pipe_is_plain(hilbench: Hilbench) -> None:
    done = hilbench("run", "digits", *BOARD, "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    table = hilbench("show", "out").stdout
    assert table.strip() in done.stdout
    assert hilbench("show", "out", "--format", "markdown").stdout.startswith(
        "## digits · nucleo_l4r5zi · qemu\n\n| variant | status |"
    )


def loaded(elf: Path) -> list[tuple[int, bytes]]:
    """What is put into memory; debug sections hold the folder's name."""
    with elf.open("rb") as file:
        return [(part["p_paddr"], part.data()) for part in ELFFile(file).iter_segments("PT_LOAD")]


def test_build_writes_what_can_be_built_by_hand(hilbench: Hilbench, tmp_path: Path) -> None:
    assert hilbench("build", "digits", *BOARD, "--variant", "int8", "--out", "fw").returncode == 0
    elf = tmp_path / "fw" / "firmware.elf"
    first = loaded(elf)
    elf.unlink()
    subprocess.run(["sh", str(tmp_path / "fw" / "build.sh")], check=True, cwd="/")
    assert loaded(elf) == first


def test_compilers_are_an_axis(hilbench: Hilbench) -> None:
    """Clang builds the same variant, without the kernels in assembly that it has too few registers for."""
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("clang comes with the package ziglang, which is not installed")
    compilers = ["--toolchain", "gcc", "--toolchain", "zig", "--optimize=-Os"]
    done = hilbench("run", "digits", *BOARD, "--variant", "int8", *compilers, "--jobs", "1", "--out", "out")
    assert done.returncode == 0, done.stderr
    found = rows(hilbench)
    assert {(row["variant"], row["status"]) for row in found} == {("int8 gcc", "ok"), ("int8 zig", "ok")}
    made_by = {row["variant"]: row["toolchain"] for row in found}
    assert re.fullmatch(r"arm-none-eabi-gcc \S+ -Os", made_by["int8 gcc"])
    assert re.fullmatch(r"zig clang .* -Os", made_by["int8 zig"])
    assert len({row["run_id"] for row in found}) == 2
    assert "int8 zig" in done.stdout
