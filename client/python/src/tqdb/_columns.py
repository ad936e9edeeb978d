"""Rows in all the forms that callers have them in: columns, points, iterables, async iterables."""

from __future__ import annotations

import itertools
import uuid
from typing import Any, AsyncIterator, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple

import numpy as np

from . import _wire
from ._arrays import is_table, row_slices
from ._payloads import payload_rows, write_payload
from .errors import InvalidArgument
from .sparse import sparse_fields
from .types import PayloadLike, Point, SparseLike
from .vectors import as_floats

# What the generators here hand over: id, vectors and the row within them, payload, sparse vectors.
Row = Tuple[bytes, List[_wire.Vectors], int, bytes, bytes]
Blocks = Dict[str, Any]  # matrices by vector space, all with the same rows

# Rows that are made contiguous float32 in one go.
_BLOCK_ROWS = 1024
# Rows that are taken of an iterable of rows in one go.
_ITERABLE_ROWS = 256

#: In place of ids: the client makes some.
NEW_IDS = "uuid"


def total_rows(vectors: Any) -> Optional[int]:
    """For progress; None when nobody knows."""
    if isinstance(vectors, Mapping):
        vectors = next(iter(vectors.values()), ())
    try:
        return len(vectors)
    except TypeError:
        return None


class NewIds:
    """UUIDs (version 4) without end."""

    def __init__(self) -> None:
        self.made: List[str] = []

    def __iter__(self) -> Iterator[str]:
        while True:
            self.made.append(str(uuid.uuid4()))
            yield self.made[-1]


def is_async(*columns: Any) -> bool:
    return any(hasattr(column, "__aiter__") for column in columns)


def rows_of_points(points: Iterable[Point], skip: int = 0) -> Iterator[Row]:
    if not isinstance(points, Iterable) or isinstance(points, (str, bytes, Mapping)):
        raise InvalidArgument(f"points is a {type(points).__name__}; need an iterable of Points")
    for i, point in enumerate(points):
        if i >= skip:
            yield row_of_point(i, point)


async def rows_of_async_points(points: Any, skip: int = 0) -> AsyncIterator[Row]:
    i = 0
    async for point in points:
        if i >= skip:
            yield row_of_point(i, point)
        i += 1


def row_of_point(i: int, point: Point) -> Row:
    field = f"points[{i}]"
    if not isinstance(point, Point):
        raise InvalidArgument(f"{field} is a {type(point).__name__}; need a tqdb.Point")
    return (
        _wire.write_id(point.id, f"{field}.id"),
        point_vectors(point.vectors, f"{field}.vectors"),
        0,
        write_payload(point.payload, f"{field}.payload"),
        sparse_fields(point.sparse_vectors, lambda name: f"{field}.sparse_vectors[{name!r}]"),
    )


def point_vectors(vectors: Any, field: str) -> List[_wire.Vectors]:
    if vectors is None:
        return []
    named: Mapping[str, Any] = vectors if isinstance(vectors, Mapping) else {"": vectors}
    return [
        _wire.vectors_of(name, as_floats(v, 1, f"{field}[{name!r}]").reshape(1, -1))
        for name, v in named.items()
    ]


class _Column:
    """Values that go with the rows, taken as many at a time as there are rows."""

    def __init__(self, name: str, values: Any) -> None:
        if isinstance(values, (str, bytes)) or not (
            isinstance(values, Iterable) or hasattr(values, "__aiter__")
        ):
            raise InvalidArgument(f"{name} is {values!r}; need an iterable")
        self._name = name
        # Counters have no end: they are the usual ids of what nobody has counted.
        self._endless = isinstance(
            values, (itertools.count, itertools.cycle, itertools.repeat, NewIds)
        )
        self._taken = 0
        self._async: Any = values.__aiter__() if hasattr(values, "__aiter__") else None
        self._sync = iter(()) if self._async is not None else iter(values)

    def take(self, rows: int) -> List[Any]:
        return self._checked(list(itertools.islice(self._sync, rows)), rows)

    async def take_async(self, rows: int) -> List[Any]:
        if self._async is None:
            return self.take(rows)
        taken: List[Any] = []
        while len(taken) < rows:
            try:
                taken.append(await self._async.__anext__())
            except StopAsyncIteration:
                break
        return self._checked(taken, rows)

    def _checked(self, taken: List[Any], rows: int) -> List[Any]:
        self._taken += len(taken)
        if len(taken) < rows:
            raise InvalidArgument(
                f"{self._name} ends after {self._taken} values; vectors has more rows"
            )
        if taken and isinstance(taken[0], np.integer):
            return [int(v) if isinstance(v, np.integer) else v for v in taken]
        return taken

    def check_end(self) -> None:
        if not self._endless and next(self._sync, self) is not self:
            raise self._too_many()

    async def check_end_async(self) -> None:
        if self._async is None:
            self.check_end()
            return
        try:
            await self._async.__anext__()
        except StopAsyncIteration:
            return
        raise self._too_many()

    def _too_many(self) -> InvalidArgument:
        return InvalidArgument(
            f"{self._name} has more than {self._taken} values; vectors has {self._taken} rows"
        )


