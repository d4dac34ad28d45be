"""Every metric from evidence made by hand: values, units, provenance, and what a wrong answer forfeits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hilbench.boards import find
from hilbench.build.image import FirmwareImage, Ledger
from hilbench.ir.attrs import FullyConnected
from hilbench.ir.dtype import DType
from hilbench.ir.graph import Graph, Op, QuantParams, Tensor
from hilbench.metrics.accuracy import predicted_classes
from hilbench.metrics.metric import METRICS, Evidence, collect
from hilbench.metrics.output import FLOAT_TOLERANCE, differing
from hilbench.plan.make import make_plan
from hilbench.plan.plan import Plan, Step
from hilbench.results.schema import Provenance, Value
from hilbench.targets.target import Hello, StepSample, Watermark
from hilbench.variants.schedule import Layer, Schedule
from hilbench.variants.variant import LAYERS, Part
from tests.graphs import Builder, weighted

LEDGER = Ledger(
    flash_weights=100,
    flash_model_code=20,
    flash_model_tables=3,
    flash_harness=1000,
    static_model=8,
    static_harness=400,
    stack_bound=120,
)


def evidence() -> Evidence:
    quant = QuantParams((0.5,), (0,))
    tensors = {name: Tensor(name, (1, 3), DType.INT8, quant) for name in ("x", "y")}
    graph = Graph("g", tensors, (Op("RELU", ("x",), ("y",)),), ("x",), ("y",))
    steps = (Step(0, "00_relu", 0, 0, "relu", None, 6, 40),)
    plan = Plan(graph, Schedule((Layer(0),)), steps, (), 16, 12, 30, 10)
    rows = np.array([[[1, 2, 3]], [[3, 2, 1]]], np.int8)
    return Evidence(
        graph=graph,
        plan=plan,
        image=FirmwareImage(Path("x.elf"), "id", "gcc", (), ledger=LEDGER),
        board=find("mps2-an386"),
        hello=Hello("id", "cortex-m4", 25_000_000, "icount", 0),
        provenance=Provenance.COUNTED,
        samples=[[StepSample(0, 90), StepSample(-1, 10)]] * 2,
        watermarks={"arena": Watermark("arena", 16, 16), "stack": Watermark("stack", 100, 1024)},
        outputs={"y": rows},
        expected={"y": rows},
        labels=np.array([2, 1]),
    )


def found(values: tuple[Value, ...], metric: str, provenance: str, step: str = "") -> list[float]:
    return [v.value for v in values if (v.metric, v.provenance, v.step) == (metric, provenance, step)]


@pytest.mark.parametrize(
    ("metric", "provenance", "value"),
    [
        ("macs", "static", 40),
        ("extra_macs", "static", 10),
        ("arena_bytes", "static", 16),
        ("arena_bytes", "counted", 16),
        ("arena_lower_bound_bytes", "static", 12),
        ("static_ram_bytes", "static", 408),
        ("stack_bytes", "static", 120),
        ("stack_bytes", "counted", 100),
        ("sram_model_bytes", "static", 8 + 16 + 120),
        ("sram_model_bytes", "counted", 8 + 16 + 100),
        ("sram_total_bytes", "static", 408 + 16 + 120),
        ("sram_total_bytes", "counted", 408 + 16 + 100),
        ("flash_weights_bytes", "static", 100),
        ("flash_code_bytes", "static", 20),
        ("flash_tables_bytes", "static", 3),
        ("flash_index_bytes", "static", 0),
        ("flash_harness_bytes", "static", 1000),
        ("flash_model_bytes", "static", 123),
        ("flash_total_bytes", "static", 1123),
        ("accuracy", "counted", 0.5),
        ("output_mismatches", "counted", 0),
    ],
)
def test_totals(metric: str, provenance: str, value: float) -> None:
    assert found(collect(evidence(), right_answer=True), metric, provenance) == [value]


@pytest.mark.parametrize(
    ("total", "provenance", "items"),
    [
        ("flash_model_bytes", "static", ("flash_weights_bytes", "flash_code_bytes", "flash_tables_bytes")),
        ("flash_total_bytes", "static", ("flash_model_bytes", "flash_harness_bytes")),
        ("sram_total_bytes", "static", ("arena_bytes", "stack_bytes", "static_ram_bytes")),
    ],
)
def test_ledgers_close(total: str, provenance: str, items: tuple[str, ...]) -> None:
    values = collect(evidence(), right_answer=True)
    assert found(values, total, provenance) == [sum(found(values, item, provenance)[0] for item in items)]


@pytest.mark.parametrize(("dtype", "index"), [(DType.INT8, 4 * (5 + 6) + 4), (DType.FLOAT32, 4 * (5 + 2))])
def test_index_of_sparse_weights(dtype: DType, index: int) -> None:
    """Of 4 outputs with 5 weights of 40 each: 5 gaps, and where loops are entered, marks and filling; or a count."""
    b = Builder(3, dtype)
    x = b.input((1, 40))
    w, bias, output = weighted(b, x, (4, 40), 0, 40)
    b.op("FULLY_CONNECTED", (x, w, bias), FullyConnected(), output)
    graph = b.done()
    kept = np.zeros((4, 40), graph[w].values.dtype)
    kept[:, ::8] = 1
    graph = graph.with_tensors([replace(graph[w], data=kept, storage="sparse")])
    plan = make_plan(graph, Part(LAYERS), find("nucleo_l4r5zi").core.features)
    values = tuple(METRICS["flash"].measure(replace(evidence(), graph=graph, plan=plan)))
    assert found(values, "flash_index_bytes", "static") == [index]


def test_instructions_add_up_in_every_repeat() -> None:
    values = collect(evidence(), right_answer=True)
    assert found(values, "instructions", "counted") == [100, 100]
    assert found(values, "instructions", "counted", "00_relu") == [90, 90]
    assert found(values, "instructions", "counted", "overhead") == [10, 10]


def test_every_value_has_the_unit_that_its_metric_declares() -> None:
    for metric in METRICS.values():
        for value in metric.measure(evidence()):
            assert metric.units[value.metric] == value.unit


def test_a_wrong_answer_has_no_time() -> None:
    values = collect(evidence(), right_answer=False)
    assert not found(values, "instructions", "counted")
    assert found(values, "arena_bytes", "static")


def test_a_hardware_counter_gives_cycles_and_time() -> None:
    board = replace(evidence(), hello=Hello("id", "cortex-m4", 1000, "dwt", 0), provenance=Provenance.MEASURED)
    values = collect(board, right_answer=True)
    assert found(values, "cycles", "measured") == [100, 100]
    assert found(values, "latency_ms", "measured") == [100.0, 100.0]
    assert not [v for v in values if v.metric == "instructions"]


def test_a_simulated_counter_says_so_in_every_row() -> None:
    hello = Hello("id", "cortex-m4", 1000, "dwt", 0, simulator="hilbench virtual b")
    values = collect(replace(evidence(), hello=hello, provenance=Provenance.MEASURED), right_answer=True)
    details = {v.detail for v in values if v.metric in ("cycles", "latency_ms")}
    assert details == {f"counter dwt at 0.001 MHz, {how}, simulated by hilbench virtual b" for how in ("cold", "warm")}


def test_the_host_counts_nothing() -> None:
    host = replace(
        evidence(),
        provenance=None,
        watermarks={},
        image=replace(evidence().image, ledger=None),
        hello=Hello("id", "host", 0, "none", 0),
    )
    values = collect(host, right_answer=True)
    assert {v.metric for v in values if v.provenance is not Provenance.STATIC} == {"accuracy", "output_mismatches"}


def test_an_arena_that_is_not_as_planned_says_so() -> None:
    marks = {"arena": Watermark("arena", 12, 16), "stack": Watermark("stack", 130, 1024)}
    values = collect(replace(evidence(), watermarks=marks), right_answer=True)
    details = {v.detail for v in values if v.metric == "arena_bytes"}
    assert details == {"planned 16, touched 12"}
    assert {v.detail for v in values if v.metric == "stack_bytes"} == {"", "above the compiler's bound of 120"}


def test_one_wrong_element_is_counted() -> None:
    wrong = evidence().outputs["y"].copy()
    wrong[1, 0, 2] ^= 1
    values = collect(replace(evidence(), outputs={"y": wrong}), right_answer=True)
    assert found(values, "output_mismatches", "counted") == [1]


def test_floats_differ_beyond_the_tolerance_only() -> None:
    expected = np.array([100.0, 0.0, np.nan, np.inf], np.float32)
    near = expected + np.array([0.9, -0.9, 0, 0], np.float32) * 100 * FLOAT_TOLERANCE
    far = expected + np.array([1.1, -1.1, 0, 0], np.float32) * 100 * FLOAT_TOLERANCE
    assert not differing(near.astype(np.float32), expected).any()
    assert differing(far.astype(np.float32), expected).tolist() == [True, True, False, False]
    assert differing(np.zeros(4, np.float32), expected).tolist() == [True, False, True, True]


def test_one_output_is_a_yes_or_no() -> None:
    tensor = Tensor("y", (1, 1), DType.INT8, QuantParams((1 / 256,), (-128,)))
    codes = np.array([[[-1]], [[1]], [[127]]], np.int8)
    assert predicted_classes(codes, tensor).tolist() == [0, 1, 1]
