"""Faults on the command line, the debug port, the exceptions' stacking, and what blocks cost."""

from __future__ import annotations

import pytest

from hilbench.errors import UsageError
from hilbench.virtual.bus import Bus, Memory, Peripheral
from hilbench.virtual.core import count_instructions
from hilbench.virtual.debugport import AHB_AP_IDR, AhbAp, DebugPort, TransferFaultError
from hilbench.virtual.faults import Faults
from hilbench.virtual.timing import cycles_of

CSW, TAR, DRW = 0x0, 0x4, 0xC


class Still:
    """A core that stands still and does at once what it is asked for."""

    class still:  # noqa: N801
        wait = staticmethod(lambda seconds: True)

    call = staticmethod(lambda work: work())
    touched = staticmethod(lambda: None)


def debug_port(hidden: int = -1) -> DebugPort:
    bus = Bus([Memory.of(0x2000_0000, 0x1000)], [Peripheral(0xE000_2000)])
    port = DebugPort({0: AhbAp(bus, Still(), lambda address: address == hidden)})  # type: ignore[arg-type]
    port.write_dp(0x4, 0x5000_0000)
    return port


def test_access_needs_power() -> None:
    port = debug_port()
    port.write_dp(0x4, 0)
    with pytest.raises(TransferFaultError):
        port.read_ap(CSW)


def test_access_port_is_identified() -> None:
    port = debug_port()
    port.write_dp(0x8, 0xF0)
    assert port.read_ap(0xFC) == [AHB_AP_IDR]
    port.write_dp(0x8, 0x0100_00F0)
    assert port.read_ap(0xFC) == [0], "there is one access port only"


def test_block_transfer_increments_within_a_kilobyte() -> None:
    port = debug_port()
    port.write_ap(CSW, [0x2300_0012])
    port.write_ap(TAR, [0x2000_03F8])
    port.write_ap(DRW, [1, 2])
    assert port.read_ap(TAR) == [0x2000_0000]
    port.write_ap(TAR, [0x2000_03F8])
    assert port.read_ap(DRW, 2) == [1, 2]


def test_bytes_travel_in_their_lanes() -> None:
    port = debug_port()
    port.write_ap(CSW, [0x2300_0010])
    port.write_ap(TAR, [0x2000_0001])
    port.write_ap(DRW, [0x0000_AA00, 0x00BB_0000])
    port.write_ap(TAR, [0x2000_0001])
    assert port.read_ap(DRW, 2) == [0x0000_AA00, 0x00BB_0000]


@pytest.mark.parametrize("address", [0x6000_0000, 0x2000_0010])
def test_fault_sticks_until_it_is_cleared(address: int) -> None:
    port = debug_port(hidden=0x2000_0010)
    port.write_ap(TAR, [address])
    with pytest.raises(TransferFaultError):
        port.read_ap(DRW)
    with pytest.raises(TransferFaultError):
        port.read_ap(CSW)
    assert port.read_dp(0x4) & 1 << 5
    port.write_dp(0x0, 0x1E)
    assert port.read_ap(CSW)


def test_faults_are_parsed() -> None:
    faults = Faults.parse(["dead-erase", "stuck-bit:0x10:3", "loss:0.25", "unplug-after:7"])
    assert faults.dead_erase
    assert (faults.stuck_bit, faults.loss, faults.unplug_after) == (0x83, 0.25, 7)


@pytest.mark.parametrize(("text", "hint"), [("los:0.1", "loss"), ("loss", "loss:0.001"), ("unplug-after:x", "1000")])
def test_wrong_faults_say_what_is_right(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        Faults.parse([text])


def test_instructions_and_cycles_of_a_block() -> None:
    """LDR r0,[r1]; LDR r2,[r1,#4]; ADD r0,r0,r2; MLA r3,r0,r0,r3 (32 bits); B: the second load pipelines."""
    code = bytes.fromhex("0868 4a68 8018 00fb0033 fee7".replace(" ", ""))
    assert count_instructions(code, 0) == (5, 0)
    assert cycles_of("cortex-m4")(code, 0x100) == (2 + 1 + 1 + 1 + 1, 2)