class _Columns:
    """All but the vectors."""

    def __init__(
        self,
        vectors: Any,
        ids: Any,
        payloads: Any,
        sparse: Optional[Mapping[str, Any]],
    ) -> None:
        if sparse is not None and not isinstance(sparse, Mapping):
            raise InvalidArgument("sparse is no dict of columns by sparse space; need one")
        given = {"ids": ids, "payloads": payloads}
        given.update({f"sparse[{name!r}]": column for name, column in (sparse or {}).items()})
        need = total_rows(vectors)
        for name, column in given.items():
            have = total_rows(column)
            if column is not None and have is not None and need is not None and have != need:
                raise InvalidArgument(f"{name} has {have} values for {need} rows of vectors")
        self._ids = _Column("ids", _listed(ids))
        self._payloads = None
        if payloads is not None:
            self._payloads = _Column("payloads", payload_rows(payloads))
        self._sparse = {
            name: _Column(f"sparse[{name!r}]", column) for name, column in (sparse or {}).items()
        }
        self.done = 0

    def _all(self) -> List[_Column]:
        return [c for c in (self._ids, self._payloads, *self._sparse.values()) if c is not None]

    def rows(self, block: Blocks, skip: int) -> Iterator[Row]:
        count = len(next(iter(block.values())))
        yield from self._assembled(block, skip, [c.take(count) for c in self._all()])

    async def rows_async(self, block: Blocks, skip: int) -> Iterator[Row]:
        count = len(next(iter(block.values())))
        return self._assembled(block, skip, [await c.take_async(count) for c in self._all()])

    def check_end(self) -> None:
        for column in self._all():
            column.check_end()

    async def check_end_async(self) -> None:
        for column in self._all():
            await column.check_end_async()

    def _assembled(self, block: Blocks, skip: int, taken: List[List[Any]]) -> Iterator[Row]:
        named = [_wire.vectors_of(name, matrix) for name, matrix in block.items()]
        done = self.done
        ids = taken.pop(0)
        self.done += len(ids)
        payloads: Iterable[Any] = itertools.repeat(None)
        if self._payloads is not None:
            payloads = taken.pop(0)
        for i, (id, payload) in enumerate(zip(ids, payloads)):
            row = done + i
            if row < skip:
                continue
            sparse = b""
            if taken:
                own = {name: column[i] for name, column in zip(self._sparse, taken)}
                sparse = sparse_fields(
                    {name: value for name, value in own.items() if value is not None},
                    lambda name: f"sparse[{name!r}][{row}]",
                )
            yield (
                _wire.write_id(id, f"ids[{row}]"),
                named,
                i,
                write_payload(payload, f"payloads[{row}]") if payload is not None else b"",
                sparse,
            )


def _listed(ids: Any) -> Any:
    """Columns of Arrow hand out objects of their own."""
    return ids.to_pylist() if hasattr(ids, "to_pylist") else ids


def rows_of_columns(
    vectors: Any,
    ids: Any,
    payloads: Optional[Iterable[Optional[PayloadLike]]],
    dtype: Any,
    sparse: Optional[Mapping[str, Iterable[Optional[SparseLike]]]] = None,
    skip: int = 0,
) -> Iterator[Row]:
    for name, column in (("vectors", vectors), ("ids", ids), ("payloads", payloads)):
        if is_async(column):
            raise InvalidArgument(f"{name} is an async iterable; AsyncClient.upload takes those")
    columns = _Columns(vectors, ids, payloads, sparse)
    for block in _blocks(vectors, dtype):
        yield from columns.rows(block, skip)
    columns.check_end()


