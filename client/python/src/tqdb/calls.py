"""Every unary call: its request made of Python values, and Python values made of its answer.

Both clients get their methods from here (`Client`, `AsyncClient`), with these signatures and texts;
only how a `Call` is carried out differs. All take `timeout`, in seconds, for all tries together;
None is the client's. Vectors are whatever NumPy makes rows of; float16 arrays travel as such.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import (
    Any,
    Callable,
    Dict,
    Generic,
    Iterable,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
)

import numpy as np

from . import _batches, _proto, _wire
from .errors import InvalidArgument
from .filters import FilterLike, filter_to_proto
from .ids import id_from_proto, id_to_proto
from .types import (
    CollectionInfo,
    IdLike,
    Page,
    Point,
    Record,
    ScoredPoint,
    SearchArrays,
    ServerInfo,
    VectorLike,
    VectorSpace,
    VectorSpaceInfo,
    WriteResult,
)
from .vectors import as_floats, vector_to_proto, vectors_from_proto

R = TypeVar("R")


@dataclass(frozen=True)
class Call(Generic[R]):
    method: str  # a key of _proto.METHODS
    request: Any
    read: Callable[[Any], R]
    timeout: Optional[float] = None
    #: Whether doing it twice is as good as once, so that it may be sent again.
    idempotent: bool = True


def _request(method: str, **fields: Any) -> Any:
    return _proto.METHODS[method].request(**fields)


# --- Collections.


def create_collection(
    collection: str,
    dim: Optional[int] = None,
    *,
    metric: Optional[str] = None,
    code_bits: Optional[int] = None,
    residual: Optional[str] = None,
    centering: Optional[str] = None,
    store_vectors: Optional[str] = None,
    seed: Optional[int] = None,
    vector_spaces: Optional[Sequence[VectorSpace]] = None,
    metadata: Optional[Mapping[str, str]] = None,
    timeout: Optional[float] = None,
) -> Call[CollectionInfo]:
    """Makes a collection: of one unnamed space of `dim`, or of several named `vector_spaces`.

    `metric` "cosine", "dot" or "l2"; `code_bits` 1, 2, 3, 4 or 8; `residual` "qjl" or "none";
    `centering` "auto" or "off"; `store_vectors` "f32", "f16" or "none". None takes the server's
    choice. Raises AlreadyExists.
    """
    own = (metric, code_bits, residual, centering, store_vectors, seed)
    if vector_spaces is None:
        if dim is None:
            raise InvalidArgument("dim is missing; need dim or vector_spaces")
        vector_spaces = [VectorSpace(dim, "", *own)]
    elif dim is not None or any(value is not None for value in own):
        raise InvalidArgument("vector_spaces have settings of their own; leave out dim, metric, ..")
    request = _request("CollectionService.CreateCollection", collection=collection)
    request.config.metadata.update(metadata or {})
    for i, space in enumerate(vector_spaces):
        request.config.vector_spaces.add(**_space_fields(space, f"vector_spaces[{i}]"))
    return Call(
        "CollectionService.CreateCollection",
        request,
        lambda response: _collection_info(response.collection),
        timeout,
        idempotent=False,
    )


def get_collection(collection: str, *, timeout: Optional[float] = None) -> Call[CollectionInfo]:
    """Settings, status and size. Raises NotFound."""
    return Call(
        "CollectionService.GetCollection",
        _request("CollectionService.GetCollection", collection=collection),
        lambda response: _collection_info(response.collection),
        timeout,
    )


def list_collections_page(
    *, page_size: int = 0, page_token: str = "", timeout: Optional[float] = None
) -> Call[Tuple[List[CollectionInfo], str]]:
    """Collections in name order, and the token of the next page, "" on the last."""
    method = "CollectionService.ListCollections"
    return Call(
        method,
        _request(method, page_size=page_size, page_token=page_token),
        lambda response: (
            [_collection_info(info) for info in response.collections],
            response.next_page_token,
        ),
        timeout,
    )


def update_collection(
    collection: str, metadata: Mapping[str, str], *, timeout: Optional[float] = None
) -> Call[CollectionInfo]:
    """Replaces the metadata; everything else is frozen at creation."""
    method = "CollectionService.UpdateCollection"
    return Call(
        method,
        _request(method, collection=collection, metadata=dict(metadata)),
        lambda response: _collection_info(response.collection),
        timeout,
    )


def delete_collection(collection: str, *, timeout: Optional[float] = None) -> Call[None]:
    """Removes it with all its points. Raises NotFound."""
    method = "CollectionService.DeleteCollection"
    request = _request(method, collection=collection)
    return Call(method, request, lambda response: None, timeout, idempotent=False)


# --- Points.


def upsert(
    collection: str,
    points: Iterable[Point],
    *,
    durability: Optional[str] = None,
    timeout: Optional[float] = None,
) -> Call[WriteResult]:
    """Inserts or replaces up to 10,000 points, all or none. More and faster: `upload`.

    `durability` "sync" (the default: on disk) or "async" (with the operating system).
    """
    parts: List[Any] = []
    for id, vectors, row, payload in _batches.rows_of_points(points):
        _wire.append_point(parts, id, vectors, row, payload)
    data = _wire.upsert_request(collection, enum_number("Durability", durability), parts)
    return Call("PointService.Upsert", data, write_result, timeout)


def delete(
    collection: str,
    ids: Optional[Iterable[IdLike]] = None,
    *,
    filter: Optional[FilterLike] = None,
    durability: Optional[str] = None,
    timeout: Optional[float] = None,
) -> Call[int]:
    """Deletes points by id or by filter; returns how many there were."""
    if (ids is None) == (filter is None):
        raise InvalidArgument("delete needs ids or filter, one of them")
    request = _request(
        "PointService.Delete",
        collection=collection,
        durability=enum_number("Durability", durability),
    )
    if ids is not None:
        request.ids.extend(_ids(ids))
    else:
        _set_filter(request, filter)
    return Call("PointService.Delete", request, lambda response: int(response.deleted), timeout)


def get(
    collection: str,
    ids: Iterable[IdLike],
    *,
    with_payload: bool = True,
    with_vectors: bool = False,
    timeout: Optional[float] = None,
) -> Call[List[Record]]:
    """Points by id, in the order asked; ids that do not exist are left out."""
    request = _request(
        "PointService.Get",
        collection=collection,
        ids=_ids(ids),
        select={"with_payload": with_payload, "with_vectors": with_vectors},
    )
    return Call("PointService.Get", request, lambda response: _records(response.points), timeout)


def scroll_page(
    collection: str,
    *,
    filter: Optional[FilterLike] = None,
    page_size: int = 0,
    page_token: str = "",
    with_payload: bool = True,
    with_vectors: bool = False,
    timeout: Optional[float] = None,
) -> Call[Page]:
    """Some points in id order. `scroll` walks them all."""
    request = _request(
        "PointService.Scroll",
        collection=collection,
        page_size=page_size,
        page_token=page_token,
        select={"with_payload": with_payload, "with_vectors": with_vectors},
    )
    _set_filter(request, filter)
    return Call(
        "PointService.Scroll",
        request,
        lambda response: Page(_records(response.points), response.next_page_token),
        timeout,
    )


def count(
    collection: str, *, filter: Optional[FilterLike] = None, timeout: Optional[float] = None
) -> Call[int]:
    """Points, or those that match."""
    request = _request("PointService.Count", collection=collection)
    _set_filter(request, filter)
    return Call("PointService.Count", request, lambda response: int(response.count), timeout)


def search(
    collection: str,
    vector: VectorLike,
    limit: int = 10,
    *,
    filter: Optional[FilterLike] = None,
    vector_name: str = "",
    score_threshold: Optional[float] = None,
    with_payload: bool = True,
    with_vectors: bool = False,
    exact: bool = False,
    rerank: bool = False,
    oversampling: float = 0,
    error_bound: float = 0,
    timeout: Optional[float] = None,
) -> Call[List[ScoredPoint]]:
    """The best `limit` points for a vector, best first, of those that match `filter`.

    Scores are estimates from the codes; `rerank` rescores the best candidates from the originals,
    `exact` reads all originals.
    """
    query = _query(
        "vector", vector, limit, filter, vector_name, score_threshold, with_payload, with_vectors,
        exact, rerank, oversampling, error_bound,
    )  # fmt: skip
    request = _request("PointService.Search", collection=collection, query=query)
    return Call("PointService.Search", request, lambda response: _hits(response.points), timeout)


def search_batch(
    collection: str,
    vectors: Any,
    limit: int = 10,
    *,
    filter: Optional[FilterLike] = None,
    vector_name: str = "",
    score_threshold: Optional[float] = None,
    with_payload: bool = True,
    with_vectors: bool = False,
    exact: bool = False,
    rerank: bool = False,
    oversampling: float = 0,
    error_bound: float = 0,
    timeout: Optional[float] = None,
) -> Call[List[List[ScoredPoint]]]:
    """`search` for each row of a matrix, up to 1,000 of them, in one pass."""
    request = _batch_request(
        collection, vectors, limit, filter, vector_name, score_threshold, with_payload, with_vectors,
        exact, rerank, oversampling, error_bound,
    )  # fmt: skip
    return Call(
        "PointService.SearchBatch",
        request,
        lambda response: [_hits(result.points) for result in response.results],
        timeout,
    )


def search_arrays(
    collection: str,
    vectors: Any,
    limit: int = 10,
    *,
    filter: Optional[FilterLike] = None,
    vector_name: str = "",
    score_threshold: Optional[float] = None,
    exact: bool = False,
    rerank: bool = False,
    oversampling: float = 0,
    error_bound: float = 0,
    timeout: Optional[float] = None,
) -> Call[SearchArrays]:
    """`search_batch` with ids and scores in arrays of (queries, limit), without payloads."""
    request = _batch_request(
        collection, vectors, limit, filter, vector_name, score_threshold, False, False, exact,
        rerank, oversampling, error_bound,
    )  # fmt: skip
    return Call(
        "PointService.SearchBatch",
        request,
        lambda response: _search_arrays(response.results, limit),
        timeout,
    )


# --- The server.


def server_info(*, timeout: Optional[float] = None) -> Call[ServerInfo]:
    """Version, machine and limits of the server."""

    def read(response: Any) -> ServerInfo:
        names = ServerInfo.__dataclass_fields__
        return ServerInfo(**{name: getattr(response, name) for name in names})

    method = "AdminService.GetServerInfo"
    return Call(method, _request(method), read, timeout)


# --- To messages.


def enum_number(enum: str, name: Optional[str]) -> int:
    if name is None:
        return 0
    allowed = [value.lower() for value in _proto.names(enum)]
    if not isinstance(name, str) or name.lower() not in allowed:
        raise InvalidArgument(f"{name!r} is no {enum}; allowed are {', '.join(allowed)}")
    return _proto.number(enum, name.upper())


def _space_fields(space: VectorSpace, field: str) -> Dict[str, Any]:
    for name, value in (("dim", space.dim), ("code_bits", space.code_bits), ("seed", space.seed)):
        if value is not None and (isinstance(value, bool) or int(value) != value or value < 0):
            raise InvalidArgument(f"{field}.{name} is {value!r}; need a whole number")
    return dict(
        name=space.name,
        dim=int(space.dim),
        metric=enum_number("Metric", space.metric),
        code_bits=int(space.code_bits or 0),
        residual=enum_number("Residual", space.residual),
        centering=enum_number("Centering", space.centering),
        store_vectors=enum_number("StoreVectors", space.store_vectors),
        seed=int(space.seed or 0),
    )


def _ids(ids: Iterable[IdLike]) -> List[Any]:
    if isinstance(ids, (str, bytes)):
        raise InvalidArgument(f"ids is {ids!r}; need a list of ids")
    return [id_to_proto(id, f"ids[{i}]") for i, id in enumerate(ids)]


def _set_filter(request: Any, filter: Optional[FilterLike]) -> None:
    if filter is not None:
        request.filter.CopyFrom(filter_to_proto(filter))


_SearchQuery = _proto.message("SearchQuery")


def _query(
    field: str,
    vector: VectorLike,
    limit: int,
    filter: Optional[FilterLike],
    vector_name: str,
    score_threshold: Optional[float],
    with_payload: bool,
    with_vectors: bool,
    exact: bool,
    rerank: bool,
    oversampling: float,
    error_bound: float,
) -> Any:
    if limit < 0:
        raise InvalidArgument(f"limit is {limit}; need 1 or more")
    query = _SearchQuery(
        vector=vector_to_proto(vector, field),
        vector_name=vector_name,
        limit=limit,
        score_threshold=score_threshold,
        select={"with_payload": with_payload, "with_vectors": with_vectors},
        params={
            "exact": exact,
            "rerank": rerank,
            "oversampling": oversampling,
            "error_bound": error_bound,
        },
    )
    _set_filter(query, filter)
    return query


def _batch_request(collection: str, vectors: Any, *settings: Any) -> Any:
    """`settings`: what _query takes after the vector."""
    request = _request("PointService.SearchBatch", collection=collection)
    for i, row in enumerate(as_floats(vectors, 2, "vectors")):
        if i == 0:
            first = _query("vectors[0]", row, *settings)
        query = request.queries.add()
        query.CopyFrom(first)
        query.vector.CopyFrom(vector_to_proto(row, f"vectors[{i}]"))
    return request


# --- From messages.


def write_result(response: Any) -> WriteResult:
    return WriteResult(int(response.inserted), int(response.replaced))


def _payload(text: str) -> Dict[str, Any]:
    return json.loads(text) if text else {}


def _records(points: Iterable[Any]) -> List[Record]:
    return [
        Record(id_from_proto(p.id), _payload(p.payload), vectors_from_proto(p.vectors))
        for p in points
    ]


def _hits(points: Iterable[Any]) -> List[ScoredPoint]:
    return [
        ScoredPoint(
            id_from_proto(p.id), _payload(p.payload), vectors_from_proto(p.vectors), p.score
        )
        for p in points
    ]


def _search_arrays(results: Sequence[Any], limit: int) -> SearchArrays:
    ids = [[id_from_proto(p.id) for p in result.points] for result in results]
    numbers = not any(isinstance(id, str) for row in ids for id in row)
    shape = (len(ids), limit)
    id_array = np.zeros(shape, np.uint64) if numbers else np.full(shape, None, object)
    scores = np.full(shape, np.nan, np.float32)
    for i, (row, result) in enumerate(zip(ids, results)):
        id_array[i, : len(row)] = row
        scores[i, : len(row)] = [p.score for p in result.points]
    return SearchArrays(id_array, scores, np.array([len(row) for row in ids], np.intp))


def _enum_name(message: Any, field: str) -> str:
    """ "COSINE" of METRIC_COSINE as "cosine"."""
    enum = message.DESCRIPTOR.fields_by_name[field].enum_type
    number = getattr(message, field)
    known = enum.values_by_number.get(number)
    prefix = len(enum.values_by_number[0].name) - len("UNSPECIFIED")
    return known.name[prefix:].lower() if known is not None else f"unknown ({number})"


def _collection_info(info: Any) -> CollectionInfo:
    return CollectionInfo(
        name=info.name,
        status=_enum_name(info, "status"),
        error=info.error,
        points=info.points,
        disk_bytes=info.disk_bytes,
        memory_bytes=info.memory_bytes,
        write_buffer_bytes=info.write_buffer_bytes,
        vector_spaces=[
            VectorSpace(
                space.dim,
                space.name,
                _enum_name(space, "metric"),
                space.code_bits,
                _enum_name(space, "residual"),
                _enum_name(space, "centering"),
                _enum_name(space, "store_vectors"),
                space.seed,
            )
            for space in info.config.vector_spaces
        ],
        spaces=[
            VectorSpaceInfo(
                **{name: getattr(space, name) for name in VectorSpaceInfo.__dataclass_fields__}
            )
            for space in info.vector_spaces
        ],
        metadata=dict(info.config.metadata),
    )
