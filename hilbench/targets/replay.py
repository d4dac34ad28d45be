"""Target `replay`: a recorded transcript instead of a device, for tests and for looking into somebody else's run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hilbench.boards import Board
from hilbench.build.image import FirmwareImage
from hilbench.errors import ConfigError, LinkError
from hilbench.resources import named_files
from hilbench.targets.session import Deadlines, LinkSession
from hilbench.targets.target import TARGETS, Target
from hilbench.wire import cobs

FOLDER = "transcripts"
"""Where transcripts are looked for: BUILD_ID.txt in this folder of the working directory."""
_NONCE = slice(4, 8)


class Recorded:
    """The line of a transcript: it gives what was received once all that was sent before it has been sent again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pieces = [_piece(path, number, line) for number, line in enumerate(path.read_text().splitlines(), 1)]
        self._at = 0
        self._sent = b""

    def nonce(self) -> int:
        """The nonce of the recorded run, out of its first command."""
        first = next((data for direction, data in self._pieces if direction == ">"), b"")
        try:
            return int.from_bytes(cobs.decode(first.strip(b"\0"))[_NONCE], "little")
        except ValueError as error:
            raise ConfigError("begins with no command", where=str(self.path)) from error

    def write(self, data: bytes) -> None:
        """Compare with what was sent in the recorded run."""
        self._sent += data
        while self._sent and self._at < len(self._pieces) and self._pieces[self._at][0] == ">":
            recorded = self._pieces[self._at][1]
            if not self._sent.startswith(recorded):
                raise LinkError(f"this run departs from {self.path} at line {self._at + 1}")
            self._sent = self._sent[len(recorded) :]
            self._at += 1

    def read(self) -> bytes:
        """The next piece that was received; nothing while the record waits for the host."""
        if self._at == len(self._pieces):
            raise LinkError(f"{self.path} ends here")
        direction, data = self._pieces[self._at]
        if direction == ">":
            return b""
        self._at += 1
        return data


def _piece(path: Path, number: int, line: str) -> tuple[str, bytes]:
    if not re.fullmatch(r"[<>] ([0-9a-f]{2})*", line):
        right = "'<' or '>' and hex digits"
        raise ConfigError(f"line {number} is not part of a transcript", where=str(path), right=right)
    return line[0], bytes.fromhex(line[2:])


class Replay(Target):
    """A transcript that the session of another target wrote down."""

    name = "replay"
    provenance = "none"

    @contextmanager
    def open(self, board: Board, image: FirmwareImage) -> Iterator[LinkSession]:
        """Open the transcript of this image.

        Raises:
            ConfigError: there is none, or it is no transcript.
            LinkError: the host says something else than in the recorded run.
        """
        del board
        known = named_files(FOLDER, ".txt")
        if image.build_id not in known:
            raise ConfigError("no transcript of this build", where=f"{FOLDER}/{image.build_id}.txt")
        line = Recorded(known[image.build_id])
        yield LinkSession(line, image, Deadlines(hello=5, answer=5, run=5), nonce=line.nonce())


TARGETS.add("replay", Replay())
