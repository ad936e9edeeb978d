"""Writing points and their payloads, reading and counting them."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Sequence

from .. import _batches, _columns, _proto
from .._messages import (
    checked_number,
    enum_number,
    id_messages,
    payload_text,
    read_records,
    select_fields,
    set_filter,
    write_result,
)
from ..errors import Error, InvalidArgument
from ..filters import FilterLike, filter_to_proto, has_id
from ..types import (
    FacetCount,
    IdLike,
    Page,
    PayloadLike,
    Point,
    Record,
    WithPayload,
    WriteResult,
)
from ._call import Call, in_parts, known, make_request, slices

# The server's limit of one call is 10,000 ids. Answers with vectors are large: 1,000 of dim 4,096
# are 16 MiB.
_IDS = 10_000
_RECORDS = 1_000


def upsert(
    collection: str,
    points: Iterable[Point],
    *,
    mode: Optional[str] = None,
    condition: Optional[FilterLike] = None,
    durability: Optional[str] = None,
    timeout: Optional[float] = None,
) -> Call[WriteResult]:
    """Inserts or replaces points. More and faster: `upload`.

    `mode` "insert" skips points that exist, "update" those that do not. "update_vectors" sets the
    given vectors of existing points; other vectors and the payload stay. With `condition` an
    existing point is only written if it matches at that moment. `skipped` of the result counts
    what was left as it was.

    Up to 10,000 points, and 60 MiB, are written all or none; more go in parts, each of them all or
    none. Of points with the same id the last counts. `durability` "sync" (the default: on disk) or
    "async" (with the operating system).
    """
    number = enum_number("UpsertMode", mode)
    message = None if condition is None else filter_to_proto(condition, "condition")
    batcher = _batches.upsert_batcher(
        collection,
        enum_number("Durability", durability),
        number,
        None if message is None else message.SerializeToString(),
    )
    # A second try would find what the first one wrote, and say that the condition does not hold.
    idempotent = condition is None
    try:
        batches = list(_batches.cut(_columns.rows_of_points(points), batcher))
    except Error as error:
        error.row = error.position
        raise
    if not batches:
        return known(WriteResult(0, 0))

    def stopped(error: Error, done: List[WriteResult]) -> None:
        batch = batches[len(done)]
        request = _proto.message("UpsertRequest")
        point = _batches.point_of_message(
            error.message, lambda: request.FromString(batch.data).points
        )
        error.row = None if point is None else batch.row_of(point)
        error.position = error.row
        error.rows_written = sum(result.written for result in done)
        error.resume_row = batch.first_row

    parts = [_upsert(batch, timeout, number > 1, idempotent) for batch in batches]
    return in_parts(parts, _sum, stopped)


def _upsert(
    batch: _batches.Batch, timeout: Optional[float], skips: bool, idempotent: bool
) -> Call[WriteResult]:
    def read(response: Any) -> WriteResult:
        told = write_result(response)
        # Rows whose id comes again in the batch: replaced, as they would be one after the other.
        replaced = told.replaced + (0 if skips else batch.dropped)
        skipped = told.skipped + (batch.dropped if skips else 0)
        return WriteResult(told.inserted, replaced, skipped=skipped)

    return Call("PointService.Upsert", batch.data, read, timeout, idempotent)


def _sum(results: List[WriteResult]) -> WriteResult:
    return WriteResult(
        sum(r.inserted for r in results),
        sum(r.replaced for r in results),
        skipped=sum(r.skipped for r in results),
    )


def delete(
    collection: str,
    ids: Optional[Iterable[IdLike]] = None,
    *,
    filter: Optional[FilterLike] = None,
    durability: Optional[str] = None,
    timeout: Optional[float] = None,
) -> Call[int]:
    """Deletes points by id or by filter; returns how many there were. More than 10,000 ids go in
    parts, each of them all or none."""
    if (ids is None) == (filter is None):
        raise InvalidArgument("delete needs ids or filter, one of them")
    number = enum_number("Durability", durability)

    def part(own: Iterable[Any]) -> Call[int]:
        method = "PointService.Delete"
        request = make_request(method, collection=collection, durability=number, ids=own)
        set_filter(request, filter)
        return Call(method, request, lambda response: int(response.deleted), timeout)

    if ids is None:
        return part(())
    return in_parts([part(own) for own in slices(id_messages(ids), _IDS)], sum)


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

    Of the points of `ids`, of those that match `filter` ({} is all), or of the ids that match.
    Returns how many there were.
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
    request = make_request(method, collection=collection, durability=number, **edit)
    set_filter(request, filter)
    if ids is not None:
        request.ids.extend(id_messages(ids))
        if not request.ids:  # of no ids, none: without ids the server takes all that match
            set_filter(request, has_id())
    return Call(method, request, lambda response: int(response.updated), timeout)


def get(
    collection: str,
    ids: Iterable[IdLike],
    *,
    with_payload: WithPayload = True,
    with_vectors: bool = False,
    timeout: Optional[float] = None,
) -> Call[List[Record]]:
    """Points by id, in the order asked; ids that do not exist are left out. Many are read in
    parts."""

    def part(own: Iterable[Any]) -> Call[List[Record]]:
        method = "PointService.Get"
        select = select_fields(with_payload, with_vectors)
        request = make_request(method, collection=collection, ids=own, select=select)
        return Call(method, request, lambda response: read_records(response.points), timeout)

    size = _RECORDS if with_vectors else _IDS
    parts = [part(own) for own in slices(id_messages(ids), size)]
    return in_parts(parts, lambda results: [record for each in results for record in each])


def scroll_page(
    collection: str,
    *,
    filter: Optional[FilterLike] = None,
    page_size: int = 0,
    page_token: str = "",
    order_by: Optional[str] = None,
    descending: bool = False,
    once: bool = False,
    with_payload: WithPayload = True,
    with_vectors: bool = False,
    timeout: Optional[float] = None,
) -> Call[Page]:
    """Some points in id order, or by the values of a payload key with an index of integers, floats
    or times: `order_by`. A point with several values comes once for each, or with `once` at the
    first of them alone. `scroll` walks them all.
    """
    request = make_request(
        "PointService.Scroll",
        collection=collection,
        page_size=checked_number(page_size, "page_size"),
        page_token=page_token,
        select=select_fields(with_payload, with_vectors),
    )
    set_filter(request, filter)
    if order_by is not None:
        request.order_by.key = order_by
        request.order_by.descending = descending
        request.order_by.once = once
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
    request = make_request("PointService.Count", collection=collection)
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
    request = make_request(method, collection=collection, key=key)
    request.limit = checked_number(limit, "limit")
    set_filter(request, filter)

    def read(response: Any) -> List[FacetCount]:
        return [
            FacetCount(getattr(count, count.WhichOneof("value")), count.points)
            for count in response.counts
        ]

    return Call(method, request, read, timeout)
