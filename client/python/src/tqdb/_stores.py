"""What the vector stores for LangChain and LlamaIndex share.

An operation is a generator that yields calls and is sent their results, so it is written once and
driven by either client: `run` and `arun`. Embedding, and the form of documents, are left to the
stores.
"""

from __future__ import annotations

import asyncio
import weakref
from dataclasses import replace
from typing import Any, Dict, Generator, Iterable, List, Mapping, Optional, Sequence, TypeVar

import numpy as np
import numpy.typing as npt

from . import calls
from ._channel import Settings
from .aio import AsyncClient
from .calls import Call
from .client import Client
from .errors import AlreadyExists, Error, InvalidArgument, NotFound
from .filters import Field, Filter, FilterLike, any_of
from .types import IdLike, Mmr, Page, Point, Query, Record, ScoredPoint, TextQuery

T = TypeVar("T")
Steps = Generator[Call[Any], Any, T]

_MIN_DIM = 8  # of a vector space
_UPSERT_BYTES = 8 << 20
_PAGE = 1000
_OF_CALLS = ("timeout", "with_payload", "with_vectors")  # and not of the parts of a hybrid search


class Connection:
    """Both clients of a store, made when they are needed; asyncio's for each event loop."""

    def __init__(
        self,
        client: Optional[Client],
        async_client: Optional[AsyncClient],
        settings: Settings,
    ) -> None:
        self._client = client
        self._async_client = async_client
        given = client or async_client
        #: Of the clients that are made here: those of a client that was given, so that both are
        #: of one server.
        self.settings = settings if given is None else given.settings
        self._by_loop: weakref.WeakKeyDictionary[Any, AsyncClient] = weakref.WeakKeyDictionary()

    def __getstate__(self) -> Dict[str, Any]:
        """A copy connects by itself, to the same server; without the API key."""
        return {"settings": self.settings}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        Connection.__init__(self, None, None, state["settings"])

    def __deepcopy__(self, memo: Any) -> Connection:
        return self  # within one process

    @property
    def client(self) -> Client:
        if self._client is None:
            self._client = Client.of(self.settings)
        return self._client

    @property
    def async_client(self) -> AsyncClient:
        if self._async_client is not None:
            return self._async_client
        loop = asyncio.get_running_loop()
        if loop not in self._by_loop:
            self._by_loop[loop] = AsyncClient.of(self.settings)
        return self._by_loop[loop]

    def run(self, steps: Steps[T]) -> T:
        result, error = None, None
        while True:
            try:
                call = steps.throw(error) if error is not None else steps.send(result)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            result, error = None, None
            try:
                result = self.client.run(call)
            except Error as failure:
                error = failure

    async def arun(self, steps: Steps[T]) -> T:
        result, error = None, None
        while True:
            try:
                call = steps.throw(error) if error is not None else steps.send(result)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            result, error = None, None
            try:
                result = await self.async_client.run(call)
            except Error as failure:
                error = failure


