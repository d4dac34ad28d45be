"""The process of a virtual board: says where probe and serial line are, and serves until it is told to stop."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable

from hilbench.boards import Board
from hilbench.virtual.board import VirtualBoard
from hilbench.virtual.faults import Faults


def serve(board: Board, faults: Faults, count: str, say: Callable[[str], None], stop: threading.Event) -> None:
    """Run a virtual `board` until `stop` is set; `say` gets one line each for probe and serial line."""
    # pyOCD's server reports every refused request as an error with a traceback; clients are told anyway.
    logging.getLogger("pyocd").setLevel(logging.CRITICAL)
    virtual = VirtualBoard(board, faults, count, unplugged=_unplug)
    virtual.start()
    say(f"probe  {virtual.probe_id}")
    say(f"serial {virtual.line.path}")
    try:
        stop.wait()
    finally:
        virtual.close()


def _unplug() -> None:
    """The cable comes out: probe and serial line vanish in the same instant, without a word."""
    os._exit(0)
