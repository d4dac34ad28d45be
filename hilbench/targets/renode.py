"""Target `renode`: a machine generated from the board file, where a `renode` program is installed.

The machine has the board's core, its memories at their own addresses, and a CMSDK UART for the link. Renode's time is
not that of instructions, so that nothing it counts is a result: for correctness, and for memory maps QEMU lacks.
Never run against a real Renode here: what is generated is held by golden files.
"""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hilbench.boards import Board
from hilbench.build.image import FirmwareImage
from hilbench.errors import LinkError
from hilbench.targets.line import SerialLine
from hilbench.targets.process import Child, launched, url_of
from hilbench.targets.session import Deadlines, LinkSession
from hilbench.targets.target import TARGETS, Target

PROGRAM = "renode"
REPAIR = "install Renode from https://renode.io and put it on the PATH"
UART = 0x40004000
"""Where firmware/ports/mps2.c looks for it."""
_START_SECONDS = 60
_CPU = {"cortex-m0plus": "cortex-m0+", "cortex-m4": "cortex-m4f"}
"""Renode's names of cores where they are not ours; it has no Cortex-M4 without FPU that matters here."""


def platform(board: Board) -> str:
    """The platform description (.repl) of a board."""
    core = _CPU.get(board.core.name, board.core.name)
    flash, ram = board.memory.flash, board.memory.ram
    return f"""// {board.title}
cpu: CPU.CortexM @ sysbus
    cpuType: "{core}"
    nvic: nvic

nvic: IRQControllers.NVIC @ sysbus 0xE000E000
    systickFrequency: {board.clock.hz[board.clock.default]}
    -> cpu@0

flash: Memory.MappedMemory @ sysbus 0x{flash.origin:08X}
    size: 0x{flash.size:X}

ram: Memory.MappedMemory @ sysbus 0x{ram.origin:08X}
    size: 0x{ram.size:X}

uart: UART.CMSDK_APB_UART @ sysbus 0x{UART:08X}
"""


def script(board: Board, description: Path, elf: Path, port: int) -> str:
    """The script (.resc) that makes the machine, connects the link to a port and starts."""
    return f"""mach create "{board.name}"
machine LoadPlatformDescription @{description}
emulation CreateServerSocketTerminal {port} "link" false
connector Connect sysbus.uart link
sysbus LoadELF @{elf}
cpu VectorTableOffset 0x{board.memory.flash.origin:08X}
start
"""


class Renode(Target):
    """Renode, as far as it is installed."""

    name = "renode"
    provenance = "none"

    @contextmanager
    def open(self, board: Board, image: FirmwareImage) -> Iterator[LinkSession]:
        """Boot the image.

        Raises:
            ToolError: Renode is not installed.
            TargetError: it does not start, or what it runs is not this image.
        """
        with tempfile.TemporaryDirectory(prefix="hilbench-renode-") as folder:
            port = _free_port()
            scripted = _write(board, image.elf, Path(folder), port)
            command = (PROGRAM, "--disable-gui", "--plain", "--console", str(scripted))
            with (
                launched(command, f"socket://127.0.0.1:{port}", repair=REPAIR) as child,
                _connected(child, board.serial.baud) as line,
            ):
                yield LinkSession(line, image, Deadlines(), check=child.check, describe=lambda: " ".join(child.command))


def _write(board: Board, elf: Path, folder: Path, port: int) -> Path:
    description = folder / f"{board.name}.repl"
    description.write_text(platform(board))
    scripted = folder / f"{board.name}.resc"
    scripted.write_text(script(board, description, elf, port))
    return scripted


def _free_port() -> int:
    """A port that was free a moment ago: Renode cannot take a socket that listens already."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(url_of(listener).rpartition(":")[2])


def _connected(child: Child, baud: int) -> SerialLine:
    """The line, as soon as Renode listens."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return SerialLine(child.url, baud, child.explain)
        except LinkError:
            child.check()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


TARGETS.add("renode", Renode())