class Collection:
    """The collection of a store. It is made by the first write, when the dim is known; until then
    the store is empty. With `create=False` a missing one is NotFound. Texts are in the payload
    under `text_key`, for which the first write makes an index, too, if `text_index`."""

    def __init__(
        self,
        name: str,
        create: bool,
        settings: Mapping[str, Any],
        text_key: str,
        text_index: bool,
    ) -> None:
        self.name = name
        self._create = create
        self._settings = settings
        self._text_key = text_key
        self._text_index = text_index

    def write(self, points: Sequence[Point], names: Sequence[str]) -> Steps[None]:
        """The last of those that share an id wins. Errors call points by their `names`."""
        places = {point.id: i for i, point in enumerate(points)}
        distinct = [points[i] for i in places.values()]
        for part in _parts(distinct):
            try:
                yield from self._write(part)
            except Error as error:
                if error.row is not None and error.row < len(part):
                    error.row = error.position = places[part[error.row].id]
                    error.say(f"{names[error.row]}: {error.message}")
                raise

    def _write(self, part: List[Point]) -> Steps[None]:
        if part:
            try:
                yield calls.upsert(self.name, part)
            except NotFound:
                if not self._create:
                    raise
                try:
                    dim = _dim(part[0])
                    yield calls.create_collection(self.name, dim, **self._settings)
                    if self._text_index:
                        yield calls.create_payload_index(self.name, self._text_key, "text")
                except AlreadyExists:
                    pass  # somebody was faster
                yield calls.upsert(self.name, part)

    def search(
        self, vector: npt.NDArray[np.float32], limit: int, **options: Any
    ) -> Steps[List[ScoredPoint]]:
        if limit <= 0:
            return []
        found: List[ScoredPoint] = yield from self._read(
            calls.search(self.name, vector, limit, **options), []
        )
        return found

    def search_mmr(
        self,
        vector: npt.NDArray[np.float32],
        limit: int,
        candidates: int,
        relevance: float,
        **options: Any,
    ) -> Steps[List[ScoredPoint]]:
        """Picks from the best `candidates` some that are near the vector, far from each other."""
        pick = Mmr(1 - relevance, min(max(limit, candidates), 1000))
        return (yield from self.search(vector, limit, **options, mmr=pick))

    def search_text(
        self, text: str, limit: int, filter: Optional[FilterLike] = None
    ) -> Steps[List[ScoredPoint]]:
        """By BM25. What has no words finds nothing."""
        if limit <= 0 or not _has_words(text):
            return []
        query = TextQuery(self._text_key, text)
        found: List[ScoredPoint] = yield from self._read(
            calls.search(self.name, text=query, limit=limit, filter=filter), []
        )
        return found

    def search_hybrid(
        self,
        vector: npt.NDArray[np.float32],
        text: str,
        limit: int,
        *,
        dense: int,
        by_text: int,
        alpha: Optional[float],
        filter: Optional[FilterLike] = None,
        **options: Any,
    ) -> Steps[List[ScoredPoint]]:
        """The best `dense` by vector, with `options`, and the best `by_text` by BM25, fused by
        ranks or, with `alpha`, by scores: 1 are those of the vector alone, 0 those of the text.
        What has no words is found by its vector."""
        if limit <= 0:
            return []
        if alpha is not None and not 0 <= alpha <= 1:
            raise InvalidArgument(f"alpha is {alpha}; need 0 to 1")
        of_call = {name: options.pop(name) for name in _OF_CALLS if name in options}
        query = TextQuery(self._text_key, text)
        parts = [Query(vector, max(dense, 1), filter=filter, **options)]
        if _has_words(text):
            parts.append(Query(text=query, limit=max(by_text, 1), filter=filter))
            if alpha is not None:
                weighted = zip(parts, (alpha, 1 - alpha))
                parts = [replace(part, weight=weight) for part, weight in weighted if weight > 0]
        fusion = "rrf" if alpha is None else "weighted"
        found: List[ScoredPoint] = yield from self._read(
            calls.search_hybrid(self.name, parts, limit, fusion=fusion, **of_call), []
        )
        return found

    def get(self, ids: Iterable[IdLike]) -> Steps[List[Record]]:
        records: List[Record] = []
        wanted = list(dict.fromkeys(ids))
        for begin in range(0, len(wanted), _PAGE):
            records += yield from self._read(
                calls.get(self.name, wanted[begin : begin + _PAGE]), []
            )
        return records

    def scroll(self, filter: Optional[FilterLike]) -> Steps[List[Record]]:
        records: List[Record] = []
        token, more = "", True
        while more:
            page = yield from self._read(
                calls.scroll_page(self.name, filter=filter, page_size=_PAGE, page_token=token),
                Page([], ""),
            )
            records += page.points
            token = page.next_page_token
            more = bool(token)
        return records

    def delete(
        self, ids: Optional[Iterable[IdLike]] = None, filter: Optional[FilterLike] = None
    ) -> Steps[int]:
        if ids is None:
            deleted: int = yield from self._read(calls.delete(self.name, filter=filter), 0)
            return deleted
        deleted = 0
        wanted = list(dict.fromkeys(ids))
        for begin in range(0, len(wanted), _PAGE):
            part = wanted[begin : begin + _PAGE]
            deleted += yield from self._read(calls.delete(self.name, part), 0)
        return deleted

    def _read(self, call: Call[Any], empty: T) -> Steps[T]:
        try:
            result: T = yield call
        except NotFound:
            if not self._create:
                raise
            return empty
        return result


def one_of(field: Field, values: List[Any]) -> Filter:
    """Some value is one of these, of whatever types; of none, no point is found."""
    for kind in (str, int):
        if all(isinstance(value, kind) and not isinstance(value, bool) for value in values):
            return field.any(*values)
    return any_of([field.eq(value) for value in values])


def _dim(point: Point) -> int:
    vector: Any = point.vectors
    return len(vector)


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _parts(points: Sequence[Point]) -> Iterable[List[Point]]:
    part: List[Point] = []
    size = 0
    for point in points:
        size += 4 * _dim(point) + len(point.payload or "")
        part.append(point)
        if size >= _UPSERT_BYTES or len(part) == _PAGE:
            yield part
            part, size = [], 0
    if part:
        yield part


def as_vector(embedding: Any) -> npt.NDArray[np.float32]:
    """Embeddings of less than the smallest dim end in zeros, which change no score."""
    vector = np.asarray(embedding, np.float32)
    if vector.size < _MIN_DIM:
        vector = np.pad(vector, (0, _MIN_DIM - vector.size))
    return vector
