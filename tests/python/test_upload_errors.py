"""What an upload or a large call says when it ends early, and how it goes on."""

from __future__ import annotations

import asyncio
import itertools
import uuid

import numpy as np
import pytest

import tqdb
from tqdb import Point

from .test_upload import both, upload

ROWS, DIM = 3000, 16


@pytest.fixture(scope="module")
def matrix():
    return np.random.default_rng(5).standard_normal((ROWS, DIM), np.float32)


@pytest.fixture()
def collection(client, name):
    client.create_collection(name, dim=DIM)
    return name


@both
def test_an_error_says_which_row_what_is_written_and_how_to_go_on(
    server, client, collection, matrix, kind
):
    """qdrant/qdrant-client#263."""
    rows = matrix.copy()
    rows[1234] = 0
    with pytest.raises(tqdb.InvalidArgument, match=r"row 1234, in the batch of rows") as told:
        upload(kind, server.address, collection, rows, range(ROWS), batch_size=100)
    error = told.value
    assert error.row == error.position == 1234 and error.resume_row == 1200
    assert error.rows_written == client.count(collection) >= 1200
    assert f"{error.rows_written:,} rows are written; skip=1200 goes on" in str(error)
    rows[1234] = matrix[1234]
    written = upload(
        kind, server.address, collection, rows, range(ROWS), batch_size=100, skip=error.resume_row
    )
    assert written.written == ROWS - 1200 and client.count(collection) == ROWS
    [record] = client.get(collection, [1234], with_vectors=True)
    np.testing.assert_array_equal(record.vector, matrix[1234])


@both
@pytest.mark.parametrize("failure", [KeyError("of the source"), KeyboardInterrupt()])
def test_a_source_that_fails_leaves_an_error_with_what_is_written(
    server, client, collection, matrix, kind, failure
):
    def ids():
        yield from range(2050)
        raise failure

    with pytest.raises(type(failure)) as told:
        upload(kind, server.address, collection, matrix, ids(), batch_size=100)
    error = told.value
    assert error is failure and error.rows_written == error.resume_row
    if isinstance(failure, KeyError):  # an interrupt does not wait for the answers
        assert error.rows_written == client.count(collection) == 2000
    assert "of the upload goes on" in error.__notes__[0]
    upload(kind, server.address, collection, matrix, range(ROWS), skip=error.resume_row)
    assert client.count(collection) == ROWS


@both
def test_wrong_values_stop_an_upload_with_their_row(server, client, collection, matrix, kind):
    payloads = [{}] * 2000 + [{"a": {"price": float("nan")}}] + [{}] * 999
    with pytest.raises(tqdb.InvalidArgument, match=r"payloads\[2000\].*a\.price is nan") as told:
        upload(kind, server.address, collection, matrix, range(ROWS), payloads, batch_size=100)
    error = told.value
    assert (error.row, error.key, error.resume_row) == (2000, "a.price", 2000)
    assert error.rows_written == client.count(collection) == 2000


@pytest.mark.parametrize("skip", [0, 1, 999, 1024, 2500, 3000, 4000])
def test_rows_that_are_left_out_are_the_first(client, collection, matrix, skip):
    payloads = ({"n": i} for i in range(ROWS))
    for vectors in (matrix, iter(matrix), (matrix[i : i + 700] for i in range(0, ROWS, 700))):
        client.delete(collection, range(ROWS))
        written = client.upload(collection, vectors, range(ROWS), payloads, skip=skip)
        left = max(0, ROWS - skip)
        assert written == tqdb.WriteResult(left, 0) and client.count(collection) == left
        if left:
            [record] = client.get(collection, [ROWS - 1])
            assert record.payload == {"n": ROWS - 1}
        payloads = ({"n": i} for i in range(ROWS))
    points = (Point(i, matrix[i]) for i in range(ROWS))
    assert client.upload_points(collection, points, skip=skip).written == left


