"""Imports point down: a module may import from its own layer's room and from lower layers, never upwards."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import hilbench

PACKAGE = Path(hilbench.__file__).parent

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "registry", "resources", "config"),
    ("ir", "boards", "wire"),
    ("importers",),
    ("kernels", "variants"),
    ("plan",),
    ("codegen", "build"),
    ("targets", "profile", "metrics", "results"),
    ("suite",),
    ("runner", "stats", "trend"),
    ("gate",),
    ("report",),
    ("plot",),
    ("cli", "pytest_plugin"),
)
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}
BESIDE = {"virtual": {"errors", "registry", "resources", "config", "boards", "profile", "virtual"}}
STRANGERS = {
    # "ir knows no board, wire does no I/O, codegen knows no compiler, targets knows no graph, report knows no target"
    "ir": {"boards", "wire"},
    "boards": {"ir", "wire"},
    "wire": {"ir", "boards"},
    "codegen": {"build"},
    "targets": {"ir", "variants", "plan", "kernels", "importers"},
    "report": {"targets"},
}


def imported_rooms(path: Path) -> set[str]:
    """Rooms of hilbench that a module imports, at any depth of its code."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "hilbench" and len(parts) > 1 and parts[1] in RANK | BESIDE:
                rooms.add(parts[1])
    return rooms


def room_of(path: Path) -> str:
    """First part of a module's path below the package."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "_data" not in path.parts)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return
    found = imported_rooms(path) - {room}
    if room in BESIDE:
        assert found <= BESIDE[room]
        return
    assert room in RANK, f"{room} has no layer: give it one here and in docs/architecture.md"
    upward = {other for other in found if other not in RANK or RANK[other] > RANK[room]}
    if room == "cli":
        upward -= {"virtual"}
    assert not upward, f"{path} imports upwards: {upward}"
    assert not found & STRANGERS.get(room, set()), f"{path} knows what it should not"


def test_the_walk_sees_modules() -> None:
    assert len(MODULES) > 30
