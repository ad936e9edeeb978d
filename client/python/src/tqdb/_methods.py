"""Makes methods of clients from the functions of `calls`: the same arguments, text and types."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from .calls import Call

if TYPE_CHECKING:
    from typing import Awaitable

    from typing_extensions import Concatenate, ParamSpec

    P = ParamSpec("P")
R = TypeVar("R")


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
        return self.run(build(*args, **kwargs))

    return _finish(run, build)  # type: ignore[no-any-return]


def async_method(build: "Callable[P, Call[R]]") -> "Callable[Concatenate[Any, P], Awaitable[R]]":
    @functools.wraps(build)
    async def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await self.run(build(*args, **kwargs))

    return _finish(run, build)  # type: ignore[no-any-return]
