"""Counts of the block profiler in QEMU against programs whose counts are known by hand."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hilbench.boards import find
from hilbench.errors import TargetError, TargetTimeout, ToolError, UsageError
from hilbench.profile import Cache, Section, plugin, price
from hilbench.profile.firmware import profile_function
from hilbench.profile.price import executed
from tests.assembly import firmware

pytestmark = pytest.mark.skipif(
    shutil.which("qemu-system-arm") is None or shutil.which("arm-none-eabi-as") is None,
    reason="no qemu-system-arm or no arm-none-eabi-as",
)

LOOP = """
    movs r0, #100
1:  subs r0, #1
    bne 1b
    bx lr
"""


def profiled(
    folder: Path, body: str, *, machine: str = "mps2-an386", cache: Cache | None = None, call: int = 0, **how: str
) -> Section:
    elf = firmware(folder, body, **how)
    return profile_function(elf, "snippet", machine, calls=call + 1, cache=cache, seconds=60)[call].total()


def outcome(section: Section, offset: int) -> tuple[int, int, int]:
    """Executions, taken and changes of the block that begins `offset` bytes into the snippet."""
    start = min(block.address for block in section.blocks)
    (block,) = (block for block in section.blocks if block.address == start + offset)
    return block.executions, block.taken, block.changes


def test_loop(tmp_path: Path) -> None:
    section = profiled(tmp_path, LOOP)
    assert executed(section.blocks) == 1 + 100 * 2 + 1
    # The first round belongs to the block that begins with MOVS; 98 of the other 99 jump back, the last one leaves.
    assert outcome(section, 0) == (1, 1, 0)
    assert outcome(section, 2) == (99, 98, 1)
    assert outcome(section, 6) == (1, 1, 0)
    assert sum(section.counters.reads.values()) == sum(section.counters.writes.values()) == 0


def test_loop_second_call_sees_the_change_back(tmp_path: Path) -> None:
    assert outcome(profiled(tmp_path, LOOP, call=1), 2) == (99, 98, 2)


def test_m4_price_of_the_loop_by_hand(tmp_path: Path) -> None:
    timing = find("nucleo_l4r5zi").timing
    assert timing is not None
    plain = timing.model_copy(update={"coefficients": {}})
    profile = profile_function(firmware(tmp_path, LOOP), "snippet", "mps2-an386")[0]
    # MOVS, 100 rounds of SUBS and BNE, BX: 202 instructions of one cycle. 99 loop branches and the return: 2 each.
    assert price(profile, plain).cycles == 202 + 2 * (99 + 1)


def test_if_then_blocks_do_not_end_blocks_and_failed_conditionals_count(tmp_path: Path) -> None:
    section = profiled(
        tmp_path, "    cmp r0, r0\n    itte eq\n    addeq r1, #1\n    moveq r2, #2\n    movne r3, #3\n    bx lr"
    )
    assert executed(section.blocks) == 6
    assert len(section.blocks) == 1


def test_multiples_count_their_registers(tmp_path: Path) -> None:
    body = """
    push {r4-r7, lr}
    ldr r0, =0x20000100
    stm r0!, {r1-r3}
    ldmdb r0, {r4-r6}
    pop {r4-r7, pc}
    .ltorg