@both
@pytest.mark.parametrize("batch_size", [1, 2, 3, None])
def test_of_rows_with_the_same_id_the_last_counts(server, client, collection, kind, batch_size):
    """chroma-core/chroma#7772: whether they were taken hung on where batches end."""
    id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    ids = [1, 2, 1, 3, 1, id, id.upper(), 0x41, 0x61]
    payloads = [{"row": i} for i in range(9)]
    rows = np.eye(9, DIM) + 1
    written = upload(
        kind, server.address, collection, rows, ids, payloads, batch_size=batch_size
    )
    assert written == tqdb.WriteResult(6, 3)
    found = {r.id: r.payload["row"] for r in client.get(collection, [1, 2, 3, id, 0x41, 0x61])}
    assert found == {1: 4, 2: 1, 3: 3, id: 6, 0x41: 7, 0x61: 8}
    again = client.upsert(collection, [Point(i, v, p) for i, v, p in zip(ids, rows, payloads)])
    assert again == tqdb.WriteResult(0, 9)
    # The row of an error is that of the caller.
    rows[4] = 0
    with pytest.raises(tqdb.InvalidArgument) as told:
        upload(kind, server.address, collection, rows, ids, batch_size=batch_size)
    assert told.value.row == 4
    with pytest.raises(tqdb.InvalidArgument) as told:
        client.upsert(collection, [Point(i, v) for i, v in zip(ids, rows)])
    assert told.value.row == 4


def test_the_row_of_an_error_in_one_of_several_spaces(client, name):
    spaces = [tqdb.VectorSpace(DIM, "a"), tqdb.VectorSpace(DIM, "b")]
    client.create_collection(name, vector_spaces=spaces)
    ones, zeros = np.ones(DIM), np.zeros(DIM)
    points = [Point(i, {"a": ones} if i % 2 else {"b": ones, "a": ones}) for i in range(9)]
    points[6] = Point(6, {"b": zeros})
    for write in (client.upload_points, client.upsert):
        with pytest.raises(tqdb.InvalidArgument) as told:
            write(name, points)
        assert told.value.row == 6


@both
def test_ids_are_made_on_request(server, client, collection, matrix, kind):
    made = upload(kind, server.address, collection, matrix[:500], "uuid", batch_size=100)
    assert len(set(made.ids)) == 500 and made.inserted == 500
    records = client.get(collection, made.ids, with_vectors=True)
    np.testing.assert_array_equal([r.vector for r in records], matrix[:500])
    assert upload(kind, server.address, collection, iter(matrix[:5]), itertools.count()).ids == ()


def test_ids_of_text_are_always_the_same():
    id = tqdb.id_from_text("doc-1")
    namespace = uuid.UUID("b1f0a1f4-6f0c-5a83-9c0e-2d1c8f6c7b1e")
    assert id == str(uuid.uuid5(namespace, "doc-1")) == tqdb.id_from_text(id.upper())
    with pytest.raises(tqdb.InvalidArgument, match="id is 7; need text"):
        tqdb.id_from_text(7)


def test_async_iterables_are_uploaded(server, client, collection, matrix):
    async def each(values):
        for value in values:
            await asyncio.sleep(0)
            yield value

    async def run():
        async with tqdb.AsyncClient(server.address) as own:
            payloads = [{"n": i} for i in range(ROWS)]
            written = await own.upload(
                collection, each(matrix), each(range(ROWS)), each(payloads), batch_size=700
            )
            assert written.inserted == ROWS
            blocks = each([matrix[:10], matrix[10:1200], *matrix[1200:1300]])
            assert (await own.upload(collection, blocks, range(1300))).replaced == 1300
            assert (await own.upload(collection, matrix, each(range(ROWS)), skip=9)).written == 2991
            points = each(Point(i, matrix[i], {"n": -i}) for i in range(50))
            assert (await own.upload_points(collection, points, batch_size=7)).replaced == 50
            with pytest.raises(tqdb.InvalidArgument, match="ids has more than 10 values"):
                await own.upload(collection, matrix[:10], each(range(11)))
            with pytest.raises(tqdb.InvalidArgument, match="ids ends after 9 values"):
                await own.upload(collection, matrix[:10], each(range(9)))
            with pytest.raises(tqdb.InvalidArgument, match=r"vectors\[300\] has 3 numbers"):
                await own.upload(collection, each([*matrix[:300], np.ones(3)]), range(301))

    asyncio.run(run())
    record = client.get(collection, [2000], with_vectors=True)[0]
    np.testing.assert_array_equal(record.vector, matrix[2000])
    assert client.get(collection, [7])[0].payload == {"n": -7}
    with pytest.raises(tqdb.InvalidArgument, match="AsyncClient.upload takes those"):
        client.upload(collection, each(matrix), range(ROWS))


# --- Large and empty calls.


