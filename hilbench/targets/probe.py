"""A debug probe: chosen, locked across processes, and driven with a deadline on every request."""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from hilbench.errors import FlashError, TargetError, TargetTimeout, ToolError
from hilbench.resources import cache_dir

SECONDS: Mapping[str, float] = {
    "probes": 20,
    "describe": 20,
    "connect": 20,
    "read_word": 5,
    "compare": 60,
    "program": 180,
    "reset": 15,
    "rtt_open": 5,
    "rtt_read": 5,
    "rtt_write": 5,
    "close": 5,
}
"""Deadlines by request."""
LOCK_SECONDS = 60.0
_DOING = {
    "probes": "looking for probes",
    "describe": "asking pyOCD about the chip",
    "connect": "connecting to the chip",
    "read_word": "reading the chip's identity",
    "compare": "reading flash back",
    "program": "erasing and programming flash",
    "reset": "resetting the chip",
    "rtt_open": "looking for RTT",
    "rtt_read": "reading by RTT",
    "rtt_write": "writing by RTT",
    "close": "releasing the probe",
}
_LAST_WORDS = 2000


class Debugger:
    """The process that holds pyOCD (hilbench.targets.debugger); killed when a deadline passes."""

    def __init__(self, seconds: Mapping[str, float] = SECONDS) -> None:
        self._seconds = seconds
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        command = [sys.executable, "-m", "hilbench.targets.debugger"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=self._words, text=True)
        self._answers: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def ask(self, do: str, **arguments: Any) -> Any:
        """What the request gives.

        Raises:
            TargetTimeout: nothing within its deadline.
            ToolError: pyOCD, or its support for the chip, is not installed.
            FlashError, TargetError: it failed.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=self._seconds[do])
        except queue.Empty:
            self.kill()
            raise TargetTimeout(_DOING[do], self._seconds[do], self._said()) from None
        except OSError as error:
            raise TargetError(f"{_DOING[do]}: the debugger process ended\n{self._said()}") from error
        if not line:
            raise TargetError(f"{_DOING[do]}: the debugger process ended\n{self._said()}")
        return self._judge(do, json.loads(line))

    def _judge(self, do: str, answer: dict[str, Any]) -> Any:
        kind, text = answer.get("error"), answer.get("text", "")
        if kind is None:
            return answer["value"]
        if kind == "tool":
            raise ToolError("pyOCD", text, answer["phase"])
        if kind == "flash":
            raise FlashError(answer["phase"], text, answer["address"])
        raise TargetError(f"{_DOING[do]}: {text}")

    def _said(self) -> str:
        size = os.fstat(self._words.fileno()).st_size
        return (
            os.pread(self._words.fileno(), _LAST_WORDS, max(0, size - _LAST_WORDS)).decode("utf-8", "replace").strip()
        )

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Release the probe and end the process, whatever state it is in."""
        if self._process.poll() is None:
            with suppress(TargetError, ToolError):  # the process goes, and with it whatever it held
                self.ask("close")
            self.kill()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout, self._words):
            assert stream is not None
            with suppress(OSError):  # a request that was never read
                stream.close()


@contextmanager
def debugger() -> Iterator[Debugger]:
    """A debugger process, ended in every case."""
    process = Debugger()
    try:
        yield process
    finally:
        process.close()


def choose(wanted: str) -> str:
    """Unique id of the probe that is meant: `wanted` (in full, or a part that fits one), or the only one attached.

    Raises:
        TargetError: none or several could be meant; all that are attached are listed.
    """
    if ":" in wanted:
        return wanted  # a remote probe; asking for it is connecting
    with debugger() as process:
        found = process.ask("probes")
    fitting = [unique_id for unique_id, *_ in found if wanted.lower() in unique_id.lower()]
    if len(fitting) == 1:
        return str(fitting[0])
    listed = "".join(f"\n  {unique_id}  {description}" for unique_id, description, _ in found) or " none"
    if not fitting:
        raise TargetError(f"no debug probe{f' {wanted!r}' if wanted else ''} is attached; attached:{listed}")
    raise TargetError(f"several debug probes are attached: say which with --probe; attached:{listed}")


@contextmanager
def locked(probe: str, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the probe against other processes of this user; workers of one run wait for each other as long as it takes.

    Raises:
        TargetError: another process holds it for longer than `seconds`; it is named.
    """
    folder = cache_dir() / "probes"
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "-", probe)
    holder, lock = folder / f"{name}.json", FileLock(folder / f"{name}.lock")
    _acquire(lock, holder, probe, seconds)
    try:
        since, command = time.strftime("%H:%M:%S"), " ".join(sys.argv)[:200]
        holder.write_text(json.dumps({"pid": os.getpid(), "run": os.getppid(), "command": command, "since": since}))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, holder: Path, probe: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            lock.acquire(timeout=min(seconds, 1.0))
            return
        except Timeout:
            who = _read(holder)
            if time.monotonic() > end and who.get("run") != os.getppid():
                named = "process {pid} ({command}) since {since}".format_map(who) if who else "an unknown process"
                raise TargetError(f"probe {probe} is held by {named}; waited {seconds:g} s") from None


def _read(holder: Path) -> dict[str, Any]:
    """Who holds the probe; nothing in the moment between taking it and saying so."""
    try:
        return dict(json.loads(holder.read_text()))
    except (OSError, ValueError):
        return {}
