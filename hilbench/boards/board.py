"""A board: what a TOML file in `boards/` says about core, memory, clock, probe, serial port and emulator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from hilbench.config import Section, load_toml
from hilbench.errors import ConfigError, UsageError, one_of
from hilbench.resources import named_files

CoreName = Literal["cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"]

_UNITS = {"KiB": 1024, "MiB": 1024**2, "B": 1}


def parse_size(text: Any) -> Any:
    """Bytes of "640 KiB", "2 MiB", "512 B" or a plain integer; other values pass through to the validator."""
    if not isinstance(text, str):
        return text
    number, _, unit = text.strip().replace("KiB", " KiB").replace("MiB", " MiB").partition(" ")
    if unit.strip() not in _UNITS or not number.isdigit():
        raise ValueError(f"'{text}' is not a size; right: '640 KiB', '2 MiB' or 65536")
    return int(number) * _UNITS[unit.strip()]


Bytes = Annotated[int, BeforeValidator(parse_size), Field(gt=0)]


class Core(Section):
    """The processor core. `fpu` is "none", "sp" (FPv4/FPv5 single precision) or "dp"."""

    name: CoreName
    fpu: Literal["none", "sp", "dp"] = "none"

    @property
    def features(self) -> frozenset[str]:
        """Instruction-set features that kernels may ask for: "thumb2", "dsp", "fpu", "mve"; "thumb" without "dsp"."""
        found = set()
        if self.name not in ("cortex-m0", "cortex-m0plus"):
            found.add("thumb2")
        if self.name in ("cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55"):
            found.add("dsp")
        else:
            found.add("thumb")
        if self.name == "cortex-m55":
            found.add("mve")
        if self.fpu != "none":
            found.add("fpu")
        return frozenset(found)


class Region(Section):
    """A region of memory: `flash` holds code and constants, `ram` holds data, arena and stack."""

    origin: int
    size: Bytes


class Memory(Section):
    """The memory that firmware may use, as the linker sees it."""

    flash: Region
    ram: Region


class Clock(Section):
    """Clock profiles in Hz by name; `default` is used where none is asked for."""

    default: str = "full"
    hz: dict[str, int]


class Fit(Section):
    """What a board's coefficients were fitted on, and how far the model was off there, in percent of measured cycles.

    `on` also says how the errors were found: best of points that were left out of the fit one at a time.
    """

    on: str
    points: int
    mean_error_pct: float
    worst_error_pct: float


class Band(Section):
    """A wider error band for code unlike that of the fit: where a share of the code is `above` a bound.

    Shares: flash_share (cycles spent waiting for flash data, of all cycles), float_share and divide_share (of all
    instructions). `why` is printed beside the figure.
    """

    when: Literal["flash_share", "float_share", "divide_share"]
    above: float = Field(ge=0, lt=1)
    error_pct: float
    why: str


class DataCache(Section):
    """The cache in front of the flash that the profiler simulates (LRU): bytes, ways, bytes per line."""

    size: Bytes
    ways: int = Field(gt=0)
    line: int = Field(gt=0)


class Timing(Section):
    """Which core model prices a profile, at which clock and wait states, with the board's coefficients.

    `coefficients` are cycles per event, added to those of the core model (docs/numbers.md lists the events).
    """

    model: str
    clock: str = "full"
    wait_states: int | None = None
    coefficients: dict[str, float] = Field(default_factory=dict)
    cache: DataCache | None = None
    fit: Fit
    bands: tuple[Band, ...] = ()


class Probe(Section):
    """How pyOCD knows the chip: target name, and an identity register checked before anything is erased.

    `unique_id` names one probe, for your own board file; "" takes the only one attached. `usb_ids`, "vid:pid" in
    hexadecimal, are the USB devices by which an attached board is noticed.
    """

    target: str
    unique_id: str = Field(default="", exclude=True)
    pack: str = ""
    id_address: int | None = None
    id_mask: int = 0xFFFFFFFF
    id_value: int | None = None
    usb_ids: tuple[str, ...] = ()


class Serial(Section):
    """The serial line to the host; `link` "rtt" goes through the debug probe instead, where no UART is wired.

    `port` is a device or a URL of pySerial, for your own board file; "" takes the port that belongs to the probe.
    Like the probe's id it says where a board is, not what it is, and is left out where boards are compared.
    """

    link: Literal["uart", "rtt"] = "uart"
    port: str = Field(default="", exclude=True)
    baud: int = 115200
    usb_ids: tuple[str, ...] = ()


class Emulator(Section):
    """The machine that stands in for the board: its UART and clock are used, the board's memory sizes are kept.

    `flash` and `ram` say where the board's memories are placed on that machine.
    """

    kind: Literal["qemu"] = "qemu"
    machine: str
    port: str
    clock_hz: int
    flash_origin: int
    ram_origin: int


class Board(Section):
    """One board file. `port` names the C file in firmware/ports that serves the real chip, "" where there is none."""

    name: str = ""
    title: str
    proven: Literal["QEMU", "virtual board", "never run"] = "never run"
    reference: str = ""
    port: str = ""
    core: Core
    memory: Memory
    clock: Clock
    timing: Timing | None = None
    probe: Probe | None = None
    serial: Serial = Serial()
    emulator: Emulator | None = None


def wired(board: Board, probe: str = "", port: str = "") -> Board:
    """The board with the probe and the serial port ("rtt": through the probe) of one that is attached.

    "" leaves what the file says.

    Raises:
        ConfigError: the board file names no chip for a debug probe.
    """
    if probe and board.probe is None:
        raise ConfigError("no [probe]: pyOCD does not know the chip", where=board.name, right='target = "stm32l475xg"')
    chip = board.probe.model_copy(update={"unique_id": probe}) if board.probe and probe else board.probe
    where = {"link": "rtt"} if port == "rtt" else {"link": "uart", "port": port}
    serial = board.serial.model_copy(update=where) if port else board.serial
    return board.model_copy(update={"probe": chip, "serial": serial})


def clocked(board: Board, profile: str) -> Board:
    """The board with another of its clock profiles as the default.

    Raises:
        UsageError: it has no such profile.
    """
    if profile not in board.clock.hz:
        raise UsageError(one_of(f"clock profile of {board.name}", profile, board.clock.hz))
    return board.model_copy(update={"clock": board.clock.model_copy(update={"default": profile})})


def load(path: Path) -> Board:
    """Read a board file; its name is the file's stem."""
    board = load_toml(path, Board)
    if board.name:
        raise ConfigError("a board is named by its file; remove the key 'name'", where=str(path))
    return board.model_copy(update={"name": path.stem})


def boards() -> dict[str, Path]:
    """Every board file by name, the user's own first."""
    return named_files("boards", ".toml")


def find(name: str) -> Board:
    """The board called `name`, or at a path that ends in .toml."""
    if name.endswith(".toml"):
        return load(Path(name))
    known = boards()
    if name not in known:
        raise UsageError(one_of("board", name, known))
    return load(known[name])
