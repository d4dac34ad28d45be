"""Records survive kills, full disks and later schema versions; a folder has one writer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hilbench.errors import ConfigError, ToolError, UsageError
from hilbench.results import store as module
from hilbench.results.schema import Provenance, RunRecord, Status, Value
from hilbench.results.store import Store, decode, encode, open_store, read_header, read_records, write_atomic


def record(run_id: str = "a", status: Status = Status.OK, **more: object) -> RunRecord:
    fields = {"suite": "s", "model": "m", "board": "b", "target": "qemu", "variant": "int8", "detail": "", **more}
    values = (Value("instructions", 7, "instructions", Provenance.COUNTED, repeat=0),)
    return RunRecord(
        run_id=run_id, status=status, build_id="", toolchain="gcc", hilbench_version="0", values=values, **fields
    )


texts = st.text(max_size=20)
values = st.builds(
    Value,
    metric=texts,
    value=st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63),
    unit=texts,
    provenance=st.sampled_from(Provenance),
    step=texts,
    repeat=st.integers(-1, 9),
    detail=texts,
)


@given(run_id=texts, detail=texts, status=st.sampled_from(Status), found=st.lists(values, max_size=4))
def test_a_line_gives_back_the_record(run_id: str, detail: str, status: Status, found: list[Value]) -> None:
    wanted = RunRecord(run_id, "s", "m", "b", "t", "v", status, detail, "", "", "0", tuple(found), {"k": [1, "ü"]})
    line = encode(wanted)
    assert line.count(b"\n") == 1
    assert decode(line, where="here") == wanted


def test_records_come_back_in_the_order_of_the_cells(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.write_header({"cells": ["b", "a", "not yet"]})
        store.append(record("a"))
        store.append(record("b"))
        store.append(record("of an earlier run"))
    assert [r.run_id for r in read_records(tmp_path)] == ["b", "a"]


def test_a_later_record_stands_for_an_earlier_one(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        store.append(record("a", Status.FAILED))
        store.append(record("a", Status.OK))
    assert [r.status for r in read_records(tmp_path)] == [Status.OK]
    assert len((tmp_path / "records.jsonl").read_bytes().splitlines()) == 2


@pytest.mark.parametrize("cut", [1, 10, -1])
def test_a_torn_last_line_is_dropped_on_resume(tmp_path: Path, cut: int) -> None:
    line = encode(record("b"))
    (tmp_path / "records.jsonl").write_bytes(encode(record("a")) + line[:cut])
    assert [r.run_id for r in read_records(tmp_path)] == ["a"]
    with open_store(tmp_path) as store:
        store.append(record("c"))
    assert [r.run_id for r in read_records(tmp_path)] == ["a", "c"]


def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_bytes(encode(record("a")) + b"{]\n" + encode(record("b")))
    with pytest.raises(ConfigError, match=r"records\.jsonl:2: not a record"):
        read_records(tmp_path)


def test_another_schema_version_is_refused(tmp_path: Path) -> None:
    newer = json.loads(encode(record())) | {"schema_version": 99}
    (tmp_path / "records.jsonl").write_text(json.dumps(newer) + "\n")
    with pytest.raises(ConfigError, match="schema version 99, this hilbench reads 1"):
        read_records(tmp_path)


def test_a_folder_without_a_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no run in"):
        read_records(tmp_path)


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with open_store(tmp_path), pytest.raises(UsageError, match="in use by another"), open_store(tmp_path):
        pass
    with open_store(tmp_path):
        pass


def test_nan_is_not_written(tmp_path: Path) -> None:
    with open_store(tmp_path) as store, pytest.raises(ValueError, match="JSON compliant"):
        store.append(RunRecord(**(vars(record()) | {"values": (Value("x", float("nan"), "", Provenance.STATIC),)})))
    assert not (tmp_path / "records.jsonl").exists() or not (tmp_path / "records.jsonl").read_bytes()


_FILL = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.path.insert(0, sys.argv[2])
from test_store import record
from hilbench.results.store import open_store
from hilbench.errors import ToolError
folder = Path(sys.argv[1])
with open_store(folder) as store:
    store.append(record("a"))
    size = (folder / "records.jsonl").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, size + 20))
    try:
        store.append(record("b"))
    except ToolError as error:
        print(error)
"""


def test_a_full_disk_keeps_what_is_there(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _FILL, str(tmp_path), str(Path(__file__).parent)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert "finished rows are kept" in done.stdout
    assert (tmp_path / "records.jsonl").read_bytes() == encode(record("a"))


def test_outputs_come_back(tmp_path: Path) -> None:
    path = Store(tmp_path).save_outputs("a", {"output_0": np.arange(4, dtype=np.int8)})
    with np.load(path) as held:
        assert held["output_0"].tolist() == [0, 1, 2, 3]


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    write_atomic(path, b"old")

    def interrupted(_file: object, _data: bytes) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_write_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_a_folder_that_cannot_be_made_is_an_error_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolError, match="finished rows are kept"), open_store(tmp_path / "file" / "run"):
        pass


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 2}'])
def test_a_damaged_header_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ConfigError, match=r"run\.json"):
        read_header(tmp_path)


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")
    write_atomic(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_atomic(tmp_path / "pipe", b"through")
    assert os.read(reader, 100) == b"through"
    os.close(reader)
    assert (tmp_path / "pipe").is_fifo()
