"""Sparse vectors, by both clients."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

import tqdb
from tqdb import Point, Query, SparseSpace, TextQuery

DIM = 8


@pytest.fixture()
def client(either_client):
    return either_client


async def collection(client, name):
    await client.create_collection(name, DIM, sparse_spaces=["terms", SparseSpace("words", "idf")])
    return name


def found(hits):
    return [(hit.id, hit.score) for hit in hits]


async def test_points_come_back_and_are_found(client, name):
    await collection(client, name)
    SciPyRow = namedtuple("SciPyRow", "indices data")
    await client.upsert(
        name,
        [
            Point(1, [1.0] * DIM, {"n": 1}, {"terms": {30: 3, 10: 1, 20: 2}}),
            Point(2, sparse_vectors={"terms": ([10, 2**32 - 1], [0.5, -1]), "words": {5: 1}}),
            Point(
                3,
                [2.0] * DIM,
                sparse_vectors={"terms": SciPyRow(np.array([7]), np.array([1.0]))},
            ),
            Point(4, [3.0] * DIM),
        ],
    )
    one, two, three, four = await client.get(name, [1, 2, 3, 4], with_vectors=True)
    assert one.sparse_vectors["terms"].indices.tolist() == [10, 20, 30]
    assert one.sparse_vectors["terms"].values.tolist() == [1, 2, 3]
    assert one.sparse_vectors["terms"].indices.dtype == np.uint32
    assert two.vectors == {} and set(two.sparse_vectors) == {"terms", "words"}
    assert three.sparse_vectors["terms"].indices.tolist() == [7]
    assert four.sparse_vectors == {}
    # What was read can be written again.
    await client.upsert(name, [Point(5, one.vectors, one.payload, one.sparse_vectors)])

    hits = await client.search(name, sparse={10: 2, 30: 1}, vector_name="terms", with_vectors=True)
    assert found(hits) == [(1, 5.0), (5, 5.0), (2, 1.0)]
    assert hits[0].payload == {"n": 1} and "terms" in hits[0].sparse_vectors
    only = await client.search(
        name, sparse={10: 1}, vector_name="terms", filter=tqdb.Field("n") == 1, limit=1
    )
    assert found(only) == [(1, 1.0)]
    assert [hit.id for hit in await client.search(name, sparse={5: 1}, vector_name="words")] == [2]

    info = await client.get_collection(name)
    assert info.sparse_spaces == [SparseSpace("terms", "none"), SparseSpace("words", "idf")]
    assert [(space.name, space.rows) for space in info.sparse] == [("terms", 4), ("words", 1)]
    assert info.sparse[0].memory_bytes > 0


async def test_uploads_hybrid_searches_and_batches_take_them(client, name):
    await collection(client, name)
    rows = np.random.default_rng(3).standard_normal((2000, DIM), np.float32)
    sparse = [None if i % 10 == 9 else {i: 1.0, 5000 + i % 10: 2.0} for i in range(len(rows))]
    payloads = ({"text": f"word{i % 4}"} for i in range(len(rows)))
    written = await client.upload(
        name, rows, range(len(rows)), payloads, sparse={"terms": sparse}, progress=False
    )
    assert written.inserted == len(rows)
    fused = await client.search_hybrid(
        name,
        [Query(rows[7], 10), Query(sparse={7: 1}, vector_name="terms", limit=10)],
        limit=3,
    )
    assert fused[0].id == 7
    lists = await client.search_batch(
        name, sparse=[{3: 1}, {5001: 1}], vector_name="terms", limit=5
    )
    assert found(lists[0]) == [(3, 1.0)]
    assert [hit.id for hit in lists[1]] == [1, 11, 21, 31, 41]
    await client.create_payload_index(name, "text", "text")
    texts = [TextQuery("text", "word1"), TextQuery("text", "nothing word2")]
    lists = await client.search_batch(name, texts=texts, limit=2)
    assert [[hit.id for hit in hits] for hits in lists] == [[1, 5], [2, 6]]
    groups = await client.search_groups(
        name, sparse={5001: 1}, vector_name="terms", group_by="text", limit=4, group_size=2
    )
    assert len(groups) == 2  # ids of one digit 1 are odd


async def test_what_is_wrong_is_named(client, name):
    await collection(client, name)

    async def refused(match, **arguments):
        with pytest.raises(tqdb.InvalidArgument, match=match):
            await client.upsert(name, [Point(1, sparse_vectors={"terms": arguments["value"]})])

    where = r"points\[0\]\.sparse_vectors\['terms'\]"
    await refused(where + r" has 2 indices and 1 values", value=([1, 2], [1]))
    await refused(where + r" has an index outside 0 to", value={-1: 1})
    await refused(where + r" has an index outside 0 to", value={2**32: 1})
    await refused(where + r" has indices that are no list of integers", value={1.5: 1})
    await refused(where + r" has values that are no numbers", value={1: "x"})
    await refused(where + r" is a int; need \{index: value\}", value=3)
    await refused(
        r"points\[0\]\.sparse_vectors 'terms'\.indices has 4 twice", value=([4, 4], [1, 1])
    )
    await refused(r"values\[0\] is nan", value={1: float("nan")})
    with pytest.raises(tqdb.InvalidArgument, match="has the sparse spaces 'terms', 'words'"):
        await client.upsert(name, [Point(1, sparse_vectors={"other": {1: 1}})])
    with pytest.raises(tqdb.InvalidArgument, match="vector, sparse, text, positive: need one"):
        await client.search(name, [1.0] * DIM, sparse={1: 1})
    with pytest.raises(tqdb.InvalidArgument, match="vectors, sparse, texts: need one of them"):
        await client.search_batch(name)
    with pytest.raises(tqdb.InvalidArgument, match=r"sparse\[1\] has an index outside"):
        await client.search_batch(name, sparse=[{1: 1}, {-2: 1}])
    with pytest.raises(tqdb.InvalidArgument, match="'bm25' is no SparseModifier"):
        await client.create_collection(name + "x", DIM, sparse_spaces=[SparseSpace("a", "bm25")])
    with pytest.raises(tqdb.InvalidArgument, match=r"sparse\['terms'\] has 1 values for 2 rows"):
        await client.upload(name, np.ones((2, DIM)), [1, 2], sparse={"terms": [None]})
    with pytest.raises(tqdb.InvalidArgument, match=r"sparse\['terms'\]\[1\] has 1 indices"):
        await client.upload(name, np.ones((2, DIM)), [1, 2], sparse={"terms": [None, ([1], [])]})
