"""Every unary call: its request made of Python values, and Python values made of its answer.

Both clients get their methods from here (`Client`, `AsyncClient`), with these signatures and texts;
only how a `Call` is carried out differs. All take `timeout`, in seconds, for all tries together;
None is the client's. Vectors are whatever NumPy makes rows of; float16 arrays travel as such.
"""

from __future__ import annotations

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
    Union,
)

from . import _batches, _proto, _wire
from ._messages import (
    enum_number,
    id_messages,
    payload_text,
    query_message,
    read_collection_info,
    read_hits,
    read_payload_index,
    read_records,
    read_search_arrays,
    set_filter,
    set_text,
    space_fields,
    write_result,
)
from .errors import InvalidArgument
from .filters import FilterLike, has_id
from .sparse import sparse_to_proto
from .types import (
    CollectionInfo,
    FacetCount,
    Group,
    IdLike,
    Mmr,
    Page,
    PayloadIndexInfo,
    PayloadLike,
    Point,
    Query,
    Record,
    ScoredPoint,
    SearchArrays,
    ServerInfo,
    SparseLike,
    SparseSpace,
    TextQuery,
    VectorLike,
    VectorSpace,
    WriteResult,
)
from .vectors import as_floats, vector_to_proto

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
    sparse_spaces: Sequence[Union[str, SparseSpace]] = (),
    metadata: Optional[Mapping[str, str]] = None,
    timeout: Optional[float] = None,
) -> Call[CollectionInfo]:
    """Makes a collection: of one unnamed space of `dim`, or of several named `vector_spaces`; and of
    `sparse_spaces`, by their names or with a modifier.

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
        raise InvalidArgument(
            "vector_spaces have settings of their own; leave out dim, metric, .."
        )
    request = _request("CollectionService.CreateCollection", collection=collection)
    request.config.metadata.update(metadata or {})
    for i, space in enumerate(vector_spaces):
        request.config.vector_spaces.add(**space_fields(space, f"vector_spaces[{i}]"))
    for own_space in sparse_spaces:
        named = SparseSpace(own_space) if isinstance(own_space, str) else own_space
        modifier = enum_number("SparseModifier", named.modifier)
        request.config.sparse_spaces.add(name=named.name, modifier=modifier)
    return Call(
        "CollectionService.CreateCollection",
        request,
        lambda response: read_collection_info(response.collection),
        timeout,
        idempotent=False,
    )


def get_collection(
    collection: str, *, timeout: Optional[float] = None
) -> Call[CollectionInfo]:
    """Settings, status and size. Raises NotFound."""
    return Call(
        "CollectionService.GetCollection",
        _request("CollectionService.GetCollection", collection=collection),
        lambda response: read_collection_info(response.collection),
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
            [read_collection_info(info) for info in response.collections],
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
        lambda response: read_collection_info(response.collection),
        timeout,
    )


def delete_collection(
    collection: str, *, timeout: Optional[float] = None
) -> Call[None]:
    """Removes it with all its points. Raises NotFound."""
    method = "CollectionService.DeleteCollection"
    request = _request(method, collection=collection)
    return Call(method, request, lambda response: None, timeout, idempotent=False)


def create_payload_index(
    collection: str,
    key: str,
    kind: str,
    *,
    wait: bool = True,
    timeout: Optional[float] = None,
) -> Call[PayloadIndexInfo]:
    """Indexes the values of a payload key, so that filters on it need not read payloads.

    `kind` "keyword", "integer", "float", "bool", "datetime" or "text". With `wait` the answer comes when
    the index is ready; it is completed even if the timeout is earlier.
    """
    method = "CollectionService.CreatePayloadIndex"
    request = _request(
        method,
        collection=collection,
        key=key,
        kind=enum_number("PayloadIndexKind", kind),
        no_wait=not wait,
    )
    return Call(
        method, request, lambda response: read_payload_index(response.index), timeout
    )


def delete_payload_index(
    collection: str, key: str, *, timeout: Optional[float] = None
) -> Call[None]:
    """Filters on the key read payloads again."""
    method = "CollectionService.DeletePayloadIndex"
    request = _request(method, collection=collection, key=key)
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
    for row in _batches.rows_of_points(points):
        _wire.append_point(parts, *row)
    data = _wire.upsert_request(
        collection, enum_number("Durability", durability), parts
    )
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
        request.ids.extend(id_messages(ids))
    else:
        set_filter(request, filter)
    return Call(
        "PointService.Delete", request, lambda response: int(response.deleted), timeout
    )


def set_payload(
    collection: str,
    payload: PayloadLike,
    ids: Optional[Iterable[IdLike]] = None,
    *,
    filter: Optional[FilterLike] = None,
    key: str = "",
    durability: Optional[str] = None,
    timeout: Optional[float] = None,
) -> Call[int]:
    """Sets members of payloads; the others stay. `key` is the path of the object that is meant.

    Of the points of `ids`, of those that match `filter` ({} is all), or of the ids that match. Returns
    how many there were.
    """
    edit = {"set": {"payload": payload_text(payload), "key": key}}
    return _edit(collection, ids, filter, edit, durability, timeout)


def overwrite_payload(
    collection: str,
    payload: PayloadLike,
    ids: Optional[Iterable[IdLike]] = None,
    *,
    filter: Optional[FilterLike] = None,
    durability: Optional[str] = None,
    timeout: Optional[float] = None,
) -> Call[int]:
    """Puts a payload in place of what was there; points as of `set_payload`."""
    edit = {"overwrite": {"payload": payload_text(payload)}}
    return _edit(collection, ids, filter, edit, durability, timeout)


def delete_payload_keys(
    collection: str,
    keys: Sequence[str],
    ids: Optional[Iterable[IdLike]] = None,
    *,
    filter: Optional[FilterLike] = None,
    durability: Optional[str] = None,
    timeout: Optional[float] = None,
) -> Call[int]:
    """Removes keys, which are paths; points as of `set_payload`."""
    if isinstance(keys, str):
        raise InvalidArgument(f"keys is {keys!r}; need a list of keys")
    edit = {"delete_keys": {"keys": list(keys)}}
    return _edit(collection, ids, filter, edit, durability, timeout)


def clear_payload(
    collection: str,
    ids: Optional[Iterable[IdLike]] = None,
    *,
    filter: Optional[FilterLike] = None,
    durability: Optional[str] = None,
    timeout: Optional[float] = None,
) -> Call[int]:
    """Leaves no payload; points as of `set_payload`."""
    return _edit(collection, ids, filter, {"clear": {}}, durability, timeout)


def _edit(
    collection: str,
    ids: Optional[Iterable[IdLike]],
    filter: Optional[FilterLike],
    edit: Dict[str, Any],
    durability: Optional[str],
    timeout: Optional[float],
) -> Call[int]:
    if ids is None and filter is None:
        raise InvalidArgument(
            "an edit of payloads needs ids or filter; {} matches all points"
        )
    method = "PointService.UpdatePayload"
    number = enum_number("Durability", durability)
    request = _request(method, collection=collection, durability=number, **edit)
    set_filter(request, filter)
    if ids is not None:
        request.ids.extend(id_messages(ids))
        if (
            not request.ids
        ):  # of no ids, none: without ids the server takes all that match
            set_filter(request, has_id())
    return Call(method, request, lambda response: int(response.updated), timeout)


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
        ids=id_messages(ids),
        select={"with_payload": with_payload, "with_vectors": with_vectors},
    )
    return Call(
        "PointService.Get",
        request,
        lambda response: read_records(response.points),
        timeout,
    )


def scroll_page(
    collection: str,
    *,
    filter: Optional[FilterLike] = None,
    page_size: int = 0,
    page_token: str = "",
    order_by: Optional[str] = None,
    descending: bool = False,
    with_payload: bool = True,
    with_vectors: bool = False,
    timeout: Optional[float] = None,
) -> Call[Page]:
    """Some points in id order, or by the values of a payload key with an index of integers, floats or
    times: `order_by`. `scroll` walks them all.
    """
    request = _request(
        "PointService.Scroll",
        collection=collection,
        page_size=page_size,
        page_token=page_token,
        select={"with_payload": with_payload, "with_vectors": with_vectors},
    )
    set_filter(request, filter)
    if order_by is not None:
        request.order_by.key = order_by
        request.order_by.descending = descending
    return Call(
        "PointService.Scroll",
        request,
        lambda response: Page(read_records(response.points), response.next_page_token),
        timeout,
    )


def count(
    collection: str,
    *,
    filter: Optional[FilterLike] = None,
    timeout: Optional[float] = None,
) -> Call[int]:
    """Points, or those that match."""
    request = _request("PointService.Count", collection=collection)
    set_filter(request, filter)
    return Call(
        "PointService.Count", request, lambda response: int(response.count), timeout
    )


def facet(
    collection: str,
    key: str,
    limit: int = 10,
    *,
    filter: Optional[FilterLike] = None,
    timeout: Optional[float] = None,
) -> Call[List[FacetCount]]:
    """The most frequent strings, integers and booleans of a payload key, highest first."""
    method = "PointService.Facet"
    request = _request(method, collection=collection, key=key, limit=limit)
    set_filter(request, filter)

    def read(response: Any) -> List[FacetCount]:
        return [
            FacetCount(getattr(count, count.WhichOneof("value")), count.points)
            for count in response.counts
        ]

    return Call(method, request, read, timeout)


def search(
    collection: str,
    vector: Optional[VectorLike] = None,
    limit: int = 10,
    *,
    text: Optional[TextQuery] = None,
    sparse: Optional[SparseLike] = None,
    filter: Optional[FilterLike] = None,
    vector_name: str = "",
    offset: int = 0,
    score_threshold: Optional[float] = None,
    mmr: Optional[Mmr] = None,
    with_payload: bool = True,
    with_vectors: bool = False,
    exact: bool = False,
    rerank: bool = False,
    oversampling: float = 0,
    error_bound: float = 0,
    timeout: Optional[float] = None,
) -> Call[List[ScoredPoint]]:
    """The best `limit` points for a vector, a sparse vector or a text, best first, of those that match
    `filter`.

    `sparse` ranks the points of the sparse space `vector_name` that share an index with it by their dot
    products, `text` those that have words of it by BM25; `mmr`, `exact` and `rerank` are for vectors.
    `offset` leaves out so many of the best; `mmr` picks hits that differ from each other. Scores are
    estimates from the codes; `rerank` rescores the best candidates from the originals, `exact` reads
    all originals.
    """
    query = Query(
        vector,
        limit,
        text=text,
        sparse=sparse,
        filter=filter,
        vector_name=vector_name,
        offset=offset,
        mmr=mmr,
        score_threshold=score_threshold,
        exact=exact,
        rerank=rerank,
        oversampling=oversampling,
        error_bound=error_bound,
    )
    return _search(collection, query, with_payload, with_vectors, timeout)


def recommend(
    collection: str,
    positive: Sequence[IdLike],
    negative: Sequence[IdLike] = (),
    limit: int = 10,
    *,
    filter: Optional[FilterLike] = None,
    vector_name: str = "",
    offset: int = 0,
    score_threshold: Optional[float] = None,
    mmr: Optional[Mmr] = None,
    with_payload: bool = True,
    with_vectors: bool = False,
    exact: bool = False,
    rerank: bool = False,
    oversampling: float = 0,
    error_bound: float = 0,
    timeout: Optional[float] = None,
) -> Call[List[ScoredPoint]]:
    """`search` for what is like the points `positive` and unlike `negative`, without these."""
    query = Query(
        positive=positive,
        negative=negative,
        limit=limit,
        filter=filter,
        vector_name=vector_name,
        offset=offset,
        mmr=mmr,
        score_threshold=score_threshold,
        exact=exact,
        rerank=rerank,
        oversampling=oversampling,
        error_bound=error_bound,
    )
    return _search(collection, query, with_payload, with_vectors, timeout)


def _search(
    collection: str,
    query: Query,
    with_payload: bool,
    with_vectors: bool,
    timeout: Optional[float],
) -> Call[List[ScoredPoint]]:
    request = _request("PointService.Search", collection=collection)
    request.query.CopyFrom(query_message(query, with_payload, with_vectors))
    return Call(
        "PointService.Search",
        request,
        lambda response: read_hits(response.points),
        timeout,
    )


def _batch_request(
    collection: str,
    query: Query,
    with_payload: bool,
    with_vectors: bool,
    vectors: Any = None,
    sparse: Optional[Iterable[SparseLike]] = None,
    texts: Optional[Iterable[TextQuery]] = None,
) -> Any:
    if sum(each is not None for each in (vectors, sparse, texts)) != 1:
        raise InvalidArgument("vectors, sparse, texts: need one of them")
    request = _request("PointService.SearchBatch", collection=collection)
    message = query_message(query, with_payload, with_vectors)
    if vectors is not None:
        for i, row in enumerate(as_floats(vectors, 2, "vectors")):
            message.vector.CopyFrom(vector_to_proto(row, f"vectors[{i}]"))
            request.queries.append(message)
    for i, value in enumerate(sparse or ()):
        message.sparse.CopyFrom(sparse_to_proto(value, f"sparse[{i}]"))
        request.queries.append(message)
    for i, text in enumerate(texts or ()):
        set_text(message, text, f"texts[{i}]")
        request.queries.append(message)
    return request


def search_batch(
    collection: str,
    vectors: Any = None,
    limit: int = 10,
    *,
    sparse: Optional[Iterable[SparseLike]] = None,
    texts: Optional[Iterable[TextQuery]] = None,
    filter: Optional[FilterLike] = None,
    vector_name: str = "",
    offset: int = 0,
    score_threshold: Optional[float] = None,
    mmr: Optional[Mmr] = None,
    with_payload: bool = True,
    with_vectors: bool = False,
    exact: bool = False,
    rerank: bool = False,
    oversampling: float = 0,
    error_bound: float = 0,
    timeout: Optional[float] = None,
) -> Call[List[List[ScoredPoint]]]:
    """`search` for each row of a matrix, or each of `sparse` or `texts`, up to 1,000 of them; rows of a
    matrix in one pass."""
    query = Query(
        limit=limit,
        filter=filter,
        vector_name=vector_name,
        offset=offset,
        mmr=mmr,
        score_threshold=score_threshold,
        exact=exact,
        rerank=rerank,
        oversampling=oversampling,
        error_bound=error_bound,
    )
    return Call(
        "PointService.SearchBatch",
        _batch_request(
            collection, query, with_payload, with_vectors, vectors, sparse, texts
        ),
        lambda response: [read_hits(result.points) for result in response.results],
        timeout,
    )


def search_arrays(
    collection: str,
    vectors: Any,
    limit: int = 10,
    *,
    filter: Optional[FilterLike] = None,
    vector_name: str = "",
    offset: int = 0,
    score_threshold: Optional[float] = None,
    mmr: Optional[Mmr] = None,
    exact: bool = False,
    rerank: bool = False,
    oversampling: float = 0,
    error_bound: float = 0,
    timeout: Optional[float] = None,
) -> Call[SearchArrays]:
    """`search_batch` with ids and scores in arrays of (queries, limit), without payloads."""
    query = Query(
        limit=limit,
        filter=filter,
        vector_name=vector_name,
        offset=offset,
        mmr=mmr,
        score_threshold=score_threshold,
        exact=exact,
        rerank=rerank,
        oversampling=oversampling,
        error_bound=error_bound,
    )
    return Call(
        "PointService.SearchBatch",
        _batch_request(collection, query, False, False, vectors),
        lambda response: read_search_arrays(response.results, limit),
        timeout,
    )


def search_groups(
    collection: str,
    vector: Optional[VectorLike] = None,
    group_by: str = "",
    limit: int = 10,
    group_size: int = 3,
    *,
    text: Optional[TextQuery] = None,
    sparse: Optional[SparseLike] = None,
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
) -> Call[List[Group]]:
    """The best `group_size` points of each of the best `limit` values of the payload key `group_by`.

    What to find is `vector`, `sparse` or `text`, as in `search`. A point is in the group of each of its values; groups come in the order of their best points.
    """
    if not group_by:
        raise InvalidArgument("group_by is empty; need a payload key")
    query = Query(
        vector,
        limit,
        text=text,
        sparse=sparse,
        filter=filter,
        vector_name=vector_name,
        score_threshold=score_threshold,
        exact=exact,
        rerank=rerank,
        oversampling=oversampling,
        error_bound=error_bound,
    )
    request = _request(
        "PointService.SearchGroups",
        collection=collection,
        group_by=group_by,
        group_size=group_size,
    )
    request.query.CopyFrom(query_message(query, with_payload, with_vectors))

    def read(response: Any) -> List[Group]:
        return [
            Group(getattr(group, group.WhichOneof("value")), read_hits(group.points))
            for group in response.groups
        ]

    return Call("PointService.SearchGroups", request, read, timeout)


def search_hybrid(
    collection: str,
    queries: Sequence[Query],
    limit: int = 10,
    *,
    fusion: str = "rrf",
    rank_constant: float = 0,
    offset: int = 0,
    with_payload: bool = True,
    with_vectors: bool = False,
    timeout: Optional[float] = None,
) -> Call[List[ScoredPoint]]:
    """Several searches fused into one list, such as one by vector and one by `text`.

    `fusion` "rrf" scores by ranks, the sum of weight / (constant + rank), where `rank_constant` 0 means
    60; "weighted" by scores, which are first scaled to 0..1 in each search.
    """
    method = "PointService.SearchHybrid"
    request = _request(
        method,
        collection=collection,
        limit=limit,
        offset=offset,
        select={"with_payload": with_payload, "with_vectors": with_vectors},
    )
    if fusion == "rrf":
        request.reciprocal_rank.constant = rank_constant
    elif fusion == "weighted":
        request.weighted.SetInParent()
    else:
        raise InvalidArgument(f"fusion is {fusion!r}; need 'rrf' or 'weighted'")
    for i, query in enumerate(queries):
        part = request.parts.add(weight=query.weight)
        part.query.CopyFrom(query_message(query, False, False, f"queries[{i}]."))
    return Call(method, request, lambda response: read_hits(response.points), timeout)


# --- The server.


def server_info(*, timeout: Optional[float] = None) -> Call[ServerInfo]:
    """Version, machine and limits of the server."""

    def read(response: Any) -> ServerInfo:
        names = ServerInfo.__dataclass_fields__
        return ServerInfo(**{name: getattr(response, name) for name in names})

    method = "AdminService.GetServerInfo"
    return Call(method, _request(method), read, timeout)
