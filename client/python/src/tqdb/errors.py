"""What calls raise: one class for each status, all of them `tqdb.Error`."""

from __future__ import annotations

from typing import Any, Dict, Optional, Type

import grpc


class Error(Exception):
    """A call failed. The server's message names the field, the value and what is needed."""

    code: grpc.StatusCode = grpc.StatusCode.UNKNOWN

    def __init__(
        self,
        message: str,
        code: Optional[grpc.StatusCode] = None,
        retry_after_s: Optional[float] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        #: Set when the server was too busy and says when to come again.
        self.retry_after_s = retry_after_s


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
    """The collection is read-only, or keeps no originals."""

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
