"""Connections that are cut without a word, servers that go away, copies of clients, event loops."""

from __future__ import annotations

import asyncio
import pickle
import socket
import threading
import time

import numpy as np
import pytest

import tqdb
from tqdb import _channel

from .conftest import Server, in_either_way
from .test_transport import call, certificate  # noqa: F401

both = pytest.mark.parametrize("kind", ["sync", "async"])


class Proxy:
    """Passes bytes to a server and back, over connections that can be frozen or cut."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self._to = (host, int(port))
        self._frozen = set()  # connections that swallow what they get
        self._open = []
        self.away = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def connections(self):
        return len(self._open)

    def freeze(self):
        self._frozen.update(pair[0] for pair in self._open)

    def cut(self, away_s):
        """Ends all connections, and refuses others for a while."""
        self.away = True
        for pair in self._open:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        threading.Timer(away_s, lambda: setattr(self, "away", False)).start()

    def close(self):
        self._listener.close()
        for pair in self._open:
            for end in pair:
                end.close()

    def _serve(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.away:
                near.close()
                continue
            far = socket.create_connection(self._to)
            self._open.append((near, far))
            for source, to in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(near, source, to), daemon=True).start()

    def _pump(self, near, source, to):
        try:
            while data := source.recv(65536):
                if near not in self._frozen:
                    to.sendall(data)
        except OSError:
            pass


@pytest.fixture()
def proxy(server):
    between = Proxy(server.address)
    yield between
    between.close()


def test_calls_work_again_within_30_s_when_a_connection_swallows_everything(server):
    """grpc/grpc#5468, googleapis/python-spanner#49: every call failed, for ever."""
    waited = {}

    def sync_client(proxy):
        with tqdb.Client(proxy.address) as client:
            client.server_info()
            proxy.freeze()
            began = time.monotonic()
            client.server_info()
            waited["sync"] = time.monotonic() - began, proxy.connections

    async def async_client(proxy):
        async with tqdb.AsyncClient(proxy.address) as client:
            await client.server_info()
            proxy.freeze()
            began = time.monotonic()
            await client.server_info()
            waited["async"] = time.monotonic() - began, proxy.connections

    def short_timeouts(proxy):
        with tqdb.Client(proxy.address, timeout=2, retry=tqdb.NO_RETRY) as client:
            client.server_info()
            proxy.freeze()
            began = time.monotonic()
            while True:
                try:
                    client.server_info()
                    break
                except (tqdb.DeadlineExceeded, tqdb.Unavailable):
                    assert time.monotonic() - began < 60
            waited["short"] = time.monotonic() - began, proxy.connections

    proxies = [Proxy(server.address) for _ in range(3)]
    threads = [
        threading.Thread(target=sync_client, args=proxies[:1]),
        threading.Thread(target=lambda: asyncio.run(async_client(proxies[1]))),
        threading.Thread(target=short_timeouts, args=proxies[2:]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for proxy in proxies:
        proxy.close()
    assert set(waited) == {"sync", "async", "short"}
    for seconds, connections in waited.values():
        assert seconds < 30 and connections >= 2, waited


def test_pings_are_further_apart_than_the_server_allows():
    """It ends connections that send them faster ("too_many_pings"); see server/server.cc."""
    options = dict(_channel.make_target("host", None, False, None).options)
    assert options["grpc.keepalive_time_ms"] > 10_000
    own = _channel.make_target("host", None, False, {"grpc.keepalive_time_ms": 60_000}).options
    assert dict(own)["grpc.keepalive_time_ms"] == 60_000


@both
def test_reads_wait_within_their_timeout_and_a_scroll_goes_on(client, name, proxy, kind):
    client.create_collection(name, dim=8)
    client.upload(name, np.ones((2000, 8)), range(2000))

    async def walk(scroll):
        seen = 0
        async for _ in scroll:
            seen += 1
            if seen == 500:
                proxy.cut(away_s=2)
        return seen

    async def items(iterator):
        for item in iterator:
            yield item

    if kind == "sync":
        with tqdb.Client(proxy.address) as own:
            assert asyncio.run(walk(items(own.scroll(name, page_size=100)))) == 2000
            proxy.cut(away_s=2)
            assert own.count(name) == 2000
    else:

        async def run():
            async with tqdb.AsyncClient(proxy.address) as own:
                assert await walk(own.scroll(name, page_size=100)) == 2000
                proxy.cut(away_s=2)
                assert await own.count(name) == 2000

        asyncio.run(run())


def test_a_wrong_address_is_told_soon_all_the_same():
    began = time.monotonic()
    with tqdb.Client("127.0.0.1:1") as client, pytest.raises(tqdb.Unavailable):
        client.server_info()
    assert time.monotonic() - began < 10


@both
@pytest.mark.parametrize("timeout", [-1, 0, "3", float("nan"), True])
def test_wrong_timeouts_are_refused(server, kind, timeout):
    client = dict(address=server.address)
    with pytest.raises(tqdb.InvalidArgument, match="timeout is .*need seconds above 0, or None"):
        call(kind, "server_info", timeout=timeout, client=client)
    with pytest.raises(tqdb.InvalidArgument, match="timeout is"):
        call(kind, "server_info", client=dict(client, timeout=timeout))


@both
def test_a_closed_client_says_so(server, kind):
    if kind == "sync":
        client = tqdb.Client(server.address)
        client.server_info()
        client.close()
        client.close()
        with pytest.raises(tqdb.FailedPrecondition, match="the client is closed"):
            client.server_info()
        with pytest.raises(tqdb.FailedPrecondition, match="the client is closed"):
            client.upload("c", np.ones((1, 8)), [1])
        assert repr(client) == f"Client('{server.address}', closed)"
        return

    async def run():
        client = tqdb.AsyncClient(server.address)
        await client.server_info()
        await client.close()
        await client.close()
        with pytest.raises(tqdb.FailedPrecondition, match="the client is closed"):
            await client.server_info()
        with pytest.raises(tqdb.FailedPrecondition, match="the client is closed"):
            await client.upload("c", np.ones((1, 8)), [1])

    asyncio.run(run())


def test_a_client_closed_by_another_thread_ends_its_calls_with_an_error_of_ours(server):
    client = tqdb.Client(server.address)
    ended = []

    def ask():
        try:
            while True:
                client.server_info()
        except Exception as error:
            ended.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    client.close()
    for thread in threads:
        thread.join(30)
    assert len(ended) == 4 and all(isinstance(error, tqdb.Error) for error in ended), ended


def test_an_async_client_works_in_one_event_loop_after_another(server):
    """grpc/grpc#32480: "Event loop is closed"."""
    client = tqdb.AsyncClient(server.address)
    for _ in range(3):
        assert asyncio.run(client.server_info()).version
    asyncio.run(client.close())


@pytest.mark.parametrize("cls", [tqdb.Client, tqdb.AsyncClient])
def test_a_copy_of_a_client_connects_by_itself(server, cls):
    """dask/distributed#3393: "no default __reduce__ due to non-trivial __cinit__"."""
    retry = tqdb.Retry(attempts=7)
    options = {"grpc.keepalive_time_ms": 90_000}
    original = cls(server.address, timeout=7, retry=retry, options=options)
    copy = pickle.loads(pickle.dumps(original))
    assert type(copy) is cls and copy.settings == original.settings
    assert asyncio.run(in_either_way(copy.server_info())).version


@pytest.mark.parametrize("cls", [tqdb.Client, tqdb.AsyncClient])
def test_a_copy_has_no_key_and_says_where_it_takes_one_from(server, cls, monkeypatch):
    monkeypatch.delenv("TQDB_API_KEY", raising=False)
    original = cls(server.address, api_key="a-secret-of-this-test")
    data = pickle.dumps(original)
    assert b"a-secret" not in data and "a-secret" not in repr(original)

    async def ask(client):
        return await in_either_way(client.server_info())

    with pytest.raises(tqdb.Unauthenticated, match="without the API key; set TQDB_API_KEY"):
        asyncio.run(ask(pickle.loads(data)))
    again = pickle.dumps(pickle.loads(data))  # a copy of a copy
    monkeypatch.setenv("TQDB_API_KEY", "a-secret-of-this-test")
    assert pickle.loads(again).settings.api_key == "a-secret-of-this-test"
    assert asyncio.run(ask(pickle.loads(again))).version


def test_loopback_needs_no_proxy_and_other_ways_name_it(server, monkeypatch):
    """grpc/grpc#9989: http_proxy was used for localhost."""
    monkeypatch.setenv("http_proxy", "http://user:word@127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    with tqdb.Client(server.address, timeout=5) as client:
        assert client.server_info().version
    with tqdb.Client("tqdb.invalid:1", timeout=5, retry=tqdb.NO_RETRY) as client:
        with pytest.raises(tqdb.Unavailable, match=r"the proxy http_proxy=127\.0\.0\.1:9") as told:
            client.server_info()
    assert "word" not in str(told.value)


# --- TLS.


@pytest.fixture()
def tls_server(certificate, tmp_path):  # noqa: F811
    cert, key = certificate
    running = Server(tmp_path, ["--tls-cert", str(cert), "--tls-key", str(key)])
    yield running
    running.stop()


@both
def test_a_server_that_wants_tls_and_one_that_has_none_are_told_apart(server, tls_server, kind):
    plain = dict(address=tls_server.address)
    with pytest.raises(tqdb.Unavailable, match="is tls=True missing"):
        call(kind, "server_info", client=plain)
    began = time.monotonic()
    with pytest.raises(tqdb.Unavailable, match="CERTIFICATE_VERIFY_FAILED"):
        call(kind, "server_info", client=dict(plain, tls=True))
    with pytest.raises(tqdb.Unavailable, match="answers without TLS"):
        call(kind, "server_info", client=dict(address=server.address, tls=True))
    assert time.monotonic() - began < 5  # no retry can help


def test_files_of_tls_are_checked_by_name(certificate, tmp_path):  # noqa: F811
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    cert, key = certificate

    def written(name, encryption):
        made = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )
        (tmp_path / name).write_bytes(made)
        return tmp_path / name

    encrypted = written("secret.key", serialization.BestAvailableEncryption(b"word"))
    other = written("other.key", serialization.NoEncryption())
    (tmp_path / "no.pem").write_text("no certificate")
    for settings, message in (
        (dict(ca="nowhere.pem"), r"TLS\(ca='nowhere.pem'\) cannot be read: No such file"),
        (dict(ca=tmp_path / "no.pem"), r"TLS\(ca=.*no.pem'\) holds no certificate"),
        (dict(ca=cert, cert=cert, key=encrypted), r"TLS\(key=.*secret.key'\) is encrypted"),
        (dict(ca=cert, cert=cert, key=other), r"TLS\(key=.*other.key'\) is not the key of"),
        (dict(cert=tmp_path / "no.pem", key=key), "no certificate and private key in PEM"),
        (dict(cert=cert), "go together"),
    ):
        with pytest.raises(tqdb.InvalidArgument, match=message):
            tqdb.Client(tls=tqdb.TLS(**settings))
