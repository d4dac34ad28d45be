"""Snapshots of runs: every result's values with the conditions they were taken under. A baseline is one, as a file.

The file is JSON made for review: sorted, one value a line, short, the same bytes for the same run.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from hilbench.errors import ConfigError, ToolError
from hilbench.results.run import Run, read_run
from hilbench.results.schema import Provenance, RunRecord, Status, Value
from hilbench.results.store import write_atomic

FORMAT, FORMAT_VERSION = "hilbench baseline", 1

CONDITIONS = (
    "model_sha256", "inputs_sha256", "board_sha256", "toolchain", "flags", "counter", "core", "clock_hz", "emulator",
)  # fmt: skip
"""Facts that must agree before two values may be compared; anything else that differs is what a change is about."""


class Key(NamedTuple):
    """What names a result among the others of a snapshot."""

    model: str
    board: str
    target: str
    variant: str

    def __str__(self) -> str:
        return " · ".join(self)


class Quantity(NamedTuple):
    """What a value is a value of; `step` is "" for the whole model."""

    metric: str
    provenance: Provenance
    step: str = ""

    def __str__(self) -> str:
        return f"{self.metric} ({self.provenance})" + (f" of {self.step}" if self.step else "")


@dataclass(frozen=True)
class Result:
    """One model × board × target × variant. `samples` are the repeats of a quantity, one where repeats do not apply."""

    key: Key
    status: Status
    detail: str = ""
    exit_code: int = 0
    conditions: Mapping[str, str] = field(default_factory=dict)
    samples: Mapping[Quantity, tuple[float, ...]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)

    def error_pct(self, quantity: Quantity) -> float:
        """The band of a modelled value in per cent: that of the cycles it is made from; 0 for all others."""
        band = quantity._replace(metric="cycles_error_pct")
        return self.samples.get(band, (0.0,))[0] if quantity.provenance is Provenance.MODELLED else 0.0


@dataclass(frozen=True)
class Snapshot:
    """All results of a run by key. `name` says where it came from; `budgets` are the suite's own."""

    name: str
    results: Mapping[Key, Result]
    budgets: tuple[str, ...] = ()


def of_run(run: Run, name: str) -> Snapshot:
    """The snapshot of a run.

    Raises:
        ConfigError: it holds no results, or a value that is not a number.
        ToolError: it was killed before it had measured everything.
    """
    if not run.records:
        raise ConfigError("the run holds no results", where=name, right="hilbench run ... --out DIR measures some")
    missing = len(set(run.header.get("cells", ())) - {record.run_id for record in run.records})
    if missing:
        what = f"the run was not finished: {missing} of {missing + len(run.records)} results are missing"
        raise ToolError(name, what, f"hilbench run ... --out {name} (measures what is missing)")
    results = [_result(record, name) for record in run.records]
    return Snapshot(name, {result.key: result for result in results}, run.budgets)


def read(path: Path) -> Snapshot:
    """The snapshot at `path`: the folder of a run, or a baseline file.

    Raises:
        UsageError, ConfigError, ToolError: there is none, it is damaged, unfinished or of another version.
    """
    return of_run(read_run(path), str(path)) if path.is_dir() else parse(_read_json(path), str(path))


def write(snapshot: Snapshot, path: Path) -> None:
    """Write `snapshot` as a baseline file."""
    write_atomic(path, to_json(snapshot).encode())


def to_json(snapshot: Snapshot) -> str:
    """The text of a baseline file. Modelled values of single steps stay out of it."""
    results = [snapshot.results[key] for key in sorted(snapshot.results)]
    shared = _shared([result.conditions for result in results])
    raw = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "budgets": list(snapshot.budgets),
        "conditions": shared,
        "units": dict(sorted({name: unit for result in results for name, unit in result.units.items()}.items())),
        "results": [_plain(result, shared) for result in results],
    }
    text = json.dumps(raw, indent=1, ensure_ascii=False, allow_nan=False)
    # Samples of one quantity on one line: a baseline is reviewed line by line. A string never holds a line feed.
    return re.sub(r"\[\n([-+.\deE,\s]+)\]", lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


def parse(raw: Any, where: str) -> Snapshot:
    """The snapshot that `to_json` wrote.

    Raises:
        ConfigError: it is not one, or of another version.
    """
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise ConfigError("not a baseline", where=where, right="hilbench baseline RUN --out FILE makes one")
    if raw.get("version") != FORMAT_VERSION:
        what = f"baseline of version {raw.get('version')!r}, this hilbench reads {FORMAT_VERSION}"
        raise ConfigError(what, where=where, right="make it again: hilbench baseline RUN --out FILE")
    try:
        results = [_parsed(result, raw["conditions"], raw["units"], where) for result in raw["results"]]
        return Snapshot(where, {result.key: result for result in results}, tuple(raw.get("budgets", ())))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"damaged baseline: {type(error).__name__}: {error}", where=where) from error


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        right = "a run's folder, or a file that hilbench baseline wrote"
        raise ConfigError(error.strerror or str(error), where=str(path), right=right) from error
    except ValueError as error:
        raise ConfigError(f"not valid JSON: {error}", where=str(path)) from error


