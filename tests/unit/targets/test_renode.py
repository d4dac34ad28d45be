"""What is generated for Renode, against golden files; and a program in its place that plays the part."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hilbench.boards import find
from hilbench.build.image import FirmwareImage
from hilbench.build.plan import prepare
from hilbench.errors import TargetError, ToolError
from hilbench.targets import renode
from hilbench.targets.target import TARGETS

GOLDEN = Path(__file__).parents[2] / "golden" / "renode"
BOARDS = ("nucleo_l4r5zi", "nucleo_g0b1re", "nucleo_h743zi", "nucleo_u575zi")


def image(folder: Path) -> FirmwareImage:
    return FirmwareImage(folder / "firmware.elf", "0123456789abcdef", "gcc", ())


@pytest.mark.parametrize("name", BOARDS)
def test_platform_is_the_golden_one(name: str) -> None:
    assert renode.platform(find(name)) == (GOLDEN / f"{name}.repl").read_text()


def test_script_is_the_golden_one() -> None:
    text = renode.script(find("nucleo_l4r5zi"), Path("/run/board.repl"), Path("/run/firmware.elf"), 4321)
    assert text == (GOLDEN / "nucleo_l4r5zi.resc").read_text()


def test_firmware_lies_at_the_board_s_own_addresses() -> None:
    """Unlike for QEMU, whose machine has its memories elsewhere."""
    board = find("nucleo_h743zi")
    plan = prepare({"model.c": ""}, board, target="renode")
    assert [region.origin for region in plan.regions] == [board.memory.flash.origin, board.memory.ram.origin]
    assert "ports/mps2.c" in plan.files
    assert not any("ICOUNT" in word for command in plan.commands for word in command)


def test_without_renode_the_repair_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"renode\.io"), TARGETS["renode"].open(find("nucleo_l4r5zi"), image(tmp_path)):
        pass


def test_a_renode_that_ends_is_told_with_its_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "renode"
    program.write_text(f"#!{sys.executable}\nimport sys\nprint('no such platform', open(sys.argv[-1]).readline())\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    said = r'(?s)exit code 0.*no such platform mach create "nucleo_l4r5zi"'
    with pytest.raises(TargetError, match=said), TARGETS["renode"].open(find("nucleo_l4r5zi"), image(tmp_path)):
        pass
