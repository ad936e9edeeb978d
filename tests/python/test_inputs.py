"""Vectors, ids and payloads as people have them: frames, tensors, masks, times, odd rows."""

from __future__ import annotations

import datetime
import decimal
import enum
import itertools
import json
import pathlib
import types

import ml_dtypes
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import tqdb
from tqdb import Field, Point, _batches, _columns, _payloads, _proto

X = np.arange(1.0, 65.0, dtype=np.float32).reshape(8, 8)  # square: a transposed one is noticed


def stored(vectors, ids=range(8), payloads=None, **options):
    """What would be sent: the matrix, ids and payloads."""
    rows = _columns.rows_of_columns(vectors, ids, payloads, None, **options)
    points = [
        point
        for batch in _batches.batches(rows, "c", 0, None)
        for point in _proto.message("UpsertStreamRequest").FromString(batch.data).batch.points
    ]
    matrix = np.stack([np.frombuffer(p.vectors[0].vector.f32, "<f4") for p in points])
    return matrix, [p.id.number for p in points], [json.loads(p.payload or "{}") for p in points]


def refused(message, vectors, ids=range(8), payloads=None):
    with pytest.raises(tqdb.InvalidArgument, match=message) as told:
        stored(vectors, ids, payloads)
    return told.value


TABLE = pa.table({f"c{i}": X[:, i] for i in range(8)})
LISTS = pa.FixedSizeListArray.from_arrays(pa.array(X.ravel()), 8)
COLUMN = pd.Series(list(X), index=list("abcdefgh"))


class Tensor:
    """As PyTorch's, which NumPy cannot read while it has a gradient or is a bfloat16."""

    def __init__(self, rows, dtype="torch.float32", detached=False):
        self._rows, self.dtype, self._detached = rows, dtype, detached
        self.ndim, self.shape = rows.ndim, rows.shape

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, part):
        return Tensor(self._rows[part], self.dtype)

    def detach(self):
        return Tensor(self._rows, self.dtype, True)

    def cpu(self):
        return self

    def float(self):
        return Tensor(self._rows, "torch.float32", self._detached)

    def __array__(self, dtype=None, copy=None):
        if not self._detached:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        if self.dtype == "torch.bfloat16":
            raise TypeError("Got unsupported ScalarType BFloat16")
        return self._rows


FORMS = {
    "frame of pandas": lambda: pd.DataFrame(X),
    "frame with other labels": lambda: pd.DataFrame(X, index=range(10, 18)),
    "nullable frame": lambda: pd.DataFrame(X).astype("Float32"),
    "column of pandas": lambda: COLUMN,
    "frame of one column": lambda: COLUMN.to_frame("emb"),
    "column of lists": lambda: pd.Series([row.tolist() for row in X]),
    "array of arrays": lambda: COLUMN.to_numpy(),
    "nested frame": lambda: pd.DataFrame({"emb": list(X)})["emb"].tolist(),
    "frame of polars": lambda: pl.DataFrame(X),
    "arrays of polars": lambda: pl.Series(X),
    "lists of polars": lambda: pl.Series([row.tolist() for row in X]),
    "column of polars": lambda: pl.DataFrame({"emb": X}),
    "table of Arrow": lambda: TABLE,
    "batch of Arrow": lambda: TABLE.to_batches()[0],
    "fixed lists of Arrow": lambda: LISTS,
    "lists of Arrow": lambda: pa.array(X.tolist()),
    "chunks of Arrow": lambda: pa.chunked_array([LISTS[:3], LISTS[3:]]),
    "no chunk": lambda: pa.chunked_array([LISTS[:0], LISTS]),
    "column of a table": lambda: pa.table({"emb": LISTS})["emb"],
    "table of one column": lambda: pa.table({"emb": LISTS}),
    "batches of a table": lambda: iter(TABLE.to_batches(3)),
    "mask of nothing": lambda: np.ma.array(X, mask=False),
    "rows with a mask of nothing": lambda: [np.ma.array(row, mask=False) for row in X],
    "bfloat16": lambda: X.astype(ml_dtypes.bfloat16),
    "rows of bfloat16": lambda: list(X.astype(ml_dtypes.bfloat16)),
    "tensor with a gradient": lambda: Tensor(X),
    "tensor of bfloat16": lambda: Tensor(X, "torch.bfloat16"),
    "tensors": lambda: iter([Tensor(row) for row in X]),
    "objects": lambda: X.astype(object),
    "big-endian": lambda: X.astype(">f8"),
    "by space": lambda: {"": pd.DataFrame(X)},
    "lists by space": lambda: {"": X.tolist()},
    "chunks by space": lambda: {"": pa.chunked_array([LISTS[:3], LISTS[3:]])},
}


