"""What _wire writes is what protobuf would write."""

from __future__ import annotations

import uuid

import numpy as np
import pytest

import tqdb
from tqdb import _batches, _columns, _payloads, _proto, _wire

UUID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"


def messages(batches):
    return [_proto.message("UpsertStreamRequest").FromString(batch.data) for batch in batches]


def points(parts):
    return _proto.message("UpsertRequest").FromString(_wire.upsert_request("c", 0, parts)).points


@pytest.mark.parametrize("number", [0, 1, 127, 128, 16383, 16384, 2**31, 2**63, 2**64 - 1])
def test_numbers_are_read_back(number):
    parts = []
    _wire.append_point(parts, _wire.write_id(number, "id"), [], 0, b"")
    [point] = points(parts)
    assert point.id.WhichOneof("kind") == "number" and point.id.number == number


@pytest.mark.parametrize("id", [UUID, UUID.upper(), uuid.UUID(UUID)])
def test_uuids_are_read_back(id):
    parts = []
    _wire.append_point(parts, _wire.write_id(id, "id"), [], 0, b"")
    assert points(parts)[0].id.uuid == str(id)


@pytest.mark.parametrize(
    "id", [-1, 2**64, True, 1.0, None, "7", UUID[:-1], UUID.replace("-", ""), b"x"]
)
def test_other_ids_are_refused_by_name(id):
    with pytest.raises(tqdb.InvalidArgument, match=r"ids\[3\] is .*; need an integer"):
        _wire.write_id(id, "ids[3]")


def test_a_batch_equals_one_of_messages():
    random = np.random.default_rng(1)
    vectors = {
        "": random.standard_normal((300, 8), np.float32),
        "title": random.standard_normal((300, 40)).astype(np.float16),
    }
    payloads = [None if i % 3 == 0 else {"text": "ä" * (i * 7), "n": i} for i in range(300)]
    rows = _columns.rows_of_columns(vectors, range(300), payloads, None)
    got = messages(_batches.batches(rows, "books", 2, 128))
    assert [m.sequence for m in got] == [1, 2, 3]
    assert [len(m.batch.points) for m in got] == [128, 128, 44]
    written = [point for m in got for point in m.batch.points]
    for i, point in enumerate(written):
        expected = _proto.message("Point")(
            id={"number": i},
            vectors=[
                {"vector": {"f32": vectors[""][i].tobytes()}},
                {"name": "title", "vector": {"f16": vectors["title"][i].tobytes()}},
            ],
            payload=_payloads.write_payload(payloads[i], "").decode(),
        )
        assert point == expected, i
    assert got[0].batch.collection == "books" and got[0].batch.durability == 2


@pytest.mark.parametrize(
    "vectors",
    [
        pytest.param(np.arange(30 * 8, dtype=np.float64).reshape(30, 8), id="float64"),
        pytest.param(np.arange(30 * 8, dtype=np.int32).reshape(30, 8), id="integers"),
        pytest.param(
            np.asfortranarray(np.arange(240, dtype=np.float32).reshape(30, 8)), id="columns"
        ),
        pytest.param(np.arange(480, dtype=np.float32).reshape(30, 16)[:, ::2] / 2, id="strided"),
        pytest.param(np.arange(240).astype(">f4").reshape(30, 8), id="big-endian"),
        pytest.param(np.arange(240.0).reshape(30, 8).tolist(), id="lists"),
        pytest.param(list(np.arange(240.0).reshape(30, 8)), id="list of rows"),
        pytest.param({"": np.arange(240.0).reshape(30, 8)}, id="by space"),
    ],
)
def test_all_kinds_of_matrices_arrive_as_little_endian_float32(vectors):
    rows = _columns.rows_of_columns(vectors, range(30), None, None)
    [message] = messages(_batches.batches(rows, "c", 0, None))
    data = b"".join(p.vectors[0].vector.f32 for p in message.batch.points)
    np.testing.assert_array_equal(np.frombuffer(data, "<f4"), np.arange(240))


@pytest.mark.parametrize(
    "make",
    [
        lambda m: (row for row in m),
        lambda m: (m[i : i + 7] for i in range(0, len(m), 7)),
        lambda m: iter(m.tolist()),
    ],
    ids=["rows", "matrices", "lists"],
)
def test_generators_are_read_in_order_and_no_further_than_needed(make):
    matrix = np.arange(3000 * 8, dtype=np.float32).reshape(3000, 8)
    taken = 0

    def ids():
        nonlocal taken
        for taken in range(3000):
            yield taken

    batches = _batches.batches(
        _columns.rows_of_columns(make(matrix), ids(), None, None), "c", 0, 10
    )
    assert len(next(batches).data) > 0
    assert taken < 300
    data = b"".join(p.vectors[0].vector.f32 for m in messages(batches) for p in m.batch.points)
    np.testing.assert_array_equal(np.frombuffer(data, "<f4"), matrix[10:].ravel())


def test_float16_on_request():
    rows = _columns.rows_of_columns(np.ones((1, 8), np.float32), [1], None, "float16")
    [message] = messages(_batches.batches(rows, "c", 0, None))
    assert message.batch.points[0].vectors[0].vector.f16 == np.ones(8, "<f2").tobytes()


def test_batches_end_at_their_bytes():
    payloads = ("x" * 600_000 for _ in range(10))
    rows = _columns.rows_of_columns(np.ones((10, 8)), range(10), payloads, None)
    assert [b.rows for b in _batches.batches(rows, "c", 0, None)] == [2] * 5
    rows = _columns.rows_of_columns(np.ones((40, 8)), range(40), ["x" * 900_000] * 40, None)
    assert all(len(b.data) < 18 << 20 for b in _batches.batches(rows, "c", 0, 1000))


@pytest.mark.parametrize(
    "vectors, ids, payloads, message",
    [
        (np.ones((3, 8)), [1, 2], None, "ids has 2 values for 3 rows"),
        (np.ones((3, 8)), iter([1, 2]), None, "ids ends after 2 values"),
        (np.ones((3, 8)), [1, 2, 3], [{}], "payloads has 1 values for 3 rows"),
        (np.ones((3, 8)), [1, 2, 3], [{}, 7, {}], r"payloads\[1\] is a int; need a dict"),
        (
            np.ones((3, 8)),
            [1, 2, 3],
            [{"a": float("nan")}] * 3,
            r"payloads\[0\] does not make JSON",
        ),
        (np.ones((3, 8)), [1, "2", 3], None, r"ids\[1\] is '2'"),
        (np.ones(1), [1], None, r"vectors has shape \(1,\); need a matrix"),
        ([[1.0] * 8, [1.0] * 7], [1, 2], None, r"vectors\[1\] has 7 numbers; the rows before"),
        (np.array([["a"] * 8]), [1], None, "numbers of type <U1"),
        ({}, [], None, "vectors is empty"),
        ({"a": np.ones((2, 8)), "b": np.ones((3, 8))}, [1, 2], None, "different numbers of rows"),
    ],
)
def test_bad_columns_are_refused_by_name(vectors, ids, payloads, message):
    with pytest.raises(tqdb.InvalidArgument, match=message):
        list(_columns.rows_of_columns(vectors, ids, payloads, None))


def test_payloads_may_have_numpy_and_times():
    import datetime

    text = _payloads.write_payload(
        {
            "a": np.float32(0.5),
            "b": np.arange(2),
            "c": datetime.date(2026, 1, 2),
            "d": uuid.UUID(UUID),
        },
        "",
    )
    assert text == b'{"a":0.5,"b":[0,1],"c":"2026-01-02","d":"%s"}' % UUID.encode()
