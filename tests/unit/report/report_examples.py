"""A run made by hand, as large as asked for, with every kind of value that reports draw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hilbench.results.run import Run
from hilbench.results.schema import Provenance, RunRecord, Status, Value

VARIANTS = tuple(
    f"{form}{sparse}{patch}"
    for form in ("int8", "float32", "int4")
    for sparse in ("", "+sparse:0.8")
    for patch in ("", "+patch")
)
STEPS = 24


def make_run(models: int = 1, variants: int = 4, boards: int = 1) -> Run:
    records = [
        _record(f"model{m}", VARIANTS[v], f"board{b}", 1 + m + v / 7 + b / 3)
        for m in range(models)
        for b in range(boards)
        for v in range(variants)
    ]
    records[-1] = replace(records[-1], status=Status.DOES_NOT_FIT, detail="ram is too small <b>", values=())
    command = {"argv": "hilbench run suites/demo.toml", "at": "2026-01-02T03:04:05+00:00"}
    header = {"suite": "demo", "baseline": "int8", "commands": [command], "budgets": ["sram_total_bytes <= 30000"]}
    return Run(tuple(records), header)


def _record(model: str, variant: str, board: str, size: float) -> RunRecord:
    values = tuple(_values(size, 0.5 if "patch" in variant else 1.0))
    buffers = [_buffer(step, size) for step in range(STEPS)]
    return RunRecord(
        f"{model}-{variant}-{board}", "demo", model, board, "qemu", variant, Status.OK, "", "b" * 16, "gcc 12.2.1",
        "0.1", values, {"arena": buffers, "flags": ["-O2"], "model_sha256": f"{model}" * 10},
    )  # fmt: skip


def _values(size: float, patched: float) -> Iterator[Value]:
    counted, modelled, static = Provenance.COUNTED, Provenance.MODELLED, Provenance.STATIC
    cost = [int(1e5 * size * (1 + step % 5)) for step in range(STEPS)]
    total = sum(cost)
    for repeat in range(2):
        yield Value("instructions", total, "instructions", counted, repeat=repeat)
    yield Value("cycles", 1.3 * total, "cycles", modelled)
    yield Value("latency_ms", 1.3 * total / 120e3, "ms", modelled)
    yield Value("cycles_error_pct", 5.2, "%", modelled)
    yield Value("accuracy", 0.98 - size / 100, "1", counted)
    live = [int(2000 * size * (patched if step < 4 else 1) * (10 if step < 4 else 2)) for step in range(STEPS)]
    for kind, more in ((static, 40), (counted, 0)):
        yield Value("arena_bytes", max(live), "B", kind)
        yield Value("stack_bytes", 300 + more, "B", kind)
        yield Value("sram_total_bytes", max(live) + 2860 + more, "B", kind)
    for item, share in (("weights", 14_000), ("code", 5000), ("tables", 1000)):
        yield Value(f"flash_{item}_bytes", int(share * size), "B", static)
    yield Value("flash_model_bytes", int(20_000 * size), "B", static)
    yield Value("flash_total_bytes", int(20_000 * size) + 5000, "B", static)
    for step, (count, bytes_) in enumerate(zip(cost, live, strict=True)):
        name = f"{step:02d}_conv_2d"
        yield Value("instructions", count, "instructions", counted, step=name)
        yield Value("cycles", 1.3 * count, "cycles", modelled, step=name)
        yield Value("macs", count // 4, "MACs", static, step=name)
        yield Value("live_bytes", bytes_, "B", static, step=name)


def _buffer(step: int, size: float) -> dict[str, object]:
    kind = ("window", "scratch", "tensor")[min(step // 3, 2)]
    extent = int(2000 * size * (10 if step < 4 else 2))
    return {"name": f"t{step}", "kind": kind, "size": extent, "offset": 0, "first": step, "last": step, "holds": ()}
