"""What holds for every timing model and every export format, whatever the code."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.profile import Block, Counters, Profile, Section
from hilbench.profile.attribution import attribute
from hilbench.profile.decode import Kind, decode
from hilbench.profile.export import weigh
from hilbench.profile.exports import EXPORTS
from hilbench.profile.lines import Source
from hilbench.profile.price import EVENTS
from hilbench.profile.timing import TIMINGS

code = st.binary(min_size=2, max_size=60).filter(lambda b: len(b) % 2 == 0)
addresses = st.integers(0, 2**30).map(lambda n: 2 * n)


@given(addresses, code)
def test_decoding_covers_every_byte_once(address: int, block: bytes) -> None:
    found = decode(address, block)
    assert sum(instruction.size for instruction in found) == len(block)
    places = [instruction.address_of for instruction in found]
    assert places == [address + sum(i.size for i in found[:n]) for n in range(len(found))]


@pytest.mark.parametrize("core", TIMINGS)
@given(address=addresses, block=code)
def test_every_instruction_gets_cycles(core: str, address: int, block: bytes) -> None:
    instructions = decode(address, block)
    cycles = TIMINGS[core].issue(instructions)
    assert len(cycles) == len(instructions)
    assert all(0 <= each <= 40 for each in cycles)
    assert sum(cycles) >= len(instructions) / 2


@pytest.mark.parametrize("core", TIMINGS)
def test_a_core_says_its_sources_and_knows_its_events(core: str) -> None:
    timing = TIMINGS[core]
    assert timing.name == core
    assert timing.source
    assert set(timing.events) <= set(EVENTS)
    assert Kind.UNKNOWN not in timing.covers
    assert 0 < timing.peak_macs <= 2


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_written_whatever_the_names(name: str) -> None:
    block = Block(0, bytes.fromhex("00bf00bf"), 5)
    profile = Profile((Section(0, 'a "quoted"; name', (block,), Counters()), Section(1, "b", (block,), Counters())))
    text = EXPORTS[name].write(weigh("net", attribute(profile, Source((), ()), None)))
    assert text
    if EXPORTS[name].suffix.endswith(".json"):
        json.loads(text)
