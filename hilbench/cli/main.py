"""The command line: verbs are the modules of this package that define `command`; errors become exit codes here.

A verb's name is its module's; its help is the docstring of `command`.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console

import hilbench
from hilbench.cli import __name__ as package
from hilbench.cli import __path__ as package_path
from hilbench.errors import ExitCode, HilbenchError

TRACEBACK = "HILBENCH_TRACEBACK"

EPILOG = """Exit codes: 0 ok · 1 gate failed · 2 usage · 3 a tool is missing or failed · 4 board, emulator or link
 · 5 build · 6 model, configuration or dataset · 7 an output differs from the reference · 70 a mistake in hilbench
 · 130 interrupted."""


def main() -> None:
    """Run the command line and exit."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        build_app(sys.argv[1:2])()
    except KeyboardInterrupt as error:  # while a verb is imported
        code, text = _explained(error)
        _complain(text)
        sys.exit(code)


def build_app(asked: list[str]) -> typer.Typer:
    """The application; only the verb that is asked for is imported, all of them where none is."""
    app = typer.Typer(
        name="hilbench",
        help=hilbench.__doc__,
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    app.callback()(_options)
    modules = sorted(module.name for module in iter_modules(package_path) if module.name != "main")
    for name in [name for name in modules if [name] == asked] or modules:
        command = getattr(import_module(f"{package}.{name}"), "command", None)
        if command is not None:
            app.command(name, epilog=EPILOG)(guarded(command))
    return app


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with every way to fail mapped to a line on standard error and an exit code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (HilbenchError, KeyboardInterrupt) as error:
            code, text = _explained(error)
            if TRACEBACK in os.environ:
                traceback.print_exc()
            _complain(text)
            raise typer.Exit(code) from None
        except (typer.Exit, BrokenPipeError):
            raise
        except Exception as error:
            if TRACEBACK in os.environ:
                raise
            _complain(f"a mistake in hilbench: {type(error).__name__}: {error}; set {TRACEBACK}=1 to see where")
            raise typer.Exit(int(ExitCode.INTERNAL)) from error

    return run


def _explained(error: HilbenchError | KeyboardInterrupt) -> tuple[int, str]:
    if isinstance(error, HilbenchError):
        return int(error.exit_code), str(error)
    return int(ExitCode.INTERRUPTED), "interrupted; what was finished is kept"


def _complain(text: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"hilbench: {text}", markup=False)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _version(wanted: bool) -> None:
    if wanted:
        print(f"hilbench {hilbench.__version__}")
        raise typer.Exit


def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Version.")] = False,
) -> None:
    pass


if __name__ == "__main__":
    main()
