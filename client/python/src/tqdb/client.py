"""The synchronous client."""

from __future__ import annotations

import queue
import threading
import time
import weakref
from types import TracebackType
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Type,
    TypeVar,
    Union,
)

import grpc

from . import _batches, _channel, _columns, _messages, _proto, calls
from ._local_server import LocalServer
from ._methods import arguments_of, method
from ._retry import Retry, Tries, checked_timeout
from ._upload import Upload
from .calls import Call
from .errors import (
    DeadlineExceeded,
    Error,
    FailedPrecondition,
    Unavailable,
    from_grpc,
)
from .filters import FilterLike
from .types import (
    CollectionInfo,
    IdLike,
    PayloadLike,
    Point,
    Record,
    SparseLike,
    WithPayload,
    WriteResult,
)

R = TypeVar("R")


class Client:
    """A connection to a server. Thread-safe; opens at the first call.

        with tqdb.Client("localhost:6334") as client:
            client.create_collection("notes", dim=384)
            client.upload("notes", vectors, ids=range(len(vectors)), payloads=payloads)
            hits = client.search("notes", vector, limit=5, filter={"must": [..]})

    `path`, in place of an address, is a local directory: the first client of it starts a server of
    its own, which stops when the last one is closed or this process ends. `server` is the program,
    tqdb-server; without it $TQDB_SERVER, PATH and this package are asked.

    `timeout` in seconds is for each call, all its tries together; None waits for ever. `api_key` is
    sent as `authorization: Bearer KEY`, readable by others on the way unless `tls` is on. `options`
    are those of a gRPC channel.

    A copy made by pickle connects by itself, with the same arguments. It lacks the API key, and
    takes the one in $TQDB_API_KEY.
    """

    def __init__(
        self,
        address: Optional[str] = None,
        *,
        path: Optional[_channel.PathLike] = None,
        server: Optional[_channel.PathLike] = None,
        api_key: Optional[str] = None,
        tls: Union[bool, _channel.TLS] = False,
        timeout: Optional[float] = 60.0,
        retry: Retry = Retry(),
        options: Optional[Mapping[str, Any]] = None,
    ) -> None:
        with arguments_of("Client"):
            self._connect(
                _channel.Settings(address, path, server, api_key, tls, timeout, retry, options)
            )

    @classmethod
    def of(cls, settings: _channel.Settings) -> Client:
        """With the arguments of another client, `client.settings`."""
        made = cls.__new__(cls)
        made._connect(settings)
        return made

    def _connect(self, settings: _channel.Settings) -> None:
        self.settings = settings
        self._answered = self._closed = False
        self._stubs: Dict[str, Callable[..., Any]] = {}
        self._release: Callable[[], Any] = lambda: None
        local = None
        if settings.path is not None:
            local = LocalServer.share(settings.path, settings.server)
            self._release = weakref.finalize(self, local.release)
        self._target = target = settings.target(local)
        if target.credentials is None:
            self._channel = grpc.insecure_channel(target.address, target.options)
        else:
            self._channel = grpc.secure_channel(target.address, target.credentials, target.options)

    def close(self) -> None:
        """Ends the connection, and with the last client of a `path` its server."""
        self._closed = True
        self._channel.close()
        self._release()

    def __repr__(self) -> str:
        return f"Client({self.settings}{', closed' if self._closed else ''})"

    def __getstate__(self) -> Dict[str, Any]:
        return {"settings": self.settings}

    def __copy__(self) -> Client:
        return self.of(self.settings)

    def __deepcopy__(self, memo: Any) -> Client:
        return self.of(self.settings)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self._connect(state["settings"])

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    create_collection = method(calls.create_collection)
    get_or_create_collection = method(calls.get_or_create_collection)
    collection_exists = method(calls.collection_exists)
    get_collection = method(calls.get_collection)
    list_collections_page = method(calls.list_collections_page)
    update_collection = method(calls.update_collection)
    create_payload_index = method(calls.create_payload_index)
    delete_payload_index = method(calls.delete_payload_index)
    delete_collection = method(calls.delete_collection)
    upsert = method(calls.upsert)
    delete = method(calls.delete)
    set_payload = method(calls.set_payload)
    overwrite_payload = method(calls.overwrite_payload)
    delete_payload_keys = method(calls.delete_payload_keys)
    clear_payload = method(calls.clear_payload)
    get = method(calls.get)
    scroll_page = method(calls.scroll_page)
    count = method(calls.count)
    facet = method(calls.facet)
    search = method(calls.search)
    recommend = method(calls.recommend)
    search_batch = method(calls.search_batch)
    search_arrays = method(calls.search_arrays)
    search_groups = method(calls.search_groups)
    search_hybrid = method(calls.search_hybrid)
    server_info = method(calls.server_info)

    def list_collections(self, *, timeout: Optional[float] = None) -> List[CollectionInfo]:
        """All collections, in name order."""
        collections, token = self.list_collections_page(page_size=1000, timeout=timeout)
        while token:
            page, token = self.list_collections_page(
                page_size=1000, page_token=token, timeout=timeout
            )
            collections += page
        return collections

    def scroll(
        self,
        collection: str,
        *,
        filter: Optional[FilterLike] = None,
        page_size: int = 1000,
        order_by: Optional[str] = None,
        descending: bool = False,
        once: bool = False,
        with_payload: WithPayload = True,
        with_vectors: bool = False,
        timeout: Optional[float] = None,
    ) -> Iterator[Record]:
        """All points, or those that match; a page is read when its turn comes. Arguments as of
        `scroll_page`."""
        token, more = "", True
        while more:
            page = self.scroll_page(
                collection,
                filter=filter,
                page_size=page_size,
                page_token=token,
                order_by=order_by,
                descending=descending,
                once=once,
                with_payload=with_payload,
                with_vectors=with_vectors,
                timeout=timeout,
            )
            yield from page.points
            token = page.next_page_token
            more = bool(token)

    def upload(
        self,
        collection: str,
        vectors: Any,
        ids: Union[Iterable[IdLike], str],
        payloads: Optional[Iterable[Optional[PayloadLike]]] = None,
        *,
        sparse: Optional[Mapping[str, Iterable[Optional[SparseLike]]]] = None,
        skip: int = 0,
        batch_size: Optional[int] = None,
        in_flight: Optional[int] = None,
        dtype: Any = None,
        durability: Optional[str] = None,
        progress: Optional[bool] = None,
        timeout: Optional[float] = None,
    ) -> WriteResult:
        """Inserts or replaces any number of points, over a stream with several batches in flight.

        `vectors` is a matrix (an array, a memory map, a tensor; a table or a column of vectors, of
        pandas, polars or Arrow), a dict of matrices by vector space, or an iterable of rows or of
        matrices. `ids`, `payloads` (also a table) and, by sparse space, those of `sparse` are any
        iterables. Of what iterables give, only the batches on their way are in memory. With
        `ids="uuid"` the client makes the ids, and the result has them. `dtype="float16"` halves
        what travels.

        Batches are atomic, each by itself; of rows with the same id the last counts. After a broken
        connection those without an answer are sent again, for as long as `timeout` after the last
        answer. An error of one batch is raised when the batches on their way are answered. It has
        the `row`, and says in `rows_written` and `resume_row` what is stored: `skip` rows are left
        out, so that an upload can go on there. `progress` shows a bar; None does on a terminal and
        in a notebook.
        """
        made = _columns.NewIds() if isinstance(ids, str) and ids == _columns.NEW_IDS else None
        with arguments_of("upload"):
            begin = _messages.checked_number(skip, "skip")
            rows = _columns.rows_of_columns(vectors, made or ids, payloads, dtype, sparse, begin)
            total = _columns.total_rows(vectors)
            return self._upload(
                collection, rows, total, begin, batch_size, in_flight, durability, progress,
                timeout, made,
            )  # fmt: skip

    def upload_points(
        self,
        collection: str,
        points: Iterable[Point],
        *,
        skip: int = 0,
        batch_size: Optional[int] = None,
        in_flight: Optional[int] = None,
        durability: Optional[str] = None,
        progress: Optional[bool] = None,
        timeout: Optional[float] = None,
    ) -> WriteResult:
        """Uploads points one by one, which may differ in the vector spaces they take part in."""
        with arguments_of("upload_points"):
            begin = _messages.checked_number(skip, "skip")
            rows, total = _columns.rows_of_points(points, begin), _columns.total_rows(points)
            return self._upload(
                collection, rows, total, begin, batch_size, in_flight, durability, progress, timeout
            )

    def run(self, call: Call[R]) -> R:
        """Carries out a call made by a function of `tqdb.calls`."""
        if call.parts:
            return call.read(self._run_parts(call))
        if not call.method:
            return call.read(None)
        try:
            response = self._ask(call)
        except Error as error:
            other = None if call.instead is None else call.instead(error)
            if other is None:
                raise
        else:
            return call.read(response)
        return self.run(other)

    def _run_parts(self, call: Call[Any]) -> List[Any]:
        done: List[Any] = []
        for part in call.parts:
            try:
                done.append(self.run(part))
            except Error as error:
                if call.stopped is not None:
                    call.stopped(error, done)
                raise
        return done

    def _ask(self, call: Call[Any]) -> Any:
        tries = self._tries(call.timeout)
        while True:
            stub = self._stub(call.method)
            try:
                response = stub(
                    call.request, timeout=tries.left_s(), metadata=self._target.metadata
                )
            except grpc.RpcError as error:
                failure = self._failure(error)
            except ValueError:
                self._check_open()  # closed by another thread
                raise
            else:
                self._answered = True
                return response
            time.sleep(tries.pause_after(failure, call.idempotent))

    def _tries(self, timeout: Optional[float]) -> Tries:
        settings = self.settings
        wait_s = settings.timeout if timeout is None else checked_timeout(timeout)
        return Tries(settings.retry, wait_s, self._answered)

    def _failure(self, error: grpc.RpcError) -> Error:
        failure = _channel.explained(from_grpc(error), self._target, self._answered)
        if not isinstance(failure, (Unavailable, DeadlineExceeded)):
            self._answered = True
        return failure

    def _check_open(self) -> None:
        if self._closed:
            raise FailedPrecondition("the client is closed")
        self.settings.check_key()

    def _stub(self, name: str) -> Callable[..., Any]:
        self._check_open()
        stub = self._stubs.get(name)
        if stub is None:
            known = _proto.METHODS[name]
            stub = self._channel.unary_unary(
                known.path, _channel.serialize, known.response.FromString
            )
            self._stubs[name] = stub
        return stub

    def _upload(
        self,
        collection: str,
        rows: Iterator[_columns.Row],
        total: Optional[int],
        skip: int,
        batch_size: Optional[int],
        in_flight: Optional[int],
        durability: Optional[str],
        progress: Optional[bool],
        timeout: Optional[float],
        made: Optional[_columns.NewIds] = None,
    ) -> WriteResult:
        number = _messages.enum_number("Durability", durability)
        batches = _batches.batches(rows, collection, number, batch_size, skip)
        tries = self._tries(timeout)
        wait_s = self.settings.timeout if timeout is None else checked_timeout(timeout)
        with Upload(collection, total, in_flight, progress, skip) as upload:
            stream = self._stream(wait_s)
            try:
                while True:
                    try:
                        self._send(batches, upload, stream, tries)
                        return upload.result(None if made is None else made.made[skip:])
                    except Error as error:
                        if not stream.broken:
                            raise
                        stream.close()
                        time.sleep(tries.pause_after(error, idempotent=True))
                        stream = self._stream(wait_s)
                        for batch in upload.unanswered:
                            stream.send(batch.data)
            except BaseException as error:
                if isinstance(error, Exception) and not isinstance(error, DeadlineExceeded):
                    _settle(upload, stream)
                upload.describe(error)
                raise
            finally:
                stream.close()

    def _stream(self, wait_s: Optional[float]) -> _Stream:
        self._check_open()
        return _Stream(self._channel, self._target.metadata, wait_s, self._failure)

    def _send(
        self, batches: Iterator[_batches.Batch], upload: Upload, stream: _Stream, tries: Tries
    ) -> None:
        """All that is left, until the last answer."""
        while True:
            while not upload.may_send():
                upload.answered(stream.receive())
                tries.progress()
            batch = next(batches, None)
            if batch is None:
                break
            upload.sent(batch)
            stream.send(batch.data)
        while upload.unanswered:
            upload.answered(stream.receive())
            tries.progress()


