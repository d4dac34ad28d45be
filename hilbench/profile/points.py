"""Tables of measured cycles (CSV), one measurement per row, that boards are calibrated on."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hilbench.boards.board import Timing
from hilbench.errors import ConfigError, one_of
from hilbench.profile import jsonform
from hilbench.profile.blocks import Section
from hilbench.profile.calibrate import Point
from hilbench.profile.price import EVENTS, count, price_section

MEASURED, KNOWN, PROFILE = "cycles", "core_cycles", "profile"
"""Columns: what was measured; what the core model gives (instructions and the core's events); or, instead of that and
of a column per event, a profile file (relative to the table)."""


@dataclass(frozen=True)
class Table:
    """A table and how it is read.

    Args:
        path: the CSV file.
        events: events that are to be fitted.
        timing: prices what is given as profiles; its coefficients of `events` are left out.
        names: columns that are called otherwise in the table: {"cycles": "published_cycles"}.
        where: only rows whose columns have these values.
        fixed: cycles per event that are not fitted and that the column core_cycles does not hold.
        group: the column whose values are left out of the fit one at a time, "" for none.
    """

    path: Path
    events: tuple[str, ...]
    timing: Timing
    names: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    group: str = ""

    def points(self) -> list[Point]:
        """The measurements.

        Raises:
            ConfigError: the table cannot be read, lacks a column, or holds something that is no number.
        """
        for event in (*self.events, *self.fixed):
            if event not in EVENTS:
                raise ConfigError(one_of("event", event, EVENTS), where="calibration")
        try:
            rows = list(csv.DictReader(self.path.read_text(encoding="utf-8").splitlines()))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot be read: {error}", where=str(self.path)) from error
        kept = [_Row(self, n, row) for n, row in enumerate(rows, 2) if self._wants(row)]
        if not kept:
            asked = ", ".join(f"{column}={value}" for column, value in self.where.items())
            what = f"no row where {asked}" if asked else "no measurements"
            raise ConfigError(what, where=str(self.path), right="a heading and one measurement per row")
        return [row.point() for row in kept]

    def _wants(self, row: Mapping[str, str]) -> bool:
        return all(row.get(column) == value for column, value in self.where.items())


@dataclass(frozen=True)
class _Row:
    """One row of a table, for numbers whose errors name their place."""

    table: Table
    line: int
    cells: Mapping[str, str]

    def point(self) -> Point:
        measured = self.number(MEASURED)
        if measured <= 0:
            raise ConfigError(f"measured cycles {measured:g}", where=self.place, right="more than 0")
        known, counts = self.profiled() if self.cells.get(PROFILE) else self.counted()
        words = [text for column, text in self.cells.items() if text and not _is_number(text)]
        group = self.cells.get(self.table.group, "") if self.table.group else ""
        return Point(f"{' '.join(words)} (line {self.line})".strip(), group, measured, known, counts)

    def counted(self) -> tuple[float, dict[str, float]]:
        """Cycles of the core and counts of events, from their columns."""
        fixed = sum(cycles * self.number(event) for event, cycles in self.table.fixed.items())
        return self.number(KNOWN) + fixed, {event: self.number(event) for event in self.table.events}

    def profiled(self) -> tuple[float, dict[str, float]]:
        """The same from a profile, by the core's timing model."""
        total = jsonform.read(self.table.path.parent / self.cells[PROFILE]).total()
        return known_and_counts(total, self.table.events, self.table.timing, self.table.fixed)

    @property
    def place(self) -> str:
        return f"{self.table.path}, line {self.line}"

    def number(self, column: str) -> float:
        name = self.table.names.get(column, column)
        if name not in self.cells:
            raise ConfigError(f"no column '{name}'", where=str(self.table.path), right=f"has: {', '.join(self.cells)}")
        if not _is_number(self.cells[name]):
            raise ConfigError(f"'{self.cells[name]}' in column '{name}'", where=self.place, right="a number")
        return float(self.cells[name])


def known_and_counts(
    section: Section, events: tuple[str, ...], timing: Timing, fixed: Mapping[str, float] | None = None
) -> tuple[float, dict[str, float]]:
    """What a profile gives for a fit of `events`: cycles of everything else, and how often each event happened."""
    others = {event: cycles for event, cycles in timing.coefficients.items() if event not in events}
    priced = price_section(section, timing.model_copy(update={"coefficients": {**others, **(fixed or {})}}))
    return sum(priced.parts.values()), {event: float(count(section, event)) for event in events}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except (TypeError, ValueError):
        return False
    return True
