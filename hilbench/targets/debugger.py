"""pyOCD in a process of its own, because its calls may hang for ever: requests come as lines of JSON, and go so.

Run as `python -m hilbench.targets.debugger`. A request is {"do": name, ...arguments}; an answer {"value": ...} or
{"error": kind, "text": ...}, where kind is "tool", "chip", "flash" or "target". It ends when its standard input does.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

OPTIONS = {
    "auto_unlock": False,  # would erase a locked chip before anybody has looked which chip it is
    "chip_erase": "sector",
    "keep_unwritten": False,
    "smart_flash": False,
    "no_config": True,
    "resume_on_disconnect": True,
    "vector_catch": "",  # the firmware reports its own crashes
}
_READ_CHUNK = 0x4000


class RefusedError(Exception):
    """A request that failed for a known reason of `kind`; `address` where there is one."""

    def __init__(self, kind: str, text: str, phase: str = "", address: int | None = None) -> None:
        super().__init__(text)
        self.kind, self.phase, self.address = kind, phase, address


class Debugger:
    """One pyOCD session, and what is done through it."""

    def __init__(self) -> None:
        self.session: Any = None
        self.rtt: Any = None

    def probes(self) -> list[tuple[str, str, str]]:
        """Unique id, description, and chip beside it ("" where it does not know) of every attached probe."""
        from pyocd.core.helpers import ConnectHelper  # noqa: PLC0415

        found = ConnectHelper.get_all_connected_probes(blocking=False, print_wait_message=False)
        boards = [probe.associated_board_info for probe in found]
        chips = [(board.target if board else "") or "" for board in boards]
        return [(probe.unique_id, probe.description, chip) for probe, chip in zip(found, chips, strict=True)]

    def describe(self, target: str) -> dict[str, tuple[int, int]]:
        """Origin and bytes of flash and RAM of a chip that pyOCD knows without a pack."""
        from pyocd.core.memory_map import MemoryType  # noqa: PLC0415
        from pyocd.target import TARGET  # noqa: PLC0415

        boot = TARGET[target].MEMORY_MAP.get_boot_memory() if target in TARGET else None
        if boot is None:
            raise RefusedError("tool", f"knows no chip '{target}' by heart", "pyocd list --targets")
        regions = list(TARGET[target].MEMORY_MAP)
        end = boot.start
        for region in sorted(regions, key=lambda region: int(region.start)):
            if region.is_flash and region.start == end:
                end += region.length
        rams = [region for region in regions if region.type == MemoryType.RAM]
        ram = max(rams, key=lambda region: (region.start == 0x2000_0000, region.length))
        return {"flash": (boot.start, end - boot.start), "ram": (ram.start, ram.length)}

    def connect(self, probe: str, target: str, mode: str, pack: str) -> str:
        """Open the probe and halt the core; `mode` is "halt" or "under-reset"."""
        from pyocd.core import exceptions  # noqa: PLC0415
        from pyocd.core.helpers import ConnectHelper  # noqa: PLC0415

        options = {**OPTIONS, "target_override": target, "connect_mode": mode}
        try:
            session = ConnectHelper.session_with_chosen_probe(
                unique_id=probe, blocking=False, return_first=False, options=options
            )
            if session is None:
                raise RefusedError("target", f"no probe '{probe}'")
            session.open()
        except exceptions.TargetSupportError as error:
            repair = f"pyocd pack install {pack or target}"
            raise RefusedError("tool", f"does not know the chip '{target}': {error}", repair) from error
        self.session = session
        if not session.target.cores:
            raise RefusedError("target", "no core answers: the chip is locked (readout protection), or has no power")
        return str(session.probe.description)

    def read_word(self, address: int) -> int:
        """A word of memory."""
        return int(self.session.target.read32(address))

    def compare(self, address: int, path: str) -> int | None:
        """Address of the first byte of memory that is not as in the file, None where all are."""
        from pyocd.core import exceptions  # noqa: PLC0415

        wanted = Path(path).read_bytes()
        for at in range(0, len(wanted), _READ_CHUNK):
            part = wanted[at : at + _READ_CHUNK]
            try:
                held = bytes(self.session.target.read_memory_block8(address + at, len(part)))
            except exceptions.TransferFaultError as error:
                text = f"flash cannot be read ({error}): the chip is locked (readout protection), or has no flash there"
                raise RefusedError("target", text) from error
            if held != part:
                return address + at + next(i for i in range(len(part)) if held[i] != part[i])
        return None

    def program(self, address: int, path: str) -> None:
        """Erase the sectors that the file needs, and program it.

        The chip is reset first: under the clock, the MPU and the interrupts of the firmware that ran before, pyOCD's
        flash algorithm fails.
        """
        from pyocd.core import exceptions  # noqa: PLC0415
        from pyocd.flash.loader import FlashLoader  # noqa: PLC0415

        self.session.target.reset_and_halt()
        loader = FlashLoader(self.session, progress=lambda _: None)
        try:
            loader.add_data(address, list(Path(path).read_bytes()))
            loader.commit()
        except exceptions.FlashEraseFailure as error:
            raise RefusedError("flash", str(error), "erasing", error.address) from error
        except exceptions.FlashFailure as error:
            raise RefusedError("flash", str(error), "programming", error.address) from error
        except ValueError as error:
            raise RefusedError("flash", str(error), "programming") from error

    def reset(self) -> None:
        """Start the firmware from its vector table."""
        self.session.target.reset()

    def rtt_open(self, address: int) -> bool:
        """Find RTT's control block at `address`; False while the firmware has not put it there."""
        from pyocd.core import exceptions  # noqa: PLC0415
        from pyocd.debug.rtt import RTTControlBlock  # noqa: PLC0415

        block = RTTControlBlock.from_target(self.session.target, address=address)
        try:
            block.start()
        except exceptions.RTTError:
            return False
        self.rtt = block
        return True

    def rtt_read(self) -> str:
        """What the firmware has sent, as hexadecimal digits."""
        return str(self.rtt.up_channels[0].read().hex())

    def rtt_write(self, data: str) -> int:
        """Send hexadecimal `data`; bytes that the firmware has not made room for within a second."""
        left, end = bytes.fromhex(data), time.monotonic() + 1
        while left and time.monotonic() < end:
            left = left[self.rtt.down_channels[0].write(left) :]
        return len(left)

    def close(self) -> None:
        """Let the core run and release the probe."""
        if self.session is not None:
            session, self.session = self.session, None
            session.close()


def answer(debugger: Debugger, request: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked; failures become an answer."""
    try:
        work: Callable[..., Any] = getattr(debugger, request.pop("do"))
        return {"value": work(**request)}
    except RefusedError as error:
        return {"error": error.kind, "text": str(error), "phase": error.phase, "address": error.address}
    except ImportError as error:
        return {"error": "tool", "text": f"{error.name} is not installed", "phase": "pip install 'hilbench[board]'"}
    except Exception as error:  # pyOCD, its probe drivers and libusb raise what they like
        return {"error": "target", "text": f"{type(error).__name__}: {error}", "phase": "", "address": None}


def main() -> None:
    """Answer requests until standard input ends, even while pyOCD hangs."""
    logging.basicConfig(level=logging.WARNING)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then asks to release the probe
    requests: queue.Queue[dict[str, Any]] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            requests.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    debugger, out = Debugger(), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else prints must not spoil the answers
    while True:
        print(json.dumps(answer(debugger, requests.get())), file=out, flush=True)


if __name__ == "__main__":
    main()
