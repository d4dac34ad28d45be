"""A finished (or interrupted) run as it is read: what was asked, every record, and the frames made of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from hilbench.results.frame import tidy
from hilbench.results.schema import RunRecord
from hilbench.results.store import read_header, read_records

KEY = ["model", "board", "target", "variant"]
"""What names a result among the others of a run."""

GROUP = ["model", "board", "target"]
"""Results that may be compared with each other: the same model on the same hardware."""

BUFFER_COLUMNS = [*KEY, "name", "kind", "offset", "size", "first", "last"]


@dataclass(frozen=True)
class Run:
    """The newest record of every cell, and the header: suite, baseline variant, budgets, commands, versions."""

    records: tuple[RunRecord, ...]
    header: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The tidy frame."""
        return tidy(self.records)

    @property
    def baseline(self) -> str:
        """The variant that comparisons start from, "" where none is named."""
        return str(self.header.get("baseline", ""))

    @property
    def budgets(self) -> tuple[str, ...]:
        """Expressions such as "sram_total_bytes <= 65536"."""
        return tuple(self.header.get("budgets", ()))

    @cached_property
    def simulated(self) -> dict[tuple[str, ...], str]:
        """What stood in for the chip, by GROUP, where the target was a board and no silicon answered."""
        said = ((record, record.provenance.get("hello", {}).get("simulator", "")) for record in self.records)
        return {tuple(_key(record)[name] for name in GROUP): name for record, name in said if name}

    @cached_property
    def buffers(self) -> pd.DataFrame:
        """Where every buffer lies in the arena, and from which step to which it lives: BUFFER_COLUMNS."""
        rows = [
            {**_key(record), **{name: buffer[name] for name in BUFFER_COLUMNS[len(KEY) :]}}
            for record in self.records
            for buffer in record.provenance.get("arena", ())
        ]
        return pd.DataFrame(rows, columns=BUFFER_COLUMNS)

    @cached_property
    def sources(self) -> pd.DataFrame:
        """How each result was made: KEY, and one text per fact that some record states."""
        return pd.DataFrame([{**_key(record), **_facts(record)} for record in self.records]).fillna("")


_PICTURED = ("arena", "steps")
"""What the record holds for the arena map, and is no fact to read."""


def read_run(folder: Path) -> Run:
    """The run in `folder`.

    Raises:
        UsageError: there is none.
        ConfigError: it is damaged, or of another schema version.
    """
    return Run(tuple(read_records(folder)), read_header(folder))


def _key(record: RunRecord) -> dict[str, str]:
    return {name: str(getattr(record, name)) for name in KEY}


def _facts(record: RunRecord) -> dict[str, str]:
    """Facts as text, one level of nesting undone."""
    facts: dict[str, Any] = {}
    for name, value in record.provenance.items():
        if isinstance(value, dict):
            facts |= {f"{name}.{inner}": text for inner, text in value.items()}
        elif name not in _PICTURED:
            facts[name] = value
    own = {"build_id": record.build_id, "toolchain": record.toolchain, "hilbench": record.hilbench_version}
    return own | {name: _text(value) for name, value in facts.items()}


def _text(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return value if isinstance(value, str) else json.dumps(value)
