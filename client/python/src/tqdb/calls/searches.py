"""What is like a vector, a sparse vector, a text or other points."""

from __future__ import annotations

from typing import Any, Callable, Iterable, List, Optional, Sequence, TypeVar

from .._messages import (
    checked_number,
    query_message,
    read_hits,
    read_search_arrays,
    select_fields,
    set_text,
)
from ..errors import Error, InvalidArgument
from ..filters import FilterLike
from ..sparse import sparse_to_proto
from ..types import (
    ExampleLike,
    Group,
    Mmr,
    Query,
    ScoredPoint,
    SearchArrays,
    SparseLike,
    TextQuery,
    VectorLike,
    WithPayload,
)
from ..vectors import as_floats, vector_to_proto
from ._call import Call, in_parts, make_request, slices

# The server's limit of one call.
_QUERIES = 1_000
R = TypeVar("R")


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
    with_payload: WithPayload = True,
    with_vectors: bool = False,
    exact: bool = False,
    rerank: bool = False,
    oversampling: float = 0,
    error_bound: float = 0,
    timeout: Optional[float] = None,
) -> Call[List[ScoredPoint]]:
    """The best `limit` points for a vector, a sparse vector or a text, best first, of those that
    match `filter`.

    `sparse` ranks the points of the sparse space `vector_name` that share an index with it by their
    dot products, `text` those that have words of it by BM25; `mmr`, `exact` and `rerank` are for
    vectors. `offset` leaves out so many of the best; `mmr` picks hits that differ from each other.
    Scores are estimates from the codes; `rerank` rescores the best candidates from the originals,
    `exact` reads all originals.
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
    positive: Sequence[ExampleLike],
    negative: Sequence[ExampleLike] = (),
    limit: int = 10,
    *,
    filter: Optional[FilterLike] = None,
    vector_name: str = "",
    offset: int = 0,
    score_threshold: Optional[float] = None,
    mmr: Optional[Mmr] = None,
    with_payload: WithPayload = True,
    with_vectors: bool = False,
    exact: bool = False,
    rerank: bool = False,
    oversampling: float = 0,
    error_bound: float = 0,
    timeout: Optional[float] = None,
) -> Call[List[ScoredPoint]]:
    """`search` for what is like the examples `positive` and unlike `negative`: ids of points, which
    are not found themselves, or vectors. With `negative` alone, what is least like them."""
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
    with_payload: WithPayload,
    with_vectors: bool,
    timeout: Optional[float],
) -> Call[List[ScoredPoint]]:
    request = make_request("PointService.Search", collection=collection)
    request.query.CopyFrom(query_message(query, with_payload, with_vectors))
    return Call(
        "PointService.Search",
        request,
        lambda response: read_hits(response.points),
        timeout,
    )


def _batch_requests(
    collection: str,
    query: Query,
    with_payload: WithPayload,
    with_vectors: bool,
    vectors: Any = None,
    sparse: Optional[Iterable[SparseLike]] = None,
    texts: Optional[Iterable[TextQuery]] = None,
) -> List[Any]:
    if sum(each is not None for each in (vectors, sparse, texts)) != 1:
        raise InvalidArgument("vectors, sparse, texts: need one of them")
    for name, each in (("sparse", sparse), ("texts", texts)):
        if each is not None and (isinstance(each, str) or not isinstance(each, Iterable)):
            raise InvalidArgument(f"{name} is {each!r}; need a list")
    queries = []
    if vectors is not None:
        for i, row in enumerate(_matrix(vectors)):
            queries.append(query_message(query, with_payload, with_vectors))
            queries[i].vector.CopyFrom(vector_to_proto(row, f"vectors[{i}]"))
    for i, value in enumerate(sparse or ()):
        queries.append(query_message(query, with_payload, with_vectors))
        queries[i].sparse.CopyFrom(sparse_to_proto(value, f"sparse[{i}]"))
    for i, text in enumerate(texts or ()):
        queries.append(query_message(query, with_payload, with_vectors))
        set_text(queries[i], text, f"texts[{i}]")
    method = "PointService.SearchBatch"
    return [
        make_request(method, collection=collection, queries=part)
        for part in slices(queries, _QUERIES)
    ]


def _matrix(vectors: Any) -> Any:
    """No rows are a matrix, too."""
    empty = hasattr(vectors, "__len__") and len(vectors) == 0
    return () if empty else as_floats(vectors, 2, "vectors")


def _search_in_parts(
    requests: List[Any], timeout: Optional[float], read: Callable[[List[Any]], R]
) -> Call[R]:
    """`read` is given the results of all requests."""

    def part(request: Any) -> Call[List[Any]]:
        method = "PointService.SearchBatch"
        return Call(method, request, lambda response: list(response.results), timeout)

    def stopped(error: Error, done: List[List[Any]]) -> None:
        if error.position is not None:
            error.position += sum(map(len, done))

    parts = [part(request) for request in requests]
    return in_parts(parts, lambda results: read(sum(results, [])), stopped)


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
    with_payload: WithPayload = True,
    with_vectors: bool = False,
    exact: bool = False,
    rerank: bool = False,
    oversampling: float = 0,
    error_bound: float = 0,
    timeout: Optional[float] = None,
) -> Call[List[List[ScoredPoint]]]:
    """`search` for each row of a matrix, or each of `sparse` or `texts`; rows of a matrix in one
    pass. More than 1,000 of them go in parts."""
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
    requests = _batch_requests(
        collection, query, with_payload, with_vectors, vectors, sparse, texts
    )
    return _search_in_parts(
        requests, timeout, lambda results: [read_hits(result.points) for result in results]
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
    requests = _batch_requests(collection, query, False, False, vectors)
    return _search_in_parts(
        requests, timeout, lambda results: read_search_arrays(results, limit)
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
    offset: int = 0,
    score_threshold: Optional[float] = None,
    with_payload: WithPayload = True,
    with_vectors: bool = False,
    exact: bool = False,
    rerank: bool = False,
    oversampling: float = 0,
    error_bound: float = 0,
    timeout: Optional[float] = None,
) -> Call[List[Group]]:
    """The best `group_size` points of each of the best `limit` values of the key `group_by`.

    What to find is `vector`, `sparse` or `text`, as in `search`. A point is in the group of each of
    its values; groups come in the order of their best points. `offset` of them are passed over.
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
        offset=offset,
        score_threshold=score_threshold,
        exact=exact,
        rerank=rerank,
        oversampling=oversampling,
        error_bound=error_bound,
    )
    request = make_request(
        "PointService.SearchGroups",
        collection=collection,
        group_by=group_by,
        group_size=checked_number(group_size, "group_size"),
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
    with_payload: WithPayload = True,
    with_vectors: bool = False,
    timeout: Optional[float] = None,
) -> Call[List[ScoredPoint]]:
    """Several searches fused into one list, such as one by vector and one by `text`.

    `fusion` "rrf" scores by ranks, the sum of weight / (constant + rank), where `rank_constant` 0
    means 60; "weighted" by scores, which are first scaled to 0..1 in each search.
    """
    method = "PointService.SearchHybrid"
    request = make_request(
        method,
        collection=collection,
        limit=checked_number(limit, "limit"),
        offset=checked_number(offset, "offset"),
        select=select_fields(with_payload, with_vectors),
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
