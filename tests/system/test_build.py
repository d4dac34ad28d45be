"""Builds with the real compiler: books that close, what does not fit, what is refused, and the cache."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from hilbench.boards import Board, find
from hilbench.build import BuildPlan, execute, export, prepare
from hilbench.build.elf import read_elf, resolve
from hilbench.build.ledger import exception_frame, make_ledger, model_info
from hilbench.build.plan import ELF
from hilbench.build.stack import NoBound, read_frame, stack_bound
from hilbench.errors import BuildError, ConfigError, DoesNotFit, ToolError
from hilbench.targets.qemu import Qemu
from tests.system.tiny import expected, tiny

MACHINES = ("mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "microbit")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def with_ram(board: Board, size: int) -> Board:
    """The board with another size of RAM."""
    ram = board.memory.ram.model_copy(update={"size": size})
    return board.model_copy(update={"memory": board.memory.model_copy(update={"ram": ram})})


def with_flash(board: Board, size: int) -> Board:
    """The board with another size of flash."""
    flash = board.memory.flash.model_copy(update={"size": size})
    return board.model_copy(update={"memory": board.memory.model_copy(update={"flash": flash})})


def test_preparing_is_pure(cache: Path) -> None:
    board = find("mps2-an386")
    one, two = prepare(tiny(), board, target="qemu"), prepare(tiny(), board, target="qemu")
    assert one == two
    assert one.digest() == two.digest()
    assert not cache.exists()


def test_what_changes_the_image_changes_the_digest() -> None:
    board = find("mps2-an386")
    plan = prepare(tiny(), board, target="qemu")
    others = [
        prepare(tiny(arena=44), board, target="qemu"),
        prepare(tiny(), board, target="qemu", optimize="-O3"),
        prepare(tiny(), find("mps2-an500"), target="qemu"),
        prepare(tiny(), with_ram(board, 64 * 1024), target="qemu"),
        replace(plan, toolchain="arm-none-eabi-gcc 99"),
    ]
    assert len({plan.digest(), *(other.digest() for other in others)}) == 1 + len(others)


def test_only_the_model_is_told_its_core() -> None:
    plan = prepare(tiny(), find("mps2-an500"), target="qemu")
    told = {command[-3] for command in plan.commands if "-DHB_CORE_CORTEX_M7=1" in command}
    assert told == {path for path in plan.files if path.startswith("model/") and path.endswith(".c")} | {
        "runtime/hb_libc.c"
    }
    assert not any(
        "HB_CORE" in word for command in prepare(tiny(), find("mps2-an500"), target="host").commands for word in command
    )


@pytest.mark.parametrize("machine", MACHINES)
def test_the_books_close(machine: str) -> None:
    image = execute(prepare(tiny(arena=41), find(machine), target="qemu"))
    ledger, elf = image.ledger, read_elf(image.elf)
    assert ledger is not None
    loaded = sum(section.size for section in elf.sections.values() if section.loaded)
    sides = ledger.flash_weights + ledger.flash_model_code + ledger.flash_model_tables + ledger.flash_harness
    assert 0 <= sides - loaded < 64, "flash is the loaded sections, and what aligns them"
    assert ledger.static_model == 0
    stack = find(machine).memory.ram.size - ledger.static_harness - ledger.static_model - 41
    assert stack == elf.symbols["hb_ram_end"].address - stack_bottom(image.elf)


def stack_bottom(elf: Path) -> int:
    """The end of the model's stack, as the runtime's C reckons it."""
    image = read_elf(elf)
    sums_end = image.symbols["hb_free"].address + 8 * model_info(image).steps
    return (sums_end + 255) // 256 * 256 + 256


@pytest.mark.parametrize("machine", MACHINES)
def test_the_harness_needs_no_library(machine: str) -> None:
    """Whatever the library brings is booked to the model, so the harness must not bring any."""
    image = execute(prepare(tiny(), find(machine), target="qemu"))
    names = set(image.symbols)
    assert not names & {"memcpy", "memset", "__aeabi_memset", "__aeabi_uldivmod", "__errno", "malloc"}
    assert {"hb_serve", "hb_step_begin", "hb_model"} <= names


def test_ram_that_is_too_small_says_how_much_is_needed() -> None:
    board = with_ram(find("mps2-an386"), 8 * 1024)
    with pytest.raises(DoesNotFit) as caught:
        execute(prepare(tiny(arena=16_000), board, target="qemu"))
    error = caught.value
    assert (error.region, error.available) == ("ram", 8 * 1024)
    assert 16_000 < error.needed < 20_000


def test_flash_that_is_too_small_says_how_much_is_needed() -> None:
    weights = "extern const unsigned char w[60000];\n"
    sources = tiny("arena[16] = w[256 * arena[0]];", before=weights)
    sources["weights.c"] = weights + "const unsigned char w[60000] = {1};\n"
    with pytest.raises(DoesNotFit) as caught:
        execute(prepare(sources, with_flash(find("mps2-an386"), 32 * 1024), target="qemu"))
    assert caught.value.region == "flash"
    assert 60_000 < caught.value.needed < 72_000


def test_one_byte_of_ram_decides() -> None:
    """The smallest RAM that the error names is enough, and one step of alignment less is not."""
    board = find("mps2-an386")
    image = execute(prepare(tiny(), board, target="qemu"))
    assert image.ledger is not None
    needed = image.ledger.static_harness + image.ledger.static_model + 40 + image.ledger.stack_bound
    execute(prepare(tiny(), with_ram(board, needed), target="qemu"))
    with pytest.raises(DoesNotFit) as caught:
        execute(prepare(tiny(), with_ram(board, needed - 1), target="qemu"))
    assert caught.value.needed == needed


def test_a_compiler_error_shows_command_and_message() -> None:
    with pytest.raises(BuildError) as caught:
        execute(prepare({"model.c": "int x = ;"}, find("mps2-an386"), target="qemu"))
    assert "expected expression" in caught.value.output
    assert caught.value.command[0] == "arm-none-eabi-gcc"


def test_a_heap_is_refused() -> None:
    before = "#include <stdlib.h>\n"
    crime = "{ void *volatile p = malloc(arena[0]); arena[16] = p != 0; }"
    with pytest.raises(BuildError, match=r"heap|_sbrk"):
        execute(prepare(tiny(crime, before=before), find("mps2-an386"), target="qemu"))


def test_a_missing_compiler_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from hilbench.build import toolchain  # noqa: PLC0415

    toolchain._version.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="apt-get install gcc-arm-none-eabi"):
        prepare(tiny(), find("mps2-an386"), target="qemu")
    toolchain._version.cache_clear()


def test_wrong_clock_port_and_emulator_are_named() -> None:
    board = find("mps2-an386")
    with pytest.raises(ConfigError, match=r"no clock profile 'turbo'.*full"):
        prepare(tiny(), board, target="board", clock="turbo")
    with pytest.raises(ConfigError, match="emulator"):
        prepare(tiny(), board.model_copy(update={"emulator": None}), target="qemu")
    with pytest.raises(ConfigError, match="port"):
        prepare(tiny(), board.model_copy(update={"port": ""}), target="board")


def test_building_happens_once(cache: Path) -> None:
    plan = prepare(tiny(), find("mps2-an386"), target="qemu")
    with ThreadPoolExecutor(3) as pool:
        images = list(pool.map(execute, [plan] * 3))
    assert len({image.elf for image in images}) == 1
    built = images[0].elf.stat().st_mtime_ns
    assert execute(plan) == images[0]
    assert images[0].elf.stat().st_mtime_ns == built
    assert not list(cache.glob("builds/building-*"))


def test_a_build_that_was_killed_leaves_nothing_that_counts(cache: Path) -> None:
    plan = prepare(tiny(), find("mps2-an386"), target="qemu")
    folder = cache / "builds" / plan.digest()
    folder.mkdir(parents=True)
    (folder / ELF).write_text("half an ELF")
    assert execute(plan).ledger is not None
    assert (folder / ELF).read_bytes()[:4] == b"\x7fELF"


def test_a_cache_that_cannot_be_written_is_a_tool_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HILBENCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(ToolError, match="HILBENCH_CACHE"):
        execute(prepare(tiny(), find("mps2-an386"), target="qemu"))


def test_an_exported_folder_builds_the_same_by_hand(tmp_path: Path) -> None:
    plan: BuildPlan = prepare(tiny(), find("mps2-an386"), target="qemu")
    script = export(plan, tmp_path / "out")
    subprocess.run([str(script)], check=True, env={"PATH": os.environ["PATH"]})
    ours, theirs = read_elf(execute(plan).elf), read_elf(tmp_path / "out" / ELF)
    assert ours.sections == theirs.sections
    assert plan.build_id in script.read_text()


@pytest.mark.parametrize("machine", MACHINES)
def test_frames_agree_with_the_compiler(machine: str, cache: Path) -> None:
    """Our reading of the machine code against gcc's own -fstack-usage, function by function."""
    board = find(machine)
    before = "__attribute__((noipa)) static int far(int n) { volatile int a[700]; a[n] = 1; return a[0]; }\n"
    before += "__attribute__((noipa)) static int long_way(int n) { do { __asm volatile("
    before += '"' + "nop\\n" * 1500 + '"); } while (--n > 0); return n + far(n); }\n'
    before += "#include <math.h>\nstatic volatile float f; static volatile double d;\n"
    plan = prepare(
        tiny("f = expf(f); d = d * f; arena[16] = far(3) + long_way(2);", before=before), board, target="qemu"
    )
    plan = replace(plan, commands=tuple((*c, "-fstack-usage") if "-c" in c else c for c in plan.commands))
    image = execute(plan)
    elf, usage = read_elf(image.elf), {}
    for report in image.elf.parent.glob("obj/*/*.su"):
        for line in report.read_text().splitlines():
            place, size, kind = line.split("\t")
            usage[place.rsplit(":", 1)[1]] = (int(size), kind)
    compared = 0
    for address, name in elf.functions.items():
        if name in usage and usage[name][1] == "static" and not re.search("psp|step_begin|entry|reset", name):
            assert read_frame(elf, address).own == usage[name][0], name
            compared += 1
    assert compared > 20
    assert usage["far"][0] >= 2800
    ledger = make_ledger(elf, plan.regions, plan.flags)
    assert ledger.stack_bound > usage["far"][0] + exception_frame(plan.flags)


