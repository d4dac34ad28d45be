"""Virtual boards for the tests of this folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from hilbench.boards import find, wired
from tests.system.virtual.rig import Rig, Start, first_lines

pytest.importorskip("unicorn", reason="the extra `virtual` is not installed: no virtual board")
pytest.importorskip("pyocd", reason="the extra `board` is not installed: no pyOCD")


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a virtual board with faults; it ends with the test."""
    running: list[subprocess.Popen[str]] = []

    def begin(name: str, *faults: str) -> Rig:
        argv = [sys.executable, "-m", "hilbench.cli.main", "virtual", name]
        argv += ["--count", "instructions"]
        argv += [word for fault in faults for word in ("--fault", fault)]
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        running.append(process)
        probe, port = (line.split()[1] for line in first_lines(process, 2))
        return Rig(process, wired(find(name), probe, port))

    yield begin
    for process in running:
        process.terminate()
        process.wait(timeout=10)
        assert process.stdout is not None
        process.stdout.close()
