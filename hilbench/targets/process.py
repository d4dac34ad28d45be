"""A child process whose link is a socket: started without a race for the port, watched, and always reaped."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from hilbench.errors import TargetError, ToolError

_LAST_WORDS = 4000
_GRACE_SECONDS = 5


@dataclass(frozen=True)
class Child:
    """A running child: `url` is its link for pySerial, `words` the file that holds what it printed."""

    command: tuple[str, ...]
    process: subprocess.Popen[bytes]
    url: str
    words: IO[bytes]

    def check(self) -> None:
        """Raise TargetError when the child has ended."""
        if self.process.poll() is not None:
            raise TargetError(self.explain())

    def explain(self) -> str:
        """How it ended, its command line, and its last words."""
        try:
            code: int | None = self.process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            code = None
        return "\n".join(filter(None, (f"{self.command[0]} {_ending(code)}", " ".join(self.command), self.said())))

    def said(self) -> str:
        """The end of what it printed."""
        size = os.fstat(self.words.fileno()).st_size
        return os.pread(self.words.fileno(), _LAST_WORDS, max(0, size - _LAST_WORDS)).decode("utf-8", "replace").strip()


def _ending(code: int | None) -> str:
    if code is None:
        return "is running"
    return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"


@contextmanager
def started(
    command: Callable[[int], Sequence[str]], *, repair: str, environment: Mapping[str, str] | None = None
) -> Iterator[Child]:
    """Start `command(descriptor)`, where `descriptor` is a listening socket that the child inherits.

    The socket listens before the child exists, so no other process can take its port and connecting cannot be too
    early. The child is killed and reaped when the context ends.

    Raises:
        ToolError: the program is not there.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        line, url = tuple(command(listener.fileno())), url_of(listener)
        with launched(line, url, repair=repair, environment=environment, inherit=listener) as child:
            listener.close()
            yield child


def url_of(listener: socket.socket) -> str:
    """Where to connect to a listening socket, for pySerial."""
    return f"socket://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def launched(
    line: tuple[str, ...],
    url: str,
    *,
    repair: str,
    environment: Mapping[str, str] | None = None,
    inherit: socket.socket | None = None,
) -> Iterator[Child]:
    """Start a command whose link is, or will be, at `url`; killed and reaped when the context ends.

    Raises:
        ToolError: the program is not there.
    """
    if shutil.which(line[0]) is None:
        raise ToolError(line[0], "not found", repair)
    with tempfile.TemporaryFile() as words:
        try:
            process = subprocess.Popen(
                (*_tied_to_us(), *line),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                pass_fds=[inherit.fileno()] if inherit else [],
                env=environment,
            )
        except OSError as error:
            raise ToolError(line[0], error.strerror or str(error), repair) from error
        try:
            yield Child(line, process, url, words)
        finally:
            _reap(process)


def _tied_to_us() -> tuple[str, ...]:
    """What to put before a command so that it dies with us, even when we are killed: util-linux has it, macOS not."""
    return ("setpriv", "--pdeathsig", "KILL", "--") if shutil.which("setpriv") else ()


def _reap(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
