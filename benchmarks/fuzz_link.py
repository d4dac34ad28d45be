"""Coverage-guided fuzzing of the link's decoder, in Python and in the firmware's C, against what was really sent.

    python benchmarks/fuzz_link.py [-max_total_time=60] [any option of libFuzzer]

Each input of the fuzzer is a recipe: frames that are sent, damage done to their bytes, and how the stream is cut. What
must hold: every frame that comes out was sent, frames that were not touched come out, memory stays bounded, and both
decoders say the same. Needs the package `atheris` and a native gcc; tests/unit/wire holds the same without a fuzzer.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

from hilbench.resources import shipped

with atheris.instrument_imports():
    from hilbench.wire.frame import PAYLOAD_MAX, Decoder, Frame

NONCE = 0x5EED1234
SHIM = """
#include "hb_link.h"

static hb_receiver receiver;

void reset(void) { receiver = (hb_receiver){0}; }

int receive(uint8_t byte, uint8_t *out)
{
    if (!hb_receive(&receiver, byte)) {
        return -1;
    }
    for (uint32_t i = 0; i < HB_HEADER_BYTES + receiver.frame.length; i++) {
        out[i] = receiver.frame.bytes[i];
    }
    return (int)(HB_HEADER_BYTES + receiver.frame.length);
}
"""


def firmware_decoder(folder: Path) -> ctypes.CDLL:
    """The firmware's half of the link as a library of the host, under the undefined-behaviour sanitizer's traps."""
    (folder / "shim.c").write_text(SHIM)
    runtime = shipped("firmware", "runtime")
    flags = ["-std=c11", "-O1", "-shared", "-fPIC", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
    sources = [str(folder / "shim.c"), str(runtime / "hb_link.c")]
    subprocess.run(["gcc", *flags, f"-I{runtime}", *sources, "-o", str(folder / "link.so")], check=True)
    return ctypes.CDLL(str(folder / "link.so"))


def by_firmware(library: ctypes.CDLL, line: bytes) -> list[Frame]:
    """Frames of this run that the C decoder finds."""
    library.reset()
    out = ctypes.create_string_buffer(PAYLOAD_MAX + 8)
    found = []
    for byte in line:
        if (size := library.receive(byte, out)) >= 0:
            raw = out.raw[:size]
            nonce = int.from_bytes(raw[4:8], "little")
            found.append(Frame(raw[1], int.from_bytes(raw[2:4], "little"), nonce, raw[8:]))
    return [frame for frame in found if frame.nonce == NONCE]


def recipe(data: bytes) -> tuple[list[Frame], set[int], bytes, list[int]]:
    """Frames sent, which of them stayed whole, the line's bytes after the damage, and the places where it is cut."""
    source = atheris.FuzzedDataProvider(data)
    frames, whole, line, cuts = [], set(), b"", []
    for number in range(source.ConsumeIntInRange(1, 4)):
        frame = Frame(source.ConsumeInt(1) & 0xFF, number, NONCE, source.ConsumeBytes(source.ConsumeIntInRange(0, 256)))
        frames.append(frame)
        sent = bytearray(frame.encode())
        damage = source.ConsumeIntInRange(0, 3)
        for _ in range(damage):
            sent[source.ConsumeIntInRange(0, len(sent) - 1)] = source.ConsumeInt(1) & 0xFF
        if not damage:
            whole.add(number)
        line += bytes(sent)
        cuts.append(source.ConsumeIntInRange(0, len(line)))
    return frames, whole, line + source.ConsumeBytes(64), sorted(cuts)


def check(library: ctypes.CDLL, data: bytes) -> None:
    """One input of the fuzzer."""
    frames, whole, line, cuts = recipe(data)
    decoder = Decoder(NONCE)
    got = []
    for start, end in zip([0, *cuts], [*cuts, len(line)], strict=True):
        got += list(decoder.feed(line[start:end]))
    sent = {frame.sequence: frame for frame in frames}
    assert all(sent.get(frame.sequence) == frame for frame in got), "a frame that was never sent"
    assert whole <= {frame.sequence for frame in got}, "a frame that nobody touched was lost"
    assert by_firmware(library, line) == got, "the two decoders differ"


def main() -> None:
    """Fuzz until libFuzzer's options say stop."""
    with tempfile.TemporaryDirectory() as folder:
        library = firmware_decoder(Path(folder))
        atheris.Setup(sys.argv, lambda data: check(library, data))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
