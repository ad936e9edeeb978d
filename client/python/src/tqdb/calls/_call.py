"""What a function of `tqdb.calls` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Generic, List, Optional, Sequence, TypeVar

from .. import _proto
from ..errors import Error

R = TypeVar("R")
S = TypeVar("S")


@dataclass(frozen=True)
class Call(Generic[R]):
    method: str  # a key of _proto.METHODS; "" when no request is needed
    request: Any
    read: Callable[[Any], R]
    timeout: Optional[float] = None
    #: Whether doing it twice is as good as once, so that it may be sent again.
    idempotent: bool = True
    #: What to do in place of raising an error; None raises it.
    instead: "Optional[Callable[[Error], Optional[Call[R]]]]" = None
    #: Calls to carry out one after the other; `read` gets the list of their results.
    parts: "Sequence[Call[Any]]" = ()
    #: Told of the error of a part, and the results before it.
    stopped: Optional[Callable[[Error, List[Any]], None]] = None


def known(result: R) -> Call[R]:
    """A call whose result needs no server."""
    return Call("", None, lambda _: result)


def in_parts(
    parts: Sequence[Call[S]],
    join: Callable[[List[S]], R],
    stopped: Optional[Callable[[Error, List[S]], None]] = None,
) -> Call[R]:
    """One call of several, each with the timeout for itself. Of none, `join` of nothing."""
    if not parts:
        return known(join([]))
    return Call("", None, join, parts=parts, stopped=stopped)


def make_request(method: str, **fields: Any) -> Any:
    return _proto.METHODS[method].request(**fields)


def slices(values: Sequence[Any], size: int) -> List[Sequence[Any]]:
    return [values[begin : begin + size] for begin in range(0, len(values), size)]
