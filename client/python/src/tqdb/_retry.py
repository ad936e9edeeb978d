"""When a failed call is sent again, and after which pause."""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass, replace
from typing import Optional

from .errors import Error, ResourceExhausted, Unavailable


@dataclass(frozen=True)
class Retry:
    """Calls that may be repeated are, when the server is not there (`Unavailable`); every call is
    when the server refused it for being busy and said when to come again. Pauses are random,
    between nothing and a bound that doubles. The timeout of a call covers all its tries.
    """

    attempts: int = 5
    initial_s: float = 0.1
    max_s: float = 3.0

    def pause_s(self, attempt: int, error: Error, idempotent: bool) -> Optional[float]:
        """After try number `attempt`, from 1; None when there is to be no other."""
        if attempt >= self.attempts:
            return None
        pause = random.uniform(0, min(self.max_s, self.initial_s * 2 ** min(attempt - 1, 30)))
        if isinstance(error, ResourceExhausted) and error.retry_after_s is not None:
            return error.retry_after_s + pause
        if isinstance(error, Unavailable) and idempotent:
            return pause
        return None


#: One try.
NO_RETRY = Retry(attempts=1)


class Tries:
    """The tries of one call: how long each may take, and how long to wait for the next."""

    def __init__(self, retry: Retry, timeout_s: Optional[float]) -> None:
        self._retry = retry
        self._timeout_s = timeout_s
        self._attempt = 0
        self._begin()

    def _begin(self) -> None:
        self._deadline = None if self._timeout_s is None else time.monotonic() + self._timeout_s

    def left_s(self) -> Optional[float]:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def pause_after(self, error: Error, idempotent: bool) -> float:
        """Seconds to wait before the next try; raises `error` when there is none."""
        self._attempt += 1
        pause = self._retry.pause_s(self._attempt, error, idempotent)
        left = self.left_s()
        if pause is None or (left is not None and pause >= left):
            raise error
        return pause

    def progress(self) -> None:
        """What was sent is arriving. From now on the time since the last progress limits the tries,
        and not their number."""
        self._attempt = 0
        self._begin()
        if self._retry.attempts > 1:
            self._retry = replace(self._retry, attempts=sys.maxsize)
