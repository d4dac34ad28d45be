"""A virtual board in a process of its own, as a user starts it, and images for it."""

from __future__ import annotations

import queue
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass

from hilbench.boards import Board
from hilbench.build import FirmwareImage, execute, prepare
from hilbench.targets.board import OnBoard
from hilbench.targets.session import Deadlines
from tests.system.tiny import tiny

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


def first_lines(process: subprocess.Popen[str], count: int) -> list[str]:
    """The first lines that the process prints."""
    assert process.stdout is not None
    out, lines = process.stdout, queue.Queue[str]()
    threading.Thread(target=lambda: [lines.put(out.readline()) for _ in range(count)], daemon=True).start()
    found = [lines.get(timeout=START_SECONDS) for _ in range(count)]
    assert all(found), f"the virtual board did not start: exit code {process.poll()}"
    return found
