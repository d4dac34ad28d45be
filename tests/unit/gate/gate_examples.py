"""Small runs made by hand, as the records of a real one."""

from __future__ import annotations

from dataclasses import replace

from hilbench.results.baseline import Snapshot, of_run
from hilbench.results.run import Run
from hilbench.results.schema import Provenance, RunRecord, Status, Value

LATENCIES = (94.981, 94.983, 94.979, 94.982, 94.990, 94.980)


def record(variant: str = "int8", *, status: Status = Status.OK, **values: float) -> RunRecord:
    """A record with instructions of two steps, memory and accuracy; `values` replace metrics of the whole model."""
    numbers = {"instructions": 1000.0, "sram_total_bytes": 20_000.0, "accuracy": 0.9} | values
    kinds = {"sram_total_bytes": (Provenance.STATIC, "B"), "accuracy": (Provenance.COUNTED, "1")}
    found = [Value(n, v, *reversed(kinds.get(n, (Provenance.COUNTED, n)))) for n, v in numbers.items()]
    steps = [
        Value("instructions", part, "instructions", Provenance.COUNTED, step=name)
        for name, part in (("00_conv_2d", 600.0), ("01_softmax", numbers["instructions"] - 600.0))
    ]
    return RunRecord(
        run_id=variant,
        suite="demo",
        model="digits",
        board="nucleo_l4r5zi",
        target="qemu",
        variant=variant,
        status=status,
        detail="" if status is Status.OK else "because",
        build_id="b" * 16,
        toolchain="gcc 12.2.1",
        hilbench_version="0.1",
        values=(*found, *steps) if status is Status.OK else (),
        provenance={"model_sha256": "m", "inputs_sha256": "i", "flags": ["-O2"], "board": {"core": {"name": "m4"}}},
        exit_code=4 if status is Status.FAILED else 0,
    )


def measured(samples: tuple[float, ...], variant: str = "int8") -> RunRecord:
    """A record whose latency was measured."""
    times = [Value("latency_ms", t, "ms", Provenance.MEASURED, repeat=i) for i, t in enumerate(samples)]
    plain = record(variant)
    return replace(plain, target="board", values=(*plain.values, *times))


def snapshot(*records: RunRecord, name: str = "baseline.json", **header: object) -> Snapshot:
    return of_run(Run(records, header), name)
