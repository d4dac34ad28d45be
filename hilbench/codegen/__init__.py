"""From a plan to C that a person can read: model.c, the network step by step, and weights.c, its constants."""

from hilbench.codegen.generate import generate as generate
