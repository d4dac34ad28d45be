"""The serial line: a pseudo terminal whose other end the host opens, with the faults of real lines."""

from __future__ import annotations

import os
import pty
import select
import termios
import threading
import tty
from collections import deque
from collections.abc import Callable

from hilbench.virtual.faults import Faults

_BAUDS = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name.startswith("B") and name[1:].isdigit()}
_TOLERANCE = 0.03
_PATIENCE_MS = 2000


class Line:
    """Both directions of a UART. `path` is what the host opens; bytes that nobody listens to are gone."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.received: deque[int] = deque()
        self.on_byte: Callable[[], None] = lambda: None
        self.baud: Callable[[], float] = lambda: 0.0
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.close(slave)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="serial line", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the line; the host sees a hang-up."""
        self._closing.set()
        self._thread.join(timeout=5)
        os.close(self._master)

    def send(self, data: bytes) -> None:
        """From the chip to the host."""
        if self.faults.silent_uart:
            return
        spoiled = self._spoil(data)
        while spoiled and self._wait(select.POLLOUT, _PATIENCE_MS) & select.POLLOUT:
            spoiled = spoiled[os.write(self._master, spoiled) :]

    def _listen(self) -> None:
        while not self._closing.is_set():
            if not self._wait(select.POLLIN, 50) & select.POLLIN:
                self._closing.wait(0.005)
                continue
            try:
                data = os.read(self._master, 4096)
            except OSError:
                continue
            self.received.extend(self._spoil(data))
            self.on_byte()

    def _wait(self, event: int, timeout_ms: int) -> int:
        """Which of POLLIN, POLLOUT is possible; 0 where the host has not opened the line or does not come round."""
        poll = select.poll()
        poll.register(self._master, event)
        happened = poll.poll(timeout_ms)
        return 0 if not happened or happened[0][1] & select.POLLHUP else happened[0][1]

    def _matched(self) -> bool:
        """Whether both ends run at the same rate, within what a UART tolerates."""
        host = _BAUDS.get(termios.tcgetattr(self._master)[5], 0)
        return bool(host) and abs(self.baud() / host - 1) <= _TOLERANCE

    def _spoil(self, data: bytes) -> bytes:
        faults, dice = self.faults, self.faults.dice
        if not self._matched():
            return bytes(dice.randrange(256) for _ in data)
        if not (faults.loss or faults.dup or faults.flip):
            return data
        out = bytearray()
        for byte in data:
            if dice.random() < faults.loss:
                continue
            spoiled = byte ^ (1 << dice.randrange(8)) if dice.random() < faults.flip else byte
            out += bytes([spoiled] * (2 if dice.random() < faults.dup else 1))
        return bytes(out)
