"""Collections and their payload indexes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Mapping, Optional, Sequence, Tuple, Union

from .._messages import (
    checked_number,
    enum_number,
    read_collection_info,
    read_payload_index,
    read_setting,
    space_fields,
)
from ..errors import AlreadyExists, Error, InvalidArgument, NotFound
from ..types import CollectionInfo, PayloadIndexInfo, SparseSpace, VectorSpace
from ._call import Call, known, make_request


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
    exist_ok: bool = False,
    timeout: Optional[float] = None,
) -> Call[CollectionInfo]:
    """Makes a collection: of one unnamed space of `dim`, or of several named `vector_spaces`; and
    of `sparse_spaces`, by their names or with a modifier.

    `metric` "cosine", "dot" or "l2"; `code_bits` 1, 2, 3, 4 or 8; `residual` "qjl" or "none";
    `centering` "auto" or "off"; `store_vectors` "f32", "f16" or "none". None takes the server's
    choice. Raises AlreadyExists; with `exist_ok` only when the collection that is there has other
    settings than were asked for (`get_or_create_collection` is the same).
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
    request = make_request("CollectionService.CreateCollection", collection=collection)
    request.config.metadata.update(metadata or {})
    for i, space in enumerate(vector_spaces):
        request.config.vector_spaces.add(**space_fields(space, f"vector_spaces[{i}]"))
    if isinstance(sparse_spaces, str):
        raise InvalidArgument(f"sparse_spaces is {sparse_spaces!r}; need a list")
    for own_space in sparse_spaces:
        named = SparseSpace(own_space) if isinstance(own_space, str) else own_space
        modifier = enum_number("SparseModifier", named.modifier)
        request.config.sparse_spaces.add(name=named.name, modifier=modifier)
    create = Call(
        "CollectionService.CreateCollection",
        request,
        lambda response: read_collection_info(response.collection),
        timeout,
        idempotent=False,
    )
    if not exist_ok:
        return create
    return _get_or(create, collection, request.config, timeout)


def get_or_create_collection(
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
    """Makes a collection if it is not there. Settings that are given must be those of one that is
    there, or AlreadyExists is raised; metadata is only for a new one. Arguments as of
    `create_collection`."""
    return create_collection(
        collection,
        dim,
        metric=metric,
        code_bits=code_bits,
        residual=residual,
        centering=centering,
        store_vectors=store_vectors,
        seed=seed,
        vector_spaces=vector_spaces,
        sparse_spaces=sparse_spaces,
        metadata=metadata,
        exist_ok=True,
        timeout=timeout,
    )


def _get_or(
    create: Call[CollectionInfo], collection: str, wanted: Any, timeout: Optional[float]
) -> Call[CollectionInfo]:
    get = get_collection(collection, timeout=timeout)

    def read(response: Any) -> CollectionInfo:
        _check_settings(collection, wanted, response.collection.config)
        return get.read(response)

    checked = replace(get, read=read)

    def missing(error: Error) -> Optional[Call[CollectionInfo]]:
        return made if isinstance(error, NotFound) else None

    def overtaken(error: Error) -> Optional[Call[CollectionInfo]]:
        return checked if isinstance(error, AlreadyExists) else None

    made = replace(create, instead=overtaken)
    return replace(checked, instead=missing)


def _check_settings(collection: str, wanted: Any, there: Any) -> None:
    """Of `wanted`, what is not left to the server must be so in `there`."""
    for kind, name in (("vector space", "vector_spaces"), ("sparse space", "sparse_spaces")):
        ours = {space.name: space for space in getattr(wanted, name)}
        theirs = {space.name: space for space in getattr(there, name)}
        if set(ours) != set(theirs):
            raise AlreadyExists(
                f"{collection!r} exists with the {kind}s {sorted(theirs)}, not {sorted(ours)}"
            )
        for space, own in ours.items():
            for field, value in own.ListFields():
                found = getattr(theirs[space], field.name)
                if found != value:
                    shown = [read_setting(each, field.name) for each in (theirs[space], own)]
                    of = f" of {kind} {space!r}" if space else ""
                    raise AlreadyExists(
                        f"{collection!r} exists with {field.name}{of} {shown[0]}, not {shown[1]}"
                    )


def collection_exists(collection: str, *, timeout: Optional[float] = None) -> Call[bool]:
    """Whether there is a collection of this name, be it ready or not."""
    get = get_collection(collection, timeout=timeout)

    def missing(error: Error) -> Optional[Call[bool]]:
        return known(False) if isinstance(error, NotFound) else None

    return Call(get.method, get.request, lambda response: True, timeout, instead=missing)


def get_collection(
    collection: str, *, timeout: Optional[float] = None
) -> Call[CollectionInfo]:
    """Settings, status and size. Raises NotFound."""
    return Call(
        "CollectionService.GetCollection",
        make_request("CollectionService.GetCollection", collection=collection),
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
        make_request(
            method, page_size=checked_number(page_size, "page_size"), page_token=page_token
        ),
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
        make_request(method, collection=collection, metadata=dict(metadata)),
        lambda response: read_collection_info(response.collection),
        timeout,
    )


def delete_collection(
    collection: str, *, timeout: Optional[float] = None
) -> Call[None]:
    """Removes it with all its points. Raises NotFound."""
    method = "CollectionService.DeleteCollection"
    request = make_request(method, collection=collection)
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

    `kind` "keyword", "integer", "float", "bool", "datetime" or "text". With `wait` the answer comes
    when the index is ready; it is completed even if the timeout is earlier.
    """
    method = "CollectionService.CreatePayloadIndex"
    request = make_request(
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
    request = make_request(method, collection=collection, key=key)
    return Call(method, request, lambda response: None, timeout, idempotent=False)
