"""Modes and conditions of an upsert, parts of payloads, examples that are vectors, pages of groups,
page tokens of another walk, values that an index cannot hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tqdb
from tqdb import Field, Point, VectorSpace


def basis(i: int, dim: int = 8) -> Any:
    return np.eye(dim, dtype=np.float32)[i]


async def test_modes_leave_points_as_they_are(either_client: Any, name: str) -> None:
    client = either_client
    await client.create_collection(
        name, vector_spaces=[VectorSpace(8, "a"), VectorSpace(8, "b")], sparse_spaces=["s"]
    )
    first = [Point(i, {"a": basis(i), "b": basis(i)}, {"version": 1}) for i in range(3)]
    assert (await client.upsert(name, first)).inserted == 3

    new = [Point(i, {"a": basis(7)}, {"version": 2}) for i in range(2, 5)]
    told = await client.upsert(name, new, mode="insert")
    assert (told.inserted, told.replaced, told.skipped) == (2, 0, 1)
    told = await client.upsert(name, [Point(9, {"a": basis(1)}), new[0]], mode="update")
    assert (told.inserted, told.replaced, told.skipped) == (0, 1, 1)
    assert await client.count(name) == 5

    told = await client.upsert(name, [Point(0, {"b": basis(5)}, sparse_vectors={"s": {7: 1.0}})],
                               mode="update_vectors")
    assert (told.replaced, told.skipped) == (1, 0)
    (record,) = await client.get(name, [0], with_vectors=True)
    assert record.payload == {"version": 1}
    assert np.array_equal(record.vectors["a"], basis(0))
    assert np.array_equal(record.vectors["b"], basis(5))
    assert list(record.sparse_vectors["s"].indices) == [7]

    same = Field("version") == 1
    wins = [
        (await client.upsert(name, [Point(1, {"a": basis(1)}, {"version": 2})], condition=same))
        for _ in range(2)
    ]
    assert [(w.replaced, w.skipped) for w in wins] == [(1, 0), (0, 1)]
    with pytest.raises(tqdb.InvalidArgument, match="condition is set with mode INSERT"):
        await client.upsert(name, new, mode="insert", condition=same)
    with pytest.raises(tqdb.InvalidArgument, match="'merge' is no UpsertMode"):
        await client.upsert(name, new, mode="merge")


def test_rows_of_one_id_count_once(client: tqdb.Client, name: str) -> None:
    client.create_collection(name, dim=8)
    rows = [Point(i % 2, basis(i)) for i in range(6)]
    told = client.upsert(name, rows, mode="insert")
    assert (told.inserted, told.replaced, told.skipped) == (2, 0, 4)


def test_parts_of_payloads(client: tqdb.Client, name: str) -> None:
    client.create_collection(name, dim=8)
    payload = {"a": 1, "b": {"c": 2, "d": [3]}, "list": [{"x": 1, "y": 2}, {"y": 3}]}
    client.upsert(name, [Point(1, basis(1), payload)])
    for asked, expected in [
        (["a"], {"a": 1}),
        (["b.c", "list.x"], {"b": {"c": 2}, "list": [{"x": 1}]}),
        (["nothing"], {}),
        ({"exclude": ["b", "list.y"]}, {"a": 1, "list": [{"x": 1}, {}]}),
        ({"include": ["b"], "exclude": ["b.d"]}, {"b": {"c": 2}}),
    ]:
        assert client.get(name, [1], with_payload=asked)[0].payload == expected
        assert client.scroll_page(name, with_payload=asked).points[0].payload == expected
        assert client.search(name, basis(1), with_payload=asked)[0].payload == expected
        groups = client.search_groups(name, basis(1), "a", with_payload=asked)
        assert groups[0].points[0].payload == expected
        hybrid = client.search_hybrid(name, [tqdb.Query(basis(1))], with_payload=asked)
        assert hybrid[0].payload == expected
    for bad in ("a", ["b[0]"], {"only": ["a"]}, {"include": "a"}):
        with pytest.raises(tqdb.InvalidArgument, match="payload"):
            client.get(name, [1], with_payload=bad)  # type: ignore[arg-type]


def test_examples_may_be_vectors_and_negative_alone(client: tqdb.Client, name: str) -> None:
    client.create_collection(name, dim=8, sparse_spaces=["s"])
    client.upsert(
        name,
        [
            Point(i, basis(0) + 0.2 * i * basis(1), sparse_vectors={"s": {1: 1.0, 2: float(i)}})
            for i in range(1, 6)
        ],
    )
    by_id = client.recommend(name, [1], limit=9, exact=True)
    by_vector = client.recommend(name, [basis(0) + 0.2 * basis(1)], limit=9, exact=True)
    assert [hit.id for hit in by_id] == [2, 3, 4, 5]
    assert [hit.id for hit in by_vector] == [1, 2, 3, 4, 5]
    assert [hit.id for hit in client.recommend(name, [], [1], exact=True)] == [5, 4, 3, 2]
    with pytest.raises(tqdb.InvalidArgument, match="cancel out"):
        client.recommend(name, [basis(0), -basis(0)])
    sparse = client.recommend(name, [2], vector_name="s")
    assert [hit.id for hit in sparse] == [5, 4, 3, 1]
    assert client.recommend(name, [{2: 1.0}], vector_name="s")[0].id == 5
    assert client.recommend(name, [], [5], vector_name="s")[0].id == 1
    twice = client.recommend(name, [2], vector_name="s", limit=2, offset=2)
    assert [hit.id for hit in twice] == [3, 1]


def test_pages_of_groups(client: tqdb.Client, name: str) -> None:
    client.create_collection(name, dim=8)
    client.upsert(
        name, [Point(i, basis(0) + 0.1 * i * basis(1), {"g": i // 2}) for i in range(10)]
    )
    pages = [
        [group.value for group in client.search_groups(name, basis(0), "g", 2, offset=offset)]
        for offset in (0, 2, 4, 6)
    ]
    assert pages == [[0, 1], [2, 3], [4], []]


def test_a_page_token_belongs_to_its_walk(client: tqdb.Client, name: str) -> None:
    for each in (name, f"{name}x"):
        client.create_collection(each, dim=8)
        client.create_payload_index(each, "n", "integer")
        client.upsert(each, [Point(i, basis(i % 8), {"n": i}) for i in range(9)])
    token = client.scroll_page(name, page_size=3, order_by="n").next_page_token
    page = client.scroll_page(name, page_size=5, order_by="n", page_token=token)
    assert [record.id for record in page.points] == [3, 4, 5, 6, 7]
    for collection, other in [
        (f"{name}x", {"order_by": "n"}),
        (name, {"order_by": "n", "descending": True}),
        (name, {"order_by": "n", "filter": Field("n") > 3}),
        (name, {}),
    ]:
        with pytest.raises(tqdb.InvalidArgument, match="page_token"):
            client.scroll_page(collection, page_token=token, **other)  # type: ignore[arg-type]


def test_index_tells_of_values_that_it_cannot_hold(client: tqdb.Client, name: str) -> None:
    client.create_collection(name, dim=8)
    times = ["2024-01-01T00:00:00Z", "2024-01-01", "soon", "", None]
    client.upsert(name, [Point(i, basis(i), {"t": time}) for i, time in enumerate(times)])
    client.create_payload_index(name, "t", "datetime")
    told = client.get_collection(name).payload_indexes[0]
    assert (told.points, told.unheld_points) == (5, 2)
    client.set_payload(name, {"t": "2024-01-02"}, [2])
    client.upsert(name, [Point(0, basis(0), {"t": 7})])
    client.delete(name, [3])
    assert client.get_collection(name).payload_indexes[0].unheld_points == 1
