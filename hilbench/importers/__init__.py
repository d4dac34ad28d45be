"""Model files become graphs: one module per file format, chosen by the file's suffix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hilbench.errors import ModelError
from hilbench.ir.graph import Graph
from hilbench.ir.simplify import simplify
from hilbench.ir.verify import verify
from hilbench.registry import Registry

IMPORTERS: Registry[Callable[[Path], Graph]] = Registry("model format", "hilbench.importers")
"""Functions from a path to a graph by suffix, dot included."""


def load_model(path: Path) -> Graph:
    """The graph of a model file, named after the file, simplified and verified.

    Raises:
        ModelError: the file cannot be read, or is not what its suffix says.
        UnsupportedModel: hilbench lacks operators that it needs; all of them are listed.
    """
    if path.suffix not in IMPORTERS:
        raise ModelError(
            f"unknown model format '{path.suffix}'", where=str(path), right=f"known: {', '.join(IMPORTERS)}"
        )
    graph = IMPORTERS[path.suffix](path)
    verify(graph)
    return simplify(graph)
