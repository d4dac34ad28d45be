"""The firmware's half of the link against ours: the same bytes out, the same frames in, on the same damage."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.resources import shipped
from hilbench.wire.frame import PAYLOAD_MAX, Decoder, Frame

from .test_frame import NONCE, frames, golden

_SHIM = """
#include <string.h>
#include "hb_link.h"

static uint8_t line[1024];
static uint32_t length;
static hb_receiver receiver;

static void put(uint8_t byte) { line[length++] = byte; }

uint32_t twin_send(uint8_t kind, uint16_t sequence, uint32_t nonce, const uint8_t *payload, uint16_t bytes,
                   uint8_t *out)
{
    hb_frame frame;
    hb_frame_begin(&frame, kind, sequence, nonce);
    memcpy(hb_frame_payload(&frame), payload, bytes);
    frame.length = bytes;
    length = 0;
    hb_frame_send(&frame, put);
    memcpy(out, line, length);
    return length;
}

void twin_reset(void) { memset(&receiver, 0, sizeof receiver); }
uint32_t twin_dropped(void) { return receiver.dropped; }

int twin_receive(uint8_t byte, uint8_t *kind, uint16_t *sequence, uint32_t *nonce, uint8_t *payload)
{
    if (!hb_receive(&receiver, byte)) {
        return -1;
    }
    *kind = hb_frame_kind(&receiver.frame);
    *sequence = hb_frame_sequence(&receiver.frame);
    *nonce = hb_frame_nonce(&receiver.frame);
    memcpy(payload, hb_frame_payload(&receiver.frame), receiver.frame.length);
    return receiver.frame.length;
}
"""


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    if shutil.which("gcc") is None:
        pytest.skip("the C twin needs a native gcc")
    folder = tmp_path_factory.mktemp("twin")
    (folder / "shim.c").write_text(_SHIM)
    runtime = shipped("firmware", "runtime")
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    sources = [str(folder / "shim.c"), str(runtime / "hb_link.c")]
    library = folder / "twin.so"
    subprocess.run(["gcc", *warnings, f"-I{runtime}", *sources, "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


def sent(twin: ctypes.CDLL, frame: Frame) -> bytes:
    out = ctypes.create_string_buffer(1024)
    size = twin.twin_send(
        frame.kind, frame.sequence, ctypes.c_uint32(frame.nonce), frame.payload, len(frame.payload), out
    )
    return out.raw[:size]


def received(twin: ctypes.CDLL, line: bytes) -> Iterator[Frame]:
    twin.twin_reset()
    kind, sequence, nonce = ctypes.c_uint8(), ctypes.c_uint16(), ctypes.c_uint32()
    payload = ctypes.create_string_buffer(PAYLOAD_MAX)
    for byte in line:
        size = twin.twin_receive(byte, *map(ctypes.byref, (kind, sequence, nonce)), payload)
        if size >= 0:
            yield Frame(kind.value, sequence.value, nonce.value, payload.raw[:size])


@pytest.mark.parametrize(("frame", "line"), golden())
def test_golden_bytes(twin: ctypes.CDLL, frame: Frame, line: bytes) -> None:
    assert sent(twin, frame) == line
    assert list(received(twin, line)) == [frame]


@given(frame=frames)
def test_round_trip(twin: ctypes.CDLL, frame: Frame) -> None:
    assert sent(twin, frame) == frame.encode()
    assert list(received(twin, frame.encode())) == [frame]


@given(
    st.lists(frames, min_size=1, max_size=3), st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), max_size=4)
)
def test_damage_is_judged_alike(twin: ctypes.CDLL, whole: list[Frame], damage: list[tuple[int, int]]) -> None:
    line = bytearray(b"".join(frame.encode() for frame in whole))
    for at, byte in damage:
        line[at % len(line)] = byte
    ours = Decoder(NONCE)
    assert list(received(twin, bytes(line))) == list(ours.feed(bytes(line)))
    assert twin.twin_dropped() == sum(ours.dropped.values())


@given(st.binary(max_size=2000))
def test_garbage_is_judged_alike(twin: ctypes.CDLL, garbage: bytes) -> None:
    ours = Decoder(NONCE)
    assert list(received(twin, garbage)) == list(ours.feed(garbage)) == []
    assert twin.twin_dropped() == sum(ours.dropped.values())
