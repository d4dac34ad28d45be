"""The serial line: bytes to and from a port that pySerial opens, with its failures told as ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Protocol

import serial

from hilbench.errors import LinkError

POLL_SECONDS = 0.05
"""How long one read waits at most, so that deadlines are looked at."""
WRITE_SECONDS = 5
"""How long one write may take."""


class Line(Protocol):
    """Bytes in both directions."""

    def read(self) -> bytes:
        """What has come, after waiting a little for the first byte."""

    def write(self, data: bytes) -> None:
        """Send all of `data`."""


class SerialLine:
    """A port by any URL that pySerial knows: a device, `socket://`, `rfc2217://`.

    `explain` is asked for more when the port fails: the last words of an emulator, say.
    """

    def __init__(self, url: str, baud: int, explain: Callable[[], str] = str) -> None:
        self.url, self._explain = url, explain
        patience = None if url.startswith("rfc2217:") else WRITE_SECONDS  # pySerial has none there
        with self._failing("opening"):
            self._port = serial.serial_for_url(url, baudrate=baud, timeout=POLL_SECONDS, write_timeout=patience)

    def read(self) -> bytes:
        """What has come, after waiting a little for the first byte."""
        with self._failing("reading"):
            first = self._port.read(1)
            waiting = self._port.in_waiting if first else 0
            return bytes(first + (self._port.read(waiting) if waiting else b""))

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        with self._failing("writing"):
            self._port.write(data)

    def close(self) -> None:
        """Release the port; a port that is gone already is released."""
        connection = getattr(self._port, "_socket", None)  # pySerial forgets to close one that the other side has reset
        self._port.close()
        if connection is not None:
            connection.close()

    def __enter__(self) -> SerialLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _failing(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (OSError, serial.SerialException) as error:
            more = self._explain()
            raise LinkError(f"{doing} {self.url}: {error}" + (f"\n{more}" if more else "")) from error


class Transcript:
    """A line that also writes down what passes: one line of text per piece, `<` from the target, `>` to it."""

    def __init__(self, line: Line, path: Path) -> None:
        self._line, self._path = line, path
        path.write_text("")

    def read(self) -> bytes:
        """Bytes of the line below, noted."""
        data = self._line.read()
        if data:
            self._note("<", data)
        return data

    def write(self, data: bytes) -> None:
        """Send and note."""
        self._note(">", data)
        self._line.write(data)

    def _note(self, direction: str, data: bytes) -> None:
        with self._path.open("a") as file:
            file.write(f"{direction} {data.hex()}\n")