NO_BOUND = {
    "through a register": (
        "static int f0(int n) { return n; }\nint (*volatile f)(int) = f0;\n",
        "arena[0] = (uint8_t)f(3);",
    ),
    "calls itself": (
        "__attribute__((noipa)) static int f(int n) { return n > 1 ? f(n - 1) + f(n - 2) : 1; }\n",
        "arena[0] = (uint8_t)f(3);",
    ),
    "variable amount": ("", "{ volatile uint8_t some[arena[0] + 1]; some[arena[1]] = 1; arena[2] = some[arena[1]]; }"),
}


@pytest.mark.parametrize("why", NO_BOUND)
def test_what_has_no_bound_is_said(why: str) -> None:
    before, crime = NO_BOUND[why]
    with pytest.raises(BuildError, match=f"{why}|stack pointer"):
        execute(prepare(tiny(crime, before=before), find("mps2-an386"), target="qemu"))


@pytest.mark.parametrize("machine", ("mps2-an386", "microbit"))
def test_clang_makes_the_same_firmware(machine: str) -> None:
    """Another compiler and linker, the same sources, linker script and books; nothing of its library in the harness."""
    if importlib.util.find_spec("ziglang") is None:
        pytest.skip("clang comes with the package ziglang, which is not installed")
    board = find(machine)
    image = execute(prepare(tiny(), board, target="qemu", toolchain="zig"))
    assert "clang" in image.toolchain
    assert not {"memcpy", "memset", "__aeabi_memcpy", "__aeabi_lmul"} & set(image.symbols)
    with Qemu().open(board, image) as session:
        session.write_input(0, bytes(range(8)))
        session.run()
        assert session.read_output(0) == expected(bytes(range(8)))
        marks = {mark.region: mark.used for mark in session.watermarks()}
    assert image.ledger is not None
    assert 0 < marks["stack"] <= image.ledger.stack_bound
    with pytest.raises(DoesNotFit) as caught:
        execute(prepare(tiny(arena=20_000), with_ram(board, 8 * 1024), target="qemu", toolchain="zig"))
    assert 20_000 < caught.value.needed < 24_000


def test_a_missing_root_is_refused(cache: Path) -> None:
    elf = read_elf(execute(prepare(tiny(), find("mps2-an386"), target="qemu")).elf)
    with pytest.raises((NoBound, StopIteration, KeyError)):
        stack_bound(elf, 0xFFFF0000, {})


def test_addresses_have_functions_and_lines() -> None:
    image = execute(prepare(tiny(), find("mps2-an386"), target="qemu"))
    place = resolve(image.elf, image.symbols["hb_step_00_double"].address)
    assert re.fullmatch(r"hb_step_00_double model\.c:\d+", place)
    assert resolve(image.elf, 0xDEADBEEE) == ""
