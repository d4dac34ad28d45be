"""Attribution closes: whatever a profile is cut by, the parts add up to the whole; exports keep the sum."""

from __future__ import annotations

import json
import shutil
from math import fsum
from pathlib import Path

import pytest

from hilbench.boards import find
from hilbench.boards.board import Timing
from hilbench.profile import Block, Counters, Profile, Section, attribution, price
from hilbench.profile.attribution import attribute, hottest, shares
from hilbench.profile.export import Weighted, weigh
from hilbench.profile.exports import EXPORTS
from hilbench.profile.lines import Range, Source, read_source
from hilbench.profile.summary import Subject, as_json, summarize
from tests.assembly import firmware

NOP, LDR, BNE = "00bf", "0868", "fcd1"
CONV = Block(0x100, bytes.fromhex(NOP + LDR + BNE), 50, 40, 3)
COUNTERS = Counters({"flash": 90, "ram": 10}, {"ram": 5}, 30, 4, 6)
PROFILE = Profile(
    (
        Section(0, "00_conv", (CONV, Block(0x200, bytes.fromhex(NOP), 7)), COUNTERS),
        Section(1, "01_pool", (Block(0x200, bytes.fromhex(NOP + LDR + NOP + BNE), 11, 5, 2),), COUNTERS),
        Section(-1, "overhead", (Block(0x300, bytes.fromhex(NOP + NOP), 3),), COUNTERS),
    )
)  # fmt: skip
SOURCE = Source(
    (Range(0x100, 0x180, "conv"), Range(0x200, 0x280, "pool")),
    (Range(0x100, 0x102, "conv.h:7"), Range(0x102, 0x180, "conv.h:8"), Range(0x200, 0x280, "pool.h:3")),
)
BOARDS = ["nucleo_l4r5zi", "nucleo_u575zi", "nucleo_h7a3zi", "disco_f746ng", "nucleo_g0b1re"]
KEYS = [attribution.by_step, attribution.by_function, attribution.by_line, attribution.by_kind]


def timing(board: str) -> Timing:
    found = find(board).timing
    assert found is not None
    return found


@pytest.mark.parametrize("board", BOARDS)
def test_parts_add_up_to_the_price(board: str) -> None:
    priced, costs = price(PROFILE, timing(board)), attribute(PROFILE, SOURCE, timing(board))
    for section in priced.sections:
        mine = [cost for cost in costs if cost.step == section.name]
        assert sum(cost.executions for cost in mine) == section.instructions
        assert fsum(cost.cycles for cost in mine) == pytest.approx(fsum(section.parts.values()))
    for key in KEYS:
        parts = shares(costs, key)
        assert sum(part.instructions for part in parts) == priced.instructions
        assert fsum(part.cycles for part in parts) == pytest.approx(fsum(priced.parts.values()))


def test_instructions_are_booked_on_their_lines() -> None:
    found = {share.name: share.instructions for share in shares(attribute(PROFILE, SOURCE, None), attribution.by_line)}
    assert found == {"conv.h:7": 50, "conv.h:8": 100, "pool.h:3": 7 + 4 * 11, "?": 6}


def test_waits_for_flash_are_on_a_line_of_their_own() -> None:
    costs = attribute(PROFILE, SOURCE, timing("nucleo_l4r5zi"))
    waits = [cost for cost in costs if cost.function == "(waiting for data in flash)"]
    assert [cost.step for cost in waits] == ["00_conv", "01_pool", "overhead"]
    assert all(cost.cycles == pytest.approx(2.41 * 30) and cost.executions == 0 for cost in waits)


def test_hottest_blocks_are_added_up_over_steps() -> None:
    first, *_ = hottest(PROFILE, SOURCE, timing("nucleo_l4r5zi"), 2)
    # NOP 1, LDR 2, BNE 1 and 2 for each of 40 taken: 4 * 50 + 80.
    assert (first.function, first.block.executions, first.cycles) == ("conv", 50, pytest.approx(280))
    assert [round(cycles, 2) for _, cycles in first.instructions] == [1, 2, 2.6]


