"""When a failed call is sent again, and after which pause."""

from __future__ import annotations

import math
import random
import sys
import time
from dataclasses import dataclass, replace
from typing import Any, Optional

from .errors import Error, InvalidArgument, ResourceExhausted, Unavailable

# Tries at a server that has never answered: a wrong address is told within a second or two.
_FIRST_ATTEMPTS = 5

# What no repetition can mend, in the words of gRPC, which calls it UNAVAILABLE all the same.
_LASTING = ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER", "Peer name ", "peer certificate")


@dataclass(frozen=True)
class Retry:
    """Calls that may be repeated are, when the server is not there (`Unavailable`); every call is
    when the server refused it for being busy and said when to come again. Pauses are random,
    between nothing and a bound that doubles. The timeout of a call covers all its tries.

    `attempts` is the number of tries. None: once the server has answered this client, as many as
    the timeout has room for; before that, 5.
    """

    attempts: Optional[int] = None
    initial_s: float = 0.1
    max_s: float = 3.0

    def pause_s(
        self, attempt: int, error: Error, idempotent: bool, answered: bool = False
    ) -> Optional[float]:
        """After try number `attempt`, from 1; None when there is to be no other. `answered`: the
        server has answered this client before."""
        busy = isinstance(error, ResourceExhausted) and error.retry_after_s is not None
        limit = self.attempts
        if limit is None:
            limit = sys.maxsize if answered or busy else _FIRST_ATTEMPTS
        if attempt >= limit or any(word in error.message for word in _LASTING):
            return None
        pause = random.uniform(0, min(self.max_s, self.initial_s * 2 ** min(attempt - 1, 30)))
        if busy:
            return (error.retry_after_s or 0) + pause
        if isinstance(error, Unavailable) and idempotent:
            return pause
        return None


#: One try.
NO_RETRY = Retry(attempts=1)


def checked_timeout(timeout: Any) -> Optional[float]:
    """Seconds above 0, or None, which waits for ever."""
    if timeout is None:
        return None
    try:
        seconds = float(timeout)
    except (TypeError, ValueError):
        seconds = math.nan
    if isinstance(timeout, (bool, str, bytes)) or not seconds > 0:
        raise InvalidArgument(f"timeout is {timeout!r}; need seconds above 0, or None")
    return None if math.isinf(seconds) else seconds


class Tries:
    """The tries of one call: how long each may take, and how long to wait for the next."""

    def __init__(self, retry: Retry, timeout_s: Optional[float], answered: bool = False) -> None:
        self._retry = retry
        self._timeout_s = timeout_s
        self._answered = answered
        self._attempt = 0
        self._begin()

    def _begin(self) -> None:
        self._deadline = None if self._timeout_s is None else time.monotonic() + self._timeout_s

    def left_s(self) -> Optional[float]:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def pause_after(self, error: Error, idempotent: bool) -> float:
        """Seconds to wait before the next try; raises `error` when there is none."""
        self._attempt += 1
        pause = self._retry.pause_s(self._attempt, error, idempotent, self._answered)
        left = self.left_s()
        if pause is None or (left is not None and pause >= left):
            raise error
        return pause

    def progress(self) -> None:
        """What was sent is arriving. From now on the time since the last progress limits the tries,
        and not their number."""
        self._attempt = 0
        self._begin()
        if self._retry.attempts is None or self._retry.attempts > 1:
            self._retry = replace(self._retry, attempts=sys.maxsize)
