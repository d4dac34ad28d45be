"""Measuring a suite at two git revisions, each in a checkout of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hilbench.errors import ExitCode, TargetError, ToolError, UsageError

_UNMEASURED = (ExitCode.TOOL, ExitCode.TARGET)


def measure_revisions(suite: str, before: str, after: str, out: Path | None) -> tuple[Path, Path]:
    """Run `suite` at both revisions; the two run folders.

    The checkout is the working directory of the run: its boards, models and firmware come first, and where it holds
    hilbench itself, that one runs. The suite is the checkout's if it has one of that path, else the present one.

    Raises:
        UsageError: git knows no such revision.
        ToolError, TargetError: git, a tool or the target failed.
    """
    for revision in (before, after):
        _check(revision)
    folder = (out or Path(tempfile.mkdtemp(prefix="hilbench-compare-"))).resolve()
    runs = [_measure(suite, revision, folder / _plain(revision)) for revision in (before, after)]
    return runs[0], runs[1]


def only_suite() -> str:
    """The suite that the working directory has.

    Raises:
        UsageError: it has none, or several.
    """
    found = sorted(str(path) for path in Path("suites").glob("*.toml"))
    if len(found) != 1:
        raise UsageError(f"which suite? --suite FILE; here: {', '.join(found) or 'none in ./suites'}")
    return found[0]


def _measure(suite: str, revision: str, folder: Path) -> Path:
    with _checkout(revision) as tree:
        here = Path(suite)
        wanted = suite if (tree / here).is_file() or not here.is_file() else str(here.resolve())
        argv = [sys.executable, "-m", "hilbench.cli.main", "run", wanted, "--out", str(folder)]
        done = subprocess.run(argv, cwd=tree, check=False)
    if done.returncode in _UNMEASURED or not (folder / "records.jsonl").is_file():
        said = f"measuring revision {revision} ended with exit code {done.returncode}"
        raise TargetError(said) if done.returncode == ExitCode.TARGET else ToolError("hilbench run", said)
    return folder


@contextmanager
def _checkout(revision: str) -> Iterator[Path]:
    """A worktree of the repository around the working directory; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hilbench-") as parent:
        tree = Path(parent) / "tree"
        _git("worktree", "add", "--detach", "--quiet", str(tree), revision)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _check(revision: str) -> None:
    done = _run("rev-parse", "--verify", f"{revision}^{{commit}}")
    if done.returncode:
        raise UsageError(f"'{revision}' is no revision here: {done.stderr.strip()}")


def _git(*args: str) -> None:
    done = _run(*args)
    if done.returncode:
        raise ToolError("git", done.stderr.strip() or f"git {args[0]} failed")


def _run(*args: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["git", *args], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ToolError("git", "is not installed", "sudo apt-get install git") from error


def _plain(revision: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in revision)
