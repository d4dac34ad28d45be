"""Suites: which models, variants and boards a run measures, as a TOML file or from the command line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from hilbench.boards import Board, boards, find
from hilbench.build.toolchain import CROSS, toolchain_of
from hilbench.config import Section, load_toml
from hilbench.errors import ConfigError, UsageError, one_of
from hilbench.importers import load_model
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph
from hilbench.resources import named_files, search_path
from hilbench.variants.variant import Variant

Repeats = Annotated[int, Field(ge=1, le=1000)]
_Several = BeforeValidator(lambda given: (given,) if isinstance(given, str) else given)
"""One text stands for a list of it alone."""


class Optimize(StrEnum):
    """Optimisation levels of a model's code."""

    SIZE = "-Os"
    O1 = "-O1"
    O2 = "-O2"
    O3 = "-O3"


class ModelEntry(Section):
    """One `[[model]]`: a file (relative to the suite file, or the name of a shipped model) and its data.

    `dataset` and `calibration` are .npz files with `x` (and `y`, labels); `variants` replaces the suite's list.
    """

    file: str
    name: str = ""
    dataset: str = ""
    calibration: str = ""
    variants: tuple[str, ...] = ()


class SuiteFile(Section):
    """A suite as it is written; `baseline` names the variant that the others are compared with (default: the first).

    `toolchain` and `optimize` may be lists: every variant is built by every toolchain at every level. `budgets` are
    expressions that the gate holds the rows to: "sram_total_bytes <= 65536".
    """

    title: str = ""
    model: Annotated[tuple[ModelEntry, ...], Field(min_length=1)]
    boards: Annotated[tuple[str, ...], Field(min_length=1)]
    variants: tuple[str, ...] = ()
    baseline: str = ""
    target: str = "auto"
    repeats: Repeats = 3
    toolchain: Annotated[tuple[str, ...], _Several, Field(min_length=1)] = (CROSS,)
    optimize: Annotated[tuple[Optimize, ...], _Several, Field(min_length=1)] = (Optimize.O2,)
    budgets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """A model and the data that belong to it; every path exists."""

    name: str
    path: Path
    dataset: Path | None = None
    calibration: Path | None = None
    variants: tuple[Variant, ...] = ()

    def digest(self) -> str:
        """SHA-256 over the contents of its files, as hex."""
        sha = hashlib.sha256()
        for path in (self.path, self.dataset, self.calibration):
            content = b"" if path is None else path.read_bytes()
            sha.update(len(content).to_bytes(8, "little") + content)
        return sha.hexdigest()


@dataclass(frozen=True)
class Compiler:
    """What builds the model: a toolchain, by name, at an optimisation level."""

    toolchain: str = CROSS
    optimize: Optimize = Optimize.O2


@dataclass(frozen=True)
class Suite:
    """What a run measures: every model × its variants × every compiler × every board, `repeats` times each.

    `baseline` is the variant that comparisons start from; the first one where none is named.
    """

    name: str
    models: tuple[Model, ...]
    boards: tuple[Board, ...]
    target: str = "auto"
    repeats: int = 3
    toolchain: tuple[str, ...] = (CROSS,)
    optimize: tuple[Optimize, ...] = (Optimize.O2,)
    baseline: str = ""
    budgets: tuple[str, ...] = field(default=())

    @property
    def compilers(self) -> tuple[Compiler, ...]:
        """Every toolchain at every optimisation level."""
        return tuple(Compiler(*each) for each in dict.fromkeys(product(self.toolchain, self.optimize)))

    @property
    def baseline_row(self) -> str:
        """What rows call the baseline variant: that of the first compiler; "" where none is named."""
        return self.row(self.baseline, self.compilers[0]) if self.baseline else ""

    def row(self, variant: str, compiler: Compiler) -> str:
        """What rows call a variant: where several compilers build it, with what tells them apart after a blank."""
        axes = (self.toolchain, compiler.toolchain), (self.optimize, compiler.optimize)
        return " ".join((variant, *(own for every, own in axes if len(every) > 1)))


def load(path: Path) -> Suite:
    """Read a suite file.

    Raises:
        ConfigError: the file does not match, or names a file or variant that does not exist.
        UsageError: it names a board that does not exist.
    """
    raw = load_toml(path, SuiteFile)
    try:
        models = tuple(_model(entry, raw, path.parent) for entry in raw.model)
        suite = Suite(
            name=path.stem,
            models=models,
            boards=tuple(find(board) for board in raw.boards),
            baseline=str(Variant.parse(raw.baseline)) if raw.baseline else "",
            **raw.model_dump(include={"target", "repeats", "toolchain", "optimize", "budgets"}),
        )
        _check_names(suite)
        _check(suite)
    except UsageError as error:
        raise ConfigError(str(error), where=str(path)) from error
    return suite


