"""Recordings written by hand: runs, overhead, and files that break off."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from hilbench.errors import ToolError
from hilbench.profile import Block, Cache
from hilbench.profile.pieces import whole_blocks
from hilbench.profile.record import NO_MARK, calls, read, runs

CALL, RETURN, EXIT = 1, 2, 3
NOPS = bytes.fromhex("00bf00bf")
HEAD = b"HBPROF\1\0" + struct.pack("<I16s16s16sI", 3, b"flash", b"ram", b"device", 1)
END = struct.pack("<I", 3)


def block(address: int, code: bytes = NOPS) -> bytes:
    return struct.pack("<III", 1, address, len(code)) + code


def segment(ended_by: int, mark: int | None = None, ran: dict[int, int] | None = None, reads: int = 0) -> bytes:
    head = struct.pack("<III", 2, ended_by, NO_MARK if mark is None else mark)
    counters = struct.pack("<9Q", reads, 0, 0, 0, 0, 0, 0, 0, reads)
    counts = ran or {}
    entries = b"".join(struct.pack("<IQQQ", number, times, 0, 0) for number, times in counts.items())
    return head + counters + struct.pack("<I", len(counts)) + entries


def recording(folder: Path, *parts: bytes) -> Path:
    path = folder / "recording"
    path.write_bytes(HEAD + b"".join(parts))
    return path


def executions(profile: object) -> dict[int, dict[int, int]]:
    return {s.step: {b.address: b.executions for b in s.blocks} for s in profile.sections}  # type: ignore[attr-defined]


def test_a_run_of_two_steps(tmp_path: Path) -> None:
    path = recording(
        tmp_path, block(0), block(8), block(16),
        segment(CALL, ran={0: 100}),  # before the run
        segment(RETURN, 0, {1: 1}),  # begin of step 0
        segment(CALL, ran={2: 5}, reads=7),
        segment(RETURN, 1, {1: 1}),
        segment(CALL, ran={2: 6}),
        segment(CALL, 2, {0: 50}),  # the last call returns to another place than it came from
        END,
    )  # fmt: skip
    found = read(path, Cache(64, 1, 16))
    assert found.complete
    (profile,) = runs(found, ["a", "b"], 1, "machine")
    assert [section.name for section in profile.sections] == ["a", "b", "overhead"]
    assert executions(profile) == {0: {16: 5}, 1: {16: 6}, -1: {8: 2}}
    assert profile.sections[0].counters.reads == {"flash": 7, "ram": 0, "device": 0}
    assert profile.sections[0].counters.flash_line_misses == 7


def test_patches_begin_a_step_again(tmp_path: Path) -> None:
    path = recording(
        tmp_path, block(0), block(8),
        segment(CALL), segment(RETURN, 0, {1: 1}), segment(CALL, ran={0: 2}),
        segment(RETURN, 1, {1: 1}), segment(CALL, ran={0: 3}),
        segment(RETURN, 0, {1: 1}), segment(CALL, ran={0: 4}),
        segment(RETURN, 1, {1: 1}), segment(CALL, ran={0: 5}),
        segment(RETURN, 2, {1: 1}), END,
    )  # fmt: skip
    (profile,) = runs(read(path), ["a", "b"], 1)
    assert executions(profile) == {0: {0: 6}, 1: {0: 8}, -1: {8: 5}}


def test_the_last_runs_are_taken_and_too_few_are_an_error(tmp_path: Path) -> None:
    parts = [block(0)]
    for times in (1, 2, 3):
        parts += [segment(CALL), segment(RETURN, 0), segment(CALL, ran={0: times}), segment(RETURN, 1)]
    found = read(recording(tmp_path, *parts, END))
    assert [executions(profile)[0] for profile in runs(found, ["a"], 2)] == [{0: 2}, {0: 3}]
    with pytest.raises(ToolError, match="holds 3 runs, not 4"):
        runs(found, ["a"], 4)


def test_calls_of_a_function(tmp_path: Path) -> None:
    path = recording(
        tmp_path, block(0),
        segment(CALL), segment(RETURN, ran={0: 1}), segment(CALL, ran={0: 9}), segment(RETURN, ran={0: 2}),
        segment(CALL), segment(EXIT, ran={0: 3}), END,
    )  # fmt: skip
    assert [executions(profile) for profile in calls(read(path), "invoke")] == [{0: {0: 1}}, {0: {0: 2}}]


def test_without_a_cache_misses_are_not_recorded(tmp_path: Path) -> None:
    path = recording(tmp_path, block(0), segment(CALL), segment(RETURN), END)
    assert calls(read(path), "invoke")[0].sections[0].counters.flash_line_misses is None


def test_a_recording_that_breaks_off_is_read_up_to_there(tmp_path: Path) -> None:
    whole = recording(tmp_path, block(0), segment(CALL), segment(RETURN, ran={0: 1}), END).read_bytes()
    for size in range(len(HEAD), len(whole)):
        (tmp_path / "part").write_bytes(whole[:size])
        found = read(tmp_path / "part")
        assert not found.complete
        assert len(found.segments) <= 2


def test_files_that_are_no_recordings(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no recording: No such file"):
        read(tmp_path / "missing")
    (tmp_path / "other").write_bytes(b"something else")
    with pytest.raises(ToolError, match="not a recording of this version"):
        read(tmp_path / "other")
    with pytest.raises(ToolError, match="unknown record 9"):
        read(recording(tmp_path, struct.pack("<III", 9, 1, 1)))


ADD = bytes.fromhex("0130")  # ADDS r0, #1
LOOP = ADD + bytes.fromhex("fdd1")  # ... BNE


def test_a_block_cut_by_the_emulator_is_joined() -> None:
    joined = whole_blocks([Block(0, ADD * 2, 3), Block(4, LOOP, 3, 2, 1)])
    assert joined == (Block(0, ADD * 2 + LOOP, 3, 2, 1),)


def test_a_joined_block_leaves_the_other_entries() -> None:
    joined = whole_blocks([Block(0, ADD, 4), Block(2, LOOP, 10, 5, 2)])
    assert joined == (Block(0, ADD + LOOP, 4, 2, 1), Block(2, LOOP, 6, 3, 1))


def test_a_block_cut_twice() -> None:
    joined = whole_blocks([Block(0, ADD, 1), Block(2, ADD, 1), Block(4, LOOP, 1), Block(0, ADD * 2 + LOOP, 9, 8, 1)])
    assert joined == (Block(0, ADD * 2 + LOOP, 10, 8, 1),)


def test_what_ends_in_a_branch_or_is_in_doubt_is_left() -> None:
    branches = [Block(0, LOOP, 3, 0, 0), Block(4, ADD, 3)]
    doubtful = [Block(0, ADD, 3), Block(2, ADD, 2), Block(2, LOOP, 1)]
    for blocks in (branches, doubtful):
        assert whole_blocks(blocks) == tuple(sorted(blocks, key=lambda b: (b.address, b.code)))
