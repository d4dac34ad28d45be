from __future__ import annotations

import random
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.wire import cobs
from hilbench.wire.frame import PAYLOAD_MAX, VERSION, Decoder, Frame

NONCE = 0x1234ABCD
GOLDEN = Path(__file__).parents[2] / "golden" / "wire.txt"

frames = st.builds(
    Frame,
    kind=st.integers(0, 255),
    sequence=st.integers(0, 0xFFFF),
    nonce=st.just(NONCE),
    payload=st.binary(max_size=PAYLOAD_MAX),
)


def golden() -> list[tuple[Frame, bytes]]:
    """Frames of the golden file: kind, sequence, nonce, payload and the bytes on the line."""
    rows = [line.split() for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]
    return [
        (
            Frame(int(kind, 16), int(sequence, 16), int(nonce, 16), bytes.fromhex(payload.strip("-"))),
            bytes.fromhex(line),
        )
        for kind, sequence, nonce, payload, line in rows
    ]


@pytest.mark.parametrize(("frame", "line"), golden())
def test_golden_bytes(frame: Frame, line: bytes) -> None:
    assert frame.encode() == line
    assert list(Decoder(frame.nonce).feed(line)) == [frame]


@given(st.lists(frames, max_size=4), st.lists(st.integers(0, 2000), max_size=12))
def test_any_cut_gives_the_same_frames(sent: list[Frame], cuts: list[int]) -> None:
    line = b"".join(frame.encode() for frame in sent)
    decoder = Decoder(NONCE)
    places = sorted({min(cut, len(line)) for cut in cuts} | {0, len(line)})
    got = [frame for a, b in pairwise(places) for frame in decoder.feed(line[a:b])]
    assert got == sent
    assert not decoder.dropped


def test_every_split_point() -> None:
    frame = Frame(7, 300, NONCE, bytes(range(40)))
    line = frame.encode()
    for cut in range(len(line) + 1):
        decoder = Decoder(NONCE)
        assert [*decoder.feed(line[:cut]), *decoder.feed(line[cut:])] == [frame]


def test_every_bit_flip_is_dropped_and_the_next_frame_survives() -> None:
    first, second = Frame(7, 1, NONCE, b"payload\0with zero"), Frame(8, 2, NONCE, b"next")
    line = first.encode()
    for bit in range(8 * len(line)):
        damaged = bytearray(line)
        damaged[bit // 8] ^= 1 << bit % 8
        got = list(Decoder(NONCE).feed(bytes(damaged) + second.encode()))
        assert got[-1:] == [second], f"bit {bit} swallowed the frame after it"
        assert got in ([second], [first, second])  # a flip in a delimiter may leave the frame whole


@given(st.binary(max_size=3000))
def test_garbage_is_never_a_frame_and_never_kept(garbage: bytes) -> None:
    decoder = Decoder(NONCE)
    assert list(decoder.feed(garbage)) == []
    assert len(decoder._pending) <= 300
    after = Frame(1, 1, NONCE, b"after")
    assert list(decoder.feed(after.encode())) == [after]


def test_memory_is_bounded() -> None:
    decoder = Decoder(NONCE)
    for _ in range(100):
        assert list(decoder.feed(b"\x55" * 10_000)) == []
        assert len(decoder._pending) <= 300
    assert list(decoder.feed(b"\0")) == []
    assert decoder.dropped == {"length": 1}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (Frame(1, 1, NONCE + 1).encode(), "nonce"),
        (b"\x05\x01\0", "stuffing"),
        (b"\x03ab\0", "length"),
        (cobs.encode(bytes(20)) + b"\0", "crc"),
    ],
)
def test_reasons(line: bytes, reason: str) -> None:
    decoder = Decoder(NONCE)
    assert list(decoder.feed(line)) == []
    assert decoder.dropped == {reason: 1}


def test_another_version_is_dropped_by_name() -> None:
    raw = bytearray(cobs.decode(Frame(1, 1, NONCE).encode().strip(b"\0")))
    assert raw[0] == VERSION
    raw[0] = VERSION + 1
    body = bytes(raw[:-4])
    decoder = Decoder(NONCE)
    assert list(decoder.feed(cobs.encode(body + zlib.crc32(body).to_bytes(4, "little")) + b"\0")) == []
    assert decoder.dropped == {"version": 1}


def test_too_long_a_payload_is_refused_at_the_sender() -> None:
    with pytest.raises(ValueError, match="at most 256"):
        Frame(1, 1, NONCE, bytes(PAYLOAD_MAX + 1)).encode()


def test_a_noisy_line_loses_frames_and_invents_none() -> None:
    random_ = random.Random(1)
    decoder = Decoder(NONCE)
    sent = {n: Frame(3, n, NONCE, random_.randbytes(random_.randrange(200))) for n in range(400)}
    got = []
    for frame in sent.values():
        line = bytearray(frame.encode())
        for at in range(len(line)):
            if random_.random() < 0.002:
                line[at] = random_.randrange(256)
        got += list(decoder.feed(bytes(line)))
    assert all(sent[frame.sequence] == frame for frame in got)
    assert 200 < len(got) < 400
