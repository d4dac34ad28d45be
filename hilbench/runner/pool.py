"""Cells side by side in worker processes that never outlive the run, nor leave an emulator behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from types import FrameType

from hilbench.runner.cell import Cell, Outcome, measure


def measure_all(cells: Sequence[Cell], jobs: int) -> Generator[Outcome]:
    """Outcomes as they come. Closing the iterator, an error or Ctrl-C ends every worker and what it started."""
    workers = min(jobs, len(cells))
    if workers <= 1:
        yield from map(measure, cells)
    else:
        yield from _side_by_side(cells, workers)


def _side_by_side(cells: Sequence[Cell], workers: int) -> Generator[Outcome]:
    others = set(active_children())
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_be_a_worker)
    try:
        for future in as_completed([pool.submit(measure, cell) for cell in cells]):
            yield future.result()
    except BaseException:
        for child in set(active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _be_a_worker() -> None:
    """Ctrl-C is the parent's to handle; SIGTERM unwinds, so that emulators end; a dead parent counts as SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _unwind)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _unwind(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + signal.SIGTERM)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
