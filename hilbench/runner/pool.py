"""Work side by side in worker processes that never outlive the run, nor leave an emulator behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from types import FrameType
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
_TERMINATED = 128 + signal.SIGTERM


def each(work: Callable[[T], R], items: Sequence[T], jobs: int) -> Generator[R]:
    """`work(item)` of every item as they come, `jobs` at once; in this process where one is enough.

    Closing the generator, an error, or Ctrl-C ends every worker and whatever it started. `work` must be a function of a
    module, and items and results must pickle.
    """
    workers = min(jobs, len(items))
    if workers <= 1:
        yield from map(work, items)
    else:
        yield from _side_by_side(work, items, workers)


def _side_by_side(work: Callable[[T], R], items: Sequence[T], workers: int) -> Generator[R]:
    others = set(active_children())
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_be_a_worker)
    try:
        for future in as_completed([pool.submit(_unwound, work, item) for item in items]):
            yield future.result()
    except BaseException:
        for child in set(active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _unwound(work: Callable[[T], R], item: T) -> R:
    """`work(item)`; a worker that is told to end does so as soon as what it started has been put away.

    The executor would take SystemExit for one more result and wait for the next item.
    """
    try:
        return work(item)
    except SystemExit:
        os._exit(_TERMINATED)


def _be_a_worker() -> None:
    """Ctrl-C is the parent's to handle; SIGTERM unwinds, so that emulators end; a dead parent counts as SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _unwind)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _unwind(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(_TERMINATED)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
