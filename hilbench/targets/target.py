"""What runs firmware: a target opens an image and gives a session; sessions speak the wire protocol."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from hilbench.boards import Board
from hilbench.build.image import FirmwareImage
from hilbench.registry import Registry


@dataclass(frozen=True)
class Hello:
    """What the firmware says about itself, and `simulator`: what stands in for its chip, "" for silicon.

    `counter` says what ticks are: "icount" (instructions), "dwt" and "systick" (cycles of the
    core), or "none". `counter_overhead`: ticks of an empty step, already taken off every sample. `guards`: names from
    `hilbench.wire.messages.GUARDS`. `log`: lines the firmware said on its own.
    """

    build_id: str
    core: str
    clock_hz: int
    counter: str
    counter_overhead: int
    guards: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    simulator: str = ""


@dataclass(frozen=True)
class StepSample:
    """Counter ticks that one step took in one run; step -1 is the overhead between the steps."""

    step: int
    ticks: int


@dataclass(frozen=True)
class Watermark:
    """High-water mark of a painted region ("arena", "stack", "harness_stack") in bytes, and the region's size."""

    region: str
    used: int
    size: int


class Session(ABC):
    """A firmware that has answered this run's nonce. All methods raise TargetError where the target fails."""

    hello: Hello

    @abstractmethod
    def write_input(self, index: int, data: bytes) -> None:
        """Put the bytes of graph input `index` in place."""

    @abstractmethod
    def run(self) -> list[StepSample]:
        """Run one inference; samples of every step in order, then the overhead. They add up to the whole run."""

    @abstractmethod
    def read_output(self, index: int) -> bytes:
        """Bytes of graph output `index` of the last run."""

    @abstractmethod
    def watermarks(self) -> list[Watermark]:
        """High-water marks since boot. That of the arena is exact after two runs (firmware/runtime/hb_watermark.c)."""


class Target(ABC):
    """A way to run firmware; registered by a module of `hilbench.targets`."""

    name: ClassVar[str]
    provenance: ClassVar[str]
    """Provenance of its step samples: "counted" (emulator), "measured" (hardware counter), "none" (host)."""

    @abstractmethod
    def open(self, board: Board, image: FirmwareImage) -> AbstractContextManager[Session]:
        """Start the firmware; released in every case when the context ends."""

    def emulator(self) -> str:
        """What stands in for silicon, with its version, for counts may depend on it; "" where nothing is counted."""
        return ""


class ProfilingTarget(Target):
    """A target under which the block profiler can run."""

    @abstractmethod
    def open_profiled(self, board: Board, image: FirmwareImage, recording: Path) -> AbstractContextManager[Session]:
        """As `open`; once the context has ended, `hilbench.profile.harness.profiles` reads `recording`."""


TARGETS: Registry[Target] = Registry("target", "hilbench.targets")
