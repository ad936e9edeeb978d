"""An upload over UpsertStream, without the stream: what is on its way, and what an answer means.

The clients send what they are told and hand over what they receive:

    when upload.may_send(): send the data of the next batch, which upload.sent(batch) is told of
    for each answer: upload.answered(response)
    after a break: send the data of upload.unanswered again, in this order, over a new stream
    after an error: read the answers that are still to come, upload.settled(response)

At most `in_flight` batches are without an answer, and only they are kept.
"""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import Any, Deque, Optional, Sequence, Type

from . import _proto
from ._batches import Batch, point_of_message
from ._messages import checked_number
from ._progress import make_bar
from .errors import Error, Internal, from_number, make_error
from .types import Id, WriteResult

# More than the server works on at once (--stream-batches, 8), so that it never waits for the next.
IN_FLIGHT = 12


class Upload:
    def __init__(
        self,
        collection: str,
        total: Optional[int],
        in_flight: Optional[int],
        progress: Optional[bool],
        skip: int,
    ) -> None:
        self.unanswered: Deque[Batch] = deque()
        self._in_flight = IN_FLIGHT
        if in_flight is not None:
            self._in_flight = max(1, checked_number(in_flight, "in_flight"))
        self._inserted = self._replaced = 0
        #: Rows before it are written, or skipped.
        self._resume = skip
        self._failed = False
        self._bar: Any = make_bar(collection, total, skip, progress)

    def __enter__(self) -> Upload:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        value: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._bar.close()

    def may_send(self) -> bool:
        return len(self.unanswered) < self._in_flight

    def sent(self, batch: Batch) -> None:
        self.unanswered.append(batch)

    def answered(self, response: Any) -> None:
        """Raises what the server found wrong with the batch; those before it are written."""
        if not self.unanswered or response.sequence != self.unanswered[0].sequence:
            raise Internal(f"an answer to batch {response.sequence}, which was not the next one")
        batch = self.unanswered.popleft()
        if response.status_code:
            self._failed = True
            error = from_number(response.status_code, response.status_message)
            raise _with_rows(error, batch)
        self._count(response, batch)

    def settled(self, response: Any) -> None:
        """After an error: what comes of the batches that were on their way."""
        if self.unanswered and response.sequence == self.unanswered[0].sequence:
            batch = self.unanswered.popleft()
            if response.status_code:
                self._failed = True
            else:
                self._count(response, batch)

    def _count(self, response: Any, batch: Batch) -> None:
        self._inserted += response.result.inserted
        self._replaced += response.result.replaced + batch.dropped
        if not self._failed:
            self._resume = batch.first_row + batch.rows
        self._bar.update(batch.rows)

    def result(self, ids: Optional[Sequence[Id]] = None) -> WriteResult:
        return WriteResult(self._inserted, self._replaced, tuple(ids or ()))

    def describe(self, error: BaseException) -> None:
        """Sets `rows_written` and `resume_row` of whatever ends the upload."""
        try:
            error.rows_written = self._inserted + self._replaced  # type: ignore[attr-defined]
            error.resume_row = self._resume  # type: ignore[attr-defined]
        except AttributeError:
            return  # a class with slots
        if isinstance(error, Error) and error.row is None:
            error.row = error.position
        if not self._inserted + self._replaced:
            return
        written = f"{self._inserted + self._replaced:,} rows are written; skip={self._resume}"
        if isinstance(error, Error):
            error.say(f"{error.message} ({written} goes on)")
        elif hasattr(error, "add_note"):
            error.add_note(f"tqdb: {written} of the upload goes on")


def _with_rows(error: Error, batch: Batch) -> Error:
    last = batch.first_row + batch.rows - 1
    request = _proto.message("UpsertStreamRequest")
    point = point_of_message(error.message, lambda: request.FromString(batch.data).batch.points)
    row = None if point is None else batch.row_of(point)
    where = "" if row is None else f"row {row}, in the batch of "
    told = make_error(error.code, f"{where}rows {batch.first_row} to {last}: {error.message}")
    told.row = told.position = row
    return told
