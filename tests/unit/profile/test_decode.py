"""Roles of registers, which the pairing rules of all cores rest on."""

from __future__ import annotations

import shutil

import pytest

from hilbench.profile.decode import Kind, decode
from tests.assembly import instructions

pytestmark = pytest.mark.skipif(shutil.which("arm-none-eabi-as") is None, reason="no arm-none-eabi-as")


def roles(text: str) -> tuple[Kind, set[str], set[str]]:
    (one,) = instructions(text)
    return one.kind, set(one.sources), set(one.results)


@pytest.mark.parametrize(
    ("text", "kind", "sources", "results"),
    [
        ("adds r0, #1", Kind.ALU, {"r0"}, {"r0"}),
        ("add r0, r1", Kind.ALU, {"r0", "r1"}, {"r0"}),
        ("add.w r0, r1, r2, lsl #3", Kind.ALU, {"r1", "r2"}, {"r0"}),
        ("mov r0, r1", Kind.ALU, {"r1"}, {"r0"}),
        ("movw r0, #1", Kind.ALU, set(), {"r0"}),
        ("movt r0, #1", Kind.ALU, {"r0"}, {"r0"}),
        ("bfi r0, r1, #2, #3", Kind.FIELD, {"r0", "r1"}, {"r0"}),
        ("lsls r0, r1", Kind.SHIFT, {"r0", "r1"}, {"r0"}),
        ("lsls r0, r1, #2", Kind.SHIFT, {"r1"}, {"r0"}),
        ("cmp r0, r1", Kind.ALU, {"r0", "r1"}, set()),
        ("sxtb r0, r1", Kind.EXTEND, {"r1"}, {"r0"}),
        ("sxtab16 r0, r1, r2", Kind.SIMD, {"r1", "r2"}, {"r0"}),
        ("ssat r0, #8, r1, asr #3", Kind.SATURATE, {"r1"}, {"r0"}),
        ("smlad r0, r1, r2, r3", Kind.DUAL_MAC, {"r1", "r2", "r3"}, {"r0"}),
        ("smlal r0, r1, r2, r3", Kind.LONG_MUL, {"r0", "r1", "r2", "r3"}, {"r0", "r1"}),
        ("smull r0, r1, r2, r3", Kind.LONG_MUL, {"r2", "r3"}, {"r0", "r1"}),
        ("ldr r0, [r1, #4]!", Kind.LOAD, {"r1"}, {"r0", "r1"}),
        ("ldr r0, [r1], #4", Kind.LOAD, {"r1"}, {"r0", "r1"}),
        ("ldr.w r0, [r1, r2, lsl #2]", Kind.LOAD, {"r1", "r2"}, {"r0"}),
        ("str r0, [r1], #4", Kind.STORE, {"r0", "r1"}, {"r1"}),
        ("ldrd r0, r1, [r2]", Kind.LOAD_DUAL, {"r2"}, {"r0", "r1"}),
        ("strd r0, r1, [r2]", Kind.STORE_DUAL, {"r0", "r1", "r2"}, set()),
        ("ldm r0!, {r1, r2}", Kind.LOAD_MULTIPLE, {"r0"}, {"r0", "r1", "r2"}),
        ("push {r4, lr}", Kind.STORE_MULTIPLE, {"sp", "r4", "lr"}, {"sp"}),
        ("vldr d1, [r0]", Kind.VLOAD, {"r0"}, {"s2", "s3"}),
        ("vfma.f32 s0, s1, s2", Kind.VMAC, {"s0", "s1", "s2"}, {"s0"}),
        ("vmov r0, r1, d0", Kind.TRANSFER, {"s0", "s1"}, {"r0", "r1"}),
        ("vmov s0, r1", Kind.TRANSFER, {"r1"}, {"s0"}),
        ("vmov.f32 s0, s1", Kind.VALU, {"s1"}, {"s0"}),
        ("strex r0, r1, [r2]", Kind.STORE_EXCLUSIVE, {"r1", "r2"}, {"r0"}),
        ("tbb [pc, r0]", Kind.TABLE_BRANCH, {"pc", "r0"}, set()),
        ("udiv r0, r1, r2", Kind.DIV, {"r1", "r2"}, {"r0"}),
    ],
)
def test_roles(text: str, kind: Kind, sources: set[str], results: set[str]) -> None:
    assert roles(text) == (kind, sources, results)


def test_written_back_base_is_not_loaded() -> None:
    (load,) = instructions("ldr r0, [r1], #4")
    assert load.loaded == {"r0"}
    assert load.address == {"r1"}


def test_it_block_makes_instructions_conditional() -> None:
    it, add, load = instructions("itt eq; addeq r0, r0, #1; ldreq r1, [r2]")
    assert (it.kind, it.conditional) == (Kind.IT, False)
    assert add.conditional and load.conditional


def test_undefined_bytes_are_named_and_the_rest_is_read() -> None:
    unknown, nop = decode(0, bytes.fromhex("ffffffff00bf"))
    assert (unknown.kind, unknown.size, nop.kind) == (Kind.UNKNOWN, 4, Kind.HINT)


def test_a_truncated_instruction_is_unknown() -> None:
    assert [i.kind for i in decode(0, bytes.fromhex("00f0"))] == [Kind.UNKNOWN]


def test_wide_unaligned_needs_four_bytes_at_two() -> None:
    code = instructions("nop; add.w r0, r0, r1; nop; add.w r0, r0, r1")
    assert [i.wide_unaligned for i in code] == [False, True, False, False]