def test_summary_adds_up_and_is_json() -> None:
    summary = summarize(Subject("net", timing("nucleo_l4r5zi"), {0: 100, 1: 0}), PROFILE, SOURCE, 2)
    assert summary.total.cycles == sum(layer.cycles or 0 for layer in summary.layers)
    assert summary.total.instructions == sum(layer.instructions for layer in summary.layers)
    assert summary.layers[0].cycles_per_mac == pytest.approx((summary.layers[0].cycles or 0) / 100)
    assert summary.layers[1].cycles_per_mac is None
    assert json.loads(json.dumps(as_json(summary)))["total"]["cycles"] == summary.total.cycles


def test_without_timing_nothing_is_modelled() -> None:
    summary = summarize(Subject("net", None, {}), PROFILE, SOURCE, 1)
    assert summary.total.cycles is None
    assert summary.peak_macs is None


def weighted(board: str = "") -> Weighted:
    chosen = find(board) if board else None
    return weigh("net", attribute(PROFILE, SOURCE, chosen.timing if chosen else None), 120_000_000 if board else 0)


@pytest.mark.parametrize("board", ["", *BOARDS])
def test_weights_add_up(board: str) -> None:
    expected = price(PROFILE, timing(board)).parts.values() if board else [3 * 50 + 7 + 4 * 11 + 6]
    assert weighted(board).total == round(fsum(expected))


def test_collapsed_stacks() -> None:
    lines = EXPORTS["collapsed"].write(weighted()).splitlines()
    parsed = {tuple(stack.split(";")): int(weight) for stack, _, weight in (line.rpartition(" ") for line in lines)}
    assert parsed[("00_conv", "conv", "conv.h:8")] == 100
    assert sum(parsed.values()) == weighted().total


def test_speedscope() -> None:
    """The rules of speedscope's schema for a sampled profile."""
    document = json.loads(EXPORTS["speedscope"].write(weighted("nucleo_l4r5zi")))
    assert document["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = document["shared"]["frames"]
    assert all(set(frame) <= {"name", "file", "line", "col"} and isinstance(frame["name"], str) for frame in frames)
    (profile,) = document["profiles"]
    assert set(profile) == {"type", "name", "unit", "startValue", "endValue", "samples", "weights"}
    assert profile["type"] == "sampled"
    assert profile["unit"] in ("none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes")
    assert len(profile["samples"]) == len(profile["weights"])
    assert all(0 <= frame < len(frames) for stack in profile["samples"] for frame in stack)
    assert profile["endValue"] - profile["startValue"] == sum(profile["weights"]) == weighted("nucleo_l4r5zi").total


def test_chrome_trace() -> None:
    """Complete events that nest: children lie within their parent and do not overlap."""
    events = json.loads(EXPORTS["chrome"].write(weighted("nucleo_l4r5zi")))["traceEvents"]
    spans = [event for event in events if event["ph"] == "X"]
    assert {event["ph"] for event in events} == {"X", "M"}
    assert all({"name", "ph", "ts", "dur", "pid", "tid"} <= set(event) for event in spans)
    open_spans: list[float] = []
    before = 0.0
    for span in spans:
        assert span["ts"] >= before - 1e-9
        before = span["ts"]
        while open_spans and open_spans[-1] <= span["ts"] + 1e-9:
            open_spans.pop()
        assert not open_spans or span["ts"] + span["dur"] <= open_spans[-1] + 1e-9
        open_spans.append(span["ts"] + span["dur"])
    steps = [span for span in spans if span["name"] in ("00_conv", "01_pool", "overhead")]
    assert fsum(step["dur"] for step in steps) == pytest.approx(weighted("nucleo_l4r5zi").total / 120)


@pytest.mark.skipif(shutil.which("arm-none-eabi-as") is None, reason="no arm-none-eabi-as")
def test_functions_and_lines_of_an_image(tmp_path: Path) -> None:
    elf = firmware(tmp_path, "    nop\n    bx lr")
    source = read_source(elf)
    (snippet,) = (function for function in source.functions if function.name == "snippet")
    text = (tmp_path / "image.s").read_text().splitlines()
    assert text[int(source.line(snippet.start).partition(":")[2]) - 1].strip() == "nop"
    assert source.function(snippet.start + 2) == "snippet"
    assert source.function(0x0800_0000) == source.line(0x0800_0000) == "?"
