"""Where `hilbench profile` takes a profile from: a model, a finished run, or somebody's firmware image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hilbench.boards import Board, boards, find
from hilbench.config import parse
from hilbench.errors import ConfigError, ToolError, UsageError
from hilbench.profile import Profile, harness, jsonform
from hilbench.profile.firmware import profile_function
from hilbench.profile.lines import Source, read_source
from hilbench.profile.summary import Subject
from hilbench.resources import cache_dir
from hilbench.results.schema import RunRecord
from hilbench.results.store import PROFILES, RECORDS, read_records
from hilbench.runner.firmware import compile_model
from hilbench.runner.inputs import make_inputs
from hilbench.runner.session import observe
from hilbench.suite import Compiler, Optimize, of_model
from hilbench.variants.variant import Variant


@dataclass(frozen=True)
class Taken:
    """A profile, what it is of, the names in the image that ran, and the board's clock (0 where there is none)."""

    subject: Subject
    profile: Profile
    source: Source
    hz: int


@dataclass(frozen=True)
class Asked:
    """What the command line asks for; empty texts were not given, nor was a `call` of 0.

    `keep` and `kernels` add those parts to the variant.
    """

    board: str
    variant: str
    keep: bool
    kernels: tuple[str, ...]
    optimize: Optimize
    function: str
    machine: str
    call: int


def take(what: str, asked: Asked) -> Taken:
    """The profile of a run's folder, an image, or a model."""
    path = Path(what)
    if (path / RECORDS).is_file():
        return _of_run(path, asked)
    return _of_image(path, asked) if _is_elf(path) else _of_model(what, asked)


def _is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"\x7fELF"
    except OSError:
        return False


def _of_image(elf: Path, asked: Asked) -> Taken:
    """One call of a function of somebody's firmware."""
    if not asked.function or not asked.machine:
        raise UsageError("an image needs --function NAME and --machine MACHINE (of QEMU, as mps2-an386)")
    board = find(asked.board) if asked.board else None
    cache = harness.cache_of(board) if board else None
    profile = profile_function(elf, asked.function, asked.machine, calls=asked.call or 1, cache=cache)[-1]
    subject = Subject(f"{asked.function} of {elf.name} on {asked.machine}", board.timing if board else None, {})
    return Taken(subject, profile, read_source(elf), _hz(board))


def _of_model(model: str, asked: Asked) -> Taken:
    """One run of a model, in hilbench's own firmware."""
    if not asked.board:
        raise UsageError(f"a model needs --board; known: {', '.join(boards())}")
    board, (entry,) = find(asked.board), of_model(model).models
    if board.emulator is None:
        raise ConfigError(
            "no emulator", where=f"board {asked.board}", right="the profiler runs in QEMU: add [emulator]"
        )
    variant = Variant.parse(asked.variant or str(entry.variants[0]), keep=asked.keep).forcing(asked.kernels)
    firmware = compile_model(entry, variant, board, board.emulator.kind, Compiler(optimize=asked.optimize))
    observed = observe(board.emulator.kind, board, firmware, make_inputs(firmware.graph, None), asked.call or 2)
    if not observed.profiles:
        raise ToolError("block profiler", observed.unprofiled, "hilbench doctor")
    macs = {step.index: step.macs for step in firmware.plan.steps}
    subject = Subject(f"{entry.name} {variant} on {asked.board}", board.timing, macs)
    return Taken(subject, observed.profiles[-1], read_source(firmware.image.elf), _hz(board))


def _of_run(folder: Path, asked: Asked) -> Taken:
    """The profile that a run kept, priced for the board that it ran for."""
    record = _chosen(folder, asked)
    profile = jsonform.read(folder / PROFILES / f"{record.run_id}.json")
    board = parse(record.provenance["board"], Board, where=f"board of {record.run_id}")
    names = [section.name for section in profile.sections]
    macs = {value.step: int(value.value) for value in record.values if value.metric == "macs"}
    subject = Subject(
        f"{record.model} {record.variant} on {record.board}",
        board.timing,
        {section.step: macs.get(name, 0) for section, name in zip(profile.sections, names, strict=True)},
    )
    return Taken(subject, profile, _source_of(record), _hz(board))


def _chosen(folder: Path, asked: Asked) -> RunRecord:
    """The one record with a profile that has the asked board and variant."""
    kept = [r for r in read_records(folder) if (folder / PROFILES / f"{r.run_id}.json").is_file()]
    found = [record for record in kept if _is_asked(record, asked)]
    if len(found) == 1:
        return found[0]
    listed = "".join(f"\n  {r.model} --variant {r.variant} --board {r.board}" for r in kept)
    what = f"{len(found)} profiles of {folder} fit" if kept else f"no profiles in {folder}"
    raise UsageError(f"{what}; name one by --variant and --board{':' if listed else ''}{listed}")


def _is_asked(record: RunRecord, asked: Asked) -> bool:
    """Whether a record has the asked board and variant, which may name a compiler after a blank, as rows do."""
    name, blank, compiler = (asked.variant or record.variant).partition(" ")
    same = record.variant == f"{Variant.parse(name, keep=asked.keep).forcing(asked.kernels)}{blank}{compiler}"
    return same and asked.board in ("", record.board)


def _source_of(record: RunRecord) -> Source:
    """Names in the image that ran, as long as it is cached; without it addresses have none."""
    images = sorted((cache_dir() / "builds").glob(f"{record.build_id}*/*.elf"))
    return read_source(images[0]) if images else Source((), ())


def _hz(board: Board | None) -> int:
    return board.clock.hz[board.timing.clock] if board and board.timing else 0
