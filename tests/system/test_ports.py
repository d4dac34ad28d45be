"""Ports of real chips: they build for every board and clock profile, and one runs where QEMU has its USART."""

from __future__ import annotations

import shutil

import pytest

from hilbench.boards import boards, find
from hilbench.build import execute, prepare
from hilbench.targets.line import SerialLine
from hilbench.targets.process import started
from hilbench.targets.session import Deadlines, LinkSession
from tests.system.tiny import expected, tiny

pytestmark = pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="arm-none-eabi-gcc is not installed")
CHIPS = sorted(name for name in boards() if find(name).probe is not None)


@pytest.mark.parametrize("name", CHIPS)
@pytest.mark.parametrize("clock", ["full", "reset"])
def test_builds(name: str, clock: str) -> None:
    board = find(name)
    assert set(board.clock.hz) == {"full", "reset"}
    image = execute(prepare(tiny(), board, target="board", clock=clock))
    assert image.symbols["hb_vectors"].address == board.memory.flash.origin


def test_stm32f4_in_qemu() -> None:
    """QEMU's netduinoplus2 is an STM32F405 without a clock tree: what the reset profile of an STM32F446 needs."""
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("qemu-system-arm is not installed")
    image = execute(prepare(tiny(), find("nucleo_f446re"), target="board", clock="reset"))

    def command(link: int) -> list[str]:
        second_usart = ["-serial", "null", "-serial", "chardev:link"]
        argv = ["qemu-system-arm", "-machine", "netduinoplus2", "-icount", "shift=6", "-kernel", str(image.elf)]
        chardev = f"socket,id=link,fd={link},server=on,wait=on"
        return [*argv, "-display", "none", "-monitor", "none", "-chardev", chardev, *second_usart]

    with started(command, repair="") as child, SerialLine(child.url, 115200, child.explain) as line:
        session = LinkSession(line, image, Deadlines(hello=20, answer=20, run=20), check=child.check)
        assert session.hello.clock_hz == 16_000_000
        session.write_input(0, bytes(range(8)))
        session.run()
        assert session.read_output(0) == expected(bytes(range(8)))
