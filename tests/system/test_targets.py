"""Targets with the real emulator: counts, marks, crimes and how they are told, and a line that loses bytes."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hilbench.boards import find
from hilbench.build import FirmwareImage, execute, prepare
from hilbench.errors import ConfigError, LinkError, TargetError, TargetFault, TargetTimeout, ToolError
from hilbench.targets import qemu
from hilbench.targets.line import Line, SerialLine
from hilbench.targets.process import started
from hilbench.targets.session import Deadlines, LinkSession
from hilbench.targets.target import TARGETS
from hilbench.wire.messages import Kind
from tests.system.tiny import expected, streamed, streaming, tiny

MACHINES = ("mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "microbit")
WITH_MPU = MACHINES[:-1]
DATA = bytes([0, 1, 2, 3, 127, 128, 254, 255])


def built(machine: str = "mps2-an386", crime: str = "", target: str = "qemu", **options: object) -> FirmwareImage:
    return execute(prepare(tiny(crime, **options), find(machine), target=target))  # type: ignore[arg-type]


@contextmanager
def booted(machine: str, image: FirmwareImage, **options: object) -> Iterator[LinkSession]:
    with qemu.Qemu().open(find(machine), image, **options) as session:  # type: ignore[arg-type]
        yield session


def ticks(session: LinkSession, data: bytes = DATA) -> list[int]:
    session.write_input(0, data)
    return [sample.ticks for sample in session.run()]


@pytest.mark.parametrize("machine", MACHINES)
def test_runs_and_counts_alike_every_time(machine: str) -> None:
    image = built(machine)
    runs = []
    for _ in range(2):
        with booted(machine, image) as session:
            runs += [ticks(session), ticks(session)]
            assert session.read_output(0) == expected(DATA)
            assert session.hello.counter == "icount"
            assert session.hello.core == find(machine).core.name
            assert session.dropped == {}
    assert all(run == runs[0] for run in runs)
    assert len(runs[0]) == 4
    assert all(count > 0 for count in runs[0])


@pytest.mark.parametrize("machine", MACHINES)
def test_counts_are_those_of_the_machine_code(machine: str) -> None:
    """Steps of a known number of instructions, with and without overflows of SysTick within them."""
    loop = '{{ unsigned n = {rounds}; __asm volatile("1: subs %0, #1\\n bne 1b" : "+l"(n)::"cc"); }}'
    counts = []
    for rounds in (100_001, 3_000_001):
        with booted(machine, built(machine, loop.format(rounds=rounds))) as session:
            counts.append(ticks(session)[1])
    assert counts[1] - counts[0] == 2 * 2_900_000


@pytest.mark.parametrize("machine", MACHINES)
def test_marks_are_the_plan_s(machine: str) -> None:
    image = built(machine, arena=51)
    assert image.ledger is not None
    with booted(machine, image) as session:
        for value in (0, 0xFF):
            ticks(session, bytes([value] * 8))
        marks = {mark.region: mark for mark in session.watermarks()}
    assert (marks["arena"].used, marks["arena"].size) == (51, 51)
    assert 0 < marks["stack"].used <= image.ledger.stack_bound
    assert 0 < marks["harness_stack"].used < marks["harness_stack"].size // 2


def test_the_arena_mark_sees_every_value_of_the_last_byte() -> None:
    """Some value is the colour of the paint: one run may miss it, two cannot."""
    with booted("mps2-an386", built()) as session:
        for value in range(256):
            data = bytes([(value - 1) * 129 & 0xFF] + [0] * 7)
            for _ in range(2):
                ticks(session, data)
            assert session.watermarks()[0].used == 40, value
            session._command(Kind.HELLO)  # forgets the mark


CRIMES = {
    "arena overrun": "{ volatile uint8_t *volatile p = arena; p[ARENA_BYTES] = 1; }",
    "memory fault": "{ volatile int *volatile p = 0; *p = 1; }",
    "usage fault": '__asm volatile("udf #0");',
    "stack overflow": '__asm volatile("1: push {r0, r1}\\n b 1b");',
}
ALL_CRIMES = (
    "switch (arena[0]) {" + "".join(f"case {n}: {crime} break;" for n, crime in enumerate(CRIMES.values())) + "}"
)


@pytest.mark.parametrize("machine", WITH_MPU)
def test_a_crime_is_told_with_step_and_place(machine: str) -> None:
    image = built(machine, ALL_CRIMES)
    for number, kind in enumerate(CRIMES):
        with booted(machine, image) as session, pytest.raises(TargetFault) as caught:
            ticks(session, bytes([number] * 8))
        fault = caught.value
        assert (fault.kind, fault.step) == (kind, "step 1")
        assert fault.place.startswith("hb_step_01_add")
        if kind in ("memory fault", "usage fault"):
            assert fault.place.startswith("hb_step_01_add model.c:")
            assert fault.registers["cfsr"] != 0


@pytest.mark.parametrize("arena", (41, 42, 43))
def test_one_byte_beyond_an_arena_of_any_size_is_noticed(arena: int) -> None:
    image = built(crime=CRIMES["arena overrun"].replace("= 1;", "= arena[0];"), arena=arena)
    with booted("mps2-an386", image) as session, pytest.raises(TargetFault, match="arena overrun in step 1"):
        ticks(session)
    with booted("mps2-an386", built(arena=arena)) as session:
        ticks(session)
        assert session.read_output(0) == expected(DATA)


def test_flash_is_read_only_and_null_is_guarded_and_zero_divides_not() -> None:
    crimes = {
        "memory fault": "{ volatile uint32_t *volatile p = (volatile uint32_t *)0x1000; *p = 1; }",
        "memory fault ": "{ const volatile int *volatile p = 0; (void)p[3]; }",
        "usage fault": "{ volatile int one = 1, zero = 0; volatile int y = one / zero; (void)y; }",
        "bus fault": "{ volatile int *volatile p = (volatile int *)0xB0000000u; *p = 1; }",
    }
    for kind, crime in crimes.items():
        with booted("mps2-an386", built(crime=crime)) as session, pytest.raises(TargetFault, match=kind.strip()):
            ticks(session)


def test_without_an_mpu_painted_guards_are_looked_at() -> None:
    below = """{ volatile uint32_t here; volatile uint8_t *volatile p = (volatile uint8_t *)&here;
        for (int i = 0; i < 13900; i += 4) { *(volatile uint32_t *)(p - i) = 1; } }"""
    for kind, crime in {"stack overflow": below, "arena overrun": CRIMES["arena overrun"]}.items():
        with booted("microbit", built("microbit", crime)) as session, pytest.raises(TargetFault, match=kind) as caught:
            assert "stack_painted" in session.hello.guards
            ticks(session)
        assert caught.value.step == "step 1"
    with booted("microbit", built("microbit", CRIMES["usage fault"])) as session:
        with pytest.raises(TargetFault, match="hard fault") as caught:
            ticks(session)
        assert caught.value.place.startswith("hb_step_01_add model.c:")


def test_a_fault_is_told_again() -> None:
    with booted("mps2-an386", built(crime=CRIMES["usage fault"])) as session:
        for _ in range(2):
            with pytest.raises(TargetFault, match="usage fault"):
                ticks(session)


def test_what_makes_no_sense_is_refused_by_name() -> None:
    with booted("mps2-an386", built()) as session:
        for index, data, why in ((1, b"1", "no such input"), (0, bytes(9), "beyond the end")):
            with pytest.raises(LinkError, match=why):
                session.write_input(index, data)
        with pytest.raises(LinkError, match="no such output"):
            session.read_output(1)
        with pytest.raises(LinkError, match="unknown command"):
            session._command(Kind.FAULT)
        assert session.ping(bytes(range(256))) == bytes(range(256))


def test_a_hanging_model_is_a_timeout_that_shows_the_command() -> None:
    image = built(crime="for (;;) {}")
    with (
        booted("mps2-an386", image, deadlines=Deadlines(run=1)) as session,
        pytest.raises(TargetTimeout, match="running an inference") as caught,
    ):
        ticks(session)
    assert "qemu-system-arm -machine mps2-an386" in str(caught.value)


def children(parent: int = 0) -> set[int]:
    """Processes of a parent (ours) that are alive or not reaped."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == (parent or os.getpid()):
            found.add(int(stat.parent.name))
    return found


