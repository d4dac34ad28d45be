"""Digests that say whether a result may be used again: hilbench's own sources are part of every result."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import hilbench
from hilbench.resources import shipped


@cache
def digest_of_files(folder: Path, pattern: str) -> str:
    """SHA-256 over the names and contents of all files below `folder` that match `pattern`, as hex."""
    sha = hashlib.sha256()
    for path in sorted(folder.rglob(pattern)):
        if path.is_file():
            content = path.read_bytes()
            sha.update(f"{path.relative_to(folder)} {len(content)}\n".encode() + content)
    return sha.hexdigest()


def code_digest() -> str:
    """SHA-256 over hilbench's Python sources and the firmware, as hex."""
    parts = digest_of_files(Path(hilbench.__file__).parent, "*.py"), digest_of_files(shipped("firmware"), "*")
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()
