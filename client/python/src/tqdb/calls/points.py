"""Writing points and their payloads, reading and counting them."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Sequence

from .. import _batches, _wire
from .._messages import (
    enum_number,
    id_messages,
    payload_text,
    read_records,
    set_filter,
    write_result,
)
from ..errors import InvalidArgument
from ..filters import FilterLike, has_id
from ..types import FacetCount, IdLike, Page, PayloadLike, Point, Record, WriteResult
from ._call import Call, make_request


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
    request = make_request(
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
    request = make_request(
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
    """Some points in id order, or by the values of a payload key with an index of integers, floats
    or times: `order_by`. `scroll` walks them all.
    """
    request = make_request(
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
    request = make_request(method, collection=collection, key=key, limit=limit)
    set_filter(request, filter)

    def read(response: Any) -> List[FacetCount]:
        return [
            FacetCount(getattr(count, count.WhichOneof("value")), count.points)
            for count in response.counts
        ]

    return Call(method, request, read, timeout)
