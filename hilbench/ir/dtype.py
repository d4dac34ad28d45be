"""Element types of tensors."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import numpy as np


class DType(StrEnum):
    """Element type; the value is numpy's name of it."""

    FLOAT32 = "float32"
    INT8 = "int8"
    UINT8 = "uint8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    BOOL = "bool"

    @property
    def numpy(self) -> np.dtype[Any]:
        """The numpy dtype."""
        return np.dtype(self.value)

    @property
    def size(self) -> int:
        """Bytes of one element."""
        return int(self.numpy.itemsize)
