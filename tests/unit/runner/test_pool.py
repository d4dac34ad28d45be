"""Worker processes: all results, errors with their fields, and nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from multiprocessing import active_children
from pathlib import Path

import pytest

from hilbench.errors import ToolError
from hilbench.runner.pool import each


def square(number: int) -> int:
    return number * number


def fail(number: int) -> int:
    raise ToolError("gcc", f"missing for {number}", "install it")


def linger(path: str) -> None:
    """A job with something to put away, as an emulator would be."""
    try:
        Path(path).write_text(str(os.getpid()))
        time.sleep(60)
    finally:
        Path(path).unlink()


def wait_for(condition: object, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_result_comes(jobs: int) -> None:
    assert sorted(each(square, [1, 2, 3], jobs)) == [1, 4, 9]
    assert list(each(square, [], jobs)) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_keeps_its_fields(jobs: int) -> None:
    with pytest.raises(ToolError, match="install it") as caught:
        list(each(fail, [1, 2], jobs))
    assert caught.value.tool == "gcc"


def test_closing_ends_what_is_running(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in "ab"]
    results = each(linger, paths, 2)
    before = signal.signal(signal.SIGALRM, _interrupt)
    try:
        with closing(results), pytest.raises(KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 3)
            next(results)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not list(tmp_path.iterdir())
    assert not active_children()


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


_PARENT = """
import sys
sys.path.insert(0, sys.argv[1])
from test_pool import linger
from hilbench.runner.pool import each
if __name__ == "__main__":
    list(each(linger, sys.argv[2:], 2))
"""


def test_workers_follow_a_parent_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    flags = [tmp_path / "a", tmp_path / "b"]
    parent = subprocess.Popen([sys.executable, str(script), str(Path(__file__).parent), *map(str, flags)])
    try:
        wait_for(lambda: all(flag.exists() and flag.read_text() for flag in flags))
        workers = [int(flag.read_text()) for flag in flags]
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    wait_for(lambda: not any(flag.exists() for flag in flags))
    wait_for(lambda: not any(is_alive(worker) for worker in workers))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