"""
    counters = profiled(tmp_path, body).counters
    assert counters.writes["ram"] == 5 + 3
    assert counters.reads["ram"] == 3 + 5
    assert counters.reads["flash"] == 1  # the literal


def test_doubles_are_two_accesses(tmp_path: Path) -> None:
    body = "    ldr r0, =0x20000100\n    strd r1, r2, [r0]\n    ldrd r3, r12, [r0]\n    bx lr\n    .ltorg"
    counters = profiled(tmp_path, body).counters
    assert (counters.writes["ram"], counters.reads["ram"]) == (2, 2)


def test_flash_reads_that_change_their_line_of_8_bytes(tmp_path: Path) -> None:
    # 16 bytes read in sequence as words: lines A A B B; then A again, and a byte of A.
    body = """
    adr r0, 1f
    ldr r1, [r0]
    ldr r1, [r0, #4]
    ldr r1, [r0, #8]
    ldr r1, [r0, #12]
    ldr r1, [r0]
    ldrb r1, [r0, #7]
    bx lr
    .align 3
1:  .word 1, 2, 3, 4
"""
    counters = profiled(tmp_path, body).counters
    assert counters.reads["flash"] == 6
    assert counters.flash_line8_changes == 3


def test_unaligned_accesses(tmp_path: Path) -> None:
    body = """
    ldr r0, =0x20000101
    ldr r1, [r0]
    ldr r1, [r0, #3]
    ldrh r1, [r0]
    ldrh r1, [r0, #1]
    ldrb r1, [r0]
    str r1, [r0, #1]
    strh r1, [r0]
    bx lr
    .ltorg
"""
    assert profiled(tmp_path, body).counters.unaligned == 4  # LDR +1, LDRH, STR +2, STRH


def test_cache_misses_by_hand(tmp_path: Path) -> None:
    # 2 sets of 1 way, lines of 16 bytes: addresses 32 bytes apart share a set, so the second visit misses as well.
    body = """
    adr r0, 1f
    ldr r1, [r0]
    ldr r1, [r0, #12]
    ldr r1, [r0, #32]
    ldr r1, [r0]
    ldr r1, [r0, #16]
    ldr r1, [r0, #16]
    bx lr
    .align 5
1:  .space 64
"""
    direct, twice = Cache(32, 1, 16), Cache(64, 2, 16)
    assert profiled(tmp_path, body, cache=direct).counters.flash_line_misses == 4
    assert profiled(tmp_path, body, cache=twice).counters.flash_line_misses == 3


def test_device_access_under_icount_is_counted_once(tmp_path: Path) -> None:
    # QEMU leaves the block at the access to a device and starts a new one behind it.
    body = """
    ldr r0, =0x40004004
    adds r1, #1
    ldr r2, [r0]
    adds r3, #1
    adds r3, #1
    bx lr
    .ltorg
"""
    section = profiled(tmp_path, body)
    assert executed(section.blocks) == 6
    assert section.counters.reads["device"] == 1


def test_calls_within_the_function_belong_to_it(tmp_path: Path) -> None:
    body = "    push {r4, lr}\n    bl 1f\n    bl 1f\n    pop {r4, pc}\n1:  nop\n    bx lr"
    section = profiled(tmp_path, body)
    assert executed(section.blocks) == 1 + 2 * (1 + 2) + 1


def test_recursion_ends_with_the_outermost_return(tmp_path: Path) -> None:
    body = "    push {r4, lr}\n    subs r0, #1\n    beq 1f\n    bl snippet\n1:  pop {r4, pc}"
    section = profiled(tmp_path, body, setup="    movs r0, #5")
    assert executed(section.blocks) == 5 * 3 + 4 + 5


def test_a_tail_call_returns_to_where_its_caller_was_called(tmp_path: Path) -> None:
    # `outer` is called, and jumps to `snippet`, whose BX LR returns to the caller of `outer`.
    body = LOOP + "\nouter:\n    movs r1, #7\n    b.w snippet"
    setup = "    bl outer\n    nop\n    bl outer"
    elf = firmware(tmp_path, body, setup=setup)
    found = profile_function(elf, "snippet", "mps2-an386", calls=3)
    assert [executed(profile.total().blocks) for profile in found] == [202, 202, 202]


ACCESSES = """
    push {r4-r9, lr}
    sub sp, #16
    ldr r0, =0x20000400
    adr r1, 1f
    movs r2, #9
2:  ldr r3, [r1], #4
    ldr r4, [r0, #4]
    ldrb r5, [r1, #3]
    strh r5, [r0, #7]
    str r4, [r0], #3
    ldrh r6, [r1, #-2]
    str r6, [sp, #8]
    ldrd r6, r7, [sp, #8]
    cmp r2, #5
    itt eq
    ldreq r8, [r1, #8]
    moveq r0, r8
    ldr r0, =0x20000500
    ldm r1, {r8, r9}
    ldr.w r9, [r0, r2, lsl #2]
    subs r2, #1
    bne 2b
    add sp, #16
    pop {r4-r9, pc}
    .ltorg
    .align 3
1:  .space 64
"""


@pytest.mark.parametrize("cache", [None, Cache(64, 2, 16)])
def test_planned_accesses_are_those_of_watching_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Cache | None
) -> None:
    elf = firmware(tmp_path, ACCESSES)
    planned = profile_function(elf, "snippet", "mps2-an386", calls=2, cache=cache)
    given = plugin.arguments
    monkeypatch.setattr(plugin, "arguments", lambda *args: (given(*args)[0], f"{given(*args)[1]},each=on"))
    assert profile_function(elf, "snippet", "mps2-an386", calls=2, cache=cache) == planned
    counters = planned[0].total().counters
    # PUSH 7; per round STRH, STR, STR: 3.
    assert counters.writes == {"flash": 0, "ram": 7 + 9 * 3, "device": 0}
    # A literal, and per round: LDR, LDRB, LDRH, the literal, LDM 2; once LDREQ.
    assert counters.reads["flash"] == 1 + 9 * 6 + 1
    # Per round: LDR, LDRD 2, LDR; POP 7.
    assert counters.reads["ram"] == 9 * 4 + 7


def test_same_in_every_run(tmp_path: Path) -> None:
    elf = firmware(tmp_path, LOOP)
    assert profile_function(elf, "snippet", "mps2-an386", calls=2) == profile_function(
        elf, "snippet", "mps2-an386", calls=2
    )


@pytest.mark.parametrize(
    ("machine", "cpu", "flash", "ram"),
    [
        ("mps2-an385", "cortex-m3", "0", "0x20000000"),
        ("mps2-an500", "cortex-m7", "0", "0x20000000"),
        ("mps2-an505", "cortex-m33", "0x10000000", "0x38000000"),
    ],
)
def test_other_machines(tmp_path: Path, machine: str, cpu: str, flash: str, ram: str) -> None:
    assert executed(profiled(tmp_path, LOOP, machine=machine, cpu=cpu, flash=flash, ram=ram).blocks) == 202


def test_a_function_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown function 'snipet'.*'snippet'"):
        profile_function(firmware(tmp_path, LOOP), "snipet", "mps2-an386")


def test_a_function_that_never_returns_is_a_timeout(tmp_path: Path) -> None:
    # It jumps to itself: no call, no return.
    with pytest.raises(TargetTimeout, match="waiting for snippet to return"):
        profile_function(firmware(tmp_path, "    b snippet"), "snippet", "mps2-an386", seconds=2)


def test_a_machine_that_is_not_there_says_what_qemu_said(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="no-such-machine"):
        profile_function(firmware(tmp_path, LOOP), "snippet", "no-such-machine")


def test_a_compiler_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(ToolError, match=r"no-such-compiler: not found.*repair"):
        plugin.build()


def test_a_compiler_that_fails_shows_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "cc -Dhb_counts=1")
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path))
    with pytest.raises(ToolError, match="cannot compile the block profiler"):
        plugin.build()


def test_qemu_releases() -> None:
    assert [plugin.interface(v) for v in ((6, 0), (7, 2), (8, 2), (9, 0), (9, 1), (10, 0))] == [1, 1, 1, 2, 3, 4]
    for version in ((5, 2), (99, 0)):
        with pytest.raises(ToolError, match="does not know the plugin interface"):
            plugin.interface(version)


def test_counters_add_up(tmp_path: Path) -> None:
    section = profiled(tmp_path, LOOP)
    assert replace(section.counters + section.counters, reads={}, writes={}).unaligned == 0
