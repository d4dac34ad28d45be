"""Where boards, suites and firmware are: the user's own first, then those that hilbench brings along.

In a checkout they lie beside the package; in a wheel they travel inside it, under `hilbench/_data`.
"""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path

_PACKAGE = Path(__file__).parent
_SHIPPED = _PACKAGE / "_data" if (_PACKAGE / "_data").is_dir() else _PACKAGE.parent


def shipped(*parts: str) -> Path:
    """Path of something that hilbench brings along: `shipped("firmware", "runtime")`."""
    return _SHIPPED.joinpath(*parts)


def search_path(folder: str) -> tuple[Path, ...]:
    """Folders called `folder` ("boards", "suites") in order of precedence: working directory, then shipped."""
    own, ours = Path.cwd() / folder, shipped(folder)
    return (ours,) if own.resolve() == ours.resolve() else (own, ours)


def named_files(folder: str, suffix: str) -> dict[str, Path]:
    """Every `*suffix` file of `folder` by stem; the user's own hides a shipped one of the same name."""
    found: dict[str, Path] = {}
    for place in search_path(folder):
        for path in sorted(place.glob(f"*{suffix}")):
            found.setdefault(path.stem, path)
    return found


def cache_dir() -> Path:
    """Where builds are cached: $HILBENCH_CACHE, else the system's own place ($XDG_CACHE_HOME or ~/.cache on Linux)."""
    own = os.environ.get("HILBENCH_CACHE")
    return Path(own) if own else user_cache_path("hilbench")
