"""How fast QEMU executes with and without the block profiler: `python benchmarks/profiler.py MODEL... [--runs N]`.

A model is built without harness and link, so that nothing waits for this computer, and run N times under -icount, as
`hilbench run` does. What counts is QEMU's processor time, less that of one run (boot, translation). Both take turns,
and the best of several rounds is printed, because everything else on the machine only ever adds time.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
from pathlib import Path

from hilbench.boards import find
from hilbench.codegen import generate
from hilbench.profile import plugin, record
from hilbench.profile.firmware import command, function_address, read_firmware
from hilbench.profile.price import executed
from hilbench.resources import shipped
from hilbench.runner.firmware import plan_model
from hilbench.suite import of_model

MACHINE, BOARD = "mps2-an386", "nucleo_l4r5zi"
COMPILE = ("arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-O2")
LINK = ("-nostartfiles", "-ffreestanding", "-Wl,--no-warn-rwx-segments", "-masm-syntax-unified")
SCRIPT = """
SECTIONS {
    .text 0 : { KEEP(*(.vectors)) *(.text*) *(.rodata*) }
    .bss 0x20000000 (NOLOAD) : { *(.data* .bss* .arena*) . = ALIGN(8); . += 0x10000; stack_top = .; end = .; }
}
"""


def build(model: str, runs: int, folder: Path) -> Path:
    """The model's sources and the small main program, linked."""
    (entry,) = of_model(model).models
    _, plan = plan_model(entry, entry.variants[0], find(BOARD))
    sources = generate(plan, "bench")
    for name, text in sources.items():
        (folder / name).write_text(text)
    (folder / "bench.ld").write_text(SCRIPT)
    files = [str(folder / name) for name in sources if name.endswith(".c")]
    files += [str(shipped("benchmarks", "profiler_main.c")), str(shipped("firmware", "runtime", "hb_libc.c"))]
    includes = [f"-I{shipped('firmware', room)}" for room in ("runtime", "kernels")] + [f"-I{folder}"]
    elf = folder / f"bench{runs}.elf"
    line = (*COMPILE, f"-DRUNS={runs}", *includes, *files, *LINK, "-T", str(folder / "bench.ld"), "-lm", "-o", str(elf))
    subprocess.run(line, check=True)
    return elf


def seconds(elf: Path, extra: tuple[str, ...]) -> float:
    """Processor time of QEMU from boot to exit."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command(MACHINE, elf, extra), check=True, stdin=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def speed(model: str, runs: int, rounds: int) -> tuple[float, float]:
    """Millions of instructions per second: bare, and under the profiler."""
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name), Path(name) / "recording"
        one, many = build(model, 1, folder), build(model, runs + 1, folder)
        elf = read_firmware(many)
        watch = plugin.Watch(function_address(elf, "hb_step_begin"), elf.symbols["hb_step_mark"].address)
        ways = ((), plugin.arguments(plugin.build(), out, watch))
        taken = [[seconds(many, way) - seconds(one, way) for way in ways] for _ in range(rounds)]
        seconds(many, ways[1])
        found = record.read(out)
    counts = [0] * len(found.code)
    for segment in found.segments:
        for number, (executions, _, _) in segment.counts.items():
            counts[number] += executions
    blocks = [record.Block(address, code, n) for (address, code), n in zip(found.code, counts, strict=True) if n]
    millions = executed(tuple(blocks)) * runs / (runs + 1) / 1e6
    bare, profiled = (millions / min(rates) for rates in zip(*taken, strict=True))
    return bare, profiled


def main() -> None:
    """Print one line per model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    for model in asked.models:
        bare, profiled = speed(model, asked.runs, asked.rounds)
        rates = f"bare {bare:.0f}, profiled {profiled:.0f} M instructions/s: {profiled / bare:.0%}"
        print(f"{Path(model).stem} on {MACHINE}: {rates}")


if __name__ == "__main__":
    main()
