"""Makes protobuf messages of Python values for requests, and reads answers into Python values."""

from __future__ import annotations

import json
import uuid
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence

import numpy as np

from . import _proto
from ._payloads import write_payload
from .errors import InvalidArgument
from .filters import FilterLike, filter_to_proto
from .ids import id_from_proto, id_to_proto
from .sparse import sparse_to_proto, sparse_vectors_from_proto
from .types import (
    CollectionInfo,
    IdLike,
    PayloadIndexInfo,
    PayloadLike,
    Query,
    Record,
    ScoredPoint,
    SearchArrays,
    SparseSpace,
    SparseSpaceInfo,
    SparseVector,
    TextQuery,
    VectorSpace,
    VectorSpaceInfo,
    WithPayload,
    WriteResult,
)
from .vectors import vector_to_proto, vectors_from_proto

_SearchQuery = _proto.message("SearchQuery")
_MAX_UINT32 = 2**32 - 1

# --- To messages.


def enum_number(enum: str, name: Optional[str]) -> int:
    if name is None:
        return 0
    allowed = [value.lower() for value in _proto.names(enum)]
    if not isinstance(name, str) or name.lower() not in allowed:
        raise InvalidArgument(
            f"{name!r} is no {enum}; allowed are {', '.join(allowed)}"
        )
    return _proto.number(enum, name.upper())


def checked_number(value: Any, field: str, low: int = 0, high: int = _MAX_UINT32) -> int:
    """An integer of the range; NumPy's too."""
    try:
        number = None if isinstance(value, (bool, str, bytes)) else int(value)
    except (TypeError, ValueError, OverflowError):
        number = None
    if number is None or number != value or not low <= number <= high:
        raise InvalidArgument(f"{field} is {value!r}; need an integer of {low} to {high}")
    return number


def space_fields(space: VectorSpace, field: str) -> Dict[str, Any]:
    for name, value in (
        ("dim", space.dim),
        ("code_bits", space.code_bits),
        ("seed", space.seed),
    ):
        if value is not None and (
            isinstance(value, bool) or int(value) != value or value < 0
        ):
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


def id_messages(ids: Iterable[IdLike], field: str = "ids") -> List[Any]:
    if isinstance(ids, (str, bytes)) or not isinstance(ids, Iterable):
        raise InvalidArgument(f"{field} is {ids!r}; need a list of ids")
    listed: Any = ids
    if hasattr(listed, "to_pylist"):  # a column of Arrow
        listed = listed.to_pylist()
    return [id_to_proto(id, f"{field}[{i}]") for i, id in enumerate(listed)]


def set_filter(request: Any, filter: Optional[FilterLike]) -> None:
    if filter is not None:
        request.filter.CopyFrom(filter_to_proto(filter))


def set_text(message: Any, text: TextQuery, field: str) -> None:
    if not isinstance(text, TextQuery):
        raise InvalidArgument(f"{field} is {text!r}; need a tqdb.TextQuery")
    message.text.key = text.key
    message.text.text = text.text


def select_fields(with_payload: WithPayload, with_vectors: bool) -> Dict[str, Any]:
    """Of a PointSelector."""
    fields: Dict[str, Any] = {"with_payload": bool(with_payload), "with_vectors": with_vectors}
    if isinstance(with_payload, (bool, np.bool_)):
        return fields
    lists = with_payload if isinstance(with_payload, Mapping) else {"include": with_payload}
    for name, keys in lists.items():
        if (
            name not in ("include", "exclude")
            or isinstance(keys, str)
            or not all(isinstance(key, str) for key in keys)
        ):
            raise InvalidArgument(
                f"with_payload is {with_payload!r}; need True, False, a list of paths, or a dict "
                "of such lists with the keys include and exclude"
            )
        fields[f"payload_{name}"] = list(keys)
    return fields


def set_examples(recommend: Any, name: str, examples: Iterable[Any], field: str) -> None:
    """`name`: positive or negative. Ids, vectors and sparse vectors, each in a list of its own."""
    ids = []
    for i, example in enumerate(examples):
        if isinstance(example, (int, str, uuid.UUID, np.integer)):
            ids.append(example)
        elif isinstance(example, (SparseVector, Mapping)):
            own = getattr(recommend, f"{name}_sparse")
            own.append(sparse_to_proto(example, f"{field}[{i}]"))
        else:
            own = getattr(recommend, f"{name}_vectors")
            own.append(vector_to_proto(example, f"{field}[{i}]"))
    getattr(recommend, name).extend(id_messages(ids, field))