def test_a_killed_emulator_is_told_at_once_and_nothing_is_left() -> None:
    before = children()
    start = time.monotonic()
    with pytest.raises(TargetError, match="signal 9") as caught, booted("mps2-an386", built()) as session:
        (emulator,) = children() - before
        os.kill(emulator, signal.SIGKILL)
        ticks(session)
    assert time.monotonic() - start < 8, "before any deadline"
    assert "qemu-system-arm -machine" in str(caught.value)
    assert children() == before


_HOST = """
import sys, time
from pathlib import Path
from hilbench.boards import find
from hilbench.build.image import FirmwareImage
from hilbench.targets.qemu import Qemu
with Qemu().open(find("mps2-an386"), FirmwareImage(Path(sys.argv[1]), sys.argv[2], "", ())):
    print("open", flush=True)
    time.sleep(60)
"""


def test_an_emulator_does_not_outlive_a_killed_host() -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("without setpriv (util-linux) nothing ties a child to us")
    image = built()
    command = [sys.executable, "-c", _HOST, str(image.elf), image.build_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == b"open\n"
        (emulator,) = children(host.pid)
        host.kill()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{emulator}/exe").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{emulator}/exe").exists()


def test_an_emulator_that_does_not_start_shows_its_words(tmp_path: Path) -> None:
    image = built()
    broken = FirmwareImage(tmp_path / "none.elf", image.build_id, image.toolchain, image.flags)
    with pytest.raises(TargetError, match=r"none\.elf"), booted("mps2-an386", broken):
        pass


