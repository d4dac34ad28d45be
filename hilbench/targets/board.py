"""Target `board`: pyOCD flashes, reads back and resets; pySerial carries the link; DWT or SysTick count cycles."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from elftools.elf.elffile import ELFFile
from serial.tools.list_ports import comports

from hilbench.boards import Board
from hilbench.boards.board import Probe
from hilbench.build.image import FirmwareImage
from hilbench.errors import ConfigError, FlashError, LinkError, TargetError, TargetFault
from hilbench.targets.line import SerialLine
from hilbench.targets.probe import Debugger, choose, debugger, locked
from hilbench.targets.rtt import RttLine
from hilbench.targets.session import Deadlines, LinkSession
from hilbench.targets.target import TARGETS, Target

LOG = logging.getLogger(__name__)
DEADLINES = Deadlines(hello=10.0)
SIMULATED = "hilbench virtual"
"""How the probe of a virtual board describes itself (`hilbench.virtual.probe`)."""


class WrongChipError(TargetError):
    """The chip on the wires is not the one of the board file; nothing was erased."""


class OnBoard(Target):
    """A real board, or one that looks like it to pyOCD and pySerial."""

    name = "board"
    provenance = "measured"

    def emulator(self) -> str:
        """Silicon, said aloud so that a gate can tell it from a board whose `Hello` names a simulator."""
        return "none"

    @contextmanager
    def open(self, board: Board, image: FirmwareImage, *, deadlines: Deadlines = DEADLINES) -> Iterator[LinkSession]:
        """Flash the image where it is not there already, start it, and shake hands.

        What may be the infrastructure's fault is tried once more, connected under reset; a crash of the firmware, a
        wrong chip and a missing tool are not.

        Raises:
            ConfigError: the board file names no chip for pyOCD.
            ToolError: pyOCD is missing, or its support for the chip.
            TargetError: no probe, several and none named, held by somebody, the wrong chip.
            FlashError: flash cannot be erased or programmed, or does not hold what was programmed.
            TargetTimeout, LinkError: the firmware does not answer.
        """
        unique_id = choose(probe_of(board).unique_id)
        with locked(unique_id), ExitStack() as stack:
            yield Attempt(board, image, unique_id, deadlines, stack).session()


def probe_of(board: Board) -> Probe:
    """The board's [probe]."""
    if board.probe is None:
        raise ConfigError("no [probe]: pyOCD does not know the chip", where=board.name, right='target = "stm32l475xg"')
    return board.probe


@dataclass(frozen=True)
class Attempt:
    """What starting needs to know; `stack` holds what must be released after the session."""

    board: Board
    image: FirmwareImage
    probe: str
    deadlines: Deadlines
    stack: ExitStack

    def session(self) -> LinkSession:
        """The session, on the second attempt at the latest."""
        try:
            return self._start("halt")
        except (WrongChipError, TargetFault):
            raise
        except TargetError as error:
            self.stack.close()
            LOG.warning("%s: trying once more, under reset: %s", self.board.name, error)
            return self._start("under-reset")

    def _start(self, mode: str) -> LinkSession:
        """The debugger stays connected during the session: pyOCD stops the cycle counter when it leaves (TRCENA)."""
        board = self.board
        process = self.stack.enter_context(debugger())
        described = connect(process, board, self.probe, mode)
        flash(process, self.image.elf)
        line = self._line(process)
        where = f"board {board.name}, probe {self.probe}, serial {line.url}"
        session = LinkSession(line, self.image, self.deadlines, describe=lambda: where)
        session.hello = replace(session.hello, simulator=described if described.startswith(SIMULATED) else "")
        return session

    def _line(self, process: Debugger) -> SerialLine | RttLine:
        """Reset the chip with the line open, so that nothing is missed; RTT begins when the firmware runs."""
        serial = self.board.serial
        if serial.link == "rtt":
            process.ask("reset")
            return RttLine(process, self.image)
        line = self.stack.enter_context(SerialLine(port_of(self.board, self.probe), serial.baud))
        process.ask("reset")
        return line


def connect(process: Debugger, board: Board, probe: str, mode: str = "halt") -> str:
    """Halt the core and make sure that the chip is the board's; what the probe says that it is itself."""
    chip = probe_of(board)
    described = process.ask("connect", probe=probe, target=chip.target, mode=mode, pack=chip.pack)
    _check_identity(process, board, chip)
    return str(described)


def flash(process: Debugger, elf: Path) -> bool:
    """Make flash hold `elf`; whether it had to be programmed. The core is left halted."""
    address, data = flash_image(elf)
    with tempfile.NamedTemporaryFile(suffix=".bin") as file:
        file.write(data)
        file.flush()
        return _program(process, address, file.name)


def _program(process: Debugger, address: int, path: str) -> bool:
    if process.ask("compare", address=address, path=path) is None:
        return False
    process.ask("program", address=address, path=path)
    differs = process.ask("compare", address=address, path=path)
    if differs is not None:
        raise FlashError("verifying", "what is read back is not what was programmed", differs)
    return True


def _check_identity(process: Debugger, board: Board, chip: Probe) -> None:
    if chip.id_address is None or chip.id_value is None:
        LOG.warning("%s: the board file gives no identity register; the chip is taken on trust", board.name)
        return
    found = process.ask("read_word", address=chip.id_address) & chip.id_mask
    if found != chip.id_value:
        raise WrongChipError(
            f"the chip is not that of {board.name}: 0x{chip.id_address:08x} reads 0x{found:x} "
            f"(mask 0x{chip.id_mask:x}), not 0x{chip.id_value:x}; nothing was erased"
        )


def flash_image(elf: Path) -> tuple[int, bytes]:
    """Address and bytes of what the ELF puts into flash, gaps filled with 0xFF."""
    with elf.open("rb") as file:
        loads = [(s["p_paddr"], s.data()) for s in ELFFile(file).iter_segments("PT_LOAD") if s["p_filesz"]]
    start = min(address for address, _ in loads)
    image = bytearray(b"\xff" * (max(address + len(data) for address, data in loads) - start))
    for address, data in loads:
        image[address - start : address - start + len(data)] = data
    return start, bytes(image)


def port_of(board: Board, probe: str) -> str:
    """The serial port of the board: the one its file names, or the one of the same USB device as the probe.

    Raises:
        LinkError: none or several could be meant; all that are attached are listed.
    """
    if board.serial.port:
        return board.serial.port
    ports = list(comports())
    same = [port for port in ports if port.serial_number and port.serial_number.lower() in probe.lower()]
    usb = [port for port in ports if port.vid and f"{port.vid:04x}:{port.pid:04x}" in board.serial.usb_ids]
    fitting = same or usb
    if len(fitting) == 1:
        return str(fitting[0].device)
    listed = "".join(f"\n  {port.device}  {port.description}" for port in ports) or " none"
    which = "several serial ports could be" if fitting else "no serial port looks like"
    raise LinkError(f"{which} that of {board.name}: say which with --serial; attached:{listed}")


TARGETS.add("board", OnBoard())