def query_message(
    query: Query, with_payload: WithPayload, with_vectors: bool, field: str = ""
) -> Any:
    """`field`: what errors begin with."""
    if not isinstance(query, Query):
        raise InvalidArgument(f"{field or 'query'} is a {type(query).__name__}; need a tqdb.Query")
    message = _SearchQuery(
        vector_name=query.vector_name,
        limit=checked_number(query.limit, f"{field}limit"),
        offset=checked_number(query.offset, f"{field}offset"),
        score_threshold=query.score_threshold,
        select=select_fields(with_payload, with_vectors),
        params={
            "exact": query.exact,
            "rerank": query.rerank,
            "oversampling": query.oversampling,
            "error_bound": query.error_bound,
        },
    )
    kinds = (query.vector, query.sparse, query.text)
    # A message has room for one: the last one set would silently take the place of the others.
    examples = bool(len(query.positive) or len(query.negative))
    if sum(kind is not None for kind in kinds) + examples > 1:
        raise InvalidArgument(
            f"{field}vector, sparse, text, positive: need one of them"
        )
    if query.sparse is not None:
        message.sparse.CopyFrom(sparse_to_proto(query.sparse, f"{field}sparse"))
    if query.text is not None:
        set_text(message, query.text, f"{field}text")
    if query.vector is not None:
        message.vector.CopyFrom(vector_to_proto(query.vector, f"{field}vector"))
    if examples:
        for name in ("positive", "negative"):
            set_examples(message.recommend, name, getattr(query, name), field + name)
    if query.mmr is not None:
        message.mmr.SetInParent()
        message.mmr.diversity = query.mmr.diversity
        message.mmr.candidates = query.mmr.candidates
    if query.filter is not None:
        message.filter.CopyFrom(filter_to_proto(query.filter, f"{field}filter"))
    return message


def payload_text(payload: PayloadLike) -> str:
    return write_payload(payload, "payload").decode()


# --- From messages.


def write_result(response: Any) -> WriteResult:
    return WriteResult(
        int(response.inserted), int(response.replaced), skipped=int(response.skipped)
    )


def read_payload(text: str) -> Dict[str, Any]:
    return json.loads(text) if text else {}


def read_records(points: Iterable[Any]) -> List[Record]:
    return [
        Record(
            id_from_proto(p.id),
            read_payload(p.payload),
            vectors_from_proto(p.vectors),
            sparse_vectors_from_proto(p.sparse_vectors),
        )
        for p in points
    ]


def read_hits(points: Iterable[Any]) -> List[ScoredPoint]:
    return [
        ScoredPoint(
            id_from_proto(p.id),
            read_payload(p.payload),
            vectors_from_proto(p.vectors),
            sparse_vectors_from_proto(p.sparse_vectors),
            p.score,
        )
        for p in points
    ]


def read_search_arrays(results: Sequence[Any], limit: int) -> SearchArrays:
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


def read_setting(message: Any, field: str) -> Any:
    """A field as Python has it, names of enums in lower case."""
    if message.DESCRIPTOR.fields_by_name[field].enum_type is not None:
        return repr(_enum_name(message, field))
    return getattr(message, field)


def read_collection_info(info: Any) -> CollectionInfo:
    return CollectionInfo(
        name=info.name,
        status=_enum_name(info, "status"),
        error=info.error,
        points=info.points,
        disk_bytes=info.disk_bytes,
        memory_bytes=info.memory_bytes,
        write_buffer_bytes=info.write_buffer_bytes,
        sequence=info.sequence,
        digest=info.digest,
        kept_rows=info.kept_rows,
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
                **{
                    name: getattr(space, name)
                    for name in VectorSpaceInfo.__dataclass_fields__
                }
            )
            for space in info.vector_spaces
        ],
        payload_indexes=[read_payload_index(index) for index in info.payload_indexes],
        metadata=dict(info.config.metadata),
        sparse_spaces=[
            SparseSpace(space.name, _enum_name(space, "modifier"))
            for space in info.config.sparse_spaces
        ],
        sparse=[
            SparseSpaceInfo(space.name, space.rows, space.memory_bytes)
            for space in info.sparse_spaces
        ],
    )


def read_payload_index(index: Any) -> PayloadIndexInfo:
    kind = _enum_name(index, "kind")
    return PayloadIndexInfo(
        index.key, kind, index.points, index.memory_bytes, index.ready, index.unheld_points
    )