@pytest.mark.parametrize("form", FORMS)
def test_rows_stay_rows(form):
    """narwhals-dev/narwhals#3733, pola-rs/polars#10717, chroma-core/chroma#1005,
    upstash/vector-py#9, pytorch/pytorch#110285."""
    np.testing.assert_array_equal(stored(FORMS[form]())[0], X)


def test_a_masked_value_is_no_number():
    """numpy/numpy#18675, dask/dask#2301."""
    masked = np.ma.array(X, mask=False)
    masked[5, 3] = np.ma.masked
    told = refused(r"vectors\[5\] has a masked value at coordinate 3; need", masked)
    assert told.position == 5
    refused(r"vectors\[5\] has a masked value at coordinate 3", list(masked))
    refused(r"vectors\['a'\]\[5\] has a masked value", {"a": masked})
    with pytest.raises(tqdb.InvalidArgument, match="points.*masked value at coordinate 3"):
        list(_columns.rows_of_points([Point(1, masked[5])]))


@pytest.mark.parametrize("whole", [False, True])
def test_an_odd_row_is_named(whole):
    """lancedb/lancedb#241."""
    rows = [np.ones(8)] * 900
    for bad, message in (
        (np.ones(7), r"vectors\[700\] has 7 numbers; the rows before it have 8"),
        (None, r"vectors\[700\] is None; need a row of numbers"),
        (["a"] * 8, r"vectors\[700\]\[0\] does not make an array of floats: 'a'"),
        (np.ones((2, 8)), r"vectors\[700\] has 16 numbers"),
        ([1.0] * 7 + [None], r"vectors\[700\]\[7\] does not make .*: None"),
        (5.0, r"vectors\[700\] has 1 numbers"),
    ):
        given = [*rows[:700], bad, *rows[:199]]
        told = refused(message, given if whole else iter(given), range(900))
        assert told.position == 700


def test_what_is_missing_in_columns_is_named():
    refused(r"vectors\[2\] is None", pa.array([[1.0], [1.0], None, [1.0]]), range(4))
    refused(r"vectors\[2\] is None", pl.Series([[1.0], [1.0], None, [1.0]]), range(4))
    refused(r"vectors\[2\] is None", pd.Series([[1.0], [1.0], None, [1.0]]), range(4))
    refused(r"vectors\[1\] is None", pl.DataFrame({"a": [1.0, None], "b": [1.0, 2.0]}), range(2))
    refused("columns of lists beside others", pa.table({"e": LISTS, "n": range(8)}))
    refused("numbers of type <U", pd.DataFrame({"a": ["x"] * 8}).to_numpy(dtype=str))
    refused("complex", X.astype(complex))
    refused("datetime64", X.astype("datetime64[s]"))


@pytest.mark.parametrize("vectors", [7, None, "x", object(), np.float32(1), np.array(1.0)])
def test_no_vectors_at_all(vectors):
    refused("vectors", vectors)


IDS = {
    "column of pandas": pd.Series(range(8)),
    "column of polars": pl.Series(range(8)),
    "column of Arrow": pa.array(range(8)),
    "chunks of Arrow": pa.chunked_array([pa.array(range(8))]),
    "array": np.arange(8, dtype=np.uint64),
    "counter": itertools.count(),
}


@pytest.mark.parametrize("form", IDS)
def test_ids_of_columns(form):
    assert stored(X, IDS[form])[1] == list(range(8))


@pytest.mark.parametrize("bad", [None, pd.NA, float("nan"), 1.5, -1, "x", b"x", [1], np.nan])
def test_a_wrong_id_is_named(bad):
    told = refused(r"ids\[5\] is .*; need an integer", X, [0, 1, 2, 3, 4, bad, 6, 7])
    assert told.position == 5
    if isinstance(bad, str):
        assert "tqdb.id_from_text makes one of any text" in str(told)


def test_what_is_left_over_is_noticed():
    refused("ids has more than 8 values; vectors has 8 rows", X, iter(range(9)))
    refused("payloads has more than 8 values", X, range(8), ({} for _ in range(9)))
    refused("ids ends after 7 values", X, iter(range(7)))
    refused("ids has 2 values for 8 rows", X, "ab")
    for columns in (dict(ids=None), dict(ids=7), dict(payloads=7)):
        refused("need an iterable", X, **columns)