async def rows_of_async_columns(
    vectors: Any, ids: Any, payloads: Any, dtype: Any, sparse: Any = None, skip: int = 0
) -> AsyncIterator[Row]:
    """The same, where each of the columns may be an async iterable as well."""
    columns = _Columns(vectors, ids, payloads, sparse)
    async for block in _async_blocks(vectors, dtype):
        for row in await columns.rows_async(block, skip):
            yield row
    await columns.check_end_async()


def _blocks(vectors: Any, dtype: Any, first_row: int = 0) -> Iterator[Blocks]:
    """Matrices of each space, all with the same rows; views of the caller's where they can be."""
    if isinstance(vectors, Mapping):
        yield from _blocks_of_spaces(vectors, dtype)
        return
    sliced = row_slices(vectors)
    if sliced is not None:
        shape = getattr(vectors, "shape", None)
        if getattr(vectors, "dtype", object) != object and shape is not None and len(shape) > 2:
            raise _no_matrix(tuple(shape))
        rows, part = sliced
        for begin in range(0, rows, _BLOCK_ROWS):
            values = part(begin, min(begin + _BLOCK_ROWS, rows))
            yield {"": as_floats(values, 2, "vectors", dtype, first_row + begin)}
        return
    single = getattr(vectors, "shape", None) == ()
    if single or isinstance(vectors, (str, bytes)) or not isinstance(vectors, Iterable):
        raise InvalidArgument(
            f"vectors is a {type(vectors).__name__}; need a matrix, or an iterable of rows"
        )
    rest, done = iter(vectors), first_row
    for first in rest:
        if is_table(first):  # matrices one after the other
            yield from _blocks(first, dtype, done)
            done += len(first)
            continue
        some = [first, *itertools.islice(rest, _ITERABLE_ROWS - 1)]
        yield {"": as_floats(some, 2, "vectors", dtype, done)}
        done += len(some)


async def _async_blocks(vectors: Any, dtype: Any) -> AsyncIterator[Blocks]:
    if not hasattr(vectors, "__aiter__"):
        for block in _blocks(vectors, dtype):
            yield block
        return
    done, waiting = 0, []  # type: Tuple[int, List[Any]]
    async for item in vectors:
        if not is_table(item):
            waiting.append(item)
        if waiting and (len(waiting) == _ITERABLE_ROWS or is_table(item)):
            yield {"": as_floats(waiting, 2, "vectors", dtype, done)}
            done, waiting = done + len(waiting), []
        if is_table(item):
            for block in _blocks(item, dtype, done):
                yield block
            done += len(item)
    if waiting:
        yield {"": as_floats(waiting, 2, "vectors", dtype, done)}


def _blocks_of_spaces(vectors: Mapping[str, Any], dtype: Any) -> Iterator[Blocks]:
    if not vectors:
        raise InvalidArgument("vectors is empty; need a matrix for each vector space")
    parts = {}
    for name, matrix in vectors.items():
        if not hasattr(matrix, "__len__"):
            kind = type(matrix).__name__
            raise InvalidArgument(f"vectors[{name!r}] is a {kind}; need a matrix")
        parts[name] = row_slices(matrix) or (len(matrix), _slices_of(matrix))
    sizes = {name: rows for name, (rows, _) in parts.items()}
    if len(set(sizes.values())) != 1:
        raise InvalidArgument(f"vectors has different numbers of rows: {sizes}")
    rows = next(iter(sizes.values()))
    for begin in range(0, rows, _BLOCK_ROWS):
        end = min(begin + _BLOCK_ROWS, rows)
        yield {
            name: as_floats(part(begin, end), 2, f"vectors[{name!r}]", dtype, begin)
            for name, (_, part) in parts.items()
        }


def _slices_of(matrix: Any) -> Any:
    return lambda begin, end: matrix[begin:end]


def _no_matrix(shape: Any) -> InvalidArgument:
    return InvalidArgument(f"vectors has shape {shape}; need a matrix, one row a point")
