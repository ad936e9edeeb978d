"""What a function of `tqdb.calls` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Generic, Optional, TypeVar

from .. import _proto

R = TypeVar("R")


@dataclass(frozen=True)
class Call(Generic[R]):
    method: str  # a key of _proto.METHODS
    request: Any
    read: Callable[[Any], R]
    timeout: Optional[float] = None
    #: Whether doing it twice is as good as once, so that it may be sent again.
    idempotent: bool = True


def make_request(method: str, **fields: Any) -> Any:
    return _proto.METHODS[method].request(**fields)
