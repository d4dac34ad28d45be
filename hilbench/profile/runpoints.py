"""Points for a calibration from two runs of the same models: one on the board, one under the profiler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median

from hilbench.boards.board import Timing
from hilbench.errors import ConfigError
from hilbench.profile import jsonform
from hilbench.profile.blocks import Profile, Section
from hilbench.profile.calibrate import Point
from hilbench.profile.points import known_and_counts
from hilbench.results.schema import Provenance, RunRecord
from hilbench.results.store import PROFILES, read_records

LEAST_CYCLES = 10_000
"""A step that took fewer is no point of its own: what the harness adds to it weighs too much."""

Key = tuple[str, str, str]


def read_run_points(measured: Path, profiled: Path, events: tuple[str, ...], timing: Timing) -> list[Point]:
    """A point per model and variant, and per step of LEAST_CYCLES or more, that both runs hold; the group is the model.

    Measured cycles are the median of the warm repeats.

    Raises:
        UsageError: a folder holds no run.
        ConfigError: nothing in `measured` was measured on a board, or the runs have no model in common.
    """
    boards = {_key(record): record for record in read_records(measured) if _cycles(record, "")}
    if not boards:
        raise ConfigError("no cycles that a board measured", where=str(measured), right="a run with --target board")
    points = [
        point
        for record in read_records(profiled)
        if _key(record) in boards and (profiled / PROFILES / f"{record.run_id}.json").is_file()
        for point in _points(boards[_key(record)], _profile(profiled, record), events, timing)
    ]
    if not points:
        raise ConfigError(f"no profile of a model, variant and board of {measured}", where=str(profiled))
    return points


def _key(record: RunRecord) -> Key:
    return record.model, record.variant, record.board


def _profile(folder: Path, record: RunRecord) -> Profile:
    return jsonform.read(folder / PROFILES / f"{record.run_id}.json")


def _points(record: RunRecord, profile: Profile, events: tuple[str, ...], timing: Timing) -> Iterator[Point]:
    for section in (profile.total(), *profile.sections):
        cycles = _cycles(record, "" if section.name == "total" else section.name)
        if cycles >= LEAST_CYCLES:
            yield _point(record, section, cycles, events, timing)


def _point(record: RunRecord, section: Section, cycles: float, events: tuple[str, ...], timing: Timing) -> Point:
    known, counts = known_and_counts(section, events, timing)
    return Point(f"{record.model} {record.variant} {section.name}", record.model, cycles, known, counts)


def _cycles(record: RunRecord, step: str) -> float:
    """Median of the warm repeats (of the only one, where there is no other); 0 where a board measured nothing."""
    found = {
        value.repeat: value.value
        for value in record.values
        if (value.metric, value.provenance, value.step) == ("cycles", Provenance.MEASURED, step)
    }
    warm = [cycles for repeat, cycles in found.items() if repeat > 0]
    return median(warm or found.values()) if found else 0.0
