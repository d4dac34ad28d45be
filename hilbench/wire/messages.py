"""Messages: what each kind of frame says. All numbers are little endian.

The host commands, the target answers with the same sequence number; an answer's kind is the command's with the top bit
set. A command that comes again with the sequence number of the last one is answered again and not executed again, so
that the host may repeat whatever got lost. FAULT and LOG come unasked.

    command                                  answer
    HELLO                                    build id char[16], CPUID u32, clock Hz u32, counter u8, guards u8,
                                             ticks of an empty step u32, ticks of the known loop u32,
                                             steps u16, inputs u8, outputs u8, streamed inputs u8 (bits),
                                             those of them that it may ask for again u8 (bits)
    PING any bytes                           the same bytes
    INPUT index u8, offset u32, bytes        (empty)
    RUN                                      DONE: ticks u64 of the whole inference
    SAMPLE first u16                         first u16, then ticks u64 of that step and those after it
    WATERMARK                                per region: kind u8, bytes used u32, size u32
    OUTPUT index u8, offset u32              index u8, offset u32, size of the output u32, bytes from the offset on
    ROWS bytes, with WANT's sequence         (none)
    (any that makes no sense)                REFUSED: reason u8

    unasked: FAULT kind u8, step u16, then u32 each: pc, lr, psr, cfsr, hfsr, address, sp      LOG text
             WANT input u8, offset u32, bytes u16, with a sequence number of its own: during RUN, input is streamed

A target that waits for ROWS repeats its WANT when RUN is repeated.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

ANSWER = 0x80
NO_STEP = 0xFFFF
"""Step number of a fault outside the steps of the model."""


class Kind(IntEnum):
    """Kinds of frames that are not answers by the rule "command with the top bit set"."""

    HELLO = 1
    PING = 2
    INPUT = 3
    RUN = 4
    SAMPLE = 5
    WATERMARK = 6
    OUTPUT = 7
    ROWS = 8
    FAULT = 0x41
    LOG = 0x42
    WANT = 0x43
    REFUSED = 0xFF


COUNTERS = ("none", "systick", "dwt", "icount")
REGIONS = ("arena", "stack", "harness_stack")
GUARDS = ("stack_mpu", "stack_limit", "stack_painted", "flash_read_only", "null", "arena_painted")
"""Bit n of the guards in HELLO says that guard n is set."""

FAULTS = (
    "fault", "hard fault", "memory fault", "bus fault", "usage fault", "stack overflow", "arena overrun",
    "harness stack overflow", "unexpected exception",
)  # fmt: skip
REFUSALS = ("refused", "unknown command", "malformed command", "no such input", "no such output", "beyond the end")

CORES = {
    0xC20: "cortex-m0", 0xC60: "cortex-m0plus", 0xC23: "cortex-m3", 0xC24: "cortex-m4", 0xC27: "cortex-m7",
    0xD21: "cortex-m33", 0xD22: "cortex-m55",
}  # fmt: skip
"""CPUID part numbers (Arm: the cores' technical reference manuals)."""

_HELLO = struct.Struct("<16sIIBBIIHBBBB")
_WANT = struct.Struct("<BIH")
_FAULT = struct.Struct("<BH7I")
_DONE = struct.Struct("<Q")
_MARK = struct.Struct("<BII")
_OUTPUT = struct.Struct("<BII")


def named(names: tuple[str, ...], number: int) -> str:
    """Name of `number`, or the number itself where a newer firmware knows more."""
    return names[number] if number < len(names) else f"{names[0]} {number}"


@dataclass(frozen=True)
class HelloAnswer:
    """Who the firmware is. `loop_ticks` is what 1,000 rounds of a two-instruction loop took.

    `streamed` are the inputs that it asks for while it runs, from the first byte to the last; those in `reread` in any
    order.

    Ticks are cycles of the core, or instructions where the counter is "icount".
    """

    build_id: str
    cpuid: int
    clock_hz: int
    counter: str
    guards: tuple[str, ...]
    empty_step_ticks: int
    loop_ticks: int
    steps: int
    inputs: int
    outputs: int
    streamed: tuple[int, ...]
    reread: tuple[int, ...]

    @property
    def core(self) -> str:
        """Name of the core by its CPUID; "host" for none."""
        part = (self.cpuid >> 4) & 0xFFF
        return CORES.get(part, f"part 0x{part:03x}") if self.cpuid else "host"


@dataclass(frozen=True)
class Fault:
    """A crash: what, in which step (None outside of all), and the registers."""

    kind: str
    step: int | None
    registers: dict[str, int]


@dataclass(frozen=True)
class Want:
    """Bytes of a streamed input that the target waits for."""

    index: int
    offset: int
    size: int


@dataclass(frozen=True)
class Mark:
    """High-water mark of one region in bytes."""

    region: str
    used: int
    size: int


@dataclass(frozen=True)
class Chunk:
    """Bytes of a graph output from `offset` on; the whole output has `size` bytes."""

    index: int
    offset: int
    size: int
    data: bytes


def unpack_hello(payload: bytes) -> HelloAnswer:
    """Answer to HELLO; struct.error for a malformed one, as from every function here."""
    build_id, cpuid, clock, counter, guards, empty, loop, steps, inputs, outputs, *bits = _HELLO.unpack(payload)
    return HelloAnswer(
        build_id.rstrip(b"\0").decode("ascii", "replace"), cpuid, clock, named(COUNTERS, counter),
        tuple(name for bit, name in enumerate(GUARDS) if guards >> bit & 1), empty, loop, steps, inputs, outputs,
        *(tuple(index for index in range(8) if given >> index & 1) for given in bits),
    )  # fmt: skip


def unpack_fault(payload: bytes) -> Fault:
    """FAULT."""
    kind, step, *values = _FAULT.unpack(payload)
    registers = dict(zip(("pc", "lr", "psr", "cfsr", "hfsr", "address", "sp"), values, strict=True))
    return Fault(named(FAULTS, kind), None if step == NO_STEP else step, registers)


def unpack_want(payload: bytes) -> Want:
    """WANT."""
    return Want(*_WANT.unpack(payload))


def unpack_done(payload: bytes) -> int:
    """Ticks of the whole inference."""
    return int(_DONE.unpack(payload)[0])


def unpack_samples(payload: bytes) -> tuple[int, tuple[int, ...]]:
    """First step, and the ticks of that step and those after it."""
    (first,) = struct.unpack_from("<H", payload)
    return first, struct.unpack(f"<{(len(payload) - 2) // 8}Q", payload[2:])


def unpack_watermarks(payload: bytes) -> tuple[Mark, ...]:
    """High-water marks."""
    return tuple(Mark(named(REGIONS, region), used, size) for region, used, size in _MARK.iter_unpack(payload))


def unpack_output(payload: bytes) -> Chunk:
    """A part of an output."""
    index, offset, size = _OUTPUT.unpack_from(payload)
    return Chunk(index, offset, size, payload[_OUTPUT.size :])


def pack_input(index: int, offset: int, data: bytes) -> bytes:
    """Payload of INPUT."""
    return struct.pack("<BI", index, offset) + data


def pack_output(index: int, offset: int) -> bytes:
    """Payload of OUTPUT."""
    return struct.pack("<BI", index, offset)


def pack_sample(first: int) -> bytes:
    """Payload of SAMPLE."""
    return struct.pack("<H", first)
