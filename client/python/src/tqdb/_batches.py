"""Rows cut into batches: messages of UpsertStream, or of Upsert.

Of rows of one batch that share an id, the last stays, as it does when they are in different
batches. So what is stored does not depend on where batches end.
"""

from __future__ import annotations

from typing import Any, AsyncIterator, Callable, Dict, Iterable, Iterator, List, NamedTuple
from typing import Optional, Sequence

from . import _wire
from ._columns import Row
from .errors import InvalidArgument

# Medians of four uploads of 100,000 x 768 on two cores, in 1,000 vectors/s: batches of 100 rows
# 101, of 341 (1 MiB) 104, of 683 96, of 1,365 96, of 2,730 94. On busier cores larger batches lost
# more.
BATCH_BYTES = 1 << 20
MAX_BATCH_ROWS = 10_000
# A message must stay below the server's 64 MiB; a payload has at most 1 MiB.
MAX_BATCH_BYTES = 16 << 20
# Bytes of an upsert that is a call of its own: one batch, as long as the server takes it.
MAX_UPSERT_BYTES = 60 << 20

# Bytes of an id that is a UUID; those of numbers are fewer.
_UUID_BYTES = len(_wire.write_id("00000000-0000-0000-0000-000000000000", "id"))


class Batch(NamedTuple):
    sequence: int  # from 1
    first_row: int
    rows: int  # taken, those with a repeated id too
    data: bytes  # an UpsertStreamRequest or an UpsertRequest
    #: Rows of the points in `data`; None when they are all.
    kept: Optional[Sequence[int]] = None

    @property
    def dropped(self) -> int:
        """Rows whose id comes again later in the batch."""
        return 0 if self.kept is None else self.rows - len(self.kept)

    def row_of(self, point: int) -> int:
        """The row of `points[point]` of the message."""
        if self.kept is None:
            return self.first_row + point
        return self.kept[point] if point < len(self.kept) else self.first_row


class Batcher:
    """Takes rows, gives batches. `write(sequence, parts, size)` makes the message."""

    def __init__(
        self,
        max_rows: int,
        max_bytes: int,
        write: Callable[[int, List[Any], int], bytes],
        first_row: int = 0,
    ) -> None:
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._write = write
        self._sequence = 0
        self._first = first_row
        self._clear()

    def _clear(self) -> None:
        self._parts: List[Any] = []
        self._size = 0
        # Where the parts of each row begin, and the last row of each id.
        self._begins: List[int] = []
        self._places: Dict[bytes, int] = {}

    def add(self, row: Row) -> Optional[Batch]:
        """The batch that this row completes."""
        parts, begins, places = self._parts, self._begins, self._places
        id = row[0]
        if len(id) == _UUID_BYTES:
            id = id.lower()
        earlier = places.pop(id, None)
        places[id] = len(begins)
        begins.append(len(parts))
        self._size += _wire.append_point(parts, *row)
        if earlier is not None:
            self._drop(earlier)
        if len(begins) == self._max_rows or self._size >= self._max_bytes:
            return self.finish()
        return None

    def _drop(self, row: int) -> None:
        """Empties the parts of a row whose id has come again."""
        for i in range(self._begins[row], self._begins[row + 1]):
            self._size -= len(self._parts[i])
            self._parts[i] = b""

    def finish(self) -> Optional[Batch]:
        """What is left, if anything."""
        count, first = len(self._begins), self._first
        if not count:
            return None
        self._sequence += 1
        data = self._write(self._sequence, self._parts, self._size)
        kept = None
        if len(self._places) != count:
            kept = [first + row for row in self._places.values()]  # in the order of the message
        self._first += count
        self._clear()
        return Batch(self._sequence, first, count, data, kept)


def stream_batcher(
    collection: str, durability: int, batch_size: Optional[int], first_row: int = 0
) -> Batcher:
    if batch_size is not None and (
        isinstance(batch_size, bool)
        or not isinstance(batch_size, int)
        or not 1 <= batch_size <= MAX_BATCH_ROWS
    ):
        raise InvalidArgument(f"batch_size is {batch_size!r}; need 1 to {MAX_BATCH_ROWS}")

    def write(sequence: int, parts: List[Any], size: int) -> bytes:
        return _wire.stream_request(sequence, collection, durability, parts, size)

    max_bytes = MAX_BATCH_BYTES if batch_size else BATCH_BYTES
    return Batcher(batch_size or MAX_BATCH_ROWS, max_bytes, write, first_row)


def upsert_batcher(
    collection: str, durability: int, mode: int = 0, condition: Optional[bytes] = None
) -> Batcher:
    def write(sequence: int, parts: List[Any], size: int) -> bytes:
        return _wire.upsert_request(collection, durability, parts, mode, condition)

    return Batcher(MAX_BATCH_ROWS, MAX_UPSERT_BYTES, write)


def batches(
    rows: Iterable[Row],
    collection: str,
    durability: int,
    batch_size: Optional[int],
    first_row: int = 0,
) -> Iterator[Batch]:
    """Of an upload."""
    return cut(rows, stream_batcher(collection, durability, batch_size, first_row))


def cut(rows: Iterable[Row], batcher: Batcher) -> Iterator[Batch]:
    for row in rows:
        batch = batcher.add(row)
        if batch is not None:
            yield batch
    last = batcher.finish()
    if last is not None:
        yield last


async def cut_async(rows: AsyncIterator[Row], batcher: Batcher) -> AsyncIterator[Batch]:
    async for row in rows:
        batch = batcher.add(row)
        if batch is not None:
            yield batch
    last = batcher.finish()
    if last is not None:
        yield last


def point_of_message(message: str, points_of: Callable[[], Any]) -> Optional[int]:
    """The index of the point of a request that an error of the server is about. `points_of` reads
    the request: the points that it has."""
    found = _wire.POINT_IN_MESSAGE.search(message)
    if found is None:
        return None
    if found["point"] is not None:
        return int(found["point"])
    # "vectors 'title': vector 3": the place among the points that have a vector of this space.
    name, place = found["space"] or "", int(found["vector"])
    own = [i for i, p in enumerate(points_of()) if any(v.name == name for v in p.vectors)]
    return own[place] if place < len(own) else None
