"""int8: a quantized model file as it is; a float one quantized here, from calibration data."""

from __future__ import annotations

from dataclasses import replace

from hilbench.errors import UnsupportedModel, UnsupportedOp, UsageError
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op
from hilbench.variants.calibration import describe, observe, synthetic
from hilbench.variants.quantize import WEIGHT_AXIS, demand_quantizable, quantize
from hilbench.variants.variant import FORMATS, Calibration, Format, Transformed

PER_TENSOR = "per-tensor"
CORE = "core"


def _check(argument: str) -> None:
    if argument not in ("", PER_TENSOR, CORE):
        raise UsageError(
            f"'int8' takes nothing, '{PER_TENSOR}' or '{CORE}', got '{argument}'; right: int8 or int8:{PER_TENSOR}"
        )


def _apply(graph: Graph, argument: str, calibration: Calibration | None) -> Transformed:
    per_tensor = argument == PER_TENSOR
    if any(tensor.dtype is DType.INT8 and tensor.data is None for tensor in graph.tensors.values()):
        if per_tensor:
            _demand_per_tensor(graph)
        return _core(graph) if argument == CORE else Transformed(graph)
    demand_quantizable(graph)
    ranges = observe(graph, synthetic(graph) if calibration is None else calibration)
    weights = "per tensor" if per_tensor else "per channel"
    note = f"quantized here, weights {weights}, {describe(graph, calibration)}"
    return Transformed(quantize(graph, ranges, per_channel=not per_tensor), (note,))


def _core(graph: Graph) -> Transformed:
    """The graph without the QUANTIZE of its inputs and the DEQUANTIZE of its outputs: its ports are integers."""
    dropped = [op for op in graph.ops if _converts_input(op, graph) or _converts_output(op, graph)]
    inner = {str(op.inputs[0]): op.outputs[0] for op in dropped if op.kind == "QUANTIZE"}
    outer = {op.outputs[0]: str(op.inputs[0]) for op in dropped if op.kind == "DEQUANTIZE"}
    gone = {*inner, *outer}
    core = replace(
        graph,
        tensors={name: tensor for name, tensor in graph.tensors.items() if name not in gone},
        ops=tuple(op for op in graph.ops if op not in dropped),
        inputs=tuple(inner.get(name, name) for name in graph.inputs),
        outputs=tuple(outer.get(name, name) for name in graph.outputs),
    )
    return Transformed(core, ("inputs and outputs are those of the integer core",) if dropped else ())


def _converts_input(op: Op, graph: Graph) -> bool:
    name = op.inputs[0]
    return op.kind == "QUANTIZE" and name in graph.inputs and len(graph.consumers[name]) == 1


def _converts_output(op: Op, graph: Graph) -> bool:
    source, out = op.inputs[0], op.outputs[0]
    last = out in graph.outputs and not graph.consumers[out]
    return op.kind == "DEQUANTIZE" and last and source not in graph.outputs and source in graph.producer


def _demand_per_tensor(graph: Graph) -> None:
    """A quantized file keeps its own quantization, so it must be per tensor already."""
    why = "the file's weights are quantized per channel, and a quantized file keeps its quantization; right: int8"
    found = [UnsupportedOp(op.kind, op.index, op.outputs[0], why) for op in graph.ops if _per_channel(op, graph)]
    if found:
        raise UnsupportedModel(graph.name, found)


def _per_channel(op: Op, graph: Graph) -> bool:
    if op.kind not in WEIGHT_AXIS:
        return False
    quant = graph[str(op.inputs[1])].quant
    return quant is not None and len(quant.scale) > 1


FORMATS.add(
    "int8",
    Format(
        "int8",
        "int8[:per-tensor|core]: TensorFlow Lite's 8-bit integers; core: at inputs and outputs too",
        _check,
        _apply,
    ),
)
