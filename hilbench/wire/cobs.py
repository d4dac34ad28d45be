"""Consistent Overhead Byte Stuffing: frames without a zero byte, so that a zero can end them.

Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7(2), 1999: a code byte n
says that n - 1 bytes follow and then a zero, save for 255, after which no zero is meant.
"""

from __future__ import annotations

LONGEST_RUN = 254


def encode(data: bytes) -> bytes:
    """`data` without zero bytes; at most one byte longer per 254, and at least one."""
    out = bytearray()
    pieces = data.split(b"\0")
    for index, piece in enumerate(pieces):
        rest = piece
        while len(rest) >= LONGEST_RUN:
            out += bytes([LONGEST_RUN + 1]) + rest[:LONGEST_RUN]
            rest = rest[LONGEST_RUN:]
            if not rest and index == len(pieces) - 1:
                return bytes(out)
        out += bytes([len(rest) + 1]) + rest
    return bytes(out)


def decode(data: bytes) -> bytes:
    """Inverse of `encode`.

    Raises:
        ValueError: `data` is no encoding: a zero byte, or a code that promises more bytes than follow.
    """
    if not data or 0 in data:
        raise ValueError("a stuffed frame is neither empty nor holds a zero byte")
    out = bytearray()
    position = 0
    while position < len(data):
        code = data[position]
        run = data[position + 1 : position + code]
        if len(run) != code - 1:
            raise ValueError(f"code {code} at {position} promises more bytes than follow")
        out += run
        position += code
        if code <= LONGEST_RUN and position < len(data):
            out.append(0)
    return bytes(out)
