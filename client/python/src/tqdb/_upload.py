"""An upload over UpsertStream, without the stream: what is on its way, and what an answer means.

The clients send what they are told and hand over what they receive:

    when upload.may_send(): send the data of upload.next_batch()
    for each answer: upload.answered(response)
    after a break: send the data of upload.unanswered again, in this order, over a new stream

At most `in_flight` batches are without an answer, and only they are kept.
"""

from __future__ import annotations

import sys
from collections import deque
from types import TracebackType
from typing import Any, Deque, Iterator, Optional, Type

from tqdm.auto import tqdm

from ._batches import Batch
from .errors import Error, Internal, from_number, make_error
from .types import WriteResult

# More than the server works on at once (--stream-batches, 8), so that it never waits for the next.
IN_FLIGHT = 12


class Upload:
    def __init__(
        self,
        batches: Iterator[Batch],
        collection: str,
        total: Optional[int],
        in_flight: Optional[int],
        progress: Optional[bool],
    ) -> None:
        self._batches = batches
        self.unanswered: Deque[Batch] = deque()
        self._in_flight = max(1, in_flight or IN_FLIGHT)
        self._inserted = self._replaced = 0
        show = sys.stderr.isatty() if progress is None else progress
        self._bar: Any = tqdm(
            total=total, desc=collection, unit=" points", unit_scale=True, disable=not show
        )

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

    def next_batch(self) -> Optional[Batch]:
        """To be sent at once: it counts as on its way. None after the last."""
        batch = next(self._batches, None)
        if batch is not None:
            self.unanswered.append(batch)
        return batch

    def answered(self, response: Any) -> None:
        """Raises what the server found wrong with the batch; those before it are written."""
        if not self.unanswered or response.sequence != self.unanswered[0].sequence:
            raise Internal(f"an answer to batch {response.sequence}, which was not the next one")
        batch = self.unanswered.popleft()
        if response.status_code:
            error = from_number(response.status_code, response.status_message)
            raise _with_rows(error, batch)
        self._inserted += response.result.inserted
        self._replaced += response.result.replaced
        self._bar.update(batch.rows)

    def result(self) -> WriteResult:
        return WriteResult(self._inserted, self._replaced)


def _with_rows(error: Error, batch: Batch) -> Error:
    last = batch.first_row + batch.rows - 1
    return make_error(error.code, f"rows {batch.first_row} to {last}: {error.message}")
