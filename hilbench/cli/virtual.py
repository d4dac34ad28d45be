"""`hilbench virtual`: a board in a process, to try the whole flow without one."""

from __future__ import annotations

import threading
from typing import Annotated

import typer

from hilbench.boards import find
from hilbench.errors import ToolError, UsageError, one_of


def command(
    board: Annotated[str, typer.Argument(help="The board to simulate, such as disco_l475iot.")],
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help="Something that goes wrong: stuck-bit:0x8001000:3, loss:0.001, …"),
    ] = None,
    count: Annotated[
        str, typer.Option(help="What its counters count: cycles (core only), or instructions.")
    ] = "cycles",
) -> None:
    """Simulate a board: debug probe and serial line, down to the chip's registers; ends with Ctrl-C.

    Example: hilbench virtual disco_l475iot, and in another shell
    hilbench run suites/demo.toml --board disco_l475iot --target board --probe remote:localhost:PORT --serial /dev/pts/N
    """
    try:
        from hilbench.virtual.faults import Faults  # noqa: PLC0415  needs an extra
        from hilbench.virtual.serve import serve  # noqa: PLC0415
        from hilbench.virtual.timing import COUNTS  # noqa: PLC0415
    except ImportError as error:
        raise ToolError("virtual board", f"{error.name} is not installed", "pip install 'hilbench[virtual]'") from None
    if count not in COUNTS:
        raise UsageError(one_of("count", count, COUNTS))
    try:
        serve(find(board), Faults.parse(fault or []), count, lambda line: print(line, flush=True), threading.Event())
    except KeyboardInterrupt:
        return
