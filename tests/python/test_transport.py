"""Retries, deadlines, TLS and API keys, against a server made of grpcio that fails on purpose."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import threading
import time
from concurrent import futures

import grpc
import numpy as np
import pytest

import tqdb
from tqdb import _proto

from .conftest import Server, server_has


class Double:
    """Answers Count with 7 after the failures it was given, and CreateCollection likewise."""

    def __init__(self, credentials=None):
        self.failures = []  # (code, message, trailing metadata), or seconds to sleep
        self.seen = []
        self.stopped = threading.Event()
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        handlers = {}
        for name in ("PointService.Count", "CollectionService.CreateCollection"):
            known = _proto.METHODS[name]
            handlers[known.path] = grpc.unary_unary_rpc_method_handler(
                self._answer(known),
                request_deserializer=known.request.FromString,
                response_serializer=known.response.SerializeToString,
            )

        stream = _proto.METHODS["PointService.UpsertStream"]
        handlers[stream.path] = grpc.stream_stream_rpc_method_handler(
            self._stream,
            request_deserializer=stream.request.FromString,
            response_serializer=stream.response.SerializeToString,
        )

        class Handler(grpc.GenericRpcHandler):
            def service(self, details):
                return handlers.get(details.method)

        self._server.add_generic_rpc_handlers((Handler(),))
        if credentials is None:
            self.port = self._server.add_insecure_port("127.0.0.1:0")
        else:
            self.port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self._server.start()

    def _answer(self, known):
        def answer(request, context):
            self.seen.append(dict(context.invocation_metadata()))
            if self.failures:
                failure = self.failures.pop(0)
                if isinstance(failure, float):
                    time.sleep(failure)
                else:
                    code, message, trailing = failure
                    context.set_trailing_metadata(trailing)
                    context.abort(code, message)
            return known.response(**({"count": 7} if "Count" in known.path else {}))

        return answer

    def _stream(self, requests, context):
        """Ends after one answer when a failure is left; with 0.0 it answers nothing any more."""
        known = _proto.METHODS["PointService.UpsertStream"]
        self.seen.append([])
        for request in requests:
            self.seen[-1].append(request.sequence)
            failure = self.failures.pop(0) if self.failures else None
            if failure == 0.0:
                context.add_callback(self.stopped.set)
                self.stopped.wait(30)
                return
            if isinstance(failure, tuple):
                context.set_trailing_metadata(failure[2])
                context.abort(*failure[:2])
            rows = len(request.batch.points)
            yield known.response(sequence=request.sequence, result={"inserted": rows})
            if failure == "end":
                return

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def stop(self):
        self.stopped.set()
        self._server.stop(None)


@pytest.fixture()
def double():
    server = Double()
    yield server
    server.stop()


def call(kind, method, *args, client=None, **kwargs):
    if kind == "sync":
        with tqdb.Client(**client) as sync:
            return getattr(sync, method)(*args, **kwargs)

    async def run():
        async with tqdb.AsyncClient(**client) as unsync:
            return await getattr(unsync, method)(*args, **kwargs)

    return asyncio.run(run())


both = pytest.mark.parametrize("kind", ["sync", "async"])
QUICK = tqdb.Retry(attempts=4, initial_s=0.01)
GONE = (grpc.StatusCode.UNAVAILABLE, "going down", ())
BUSY = (grpc.StatusCode.RESOURCE_EXHAUSTED, "busy", (("retry-after", "0.2"),))
FULL = (grpc.StatusCode.RESOURCE_EXHAUSTED, "the disk is full", ())


@both
def test_idempotent_calls_are_repeated(double, kind):
    double.failures = [GONE, GONE, GONE]
    assert call(kind, "count", "c", client=dict(address=double.address, retry=QUICK)) == 7
    assert len(double.seen) == 4


@both
def test_but_not_for_ever(double, kind):
    double.failures = [GONE] * 10
    with pytest.raises(tqdb.Unavailable, match="going down"):
        call(kind, "count", "c", client=dict(address=double.address, retry=QUICK))
    assert len(double.seen) == 4


@both
def test_others_are_not(double, kind):
    double.failures = [GONE]
    with pytest.raises(tqdb.Unavailable):
        call(kind, "create_collection", "c", 8, client=dict(address=double.address, retry=QUICK))
    assert len(double.seen) == 1


@both
@pytest.mark.parametrize("method, args", [("count", ["c"]), ("create_collection", ["c", 8])])
def test_a_busy_server_is_asked_again_when_it_says(double, kind, method, args):
    double.failures = [BUSY]
    began = time.monotonic()
    try:
        call(kind, method, *args, client=dict(address=double.address, retry=QUICK))
    except IndexError:
        pass  # the double's collection has no vector space
    assert time.monotonic() - began >= 0.2
    assert len(double.seen) == 2


@both
def test_a_full_disk_is_not_retried(double, kind):
    double.failures = [FULL]
    with pytest.raises(tqdb.ResourceExhausted, match="disk is full"):
        call(kind, "count", "c", client=dict(address=double.address, retry=QUICK))
    assert len(double.seen) == 1


@both
def test_the_timeout_covers_all_tries(double, kind):
    double.failures = [GONE, 5.0]
    began = time.monotonic()
    with pytest.raises(tqdb.DeadlineExceeded) as caught:
        call(kind, "count", "c", timeout=0.5, client=dict(address=double.address, retry=QUICK))
    assert time.monotonic() - began < 2
    assert isinstance(caught.value, TimeoutError)
    # No pause that would end after the deadline.
    double.failures = [(*BUSY[:2], (("retry-after", "60"),))]
    began = time.monotonic()
    with pytest.raises(tqdb.ResourceExhausted) as busy:
        call(kind, "count", "c", timeout=1, client=dict(address=double.address))
    assert time.monotonic() - began < 1 and busy.value.retry_after_s == 60


UPLOAD = dict(vectors=np.ones((1000, 8)), ids=range(1000), batch_size=100)


@both
@pytest.mark.parametrize("failure", ["end", GONE, BUSY])
def test_an_upload_sends_again_what_has_no_answer(double, kind, failure):
    double.failures = [None, None, failure, failure]
    client = dict(address=double.address, retry=QUICK)
    result = call(kind, "upload", "c", client=client, **UPLOAD)
    assert result.inserted == 1000
    first, second, third = double.seen
    answered = 3 if failure == "end" else 2
    if kind == "sync":
        assert second[0] == answered + 1
    else:  # grpc.aio may lose answers that came before a write failed
        assert second[0] <= answered + 1
    assert third == list(range(third[0], 11))


@both
def test_an_upload_without_answers_ends_at_its_timeout(double, kind):
    double.failures = [None, 0.0]
    began = time.monotonic()
    with pytest.raises(tqdb.DeadlineExceeded, match="no answer to a batch in 0.5 s"):
        call(kind, "upload", "c", timeout=0.5, client=dict(address=double.address), **UPLOAD)
    assert 0.4 < time.monotonic() - began < 5
    assert len(double.seen) == 1


@both
def test_nobody_there_is_unavailable(kind):
    with pytest.raises(tqdb.Unavailable) as caught:
        call(kind, "count", "c", client=dict(address="127.0.0.1:1", retry=tqdb.NO_RETRY))
    assert isinstance(caught.value, ConnectionError)


@both
def test_the_api_key_is_sent(double, kind):
    call(kind, "count", "c", client=dict(address=double.address, api_key=" secret\n"))
    assert double.seen[0]["authorization"] == "Bearer secret"
    call(kind, "count", "c", client=dict(address=double.address))
    assert "authorization" not in double.seen[1]


@both
def test_unknown_calls_are_unimplemented(double, kind):
    with pytest.raises(tqdb.Unimplemented):
        call(kind, "server_info", client=dict(address=double.address))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate of localhost and 127.0.0.1: paths of its two files."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(key, hashes.SHA256())
    )
    directory = tmp_path_factory.mktemp("tls")
    (directory / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (directory / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return directory / "cert.pem", directory / "key.pem"


@both
def test_tls_with_an_own_authority(certificate, kind):
    cert, key = certificate
    pair = (key.read_bytes(), cert.read_bytes())
    server = Double(grpc.ssl_server_credentials([pair]))
    try:
        trusted = dict(address=server.address, tls=tqdb.TLS(ca=cert), api_key="k")
        assert call(kind, "count", "c", client=trusted) == 7
        assert server.seen[0]["authorization"] == "Bearer k"
        with pytest.raises(tqdb.Unavailable):  # a stranger's certificate
            call(kind, "count", "c", client=dict(trusted, tls=True, retry=tqdb.NO_RETRY))
        with pytest.raises(tqdb.Unavailable):
            call(kind, "count", "c", client=dict(trusted, tls=False, retry=tqdb.NO_RETRY))
    finally:
        server.stop()


@both
def test_tls_with_a_certificate_of_the_client(certificate, kind):
    cert, key = certificate
    pair = (key.read_bytes(), cert.read_bytes())
    server = Double(grpc.ssl_server_credentials([pair], cert.read_bytes(), True))
    try:
        own = tqdb.TLS(ca=cert, cert=cert, key=key)
        assert call(kind, "count", "c", client=dict(address=server.address, tls=own)) == 7
        with pytest.raises(tqdb.Unavailable):
            anonymous = dict(address=server.address, tls=tqdb.TLS(ca=cert), retry=tqdb.NO_RETRY)
            call(kind, "count", "c", client=anonymous)
    finally:
        server.stop()


@both
def test_tls_and_keys_of_the_real_server(certificate, kind, tmp_path):
    """Once the server has the flags; until then, what it does without them."""
    cert, key = certificate
    flags = []
    if server_has("--tls-cert"):
        flags += ["--tls-cert", str(cert), "--tls-key", str(key)]
    if server_has("--api-key-file"):
        keys = "secret-key-of-this-test-0123456789\nkey-that-only-reads-0123456789 ro\n"
        (tmp_path / "keys").write_text(keys)
        flags += ["--api-key-file", str(tmp_path / "keys")]
    server = Server(tmp_path, flags)
    try:
        settings = dict(address=server.address, api_key="secret-key-of-this-test-0123456789")
        if "--tls-cert" in flags:
            settings["tls"] = tqdb.TLS(ca=cert)
        call(kind, "create_collection", "c", 8, client=settings)
        call(kind, "upload", "c", np.ones((10, 8)), range(10), client=settings)
        assert call(kind, "count", "c", client=settings) == 10
        if "--api-key-file" in flags:
            reader = dict(settings, api_key="key-that-only-reads-0123456789")
            assert call(kind, "count", "c", client=reader) == 10
            with pytest.raises(tqdb.PermissionDenied):
                call(kind, "delete_collection", "c", client=reader)
            for wrong in (None, "wrong-key-of-this-test-0123456789abc"):
                with pytest.raises(tqdb.Unauthenticated):
                    call(kind, "count", "c", client=dict(settings, api_key=wrong))
                with pytest.raises(tqdb.Unauthenticated):
                    bad = dict(settings, api_key=wrong)
                    call(kind, "upload", "c", np.ones((10, 8)), range(10), client=bad)
    finally:
        server.stop()


@pytest.mark.parametrize(
    "settings, message",
    [
        (dict(address=""), "address is empty"),
        (dict(address="http://localhost:6334"), 'need "host:port", and tls=True'),
        (dict(api_key=""), "api_key is empty"),
        (dict(api_key="ключ"), "printable ASCII"),
        (dict(tls=tqdb.TLS(cert="x")), "go together"),
    ],
)
@pytest.mark.parametrize("cls", [tqdb.Client, tqdb.AsyncClient])
def test_bad_settings_are_refused(cls, settings, message):
    with pytest.raises(tqdb.InvalidArgument, match=message):
        cls(**settings)


@pytest.mark.parametrize(
    "given, used",
    [
        ("host", "host:6334"),
        ("host:1", "host:1"),
        ("[::1]", "[::1]:6334"),
        ("[::1]:5", "[::1]:5"),
        ("unix:/tmp/s", "unix:/tmp/s"),
    ],
)
def test_the_port_may_be_left_out(given, used):
    from tqdb._channel import make_target

    assert make_target(given, None, False, None).address == used
