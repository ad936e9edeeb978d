"""The asyncio client: `Client`, with `await`."""

from __future__ import annotations

import asyncio
import threading
import weakref
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

from . import _batches, _channel, _columns, _messages, _proto, calls
from ._local_server import LocalServer
from ._methods import arguments_of, async_method
from ._retry import Retry, Tries, checked_timeout
from ._upload import Upload
from .calls import Call
from .errors import (
    DeadlineExceeded,
    Error,
    FailedPrecondition,
    Internal,
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


class _OfLoop:
    """What belongs to one event loop."""

    def __init__(self, target: _channel.Target) -> None:
        if target.credentials is None:
            self.channel = grpc.aio.insecure_channel(target.address, target.options)
        else:
            self.channel = grpc.aio.secure_channel(
                target.address, target.credentials, target.options
            )
        self.stubs: Dict[str, Callable[..., Any]] = {}


class AsyncClient:
    """A connection to a server. Opens at the first call, for each event loop that calls.

    async with tqdb.AsyncClient("localhost:6334") as client:
        hits = await client.search("notes", vector, limit=5)

    Arguments as of `Client`. The server on a `path` is started at the first call.
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
        with arguments_of("AsyncClient"):
            self._connect(
                _channel.Settings(address, path, server, api_key, tls, timeout, retry, options)
            )

    @classmethod
    def of(cls, settings: _channel.Settings) -> AsyncClient:
        """With the arguments of another client, `client.settings`."""
        made = cls.__new__(cls)
        made._connect(settings)
        return made

    def _connect(self, settings: _channel.Settings) -> None:
        self.settings = settings
        self._answered = self._closed = False
        self._lock = threading.Lock()
        self._release: Callable[[], Any] = lambda: None
        self._target: Any = None  # until there is a server
        if settings.path is None:
            self._target = settings.target()
        self._by_loop: weakref.WeakKeyDictionary[Any, _OfLoop] = weakref.WeakKeyDictionary()

    async def close(self) -> None:
        """Ends the connection, and with the last client of a `path` its server."""
        self._closed = True
        own = self._by_loop.pop(asyncio.get_running_loop(), None)
        if own is not None:
            await own.channel.close()
        await asyncio.get_running_loop().run_in_executor(None, self._release)

    def __repr__(self) -> str:
        return f"AsyncClient({self.settings}{', closed' if self._closed else ''})"

    def __getstate__(self) -> Dict[str, Any]:
        return {"settings": self.settings}

    def __copy__(self) -> AsyncClient:
        return self.of(self.settings)

    def __deepcopy__(self, memo: Any) -> AsyncClient:
        return self.of(self.settings)

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self._connect(state["settings"])

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
    get_or_create_collection = async_method(calls.get_or_create_collection)
    collection_exists = async_method(calls.collection_exists)
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
        once: bool = False,
        with_payload: WithPayload = True,
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
                once=once,
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
        """As `Client.upload`; `vectors`, `ids` and `payloads` may be async iterables as well. The
        event loop goes on between batches of about a megabyte."""
        made = _columns.NewIds() if isinstance(ids, str) and ids == _columns.NEW_IDS else None
        columns = (vectors, made or ids, payloads, dtype, sparse)
        with arguments_of("upload"):
            begin = _messages.checked_number(skip, "skip")
            rows: Any
            if _columns.is_async(vectors, ids, payloads):
                rows = _columns.rows_of_async_columns(*columns, begin)
            else:
                rows = _columns.rows_of_columns(*columns, begin)
            total = _columns.total_rows(vectors)
            return await self._upload(
                collection, rows, total, begin, batch_size, in_flight, durability, progress,
                timeout, made,
            )  # fmt: skip

    async def upload_points(
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
        """As `Client.upload_points`; `points` may be an async iterable as well."""
        with arguments_of("upload_points"):
            begin = _messages.checked_number(skip, "skip")
            rows: Any
            if _columns.is_async(points):
                rows = _columns.rows_of_async_points(points, begin)
            else:
                rows = _columns.rows_of_points(points, begin)
            total = _columns.total_rows(points)
            return await self._upload(
                collection, rows, total, begin, batch_size, in_flight, durability, progress, timeout
            )

    async def run(self, call: Call[R]) -> R:
        """Carries out a call made by a function of `tqdb.calls`."""
        if call.parts:
            return call.read(await self._run_parts(call))
        if not call.method:
            return call.read(None)
        try:
            response = await self._ask(call)
        except Error as error:
            other = None if call.instead is None else call.instead(error)
            if other is None:
                raise
        else:
            return call.read(response)
        return await self.run(other)

    async def _run_parts(self, call: Call[Any]) -> List[Any]:
        done: List[Any] = []
        for part in call.parts:
            try:
                done.append(await self.run(part))
            except Error as error:
                if call.stopped is not None:
                    call.stopped(error, done)
                raise
        return done

    async def _ask(self, call: Call[Any]) -> Any:
        tries = self._tries(call.timeout)
        while True:
            stub = self._stub(await self._open(), call.method)
            try:
                response = await stub(
                    call.request, timeout=tries.left_s(), metadata=self._target.metadata
                )
            except grpc.RpcError as error:
                failure = self._failure(error)
            except grpc.aio.UsageError:
                self._check_open()  # closed by another task
                raise
            else:
                self._answered = True
                return response
            await asyncio.sleep(tries.pause_after(failure, call.idempotent))

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

    async def _open(self) -> _OfLoop:
        self._check_open()
        loop = asyncio.get_running_loop()
        if self._target is None:
            await loop.run_in_executor(None, self._start)
        own = self._by_loop.get(loop)
        if own is None:
            own = self._by_loop[loop] = _OfLoop(self._target)
        return own

    def _start(self) -> None:
        """The server on the path; once, whoever calls first."""
        with self._lock:
            path = self.settings.path
            if self._target is None and path is not None:
                local = LocalServer.share(path, self.settings.server)
                self._release = weakref.finalize(self, local.release)
                self._target = self.settings.target(local)

    @staticmethod
    def _stub(own: _OfLoop, name: str) -> Callable[..., Any]:
        stub = own.stubs.get(name)
        if stub is None:
            known = _proto.METHODS[name]
            stub = own.channel.unary_unary(
                known.path, _channel.serialize, known.response.FromString
            )
            own.stubs[name] = stub
        return stub

    async def _upload(
        self,
        collection: str,
        rows: Any,
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
        batcher = _batches.stream_batcher(collection, number, batch_size, skip)
        batches: Any
        if _columns.is_async(rows):
            batches = _batches.cut_async(rows, batcher)
        else:
            batches = _batches.cut(rows, batcher)
        tries = self._tries(timeout)
        wait_s = self.settings.timeout if timeout is None else checked_timeout(timeout)
        with Upload(collection, total, in_flight, progress, skip) as upload:
            stream = await self._stream(wait_s)
            try:
                while True:
                    try:
                        await self._send(batches, upload, stream, tries)
                        return upload.result(None if made is None else made.made[skip:])
                    except Error as error:
                        if not stream.broken:
                            raise
                        await stream.close()
                        await asyncio.sleep(tries.pause_after(error, idempotent=True))
                        stream = await self._stream(wait_s)
                        for batch in upload.unanswered:
                            stream.send(batch.data)
            except BaseException as error:
                if isinstance(error, Exception) and not isinstance(error, DeadlineExceeded):
                    await _settle(upload, stream)
                upload.describe(error)
                raise
            finally:
                await stream.close()

    async def _stream(self, wait_s: Optional[float]) -> _Stream:
        own = await self._open()
        return _Stream(own.channel, self._target.metadata, wait_s, self._failure)

    async def _send(self, batches: Any, upload: Upload, stream: _Stream, tries: Tries) -> None:
        """All that is left, until the last answer."""
        while True:
            while not upload.may_send():
                upload.answered(await stream.receive())
                tries.progress()
            batch = await _next(batches)
            if batch is None:
                break
            upload.sent(batch)
            stream.send(batch.data)
            await asyncio.sleep(0)
        while upload.unanswered:
            upload.answered(await stream.receive())
            tries.progress()


async def _next(
    batches: Union[Iterator[_batches.Batch], AsyncIterator[_batches.Batch]],
) -> Optional[_batches.Batch]:
    if isinstance(batches, Iterator):
        return next(batches, None)
    try:
        return await batches.__anext__()
    except StopAsyncIteration:
        return None


async def _settle(upload: Upload, stream: _Stream) -> None:
    """Waits for the answers to what is on its way, so that it is known what was written."""
    try:
        while upload.unanswered and not stream.broken:
            upload.settled(await stream.receive())
    except Error:
        pass  # what ended the upload is told


class _Stream:
    """One UpsertStream. A task of its own writes, so that answers are read while writes wait."""

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
            failure = self._failure(error)
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