def test_a_large_upsert_goes_in_parts(client, name):
    client.create_collection(name, dim=DIM)
    rows = np.random.default_rng(1).standard_normal((10_600, DIM), np.float32)
    points = [Point(i, row) for i, row in enumerate(rows)]
    points[10_500] = Point(10_500, np.zeros(DIM))
    with pytest.raises(tqdb.InvalidArgument) as told:
        client.upsert(name, points)
    error = told.value
    assert (error.row, error.rows_written, error.resume_row) == (10_500, 10_000, 10_000)
    assert client.upsert(name, points[:10_500]) == tqdb.WriteResult(500, 10_000)


async def test_large_reads_and_deletes_go_in_parts(either_client, name):
    client = either_client
    await client.create_collection(name, dim=DIM)
    rows = np.random.default_rng(1).standard_normal((1_100, DIM), np.float32)
    await client.upload(name, rows, range(1_100))
    ids = [*range(1_099, -1, -1), *range(10**6, 10**6 + 10_000)]
    some = await client.get(name, ids, with_vectors=True)
    np.testing.assert_array_equal([r.vector for r in some], rows[::-1])
    arrays = await client.search_arrays(name, rows, 1)
    assert arrays.ids[:, 0].tolist() == list(range(1_100))
    batch = await client.search_batch(name, rows, 1, with_payload=False)
    assert [hits[0].id for hits in batch] == list(range(1_100))
    assert await client.delete(name, ids=ids) == 1_100


async def test_empty_calls_have_empty_answers(either_client, name):
    client = either_client
    await client.create_collection(name, dim=DIM)
    assert await client.upsert(name, []) == tqdb.WriteResult(0, 0)
    assert await client.get(name, []) == []
    assert await client.delete(name, []) == 0
    assert await client.set_payload(name, {"a": 1}, []) == 0
    for vectors in ([], np.zeros((0, DIM)), ()):
        assert await client.search_batch(name, vectors) == []
    assert await client.search_batch(name, sparse=[]) == []
    assert await client.search_batch(name, texts=iter([])) == []
    arrays = await client.search_arrays(name, [], 3)
    assert arrays.ids.shape == arrays.scores.shape == (0, 3) and arrays.counts.shape == (0,)


# --- Collections that may be there.


async def test_a_collection_is_made_when_it_is_missing_and_checked_when_it_is_there(
    either_client, name
):
    client = either_client
    assert await client.collection_exists(name) is False
    made = await client.get_or_create_collection(name, dim=DIM, metric="l2")
    assert await client.collection_exists(name) is True
    there = await client.get_or_create_collection(name, dim=DIM)
    assert there.vector_spaces == made.vector_spaces
    again = await client.create_collection(name, dim=DIM, metric="l2", exist_ok=True)
    assert again.name == name
    with pytest.raises(tqdb.AlreadyExists, match=rf"'{name}' exists with dim 16, not 32"):
        await client.get_or_create_collection(name, dim=32)
    with pytest.raises(tqdb.AlreadyExists, match="with metric 'l2', not 'cosine'"):
        await client.create_collection(name, dim=DIM, metric="cosine", exist_ok=True)
    with pytest.raises(tqdb.AlreadyExists, match=r"vector spaces \[''\], not \['a'\]"):
        spaces = [tqdb.VectorSpace(DIM, "a")]
        await client.get_or_create_collection(name, vector_spaces=spaces)
    with pytest.raises(tqdb.AlreadyExists, match=r"sparse spaces \[\], not \['s'\]"):
        await client.get_or_create_collection(name, dim=DIM, sparse_spaces=["s"])
    with pytest.raises(tqdb.AlreadyExists):
        await client.create_collection(name, dim=DIM)


async def test_several_may_make_the_same_collection_at_once(server, name):
    async with tqdb.AsyncClient(server.address) as client:
        made = await asyncio.gather(
            *(client.get_or_create_collection(name, dim=DIM) for _ in range(8))
        )
    assert {info.name for info in made} == {name}


# --- Arguments of wrong types.


