"""Each core's rules against the manuals' tables, worked out by hand in the comments."""

from __future__ import annotations

import shutil

import pytest

from hilbench.profile.decode import Kind
from hilbench.profile.timing import TIMINGS
from tests.assembly import instructions

pytestmark = pytest.mark.skipif(shutil.which("arm-none-eabi-as") is None, reason="no arm-none-eabi-as")


def cycles(core: str, text: str, cpu: str = "") -> list[float]:
    return list(TIMINGS[core].issue(instructions(text, cpu or "cortex-m7")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # One cycle each: ALU, shifts, multiplies, DSP, IT, branches before they are taken.
        ("adds r0, #1; lsls r0, r1, #2; mul r0, r1, r2; mla r0, r1, r2, r3; smlad r0, r1, r2, r3", [1, 1, 1, 1, 1]),
        ("smlal r0, r1, r2, r3; sxtb16 r0, r1; ssat r0, #8, r1; it eq; addeq r0, #1; nop", [1, 1, 1, 1, 1, 1]),
        # A load takes 2; one behind another whose result it does not need takes its address meanwhile: 1.
        ("ldr r0, [r1]; ldr r2, [r3]", [2, 1]),
        ("ldrb r0, [r1]; ldrsh r2, [r3, r4]; ldr r5, [pc, #8]", [2, 1, 1]),
        # The second one's address is what the first loaded: nothing to overlap.
        ("ldr r0, [r1]; ldr r2, [r0]", [2, 2]),
        ("ldr r0, [r1]; ldr r2, [r3, r0]", [2, 2]),
        # A written-back base is there in time.
        ("ldr r0, [r1], #4; ldr r2, [r1], #4", [2, 1]),
        # Something else in between ends the overlap.
        ("ldr r0, [r1]; adds r4, #1; ldr r2, [r3]", [2, 1, 2]),
        # Stores take 1; a load pipelines behind one with an immediate offset, not behind one with a register.
        ("str r0, [r1, #4]; ldr r2, [r3]", [1, 1]),
        ("str r0, [r1, r4]; ldr r2, [r3]", [1, 2]),
        ("ldr r0, [r1]; str r2, [r3, r4]; str r2, [r3, #4]", [2, 1, 1]),
        # Doubles never pipeline: 1 + 2, and neither does what follows them.
        ("ldr r0, [r1]; ldrd r2, r3, [r4]; ldr r5, [r6]; strd r0, r1, [r2]", [2, 3, 2, 3]),
        # 1 + N registers.
        ("ldm r0!, {r1, r2, r3}; stm r0!, {r1, r2}; push {r4, r5, lr}; pop {r4, r5, pc}", [4, 3, 4, 4]),
        ("vldmia r0!, {s0-s3}; vpush {d8, d9}", [5, 5]),
        # Division ends early: 2 to 12, 6 are taken.
        ("sdiv r0, r1, r2; udiv r0, r1, r2", [6, 6]),
        ("tbb [pc, r0]", [4]),
        # Single precision: loads like LDR, 1 for arithmetic, 3 for multiply-accumulate, 14 for division and root.
        ("vldr s0, [r0]; vldr s1, [r0, #4]; vldr d1, [r0]", [2, 1, 3]),
        ("vadd.f32 s0, s1, s2; vfma.f32 s0, s1, s2; vmla.f32 s0, s1, s2", [1, 3, 3]),
        ("vdiv.f32 s0, s1, s2; vsqrt.f32 s0, s1; vcvt.s32.f32 s0, s1; vmov r0, s0", [14, 14, 1, 1]),
        # Between the core and the FPU: 1 per word.
        ("vmov r0, s0; vmov s1, r2; vmov r0, r1, s2, s3", [1, 1, 2]),
        ("bl .; bx lr", [1, 1]),
    ],
)
def test_m4(text: str, expected: list[float]) -> None:
    assert cycles("cortex-m4", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # As the M4, but MLA and MLS take 2, and long multiplies 3 to 5 and 4 to 7.
        ("mul r0, r1, r2; mla r0, r1, r2, r3; mls r0, r1, r2, r3", [1, 2, 2]),
        ("umull r0, r1, r2, r3; smlal r0, r1, r2, r3", [4, 5.5]),
        ("ldr r0, [r1]; ldr r2, [r3]; ldm r0!, {r1, r2}", [2, 1, 3]),
    ],
)
def test_m3(text: str, expected: list[float]) -> None:
    assert cycles("cortex-m3", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("adds r0, r0, #1; muls r0, r1, r0; lsls r0, r1, #2; uxtb r0, r1; b .", [1, 1, 1, 1, 1]),
        ("ldr r0, [r1]; ldrb r0, [r1]; str r0, [r1]; strh r0, [r1]", [2, 2, 2, 2]),
        ("ldm r0!, {r1, r2, r3}; stm r0!, {r1, r2}; push {r4, lr}; pop {r4, pc}", [4, 3, 3, 3]),
        ("mrs r0, primask; dmb", [3, 3]),
    ],
)
def test_m0plus(text: str, expected: list[float]) -> None:
    assert cycles("cortex-m0plus", text, "cortex-m0plus") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A load whose result the next instruction reads costs one more; a written-back base does not count.
        ("ldr r0, [r1]; adds r2, r0, #1", [2, 1]),
        ("ldr r0, [r1]; adds r2, r3, #1; adds r2, r0, #1", [1, 1, 1]),
        ("ldr r0, [r1], #4; ldr r2, [r1], #4; str r2, [r3]", [1, 2, 1]),
        ("ldr r0, [r1]; smlal r0, r2, r3, r4", [2, 1]),
        ("ldr r0, [r1]; movs r0, #1", [1, 1]),
        # N registers take N cycles, doubles 2.
        ("ldm r0!, {r1, r2, r3}; push {r4, lr}; ldrd r0, r1, [r2]; strd r0, r1, [r2]", [3, 2, 2, 2]),
        ("vldmia r0!, {s0-s3}", [4]),
        ("sdiv r0, r1, r2; vfma.f32 s0, s1, s2; vdiv.f32 s0, s1, s2; vadd.f32 s0, s1, s2", [6, 3, 14, 1]),
    ],
)
def test_m33(text: str, expected: list[float]) -> None:
    assert cycles("cortex-m33", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Two independent ALU instructions pair; the third starts a new cycle.
        ("adds r0, r1, #1; adds r2, r3, #1; adds r4, r5, #1", 2),
        # A result is there one cycle later.
        ("adds r0, r1, #1; adds r2, r0, #1", 2),
        # Two loads pair, one store per cycle.
        ("ldr r0, [r1]; ldr r2, [r3]", 1),
        ("str r0, [r1]; str r2, [r3]", 2),
        # Load (1 cycle) and use: the next cycle; a byte (2 cycles): one later still.
        ("ldr r0, [r1]; adds r2, r0, #1", 2),
        ("ldrb r0, [r1]; adds r2, r0, #1", 3),
        # An address is needed one cycle earlier.
        ("adds r0, r1, #1; ldr r2, [r0]", 3),
        # A written-back base comes out of the address stage.
        ("ldr r0, [r1], #4; ldr r2, [r1], #4", 2),
        # A shifted operand is needed one cycle earlier.
        ("adds r0, r1, #1; add.w r2, r3, r0, lsl #2", 3),
        # Store data may come one cycle later: it pairs with its producer.
        ("adds r0, r1, #1; str r0, [r2]", 1),
        # One MAC per cycle; the accumulator is forwarded, so a chain runs at one per cycle.
        ("smlad r0, r1, r2, r0; smlad r0, r3, r4, r0; smlad r0, r5, r6, r0", 3),
        # A product used by the ALU: two cycles.
        ("mul r0, r1, r2; adds r3, r0, #1", 3),
        # DSP arithmetic only in the first slot.
        ("adds r0, r1, #1; sxtb16 r2, r3", 2),
        ("sxtb16 r2, r3; adds r0, r1, #1", 1),
        # One shifter.
        ("lsls r0, r1, #2; lsls r2, r3, #2", 2),
        # Alone: multiples at two words per cycle, doubles, divides.
        ("adds r0, r1, #1; ldm r2!, {r3, r4, r5}; adds r0, r1, #1", 4),
        ("sdiv r0, r1, r2; adds r3, r4, #1", 8),
        ("ldrd r0, r1, [r2]; adds r3, r4, #1", 2),
        # VFP: one per cycle, result after 3; a multiply-accumulate after 6, its accumulator after 3.
        ("vadd.f32 s0, s1, s2; vadd.f32 s3, s0, s4", 4),
        ("vfma.f32 s0, s1, s2; vfma.f32 s0, s3, s4", 4),
        # A branch pairs with what goes before it.
        ("adds r0, r1, #1; b .", 1),
    ],
)
def test_m7(text: str, expected: float) -> None:
    assert sum(cycles("cortex-m7", text)) == expected


def test_every_class_of_instruction_has_a_rule_on_some_core() -> None:
    covered = frozenset.union(*(core.covers for core in TIMINGS.values()))
    assert covered == set(Kind) - {Kind.UNKNOWN}


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m7", "cortex-m33"])
def test_cores_with_dsp_and_fpu_have_a_rule_for_every_class(core: str) -> None:
    assert TIMINGS[core].covers == set(Kind) - {Kind.UNKNOWN}