def _result(record: RunRecord, where: str) -> Result:
    samples: dict[Quantity, list[float]] = {}
    units: dict[str, str] = {}
    for value in record.values:
        quantity = Quantity(value.metric, value.provenance, value.step)
        samples.setdefault(quantity, []).append(_finite(value, record, where))
        units[value.metric] = value.unit
    key = Key(record.model, record.board, record.target, record.variant)
    frozen = {quantity: _once_if_exact(quantity, numbers) for quantity, numbers in samples.items()}
    return Result(key, record.status, record.detail, record.exit_code, _conditions(record), frozen, units)


def _finite(value: Value, record: RunRecord, where: str) -> float:
    if not math.isfinite(value.value):
        what = f"{value.metric} of {record.model} {record.variant} on {record.board} is {value.value}"
        raise ConfigError(what, where=where, right="a number")
    return float(value.value)


def _once_if_exact(quantity: Quantity, numbers: list[float]) -> tuple[float, ...]:
    """Repeats that are all the same, as exact ones are, say it once; measured ones are kept as they came."""
    noisy = quantity.provenance in (Provenance.MEASURED, Provenance.WALLCLOCK)
    return tuple(numbers) if noisy or len(set(numbers)) > 1 else (numbers[0],)


def _conditions(record: RunRecord) -> dict[str, str]:
    """CONDITIONS that the record states; of the board file, as a digest, what the firmware depends on."""
    said = record.provenance
    board = {part: said.get("board", {}).get(part) for part in ("core", "memory", "clock", "emulator", "port")}
    hello = said.get("hello", {})
    facts = {
        "toolchain": record.toolchain.removesuffix(f" {said.get('optimize')}"),  # the level is one of the flags
        "flags": " ".join(said.get("flags", ())),
        "board_sha256": hashlib.sha256(json.dumps(board, sort_keys=True).encode()).hexdigest(),
        "counter": hello.get("counter", ""),
        "core": hello.get("core", ""),
        "clock_hz": str(hello.get("clock_hz", "")),
        **{name: str(said.get(name, "")) for name in ("model_sha256", "inputs_sha256", "emulator")},
    }
    return {name: facts[name] for name in CONDITIONS if facts.get(name)}


def _shared(conditions: list[Mapping[str, str]]) -> dict[str, str]:
    """Conditions that all results state alike: they are written once."""
    first = conditions[0] if conditions else {}
    return {name: text for name, text in sorted(first.items()) if all(c.get(name) == text for c in conditions)}


def _plain(result: Result, shared: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for quantity in sorted(result.samples):
        if quantity.step and quantity.provenance is Provenance.MODELLED:
            continue  # not judged, and many: a run's folder has them
        place = values.setdefault(f"{quantity.metric} {quantity.provenance}", {})
        numbers = [int(x) if float(x).is_integer() else x for x in result.samples[quantity]]
        place[quantity.step] = numbers[0] if len(numbers) == 1 else numbers
    return {
        **result.key._asdict(),
        "status": result.status.value,
        "detail": result.detail,
        "exit_code": result.exit_code,
        "conditions": {name: text for name, text in sorted(result.conditions.items()) if name not in shared},
        "values": {name: steps[""] if list(steps) == [""] else steps for name, steps in values.items()},
    }


def _parsed(raw: dict[str, Any], shared: Mapping[str, str], units: Mapping[str, str], where: str) -> Result:
    key = Key(*(str(raw[name]) for name in Key._fields))
    samples: dict[Quantity, tuple[float, ...]] = {}
    for name, steps in raw["values"].items():
        metric, _, provenance = name.rpartition(" ")
        for step, numbers in (steps if isinstance(steps, dict) else {"": steps}).items():
            several = numbers if isinstance(numbers, list) else [numbers]
            if not several or not all(isinstance(x, (int, float)) and math.isfinite(x) for x in several):
                raise ConfigError(f"{name} of {key} is {numbers!r}", where=where, right="a number")
            samples[Quantity(metric, Provenance(provenance), step)] = tuple(float(x) for x in several)
    mine = {quantity.metric: units[quantity.metric] for quantity in samples if quantity.metric in units}
    conditions = {**shared, **raw["conditions"]}
    return Result(key, Status(raw["status"]), raw["detail"], raw["exit_code"], conditions, samples, mine)