def suites() -> dict[str, Path]:
    """Every suite file by name, the user's own first."""
    return named_files("suites", ".toml")


def find_suite(name: str) -> Suite:
    """The suite at a path that ends in .toml, or the shipped (or own) one of that name."""
    if name.endswith(".toml"):
        return load(Path(name))
    known = suites()
    if name not in known:
        raise UsageError(one_of("suite", name, known))
    return load(known[name])


def of_model(name: str, dataset: str = "", calibration: str = "") -> Suite:
    """A suite of one model, as its file stores it and on no board yet: what the command line starts from.

    Raises:
        ConfigError: a file is not there or cannot be read.
        UnsupportedModel: hilbench lacks operators that the model has.
    """
    path = find_model(name)
    own = Variant.parse(own_format(load_model(path)))
    model = Model(path.stem, path, find_data(dataset), find_data(calibration), variants=(own,))
    return Suite(path.stem, (model,), ())


def own_format(graph: Graph) -> str:
    """The format that stores a graph as it is: int8 where an operator has int8 weights, else float32."""
    weights = (graph[name] for op in graph.ops for name in op.present_inputs if graph[name].data is not None)
    return "int8" if any(tensor.dtype is DType.INT8 for tensor in weights) else "float32"


def replace_given(suite: Suite, *, variants: tuple[Variant, ...] = (), **given: Any) -> Suite:
    """The suite with what was given on the command line in place of its own; None, "" and () leave it as it is.

    Raises:
        UsageError: there is no board, no such toolchain, or the baseline is not among the variants.
    """
    if variants:
        suite = replace(suite, models=tuple(replace(model, variants=variants) for model in suite.models))
    suite = replace(suite, **{name: value for name, value in given.items() if value})
    if not suite.boards:
        raise UsageError(f"no board; give --board NAME, one of: {', '.join(sorted(boards()))}")
    _check(suite)
    return suite


def changed(suite: Suite, change: Callable[[Variant], Variant]) -> Suite:
    """The suite with every variant, and the baseline, changed."""
    models = tuple(replace(model, variants=tuple(dict.fromkeys(map(change, model.variants)))) for model in suite.models)
    return replace(suite, models=models, baseline=suite.baseline and str(change(Variant.parse(suite.baseline))))


def find_model(name: str, beside: Path | None = None) -> Path:
    """A model file: a path (relative ones first `beside` the suite), or the name of a shipped model.

    Raises:
        ConfigError: there is no such file.
    """
    for path in filter(None, (beside and beside / name, Path(name))):
        if path.is_file():
            return path
    shipped = shipped_models()
    if name in shipped:
        return shipped[name]
    raise ConfigError(f"no model file '{name}'", right=f"a .tflite file, or one of: {', '.join(sorted(shipped))}")


def shipped_models() -> dict[str, Path]:
    """Models under `suites/models` by name, the user's own first."""
    found: dict[str, Path] = {}
    for place in search_path("suites"):
        for path in sorted((place / "models").glob("*.tflite")):
            found.setdefault(path.stem, path)
    return found


def find_data(name: str, beside: Path | None = None) -> Path | None:
    """A dataset file, relative to `beside` where that is given; None for "".

    Raises:
        ConfigError: there is no such file.
    """
    if not name:
        return None
    path = (beside or Path()) / name
    if not path.is_file():
        raise ConfigError(f"no dataset file '{path}'", right="an .npz file with x, and y for labels")
    return path


def _model(entry: ModelEntry, raw: SuiteFile, folder: Path) -> Model:
    path = find_model(entry.file, folder)
    variants = tuple(Variant.parse(text) for text in entry.variants or raw.variants)
    if not variants:
        raise ConfigError(f"no variants for model '{entry.file}'", right='variants = ["int8", "int8+patch"]')
    data = find_data(entry.dataset, folder), find_data(entry.calibration, folder)
    return Model(entry.name or path.stem, path, *data, variants=variants)


def _check_names(suite: Suite) -> None:
    names = [model.name for model in suite.models]
    if len(set(names)) < len(names):
        raise UsageError("two models have the same name; give each [[model]] its own name")


def _check(suite: Suite) -> None:
    for name in suite.toolchain:
        toolchain_of(suite.target, name)
    known = {str(variant) for model in suite.models for variant in model.variants}
    if suite.baseline and suite.baseline not in known:
        raise UsageError(one_of("baseline variant", suite.baseline, known))
