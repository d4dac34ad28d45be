"""Target `host`: the same C as a process of the host, under sanitizers; for correctness only, nothing is counted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from hilbench.boards import Board
from hilbench.build.image import FirmwareImage
from hilbench.errors import LinkError, TargetFault
from hilbench.targets.line import SerialLine
from hilbench.targets.process import Child, started
from hilbench.targets.session import Deadlines, LinkSession
from hilbench.targets.target import TARGETS, Target

_REPORTS = ("AddressSanitizer", "UndefinedBehaviorSanitizer", "runtime error:")


class Host(Target):
    """The machine that hilbench runs on."""

    name = "host"
    provenance = "none"

    @contextmanager
    def open(self, board: Board, image: FirmwareImage) -> Iterator[LinkSession]:
        """Start the program.

        Raises:
            TargetFault: a sanitizer stopped it; the error holds the report.
            TargetError: it does not start or ended otherwise.
        """
        del board
        options = {"ASAN_OPTIONS": "detect_leaks=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
        environment = {**os.environ, **options}
        with (
            started(lambda link: (str(image.elf), str(link)), repair="", environment=environment) as child,
            _reported(child),
            SerialLine(child.url, 115200, child.explain) as line,
        ):
            yield LinkSession(line, image, Deadlines(), check=child.check, describe=lambda: str(image.elf))


@contextmanager
def _reported(child: Child) -> Iterator[None]:
    """Turn the end of the link into the sanitizer's report, where there is one."""
    try:
        yield
    except LinkError as error:
        said = child.said()
        if any(word in said for word in _REPORTS):
            raise TargetFault("sanitizer report", "the model", {}, said) from error
        raise


TARGETS.add("host", Host())