def _settle(upload: Upload, stream: _Stream) -> None:
    """Waits for the answers to what is on its way, so that it is known what was written."""
    try:
        while upload.unanswered and not stream.broken:
            upload.settled(stream.receive())
    except Error:
        pass  # what ended the upload is told


class _Stream:
    """One UpsertStream. gRPC's threads take requests from one queue and put answers into another,
    so the caller's iterables run in the caller's thread alone."""

    def __init__(
        self,
        channel: Any,
        metadata: Any,
        wait_s: Optional[float],
        failure: Callable[[grpc.RpcError], Error],
    ) -> None:
        known = _proto.METHODS["PointService.UpsertStream"]
        stub = channel.stream_stream(known.path, _channel.serialize, known.response.FromString)
        self._wait_s = wait_s
        self._failure = failure
        self._outgoing: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._incoming: queue.SimpleQueue[Any] = queue.SimpleQueue()
        #: The stream ended by itself: a new one may be tried.
        self.broken = False
        self._call = stub(iter(self._outgoing.get, None), metadata=metadata)
        threading.Thread(target=self._read, name="tqdb-upload", daemon=True).start()

    def send(self, data: bytes) -> None:
        self._outgoing.put(data)

    def receive(self) -> Any:
        """The next answer; raises what ended the stream."""
        try:
            answer = self._incoming.get(timeout=self._wait_s)
        except queue.Empty:
            raise DeadlineExceeded(f"no answer to a batch in {self._wait_s} s") from None
        if isinstance(answer, Exception):
            self.broken = True
            raise answer
        return answer

    def close(self) -> None:
        self._outgoing.put(None)
        self._call.cancel()

    def _read(self) -> None:
        try:
            for response in self._call:
                self._incoming.put(response)
            self._incoming.put(Unavailable("the server ended the stream"))
        except grpc.RpcError as error:
            self._incoming.put(self._failure(error))
