"""The asyncio client: `Client`, with `await`."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import (
    Any,
    AsyncIterator,
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
import grpc.aio

from . import _batches, _channel, _messages, _proto, calls
from ._methods import async_method
from ._retry import Retry, Tries
from ._upload import Upload
from .calls import Call
from .errors import DeadlineExceeded, Error, Internal, Unavailable, from_grpc
from .filters import FilterLike
from .types import CollectionInfo, IdLike, PayloadLike, Point, Record, SparseLike, WriteResult

R = TypeVar("R")


class AsyncClient:
    """A connection to a server, for one event loop. Opens at the first call.

    async with tqdb.AsyncClient("localhost:6334") as client:
        hits = await client.search("notes", vector, limit=5)

    Arguments as of `Client`.
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
        self._target = _channel.make_target(address, api_key, tls, options)
        self._timeout = timeout
        self._retry = retry
        self._channel: Any = None
        self._stubs: Dict[str, Callable[..., Any]] = {}

    async def close(self) -> None:
        if self._channel is not None:
            channel, self._channel = self._channel, None
            self._stubs.clear()
            await channel.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.close()

    create_collection = async_method(calls.create_collection)
    get_collection = async_method(calls.get_collection)
    list_collections_page = async_method(calls.list_collections_page)
    update_collection = async_method(calls.update_collection)
    create_payload_index = async_method(calls.create_payload_index)
    delete_payload_index = async_method(calls.delete_payload_index)
    delete_collection = async_method(calls.delete_collection)
    upsert = async_method(calls.upsert)
    delete = async_method(calls.delete)
    set_payload = async_method(calls.set_payload)
    overwrite_payload = async_method(calls.overwrite_payload)
    delete_payload_keys = async_method(calls.delete_payload_keys)
    clear_payload = async_method(calls.clear_payload)
    get = async_method(calls.get)
    scroll_page = async_method(calls.scroll_page)
    count = async_method(calls.count)
    facet = async_method(calls.facet)
    search = async_method(calls.search)
    recommend = async_method(calls.recommend)
    search_batch = async_method(calls.search_batch)
    search_arrays = async_method(calls.search_arrays)
    search_groups = async_method(calls.search_groups)
    search_hybrid = async_method(calls.search_hybrid)
    server_info = async_method(calls.server_info)

    async def list_collections(self, *, timeout: Optional[float] = None) -> List[CollectionInfo]:
        """All collections, in name order."""
        collections, token = await self.list_collections_page(page_size=1000, timeout=timeout)
        while token:
            page, token = await self.list_collections_page(
                page_size=1000, page_token=token, timeout=timeout
            )
            collections += page
        return collections

    async def scroll(
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
    ) -> AsyncIterator[Record]:
        """All points, or those that match; a page is read when its turn comes. Arguments as of
        `scroll_page`."""
        token, more = "", True
        while more:
            page = await self.scroll_page(
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
            for record in page.points:
                yield record
            token = page.next_page_token
            more = bool(token)

    async def upload(
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
        """As `Client.upload`. The event loop goes on between batches of about a megabyte."""
        rows = _batches.rows_of_columns(vectors, ids, payloads, dtype, sparse)
        total = _batches.total_rows(vectors)
        return await self._upload(
            collection, rows, total, batch_size, in_flight, durability, progress, timeout
        )

    async def upload_points(
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
        """As `Client.upload_points`."""
        rows, total = _batches.rows_of_points(points), _batches.total_rows(points)
        return await self._upload(
            collection, rows, total, batch_size, in_flight, durability, progress, timeout
        )

    async def run(self, call: Call[R]) -> R:
        """Carries out a call made by a function of `tqdb.calls`."""
        tries = Tries(self._retry, self._timeout if call.timeout is None else call.timeout)
        stub = self._stub(call.method)
        while True:
            try:
                response = await stub(
                    call.request, timeout=tries.left_s(), metadata=self._target.metadata
                )
            except grpc.RpcError as error:
                failure = from_grpc(error)
            else:
                return call.read(response)
            await asyncio.sleep(tries.pause_after(failure, call.idempotent))

    def _open(self) -> Any:
        if self._channel is None:
            target = self._target
            if target.credentials is None:
                self._channel = grpc.aio.insecure_channel(target.address, target.options)
            else:
                self._channel = grpc.aio.secure_channel(
                    target.address, target.credentials, target.options
                )
        return self._channel

    def _stub(self, name: str) -> Callable[..., Any]:
        stub = self._stubs.get(name)
        if stub is None:
            known = _proto.METHODS[name]
            stub = self._open().unary_unary(
                known.path, _channel.serialize, known.response.FromString
            )
            self._stubs[name] = stub
        return stub

    async def _upload(
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
            stream = _Stream(self._open(), self._target.metadata, wait_s)
            try:
                while True:
                    try:
                        await self._send(upload, stream, tries)
                        return upload.result()
                    except Error as error:
                        if not stream.broken:
                            raise
                        await stream.close()
                        await asyncio.sleep(tries.pause_after(error, idempotent=True))
                        stream = _Stream(self._open(), self._target.metadata, wait_s)
                        for batch in upload.unanswered:
                            stream.send(batch.data)
            finally:
                await stream.close()

    async def _send(self, upload: Upload, stream: _Stream, tries: Tries) -> None:
        """All that is left, until the last answer."""
        while True:
            while not upload.may_send():
                upload.answered(await stream.receive())
                tries.progress()
            batch = upload.next_batch()
            if batch is None:
                break
            stream.send(batch.data)
            await asyncio.sleep(0)
        while upload.unanswered:
            upload.answered(await stream.receive())
            tries.progress()


class _Stream:
    """One UpsertStream. A task of its own writes, so that answers are read while writes wait."""

    def __init__(self, channel: Any, metadata: Any, wait_s: Optional[float]) -> None:
        known = _proto.METHODS["PointService.UpsertStream"]
        stub = channel.stream_stream(known.path, _channel.serialize, known.response.FromString)
        self._wait_s = wait_s
        self._outgoing: asyncio.Queue[bytes] = asyncio.Queue()
        #: The stream ended by itself: a new one may be tried.
        self.broken = False
        self._call = stub(metadata=metadata)
        self._writer = asyncio.ensure_future(self._write())

    def send(self, data: bytes) -> None:
        self._outgoing.put_nowait(data)

    async def receive(self) -> Any:
        """The next answer; raises what ended the stream."""
        try:
            answer = await asyncio.wait_for(self._call.read(), self._wait_s)
        except asyncio.TimeoutError:
            raise DeadlineExceeded(f"no answer to a batch in {self._wait_s} s") from None
        except grpc.RpcError as error:
            self.broken = True
            failure = from_grpc(error)
            if isinstance(failure, Internal) and self._writer.done():
                # When a write fails first, grpc.aio puts this in place of the stream's own status.
                failure = Unavailable(f"the stream broke while a batch was sent: {failure}")
            raise failure from None
        if answer is grpc.aio.EOF:
            self.broken = True
            raise Unavailable("the server ended the stream")
        return answer

    async def close(self) -> None:
        self._call.cancel()
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)

    async def _write(self) -> None:
        try:
            while True:
                await self._call.write(await self._outgoing.get())
        except (grpc.RpcError, asyncio.InvalidStateError):
            pass  # the reader has the reason
