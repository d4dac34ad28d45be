"""Errors keep their fields and their text on the way from a worker process to its parent."""

from __future__ import annotations

import pickle

import pytest

from hilbench import errors
from hilbench.errors import HilbenchError, UnsupportedOp

ONE_OF_EACH = [
    errors.UsageError("no board"),
    errors.ConfigError("wrong", where="a.toml", right="right"),
    errors.ModelError("truncated", where="m.tflite"),
    errors.UnsupportedModel("m", [UnsupportedOp("LSTM", 3, "t", "not known")]),
    errors.DoesNotFit("ram", 10_000, 8_192, "arena"),
    errors.ToolError("gcc", "not found", "apt-get install gcc"),
    errors.BuildError(["cc", "x.c"], "error: no"),
    errors.TargetError("gone"),
    errors.TargetTimeout("waiting", 5.0, "qemu"),
    errors.FlashError("erase", "dead", 0x0800_0000),
    errors.TargetFault("HardFault", "02_conv_2d", {"pc": 4}, "f at a.c:3"),
    errors.LinkError("no frame"),
]


@pytest.mark.parametrize("error", ONE_OF_EACH, ids=lambda error: type(error).__name__)
def test_errors_cross_processes(error: HilbenchError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
    assert copy.exit_code == error.exit_code


def test_every_class_is_here() -> None:
    def below(cls: type[HilbenchError]) -> set[type[HilbenchError]]:
        return {cls}.union(*(below(sub) for sub in cls.__subclasses__() if sub.__module__ == errors.__name__))

    assert below(HilbenchError) - {HilbenchError} == {type(error) for error in ONE_OF_EACH}