def test_firmware_of_another_build_is_refused() -> None:
    image = built()
    other = FirmwareImage(image.elf, "0" * 16, image.toolchain, image.flags)
    with pytest.raises(LinkError, match="stale firmware"), booted("mps2-an386", other):
        pass


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    image = built()
    board = find("mps2-an386").model_copy(update={"emulator": None})
    with pytest.raises(ConfigError, match="machine"), TARGETS["qemu"].open(board, image):
        pass
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="apt-get install qemu"), booted("mps2-an386", image):
        pass


@pytest.mark.parametrize(
    ("crime", "report"),
    [
        (CRIMES["arena overrun"], r"(?s)global-buffer-overflow.*hb_step_01_add"),
        ("{ volatile int big = 2147483647; big = big + 1; }", "signed integer overflow"),
    ],
)
def test_sanitizers_stop_the_host(crime: str, report: str) -> None:
    image = built(crime=crime, target="host")
    with pytest.raises(TargetFault, match=report), TARGETS["host"].open(find("mps2-an386"), image) as session:
        session.write_input(0, DATA)
        session.run()


class Noisy:
    """A line that drops, doubles and flips bytes at a rate, in both directions."""

    def __init__(self, line: Line, rate: float, seed: int) -> None:
        self._line, self._rate, self._random = line, rate, random.Random(seed)

    def _damage(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            fate = self._random.random() / self._rate
            if fate >= 1:
                out.append(byte)
            elif fate < 1 / 3:
                out += bytes([byte, byte])
            elif fate < 2 / 3:
                out.append(byte ^ 1 << self._random.randrange(8))
        return bytes(out)

    def read(self) -> bytes:
        return self._damage(self._line.read())

    def write(self, data: bytes) -> None:
        self._line.write(self._damage(data))


@pytest.mark.parametrize("seed", range(3))
def test_a_noisy_line_gives_the_right_answer(seed: int) -> None:
    """Bytes lost, doubled and flipped: never a wrong result; commands are repeated, and executed once."""
    image = built(target="host")
    deadlines = Deadlines(hello=10, answer=10, run=10, repeat=0.06)
    with (
        started(lambda link: (str(image.elf), str(link)), repair="") as child,
        SerialLine(child.url, 115200) as serial,
    ):
        session = LinkSession(Noisy(serial, 0.004, seed), image, deadlines, check=child.check)
        for repeat in range(12):
            data = bytes(range(repeat, repeat + 8))
            session.write_input(0, data)
            assert len(session.run()) == 4
            assert session.read_output(0) == expected(data)
        assert session.repeated > 0


def test_a_repeated_command_is_executed_once(tmp_path: Path) -> None:
    """The first answer to RUN is lost: the second is the stored one, or the model would have doubled twice."""
    image = built(crime="arena[0]++;", target="host")
    with (
        started(lambda link: (str(image.elf), str(link)), repair="") as child,
        SerialLine(child.url, 115200) as serial,
    ):
        deaf = Deaf(serial)
        session = LinkSession(deaf, image, Deadlines(repeat=0.1), check=child.check)
        session.write_input(0, bytes(8))
        deaf.pieces = 1
        session.run()
        assert session.repeated == 1
        session.run()
        assert session.read_output(0)[-1] == 3, "the second run saw arena[0] == 1"


class Deaf:
    """A line that loses the next `pieces` pieces from the target."""

    def __init__(self, line: Line) -> None:
        self._line, self.pieces = line, 0

    def read(self) -> bytes:
        data = self._line.read()
        while data and self.pieces:
            self.pieces -= 1
            while data:
                data = self._line.read()
        return data

    def write(self, data: bytes) -> None:
        self._line.write(data)


@pytest.mark.parametrize("machine", ("mps2-an386", "microbit"))
def test_a_streamed_input_comes_when_it_is_asked_for(machine: str) -> None:
    """The answer is the same; waiting is nobody's time, so the counts are the same in every run."""
    image = execute(prepare(streaming(), find(machine), target="qemu"))
    runs = []
    with booted(machine, image) as session, pytest.raises(LinkError, match="no input was given"):
        session.run()
    with booted(machine, image) as session:
        for repeat in range(4):
            data = bytes(range(repeat, repeat + 8))
            runs.append(ticks(session, streamed(data)))
            assert session.read_output(0) == expected(data)
    assert all(run == runs[0] for run in runs)
    assert image.ledger is not None
    assert image.ledger.stack_bound < 200


def test_an_input_that_comes_once_is_not_sent_again() -> None:
    """Going back is refused, unless the firmware says that its input can be read again."""
    data, late = bytes(range(8)), "hb_input_fetch(0, 300, 1, arena);\n    "
    again, once = (
        execute(prepare(streaming(how, late), find("mps2-an386"), target="host"))
        for how in ("HB_REREAD", "HB_STREAMED")
    )
    with TARGETS["host"].open(find("mps2-an386"), again) as session:
        session.write_input(0, streamed(data))
        session.run()
        session.run()
        assert session.read_output(0) == expected(data)
    with TARGETS["host"].open(find("mps2-an386"), once) as session:
        session.write_input(0, streamed(data))
        with pytest.raises(LinkError, match="comes once and is at byte 556"):
            session.run()


def test_a_streamed_input_survives_a_noisy_line() -> None:
    image = execute(prepare(streaming(), find("mps2-an386"), target="host"))
    deadlines = Deadlines(hello=10, answer=10, run=10, repeat=0.06)
    with (
        started(lambda link: (str(image.elf), str(link)), repair="") as child,
        SerialLine(child.url, 115200) as serial,
    ):
        session = LinkSession(Noisy(serial, 0.002, 5), image, deadlines, check=child.check)
        for repeat in range(12):
            data = bytes(range(repeat, repeat + 8))
            session.write_input(0, streamed(data))
            session.run()
            assert session.read_output(0) == expected(data)
        assert session.repeated > 0


def test_a_transcript_replays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = built()
    (tmp_path / "transcripts").mkdir()
    with booted("mps2-an386", image, transcript=tmp_path / "transcripts" / f"{image.build_id}.txt") as session:
        session.write_input(0, DATA)
        recorded = session.run(), session.read_output(0), session.watermarks(), session.hello
    monkeypatch.chdir(tmp_path)
    with TARGETS["replay"].open(find("mps2-an386"), image) as again:
        again.write_input(0, DATA)
        assert (again.run(), again.read_output(0), again.watermarks(), again.hello) == recorded
    with TARGETS["replay"].open(find("mps2-an386"), image) as other, pytest.raises(LinkError, match="departs from"):
        other.write_input(0, DATA[::-1])
    another = built(arena=44)
    with pytest.raises(ConfigError, match="no transcript"), TARGETS["replay"].open(find("mps2-an386"), another):
        pass


_PLAYS_RENODE = """
import os, re, socket, sys, time
text = open(sys.argv[-1]).read()
time.sleep(0.5)
listener = socket.create_server(("127.0.0.1", int(re.search(r"Terminal (\\d+)", text)[1])))
elf = re.search(r"LoadELF @(.*)", text)[1]
os.set_inheritable(listener.fileno(), True)
os.execv(elf, [elf, str(listener.fileno())])
"""


def test_renode_is_waited_for_and_spoken_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in Renode's place, slow to listen, that runs the host's image where the script says."""
    image = built(target="host")
    program = tmp_path / "renode"
    program.write_text(f"#!{sys.executable}\n{_PLAYS_RENODE}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with TARGETS["renode"].open(find("nucleo_l4r5zi"), image) as session:
        session.write_input(0, DATA)
        session.run()
        assert session.read_output(0) == expected(DATA)
