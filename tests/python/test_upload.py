"""Bulk upload against the real server: many batches, bad batches, a server that goes away."""

from __future__ import annotations

import asyncio
import signal
import threading
import time

import numpy as np
import pytest

import tqdb

ROWS, DIM = 30_000, 64


@pytest.fixture(scope="module")
def matrix():
    return np.random.default_rng(3).standard_normal((ROWS, DIM), np.float32)


def upload(kind, address, *args, **kwargs):
    retry = kwargs.pop("retry", tqdb.Retry())
    if kind == "sync":
        with tqdb.Client(address, retry=retry) as client:
            return client.upload(*args, **kwargs)

    async def run():
        async with tqdb.AsyncClient(address, retry=retry) as client:
            return await client.upload(*args, **kwargs)

    return asyncio.run(run())


both = pytest.mark.parametrize("kind", ["sync", "async"])


@both
def test_everything_arrives_once(server, client, name, matrix, kind, capfd):
    client.create_collection(name, dim=DIM)
    payloads = ({"n": i} for i in range(ROWS))
    result = upload(
        kind, server.address, name, matrix, range(ROWS), payloads, batch_size=500, progress=True
    )
    assert result == tqdb.WriteResult(ROWS, 0)
    assert client.count(name) == ROWS
    for record in client.get(name, [0, 499, 500, ROWS - 1], with_vectors=True):
        np.testing.assert_array_equal(record.vector, matrix[record.id])
        assert record.payload == {"n": record.id}
    assert upload(kind, server.address, name, matrix[:100], range(100)) == tqdb.WriteResult(0, 100)
    shown = capfd.readouterr().err
    assert "100%" in shown and "points/s" in shown and shown.count("100%") == 1


@both
def test_an_empty_upload_is_fine(server, client, name, kind):
    client.create_collection(name, dim=DIM)
    assert upload(kind, server.address, name, np.ones((0, DIM)), []) == tqdb.WriteResult(0, 0)
    assert upload(kind, server.address, name, iter([]), iter([])) == tqdb.WriteResult(0, 0)


@both
def test_a_bad_batch_is_told_with_its_rows(server, client, name, matrix, kind):
    client.create_collection(name, dim=DIM)
    rows = matrix[:1000].copy()
    rows[250, 3] = np.nan
    fault = r"rows 200 to 299: .*points\[50\]\.vectors '' has nan"
    with pytest.raises(tqdb.InvalidArgument, match=fault):
        upload(kind, server.address, name, rows, range(1000), batch_size=100)
    assert client.count(name) >= 200


@both
def test_an_error_of_the_callers_iterable_comes_through(server, client, name, matrix, kind):
    client.create_collection(name, dim=DIM)

    def payloads():
        yield from ({} for _ in range(5000))
        raise KeyError("from the caller")

    with pytest.raises(KeyError, match="from the caller"):
        upload(kind, server.address, name, matrix, range(ROWS), payloads(), batch_size=100)


@both
def test_unknown_collections_are_not_retried(server, name, matrix, kind):
    with pytest.raises(tqdb.NotFound, match=name):
        upload(kind, server.address, name, matrix, range(ROWS))


@both
def test_an_upload_goes_on_after_a_restart(own_server, matrix, kind):
    with tqdb.Client(own_server.address) as client:
        client.create_collection("c", dim=DIM)
    half = threading.Event()

    def ids():
        for i in range(ROWS):
            if i == ROWS // 2:
                half.set()
            if i % 100 == 0:
                time.sleep(0.002)  # so that batches are on their way when the server goes
            yield i

    def restart():
        half.wait(60)
        own_server.stop(signal.SIGKILL)
        own_server.start()

    restarter = threading.Thread(target=restart)
    restarter.start()
    try:
        retry = tqdb.Retry(attempts=30, max_s=1.0)
        upload(kind, own_server.address, "c", matrix, ids(), batch_size=100, retry=retry)
    finally:
        restarter.join()
    with tqdb.Client(own_server.address) as client:
        assert client.count("c") == ROWS
        records = client.get("c", range(ROWS // 2 - 2000, ROWS // 2 + 2000), with_vectors=True)
        np.testing.assert_array_equal(
            np.stack([r.vector for r in records]), matrix[ROWS // 2 - 2000 : ROWS // 2 + 2000]
        )


@both
def test_a_server_that_stays_away_is_unavailable(own_server, matrix, kind):
    with tqdb.Client(own_server.address) as client:
        client.create_collection("c", dim=DIM)
    own_server.stop()
    with pytest.raises(tqdb.Unavailable):
        upload(
            kind,
            own_server.address,
            "c",
            matrix,
            range(ROWS),
            retry=tqdb.Retry(attempts=3, max_s=0.1),
        )


@both
def test_a_server_that_goes_for_good_is_waited_for_no_longer_than_the_timeout(
    own_server, matrix, kind
):
    with tqdb.Client(own_server.address) as client:
        client.create_collection("c", dim=DIM)

    def ids():
        for i in range(ROWS):
            if i == ROWS // 2:
                own_server.stop(signal.SIGKILL)
            yield i

    began = time.monotonic()
    retry = tqdb.Retry(attempts=2, max_s=0.2)
    with pytest.raises(tqdb.Unavailable):
        upload(kind, own_server.address, "c", matrix, ids(), batch_size=100, timeout=3, retry=retry)
    # Answers had come, so it was not given up after two tries.
    assert 2 < time.monotonic() - began < 10


def test_memory_is_bounded(client, name):
    import resource

    client.create_collection(name, dim=DIM * 16, store_vectors="none")
    block = np.random.default_rng(1).standard_normal((1000, DIM * 16), np.float32)
    client.upload(name, block, range(1000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # 200 MiB of vectors, of which only what is on its way may be in memory.
    client.upload(name, (block for _ in range(50)), range(50_000), batch_size=256)
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mib < 100, f"grew by {grown_mib:.0f} MiB"
