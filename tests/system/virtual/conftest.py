"""A virtual board in a process of its own, as a user starts it, and images for it."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from hilbench.boards import Board, find, wired
from hilbench.build import FirmwareImage, execute, prepare
from hilbench.targets.board import OnBoard
from hilbench.targets.session import Deadlines
from tests.system.tiny import tiny

pytest.importorskip("unicorn", reason="the extra `virtual` is not installed: no virtual board")
pytest.importorskip("pyocd", reason="the extra `board` is not installed: no pyOCD")

QUICK = Deadlines(hello=2.0, answer=2.0, run=2.0, repeat=0.2)
"""For tests whose firmware never answers."""
START_SECONDS = 30


@dataclass(frozen=True)
class Rig:
    """A running virtual board; `board` names its probe and its serial port."""

    process: subprocess.Popen[str]
    board: Board

    def build(self, crime: str = "", before: str = "") -> FirmwareImage:
        """An image of the tiny model for it."""
        return execute(prepare(tiny(crime, before=before), self.board, target="board"))

    def run(self, image: FirmwareImage, deadlines: Deadlines = QUICK) -> bytes:
        """Open the target, run one inference on the bytes 0 to 7, and give the output."""
        with OnBoard().open(self.board, image, deadlines=deadlines) as session:
            session.write_input(0, bytes(range(8)))
            session.run()
            return session.read_output(0)


Start = Callable[..., Rig]


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
        probe, port = (line.split()[1] for line in _lines(process, 2))
        return Rig(process, wired(find(name), probe, port))

    yield begin
    for process in running:
        process.terminate()
        process.wait(timeout=10)
        assert process.stdout is not None
        process.stdout.close()


def _lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """The first lines that the process prints."""
    assert process.stdout is not None
    out, lines = process.stdout, queue.Queue[str]()
    threading.Thread(target=lambda: [lines.put(out.readline()) for _ in range(count)], daemon=True).start()
    found = [lines.get(timeout=START_SECONDS) for _ in range(count)]
    assert all(found), f"the virtual board did not start: exit code {process.poll()}"
    return found
