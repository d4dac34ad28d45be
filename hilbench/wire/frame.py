"""Frames: what one message looks like on the line, and how good ones are found in a stream of bytes.

    0x00 | COBS( version u8 | kind u8 | sequence u16 | nonce u32 | payload | CRC-32 u32 ) | 0x00        little endian

The CRC is that of IEEE 802.3 over everything before it. The leading zero ends whatever noise came before.
firmware/runtime/hb_link.c is the same in C; tests/golden/wire.txt holds both to the same bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from hilbench.wire import cobs

VERSION = 1
PAYLOAD_MAX = 256
"""Bytes of payload that a target's buffers hold."""

_HEADER = struct.Struct("<BBHI")
_CRC = struct.Struct("<I")
_RAW_MAX = _HEADER.size + PAYLOAD_MAX + _CRC.size
_STUFFED_MAX = _RAW_MAX + _RAW_MAX // cobs.LONGEST_RUN + 1


@dataclass(frozen=True)
class Frame:
    """One message as it travels. `nonce` names the run; `sequence` pairs an answer with its command."""

    kind: int
    sequence: int
    nonce: int
    payload: bytes = b""

    def encode(self) -> bytes:
        """Bytes for the line, delimiters included.

        Raises:
            ValueError: the payload is longer than `PAYLOAD_MAX`.
        """
        if len(self.payload) > PAYLOAD_MAX:
            raise ValueError(f"payload of {len(self.payload)} bytes, at most {PAYLOAD_MAX}")
        body = _HEADER.pack(VERSION, self.kind, self.sequence, self.nonce) + self.payload
        return b"\0" + cobs.encode(body + _CRC.pack(zlib.crc32(body))) + b"\0"


class Decoder:
    """Finds the good frames of one run (of any, for None) in a stream, however it is cut; bounded memory; never raises.

    `dropped` counts what was not good, by reason: "length", "stuffing", "crc", "version", "nonce".
    """

    def __init__(self, nonce: int | None) -> None:
        self.nonce = nonce
        self.dropped: Counter[str] = Counter()
        self._pending = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Good frames that `data` completes, in order."""
        *complete, rest = data.split(b"\0")
        for piece in complete:
            self._collect(piece)
            if frame := self._finish():
                yield frame
        self._collect(rest)

    def _collect(self, piece: bytes) -> None:
        room = _STUFFED_MAX - len(self._pending)
        self._overlong = self._overlong or len(piece) > room
        self._pending += piece[:room]

    def _finish(self) -> Frame | None:
        stuffed, overlong = bytes(self._pending), self._overlong
        self._pending.clear()
        self._overlong = False
        if not stuffed:
            return None
        frame = "length" if overlong else self._parse(stuffed)
        if isinstance(frame, Frame):
            return frame
        self.dropped[frame] += 1
        return None

    def _parse(self, stuffed: bytes) -> Frame | str:
        """The frame, or the reason why it is none."""
        try:
            raw = cobs.decode(stuffed)
        except ValueError:
            return "stuffing"
        if not _HEADER.size + _CRC.size <= len(raw) <= _RAW_MAX:
            return "length"
        body, (crc,) = raw[: -_CRC.size], _CRC.unpack(raw[-_CRC.size :])
        if zlib.crc32(body) != crc:
            return "crc"
        version, kind, sequence, nonce = _HEADER.unpack_from(body)
        if version != VERSION:
            return "version"
        ours = self.nonce is None or nonce == self.nonce
        return Frame(kind, sequence, nonce, body[_HEADER.size :]) if ours else "nonce"
