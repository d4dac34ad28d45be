"""Timing models of cores, one module each; `TIMINGS` finds them by the core's name."""

from hilbench.profile.core import CoreTiming
from hilbench.registry import Registry

TIMINGS: Registry[CoreTiming] = Registry("timing model", "hilbench.profile.timing")

__all__ = ["TIMINGS", "CoreTiming"]
