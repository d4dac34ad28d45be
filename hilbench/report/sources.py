"""How the numbers of a run were made, condensed for reading: facts that all results share, and those that differ."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from hilbench.results.run import KEY, Run

LONG = 24
"""Digests are cut for reading; the whole ones are in records.jsonl."""


@dataclass(frozen=True)
class Sources:
    """`shared` facts by name; `columns` of facts that differ; `rows` of (result, one text per column)."""

    shared: dict[str, str]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    commands: tuple[str, ...]
    versions: dict[str, str]


def sources(run: Run) -> Sources:
    """The provenance of a run."""
    table = run.sources
    facts = [name for name in table.columns if name not in KEY]
    same = [name for name in facts if table[name].nunique() == 1]
    differing = tuple(name for name in facts if name not in same)
    rows = tuple((_name(row), tuple(_short(name, row[name]) for name in differing)) for _, row in table.iterrows())
    return Sources(
        shared={name: str(table[name].iloc[0]) for name in same if table[name].iloc[0]},
        columns=differing,
        rows=rows,
        commands=tuple(command["argv"] for command in run.header.get("commands", ())),
        versions={str(name): str(text) for name, text in run.header.get("versions", {}).items()},
    )


def _name(row: pd.Series[str]) -> str:
    return " · ".join(str(row[name]) for name in KEY)


def _short(name: str, text: str) -> str:
    return text[:12] if name.endswith(("_sha256", "build_id")) and len(text) > LONG else text
