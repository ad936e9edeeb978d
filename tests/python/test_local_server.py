"""Clients with a server of their own on a local directory (`path=`)."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

import tqdb
from tqdb import _local_server

from .conftest import SERVER


@pytest.fixture(autouse=True)
def variable(monkeypatch):
    monkeypatch.setenv("TQDB_SERVER", SERVER)


def running_on(directory):
    """Processes that have the directory in their command line."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/cmdline", "rb") as file:
                if os.fsencode(str(directory)) in file.read():
                    found.append(int(process))
        except OSError:
            pass
    return found


def gone(directory, seconds=30):
    deadline = time.monotonic() + seconds
    while running_on(directory) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not running_on(directory)


def test_a_session_and_what_is_left_for_the_next(tmp_path):
    path = tmp_path / "new" / "db"
    with tqdb.Client(path=path) as client:
        client.get_or_create_collection("notes", dim=8)
        client.upload("notes", np.eye(8), range(8))
        assert client.search("notes", np.eye(8)[3], 1)[0].id == 3
        assert repr(client) == f"Client(path='{path}')"
    assert gone(path, 0.1)
    with tqdb.Client(path=str(path)) as client:
        assert client.get_or_create_collection("notes", dim=8).points == 8
    with pytest.raises(tqdb.FailedPrecondition, match="closed"):
        client.count("notes")


def test_strangers_of_the_same_machine_stay_out(tmp_path):
    with tqdb.Client(path=tmp_path / "db") as client:
        address = client._target.address
        assert address.startswith("127.0.0.1:")
        with tqdb.Client(address) as stranger, pytest.raises(tqdb.Unauthenticated):
            stranger.server_info()
        assert client._target.metadata[0][1].encode() not in b"".join(
            open(f"/proc/{p}/cmdline", "rb").read() for p in running_on(tmp_path)
        )


def test_clients_of_one_process_share_the_server(tmp_path):
    async def count(path):
        async with tqdb.AsyncClient(path=path) as client:
            return await client.count("c")

    path = tmp_path / "db"
    first, second = tqdb.Client(path=path), tqdb.Client(path=tmp_path / "." / "db")
    first.create_collection("c", dim=8)
    first.close()
    first.close()
    assert second.count("c") == asyncio.run(count(path)) == 0
    assert len(running_on(path)) >= 1
    del second  # as good as close
    assert gone(path)
    assert asyncio.run(count(path)) == 0
    assert gone(path)


def test_an_async_client_starts_it_at_the_first_call_and_once(tmp_path):
    async def run():
        client = tqdb.AsyncClient(path=tmp_path / "db")
        assert not running_on(tmp_path)
        infos = await asyncio.gather(*(client.server_info() for _ in range(8)))
        assert len({info.data_directory for info in infos}) == 1
        await client.close()
        assert gone(tmp_path, 0.1)

    asyncio.run(run())


CHILD = """
import sys, time, tqdb
client = tqdb.Client(path=sys.argv[1])
client.create_collection("c", dim=8)
print(client.server_info().version, flush=True)
time.sleep(60) if len(sys.argv) > 2 else None
"""


def child(path, *arguments, **options):
    command = [sys.executable, "-c", CHILD, str(path), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("how", ["by itself", signal.SIGTERM, signal.SIGKILL])
def test_the_server_ends_with_the_process_however_that_ends(tmp_path, how):
    path = tmp_path / "db"
    process = child(path, *([] if how == "by itself" else ["wait"]))
    assert process.stdout.readline().strip()
    if how != "by itself":
        assert running_on(path)
        process.send_signal(how)
    process.wait(30)
    assert gone(path)
    with tqdb.Client(path=path) as client:  # nothing is locked, and nothing lost
        assert client.collection_exists("c")


def test_ctrl_c_is_for_the_client_alone(tmp_path):
    path = tmp_path / "db"
    with tqdb.Client(path=path) as client:
        own = os.getpgid(0)
        for process in set(running_on(path)) - {os.getpid()}:
            assert os.getpgid(process) != own
        assert client.server_info().version


def test_another_process_that_has_the_directory_is_told(tmp_path):
    path = tmp_path / "db"
    process = child(path, "wait")
    assert process.stdout.readline().strip()
    try:
        with pytest.raises(tqdb.FailedPrecondition, match=r"db' is open in another process, and"):
            tqdb.Client(path=path)
    finally:
        process.kill()
        process.wait(30)
    assert gone(path)


def test_a_server_that_does_not_start_is_told_with_its_words(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(tqdb.FailedPrecondition, match="did not start on '.*file'; it said: .+"):
        tqdb.Client(path=tmp_path / "file")
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no luck >&2\nexit 3\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(tqdb.FailedPrecondition, match="it said: no luck"):
        tqdb.Client(path=tmp_path / "db", server=broken)


def test_the_program_is_looked_for_in_four_places(tmp_path, monkeypatch):
    for given, variable, directory, found in (
        (SERVER, "/nowhere", "", SERVER),
        (None, SERVER, "", SERVER),
        (None, "", os.path.dirname(SERVER), SERVER),
    ):
        monkeypatch.setenv("TQDB_SERVER", variable)
        monkeypatch.setenv("PATH", directory)
        assert os.path.samefile(_local_server.find_server(given), found)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(tqdb.NotFound, match="needs the program tqdb-server, which is not on PATH"):
        tqdb.Client(path=tmp_path / "db")
    monkeypatch.setattr(_local_server, "_IN_PACKAGE", SERVER)
    assert _local_server.find_server(None) == SERVER
    with pytest.raises(tqdb.NotFound, match="server is '/nowhere', which is no program"):
        tqdb.Client(path=tmp_path / "db", server="/nowhere")
    monkeypatch.setenv("TQDB_SERVER", "/nowhere")
    with pytest.raises(tqdb.NotFound, match=r"\$TQDB_SERVER is '/nowhere'"):
        asyncio.run(tqdb.AsyncClient(path=tmp_path / "db").server_info())


def test_options_of_other_servers_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("TQDB_GRPC_PORT", "no port")
    monkeypatch.setenv("TQDB_CONFIG", "/nowhere")
    with tqdb.Client(path=tmp_path / "db") as client:
        assert client.server_info().data_directory == str(tmp_path / "db")


@pytest.mark.parametrize(
    "settings",
    [
        dict(path=""), dict(path=":memory:"), dict(path=7), dict(path="x", address="localhost"),
        dict(path="x", api_key="k" * 16), dict(path="x", tls=True),
    ],
)  # fmt: skip
def test_wrong_paths_are_refused(settings):
    with pytest.raises(tqdb.InvalidArgument, match="path"):
        tqdb.Client(**settings)
    with pytest.raises(tqdb.InvalidArgument, match="path"):
        asyncio.run(tqdb.AsyncClient(**settings).server_info())


def test_stores_on_a_path(tmp_path):
    from langchain_core.embeddings import DeterministicFakeEmbedding

    from tqdb.langchain import TqdbVectorStore

    store = TqdbVectorStore("c", DeterministicFakeEmbedding(size=16), path=tmp_path / "db")
    store.add_texts(["tea"], ids=["1"])
    assert [d.id for d in asyncio.run(store.asimilarity_search("tea"))] == ["1"]
    store.client.close()
    del store
    gc.collect()  # the client of the event loop that has ended
    assert gone(tmp_path)
