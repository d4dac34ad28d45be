"""`hilbench monitor`: what a board says on its serial line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated

import typer

from hilbench.boards import find, wired
from hilbench.targets.attached import attached_probes
from hilbench.targets.board import port_of
from hilbench.targets.line import SerialLine
from hilbench.wire.frame import Decoder, Frame
from hilbench.wire.messages import ANSWER, Kind


def command(
    board: Annotated[str, typer.Argument(help="Board: name, or a .toml file.")],
    *,
    serial: Annotated[str, typer.Option(metavar="PORT", help="Its serial port, or a URL of pySerial.")] = "",
    raw: Annotated[bool, typer.Option(help="Bytes as they come, in hexadecimal, instead of frames.")] = False,
    seconds: Annotated[float, typer.Option(min=0, help="Stop after so long; 0 listens until Ctrl-C.")] = 0,
) -> None:
    """Listen to a board: frames of any run, decoded, or raw bytes. Nothing is sent."""
    where = wired(find(board), port=serial)
    probes = attached_probes() if not where.serial.port else ()
    port = port_of(where, probes[0].unique_id if len(probes) == 1 else "")
    decoder = Decoder(nonce=None)
    try:
        with SerialLine(port, where.serial.baud) as line:
            for data in _pieces(line, seconds):
                for text in [data.hex(" ")] if raw else map(_told, decoder.feed(data)):
                    print(text, flush=True)
    except KeyboardInterrupt:
        pass
    if decoder.dropped:
        print("not frames: " + ", ".join(f"{count} by {reason}" for reason, count in decoder.dropped.items()))


def _pieces(line: SerialLine, seconds: float) -> Iterator[bytes]:
    """What comes, in pieces, until the time is over."""
    end = time.monotonic() + seconds
    while not seconds or time.monotonic() < end:
        if data := line.read():
            yield data


def _told(frame: Frame) -> str:
    """One line for a frame."""
    text = frame.payload.decode("utf-8", "replace") if frame.kind == Kind.LOG else frame.payload.hex(" ")
    return f"{_kind(frame.kind):<16} run {frame.nonce:08x} #{frame.sequence:<5} {text}"


def _kind(kind: int) -> str:
    known = {int(k): k.name for k in Kind} | {int(k) | ANSWER: f"{k.name} answer" for k in Kind if k < ANSWER // 2}
    return known.get(kind, f"kind 0x{kind:02x}")
