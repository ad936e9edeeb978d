"""The synchronous client."""

from __future__ import annotations

import queue
import threading
import time
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

from . import _batches, _channel, _messages, _proto, calls
from ._methods import method
from ._retry import Retry, Tries
from ._upload import Upload
from .calls import Call
from .errors import DeadlineExceeded, Error, Unavailable, from_grpc
from .filters import FilterLike
from .types import CollectionInfo, IdLike, PayloadLike, Point, Record, SparseLike, WriteResult

R = TypeVar("R")


class Client:
    """A connection to a server. Thread-safe; opens at the first call.

        with tqdb.Client("localhost:6334") as client:
            client.create_collection("notes", dim=384)
            client.upload("notes", vectors, ids=range(len(vectors)), payloads=payloads)
            hits = client.search("notes", vector, limit=5, filter={"must": [..]})

    `timeout` in seconds is for each call, all its tries together; None waits for ever. `api_key` is
    sent as `authorization: Bearer KEY`, readable by others on the way unless `tls` is on. `options`
    are those of a gRPC channel.
    """

    def __init__(
        self,
        address: str = "localhost:6334",
        *,
        api_key: Optional[str] = None,
        tls: Union[bool, _channel.TLS] = False,
        timeout: Optional[float] = 60.0,
        retry: Retry = Retry(),
        options: Optional[Mapping[str, Any]] = None,
    ) -> None:
        target = _channel.make_target(address, api_key, tls, options)
        self._metadata = target.metadata
        self._timeout = timeout
        self._retry = retry
        if target.credentials is None:
            self._channel = grpc.insecure_channel(target.address, target.options)
        else:
            self._channel = grpc.secure_channel(target.address, target.credentials, target.options)
        self._stubs: Dict[str, Callable[..., Any]] = {}

    def close(self) -> None:
        self._channel.close()

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
        with_payload: bool = True,
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
        ids: Iterable[IdLike],
        payloads: Optional[Iterable[Optional[PayloadLike]]] = None,
        *,
        sparse: Optional[Mapping[str, Iterable[Optional[SparseLike]]]] = None,
        batch_size: Optional[int] = None,
        in_flight: Optional[int] = None,
        dtype: Any = None,
        durability: Optional[str] = None,
        progress: Optional[bool] = None,
        timeout: Optional[float] = None,
    ) -> WriteResult:
        """Inserts or replaces any number of points, over a stream with several batches in flight.

        `vectors` is a matrix (an array, a memory map), a dict of matrices by vector space, or an
        iterable of rows or of matrices; `ids`, `payloads` and, by sparse space, those of `sparse`
        are any iterables. Of what iterables give, only the batches on their way are in memory.
        `dtype="float16"` halves what travels.

        Batches are atomic, each by itself. After a broken connection those without an answer are
        sent again, for as long as `timeout` after the last answer. An error of one batch is raised
        when its answer comes, and names its rows; batches sent before and after may have been
        written. `progress` shows a bar; None does on a terminal.
        """
        rows = _batches.rows_of_columns(vectors, ids, payloads, dtype, sparse)
        total = _batches.total_rows(vectors)
        return self._upload(
            collection, rows, total, batch_size, in_flight, durability, progress, timeout
        )

    def upload_points(
        self,
        collection: str,
        points: Iterable[Point],
        *,
        batch_size: Optional[int] = None,
        in_flight: Optional[int] = None,
        durability: Optional[str] = None,
        progress: Optional[bool] = None,
        timeout: Optional[float] = None,
    ) -> WriteResult:
        """Uploads points one by one, which may differ in the vector spaces they take part in."""
        rows, total = _batches.rows_of_points(points), _batches.total_rows(points)
        return self._upload(
            collection, rows, total, batch_size, in_flight, durability, progress, timeout
        )

    def run(self, call: Call[R]) -> R:
        """Carries out a call made by a function of `tqdb.calls`."""
        tries = Tries(self._retry, self._timeout if call.timeout is None else call.timeout)
        stub = self._stub(call.method)
        while True:
            try:
                response = stub(call.request, timeout=tries.left_s(), metadata=self._metadata)
            except grpc.RpcError as error:
                failure = from_grpc(error)
            else:
                return call.read(response)
            time.sleep(tries.pause_after(failure, call.idempotent))

    def _stub(self, name: str) -> Callable[..., Any]:
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
        rows: Iterator[_batches.Row],
        total: Optional[int],
        batch_size: Optional[int],
        in_flight: Optional[int],
        durability: Optional[str],
        progress: Optional[bool],
        timeout: Optional[float],
    ) -> WriteResult:
        number = _messages.enum_number("Durability", durability)
        batches = _batches.batches(rows, collection, number, batch_size)
        wait_s = self._timeout if timeout is None else timeout
        tries = Tries(self._retry, wait_s)
        with Upload(batches, collection, total, in_flight, progress) as upload:
            stream = _Stream(self._channel, self._metadata, wait_s)
            try:
                while True:
                    try:
                        self._send(upload, stream, tries)
                        return upload.result()
                    except Error as error:
                        if not stream.broken:
                            raise
                        stream.close()
                        time.sleep(tries.pause_after(error, idempotent=True))
                        stream = _Stream(self._channel, self._metadata, wait_s)
                        for batch in upload.unanswered:
                            stream.send(batch.data)
            finally:
                stream.close()

    def _send(self, upload: Upload, stream: _Stream, tries: Tries) -> None:
        """All that is left, until the last answer."""
        while True:
            while not upload.may_send():
                upload.answered(stream.receive())
                tries.progress()
            batch = upload.next_batch()
            if batch is None:
                break
            stream.send(batch.data)
        while upload.unanswered:
            upload.answered(stream.receive())
            tries.progress()


class _Stream:
    """One UpsertStream. gRPC's threads take requests from one queue and put answers into another,
    so the caller's iterables run in the caller's thread alone."""

    def __init__(self, channel: Any, metadata: Any, wait_s: Optional[float]) -> None:
        known = _proto.METHODS["PointService.UpsertStream"]
        stub = channel.stream_stream(known.path, _channel.serialize, known.response.FromString)
        self._wait_s = wait_s
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
            self._incoming.put(from_grpc(error))
