"""Prices against sums worked out by hand, the bands, and everything that a profile may lack."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from hilbench.boards import boards, find
from hilbench.boards.board import Timing
from hilbench.errors import ConfigError
from hilbench.profile import Block, Cache, Counters, Profile, Section, price
from hilbench.profile.price import EVENTS, coefficients
from hilbench.profile.timing import TIMINGS
from tests.assembly import BASE, assemble

pytestmark = pytest.mark.skipif(shutil.which("arm-none-eabi-as") is None, reason="no arm-none-eabi-as")

COUNTERS = Counters({"flash": 100, "ram": 50}, {"ram": 10}, 40, 3, 7, None)
BODY = "ldr r0, [r1], #4; ldr r2, [r3], #4; smlad r4, r0, r2, r4; subs r5, #1; bne ."
KEPT = "vmov r0, s0; smlad r4, r0, r2, r4; vmov s0, r4; subs r1, #1; bne ."
FLOATS = "vldr s0, [r0]; vfma.f32 s1, s0, s2; subs r1, #1; bne ."


def timing(board: str) -> Timing:
    found = find(board).timing
    assert found is not None
    return found


def profile(text: str = BODY, counters: Counters = COUNTERS, executions: int = 1000, address: int = BASE) -> Profile:
    block = Block(address, assemble(text), executions, executions - 1, 2)
    return Profile((Section(0, "conv", (block,), counters),))


def test_m4_by_hand() -> None:
    priced = price(profile(), timing("nucleo_l4r5zi"))
    # LDR 2, LDR behind it 1, SMLAD, SUBS, BNE 1 each: 6. Its 32-bit instructions lie at 0, 4 and 8: on words.
    assert priced.parts["instructions"] == 6 * 1000
    assert priced.parts["taken"] == 2 * 999
    assert priced.parts["unaligned"] == 3
    assert priced.parts["wide_unaligned"] == 0
    assert priced.parts["flash_line8_changes"] == pytest.approx(2.41 * 40)
    assert priced.cycles == round(6000 + 1998 + 3 + 2.41 * 40)
    assert priced.instructions == 5000


def test_m4_pays_for_wide_instructions_off_word_boundaries() -> None:
    priced = price(profile(address=BASE + 2), timing("nucleo_l4r5zi"))
    assert priced.parts["wide_unaligned"] == pytest.approx(0.236 * 3 * 1000)


def test_m33_by_hand() -> None:
    priced = price(profile(), timing("nucleo_u575zi"))
    # The second load's result is used by the instruction behind it: 5 + 1 a round.
    assert priced.cycles == round(6 * 1000 + 2 * 999 + 1.57 * 40)


def test_m7_by_hand() -> None:
    priced = price(profile(), timing("nucleo_h7a3zi"))
    # LDR+LDR | SMLAD+SUBS | BNE: three cycles; two changes of direction; seven missed lines of flash.
    assert priced.cycles == round(3 * 1000 + 7.6 * 2 + 11.3 * 7)


def test_m0plus_by_hand() -> None:
    text = "ldr r0, [r1]; ldr r2, [r3]; muls r0, r2, r0; subs r5, #1; bne ."
    priced = price(profile(text), timing("nucleo_g0b1re"))
    assert priced.cycles == round((2 + 2 + 1 + 1 + 1) * 1000 + (1 + 1.81) * 999 + 1.82 * 100)


@pytest.mark.parametrize("board", ["nucleo_l4r5zi", "nucleo_u575zi", "nucleo_h7a3zi", "disco_f746ng", "nucleo_g0b1re"])
def test_sections_add_up_to_the_total(board: str) -> None:
    one = profile().sections[0]
    many = Profile((one, replace(one, step=1, name="pool"), replace(one, step=-1, name="overhead")))
    priced = price(many, timing(board))
    assert sum(section.instructions for section in priced.sections) == priced.instructions
    for part, cycles in priced.parts.items():
        assert sum(section.parts[part] for section in priced.sections) == pytest.approx(cycles)
    assert sum(section.cycles for section in priced.sections) == priced.cycles
    assert priced.cycles == pytest.approx(sum(priced.parts.values()), abs=len(many.sections) / 2)


def test_away_from_flash_the_band_is_that_of_the_fit() -> None:
    priced = price(profile(), timing("nucleo_l4r5zi"))
    assert (priced.error_pct, priced.warnings) == (timing("nucleo_l4r5zi").fit.worst_error_pct, ())


def test_waiting_for_flash_widens_the_band() -> None:
    priced = price(profile(counters=replace(COUNTERS, flash_line8_changes=2000)), timing("nucleo_l4r5zi"))
    assert priced.flash_share > 0.3
    assert priced.error_pct == 8.0
    assert "bound by data reads from flash" in priced.warnings[0]


@pytest.mark.parametrize(
    ("board", "band"),
    [("nucleo_h7a3zi", 38), ("disco_f746ng", 38), ("nucleo_u575zi", 20), ("nucleo_l4r5zi", 15)],
)
def test_floating_point_is_marked(board: str, band: float) -> None:
    priced = price(profile(FLOATS), timing(board))
    assert priced.error_pct == band
    assert "float" in priced.warnings[0]


def test_registers_of_the_fpu_as_a_store_are_no_floating_point() -> None:
    counters = Counters({"flash": 0, "ram": 50}, {"ram": 10}, 0, 0, 0, None)
    priced = price(profile(KEPT, counters), timing("nucleo_l4r5zi"))
    assert (priced.error_pct, priced.warnings) == (5.2, ())


@pytest.mark.parametrize(
    ("board", "lacks", "needed"),
    [
        ("nucleo_l4r5zi", {"flash_line8_changes": None}, "flash_line8_changes"),
        ("nucleo_l4r5zi", {"unaligned": None}, "unaligned"),
        ("nucleo_h7a3zi", {"flash_line_misses": None}, "flash_line_misses"),
        ("nucleo_g0b1re", {"reads": {}}, "flash_reads"),
    ],
)
def test_a_missing_counter_is_asked_for(board: str, lacks: dict[str, object], needed: str) -> None:
    with pytest.raises(ConfigError, match=f"section 'conv': the counter of {needed} is missing"):
        price(profile(counters=replace(COUNTERS, **lacks)), timing(board))  # type: ignore[arg-type]


def test_another_cache_than_the_boards_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"simulated a cache of 4096 bytes.*size 16384, ways 4, line 32"):
        price(profile(counters=replace(COUNTERS, cache=Cache(4096, 4, 32))), timing("nucleo_h7a3zi"))


def test_an_instruction_without_a_rule_is_named_and_counted() -> None:
    priced = price(profile("vmaxnm.f32 s0, s1, s2; udf #1; b ."), timing("nucleo_g0b1re"))
    assert "no timing rule for vmaxnm on cortex-m0plus: 1,000 executions at 1 cycle" in priced.warnings
    odd = Profile(
        (Section(0, "odd", (Block(0, bytes.fromhex("ffffffff"), 3),), Counters(flash_line8_changes=0, unaligned=0)),)
    )
    assert price(odd, timing("nucleo_l4r5zi")).warnings == (
        "no timing rule for 0xffffffff on cortex-m4: 3 executions at 1 cycle",
    )


def test_every_board_with_timing_names_a_core_and_events_that_exist() -> None:
    for name in boards():
        board = find(name)
        if board.timing is None:
            continue
        core = TIMINGS[board.timing.model]
        assert set(coefficients(core, board.timing)) <= set(EVENTS)
        assert board.timing.clock in board.clock.hz
        assert core.name == board.core.name


def test_an_event_that_does_not_exist() -> None:
    wrong = timing("nucleo_l4r5zi").model_copy(update={"coefficients": {"flash_line": 1.0}})
    with pytest.raises(ConfigError, match="unknown event 'flash_line'"):
        price(profile(), wrong)


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"address": 1}, "address is odd"),
        ({"code": b""}, "0 bytes of code"),
        ({"code": b"\0"}, "1 bytes of code"),
        ({"taken": 4}, "taken 4"),
        ({"changes": 4}, "changes 4"),
        ({"executions": -1}, "executions -1"),
    ],
)
def test_a_block_that_cannot_be(fields: dict[str, object], what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        Block(**{"address": 0, "code": b"\0\xbf", "executions": 3, **fields})  # type: ignore[arg-type]
