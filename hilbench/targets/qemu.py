"""Target `qemu`: the board's emulator counts instructions, which is why `-icount` is always on.

Under `-icount shift=N` each instruction takes 2^N ns of virtual time. The firmware knows N, reads SysTick, and gives
instructions (hb_cortex_counter.c); its known loop shows here that both meant the same.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path

from hilbench.boards import Board
from hilbench.boards.board import Emulator
from hilbench.build.image import FirmwareImage
from hilbench.build.plan import ICOUNT_NS
from hilbench.errors import ConfigError, TargetError, ToolError
from hilbench.profile import harness
from hilbench.targets.line import Line, SerialLine, Transcript
from hilbench.targets.process import started
from hilbench.targets.session import Deadlines, LinkSession
from hilbench.targets.target import TARGETS, ProfilingTarget

PROGRAM = "qemu-system-arm"
REPAIR = "sudo apt-get install qemu-system-arm (macOS: brew install qemu)"
ICOUNT_SHIFT = ICOUNT_NS.bit_length() - 1
LOOP_INSTRUCTIONS = 2000
"""What the firmware's known loop executes: 1,000 rounds of two instructions."""


class Qemu(ProfilingTarget):
    """The emulator that a board file names, by `-icount`."""

    name = "qemu"
    provenance = "counted"

    @contextmanager
    def open(
        self,
        board: Board,
        image: FirmwareImage,
        *,
        extra: Sequence[str] = (),
        transcript: Path | None = None,
        deadlines: Deadlines | None = None,
    ) -> Iterator[LinkSession]:
        """Boot the image; `extra` are further arguments for QEMU (the block profiler's plugin).

        Raises:
            ConfigError: the board names no machine of QEMU.
            ToolError: QEMU is not installed.
            TargetError: it does not start, or what it runs is not this image.
        """
        emulator = _emulator(board)
        with (
            started(lambda link: command(emulator, image.elf, link, extra), repair=REPAIR) as child,
            SerialLine(child.url, board.serial.baud, child.explain) as serial,
        ):
            line: Line = Transcript(serial, transcript) if transcript else serial
            session = LinkSession(
                line, image, deadlines or Deadlines(), check=child.check, describe=lambda: " ".join(child.command)
            )
            _check_counter(session)
            yield session

    def emulator(self) -> str:
        """What `qemu-system-arm --version` says first."""
        return _version()

    def open_profiled(self, board: Board, image: FirmwareImage, recording: Path) -> AbstractContextManager[LinkSession]:
        """Boot the image under the block profiler.

        Raises:
            ToolError: the profiler cannot be built, or is not for this QEMU; otherwise as `open`.
        """
        return self.open(board, image, extra=harness.arguments(image, board, recording))


@cache
def _version() -> str:
    try:
        said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolError(PROGRAM, f"does not run: {error}", REPAIR) from error
    return said.splitlines()[0]


def _check_counter(session: LinkSession) -> None:
    counter, looped = session.hello.counter, session.answer.loop_ticks
    if counter != "icount" or looped != LOOP_INSTRUCTIONS:
        raise TargetError(f"the known loop has {LOOP_INSTRUCTIONS} instructions; the counter '{counter}' saw {looped}")


def _emulator(board: Board) -> Emulator:
    if board.emulator is None or board.emulator.kind != "qemu":
        raise ConfigError(
            "names no machine of QEMU", where=f"board {board.name}", right='[emulator] machine = "mps2-an386"'
        )
    return board.emulator


def command(emulator: Emulator, elf: Path, link: int, extra: Sequence[str]) -> tuple[str, ...]:
    """The command line; `link` is a listening socket's descriptor. The machine waits until the link is connected."""
    serial = f"socket,id=link,fd={link},server=on,wait=on,nodelay=on"
    return (
        PROGRAM, "-machine", emulator.machine, "-icount", f"shift={ICOUNT_SHIFT}", "-kernel", str(elf),
        "-display", "none", "-monitor", "none", "-chardev", serial, "-serial", "chardev:link", *extra,
    )  # fmt: skip


TARGETS.add("qemu", Qemu())
