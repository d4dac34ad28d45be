"""Profile files: read as written, refused with the place and a right value where they are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.errors import ConfigError
from hilbench.profile import Block, Cache, Counters, Profile, Section, jsonform
from hilbench.resources import shipped

BLOCK = {"address": "0x08000200", "code": "00bf00bf", "executions": 3, "taken": 1, "changes": 1}
counts = st.integers(0, 2**40)
blocks = st.builds(
    lambda address, code, executions: Block(2 * address, code * 2, executions, executions // 2, executions // 3),
    st.integers(0, 2**30), st.binary(min_size=1, max_size=20), counts,
)  # fmt: skip
regions = st.dictionaries(st.sampled_from(["flash", "ram", "ccm"]), counts)
counters = st.builds(
    Counters, regions, regions, st.none() | counts, st.none() | counts, counts, st.just(Cache(4096, 4, 32))
)


def in_order(blocks: list[Block]) -> tuple[Block, ...]:
    return tuple(sorted(blocks, key=lambda block: (block.address, block.code)))


sections = st.builds(
    lambda step, bs, c: Section(step, f"step {step}" if step >= 0 else "overhead", in_order(bs), c),
    st.integers(-1, 20), st.lists(blocks, max_size=4, unique_by=lambda b: (b.address, b.code)), counters,
)  # fmt: skip


@given(st.lists(sections, min_size=1, max_size=3))
def test_round_trip(parts: list[Section]) -> None:
    profile = Profile(tuple(parts), "mps2-an386")
    assert jsonform.from_json(json.loads(json.dumps(jsonform.to_json(profile)))) == profile


def test_file_round_trip(tmp_path: Path) -> None:
    profile = Profile((Section(0, "a", (Block(2, b"\0\xbf", 5),), Counters(unaligned=0)),))
    jsonform.write(profile, tmp_path / "p.json")
    assert jsonform.read(tmp_path / "p.json") == profile


def test_one_section_in_short() -> None:
    profile = jsonform.from_json({"blocks": [BLOCK, BLOCK], "counters": {"reads": {"flash": 4}}})
    (section,) = profile.sections
    assert section.blocks == (Block(0x08000200, bytes.fromhex("00bf00bf"), 6, 2, 2),)  # the same block, added up
    assert section.counters.reads == {"flash": 4}
    assert section.counters.unaligned is None


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ([], "profile: a list"),
        ({}, "neither of 'blocks' and 'sections'"),
        ({"blocks": [], "sections": []}, "both of 'blocks' and 'sections'"),
        ({"sections": [], "counters": {}}, "'counters' beside 'sections'"),
        ({"blocks": [{**BLOCK, "adress": 1}]}, r"unknown key 'blocks.0.adress'"),
        ({"blocks": [{**BLOCK, "code": "xy"}]}, "'xy' is not hexadecimal"),
        ({"blocks": [{**BLOCK, "address": "here"}]}, "'here' is not an address"),
        ({"blocks": [{**BLOCK, "address": "0x8000201"}]}, "address is odd"),
        ({"blocks": [{**BLOCK, "executions": -1}]}, r"'blocks.0.executions'"),
        ({"blocks": [{k: v for k, v in BLOCK.items() if k != "taken"}]}, r"'blocks.0.taken': Field required"),
        ({"blocks": [{**BLOCK, "taken": 9}]}, "taken 9"),
        ({"blocks": [], "version": 2}, "'version'"),
        ({"blocks": [], "counters": {"unaligned": "many"}}, "'counters.unaligned'"),
    ],
)
def test_what_is_wrong_is_named(raw: Any, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        jsonform.from_json(raw)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        jsonform.read(tmp_path / "missing.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ConfigError, match="not valid JSON"):
        jsonform.read(tmp_path / "broken.json")
    (tmp_path / "latin.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not valid JSON"):
        jsonform.read(tmp_path / "latin.json")


def test_the_schema_in_the_documents_is_that_of_the_code() -> None:
    assert json.loads(shipped("docs", "profile.schema.json").read_text()) == jsonform.schema()
