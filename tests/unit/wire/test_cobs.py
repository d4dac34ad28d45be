from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.wire import cobs

# Cheshire and Baker 1999, and the runs of 253 to 255 bytes where the code 255 begins to matter
EXAMPLES = [
    (b"", b"\x01"),
    (b"\0", b"\x01\x01"),
    (b"\0\0", b"\x01\x01\x01"),
    (b"\x11\x22\x00\x33", b"\x03\x11\x22\x02\x33"),
    (b"\x11\x00\x00\x00", b"\x02\x11\x01\x01\x01"),
    (b"\x07" * 253, b"\xfe" + b"\x07" * 253),
    (b"\x07" * 254, b"\xff" + b"\x07" * 254),
    (b"\x07" * 255, b"\xff" + b"\x07" * 254 + b"\x02\x07"),
    (b"\x07" * 254 + b"\0", b"\xff" + b"\x07" * 254 + b"\x01\x01"),
]


@pytest.mark.parametrize(("plain", "stuffed"), EXAMPLES)
def test_examples(plain: bytes, stuffed: bytes) -> None:
    assert cobs.encode(plain) == stuffed
    assert cobs.decode(stuffed) == plain


@given(st.binary(max_size=1200))
def test_round_trip(data: bytes) -> None:
    stuffed = cobs.encode(data)
    assert 0 not in stuffed
    assert len(stuffed) <= len(data) + len(data) // 254 + 1
    assert cobs.decode(stuffed) == data


@pytest.mark.parametrize("bad", [b"", b"\x05\x01", b"\x02\x00", b"\xff\x01"])
def test_refuses(bad: bytes) -> None:
    with pytest.raises(ValueError, match=r"stuffed|promises"):
        cobs.decode(bad)
