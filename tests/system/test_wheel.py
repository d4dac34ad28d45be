"""The wheel, installed where no checkout is: boards, firmware and suites travel with it, the user's own come first."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import numpy as np
import pytest

from hilbench.resources import shipped

ROOT = Path(__file__).parents[2]
SUITE = """
boards = ["mine"]
variants = ["int8+patch"]
[[model]]
file = "digits"
dataset = "some.npz"
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with nothing but the wheel and what it depends on; gives its `bin`."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", str(ROOT), "--no-deps", "--no-build-isolation", "-w", str(folder)], check=True)
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    (wheel,) = folder.glob("hilbench-*.whl")
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)], check=True)
    # Dependencies come from this environment. Its editable hilbench does not: path files are not followed twice.
    site = next((folder / "venv" / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def hilbench(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(folder, str(installed / "hilbench"), *arguments)


def run(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)


def test_it_is_not_the_checkout(installed: Path, tmp_path: Path) -> None:
    found = run(tmp_path, str(installed / "python"), "-c", "import hilbench; print(hilbench.__file__)")
    assert Path(found.stdout.strip()).is_relative_to(installed.parent)


def test_shipped_things_are_there(installed: Path, tmp_path: Path) -> None:
    boards = hilbench(installed, tmp_path, "boards").stdout
    assert {path.stem for path in shipped("boards").glob("*.toml")} <= set(boards.split())
    assert hilbench(installed, tmp_path, "doctor").returncode == 0


def test_own_boards_suites_and_data_come_first(installed: Path, tmp_path: Path) -> None:
    board = re.sub('title = ".*"', 'title = "Mine"', shipped("boards", "mps2-an386.toml").read_text())
    for folder, name, text in (("boards", "mine.toml", board), ("suites", "small.toml", SUITE)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    with np.load(shipped("suites", "models", "digits_test.npz")) as data:
        np.savez(tmp_path / "suites" / "some.npz", x=data["x"][:8], y=data["y"][:8])
    done = hilbench(installed, tmp_path, "run", "small")
    assert done.returncode == 0, done.stderr
    assert "digits on mine (qemu)" in done.stdout
    assert (tmp_path / "runs" / "small-1" / "results.csv").is_file()
    (row,) = [line for line in hilbench(installed, tmp_path, "boards").stdout.splitlines() if line.startswith("mine ")]
    assert row.rstrip().endswith("Mine")
