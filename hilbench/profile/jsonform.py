"""Profiles as JSON files, so that profiles taken elsewhere can be priced; docs/profile.schema.json describes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PlainSerializer, PositiveInt

from hilbench.config import Section as Table
from hilbench.config import parse
from hilbench.errors import ConfigError
from hilbench.profile.blocks import OVERHEAD, Block, Cache, Counters, Profile, Section, merge

FORMAT = "hilbench-profile"
VERSION = 1


def _address(value: Any) -> Any:
    """An address as a number or as text like "0x08000200"."""
    try:
        return int(value, 0) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"'{value}' is not an address; right: 134218240 or \"0x08000200\"") from None


def _code(value: Any) -> Any:
    """Bytes in memory order as hexadecimal digits, spaces allowed."""
    try:
        return bytes.fromhex(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(f"'{value}' is not hexadecimal; right: \"08b50446\", the bytes in memory order") from None


class BlockForm(Table):
    """A basic block. `taken`: the next executed block was not the fall-through; `changes`: that outcome changed."""

    address: Annotated[int, BeforeValidator(_address)] = Field(ge=0, lt=2**32)
    code: Annotated[bytes, BeforeValidator(_code), PlainSerializer(bytes.hex)]
    executions: NonNegativeInt
    taken: NonNegativeInt
    changes: NonNegativeInt


class CacheForm(Table):
    """The simulated data cache: bytes, ways, bytes per line; replacement is LRU."""

    size: PositiveInt
    ways: PositiveInt
    line: PositiveInt


class CountersForm(Table):
    """Data accesses; one that was not recorded is left out, and is asked for where a board's timing needs it."""

    reads: dict[str, NonNegativeInt] = Field(default_factory=dict)
    writes: dict[str, NonNegativeInt] = Field(default_factory=dict)
    flash_line8_changes: NonNegativeInt | None = None
    unaligned: NonNegativeInt | None = None
    flash_line_misses: NonNegativeInt | None = None
    cache: CacheForm | None = None


class SectionForm(Table):
    """What ran between two marks; `step` is -1 for what runs between the steps."""

    step: int = OVERHEAD
    name: str = ""
    blocks: tuple[BlockForm, ...]
    counters: CountersForm = CountersForm()


class ProfileForm(Table):
    """A profile: one section as `blocks` and `counters`, or several as `sections`."""

    format: Literal["hilbench-profile"] = "hilbench-profile"
    version: Literal[1] = 1
    machine: str = ""
    blocks: tuple[BlockForm, ...] | None = None
    counters: CountersForm | None = None
    sections: tuple[SectionForm, ...] | None = None


def read(path: Path) -> Profile:
    """Read a profile.

    Raises:
        ConfigError: the file cannot be read, is not JSON, or is not a profile; all mistakes at once.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(error.strerror or str(error), where=str(path)) from error
    except ValueError as error:
        raise ConfigError(f"not valid JSON: {error}", where=str(path)) from error
    return from_json(raw, where=str(path))


def from_json(raw: Any, *, where: str = "profile") -> Profile:
    """The profile that parsed JSON holds; `where` names its source in error texts."""
    if not isinstance(raw, dict):
        raise ConfigError(f"a {type(raw).__name__}", where=where, right='an object with "blocks" and "counters"')
    form = parse(raw, ProfileForm, where=where)
    if (form.blocks is None) == (form.sections is None):
        what = "neither" if form.blocks is None else "both"
        raise ConfigError(f"{what} of 'blocks' and 'sections'", where=where, right="exactly one of them")
    if form.sections is not None and form.counters is not None:
        raise ConfigError("'counters' beside 'sections'", where=where, right="counters within each section")
    whole = (SectionForm(name="run", blocks=form.blocks or (), counters=form.counters or CountersForm()),)
    sections = form.sections if form.sections is not None else whole
    try:
        return Profile(tuple(_section(section) for section in sections), form.machine)
    except ConfigError as error:
        raise ConfigError(error.what, where=f"{where}: {error.where}", right=error.right) from error


def to_json(profile: Profile) -> dict[str, Any]:
    """`profile` as JSON values; `from_json` gives it back."""
    sections = [
        {
            "step": section.step,
            "name": section.name,
            "blocks": [_block(block) for block in section.blocks],
            "counters": _counters(section.counters),
        }
        for section in profile.sections
    ]
    return {"format": FORMAT, "version": VERSION, "machine": profile.machine, "sections": sections}


def dumps(profile: Profile) -> str:
    """`profile` as JSON, one block per line."""
    text = json.dumps(to_json(profile), separators=(",", ":"))
    return text.replace('{"address"', '\n{"address"') + "\n"


def write(profile: Profile, path: Path) -> None:
    """Write `profile` to a file."""
    path.write_text(dumps(profile), encoding="utf-8")


def schema() -> dict[str, Any]:
    """The JSON schema of the format."""
    return ProfileForm.model_json_schema()


def _section(form: SectionForm) -> Section:
    blocks = tuple(Block(b.address, b.code, b.executions, b.taken, b.changes) for b in form.blocks)
    seen = form.counters
    cache = Cache(seen.cache.size, seen.cache.ways, seen.cache.line) if seen.cache else None
    counters = Counters(
        seen.reads, seen.writes, seen.flash_line8_changes, seen.unaligned, seen.flash_line_misses, cache
    )
    name = form.name or (f"step {form.step}" if form.step >= 0 else "overhead")
    return merge(name, [Section(form.step, name, blocks, counters)], form.step)


def _block(block: Block) -> dict[str, Any]:
    return {
        "address": f"0x{block.address:08x}", "code": block.code.hex(),
        "executions": block.executions, "taken": block.taken, "changes": block.changes,
    }  # fmt: skip


def _counters(counters: Counters) -> dict[str, Any]:
    named = {
        "reads": dict(counters.reads), "writes": dict(counters.writes),
        "flash_line8_changes": counters.flash_line8_changes, "unaligned": counters.unaligned,
        "flash_line_misses": counters.flash_line_misses,
        "cache": vars(counters.cache) if counters.cache else None,
    }  # fmt: skip
    return {key: value for key, value in named.items() if value is not None}
