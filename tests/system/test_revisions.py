"""`hilbench compare --revisions` on a repository whose flags change between two commits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MODEL = Path(__file__).parents[2] / "suites" / "models" / "digits.tflite"
SUITE = 'boards = ["nucleo_l4r5zi"]\nvariants = ["int8"]\nrepeats = 1\n[[model]]\nname = "m"\nfile = "digits.tflite"\n'


def git(*args: str, at: Path) -> None:
    identity = {
        "GIT_AUTHOR_NAME": "t",
        "GIT_AUTHOR_EMAIL": "t@t",
        "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@t",
    }
    subprocess.run(["git", *args], cwd=at, env={**os.environ, **identity}, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits that build the same model with other flags."""
    tree = tmp_path / "repo"
    (tree / "suites").mkdir(parents=True)
    shutil.copy(MODEL, tree / "suites" / "digits.tflite")
    git("init", "--quiet", at=tree)
    for tag, optimize in (("before", "-O2"), ("after", "-Os")):
        (tree / "suites" / "mine.toml").write_text(f'optimize = "{optimize}"\n{SUITE}')
        git("add", "-A", at=tree)
        git("commit", "--quiet", "-m", tag, at=tree)
        git("tag", tag, at=tree)
    return tree


def compare(tree: Path, *args: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "hilbench.cli.main", "compare", *args]
    return subprocess.run(argv, cwd=tree, capture_output=True, text=True, check=False)


def test_two_revisions_side_by_side(repository: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    done = compare(repository, "--revisions", "before", "after", "--across", "flags", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "conditions differ, as allowed: flags" in done.stdout
    assert "m · nucleo_l4r5zi · qemu · int8" in done.stdout and "flash_model_bytes (static)" in done.stdout
    listed = subprocess.run(["git", "worktree", "list"], cwd=repository, capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1

    refused = compare(repository, f"{out}/before", f"{out}/after")
    assert refused.returncode == 6 and "-Os" in refused.stderr


def test_what_is_no_revision_is_said_before_anything_is_measured(repository: Path) -> None:
    done = compare(repository, "--revisions", "before", "never")
    assert done.returncode == 2 and "'never' is no revision" in done.stderr
    assert done.stdout == ""