def test_payloads_of_tables():
    frame = pd.DataFrame({
        "n": [1, 2], "price": [1.5, None], "when": pd.to_datetime(["2024-05-01", None]),
        "text": ["a", None], 7: [True, False],
    })  # fmt: skip
    expected = [
        {"n": 1, "price": 1.5, "when": "2024-05-01T00:00:00", "text": "a", "7": True},
        {"n": 2, "price": None, "when": None, "text": None, "7": False},
    ]
    assert stored(X[:2], range(2), frame)[2] == expected
    frame.columns = map(str, frame.columns)
    assert stored(X[:2], range(2), pl.from_pandas(frame))[2] == expected
    assert stored(X[:2], range(2), pa.Table.from_pandas(frame))[2] == expected
    refused("payloads has 2 values for 8 rows", X, range(8), frame)
    structs = pa.array([{"a": 1}] * 8)
    assert stored(X, range(8), structs)[2] == [{"a": 1}] * 8


# --- Values of payloads.


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_every_unit_are_the_same_text(unit):
    """qdrant/qdrant-spark#39, treasure-data/pandas-td#5, qdrant/qdrant-client#461."""
    when = np.datetime64("2024-05-01T12:00:00", unit)
    payload = {"one": when, "list": [when], "array": np.array([[when]])}
    text = "2024-05-01T12:00:00"
    told = json.loads(_payloads.write_payload(payload, "payload"))
    assert told == {"one": text, "list": [text], "array": [[text]]}


def test_times_of_pandas_and_dates():
    column = pd.Series(pd.to_datetime(["2024-05-01T12:00:00.5"]))
    payload = {
        "array": column.to_numpy(), "stamp": column[0], "day": np.datetime64("2024-05-01"),
        "fine": np.datetime64("2024-05-01T00:00:00.123456789"), "date": datetime.date(2024, 5, 1),
    }  # fmt: skip
    assert json.loads(_payloads.write_payload(payload, "payload")) == {
        "array": ["2024-05-01T12:00:00.500000"], "stamp": "2024-05-01T12:00:00.500000",
        "day": "2024-05-01", "fine": "2024-05-01T00:00:00.123456", "date": "2024-05-01",
    }  # fmt: skip


Color = enum.Enum("Color", "RED")
WRONG = [
    (float("nan"), "is nan; need a finite number, or None"),
    (np.float32("inf"), "is inf; need a finite number"),
    (np.array([1.0, np.nan]), r"\[1\] is nan"),
    (pd.NaT, "is NaT, a NaTType; need a value, or None"),  # dask/fastparquet#490
    (np.datetime64("NaT"), "NaT.*; need a value, or None"),
    (pd.NA, "is <NA>, a NAType; need a value, or None"),
    (b"x", "a bytes; need text, such as base64"),
    (decimal.Decimal("1.5"), r"a Decimal; need float\(..\) or str"),
    ({1}, "a set; need a list"),
    (Color.RED, "a Color; need its .value"),
    (pathlib.Path("x"), r"a PosixPath; need str\(..\)"),
    (datetime.timedelta(1), r"a timedelta; need total_seconds\(\)"),
    (types.SimpleNamespace(), "a SimpleNamespace; need what JSON has"),
    (Point(1), r"a Point; need dataclasses.asdict\(..\)"),
    (1j, "a complex; need float"),
    ({(1, 2): 3}, "a key of type tuple; need text"),
]


@pytest.mark.parametrize("value, why", WRONG)
def test_a_value_without_json_is_named_with_its_key(value, why):
    """qdrant/qdrant-client#397, mindsdb/mindshub#12097."""
    payload = {"good": 1, "a": [{}, {"b.c": value}]}
    told = refused(
        rf'payloads\[3\] does not make JSON: a\[1\]\."b\.c".*{why}',
        X, range(8), [{}, {}, {}, payload, *[{}] * 4],
    )  # fmt: skip
    assert told.key.startswith('a[1]."b.c"') and told.position == 3


def test_times_are_found_whatever_their_unit(client, name):
    client.create_collection(name, dim=8)
    whens = [np.datetime64("2024-05-01T12:00:00", unit) for unit in ("s", "us", "ns")]
    client.upload(name, X[:3], range(3), [{"when": when} for when in whens])
    found = client.scroll(name, filter=Field("when") >= "2024-05-01T12:00:00Z")
    assert [record.id for record in found] == [0, 1, 2]
    assert client.search_batch(name, pl.DataFrame(X[:2]), 1, exact=True)[1][0].id in range(3)
    assert client.search(name, pa.array(X[0]), 1)[0].id == 0
    assert client.search(name, pd.Series(X[0]), 1)[0].id == 0
    assert client.get(name, pa.array([2, 0]))[0].id == 2
