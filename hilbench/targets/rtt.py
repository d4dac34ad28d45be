"""The link through the debug probe: RTT rings in the chip's RAM (firmware/ports/hb_rtt.c), moved by pyOCD."""

from __future__ import annotations

import time

from hilbench.build.image import FirmwareImage
from hilbench.errors import LinkError
from hilbench.targets.line import POLL_SECONDS
from hilbench.targets.probe import Debugger

_BLOCK = "hb_rtt"
_PAUSE_SECONDS = 0.005
_BOOT_SECONDS = 5.0


class RttLine:
    """Bytes in both directions through the debugger that is connected to the chip.

    Raises:
        LinkError: the image was built for a UART, or its control block does not appear in RAM.
    """

    url = "rtt"

    def __init__(self, process: Debugger, image: FirmwareImage) -> None:
        if _BLOCK not in image.symbols:
            raise LinkError("the firmware was not built for RTT: [serial] link of the board file says uart")
        self._process = process
        end = time.monotonic() + _BOOT_SECONDS
        while not process.ask("rtt_open", address=image.symbols[_BLOCK].address):
            if time.monotonic() > end:
                raise LinkError(f"no RTT control block in RAM {_BOOT_SECONDS:g} s after the reset")
            time.sleep(_PAUSE_SECONDS)

    def read(self) -> bytes:
        """What has come, after waiting a little for the first byte."""
        end = time.monotonic() + POLL_SECONDS
        while not (data := bytes.fromhex(self._process.ask("rtt_read"))) and time.monotonic() < end:
            time.sleep(_PAUSE_SECONDS)
        return data

    def write(self, data: bytes) -> None:
        """Send all of `data`.

        Raises:
            LinkError: the firmware does not take it.
        """
        left = self._process.ask("rtt_write", data=data.hex())
        if left:
            raise LinkError(f"the firmware does not take what is sent by RTT: {left} bytes are left")
