"""The run folder: what was asked for (`run.json`), every record as it came (`records.jsonl`), the device's outputs.

Records are appended and never changed, each line on the disk before the next cell begins, so that a killed run keeps
what it finished. A later record of a cell stands for the earlier ones (a retry after a failure).
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from hilbench.errors import ConfigError, ToolError, UsageError
from hilbench.ir.graph import Array
from hilbench.results.schema import SCHEMA_VERSION, Provenance, RunRecord, Status, Value

RUN, RECORDS, OUTPUTS, PROFILES, LOCK = "run.json", "records.jsonl", "outputs", "profiles", ".lock"


@dataclass(frozen=True)
class Store:
    """A run folder that this process may write to; made by `open_store`."""

    folder: Path

    def append(self, record: RunRecord) -> None:
        """Add a record and bring it to the disk. A line that could not be written whole is taken back.

        Raises:
            ToolError: the disk is full or failed; the records before this one are untouched.
        """
        path = self.folder / RECORDS
        with _disk(path), path.open("ab", buffering=0) as file:
            end = file.tell()
            try:
                _write_all(file, encode(record))
                os.fsync(file.fileno())
            except BaseException:
                file.truncate(end)
                raise

    def save_outputs(self, run_id: str, arrays: Mapping[str, Array]) -> Path:
        """Keep arrays (the device's outputs, the digest of its inputs) as `outputs/RUN_ID.npz`."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        path = self.folder / OUTPUTS / f"{run_id}.npz"
        write_atomic(path, buffer.getvalue())
        return path

    def save_profile(self, run_id: str, text: str) -> Path:
        """Keep a block profile (JSON) as `profiles/RUN_ID.json`."""
        path = self.folder / PROFILES / f"{run_id}.json"
        write_atomic(path, text.encode())
        return path

    def write_header(self, header: Mapping[str, Any]) -> None:
        """Replace `run.json`: suite, cells, commands and versions."""
        text = json.dumps({"schema_version": SCHEMA_VERSION, **header}, indent=1, allow_nan=False)
        write_atomic(self.folder / RUN, f"{text}\n".encode())


@contextmanager
def open_store(folder: Path) -> Iterator[Store]:
    """Take `folder` (made if it is not there) for this process, and drop a torn last line that a kill left behind.

    Raises:
        UsageError: another run is writing to the folder.
        ToolError: the folder cannot be made or written.
    """
    lock = _take(folder)
    try:
        _drop_torn_line(folder / RECORDS)
        yield Store(folder)
    finally:
        lock.release()


def read_records(folder: Path) -> list[RunRecord]:
    """The newest record of every cell that `run.json` lists, in its order.

    Cells of earlier runs in the same folder (of another hilbench, or other variants) stay in the file and are left out.

    Raises:
        UsageError: there is no run in `folder`.
        ConfigError: a line is not a record, or was written with another schema version.
    """
    if not (folder / RECORDS).is_file():
        raise UsageError(f"no run in {folder}: {RECORDS} is not there (hilbench run ... --out {folder})")
    newest = newest_records(folder)
    listed = read_header(folder).get("cells", newest)
    return [newest[run_id] for run_id in listed if run_id in newest]


def newest_records(folder: Path) -> dict[str, RunRecord]:
    """The newest record of every cell that was ever measured into `folder`, by run id; none where there is no run.

    Raises:
        ConfigError: a line is not a record, or was written with another schema version.
    """
    path = folder / RECORDS
    if not path.is_file():
        return {}
    with _disk(path):
        lines = path.read_bytes().split(b"\n")
    # What follows the last line feed is a torn line: its record was never finished.
    records = (decode(line, where=f"{path}:{number}") for number, line in enumerate(lines[:-1], start=1))
    return {record.run_id: record for record in records}


def read_header(folder: Path) -> dict[str, Any]:
    """What `run.json` says; empty where there is none."""
    path = folder / RUN
    if not path.is_file():
        return {}
    try:
        with _disk(path):
            header = json.loads(path.read_bytes())
    except ValueError as error:
        raise ConfigError(f"not valid JSON: {error}", where=str(path)) from error
    if not isinstance(header, dict):
        raise ConfigError("not a JSON object", where=str(path))
    _check_version(header.get("schema_version"), str(path))
    return header


def encode(record: RunRecord) -> bytes:
    """One line of JSON, line feed included."""
    return json.dumps(asdict(record), sort_keys=True, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def decode(line: bytes, *, where: str) -> RunRecord:
    """The record that `encode` wrote.

    Raises:
        ConfigError: the line is not a record of this schema version; `where` names its place.
    """
    try:
        raw = json.loads(line)
        _check_version(raw.get("schema_version"), where)
        values = tuple(Value(**{**v, "provenance": Provenance(v["provenance"])}) for v in raw.pop("values"))
        return RunRecord(**{**raw, "status": Status(raw["status"]), "values": values})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"not a record of a run: {error}", where=where) from error


def write_atomic(path: Path, data: bytes) -> None:
    """Write `path` so that a reader, or a crash, sees the old bytes or the new ones, never a part.

    A link stays one, to a file with the new bytes; what is no file (a pipe, /dev/stdout) is written to.
    """
    with _disk(path):
        if path.exists() and not path.is_file() and not path.is_dir():
            path.write_bytes(data)
            return
        path = path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with part.open("wb", buffering=0) as file:
                _write_all(file, data)
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


def _take(folder: Path) -> FileLock:
    with _disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            wait = "wait for it, or choose another --out"
            raise UsageError(f"{folder} is in use by another hilbench run; {wait}") from None
        return lock


def _write_all(file: io.FileIO, data: bytes) -> None:
    """An unbuffered write may take only a part: go on until all is written or the disk refuses."""
    while data:
        data = data[file.write(data) :]


def _drop_torn_line(path: Path) -> None:
    if not path.is_file():
        return
    with _disk(path), path.open("rb+") as file:
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)


def _check_version(found: object, where: str) -> None:
    if found != SCHEMA_VERSION:
        raise ConfigError(
            f"written with schema version {found!r}, this hilbench reads {SCHEMA_VERSION}",
            where=where,
            right="read it with the hilbench that wrote it, or run again into a new folder",
        )


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Operating system errors at the run folder, as what they mean for a run."""
    try:
        yield
    except OSError as error:
        repair = "make room or choose another --out, then run the same command again: finished rows are kept"
        raise ToolError(str(path), error.strerror or str(error), repair) from error
