"""The command line as a user runs it: a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Hilbench = Callable[..., subprocess.CompletedProcess[str]]
ARGV = [sys.executable, "-m", "hilbench.cli.main"]


@pytest.fixture
def hilbench(tmp_path: Path) -> Hilbench:
    """Run `hilbench ARGUMENTS` in a scratch folder; `path` replaces $PATH, `file_bytes` limits every file's size."""

    def run(*arguments: str, path: str | None = None, file_bytes: int = 0) -> subprocess.CompletedProcess[str]:
        env = os.environ | ({} if path is None else {"PATH": path})
        argv = [*ARGV, *arguments]
        if file_bytes:
            argv = ["prlimit", f"--fsize={file_bytes}", *argv]
        return subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False)

    return run
