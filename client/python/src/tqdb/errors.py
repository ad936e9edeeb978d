"""What calls raise: one class for each status, all of them `tqdb.Error`."""

from __future__ import annotations

import re
from typing import Any, Dict, Optional, Type

import grpc

# "ids[3] is ..", "payloads[3] does not ..", "sparse['splade'][3] has ..": the place in a list.
_PLACE = re.compile(r"\w+(?:\['[^']*'\])?\[(\d+)\]")


class Error(Exception):
    """A call failed. The server's message names the field, the value and what is needed.

    The attributes below are None where they do not apply.
    """

    code: grpc.StatusCode = grpc.StatusCode.UNKNOWN

    def __init__(
        self,
        message: str,
        code: Optional[grpc.StatusCode] = None,
        retry_after_s: Optional[float] = None,
        key: Optional[str] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        #: Seconds after which to come again, when the server was too busy.
        self.retry_after_s = retry_after_s
        #: Path of the value in a payload that is wrong: "author.name", "tags[2]".
        self.key = key
        place = _PLACE.match(message)
        #: Index in the list of the call (ids, points, vectors, texts, ..), from 0.
        self.position: Optional[int] = int(place[1]) if place else None
        #: Index of the point that is wrong, of all that an upload or upsert was given, from 0.
        self.row: Optional[int] = None
        #: Points that an upload has written for sure, or a large call that was sent in parts.
        self.rows_written: Optional[int] = None
        #: All rows before this one are written: `upload(.., skip=error.resume_row)` goes on.
        self.resume_row: Optional[int] = None

    def say(self, message: str) -> None:
        """Replaces the message."""
        self.message = message
        self.args = (message,)


class InvalidArgument(Error, ValueError):
    """Something is wrong with the request: found here or by the server."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class NotFound(Error, LookupError):
    """No such collection."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExists(Error):
    """The collection exists."""

    code = grpc.StatusCode.ALREADY_EXISTS


class FailedPrecondition(Error):
    """The collection is read-only, or keeps no originals; the client is closed."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class ResourceExhausted(Error):
    """Too large, the disk is full, or (with `retry_after_s`) the server is busy."""

    code = grpc.StatusCode.RESOURCE_EXHAUSTED


class Unauthenticated(Error):
    """The API key is missing or wrong."""

    code = grpc.StatusCode.UNAUTHENTICATED


class PermissionDenied(Error):
    """The API key does not allow this."""

    code = grpc.StatusCode.PERMISSION_DENIED


class DeadlineExceeded(Error, TimeoutError):
    """The call took longer than its timeout, all tries together. A write may have happened."""

    code = grpc.StatusCode.DEADLINE_EXCEEDED


class Cancelled(Error):
    code = grpc.StatusCode.CANCELLED


class Unavailable(Error, ConnectionError):
    """The server is not there, or is stopping. A write may have happened."""

    code = grpc.StatusCode.UNAVAILABLE


class Unimplemented(Error, NotImplementedError):
    """The server is older than this client and does not know the call."""

    code = grpc.StatusCode.UNIMPLEMENTED


class DataLoss(Error):
    """The collection is quarantined, or a checksum is wrong."""

    code = grpc.StatusCode.DATA_LOSS


class Aborted(Error):
    """A read that ran for very long while very many points changed. It can be started again."""

    code = grpc.StatusCode.ABORTED


class Internal(Error):
    """A bug of the server, whose log has it."""

    code = grpc.StatusCode.INTERNAL


_CLASSES: Dict[grpc.StatusCode, Type[Error]] = {
    cls.code: cls
    for cls in (
        InvalidArgument,
        NotFound,
        AlreadyExists,
        FailedPrecondition,
        ResourceExhausted,
        Unauthenticated,
        PermissionDenied,
        DeadlineExceeded,
        Cancelled,
        Unavailable,
        Unimplemented,
        DataLoss,
        Aborted,
        Internal,
    )
}
_CODES: Dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}


def make_error(code: grpc.StatusCode, message: str, retry_after_s: Optional[float] = None) -> Error:
    return _CLASSES.get(code, Error)(message, code, retry_after_s)


def from_number(code: int, message: str) -> Error:
    """From a google.rpc.Code, as answers of a stream carry it."""
    return make_error(_CODES.get(code, grpc.StatusCode.UNKNOWN), message)


def from_grpc(error: grpc.RpcError) -> Error:
    """From what grpc and grpc.aio raise."""
    call: Any = error
    code = call.code() or grpc.StatusCode.UNKNOWN
    retry_after = None
    for key, value in call.trailing_metadata() or ():
        if key == "retry-after":
            try:
                retry_after = float(value)
            except ValueError:
                pass
    return make_error(code, call.details() or code.name, retry_after)
