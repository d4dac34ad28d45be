"""The shape of results: records as they came, and the columns of the tidy frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

SCHEMA_VERSION = 1


class Provenance(StrEnum):
    """What kind of number a value is; two kinds never share a column, a ratio or a gate."""

    MEASURED = "measured"
    COUNTED = "counted"
    MODELLED = "modelled"
    STATIC = "static"
    WALLCLOCK = "wallclock"


class Status(StrEnum):
    """How a run ended; only `ok` has times."""

    OK = "ok"
    MISMATCH = "mismatch"
    DOES_NOT_FIT = "does_not_fit"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"


@dataclass(frozen=True)
class Value:
    """One observation. `step` is "" for the whole model; `repeat` -1 where repeats do not apply."""

    metric: str
    value: float
    unit: str
    provenance: Provenance
    step: str = ""
    repeat: int = -1
    detail: str = ""


@dataclass(frozen=True)
class RunRecord:
    """All that is known of one model × variant × board × target: what it is, how it ended, and its raw samples.

    `provenance` says how to make it again: compiler and flags, emulator version, digests, commands.
    `exit_code` is that of the error which ended it (0 for ok).
    """

    run_id: str
    suite: str
    model: str
    board: str
    target: str
    variant: str
    status: Status
    detail: str
    build_id: str
    toolchain: str
    hilbench_version: str
    values: tuple[Value, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)
    schema_version: int = SCHEMA_VERSION
    exit_code: int = 0


COLUMNS = (
    "run_id", "suite", "model", "board", "target", "variant", "step", "repeat", "metric", "value", "unit",
    "provenance", "status", "detail", "build_id", "toolchain", "hilbench_version", "schema_version",
)  # fmt: skip
