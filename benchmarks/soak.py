"""Soak of the board path: many runs on virtual boards, every tenth with a random fault.

    python benchmarks/soak.py [RUNS] [SEED]

What is counted: right answers, clean failures (an error of hilbench's own, exit code 3 or 4), and what must be none:
wrong answers, unexpected exceptions, processes and locks left behind. Needs the extra `virtual`.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hilbench.boards import Board, find, wired
from hilbench.build import FirmwareImage, execute, prepare
from hilbench.errors import ExitCode, HilbenchError
from hilbench.resources import cache_dir
from hilbench.targets.board import OnBoard
from hilbench.targets.session import Deadlines

MODEL = """
#include "hb_model.h"
static uint8_t arena[64] __attribute__((section(".arena"), aligned(16)));
__attribute__((noinline)) static void hb_step_00_mix(void)
{
    for (int i = 0; i < 32; i++) {
        arena[32 + i] = (uint8_t)(7 * arena[i] + arena[31 - i]);
    }
}
static void run(void)
{
    hb_step_begin(0);
    hb_step_00_mix();
    hb_step_begin(1);
}
static const hb_port inputs[] = {{0, 32}}, outputs[] = {{32, 32}};
const hb_model_info hb_model = {arena, 64, 1, 1, 1, inputs, outputs, run};
"""
FAULTS = (
    "dead-erase", "stuck-bit:0x{flash:x}:0", "program-error:0x{flash:x}", "unplug-after:{n}", "unplug-running:{cycles}",
    "nack:0.01", "held-in-reset", "wrong-chip", "locked", "silent-uart", "loss:0.02", "dup:0.02", "flip:0.02",
    "lockup-after:{cycles}", "reset-after:{cycles}",
)  # fmt: skip
BOARDS = ("disco_l475iot", "nrf52840dk", "nucleo_f767zi")
DEADLINES = Deadlines(hello=5.0, answer=5.0, run=5.0, repeat=0.2)


def expected(data: bytes) -> bytes:
    """What the model makes of 32 bytes."""
    return bytes((7 * data[i] + data[31 - i]) & 0xFF for i in range(32))


@contextmanager
def virtual(name: str, *faults: str) -> Iterator[Board]:
    """A virtual board in a process of its own."""
    words = [word for fault in faults for word in ("--fault", fault)]
    argv = [sys.executable, "-m", "hilbench.cli.main", "virtual", name, *words]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        probe, port = (process.stdout.readline().split()[1] for _ in range(2))
        yield wired(find(name), probe, port)
    finally:
        process.terminate()
        process.wait(timeout=10)


def attempt(board: Board, image: FirmwareImage, dice: random.Random) -> str:
    """One run: "right", "wrong", or the kind of error."""
    data = dice.randbytes(32)
    try:
        with OnBoard().open(board, image, deadlines=DEADLINES) as session:
            session.write_input(0, data)
            session.run()
            return "right" if session.read_output(0) == expected(data) else "wrong"
    except HilbenchError as error:
        clean = error.exit_code in (ExitCode.TOOL, ExitCode.TARGET)
        return f"failed cleanly: {type(error).__name__}" if clean else f"UNCLEAN: {error!r}"


def random_fault(board: str, dice: random.Random) -> str:
    """A fault with random figures."""
    flash = find(board).memory.flash.origin + 4 * dice.randrange(600)
    return dice.choice(FAULTS).format(flash=flash, n=dice.randrange(1, 3000), cycles=dice.randrange(1, 400_000))


def left_behind() -> list[str]:
    """Debugger processes that still run, and probes that are still held."""
    holders = (cache_dir() / "probes").glob("*.json")
    found = [f"held: {path.name}" for path in holders if json.loads(path.read_text())["pid"] == os.getpid()]
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = place.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"hilbench.targets.debugger" in command and f"\nPPid:\t{os.getpid()}\n" in status(place):
            found.append(f"process {place.parent.name}")
    return found


def status(place: Path) -> str:
    """A process's status file; nothing where it has just ended."""
    try:
        return (place.parent / "status").read_text()
    except OSError:
        return ""


def main(runs: int = 200, seed: int = 1) -> int:
    """Run the soak; exit code 1 where anything happened that must not."""
    dice, seen, start = random.Random(seed), Counter[str](), time.monotonic()
    name = dice.choice(BOARDS)
    print(f"on {name}")
    image = execute(prepare({"model.c": MODEL}, find(name), target="board"))
    with virtual(name) as healthy:
        for number in range(1, runs + 1):
            if number % 10:
                seen[f"healthy: {attempt(healthy, image, dice)}"] += 1
                continue
            fault = random_fault(name, dice)
            with virtual(name, fault) as broken:
                outcome = attempt(broken, image, dice)
            seen[f"faulty: {outcome}"] += 1
            print(f"{number:4} {fault:<28} {outcome}", flush=True)
    left = left_behind()
    for outcome, count in sorted(seen.items()):
        print(f"{count:4} {outcome}")
    print(f"left behind: {', '.join(left) or 'nothing'}; {time.monotonic() - start:.0f} s")
    good = all("wrong" not in o and "UNCLEAN" not in o for o in seen) and seen["healthy: right"] == runs - runs // 10
    return 0 if good and not left else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