async def test_everything_raised_is_an_error_of_ours(either_client, name):
    client = either_client
    await client.create_collection(name, dim=DIM)
    v = np.ones(DIM)
    wrong = [
        ("search", (name, v), dict(limit=None)), ("search", (name, v), dict(limit="3")),
        ("search", (name, v), dict(limit=2.5)), ("search", (name, v), dict(limit=2**32)),
        ("search", (name, v), dict(limit=True)), ("search", (name, v), dict(offset=None)),
        ("search", (name, v), dict(score_threshold="x")), ("search", (name, v), dict(filter=7)),
        ("search", (name, v), dict(vector_name=7)), ("search", (name, np.array(1.0)), {}),
        ("search", (name, None), {}), ("search", (7, v), {}), ("search", (None, v), {}),
        ("search", (name, v), dict(mmr=0.5)), ("search", (name, v), dict(rerank="yes")),
        ("search_batch", (name, 7), {}), ("search_batch", (name, [v]), dict(limit=2**32)),
        ("search_arrays", (name, None), {}), ("search_groups", (name, v, 7), {}),
        ("search_groups", (name, v, "k"), dict(group_size=-1)),
        ("search_hybrid", (name, [v]), {}), ("search_hybrid", (name, 7), {}),
        ("recommend", (name, 7), {}), ("recommend", (name, [None]), {}),
        ("get", (name, None), {}), ("get", (name, 7), {}), ("delete", (name, 7), {}),
        ("count", (7,), {}), ("facet", (name, 7), {}), ("facet", (name, "k"), dict(limit=-1)),
        ("scroll_page", (name,), dict(page_size=-1)), ("scroll_page", (name,), dict(page_token=7)),
        ("upsert", (name, [(1, v)]), {}), ("upsert", (name, [{"id": 1}]), {}),
        ("upsert", (name, None), {}), ("upsert", (name, 7), {}), ("upsert", (7, []), {}),
        ("upsert", (name, [Point(1, v, sparse_vectors=7)]), {}),
        ("upsert", (name, [Point(1, v)]), dict(durability=7)),
        ("upload", (name, v, [1]), {}), ("upload", (name, [v], None), {}),
        ("upload", (name, [v], [1], 7), {}), ("upload", (7, [v], [1]), {}),
        ("upload", (name, [v], [1]), dict(batch_size="x")),
        ("upload", (name, [v], [1]), dict(dtype="no type")),
        ("upload", (name, [v], [1]), dict(in_flight="x")),
        ("upload", (name, [v], [1]), dict(skip=-1)), ("upload", (name, [v], [1]), dict(sparse=[1])),
        ("upload_points", (name, [7]), {}), ("upload_points", (name, None), {}),
        ("set_payload", (name, 7, [1]), {}), ("delete_payload_keys", (name, [7], [1]), {}),
        ("create_collection", (7, DIM), {}), ("create_collection", ("x", "y"), {}),
        ("create_collection", ("x", DIM), dict(metadata=7)),
        ("create_collection", ("x", DIM), dict(metadata={"a": 1})),
        ("create_collection", ("x", DIM), dict(sparse_spaces=[7])),
        ("create_collection", ("x",), dict(vector_spaces=[7])),
        ("update_collection", (name, 7), {}), ("create_payload_index", (name, 7, "text"), {}),
        ("get_collection", (None,), {}), ("list_collections_page", (), dict(page_size="x")),
    ]  # fmt: skip
    for method, args, kwargs in wrong:
        if (method, args) == ("upsert", (7, [])):
            continue  # nothing to write: no collection is asked for
        with pytest.raises(tqdb.Error):
            result = await getattr(client, method)(*args, **kwargs)
            pytest.fail(f"{method}{args}, {kwargs} gave {result}")
    with pytest.raises(TypeError):  # as of any function of Python
        await client.search(name, vectr=v)
    with pytest.raises(TypeError):
        await client.search()


@pytest.mark.parametrize(
    "settings",
    [
        dict(address=7), dict(retry=3), dict(tls="yes"), dict(options=7), dict(api_key=7),
        dict(address=":memory:"), dict(address="./data"), dict(address="a/b"),
    ],
)  # fmt: skip
def test_wrong_settings_of_a_client(settings):
    for cls in (tqdb.Client, tqdb.AsyncClient):
        with pytest.raises(tqdb.InvalidArgument):
            cls(**settings)


def test_what_the_callers_iterables_raise_goes_through(client, collection):
    def points():
        yield Point(1, np.ones(DIM))
        raise TypeError("of the caller")

    for write in (client.upsert, client.upload_points):
        with pytest.raises(TypeError, match="of the caller"):
            write(collection, points())
