"""Makes methods of clients from the functions of `calls`: the same arguments, text and types."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Iterator, Optional, TypeVar

import google.protobuf
import numpy as np

from .calls import Call
from .errors import Error, InvalidArgument

if TYPE_CHECKING:
    from typing import Awaitable

    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")
R = TypeVar("R")

# Where what is raised is about the arguments. The iterables of a caller raise elsewhere.
_OWN = tuple(
    os.path.dirname(os.path.abspath(file)) + os.sep
    for file in (__file__, google.protobuf.__file__, np.__file__)
)
_LIBRARY = os.path.dirname(os.path.abspath(os.__file__)) + os.sep


@contextlib.contextmanager
def arguments_of(name: str) -> Iterator[None]:
    """Turns what Python, NumPy and protobuf raise about arguments of a wrong type into
    InvalidArgument. What the caller's own iterables raise goes through as it is."""
    try:
        yield
    except Error:
        raise
    except (TypeError, ValueError, AttributeError, LookupError, OverflowError) as error:
        if not _is_own(error.__traceback__):
            raise
        raise InvalidArgument(f"{name}: {error}") from error


def _is_own(trace: Optional[TracebackType]) -> bool:
    """Whether the innermost frame is of these packages. Python's own library works for others."""
    own = False
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith(("<", _LIBRARY)) or "site-packages" in file:
            own = file.startswith(_OWN)
        trace = trace.tb_next
    return own


def _built(build: Any, args: Any, kwargs: Any) -> Any:
    try:
        with arguments_of(build.__name__):
            return build(*args, **kwargs)
    except InvalidArgument as error:
        if isinstance(error.__cause__, TypeError):
            inspect.signature(build).bind(*args, **kwargs)  # raises the TypeError that Python has
        raise


def _finish(method: Any, build: Any) -> Any:
    signature = inspect.signature(build)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    answer = str(signature.return_annotation)[len("Call[") : -1]  # of Call[answer]
    method.__signature__ = signature.replace(
        parameters=[own, *signature.parameters.values()], return_annotation=answer
    )
    method.__annotations__ = {**build.__annotations__, "return": answer}
    return method


def method(build: "Callable[P, Call[R]]") -> "Callable[Concatenate[Any, P], R]":
    @functools.wraps(build)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.run(_built(build, args, kwargs))

    return _finish(run, build)  # type: ignore[no-any-return]


def async_method(build: "Callable[P, Call[R]]") -> "Callable[Concatenate[Any, P], Awaitable[R]]":
    @functools.wraps(build)
    async def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await self.run(_built(build, args, kwargs))

    return _finish(run, build)  # type: ignore[no-any-return]
