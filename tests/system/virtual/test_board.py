"""Target `board` on virtual boards: stock pyOCD and pySerial against a chip at the level of its registers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hilbench.build import execute, prepare
from hilbench.errors import FlashError, LinkError, TargetError, TargetFault, TargetTimeout, ToolError
from hilbench.targets import probe as probes
from hilbench.targets.board import SIMULATED, OnBoard, WrongChipError, connect, flash, flash_image
from hilbench.targets.probe import debugger, locked
from hilbench.targets.session import Deadlines
from hilbench.targets.target import TARGETS, StepSample
from hilbench.wire.frame import Frame
from hilbench.wire.messages import Kind
from tests.system.tiny import expected, tiny
from tests.system.virtual.conftest import Rig, Start

BOARDS = ("disco_l475iot", "nrf52840dk", "nucleo_f767zi")
RIGHT = expected(bytes(range(8)))
PATIENT = Deadlines(hello=20.0, answer=20.0, run=20.0, repeat=0.1)
HOLDER = """
import time
from hilbench.targets.probe import locked
with locked("P1"):
    print("held", flush=True)
    time.sleep(60)
"""

pytestmark = pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed")


@pytest.mark.parametrize("name", BOARDS)
def test_flashes_once_and_runs(start: Start, name: str) -> None:
    rig = start(name)
    image = rig.build()
    assert rig.run(image) == RIGHT
    with debugger() as process:
        described = connect(process, rig.board, rig.board.probe.unique_id)
        programmed = flash(process, image.elf)
    assert described.startswith(SIMULATED)
    assert not programmed, "the image was there already"
    assert rig.run(image) == RIGHT


@pytest.mark.parametrize("name", BOARDS)
def test_steps_cost_what_they_cost_in_qemu(start: Start, name: str) -> None:
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not installed")
    rig = start(name)
    with OnBoard().open(rig.board, rig.build()) as session:
        virtual = session.run()
        assert session.hello.counter == "dwt"
        assert session.hello.simulator == f"{SIMULATED} {name}"
        assert session.hello.clock_hz == rig.board.clock.hz["full"]
    emulated = _in_qemu(rig)
    assert [s.ticks for s in virtual[:-1]] == [s.ticks for s in emulated[:-1]]


def _in_qemu(rig: Rig) -> list[StepSample]:
    image = execute(prepare(tiny(), rig.board, target="qemu"))
    with TARGETS["qemu"].open(rig.board, image) as session:
        return session.run()


def test_another_image_replaces_the_first(start: Start) -> None:
    rig = start("nrf52840dk")
    assert rig.run(rig.build()) == RIGHT
    changed = rig.run(rig.build("arena[16] = 77;"))
    assert changed != RIGHT
    assert changed[-1] == 77


@pytest.mark.parametrize(("name", "phase"), [("nrf52840dk", "verifying"), ("disco_l475iot", "programming")])
def test_stuck_bit_is_found(start: Start, name: str, phase: str) -> None:
    """The STM32L4's controller refuses a cell that is not erased; of the nRF's flash only reading back tells."""
    origin = {"nrf52840dk": 0, "disco_l475iot": 0x0800_0000}[name]
    rig = start(name, f"stuck-bit:{_a_set_bit(origin)}")
    image = rig.build()
    address, data = flash_image(image.elf)
    assert address == origin
    assert data[_OFFSET] & 1 << _BIT, "the image must have a 1 where the bit is stuck"
    with pytest.raises(FlashError) as caught:
        rig.run(image)
    assert caught.value.phase == phase
    assert caught.value.address is not None
    assert caught.value.address <= origin + _OFFSET < caught.value.address + 0x1000


_OFFSET, _BIT = 4, 0  # the reset vector is a Thumb address


def _a_set_bit(origin: int) -> str:
    return f"{origin + _OFFSET}:{_BIT}"


@pytest.mark.parametrize("name", BOARDS[:2])
def test_dead_erase_is_found(start: Start, name: str) -> None:
    rig = start(name, "dead-erase")
    assert rig.run(rig.build()) == RIGHT, "the first image goes into flash as it left the factory"
    with pytest.raises(FlashError):
        rig.run(rig.build("arena[16] = 78;"))


def test_programming_error_is_reported(start: Start) -> None:
    rig = start("disco_l475iot", "program-error:0x08000100")
    with pytest.raises(FlashError) as caught:
        rig.run(rig.build())
    assert caught.value.phase == "programming"


@pytest.mark.parametrize("name", BOARDS)
def test_wrong_chip_is_refused_before_erase(start: Start, name: str) -> None:
    rig = start(name, "wrong-chip")
    with pytest.raises(WrongChipError, match="nothing was erased"):
        rig.run(rig.build())
    with debugger() as process:
        process.ask("connect", probe=rig.board.probe.unique_id, target=rig.board.probe.target, mode="halt", pack="")
        assert process.ask("read_word", address=rig.board.memory.flash.origin) == 0xFFFF_FFFF


@pytest.mark.parametrize("name", BOARDS[:2])
def test_locked_chip_is_refused(start: Start, name: str) -> None:
    rig = start(name, "locked")
    with pytest.raises(TargetError):
        rig.run(rig.build())


def test_chip_held_in_reset(start: Start) -> None:
    rig = start("disco_l475iot", "held-in-reset")
    with pytest.raises(TargetError):
        rig.run(rig.build())


def test_unknown_chip_says_how_to_get_its_pack(start: Start) -> None:
    rig = start("disco_l475iot")
    image = rig.build()
    chip = rig.board.probe.model_copy(update={"target": "stm32u575zi"})
    board = rig.board.model_copy(update={"probe": chip})
    with pytest.raises(ToolError, match="pyocd pack install stm32u575zi"), OnBoard().open(board, image):
        pass


def test_probe_unplugged_while_flashing(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = start("disco_l475iot", "unplug-after:400")
    monkeypatch.setitem(probes.SECONDS, "program", 3.0)
    with pytest.raises(TargetError):
        rig.run(rig.build())
    assert rig.process.wait(timeout=10) == 0


def test_probe_unplugged_while_running(start: Start) -> None:
    rig = start("disco_l475iot", "unplug-running:1000000")
    image = rig.build("for (volatile int i = 0; i < 1000000; i++) { }")
    with pytest.raises(LinkError):
        rig.run(image, PATIENT)


def test_silent_uart(start: Start) -> None:
    rig = start("disco_l475iot", "silent-uart")
    with pytest.raises(TargetTimeout, match="the target sent nothing"):
        rig.run(rig.build())


def test_wrong_baud_rate(start: Start) -> None:
    rig = start("disco_l475iot")
    image = rig.build()
    board = rig.board.model_copy(update={"serial": rig.board.serial.model_copy(update={"baud": 57600})})
    with pytest.raises(TargetTimeout):
        Rig(rig.process, board).run(image)


@pytest.mark.parametrize("fault", ["loss:0.004", "dup:0.004", "flip:0.004"])
def test_right_over_a_bad_line(start: Start, fault: str) -> None:
    rig = start("disco_l475iot", fault)
    with OnBoard().open(rig.board, rig.build(), deadlines=PATIENT) as session:
        for first in range(40):
            data = bytes(range(first, first + 8))
            session.write_input(0, data)
            session.run()
            assert session.read_output(0) == expected(data)
        assert session.repeated + sum(session.dropped.values()) > 0, "the line was not bad at all"


def test_bad_debug_line_is_right_or_an_error(start: Start) -> None:
    rig = start("nrf52840dk", "nack:0.002")
    try:
        assert rig.run(rig.build()) == RIGHT
    except TargetError as error:
        assert "acknowledge" in str(error) or isinstance(error, FlashError)


@pytest.mark.parametrize("name", BOARDS)
def test_fault_of_the_firmware_is_located(start: Start, name: str) -> None:
    rig = start(name)
    with pytest.raises(TargetFault) as caught:
        rig.run(rig.build("*(volatile int *)0x60000000 = 1;"))
    assert caught.value.step == "step 1"
    assert "hb_step_01_add" in caught.value.place
    assert "model.c:" in caught.value.place
    assert caught.value.registers["address"] == 0x6000_0000


def test_undefined_instruction(start: Start) -> None:
    rig = start("disco_l475iot")
    with pytest.raises(TargetFault) as caught:
        rig.run(rig.build('__asm volatile("udf #7");'))
    assert "hb_step_01_add" in caught.value.place


def test_stack_overflow(start: Start) -> None:
    rig = start("disco_l475iot")
    with pytest.raises(TargetFault, match="stack") as caught:
        rig.run(rig.build('__asm volatile("1: push {r0-r7}\\n b 1b");'))
    assert caught.value.step == "step 1"


def test_store_to_flash_is_a_fault(start: Start) -> None:
    rig = start("disco_l475iot")
    with pytest.raises(TargetFault):
        rig.run(rig.build("*(volatile int *)0x08000400 = 1;"))


@pytest.mark.parametrize("fault", ["lockup-after:3000000", "reset-after:3000000"])
def test_chip_that_dies_in_the_middle(start: Start, fault: str) -> None:
    rig = start("disco_l475iot", fault)
    image = rig.build("for (volatile int i = 0; i < 2000000; i++) { }")
    with pytest.raises(TargetTimeout):
        rig.run(image)


def test_nothing_of_an_earlier_run_is_taken_for_an_answer(start: Start) -> None:
    """The firmware of the earlier run crashed, and its answers still stand in the line's buffer."""
    rig = start("disco_l475iot")
    with pytest.raises(TargetFault):
        rig.run(rig.build("*(volatile int *)0x60000000 = 1;"))
    line = os.open(rig.board.serial.port, os.O_RDWR | os.O_NOCTTY)
    try:
        for sequence in range(5):
            os.write(line, Frame(Kind.HELLO, sequence, 4711).encode())
        assert rig.run(rig.build()) == RIGHT
    finally:
        os.close(line)


def test_probe_held_by_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path))
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TargetError, match=f"held by process {holder.pid}"), locked("P1", seconds=0.2):
            pass
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    with locked("P1", seconds=0.2):
        pass


def test_host_killed_and_restarted(start: Start, tmp_path: Path) -> None:
    rig = start("disco_l475iot")
    image = rig.build("for (volatile int i = 0; i < 100000; i++) { }")
    victim = os.fork()
    if victim == 0:
        with OnBoard().open(rig.board, image) as session:
            while True:
                session.run()
    _wait(lambda: _debuggers(victim))
    children = _debuggers(victim)
    os.kill(victim, signal.SIGKILL)
    os.waitpid(victim, 0)
    assert rig.run(image) == RIGHT
    _wait(lambda: not [pid for pid in children if Path(f"/proc/{pid}").exists()])


def _debuggers(parent: int) -> list[int]:
    """Child processes of `parent`."""
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def _wait(done: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
