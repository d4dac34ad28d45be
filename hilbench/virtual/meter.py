"""The block hook in C: compiled once, cached, and hung into unicorn; it counts cycles and knows when to stop."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock
from unicorn import UC_HOOK_BLOCK
from unicorn.unicorn_py3.unicorn import uclib

from hilbench.errors import ToolError
from hilbench.resources import cache_dir

Price = Callable[[bytes, int], tuple[int, int]]
"""(code bytes of a block, its address) -> (cycles if it falls through, cycles more if it is left by a taken branch)."""

NEVER = 1 << 62
_SLOTS = 16384
_SOURCE = Path(__file__).with_suffix(".c")
_FLAGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC")
_PRICE = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32)


class _Cost(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("address", "size", "cycles", "taken")]


class Meter(ctypes.Structure):
    """What the hook shares with Python; fields as in meter.c. `attention` and `leave` ask it to stop the core."""

    _fields_ = [
        ("cycles", ctypes.c_uint64),
        ("next_event", ctypes.c_uint64),
        ("attention", ctypes.c_uint32),
        ("leave", ctypes.c_uint32),
        ("fall_through", ctypes.c_uint32),
        ("taken", ctypes.c_uint32),
        ("stop", ctypes.c_void_p),
        ("price", _PRICE),
        ("priced", _Cost),
        ("table", _Cost * _SLOTS),
    ]

    def attach(self, uc: Any, code: Callable[[int, int], bytes], price: Price) -> None:
        """Hook every block of `uc`; a block that is new is priced by its `code(address, size)`.

        Raises:
            ToolError: there is no C compiler, or it fails.
        """

        def fill(address: int, size: int) -> None:
            self.priced = _Cost(address, size, *price(code(address, size), address))

        self.next_event = NEVER
        self.price = _PRICE(fill)
        self.stop = ctypes.cast(uclib.uc_emu_stop, ctypes.c_void_p)
        hook = ctypes.cast(ctypes.CDLL(str(_built())).hb_on_block, ctypes.c_void_p)
        # Through the C interface: unicorn's own takes Python functions only.
        handle, everywhere = ctypes.c_size_t(), (ctypes.c_uint64(1), ctypes.c_uint64(0))
        uclib.uc_hook_add(uc._uch, ctypes.byref(handle), UC_HOOK_BLOCK, hook, ctypes.byref(self), *everywhere)

    def forget(self) -> None:
        """Memory changed: the blocks must be priced again."""
        ctypes.memset(ctypes.byref(self.table), 0, ctypes.sizeof(self.table))


def _built() -> Path:
    """The hook as a shared library, compiled unless an equal one is cached."""
    command = (*(shlex.split(os.environ.get("CC", "")) or ["cc"]), *_FLAGS)
    identity = hashlib.sha256(repr((command, _SOURCE.read_bytes())).encode()).hexdigest()
    built = cache_dir() / "virtual" / f"meter-{identity[:16]}.so"
    built.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{built}.lock"):
        if not built.exists():
            _compile((*command, str(_SOURCE), "-o", str(partial := built.with_suffix(".partial"))))
            partial.rename(built)
    return built


def _compile(command: tuple[str, ...]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except OSError as error:
        repair = "install a C compiler for this computer (Debian: apt-get install gcc), or name one in $CC"
        raise ToolError(command[0], f"the virtual board compiles a part of it once: {error}", repair) from error
    if done.returncode:
        raise ToolError(command[0], f"fails: {' '.join(command)}\n{done.stderr.strip()}")
