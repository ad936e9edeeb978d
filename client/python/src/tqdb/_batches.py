"""Rows in all the forms that callers have them in, cut into batches for UpsertStream."""

from __future__ import annotations

import itertools
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Tuple

import numpy as np

from . import _wire
from .errors import InvalidArgument
from .sparse import sparse_fields
from .types import IdLike, PayloadLike, Point, SparseLike
from .vectors import as_floats

# Medians of four uploads of 100,000 x 768 on two cores, in 1,000 vectors/s: batches of 100 rows
# 101, of 341 (1 MiB) 104, of 683 96, of 1,365 96, of 2,730 94. On busier cores larger batches lost
# more.
BATCH_BYTES = 1 << 20
MAX_BATCH_ROWS = 10_000
# A message must stay below the server's 64 MiB; a payload has at most 1 MiB.
MAX_BATCH_BYTES = 16 << 20


class Batch(NamedTuple):
    sequence: int  # from 1
    first_row: int
    rows: int
    data: bytes  # an UpsertStreamRequest


# What rows_of_* hand over: id, vectors and the row within them, payload, sparse vectors.
Row = Tuple[bytes, List[_wire.Vectors], int, bytes, bytes]


def batches(
    rows: Iterable[Row], collection: str, durability: int, batch_size: Optional[int]
) -> Iterator[Batch]:
    if batch_size is not None and not 1 <= batch_size <= MAX_BATCH_ROWS:
        raise InvalidArgument(f"batch_size is {batch_size}; need 1 to {MAX_BATCH_ROWS}")
    max_rows = batch_size or MAX_BATCH_ROWS
    max_bytes = MAX_BATCH_BYTES if batch_size else BATCH_BYTES
    parts: List[Any] = []
    size = count = first = 0
    sequence = 1
    for row in rows:
        size += _wire.append_point(parts, *row)
        count += 1
        if count == max_rows or size >= max_bytes:
            data = _wire.stream_request(sequence, collection, durability, parts, size)
            yield Batch(sequence, first, count, data)
            first += count
            sequence += 1
            parts, size, count = [], 0, 0
    if count:
        data = _wire.stream_request(sequence, collection, durability, parts, size)
        yield Batch(sequence, first, count, data)


def total_rows(vectors: Any) -> Optional[int]:
    """For progress; None when nobody knows."""
    if isinstance(vectors, Mapping):
        vectors = next(iter(vectors.values()), ())
    try:
        return len(vectors)
    except TypeError:
        return None


def rows_of_points(points: Iterable[Point]) -> Iterator[Row]:
    for i, point in enumerate(points):
        field = f"points[{i}]"
        yield (
            _wire.write_id(point.id, f"{field}.id"),
            point_vectors(point.vectors, f"{field}.vectors"),
            0,
            _wire.write_payload(point.payload, f"{field}.payload"),
            sparse_fields(point.sparse_vectors, f"{field}.sparse_vectors"),
        )


def point_vectors(vectors: Any, field: str) -> List[_wire.Vectors]:
    if vectors is None:
        return []
    named: Mapping[str, Any] = vectors if isinstance(vectors, Mapping) else {"": vectors}
    return [
        _wire.vectors_of(name, as_floats(v, 1, f"{field}[{name!r}]").reshape(1, -1))
        for name, v in named.items()
    ]


def rows_of_columns(
    vectors: Any,
    ids: Iterable[IdLike],
    payloads: Optional[Iterable[Optional[PayloadLike]]],
    dtype: Any,
    sparse: Optional[Mapping[str, Iterable[Optional[SparseLike]]]] = None,
) -> Iterator[Row]:
    sparse_columns = {f"sparse[{name!r}]": column for name, column in (sparse or {}).items()}
    columns: Dict[str, Any] = {"ids": ids, "payloads": payloads, **sparse_columns}
    for name, column in columns.items():
        have, need = total_rows(column), total_rows(vectors)
        if column is not None and have is not None and need is not None and have != need:
            raise InvalidArgument(f"{name} has {have} values for {need} rows of vectors")
    id_values, payload_values = iter(ids), iter(payloads) if payloads is not None else None
    sparse_values = {name: iter(column) for name, column in (sparse or {}).items()}
    done = 0
    for block in _blocks(vectors, dtype):
        named = [_wire.vectors_of(name, matrix) for name, matrix in block.items()]
        rows = len(next(iter(block.values())))
        own_ids = _next(id_values, rows, "ids", done)
        own_payloads = (
            itertools.repeat(None, rows)
            if payload_values is None
            else _next(payload_values, rows, "payloads", done)
        )
        own_sparse = {
            name: _next(values, rows, f"sparse[{name!r}]", done)
            for name, values in sparse_values.items()
        }
        for i, (id, payload) in enumerate(zip(own_ids, own_payloads)):
            yield (
                _wire.write_id(id, f"ids[{done + i}]"),
                named,
                i,
                _wire.write_payload(payload, f"payloads[{done + i}]")
                if payload is not None
                else b"",
                sparse_fields(
                    {name: own[i] for name, own in own_sparse.items() if own[i] is not None},
                    f"sparse of row {done + i}",
                )
                if own_sparse
                else b"",
            )
        done += rows


def _next(values: Iterator[Any], rows: int, name: str, done: int) -> List[Any]:
    taken = list(itertools.islice(values, rows))
    if len(taken) < rows:
        raise InvalidArgument(
            f"{name} ends after {done + len(taken)} values; vectors has more rows"
        )
    if taken and isinstance(taken[0], np.integer):
        return [int(value) for value in taken]
    return taken


# Rows that are made contiguous float32 in one go.
_BLOCK_ROWS = 1024


def _blocks(vectors: Any, dtype: Any) -> Iterator[Dict[str, Any]]:
    """Matrices of each space, all with the same rows; views of the caller's where they can be."""
    if isinstance(vectors, Mapping):
        if not vectors:
            raise InvalidArgument("vectors is empty; need a matrix for each vector space")
        sizes = {name: len(matrix) for name, matrix in vectors.items()}
        if len(set(sizes.values())) != 1:
            raise InvalidArgument(f"vectors has different numbers of rows: {sizes}")
        for begin in range(0, next(iter(sizes.values())), _BLOCK_ROWS):
            yield {
                name: as_floats(matrix[begin : begin + _BLOCK_ROWS], 2, f"vectors[{name!r}]", dtype)
                for name, matrix in vectors.items()
            }
        return
    if getattr(vectors, "ndim", None) is not None:  # an array, a memory map, a tensor
        if vectors.ndim != 2:
            raise InvalidArgument(
                f"vectors has shape {tuple(vectors.shape)}; need a matrix, one row a point"
            )
        for begin in range(0, len(vectors), _BLOCK_ROWS):
            yield {"": as_floats(vectors[begin : begin + _BLOCK_ROWS], 2, "vectors", dtype)}
        return
    rest = iter(vectors)
    for first in rest:
        if getattr(first, "ndim", 1) == 2:  # matrices one after the other
            yield from _blocks(first, dtype)
            continue
        rows = [first, *itertools.islice(rest, 255)]
        yield {"": as_floats(rows, 2, "vectors", dtype)}
