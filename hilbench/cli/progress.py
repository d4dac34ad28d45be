"""Progress of a run: a live bar on a terminal, one plain line per finished cell elsewhere; always on standard error."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hilbench.results.schema import RunRecord


class Live:
    """Shows what `hilbench.runner.run` tells it; a context manager, so that the terminal is left in order."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal, transient=True)
        self._task = self._bar.add_task("measuring", total=None)

    def __enter__(self) -> Live:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def start(self, total: int, kept: int) -> None:
        """Set the bar's length; say what an earlier run has done."""
        self._bar.update(self._task, total=total, completed=kept)
        if kept:
            self._console.print(f"{kept} of {total} rows were measured before and are kept")

    def done(self, record: RunRecord) -> None:
        """Advance, and name the cell with its status."""
        self._bar.advance(self._task)
        status = str(record.status) + (f": {record.detail}" if record.detail else "")
        self._console.print(
            f"{record.model} {record.variant} on {record.board} ({record.target}): {status}", markup=False
        )
